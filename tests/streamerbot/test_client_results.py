"""What the client makes of answers: today's forms, older ones, and those on which papers disagree."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.streamerbot import (
    Action,
    ActionRun,
    Broadcaster,
    Client,
    CodeTrigger,
    Command,
    Credits,
    Emotes,
    Info,
    InvalidAnswer,
    Pronouns,
    RequestRefused,
    UserVariable,
    Variable,
    Viewer,
    YouTubeBroadcast,
)
from stagedoor.streamerbot.client.record import Record
from stagedoor.streamerbot.client.results import variables_of
from tests.streamerbot.client_harness import SHORT_S, connect
from tests.streamerbot.fake_original import ACTION_ID, FakeOriginal, Message

RECORDS: list[type[Record]] = [
    *(Action, ActionRun, Broadcaster, CodeTrigger, Command, Credits, Emotes, Info, Pronouns, UserVariable, Variable),
    *(Viewer, YouTubeBroadcast),
]

ACTION = {
    "id": ACTION_ID,
    "name": "Action Number One",
    "group": "None",
    "enabled": True,
    "subaction_count": 4,
    "trigger_count": 1,
}

WRITTEN = "2025-07-22T11:32:17.935-07:00"


@pytest.fixture
async def fake() -> AsyncIterator[FakeOriginal]:
    async with FakeOriginal() as server:
        yield server


def answer(fake: FakeOriginal, name: str, **members: object) -> None:
    fake.replies[name] = lambda connection, request: connection.answer(request, **members)


# --- reading leniently --------------------------------------------------------------------------------------------


async def test_unknown_members_stay_reachable(fake: FakeOriginal) -> None:
    answer(fake, "GetActions", actions=[{**ACTION, "colour": "red"}, "no object"], count=2)
    async with connect(fake) as (client, _):
        (action,) = await client.get_actions()
    assert (action.id, action.name, action.group, action.enabled) == (ACTION_ID, "Action Number One", "None", True)
    assert (action.subaction_count, action.trigger_count) == (4, 1)
    assert action.raw["colour"] == "red"


def test_members_of_older_applications_are_understood() -> None:
    new = Viewer.read({"id": "750146097", "type": "twitch", "previousActive": "2022-12-20T01:03:10.5548462+01:00"})
    old = Viewer.read({"id": 750146097, "lastActive": "2022-12-20T01:03:10.5548462+01:00"})
    assert (new.id, new.platform) == ("750146097", "twitch")
    assert (old.id, old.platform) == ("750146097", "")
    assert new.previous_active == old.previous_active == datetime.fromisoformat("2022-12-20T01:03:10.554846+01:00")


def test_a_member_that_makes_no_sense_has_its_default() -> None:
    action = Action.read({"id": None, "name": ["a"], "enabled": "perhaps", "subaction_count": "4", "group": True})
    assert action == Action(subaction_count=4, raw=action.raw)
    assert action.raw["enabled"] == "perhaps"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


@st.composite
def distorted(draw: st.DrawFn) -> tuple[type[Record], Message]:
    """A record and an object that has its members, with whatever values."""
    record = draw(st.sampled_from(RECORDS))
    names = [*record.__struct_encode_fields__, *(old for olds in record.older.values() for old in olds)]
    names += ["platforms", "credits", "userEmotes", "args", "broadcastUser", "botUser"]
    return record, draw(st.dictionaries(st.sampled_from(names), json_values))


@given(distorted())
def test_any_object_can_be_read(drawn: tuple[type[Record], Message]) -> None:
    record, raw = drawn
    before = dict(raw)
    read = record.read(raw)
    assert read.raw is raw
    assert raw == before


@given(st.dictionaries(st.sampled_from(["variable", "variables"]), json_values))
def test_any_answer_about_variables_can_be_read(raw: Message) -> None:
    for entry in variables_of(raw):
        assert Variable.read(entry).raw == entry


# --- each request -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("GetInfo", Client.get_info),
        ("GetEvents", Client.get_events),
        ("GetActions", Client.get_actions),
        ("GetCommands", Client.get_commands),
        ("GetCodeTriggers", Client.get_code_triggers),
        ("GetActiveViewers", Client.get_active_viewers),
        ("GetMonitoredYouTubeBroadcasts", Client.get_monitored_youtube_broadcasts),
        ("TwitchGetEmotes", lambda client: client.get_emotes("twitch")),
        ("GetUserPronouns", lambda client: client.get_user_pronouns("twitch", "a")),
    ],
)
async def test_an_answer_without_what_was_asked_for_is_an_error(fake: FakeOriginal, name: str, ask: Any) -> None:
    answer(fake, name, something="else")
    async with connect(fake) as (client, _):
        with pytest.raises(InvalidAnswer, match=name):
            await ask(client)


async def test_broadcasters_are_the_same_on_every_platform(fake: FakeOriginal) -> None:
    platforms = {
        "twitch": {
            "broadcastUser": "Display",
            "broadcastUserName": "login",
            "broadcastUserId": 695682330,
            "broadcastIsAffiliate": True,
            "broadcasterIsPartner": True,
            "botUser": "MyBot",
            "botUserName": "mybot",
            "botUserId": "682553973",
        },
        "youtube": {
            "broadcastUserName": "Name",
            "broadcastUserId": "UC1",
            "broadcastUserProfileImage": "https://a",
            "botUserName": "Bot",
        },
        "kick": {
            "broadcasterLogin": "login",
            "broadcasterUserName": "Name",
            "broadcasterUserId": "5081399",
            "broadcasterProfileUrl": "https://b",
            "botLogin": "bot",
        },
        "odd": None,
    }
    answer(fake, "GetBroadcaster", platforms=platforms, connected=["twitch", "youtube", "kick"], disconnected=["trovo"])
    async with connect(fake) as (client, _):
        broadcaster = await client.get_broadcaster()
    assert (broadcaster.connected, broadcaster.disconnected) == (["twitch", "youtube", "kick"], ["trovo"])
    assert list(broadcaster.platforms) == ["twitch", "youtube", "kick"]
    twitch, youtube, kick = broadcaster.platforms.values()
    assert (twitch.user_id, twitch.user_login, twitch.user_name) == ("695682330", "login", "Display")
    assert (twitch.bot_user_id, twitch.bot_login, twitch.bot_name) == ("682553973", "mybot", "MyBot")
    assert (twitch.is_affiliate, twitch.is_partner) == (True, True)
    assert (youtube.user_id, youtube.user_login, youtube.user_name) == ("UC1", "", "Name")
    assert (youtube.bot_login, youtube.bot_name, youtube.profile_image_url) == ("", "Bot", "https://a")
    assert (kick.user_id, kick.user_login, kick.user_name) == ("5081399", "login", "Name")
    assert (kick.bot_login, kick.profile_image_url) == ("bot", "https://b")
    assert twitch.raw is not platforms["twitch"]
    assert twitch.raw == platforms["twitch"]


@pytest.mark.parametrize("is_nested", [False, True])
async def test_credits_are_found_at_both_places(fake: FakeOriginal, is_nested: bool) -> None:
    content = {
        "events": {"follows": ["a", "b"], "odd": None},
        "users": {"editors": ["c", 5, None], "groups": []},
        "hypeTrain": {"conductors": ["d"]},
        "top": {"allBits": ["e"]},
        "groups": {"Friends": ["f"]},
        "custom": {"anything": 1},
    }
    for name in ("GetCredits", "TestCredits"):
        answer(fake, name, **({"credits": content} if is_nested else content))
    async with connect(fake) as (client, _):
        for credit in (await client.get_credits(), await client.test_credits()):
            assert credit.events == {"follows": ["a", "b"]}
            assert credit.users == {"editors": ["c", "5"], "groups": []}
            assert (credit.hype_train, credit.top) == ({"conductors": ["d"]}, {"allBits": ["e"]})
            assert (credit.groups, credit.custom) == ({"Friends": ["f"]}, {"anything": 1})
        await client.clear_credits()
        await fake.next("ClearCredits")


async def test_lists_become_typed(fake: FakeOriginal) -> None:
    trigger = {"name": "Channel Created", "eventName": "channel_created", "category": "Custom/Discord"}
    answer(fake, "GetCodeTriggers", triggers=[trigger], count=1)
    commands = [{"id": "1", "name": "My Game", "commands": ["!a"], "sources": 1, "group": None}, {"sources": ["x"]}]
    answer(fake, "GetCommands", commands=commands, count=2)
    answer(fake, "GetActiveViewers", viewers=[{"login": "a", "role": "VIP", "groups": ["Friends"]}], count=1)
    broadcast = {"id": "b", "liveChatId": "c", "tags": ["t"], "actualStartTime": "2025-01-01T00:00:00Z"}
    answer(fake, "GetMonitoredYouTubeBroadcasts", broadcasts=[broadcast], count=1)
    async with connect(fake) as (client, _):
        assert [found.event_name for found in await client.get_code_triggers()] == ["channel_created"]
        first, second = await client.get_commands()
        assert (first.commands, first.sources, first.group, second.sources) == (["!a"], 1, None, ["x"])
        assert [(viewer.login, viewer.role, viewer.groups) for viewer in await client.get_active_viewers()] == [
            ("a", "VIP", ["Friends"])
        ]
        (live,) = await client.get_monitored_youtube_broadcasts()
        assert (live.live_chat_id, live.tags) == ("c", ["t"])
        assert live.actual_start_time == datetime.fromisoformat("2025-01-01T00:00:00+00:00")
        assert live.scheduled_start_time is None


async def test_emotes_and_pronouns_become_typed(fake: FakeOriginal) -> None:
    bttv = {"name": "x", "type": "BTTVGlobal", "imageUrl": "https://c", "zeroWidth": True}
    answer(fake, "YouTubeGetEmotes", emotes={"userEmotes": [], "bttvEmotes": [bttv]})
    forms = {"pronounSubject": "He", "pronounPluralLower": "s", "pronouns": "(He/Him)", "userFound": True}
    answer(fake, "GetUserPronouns", userLogin="name", pronoun=forms)
    async with connect(fake) as (client, _):
        emotes = await client.get_emotes("youtube")
        assert [(emote.name, emote.image_url, emote.zero_width) for emote in emotes.bttv] == [("x", "https://c", True)]
        assert emotes.user == emotes.ffz == emotes.seven_tv == []
        pronouns = await client.get_user_pronouns("twitch", "name")
        assert (pronouns.subject, pronouns.plural, pronouns.short, pronouns.user_found) == ("He", "s", "(He/Him)", True)
        assert (await fake.next("GetUserPronouns"))["userLogin"] == "name"


@pytest.mark.parametrize("platform", ["trovo", "Twitch", ""])
async def test_emotes_of_a_platform_without_them_are_not_asked_for(fake: FakeOriginal, platform: Any) -> None:
    async with connect(fake) as (client, _):
        with pytest.raises(ValueError, match="GetEmotes knows twitch, youtube"):
            await client.get_emotes(platform)


async def test_an_old_application_tells_nothing_of_a_run(fake: FakeOriginal) -> None:
    answer(fake, "DoAction")
    async with connect(fake) as (client, _):
        run = await client.do_action("Roll", {"a": 1})
    assert (run.running_action_id, run.args, run.action_queued_at) == ("", {}, None)


async def test_a_run_may_be_told_of_at_the_top(fake: FakeOriginal) -> None:
    answer(fake, "DoAction", args={"a": 1}, runningActionId="run-2", actionId=ACTION_ID)
    async with connect(fake) as (client, _):
        run = await client.do_action("Roll", {"a": 1})
    assert (run.running_action_id, run.action_id, run.args) == ("run-2", ACTION_ID, {"a": 1})


# --- variables ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=[False, True], ids=["new", "old"])
async def with_variables(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    monkeypatch.setattr("stagedoor.streamerbot.client.login.HELLO_GRACE_S", SHORT_S)
    async with FakeOriginal(is_old=request.param) as fake:
        for name, value in (("text", "4"), ("number", 3), ("nothing", None), ("list", [1, {"a": 2}])):
            fake.variables[name] = {"name": name, "value": value, "lastWrite": WRITTEN}
        for user, name, value in (("1", "tuna", 3), ("1", "cod", 4), ("2", "tuna", 5)):
            whose = {"userId": user, "userLogin": f"login{user}", "userName": f"Name{user}", "platform": "twitch"}
            fake.user_variables.append({"name": name, "value": value, "lastWrite": WRITTEN, **whose})
        async with connect(fake) as (client, _):
            yield client


async def test_global_variables_are_plain_or_whole(with_variables: Client) -> None:
    client = with_variables
    assert await client.get_global_value("number") == 3
    assert await client.get_global_value("list", persisted=False) == [1, {"a": 2}]
    variable = await client.get_global("text")
    assert variable is not None
    assert (variable.name, variable.value) == ("text", "4")
    assert variable.last_write == datetime.fromisoformat(WRITTEN)
    variables = await client.get_globals()
    assert {name: variable.value for name, variable in variables.items()} == {
        "text": "4",
        "number": 3,
        "nothing": None,
        "list": [1, {"a": 2}],
    }


async def test_an_absent_variable_is_none_or_the_default(with_variables: Client) -> None:
    client = with_variables
    assert await client.get_global("absent") is None
    assert await client.get_global_value("absent") is None
    assert await client.get_global_value("absent", 5) == 5
    assert await client.get_global_value("nothing", 5) is None
    assert await client.get_user_global("twitch", "1", "absent") is None
    assert await client.get_user_global("twitch", "3", "tuna") is None
    assert await client.get_user_global_value("twitch", "3", "tuna", 7) == 7
    assert await client.get_user_global("twitch", "3") == {}


async def test_user_variables_are_found_by_user_and_by_name(with_variables: Client) -> None:
    client = with_variables
    tuna = await client.get_user_global("twitch", "2", "tuna")
    assert tuna is not None
    assert (tuna.value, tuna.user_id, tuna.platform) == (5, "2", "twitch")
    assert await client.get_user_global_value("twitch", "1", "cod") == 4
    assert {name: entry.value for name, entry in (await client.get_user_global("twitch", "1")).items()} == {
        "tuna": 3,
        "cod": 4,
    }
    assert [(entry.user_login, entry.value) for entry in await client.get_user_globals("twitch", "tuna")] == [
        ("login1", 3),
        ("login2", 5),
    ]
    assert len(await client.get_user_globals("twitch")) == 3


@pytest.mark.parametrize(
    "members",
    [
        {"variable": {"name": "a", "value": 1}},
        {"variables": {"a": {"name": "a", "value": 1}}},
        {"variables": {"a": {"value": 1}}},
        {"variables": {"a": 1}},
        {"variables": [{"name": "b", "value": 2}, {"name": "a", "value": 1}]},
        {"variable": {"name": "a", "value": 1}, "variables": None},
        {"variable": None, "variables": {"a": {"name": "a", "value": 1}}},
    ],
)
async def test_a_variable_is_found_in_every_form(fake: FakeOriginal, members: Message) -> None:
    answer(fake, "GetGlobal", **members)
    answer(fake, "KickGetUserGlobal", **members)
    async with connect(fake) as (client, _):
        assert await client.get_global_value("a") == 1
        assert await client.get_user_global_value("kick", "1", "a") == 1


async def test_no_variable_in_an_answer_is_an_absent_one(fake: FakeOriginal) -> None:
    answer(fake, "GetGlobal", variables={}, count=0)
    answer(fake, "YouTubeGetUserGlobal", variables=[])
    async with connect(fake) as (client, _):
        assert await client.get_global("a") is None
        assert await client.get_user_global("youtube", "1", "a") is None


async def test_a_refusal_for_another_reason_is_an_error(fake: FakeOriginal) -> None:
    for name in ("GetGlobal", "GetGlobals", "TrovoGetUserGlobal", "TrovoGetUserGlobals"):
        fake.replies[name] = lambda connection, request: connection.refuse(request, "Authentication required")
    async with connect(fake) as (client, _):
        with pytest.raises(RequestRefused, match="Authentication required"):
            await client.get_global("a")
        with pytest.raises(RequestRefused, match="Authentication required"):
            await client.get_user_global("trovo", "1", "a")
        with pytest.raises(RequestRefused, match="Authentication required"):
            await client.get_user_global("trovo", "1")


async def test_a_platform_that_is_none_is_refused_here(fake: FakeOriginal) -> None:
    platform: Any = "mixer"
    async with connect(fake) as (client, _):
        with pytest.raises(ValueError, match="knows twitch, youtube, trovo, kick, not 'mixer'"):
            await client.get_user_globals(platform)
