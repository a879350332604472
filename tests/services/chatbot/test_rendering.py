"""What the bot's templates can do: the functions, the counters, and looking channels up."""

import asyncio
import itertools
import logging

import pytest

from stagedoor.hub import Hub, MemoryStore
from stagedoor.keys import STREAM_INFO
from stagedoor.services.chatbot import rendering
from stagedoor.strimertul import Stream, write
from tests.hub.shaky_store import ShakyStore
from tests.services.chatbot.stage import Stage
from tests.services.harness import Desk, encode, open_hub

COUNTER = "twitch/bot-counters/a"


@pytest.mark.parametrize(
    ("response", "message", "answer"),
    [
        ("{{ user . }}", "!a", "Ann"),
        ("{{ param 0 . }}|{{ param 1 . }}|{{ param 2 . }}", " !a  one   two ", "!a|one|two"),
        ("{{ param 99 . }}", "!a one two", "two"),
        ("{{ param 1 . }}", "!a", "!a"),
        ("{{ param 1 . }}", "!a \U000e0000", "!a"),
        ("{{ param (add 1 1) . }}", "!a one two", "two"),
        ("{{ randomInt 5 6 }}", "!a", "5"),
        ("{{ randomInt -3 -2 }}", "!a", "-3"),
        ('{{ counter "a" }} {{ count "a" }} {{ count "a" }} {{ counter "a" }}', "!a", "0 1 2 2"),
        ('{{ setCounter "a" 7 }} {{ count "a" }}', "!a", "7 8"),
        ('{{ setCounter "a" -7 }}', "!a", "-7"),
        ("{{ with uptime }}{{ . }}{{ else }}offline{{ end }}", "!a", "offline"),
        ("{{ .User.Name }} {{ .User.Badges.vip }} {{ index .User.Badges `mod` }}", "!a", "ann 1 0"),
        ("{{ index .Tags `x` }}{{ .Channel }} {{ .RoomID }} {{ .Message }}", "!a b", "streamer 99 !a b"),
        (
            "{{ .Bits }} {{ .Action }} {{ .FirstMessage }} {{ len .Emotes }} {{ .CustomRewardID }}.",
            "!a",
            "0 false false 0 .",
        ),
        ("{{ if .Reply }}reply{{ else }}none{{ end }} {{ .Time.Unix }}", "!a", "none 1684345559"),
        ("{{ `hello` | title }}", "!a", "Hello"),
    ],
)
async def test_what_functions_and_fields_tell(stage: Stage, response: str, message: str, answer: str) -> None:
    await stage.start({"!a": response})
    assert await stage.chat(message, "vip") == [answer]


@pytest.mark.parametrize(
    "response",
    [
        "{{ param -1 . }}",
        "{{ randomInt 6 1 }}",
        "{{ randomInt 1 1 }}",
        "{{ count 5 }}",
        "{{ user }}",
        "{{ user .User }}",
        "{{ param 1 .User }}",
        '{{ count "" }}',
        '{{ count (repeat 600 "x") }}',
        '{{ setCounter "a" 1000000000000000000 }}',
        "{{ .Reply.ParentMsgBody }}",
    ],
)
async def test_what_they_refuse_is_not_counted_either(stage: Stage, response: str) -> None:
    await stage.start({"!a": f'{{{{ count "a" }}}}{response}'})
    assert await stage.chat("!a") == []
    assert stage.desk.get(COUNTER) == ""


async def test_chances_differ(stage: Stage) -> None:
    await stage.start({"!a": "{{ randomInt 1 7 }}"})
    drawn = {(await stage.chat("!a"))[0] for _ in range(200)}
    assert drawn == set("123456")


# --- counters ---


async def test_a_hundred_who_count_at_once_get_a_number_each(stage_on_disk: Stage) -> None:
    await stage_on_disk.start({"!a": '{{ count "a" }}'})
    await stage_on_disk.desk.put(COUNTER, "7")
    seen: list[tuple[str, str]] = []
    hear = stage_on_disk.said.append

    class Said(list[tuple[str, str]]):
        def append(self, entry: tuple[str, str], /) -> None:
            seen.append((entry[1], stage_on_disk.desk.get(COUNTER)))
            hear(entry)

    stage_on_disk.said = Said()
    for _ in range(100):
        await stage_on_disk.write("!a")
    while stage_on_disk.bot._running:
        await asyncio.wait(stage_on_disk.bot._running)
    assert sorted(int(answer) for answer, _ in seen) == list(range(8, 108))
    assert stage_on_disk.desk.get(COUNTER) == "107"
    assert all(int(answer) <= int(stored) for answer, stored in seen), "what is said is in the store"


async def test_what_another_writes_while_it_counts_is_not_lost(stage_on_disk: Stage) -> None:
    await stage_on_disk.start({"!a": '{{ count "a" }}'})
    for _ in range(10):
        await stage_on_disk.write("!a")
    await asyncio.sleep(0)
    reset = asyncio.create_task(stage_on_disk.desk.put(COUNTER, "1000"))
    await asyncio.sleep(0)
    for _ in range(10):
        await stage_on_disk.write("!a")
    await reset
    counts = sorted(map(int, await stage_on_disk.answers()))
    before = [count for count in counts if count < 1000]
    assert len(counts) == 20
    assert counts == [*range(1, len(before) + 1), *range(1001, 1021 - len(before))]
    assert stage_on_disk.desk.get(COUNTER) == str(counts[-1])


