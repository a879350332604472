"""``stagedoor chat``: a chat room in the terminal, in which this machine stands for a streaming platform."""

import asyncio
import sys
from contextlib import aclosing
from typing import Final

import click
import msgspec

from stagedoor.cli.lines import read_lines
from stagedoor.cli.output import note, on_one_line
from stagedoor.cli.parameters import TEXT, target_options
from stagedoor.cli.reach import CALL_TIMEOUT_S, connected
from stagedoor.cli.target import Target
from stagedoor.keys import LOOPBACK_OPEN, LOOPBACK_SAY
from stagedoor.kilovolt import Change, Client, KilovoltError, RequestFailed, Watch
from stagedoor.services.loopback import CHAT_EVENTS, OpenRequest, Platform, Role, Said, SayRequest
from stagedoor.streamerbot.events.people import BROADCASTER, MODERATOR, VIP, person_of
from stagedoor.types import JsonObject

_HELP: Final = """\
What you type is said. What begins with a slash is for the room:
  /as NAME       speak as NAME from now on
  /viewer        speak as a viewer; so do /vip, /mod, /broadcaster
  /help          show this
  //text         say /text
Ctrl-D ends."""

_ROLES: Final[dict[str, Role]] = {
    "viewer": "viewer",
    "vip": "vip",
    "mod": "moderator",
    "moderator": "moderator",
    "broadcaster": "broadcaster",
}

_MARKS: Final[dict[object, str]] = {VIP: "[vip] ", MODERATOR: "[mod] ", BROADCASTER: "[broadcaster] "}

_NEWS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "Follow": ("follows", ()),
    "Cheer": ("cheers with {} bits", ("bits",)),
    "Raid": ("raids with {} viewers", ("viewers",)),
    "Sub": ("subscribes", ()),
    "ReSub": ("subscribes for month {}", ("cumulativeMonths",)),
    "GiftSub": ("gives a subscription to {}", ("recipientDisplayName",)),
    "GiftBomb": ("gives {} subscriptions", ("total",)),
    "Subscription": ("subscribes", ()),
    "Resubscription": ("subscribes for month {}", ("monthsSubscribed",)),
    "GiftSubscription": ("gives a subscription", ()),
    "MassGiftSubscription": ("gives {} subscriptions", ("count",)),
    "NewSubscriber": ("subscribes", ()),
    "NewSponsor": ("becomes a member", ()),
    "MemberMileStone": ("is a member for {} months", ("months",)),
    "MembershipGift": ("gives {} memberships", ("count",)),
    "SuperChat": ("pays {}", ("amount",)),
    "SuperSticker": ("pays {}", ("amount",)),
    "Announcement": ("announces", ()),
    "UserTimedOut": ("is timed out", ()),
    "UserBanned": ("is banned", ()),
}
"""The other events that are shown: what somebody does, and the members that the words need."""

_NEWS_LIMIT: Final = 100_000
"""What may wait for a slow terminal."""

_ERASE_LINE_ABOVE: Final = "\x1b[1A\x1b[2K\r"

_Event = Change | bytes | None | KilovoltError
"""Something happened, a line was typed, the typing has ended, the server has gone."""


@click.command(short_help="Open a chat room that stands for a platform.")
@click.option(
    "--platform",
    type=click.Choice(list(CHAT_EVENTS)),
    default="twitch",
    show_default=True,
    help="The platform to stand for.",
)
@click.option("--as", "name", metavar="NAME", type=TEXT, default="Viewer", show_default=True, help="Who speaks first.")
@click.option(
    "--broadcaster", metavar="NAME", type=TEXT, default="Streamer", show_default=True, help="Whose channel it is."
)
@target_options
def chat(target: Target, *, platform: Platform, name: str, broadcaster: str) -> None:
    """Stand for a streaming platform, and talk in its chat. Needs a running server.

    To overlays, bots and actions it is the platform's own chat: each line that you type becomes a chat message, what
    they say is printed, and so are follows, subscriptions and the like. Nothing leaves this machine. /help tells what
    else can be typed. Ctrl-D or Ctrl-C ends, and the platform is disconnected.

    With piped input, say every line, print what came of them, and end; the exit code is 1 if one was refused.

    \b
    Example:
      stagedoor chat
      stagedoor chat --platform youtube --as Alice
      echo "hello" | stagedoor chat --as Alice
    """
    room = Room(platform, name)
    asyncio.run(_chat(target, room, OpenRequest(platform, broadcaster)))
    if room.refused and not sys.stdin.isatty():
        raise click.ClickException(f"{room.refused} lines could not be said")


