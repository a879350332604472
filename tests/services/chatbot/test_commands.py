"""Commands: who may use them, how they are typed, how they are answered, and what broken ones do."""

import asyncio
import logging

import pytest

from stagedoor.errors import RequestFailed
from stagedoor.keys import (
    BOT_CONFIG,
    BOT_SEND_MESSAGE,
    CHAT_MESSAGE,
    COMMAND_PROBLEMS,
    COMMANDS,
    SEND_CHAT_MESSAGE,
    TEST_COMMAND,
    TWITCH_ANNOUNCE,
    TWITCH_CONFIG,
)
from stagedoor.services.chatbot import service
from stagedoor.services.chatbot.message import SAMPLE
from stagedoor.streamerbot.events import CATALOGUE, EventName
from stagedoor.strimertul import ChatMessage, command_id
from tests.services.chatbot.stage import Stage
from tests.services.harness import encode


async def test_a_command_is_answered(stage: Stage) -> None:
    await stage.start({"!hello": "Hello {{ user . }}!"})
    assert await stage.chat("!hello") == ["Hello Ann!"]
    assert stage.requests == [{"message": "Hello Ann!", "bot": True, "internal": True}]


@pytest.mark.parametrize(
    "text", ["!Hello", "!HELLO you", "  !hello  ", "!hello\U000e0000", "!hello \U000e0000", "!hello\u00a0you"]
)
async def test_case_blanks_and_what_nobody_sees_make_no_difference(stage: Stage, text: str) -> None:
    await stage.start({" !hellO ": "hi"})
    assert await stage.chat(text) == ["hi"]


@pytest.mark.parametrize("text", ["hello", "!hell", "!hello!", "say !hello", "", " "])
async def test_other_messages_are_none(stage: Stage, text: str) -> None:
    await stage.start({"!hello": "hi"})
    assert await stage.chat(text) == []


async def test_a_command_needs_no_exclamation_mark_and_may_have_several_words(stage: Stage) -> None:
    await stage.start({"good bot": "thanks", "Good": "morning"})
    assert await stage.chat("GOOD  bot, I say") == ["morning"]
    assert sorted(await stage.chat("good  BOT indeed")) == ["morning", "thanks"]
    assert await stage.chat("good") == ["morning"]


async def test_all_commands_that_match_run(stage: Stage) -> None:
    await stage.start({"!a": "one", "!A": "two", "!a ": "three"}, cooldown=2)
    assert sorted(await stage.chat("!a")) == ["one", "three", "two"]


async def test_disabled_commands_are_silent(stage: Stage) -> None:
    await stage.start({"!a": {"response": "hi", "enabled": False}, "!b": {"response": "{{ nosuch }}"}})
    assert await stage.chat("!a") == []
    assert stage.desk.read(COMMAND_PROBLEMS) is None


LEVELS = ["everyone", "subscriber", "vip", "moderators", "streamer"]
BADGES = {
    (): "everyone",
    ("premium", "bits"): "everyone",
    ("subscriber",): "subscriber",
    ("founder",): "subscriber",
    ("vip",): "vip",
    ("vip", "subscriber"): "vip",
    ("moderator", "subscriber"): "moderators",
    ("lead_moderator",): "moderators",
    ("broadcaster", "subscriber"): "streamer",
}


@pytest.mark.parametrize("badges", BADGES)
async def test_whoever_is_more_may_do_what_those_below_may(stage: Stage, badges: tuple[str, ...]) -> None:
    # strimertül's defect 16: its window writes `subscribers`, which its bot took for everybody.
    asked = {"": "everyone", "subscribers": "subscriber", "Moderators": "streamer", "nobody knows": "streamer"}
    for level in [*LEVELS, *asked]:
        wanted = LEVELS.index(asked.get(level, level))
        if not stage.bot._retire:
            await stage.start()
        await stage.set({"!a": {"response": "hi", "enabled": True, "access_level": level}})
        assert await stage.chat("!a", *badges) == ["hi"] * (LEVELS.index(BADGES[badges]) >= wanted), level


@pytest.mark.parametrize(
    ("type_", "manner"),
    [
        ("", "say"),
        ("chat", "say"),
        ("reply", "reply to m1"),
        ("announce", "announce"),
        ("whisper", "whisper"),
    ],
)
async def test_a_command_answers_as_its_author_wants(stage: Stage, type_: str, manner: str) -> None:
    await stage.start({"!a": {"response": "hi", "enabled": True, "response_type": type_}})
    await stage.chat("!a")
    await stage.write("!a")
    await asyncio.wait(stage.bot._running)
    assert stage.said == [(manner, "hi")]
    if type_ == "whisper":
        assert stage.requests[-1] == {"to": "id-ann", "message": "hi"}


