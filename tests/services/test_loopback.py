"""The chat room that stands for a platform: while it is open, what is said in it, and what cannot be."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor import keys
from stagedoor.access import SERVICE, Client
from stagedoor.errors import NoSuchRequest, RequestFailed
from stagedoor.hub import Catalogue, Change, Hub, MemoryStore
from stagedoor.services.emitter import Emitter
from stagedoor.services.loopback import Loopback, _clean_text
from stagedoor.strimertul import ChatMessage, read

PLATFORMS = {
    "twitch": "event/Twitch/ChatMessage",
    "youtube": "event/YouTube/Message",
    "kick": "event/Kick/ChatMessage",
    "trovo": "event/Trovo/ChatMessage",
}


class Stage:
    """Both services on a hub of their own, and somebody who hears all events."""

    def __init__(self) -> None:
        self.hub = Hub(MemoryStore(), Catalogue(keys.SPECS))
        self.heard: list[tuple[str, dict[str, object]]] = []
        self._opened = asyncio.Event()
        Emitter(Client(self.hub, SERVICE))
        Loopback(Client(self.hub, SERVICE))
        self.client = Client(self.hub, SERVICE, self._hear)
        self.client.subscribe_prefix("event/")
        self.client.subscribe_prefix("platform/")

    def _hear(self, change: Change) -> None:
        if change.key.startswith("event/"):
            self.heard.append((change.key, msgspec.json.decode(change.value)))
        elif not change.is_deletion:
            self._opened.set()

    async def ask(self, key: str, **request: object) -> dict[str, object]:
        answer = await self.client.call(key, msgspec.json.encode(request).decode())
        return msgspec.json.decode(answer, type=dict[str, object])

    async def refusal(self, key: str, **request: object) -> str:
        """Have a request refused; returns why."""
        with pytest.raises(RequestFailed) as caught:
            await self.ask(key, **request)
        return caught.value.reason

    @contextlib.asynccontextmanager
    async def open(self, **request: object) -> AsyncIterator[None]:
        """Keep a room open as a connection does, which ends the call when it ends."""
        self._opened.clear()
        call = asyncio.create_task(self.ask(keys.LOOPBACK_OPEN, **request))
        opened = asyncio.create_task(self._opened.wait())
        await asyncio.wait([call, opened], return_when=asyncio.FIRST_COMPLETED)
        assert not call.done()
        yield
        call.cancel()
        await asyncio.wait([call])

    async def say(self, **request: object) -> dict[str, object]:
        """Say something; returns the event's data."""
        self.heard.clear()
        await self.ask(keys.LOOPBACK_SAY, **{"platform": "twitch", "name": "Alice", "message": "hi", **request})
        [(_, data)] = self.heard
        return data

    async def send(self, platform: str = "twitch", **request: object) -> dict[str, object]:
        """Say something from an account of the platform, as ``SendMessage`` does; returns the event's data."""
        self.heard.clear()
        assert await self.ask(f"platform/{platform}/@send-message", **{"message": "hello", **request}) == {}
        [(_, data)] = self.heard
        return data

    def read(self, key: str) -> object:
        text = self.client.get(key)
        return msgspec.json.decode(text) if text else None


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    staged = Stage()
    yield staged
    await staged.hub.close()


def at(data: object, path: str) -> object:
    """The member at a path with dots."""
    for member in path.split("."):
        assert isinstance(data, dict), path
        data = data[member]
    return data


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_platform_is_connected_while_the_room_is_open(stage: Stage, platform: str) -> None:
    for _ in range(2):
        async with stage.open(platform=platform, broadcaster="Big Show"):
            assert "Big Show" in msgspec.convert(stage.read(f"platform/{platform}"), dict[str, object]).values()
            await stage.send(platform)
        assert stage.read(f"platform/{platform}") is None
        assert list(stage.hub.scan("platform/").take(9)) == []
        with pytest.raises(NoSuchRequest):
            await stage.send(platform)


async def test_accounts_are_written_as_the_protocol_has_them(stage: Stage) -> None:
    async with stage.open(platform="twitch"):
        accounts = msgspec.convert(stage.read("platform/twitch"), dict[str, object])
        names = {"broadcastUser": "Streamer", "broadcastUserName": "streamer"}
        names |= {"botUser": "StreamerBot", "botUserName": "streamerbot"}
        assert accounts.items() >= names.items()
        for spelling in ("broadcaster", "broadcast"):
            assert (accounts[f"{spelling}IsAffiliate"], accounts[f"{spelling}IsPartner"]) == (False, False)
        assert isinstance(accounts["broadcastUserId"], str)
        assert accounts["broadcastUserId"] != accounts["botUserId"]
    async with stage.open(platform="kick"):
        assert msgspec.convert(stage.read("platform/kick"), dict[str, object]).keys() == {
            *("broadcasterLogin", "broadcasterUserName", "broadcasterUserId", "broadcasterProfileUrl"),
            *("botLogin", "botUserName", "botUserId", "botProfileUrl"),
        }


