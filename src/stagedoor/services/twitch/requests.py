"""Answers what the other services and applications ask of Twitch: to say something, who is in chat, what a channel is.

Everything can be asked at any time. Without a connection it fails with a reason.
"""

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Literal, TypeVar

import msgspec

from stagedoor.access import Client, Clock
from stagedoor.errors import RequestFailed
from stagedoor.keys import TWITCH_ANNOUNCE, TWITCH_CHANNEL, TWITCH_CHATTERS, TWITCH_WHISPER
from stagedoor.parameters import read_parameters
from stagedoor.services.twitch.errors import Account, Refused, TwitchError
from stagedoor.services.twitch.helix import Helix
from stagedoor.services.twitch.sending import MAX_CHARACTERS, Sender, choose_account, plain
from stagedoor.services.twitch.tokens import Tokens, User
from stagedoor.types import JsonObject, Value

SAY: Final = "platform/twitch/@send-message"
SAY_TIMEOUT_S: Final = 60.0
"""A message may wait for half of it; Twitch's answers take their time on top."""

MAX_WHISPER_CHARACTERS: Final = 500
"""To somebody who was never whispered to; others get up to 10,000. Source: Twitch's reference of Send Whisper."""

MAX_CHATTERS: Final = 100_000

CHANNEL_FRESH_S: Final = 60.0
"""How long what a channel is is not asked again."""

_CHANNELS: Final = 500
"""How many channels are remembered so."""

_NAME: Final = re.compile(r"\w{1,50}")

R = TypeVar("R")


class _Say(msgspec.Struct, rename="camel"):
    message: str
    bot: bool = False
    internal: bool = True
    reply_id: str | None = None


class _Announce(msgspec.Struct):
    message: str
    color: Literal["primary", "blue", "green", "orange", "purple"] = "primary"
    bot: bool = False


class _Whisper(msgspec.Struct):
    to: str
    message: str
    bot: bool = False


class _Find(msgspec.Struct):
    name: str


class _Chatter(msgspec.Struct):
    user_id: str = ""
    user_login: str = ""
    user_name: str = ""


class _Channel(msgspec.Struct):
    id: str = ""
    broadcaster_login: str = ""
    display_name: str = ""
    game_name: str = ""
    title: str = ""
    is_live: bool = False