async def _chat(target: Target, room: "Room", request: OpenRequest) -> None:
    source, _ = CHAT_EVENTS[request.platform]
    async with (
        connected(target) as client,
        client.watch_prefix(f"event/{source}/", limit=_NEWS_LIMIT) as news,
        client.watch(f"platform/{request.platform}") as accounts,
    ):
        opening = asyncio.create_task(client.call_json(LOOPBACK_OPEN, request, timeout_s=CALL_TIMEOUT_S))
        connecting = asyncio.create_task(anext(accounts))
        try:
            await asyncio.wait([opening, connecting], return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                await opening
            accounts.close()
            note(f"this is {request.platform}, and you are {on_one_line(room.name)}; /help tells what to type")
            await room.attend(client, news)
        except RequestFailed as error:
            raise click.ClickException(error.details) from error
        finally:
            opening.cancel()
            connecting.cancel()
            await asyncio.gather(opening, connecting, return_exceptions=True)


class Room:
    """Where people talk: says what is typed, prints what happens."""

    def __init__(self, platform: Platform, name: str) -> None:
        self.name = name
        self.refused = 0
        """How much of what was typed could not be done."""
        self._platform = platform
        self._role: Role | None = None
        self._events: asyncio.Queue[_Event] = asyncio.Queue(maxsize=100)
        self._last_said: str | None = None
        """The last message that was said and is not printed yet."""

    async def attend(self, client: Client, news: Watch) -> None:
        """Talk until the end of the typing.

        Raises:
            KilovoltError: When the server has gone.
        """
        pumps = [asyncio.create_task(self._pump(news)), asyncio.create_task(self._type())]
        has_ended = False
        try:
            while not has_ended or self._last_said is not None:
                event = await self._events.get()
                if event is None:
                    has_ended = True
                elif isinstance(event, KilovoltError):
                    raise event
                elif isinstance(event, bytes):
                    await self._take_line(client, event.decode(errors="replace").strip())
                else:
                    self._show(event)
        finally:
            for pump in pumps:
                pump.cancel()

    async def _pump(self, news: Watch) -> None:
        try:
            async for change in news:
                await self._events.put(change)
        except KilovoltError as error:
            await self._events.put(error)

    async def _type(self) -> None:
        async with aclosing(read_lines()) as lines:
            async for line in lines:
                await self._events.put(line)
        await self._events.put(None)

    async def _take_line(self, client: Client, line: str) -> None:
        if line.startswith("/") and not line.startswith("//"):
            self._obey(line[1:])
        elif line:
            request = SayRequest(self._platform, self.name, line.removeprefix("/"), self._role)
            try:
                said = await client.call_json(LOOPBACK_SAY, request, Said)
            except RequestFailed as error:
                self._complain(error.details)
            else:
                self._last_said = said.message_id if said else None
                if sys.stdin.isatty() and sys.stdout.isatty():
                    # It is printed again with the name of who said it.
                    click.echo(_ERASE_LINE_ABOVE, nl=False)

    def _obey(self, command: str) -> None:
        word, _, rest = command.partition(" ")
        if word == "as" and rest.strip():
            self.name, self._role = rest.strip(), None
        elif word in _ROLES:
            self._role = _ROLES[word]
        elif word == "help":
            note(_HELP)
        else:
            self._complain(f"there is no /{on_one_line(command)}; /help tells what there is")

    def _complain(self, problem: str) -> None:
        self.refused += 1
        note(problem)

    def _show(self, change: Change) -> None:
        try:
            data = msgspec.json.decode(change.value, type=JsonObject)
        except msgspec.DecodeError:
            return
        type_ = change.key.rpartition("/")[2]
        if type_ == CHAT_EVENTS[self._platform][1]:
            click.echo(on_one_line(_describe_message(data)))
            if self._last_said in (data.get("messageId"), data.get("eventId")):
                self._last_said = None
        elif type_ in _NEWS:
            click.echo(on_one_line(_describe_news(type_, data)))


def _describe_message(data: JsonObject) -> str:
    user = data.get("user")
    person = user if isinstance(user, dict) else {}
    role = person.get("role")
    if person.get("isOwner") is True:
        role = BROADCASTER
    elif person.get("isModerator") is True:
        role = MODERATOR
    mark = _MARKS[role] if role in (VIP, MODERATOR, BROADCASTER) else ""
    return f"{mark}{person_of(user, data).name}: {_text_of(data)}"


def _describe_news(type_: str, data: JsonObject) -> str:
    words, members = _NEWS[type_]
    name = person_of(data.get("user") or data.get("targetUser"), data).name or "somebody"
    text = _text_of(data)
    return f"* {name} {words.format(*(data.get(member) for member in members))}" + (f": {text}" if text else "")


def _text_of(data: JsonObject) -> str:
    """Find the words in an event, wherever its platform has them."""
    return next((text for member in ("text", "message") if isinstance(text := data.get(member), str)), "")