async def test_an_answer_of_another_kind_is_none(stage: Stage) -> None:
    await stage.start({"!a": {"response": "hi", "enabled": True, "response_type": "shout"}})
    assert await stage.chat("!a") == []


async def test_what_cannot_be_announced_is_said(stage: Stage) -> None:
    """A rehearsal has no announcements."""
    await stage.start()
    for announcement in ("fails", "is not served"):
        if announcement == "fails":
            stage.refused.add("announce")
        else:
            del stage.desk.hub._handlers[TWITCH_ANNOUNCE]
        await stage.desk.call(BOT_SEND_MESSAGE, encode({"message": "hi", "announce": True}))
        assert stage.said.pop() == ("say", "hi")


@pytest.mark.parametrize("type_", ["chat", "reply", "whisper", "announce"])
async def test_without_a_chat_a_command_fails_alone(stage: Stage, type_: str, caplog: pytest.LogCaptureFixture) -> None:
    # strimertül's defect 7: a whisper or announcement without a token or a network ended the process.
    await stage.start({"!a": {"response": "hi", "enabled": True, "response_type": type_}})
    stage.is_connected = False
    assert await stage.chat("!a") == []
    assert "the answer of the command '!a' could not be said: Twitch is not connected" in caplog.text
    stage.is_connected = True
    assert await stage.chat("!a") == ["hi"]


@pytest.mark.parametrize("response", ["", "  ", "\n", "{{/* nothing */}}", "{{ if false }}x{{ end }}"])
async def test_nothing_is_not_said(stage: Stage, response: str) -> None:
    await stage.start({"!a": response})
    assert await stage.chat("!a") == []
    assert stage.requests == []


async def test_an_answer_is_one_line_of_five_hundred_characters(stage: Stage) -> None:
    # strimertül's defect 41: line breaks in an answer were commands of IRC.
    await stage.start({"!a": "one\r\nPRIVMSG #x :two{{ repeat 600 `x` }}", "!env": '{{ env "HOME" }}'})
    (said,) = await stage.chat("!a")
    assert said == ("one  PRIVMSG #x :two" + "x" * 600)[:500]
    problems = stage.desk.read(COMMAND_PROBLEMS)
    assert isinstance(problems, dict)
    assert problems.keys() == {"!env"}


@pytest.mark.parametrize(("room", "answers"), [("99", ["hi"]), ("98", []), (None, ["hi"])])
async def test_in_a_shared_chat_each_bot_answers_its_own_viewers(
    stage: Stage, room: str | None, answers: list[str]
) -> None:
    await stage.start({"!a": "hi"})
    tags = {"room-id": "99"} | ({} if room is None else {"source-room-id": room})
    await stage.desk.put(CHAT_MESSAGE, encode({"Message": "!a", "RoomID": "99", "Tags": tags}))
    assert await stage.answers() == answers


# --- broken commands ---