@pytest.mark.parametrize(
    ("role", "badges"),
    [(None, {}), ("vip", {"vip": 1}), ("moderator", {"moderator": 1}), ("broadcaster", {"broadcaster": 1})],
)
async def test_what_is_said_at_twitch_is_what_the_chat_bot_hears(
    stage: Stage, role: str | None, badges: dict[str, int]
) -> None:
    async with stage.open(platform="twitch", broadcaster="Big Show"):
        data = await stage.say(name="Alice", message="hi; there", role=role)
        message = read(stage.client.get(keys.CHAT_MESSAGE), ChatMessage)
        assert (message.message, message.id, message.channel) == ("hi; there", data["messageId"], "bigshow")
        assert (message.user.name, message.user.display_name, message.user.badges) == ("alice", "Alice", badges)
        assert message.user.id == at(data, "user.id")
        assert message.raw.startswith("@badge-info=;")
        assert message.raw.endswith(":alice!alice@alice.tmi.twitch.tv PRIVMSG #bigshow :hi; there")
        assert (message.tags or {}).items() >= {"mod": str(int(role == "moderator")), "id": message.id}.items()


async def test_only_what_others_say_at_twitch_is_heard_by_the_chat_bot(stage: Stage) -> None:
    async with stage.open(platform="twitch"), stage.open(platform="kick"):
        await stage.send("twitch", bot=True)
        await stage.say(platform="kick")
        assert stage.client.get(keys.CHAT_MESSAGE) == ""


async def test_youtube_has_one_live_broadcast_while_it_is_open(stage: Stage) -> None:
    async with stage.open(platform="youtube"):
        [broadcast] = msgspec.convert(stage.read("platform/youtube/broadcasts"), list[dict[str, object]])
        channel = at(stage.read("platform/youtube"), "broadcastUserId")
        assert (broadcast["status"], broadcast["channelId"]) == ("live", channel)
        data = await stage.send("youtube", broadcastId=broadcast["id"])
        assert (at(data, "broadcast.id"), at(data, "user.id"), at(data, "user.isOwner")) == (
            broadcast["id"],
            channel,
            True,
        )
        assert (
            await stage.refusal("platform/youtube/@send-message", message="x", broadcastId="y") == "Broadcast not found"
        )
    assert stage.read("platform/youtube/broadcasts") is None


async def test_platform_that_is_connected_is_not_replaced(stage: Stage) -> None:
    async with stage.open(platform="twitch"):
        assert await stage.refusal(keys.LOOPBACK_OPEN, platform="twitch") == "twitch is connected already"
        async with stage.open(platform="kick"):
            await stage.send("kick")
        await stage.send("twitch")
    await stage.client.put("platform/twitch", '{"broadcastUser":"Real"}')
    assert await stage.refusal(keys.LOOPBACK_OPEN, platform="twitch") == "twitch is connected already"
    assert stage.read("platform/twitch") == {"broadcastUser": "Real"}


async def test_a_room_that_nobody_waits_for_is_not_opened(stage: Stage) -> None:
    await stage.client.put(keys.LOOPBACK_OPEN, '{"platform":"twitch"}')
    async with stage.open(platform="twitch"):
        assert stage.read("platform/twitch")


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_what_is_said_is_the_platforms_chat_event(stage: Stage, platform: str) -> None:
    async with stage.open(platform=platform):
        stage.heard.clear()
        answer = await stage.ask(keys.LOOPBACK_SAY, platform=platform, name="Alice Wonder", message=" hello\n there ")
        [(key, data)] = stage.heard
        assert key == PLATFORMS[platform]
        assert at(data, "message" if platform == "youtube" else "text") == "hello there"
        assert at(data, "user.name") == "Alice Wonder"
        assert at(data, "eventId" if platform == "youtube" else "messageId") == answer["messageId"]


async def test_chat_event_has_both_shapes_and_the_channel(stage: Stage) -> None:
    async with stage.open(platform="twitch", broadcaster="Big Show"):
        data = await stage.say(name="Alice", message="hi")
        assert (at(data, "message.message"), at(data, "message.displayName")) == ("hi", "Alice")
        assert (at(data, "message.channel"), at(data, "user.login")) == ("bigshow", "alice")
        assert data["parts"] == [{"type": "text", "text": "hi"}]
        assert (at(data, "meta.internal"), at(data, "isReply")) == (False, False)


@pytest.mark.parametrize(
    ("role", "name", "number"),
    [
        (None, "Alice", 1),
        ("viewer", "Alice", 1),
        ("vip", "Alice", 2),
        ("moderator", "Alice", 3),
        ("broadcaster", "Alice", 4),
        (None, "STREAMER", 4),
        ("viewer", "Streamer", 1),
    ],
)
async def test_speaker_has_a_role(stage: Stage, role: str | None, name: str, number: int) -> None:
    async with stage.open(platform="twitch"), stage.open(platform="youtube"):
        data = await stage.say(name=name, role=role)
        assert (at(data, "user.role"), at(data, "message.role")) == (number, number)
        data = await stage.say(platform="youtube", name=name, role=role)
        assert (at(data, "user.isOwner"), at(data, "user.isModerator")) == (number == 4, number == 3)