@pytest.mark.parametrize("stored", ["", "x", "1.5", "1_0", " 3", "9" * 19, '"4"', "٣"])
async def test_what_is_no_number_counts_from_nothing(stage: Stage, stored: str) -> None:
    await stage.start({"!a": '{{ count "a" }}'})
    await stage.desk.put(COUNTER, stored)
    assert await stage.chat("!a") == ["1"]


async def test_names_of_counters_cannot_reach_other_keys(stage: Stage) -> None:
    await stage.start({"!a": "{{ count (param 1 .) }}"})
    for name in ("a/b", "../x", "@x", "%41", "日本"):
        assert await stage.chat(f"!a {name}") == ["1"]
    assert set(stage.desk.keys("twitch/bot-counters/")) == {
        f"twitch/bot-counters/{escaped}" for escaped in ("a%2Fb", "..%2Fx", "%40x", "%2541", "日本")
    }


@pytest.mark.parametrize("name", ["a/b", "deaths of 2023/24", "100%", "%41", "a/%2F", "/", "x@y/z"])
async def test_a_counter_that_strimertul_has_begun_goes_on_under_its_key(stage: Stage, name: str) -> None:
    await stage.desk.put(f"twitch/bot-counters/{name}", "41")
    await stage.start({"!a": f'{{{{ counter "{name}" }}}} {{{{ count "{name}" }}}} {{{{ count "{name}" }}}}'})
    assert await stage.chat("!a") == ["41 42 43"]
    assert stage.desk.keys("twitch/bot-counters/") == [f"twitch/bot-counters/{name}"]
    assert stage.desk.get(f"twitch/bot-counters/{name}") == "43"


async def test_a_counter_of_our_own_stays_where_it_is(stage: Stage) -> None:
    await stage.desk.put("twitch/bot-counters/a%2Fb", "7")
    await stage.desk.put("twitch/bot-counters/a/b", "41")
    await stage.start({"!a": '{{ count "a/b" }}'})
    assert await stage.chat("!a") == ["8"]
    assert stage.desk.get("twitch/bot-counters/a/b") == "41"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("a/@b", "a%2F@b"),  # strimertül's key would be a request
        ("a/ev/b", "a%2Fev%2Fb"),  # and here an event, of which nothing is kept
        ("a%2Fb", "a%252Fb"),  # and here another counter
        ("%25", "%2525"),
    ],
)
async def test_a_counter_is_never_kept_where_something_else_is(stage: Stage, name: str, key: str) -> None:
    if "@" not in name:
        await stage.desk.put(f"twitch/bot-counters/{name}", "41")
    await stage.start({"!a": f'{{{{ count "{name}" }}}}'})
    assert await stage.chat("!a") == ["1"]
    assert stage.desk.get(f"twitch/bot-counters/{key}") == "1"


async def test_an_answer_is_said_although_its_counter_cannot_be_kept(caplog: pytest.LogCaptureFixture) -> None:
    store = ShakyStore(MemoryStore())
    hub: Hub = open_hub(store)
    stage = Stage(Desk(hub))
    await stage.start({"!a": '{{ count "a" }}'})
    store.failures = 1
    with caplog.at_level(logging.ERROR):
        assert await stage.chat("!a") == ["1"]
    assert "a counter could not be kept: injected" in caplog.text
    await stage.bot.close()
    await hub.close()


# --- channels ---


async def test_what_a_channel_plays_is_looked_up(stage: Stage) -> None:
    await stage.start({"!so": "{{ game (param 1 .) }}, {{ streamTitle (param 1 .) }} {{ count `a` }}"})
    stage.channels["ada"] = {
        "id": "7",
        "login": "ada",
        "name": "Ada",
        "game": "Chess",
        "title": "We play!",
        "live": False,
    }
    assert await stage.chat("!so @Ada") == ["Chess, We play! 1"]
    assert stage.looked_up == ["ada"]
    assert await stage.chat("!so nobody") == ["unknown, unknown 2"]
    stage.channels["ada"] = {"game": "", "title": None}
    assert await stage.chat("!so ada") == ["unknown, unknown 3"]
    assert stage.desk.get(COUNTER) == "3"


async def test_several_channels_and_chances_stay_as_they_were_drawn(stage: Stage) -> None:
    names = [f"c{number}" for number in range(5)]
    stage.channels = {name: {"game": f"game of {name}"} for name in names}
    draw = "{{ $x := randomInt 0 5 }}{{ game (print `c` $x) }}=c{{ $x }} "
    await stage.start({"!a": draw * 4 + "{{ count `a` }}"})
    for number in range(1, 6):
        (said,) = await stage.chat("!a")
        *pairs, last = said.removeprefix("game of ").split(" game of ")
        counted = last.split()[1]
        pairs.append(last)
        assert counted == str(number)
        for pair in pairs:
            game, _, drawn = pair.split()[0].partition("=")
            assert game == drawn