async def test_a_broken_command_does_no_harm_to_others(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    # strimertül's defect 28: one that could not be compiled left others mute, by chance.
    commands = {f"!{number}": f"{number}" for number in range(20)}
    broken: dict[str, object] = {"!10": "{{ usr . }}", "!11": {"enabled": "yes"}, "": "x", "!12": "{{ if }}", "!13": 5}
    await stage.start({**commands, **broken, "!14": None})
    problems = stage.desk.read(COMMAND_PROBLEMS)
    assert isinstance(problems, dict)
    assert problems.keys() == broken.keys()
    assert "usr" in problems["!10"]
    assert "`$.enabled`" in problems["!11"]
    assert problems["!13"] == "it is no object"
    assert "the command '!10' cannot be used" in caplog.text
    for number in range(20):
        assert await stage.chat(f"!{number}") == ([] if f"!{number}" in {*broken, "!14"} else [f"{number}"])
    await stage.set(commands)
    assert stage.desk.read(COMMAND_PROBLEMS) == {}
    assert await stage.chat("!10") == ["10"]


async def test_what_is_no_list_of_commands_leaves_those_of_before(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.start({"!a": "hi"})
    for nonsense in ("[]", "{", '"x"', "7"):
        await stage.desk.put(COMMANDS, nonsense)
        assert await stage.chat("!a") == ["hi"]
        problems = stage.desk.read(COMMAND_PROBLEMS)
        assert isinstance(problems, dict)
        assert "not valid" in problems[""]
    assert "the chat commands of before are kept" in caplog.text
    assert stage.desk.get(COMMANDS) == "7"
    for nothing in (None, "null", "{}"):
        await stage.set({"!a": "hi"})
        await stage.desk.put(COMMANDS, nothing)
        assert stage.desk.read(COMMAND_PROBLEMS) == {}
        assert await stage.chat("!a") == []


@pytest.mark.parametrize(
    "response", ["a{{ .Reply.ParentMsgBody }}", "a{{ param -1 . }}", "{{ .Nothing }}", '{{ fail "x" }}']
)
async def test_an_answer_that_fails_is_not_said_in_part(
    stage: Stage, response: str, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.start({"!a": response})
    assert await stage.chat("!a") == []
    assert "the command '!a' says nothing" in caplog.text


async def test_what_is_no_message_is_passed_over(stage: Stage) -> None:
    await stage.start({"!a": "hi"})
    for nonsense in ("", "{", "[]", '{"Message":5}', "null", '{"Message":"!a","User":7}'):
        await stage.desk.put(CHAT_MESSAGE, nonsense)
        assert await stage.answers() == []
    await stage.desk.put(CHAT_MESSAGE, None)
    await stage.desk.put(CHAT_MESSAGE, '{"message":"!a","user":null}')
    assert await stage.answers() == ["hi"]


async def test_what_is_no_command_costs_a_look_at_its_first_word(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hundred messages a second are read by many; the bot leaves most of them as they are."""
    await stage.start({f"!{number}": "hi" for number in range(50)})
    read: list[str] = []

    def note(value: str) -> ChatMessage:
        read.append(value)
        return SAMPLE

    monkeypatch.setattr(service, "read_message", note)
    for number in range(500):
        await stage.write(f"text {number}")
    await stage.write("!7")
    assert len(read) == 1
    assert await stage.answers() == ["hi"]


async def test_commands_that_need_no_compiling_are_loaded_in_parts_too(stage: Stage) -> None:
    await stage.start({f"!{number}": {"response": "x"} for number in range(2000)})
    await stage.set({f"!{number}": {"response": "y"} for number in range(2000)})
    assert stage.bot._loading is not None
    assert not stage.bot._loading.done()


async def test_the_log_tells_of_the_first_broken_commands_alone(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.start({f"!{number}": "{{" for number in range(50)})
    assert len(caplog.records) == 11
    assert "40 more" in caplog.text
    problems = stage.desk.read(COMMAND_PROBLEMS)
    assert isinstance(problems, dict)
    assert len(problems) == 50


async def test_many_commands_are_loaded_in_parts_and_the_newest_hold(stage: Stage) -> None:
    await stage.start({"!a": "before"})
    many = {f"!{number}": f"{number} {{{{ user . }}}}" for number in range(300)}
    await stage.set(many | {"!a": "discarded"})
    assert await stage.chat("!a") == ["before"]
    await stage.set(many | {"!a": "after"})
    loading = stage.bot._loading
    assert loading is not None
    assert await stage.chat("!299") == []
    await loading
    assert [await stage.chat(text) for text in ("!a", "!0", "!299")] == [["after"], ["0 Ann"], ["299 Ann"]]
    await stage.set(many | {"!a": "compiled alone"})
    assert await stage.chat("!a") == ["compiled alone"]
    await stage.set({f"!other{number}": f"{number}" for number in range(300)})
    await stage.bot.close()
    assert await stage.chat("!a") == []


# --- the switches ---


async def test_the_bot_rests_when_twitch_runs_without_it(stage: Stage) -> None:
    await stage.start({"!a": "hi"})
    for enabled, bot, answers in [(True, False, []), (True, True, ["hi"]), (False, False, ["hi"])]:
        await stage.desk.put(TWITCH_CONFIG, encode({"enabled": enabled, "enable_bot": bot}))
        assert await stage.chat("!a") == answers
    await stage.desk.put(TWITCH_CONFIG, "nonsense")
    assert await stage.chat("!a") == ["hi"]


async def test_changed_commands_hold_at_once_and_nothing_is_lost(stage: Stage) -> None:
    # strimertül's defect 13: reading while somebody writes ended the process.
    await stage.start({"!a": "0"})
    for number in range(1, 50):
        await stage.write("!a")
        await stage.set({"!a": f"{number}"})
    assert await stage.answers() == [f"{number}" for number in range(49)]
    assert await stage.chat("!a") == ["49"]


# --- Streamer.bot's events ---


async def test_a_command_that_runs_is_an_event(stage: Stage) -> None:
    await stage.start({"!So Me": "hi"})
    stage.desk.subscribe_prefix("event/")
    await stage.chat("!so  me ada  lovelace ", "founder")
    await stage.chat("!so me", "moderator", name="Bob")
    (type_, first), (_, second) = stage.desk.events("Command")
    assert type_ == "Triggered"
    assert first == {
        "id": command_id("!So Me"),
        "name": "!So Me",
        "command": "!So Me",
        "message": "ada  lovelace",
        "counter": 1,
        "userCounter": 1,
        "user": {"id": "id-ann", "name": "ann", "display": "Ann", "type": "twitch", "role": 1, "subscribed": True},
        "settings": {},
    }
    assert (second["counter"], second["userCounter"], second["message"]) == (2, 1, "")
    assert second["user"] == {
        "id": "id-bob",
        "name": "bob",
        "display": "Bob",
        "type": "twitch",
        "role": 3,
        "subscribed": False,
    }
    assert first.keys() <= members("Triggered")


async def test_a_command_that_waits_is_another(stage: Stage) -> None:
    command = {"response": "hi", "enabled": True, "cooldown": 10, "user_cooldown": 30}
    await stage.start({"!a": command, "!b": {**command, "access_level": "vip"}})
    stage.desk.subscribe_prefix("event/")
    for text in ("!a", "!a", "!b"):
        await stage.chat(text)
        stage.clock.now += 4
    (_, first), (type_, data) = stage.desk.events("Command")
    assert type_ == "Cooldown"
    assert data == {**first, "cooldownLeft": 26, "globalCooldownLeft": 6, "userCooldownLeft": 26}
    assert data.keys() <= members("Cooldown")


def members(type_: str) -> set[str]:
    """The members that an event of a command has in Streamer.bot."""
    properties = CATALOGUE.schema(EventName("Command", type_))["properties"]
    assert isinstance(properties, dict)
    return set(properties)


# --- what others ask the bot to say ---


async def test_a_text_is_said(stage: Stage) -> None:
    await stage.start()
    await stage.desk.put(SEND_CHAT_MESSAGE, "hello chat")
    await asyncio.wait(stage.desk.hub._tasks)
    assert await stage.desk.call(SEND_CHAT_MESSAGE, "{{ user }}") == "{}"
    assert stage.said == [("say", "hello chat"), ("say", "{{ user }}")]
    for nothing in ("", "  ", None):
        await stage.desk.put(SEND_CHAT_MESSAGE, nothing)
        await stage.desk.call(SEND_CHAT_MESSAGE, nothing or "")
    assert len(stage.said) == 2


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"message": "a"}, ("say", "a")),
        ({"message": "a", "announce": True, "reply_to": ""}, ("announce", "a")),
        ({"message": "a", "announce": True, "whisper_to": "7"}, ("whisper", "a")),
        ({"Message": "a", "whisper_to": "7", "reply_to": "m9"}, ("reply to m9", "a")),
        ({"message": "a", "announce": None, "reply_to": None, "whisper_to": None}, ("say", "a")),
    ],
)
async def test_a_message_is_said_as_asked(stage: Stage, request_: object, said: tuple[str, str]) -> None:
    await stage.start()
    assert await stage.desk.call(BOT_SEND_MESSAGE, encode(request_)) == "{}"
    assert stage.said == [said]


async def test_a_request_that_cannot_be_read_is_refused_and_one_without_text_does_nothing(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.start()
    for nonsense in ("[]", "{", '{"message":7}'):
        with pytest.raises(RequestFailed, match="expected a message"):
            await stage.desk.call(BOT_SEND_MESSAGE, nonsense)
    for nothing in ("", "{}", '{"announce":true}', '{"whisper_to":"7","message":" "}'):
        assert await stage.desk.call(BOT_SEND_MESSAGE, nothing) == "{}"
    assert stage.said == []
    stage.is_connected = False
    with caplog.at_level(logging.WARNING), pytest.raises(RequestFailed, match="Twitch is not connected"):
        await stage.desk.call(SEND_CHAT_MESSAGE, "hi")


@pytest.mark.parametrize("request_", [{"reply_to": "m9"}, {"whisper_to": "7"}, {"announce": True}, {}])
async def test_a_bot_that_is_switched_off_says_nothing(stage: Stage, request_: dict[str, object]) -> None:
    """strimertül answers these only while its bot runs."""
    await stage.start()
    await stage.desk.put(TWITCH_CONFIG, encode({"enabled": True, "enable_bot": False}))
    for key, text in [(SEND_CHAT_MESSAGE, "hi"), (BOT_SEND_MESSAGE, encode({"message": "hi", **request_}))]:
        with pytest.raises(RequestFailed, match="the bot is switched off: enable_bot in twitch/config is false"):
            await stage.desk.call(key, text)
        assert await stage.desk.call(key, "") == "{}"
    assert stage.said == []
    await stage.desk.put(TWITCH_CONFIG, encode({"enabled": True, "enable_bot": True}))
    await stage.desk.call(SEND_CHAT_MESSAGE, "hi")
    assert stage.said == [("say", "hi")]


# --- trying a template ---

MESSAGE = "!command this is a test"


@pytest.mark.parametrize(
    ("request_", "output"),
    [
        ({"template": "{{ user . }} {{ param 1 . }}"}, "AshKeelVT !test"),
        ({"template": "{{ param 2 . }}{{ .Time.Year }}", "message": "!so a b"}, "b2023"),
        ({"template": ""}, ""),
        ({"template": "{{ user . }} -> {{ param 4 . }}", "message": MESSAGE}, "AshKeelVT -> test"),
        ({"template": "{{ param 99 . }}", "message": MESSAGE}, "test"),
        ({"template": "{{ param (add 1 2) . }}", "message": MESSAGE}, "a"),
        ({"template": '{{ count "deaths" }} {{ add 1 2 3 }}', "message": MESSAGE}, "1 6"),
        (
            {"template": '{{ .User.DisplayName | upper }} {{ param 1 . | default "nobody" }}', "message": MESSAGE},
            "ASHKEELVT this",
        ),
        ({"template": '{{ rest (splitList " " .Message) | join " " }}', "message": MESSAGE}, "this is a test"),
        ({"template": "{{ user . | game }}", "message": MESSAGE}, "unknown"),
        (
            {"template": '{{ user . }} {{ .User.Name }} {{ index .Tags "display-name" }}', "viewer": "Cool_User"},
            "Cool_User cool_user Cool_User",
        ),
    ],
)
async def test_a_template_can_be_tried(stage: Stage, request_: dict[str, object], output: str) -> None:
    await stage.start()
    stage.is_connected = False
    assert await stage.desk.ask(TEST_COMMAND, **request_) == {"output": output}


async def test_trying_changes_nothing(stage: Stage) -> None:
    # strimertül's defect 29: to try a template counted, and needed a bot.
    await stage.start()
    await stage.desk.put("twitch/bot-counters/a", "41")
    template = '{{ count "a" }} {{ count "a" }} {{ setCounter "b" 7 }} {{ counter "b" }}'
    assert await stage.desk.ask(TEST_COMMAND, template=template) == {"output": "42 43 7 7"}
    assert stage.desk.get("twitch/bot-counters/a") == "41"
    assert stage.desk.keys("twitch/bot-counters/") == ["twitch/bot-counters/a"]


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ({"template": "{{ nosuch }}"}, "nosuch"),
        ({"template": "{{ .Nothing }}"}, "Nothing"),
        ({"template": "{{ until 1000000000 }}"}, "too"),
        ({"template": "a\nb{{ if }}"}, "line 2"),
        *(({"template": template}, r"\S") for template in ("{{ count 5 }}", "{{ user }}", "{{ param -1 . }}")),
        ({}, "template"),
        ({"template": 5}, "template"),
    ],
)
async def test_a_template_that_fails_says_why(stage: Stage, request_: dict[str, object], complaint: str) -> None:
    await stage.start()
    with pytest.raises(RequestFailed, match=complaint):
        await stage.desk.ask(TEST_COMMAND, **request_)


async def test_the_cooldown_setting_is_followed(stage: Stage) -> None:
    await stage.start({"!a": "hi"})
    for stored, pause in [
        ('{"command_cooldown":5}', 5),
        ("nonsense", 5),
        ("[1]", 5),
        ("{}", 2),
        (None, 2),
        ('{"command_cooldown":-1}', 0),
    ]:
        stage.clock.now += 100
        await stage.desk.put(BOT_CONFIG, stored)
        assert await stage.chat("!a") == ["hi"]
        stage.clock.now += max(0, pause - 0.5)
        assert await stage.chat("!a") == ([] if pause else ["hi"])
        stage.clock.now += 0.5
        assert await stage.chat("!a") == ["hi"]
