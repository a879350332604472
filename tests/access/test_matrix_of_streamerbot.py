"""The matrix of Streamer.bot's doors: what each request does under each kind of grant, over WebSocket and HTTP.

And what each request needs, in the words of scopes: with them it is answered in full, without one of them it is not.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from stagedoor.access import NOBODY, OPEN, SERVICE, Asker, Grant, Level, Metadata, Scopes, Terms, grant_for
from stagedoor.hub import Write
from stagedoor.keys import REQUEST_SCOPES
from stagedoor.net.streamerbot_http import _RIGHT_NAMES
from stagedoor.streamerbot.events import event_key
from stagedoor.streamerbot.reception import GUEST
from stagedoor.streamerbot.requests import REQUESTS
from stagedoor.streamerbot.session import _OWN
from tests.net.test_streamerbot_http import PASSWORD, Answer, Opened, open_http
from tests.streamerbot.harness import ACTION, Line, Stage

# yes   it is done
# -     it is refused
# less  it is done with what is covered; here that is nothing
#
# The overlay reads everything. The scoped application has what the request needs; the other one has what all other
# requests need, and not that.
TABLE = """
what     nobody guest overlay scoped other application owner

free     -      yes   yes     yes    yes   yes         yes
reads    -      yes   yes     yes    -     yes         yes
lists    -      yes   yes     yes    less  yes         yes
changes  -      yes   -       yes    -     yes         yes
speaks   -      -     -       yes    -     yes         yes
"""

WHAT = {
    "GetInfo": "free",
    "GetEvents": "free",
    "GetActions": "reads",
    "DoAction": "changes",
    "GetCodeTriggers": "reads",
    "ExecuteCodeTrigger": "changes",
    "GetCommands": "reads",
    "GetBroadcaster": "reads",
    "GetMonitoredYouTubeBroadcasts": "reads",
    "TwitchGetEmotes": "reads",
    "YouTubeGetEmotes": "reads",
    "SendMessage": "speaks",
    "GetUserPronouns": "reads",
    "GetGlobals": "lists",
    "GetGlobal": "reads",
    "TwitchGetUserGlobals": "lists",
    "TwitchGetUserGlobal": "reads",
    "YouTubeGetUserGlobals": "lists",
    "YouTubeGetUserGlobal": "reads",
    "TrovoGetUserGlobals": "lists",
    "TrovoGetUserGlobal": "reads",
    "KickGetUserGlobals": "lists",
    "KickGetUserGlobal": "reads",
    "GetActiveViewers": "reads",
    "GetCredits": "reads",
    "TestCredits": "reads",
    "ClearCredits": "changes",
    "ClearFirstWordsCache": "changes",
    # What concerns the connection itself.
    "Authenticate": "connection",
    "Subscribe": "connection",
    "UnSubscribe": "connection",
}

ONLY_OVER_HTTP = {"ClearFirstWordsCache"}

_USER: list[dict[str, object]] = [
    {"userId": "7", "variable": "points", "persisted": persisted} for persisted in (True, False)
]
PARAMETERS: dict[str, list[dict[str, object]]] = {
    "DoAction": [{"action": {"id": ACTION}}],
    "ExecuteCodeTrigger": [{"triggerName": "wave"}],
    "SendMessage": [{"platform": name, "message": "hi"} for name in ("twitch", "youtube", "trovo", "kick")],
    "GetUserPronouns": [{"platform": "twitch", "userLogin": "ann"}],
    "GetGlobals": [{"persisted": True}, {"persisted": False}],
    "GetGlobal": [{"variable": "points", "persisted": True}, {"variable": "points", "persisted": False}],
    **{f"{source}GetUserGlobal": _USER for source in ("Twitch", "YouTube", "Trovo", "Kick")},
    **{
        f"{source}GetUserGlobals": [{"persisted": True}, {"persisted": False}]
        for source in ("Twitch", "YouTube", "Trovo", "Kick")
    },
}
"""What each is asked with; together they need all of its scopes."""

_, *_ROWS = (line.split() for line in TABLE.splitlines() if line)
GRANTS = tuple(TABLE.splitlines()[1].split()[1:])
ASKED = [name for name in WHAT if WHAT[name] != "connection" and name not in ONLY_OVER_HTTP]


def cell(name: str, grant: str) -> str:
    row = next(row for row in _ROWS if row[0] == WHAT[name])
    return row[1 + GRANTS.index(grant)]


def test_every_request_method_and_level_is_in_the_tables() -> None:
    assert set(WHAT) == {*REQUESTS, *_OWN, *ONLY_OVER_HTTP}
    assert {name for name, what in WHAT.items() if what == "connection"} == set(_OWN)
    assert set(_RIGHT_NAMES.values()) <= set(WHAT)
    assert set(_RIGHT_NAMES.values()) - set(REQUESTS) == ONLY_OVER_HTTP
    assert set(GRANTS) == {level.name.lower() for level in Level} | {"other"}
    assert {row[0] for row in _ROWS} == {*WHAT.values()} - {"connection"}


def test_every_request_says_what_it_needs() -> None:
    assert set(REQUEST_SCOPES) == {name for name, what in WHAT.items() if what != "connection"}
    needs_nothing = {name for name, words in REQUEST_SCOPES.items() if not words}
    assert needs_nothing == {name for name, what in WHAT.items() if what == "free"}
    only_read = {name for name in REQUEST_SCOPES if Scopes.parse(list(REQUEST_SCOPES[name])).only_read}
    assert only_read == {name for name, what in WHAT.items() if what in ("free", "reads", "lists")}


def scopes_of(name: str) -> Scopes:
    return Scopes.parse([f"call:{name}"], REQUEST_SCOPES)


def all_but(name: str) -> Scopes:
    """What all requests need but this one."""
    needed = set(scopes_of(name).words)
    words = {word for other in REQUEST_SCOPES for word in scopes_of(other).words}
    return Scopes.parse(sorted(words - needed))


def grant_of(grant: str, name: str) -> Grant:
    return {
        "nobody": NOBODY,
        "guest": GUEST,
        "overlay": Grant(Level.OVERLAY, "a test", Scopes.parse("read:*")),
        "scoped": grant_for(scopes_of(name), "a test"),
        "other": grant_for(all_but(name), "a test"),
        "application": OPEN,
        "owner": SERVICE,
    }[grant]


SEEDS = {
    **{f"global/{store}/points": 1 for store in ("persisted", "temporary")},
    **{
        f"user-global/{store}/{platform}/7/points": 2
        for store in ("persisted", "temporary")
        for platform in ("twitch", "youtube", "trovo", "kick")
    },
}


def fill(stage: Stage) -> None:
    """Write what can be asked for."""
    entries = {key: {"value": value, "lastWrite": "2026-01-05T20:15:00.123+01:00"} for key, value in SEEDS.items()}
    entries |= {f"platform/{platform}": {"broadcastUser": platform} for platform in ("twitch", "youtube")}
    entries["emotes/twitch"] = entries["emotes/youtube"] = {"userEmotes": [{"id": "1"}]}
    writes = [Write(key, msgspec.json.encode(value).decode()) for key, value in entries.items()]
    writes.append(Write("platform/youtube/broadcasts", '[{"id":"b"}]'))
    stage.owner.write(writes, _raise)


def _raise(error: Exception | None) -> None:
    assert error is None


# --- WebSocket ----------------------------------------------------------------------------------------------------


class Talk:
    """A connection with a grant, beside one that has all."""

    def __init__(self) -> None:
        self.stage = Stage(mode="on")
        fill(self.stage)
        self.reference = self.stage.connect()
        self.reference.session.client.grant = OPEN

    async def outcome(self, line: Line, name: str) -> str:
        """Ask for everything that a request can be asked for, and tell how it went."""
        outcomes = set()
        for parameters in PARAMETERS.get(name, [{}]):
            before = len(self.stage.asked)
            answer = await line.answer(name, **parameters)
            asked = self.stage.asked[before:]
            if answer["status"] == "error":
                is_without = line.session.client.grant.level in (Level.NOBODY, Level.GUEST)
                assert answer["error"] == ("Authentication required" if is_without else "Not permitted")
                assert asked == [], "nobody was bothered"
                outcomes.add("-")
            else:
                whole = await self.reference.answer(name, **parameters)
                assert whole["status"] == "ok"
                outcomes.add("yes" if answer == whole else "less")
        assert len(outcomes) == 1, outcomes
        return outcomes.pop()


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    opened = Talk()
    yield opened
    await opened.stage.close()


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("grant", [grant for grant in GRANTS if grant != "nobody"])
async def test_what_each_request_does(talk: Talk, grant: str, name: str) -> None:
    line = talk.stage.connect()
    line.session.client.grant = grant_of(grant, name)
    assert await talk.outcome(line, name) == cell(name, grant)


@pytest.mark.parametrize("name", [name for name in WHAT if name not in ONLY_OVER_HTTP])
async def test_nobody_is_sent_away_with_the_first_request(name: str) -> None:
    stage = Stage(mode="enforced")
    fill(stage)
    line = stage.connect()
    assert line.session.client.grant is NOBODY
    for parameters in PARAMETERS.get(name, [{}])[:1]:
        answer = await line.answer(name, events={"Custom": ["Event"]}, **parameters)
        assert answer["status"] == "error"
        assert answer["error"] in ("Authentication required", "Missing authentication")
    assert line.wire.close_code == 1008
    assert stage.asked == []
    await stage.close()


@pytest.mark.parametrize(("name", "word"), [(name, word) for name in ASKED for word in scopes_of(name).words], ids=str)
async def test_without_one_of_its_scopes_a_request_is_not_answered_in_full(talk: Talk, name: str, word: str) -> None:
    rest = [other for other in scopes_of(name).words if other != word]
    line = talk.stage.connect()
    line.session.client.grant = grant_for(Scopes.parse(rest), "a test")
    is_whole = True
    for parameters in PARAMETERS.get(name, [{}]):
        answer = await line.answer(name, **parameters)
        is_whole = is_whole and answer == await talk.reference.answer(name, **parameters)
    assert not is_whole


@pytest.mark.parametrize("grant", ["overlay", "scoped"])
async def test_an_events_scope_is_what_is_heard_listed_and_told(talk: Talk, grant: str) -> None:
    stage = talk.stage
    level = {"overlay": Level.OVERLAY, "scoped": Level.SCOPED}[grant]
    line = stage.connect()
    line.session.client.grant = Grant(level, "a test", Scopes.parse("event:Own.* event:Twitch.Follow"))
    names = [("Own", "A"), ("Own", "B"), ("Foreign", "A"), ("Twitch", "Follow"), ("Twitch", "Cheer"), ("Owner", "A")]

    async def hear() -> list[tuple[str, str]]:
        for source, type_ in names:
            stage.happen(source, type_, {"canary": 1})
        return [(source, type_) for source, type_, _ in await line.events()]

    await hear()
    listed = (await line.answer("GetEvents"))["events"]
    assert "Foreign" not in listed
    assert "Owner" not in listed
    assert listed["Own"] == ["A", "B"]
    by_name = {source: [type_ for other, type_ in names if other == source] for source, _ in names}
    answer = await line.answer("Subscribe", events=by_name)
    assert answer["events"] == {"Own": ["A", "B"], "Twitch": ["Follow"]}
    assert await hear() == [("Own", "A"), ("Own", "B"), ("Twitch", "Follow")]
    await line.answer("UnSubscribe", events=by_name)
    assert await hear() == []
    for wildcard in ("*", {"*": ["*"]}, {source: ["*"] for source, _ in names}):
        assert (await line.answer("Subscribe", events=wildcard))["status"] == "ok"
        assert await hear() == [("Own", "A"), ("Own", "B"), ("Twitch", "Follow")]
        await line.answer("UnSubscribe", events={"Own": ["B"]})
        assert await hear() == [("Own", "A"), ("Twitch", "Follow")]
        await line.answer("UnSubscribe", events=wildcard)
        assert await hear() == []


async def test_an_unsubscribed_foreign_event_is_not_told_to_exist(talk: Talk) -> None:
    talk.stage.happen("Foreign", "Secret", {})
    line = talk.stage.connect()
    line.session.client.grant = Grant(Level.OVERLAY, "a test", Scopes.parse("event:Own.*"))
    for request in ("Subscribe", "UnSubscribe"):
        answer = await line.answer(request, events={"Foreign": ["Secret", "Unheard"]})
        assert answer["events"] == {}


async def test_an_overlay_key_answers_the_challenge_and_narrows_a_guest(talk: Talk) -> None:
    stage = talk.stage
    key = stage.overlay_keys.make("an overlay", Scopes.parse("event:Own.*"))
    line = stage.connect()
    await line.answer("Subscribe", events="*")
    assert (await line.authenticate(key.key))["status"] == "ok"
    stage.happen("Foreign", "A")
    stage.happen("Own", "A")
    assert [source for source, _, _ in await line.events()] == ["Own"]
    assert (await line.answer("DoAction", action={"id": ACTION}))["error"] == "Not permitted"
    assert (await line.answer("SendMessage", platform="twitch", message="x"))["error"] == "Not permitted"
    assert stage.asked == []
    stage.overlay_keys.remove(stage.overlay_keys.stored()[0])
    assert line.wire.close_code == 4011


@pytest.mark.parametrize("mode", ["on", "enforced"])
async def test_an_overlay_key_that_is_altered_or_expires_ends_its_sessions(mode: str) -> None:
    stage = Stage(mode=mode)
    key = stage.overlay_keys.make("an overlay", Scopes.parse("event:Own.*"), expires_at=stage.clock.time() + 60)
    first, second = stage.connect(), stage.connect()
    assert (await first.authenticate(key.key))["status"] == "ok"
    stage.overlay_keys.alter(msgspec.structs.replace(key, scopes=("event:Own.A",)))
    assert first.wire.close_code == 1001
    assert (await second.authenticate(key.key))["status"] == "ok"
    assert second.session.client.grant.scopes == Scopes.parse("event:Own.A")
    stage.fake_clock.advance(60)
    stage.overlay_keys.expire()
    assert second.wire.close_code == 4011
    late = stage.connect()
    assert (await late.authenticate(key.key))["error"] == "Authentication failed"
    await stage.close()


# --- HTTP ---------------------------------------------------------------------------------------------------------


def path_of(name: str, parameters: dict[str, object]) -> str:
    query = "&".join(f"{key}={str(value).lower()}" for key, value in parameters.items())
    return f"/{name}" + (f"?{query}" if query else "")


async def ask_over_http(opened: Opened, name: str, parameters: dict[str, object], **headers: str) -> Answer:
    if name == "DoAction":
        return await opened.do(parameters, **headers)
    return await opened.get(path_of(name, parameters), **headers)


def bearer(opened: Opened, grant: str, name: str) -> dict[str, str]:
    """What a request with this grant shows."""
    stage = opened.stage
    if grant in ("nobody", "guest"):
        return {}
    if grant == "application":
        return {"Authorization": f"Bearer {PASSWORD}"}
    if grant == "overlay":
        key = stage.overlay_keys.make("an overlay", Scopes.parse("read:*"))
        return {"Authorization": f"Bearer {key.key}"}
    scopes = scopes_of(name) if grant == "scoped" else all_but(name)
    _, token = stage.apps.remember(Asker("127.0.0.1"), Metadata(), Terms(scopes))
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("grant", [grant for grant in GRANTS if grant != "owner"])
async def test_what_each_method_of_the_http_door_does(grant: str) -> None:
    async with open_http("enforced" if grant == "nobody" else "on") as opened:
        fill(opened.stage)
        seen, expected = {}, {}
        for name in sorted(_RIGHT_NAMES.values()):
            headers = bearer(opened, grant, name)
            for parameters in PARAMETERS.get(name, [{}]):
                before = len(opened.asked)
                answer = await ask_over_http(opened, name, parameters, **headers)
                row = f"{name} {parameters}"
                expected[row] = cell(name, grant)
                if answer.status in (401, 403):
                    assert answer.status == (401 if grant in ("nobody", "guest") else 403), answer
                    assert set(answer.json) == {"error"}
                    assert len(opened.asked) == before
                    seen[row] = "-"
                else:
                    assert answer.status in (200, 204), answer
                    right = {"Authorization": f"Bearer {PASSWORD}"}
                    whole = await ask_over_http(opened, name, parameters, **right)
                    seen[row] = "yes" if answer.body == whole.body else "less"
        assert seen == expected


async def test_the_owners_control_token_is_worth_nothing_over_http() -> None:
    async with open_http("enforced") as opened:
        opened.stage.doorkeeper._control_token = "the owner's"
        assert (await opened.get("/GetActions", Authorization="Bearer the owner's")).status == 401


async def test_published_events_outside_the_scopes_are_not_listed_over_http() -> None:
    async with open_http("enforced") as opened:
        for source in ("Own", "Foreign"):
            opened.stage.write(event_key(source, "Canary"), "{}")
        key = opened.stage.overlay_keys.make("an overlay", Scopes.parse("event:Own.*"))
        answer: Any = (await opened.get("/GetEvents", Authorization=f"Bearer {key.key}")).json
        assert "Own" in answer["events"]
        assert "Foreign" not in answer["events"]


async def test_a_token_of_an_application_is_good_over_http_where_it_was_given() -> None:
    async with open_http("enforced") as opened:
        origin = "http://localhost:3000"
        _, token = opened.stage.apps.remember(Asker("127.0.0.1", origin), Metadata(), Terms())
        shown = {"Authorization": f"Bearer {token}"}
        assert (await opened.get("/GetActions", **shown)).status == 401
        assert (await opened.get("/GetActions", Origin=origin, **shown)).status == 200
        assert (await opened.get("/GetActions", Origin="http://localhost:3001", **shown)).status == 401