@pytest.mark.parametrize(("bot", "name", "role"), [(False, "Streamer", 4), (True, "StreamerBot", 3)])
@pytest.mark.parametrize("internal", [False, True, None])
async def test_sent_message_is_the_accounts_and_says_whether_it_is_internal(
    stage: Stage, bot: bool, name: str, role: int, internal: bool | None
) -> None:
    async with stage.open(platform="twitch"), stage.open(platform="kick"):
        data = await stage.send(bot=bot, internal=internal)
        assert (at(data, "user.name"), at(data, "user.role"), data["text"]) == (name, role, "hello")
        flag = internal is not False
        assert (at(data, "meta.internal"), at(data, "message.internal")) == (flag, flag)
        assert (await stage.send("kick", bot=bot, internal=internal))["isInternal"] is flag


async def test_reply_shows_what_it_answers_and_where_the_thread_began(stage: Stage) -> None:
    async with stage.open(platform="twitch"), stage.open(platform="kick"):
        asked = await stage.say(name="Alice", message="what is this?")
        first = await stage.send(message="a game", replyId=asked["messageId"])
        assert first["isReply"] is True
        assert first["reply"] == {
            "msgId": asked["messageId"],
            "userId": at(asked, "user.id"),
            "userLogin": "alice",
            "userName": "Alice",
            "msgBody": "what is this?",
            "threadMsgId": asked["messageId"],
            "threadUserLogin": "alice",
        }
        assert at(first, "message.reply.msgId") == asked["messageId"]
        second = await stage.send(message="a good one", replyId=first["messageId"])
        assert (at(second, "reply.userLogin"), at(second, "reply.threadMsgId")) == ("streamer", asked["messageId"])
        assert (await stage.send(replyId="never heard of"))["isReply"] is False
        asked = await stage.say(platform="kick", message="and this?")
        answer = await stage.send("kick", replyId=asked["messageId"])
        assert (at(answer, "reply.content"), at(answer, "reply.sender.name")) == ("and this?", "Alice")


async def test_same_name_is_the_same_person_in_other_events(stage: Stage) -> None:
    async with stage.open(platform="twitch"), stage.open(platform="youtube"):
        said = await stage.say(name="Alice B")
        await stage.ask(keys.EMIT, source="Twitch", type="Follow", data={"user": "Alice B"})
        assert stage.heard[-1][1]["user_id"] == at(said, "user.id")
        said = await stage.say(platform="youtube", name="Alice B")
        await stage.ask(keys.EMIT, source="YouTube", type="NewSponsor", data={"user": "Alice B"})
        assert at(stage.heard[-1][1], "user.id") == at(said, "user.id")


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"message": ""}, "Invalid parameter: message; it is empty"),
        ({"message": " \x1b\u202e\n"}, "Invalid parameter: message; it is empty"),
        ({"message": "x" * 501}, "Invalid parameter: message; it has 501 characters, and 500 are the most"),
        ({"message": 5}, "Invalid parameter: message"),
        ({"message": None}, "Missing parameter: message"),
        ({"name": "\x00"}, "Invalid parameter: name; it is empty"),
        ({"name": None}, "Missing parameter: name"),
        ({"role": "king"}, "Invalid parameter: role"),
        ({"platform": "facebook"}, "Invalid platform"),
        ({"platform": "kick"}, "no loopback room is open for kick"),
    ],
)
async def test_what_cannot_be_said_is_refused(stage: Stage, request_: dict[str, object], reason: str) -> None:
    async with stage.open(platform="twitch"):
        request = {"platform": "twitch", "name": "Alice", "message": "hi", **request_}
        assert await stage.refusal(keys.LOOPBACK_SAY, **request) == reason
        assert stage.heard == []


async def test_chat_text_carries_no_control_characters(stage: Stage) -> None:
    async with stage.open(platform="twitch"):
        data = await stage.say(name="\x1b]0;Al\u202eice\x07", message="\x1b[31mred\x07 \u2066turn\u2069 👩‍👩‍👧")
        assert (data["text"], at(data, "user.name")) == ("[31mred turn 👩‍👩‍👧", "]0;Alice")
        assert at(await stage.say(name="n" * 200), "user.name") == "n" * 50
        assert (await stage.say(message="x" * 500))["text"] == "x" * 500


@given(st.text())
def test_clean_text_is_short_and_harmless_or_refused(text: str) -> None:
    try:
        cleaned = _clean_text(text)
    except RequestFailed:
        return
    assert 0 < len(cleaned) <= 500
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in cleaned)
    assert _clean_text(cleaned) == cleaned


async def test_old_messages_are_forgotten(stage: Stage) -> None:
    async with stage.open(platform="twitch"):
        first = await stage.say()
        second = await stage.say()
        for _ in range(499):
            await stage.say()
        assert (await stage.send(replyId=first["messageId"]))["isReply"] is False
        assert (await stage.send(replyId=second["messageId"]))["isReply"] is False  # the answer before took its place
        last = await stage.say()
        assert (await stage.send(replyId=last["messageId"]))["isReply"] is True