async def test_a_template_that_never_has_enough_ends_with_what_it_has(stage: Stage) -> None:
    chain = "{{ $g := `c` }}" + "{{ $g = game $g }}" * 20 + "{{ $g }}"
    await stage.start({"!a": chain, "!b": "{{ range until 100 }}{{ $x := game (print `c` .) }}{{ end }}done"})
    letters = "abcdefghijklmnop"
    stage.channels = {f"c{letter}": {"game": f"c{letters[at + 1]}"} for at, letter in enumerate(letters[:-1])}
    stage.channels["c"] = {"game": "ca"}
    assert await stage.chat("!a") == ["unknown"]
    assert len(stage.looked_up) < 20
    stage.looked_up.clear()
    assert await stage.chat("!b") == ["done"]
    assert len(stage.looked_up) <= rendering.MAX_CHANNELS


async def test_a_run_that_fails_for_want_of_a_channel_is_not_a_failure(stage: Stage) -> None:
    stage.channels["ada"] = {"game": "Chess"}
    await stage.start({"!a": "{{ if eq (game `ada`) `Chess` }}yes{{ else }}{{ fail `no` }}{{ end }}"})
    assert await stage.chat("!a") == ["yes"]


async def test_a_look_up_that_takes_too_long_is_given_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(rendering, "LOOK_UP_S", 0.01)
    await stage.start({"!a": "{{ game `ada` }}"})

    async def never(value: str) -> str:
        await asyncio.Event().wait()
        return value

    monkeypatch.setitem(
        stage.desk.hub._handlers, "twitch/@channel", stage.desk.hub._handlers["twitch/@channel"]._replace(handler=never)
    )
    assert await stage.chat("!a") == ["unknown"]
    assert "the channel 'ada' could not be found: Twitch has not answered for 0.01 s" in caplog.text


async def test_without_twitch_every_channel_is_unknown(stage: Stage) -> None:
    del stage.desk.hub._handlers["twitch/@channel"]
    await stage.start({"!a": "{{ game `ada` }} {{ game `` }} {{ game `@` }}"})
    assert await stage.chat("!a") == ["unknown unknown unknown"]


# --- the stream ---


@pytest.mark.parametrize(
    ("stored", "answer"),
    [
        (write([Stream(started_at="2026-09-21T12:14:59Z")]), "1h58m"),
        (write([Stream(started_at="2026-09-21T13:33:20+01:00")]), "1h40m"),
        ('[{"Started_At":"2026-09-21T14:12:00Z"}]', "1m"),
        (write([Stream(started_at="2027-01-01T00:00:00Z")]), "0m"),
        (write([Stream(started_at="yesterday")]), "."),
        ("[]", "."),
        ("null", "."),
        ("{}", "."),
        ("", "."),
    ],
)
async def test_the_uptime_is_told(stage: Stage, stored: str, answer: str) -> None:
    await stage.start({"!a": "{{ uptime | default `.` }}"})
    await stage.desk.put(STREAM_INFO, stored)
    assert await stage.chat("!a") == [answer]


# --- the time that they take ---


async def test_templates_that_take_long_take_turns_with_everybody_else(stage: Stage) -> None:
    """Chat can use a command that takes long many times at once; the others wait for one of them at most."""
    await stage.start({"!a": "{{ range until 5000 }}{{ $x := upper `a` }}{{ end }}."})
    for _ in range(10):
        await stage.write("!a")
    said = [0]
    while stage.bot._running:
        await asyncio.sleep(0)
        said.append(len(stage.said))
    assert said[-1] == 10
    assert all(after - before <= 1 for before, after in itertools.pairwise(said))


# --- what else templates see ---


async def test_emotes_print_as_their_names(stage: Stage) -> None:
    await stage.start(
        {"!a": "{{ .Emotes }} {{ range .Emotes }}{{ .ID }}x{{ .Count }}@{{ (index .Positions 0).End }} {{ end }}"}
    )
    message = {
        "User": {"Name": "ann", "ID": "7"},
        "Message": "!a Kappa LUL",
        "Emotes": [
            {"Name": "Kappa", "ID": "25", "Count": 1, "Positions": [{"Start": 3, "End": 7}]},
            {"Name": "LUL", "ID": "425618", "Count": 1, "Positions": [{"Start": 9, "End": 11}]},
        ],
    }
    await stage.desk.put("twitch/ev/chat-message", encode(message))
    assert await stage.answers() == ["[Kappa LUL] 25x1@7 425618x1@11"]


async def test_a_reply_and_an_unreadable_time(stage: Stage) -> None:
    await stage.start({"!a": "{{ .Reply.ParentMsgBody }} by {{ .Reply.ParentDisplayName }} {{ .Time.Year }}"})
    message = {
        "Message": "!a",
        "Time": "soon",
        "Reply": {"ParentMsgBody": "what?", "ParentDisplayName": "Bob", "ParentMsgID": "m0"},
    }
    await stage.desk.put("twitch/ev/chat-message", encode(message))
    assert await stage.answers() == ["what? by Bob 1"]