class Requests:
    """Serves them. To say something in chat can be asked for only while :meth:`open` holds."""

    def __init__(self, client: Client, helix: Helix, tokens: Tokens, sender: Sender, clock: Clock) -> None:
        self._client = client
        self._helix = helix
        self._tokens = tokens
        self._sender = sender
        self._clock = clock
        self._channels: OrderedDict[str, tuple[float, Value]] = OrderedDict()
        """Answers by name, each with when it was found; the oldest first."""
        self._retire_say: Callable[[], None] | None = None
        self._retire = [
            client.serve(TWITCH_ANNOUNCE, self._answer(_Announce, self._announce)),
            client.serve(TWITCH_WHISPER, self._answer(_Whisper, self._whisper)),
            client.serve(TWITCH_CHATTERS, self._answer(None, self._list_chatters)),
            client.serve(TWITCH_CHANNEL, self._answer(_Find, self._find_channel)),
        ]

    def open(self) -> None:
        """Let things be said: there is a connection now.

        Raises:
            ValueError: When somebody else stands for Twitch.
        """
        if self._retire_say is None:
            self._retire_say = self._client.serve(SAY, self._answer(_Say, self._say), timeout_s=SAY_TIMEOUT_S)

    def shut(self) -> None:
        """Undo :meth:`open`."""
        if self._retire_say is not None:
            self._retire_say()
            self._retire_say = None

    def close(self) -> None:
        """Serve no more."""
        self.shut()
        for retire in self._retire:
            retire()

    # --- what is asked ---

    async def _say(self, request: _Say) -> Value:
        await self._sender.say(
            request.message, as_bot=request.bot, reply_to=request.reply_id, is_internal=request.internal
        )
        return "{}"

    async def _announce(self, request: _Announce) -> Value:
        text = plain(request.message)[:MAX_CHARACTERS]
        if not text:
            raise RequestFailed("Invalid parameter: message; it is empty")
        account, speaker = self._speaker(as_bot=request.bot)
        await self._helix.request(
            "POST",
            "chat/announcements",
            params={"broadcaster_id": self._streamer.id, "moderator_id": speaker.id},
            body={"message": text, "color": request.color},
            account=account,
        )
        return "{}"

    async def _whisper(self, request: _Whisper) -> Value:
        text = plain(request.message)[:MAX_WHISPER_CHARACTERS]
        if not text:
            raise RequestFailed("Invalid parameter: message; it is empty")
        account, speaker = self._speaker(as_bot=request.bot)
        await self._helix.request(
            "POST",
            "whispers",
            params={"from_user_id": speaker.id, "to_user_id": request.to},
            body={"message": text},
            account=account,
        )
        return "{}"

    async def _list_chatters(self) -> Value:
        own_id = self._streamer.id
        rows = await self._helix.page(
            "chat/chatters", {"broadcaster_id": own_id, "moderator_id": own_id}, MAX_CHATTERS, page_size=1000
        )
        chatters = msgspec.convert(rows, list[_Chatter])
        return _encode(
            {"chatters": [{"id": one.user_id, "login": one.user_login, "name": one.user_name} for one in chatters]}
        )

    async def _find_channel(self, request: _Find) -> Value:
        name = request.name.strip().removeprefix("@").lower()
        if not _NAME.fullmatch(name):
            raise RequestFailed("Invalid parameter: name")
        now = self._clock.time()
        found_at, found = self._channels.get(name, (now - 2 * CHANNEL_FRESH_S, ""))
        if now - found_at < CHANNEL_FRESH_S:
            return found
        _ = self._streamer  # without whom nothing can be asked
        answer = await self._helix.request("GET", "search/channels", params={"query": name, "first": 20})
        channels = msgspec.convert(answer.get("data"), list[_Channel])
        if not channels:
            raise RequestFailed(f"Twitch knows no channel like {name}")
        channel = next((one for one in channels if one.broadcaster_login == name), channels[0])
        value = _encode(
            {
                "id": channel.id,
                "login": channel.broadcaster_login,
                "name": channel.display_name,
                "game": channel.game_name,
                "title": channel.title,
                "live": channel.is_live,
            }
        )
        self._channels[name] = (now, value)
        self._channels.move_to_end(name)
        if len(self._channels) > _CHANNELS:
            self._channels.popitem(last=False)
        return value

    # --- who asks Twitch ---

    @property
    def _streamer(self) -> User:
        streamer = self._tokens.user("streamer")
        if streamer is None:
            raise RequestFailed("Twitch is not connected")
        return streamer

    def _speaker(self, *, as_bot: bool) -> tuple[Account, User]:
        account = choose_account(self._tokens, as_bot=as_bot)
        return account, self._tokens.user(account) or self._streamer

    @staticmethod
    def _answer(kind: type[R] | None, handle: Callable[..., Awaitable[Value]]) -> Callable[[Value], Awaitable[Value]]:
        """Make a handler that reads its request, and tells what is wrong with Twitch in a sentence."""

        async def answer(value: Value) -> Value:
            try:
                return await (handle() if kind is None else handle(read_parameters(value, kind)))
            except Refused as error:
                raise RequestFailed(f"Twitch does not take it: {error.message}") from error
            except TwitchError as error:
                raise RequestFailed(str(error)) from error
            except msgspec.ValidationError as error:
                raise RequestFailed("Twitch's answer makes no sense") from error

        return answer


def _encode(value: JsonObject) -> Value:
    return msgspec.json.encode(value).decode()
