"""Says things in the channel's chat: in order, no faster than Twitch takes them, and nothing that comes too late.

Twitch counts messages by account (20 in 30 seconds, 100 for the broadcaster and moderators) and shuts up for half an
hour who says more. So each account has a queue of its own. What waits longer than the moment that it was about is
dropped, and whoever asked for it is told.
"""

import asyncio
import contextlib
import logging
import re
from collections import deque
from collections.abc import Callable
from typing import Final

from stagedoor.access import Clock
from stagedoor.errors import RequestFailed
from stagedoor.services.twitch.errors import Account, HelixError, LoginNeeded, Unreachable
from stagedoor.services.twitch.helix import Helix
from stagedoor.services.twitch.timing import Pauses, sleep
from stagedoor.services.twitch.tokens import Tokens
from stagedoor.types import JsonObject

logger = logging.getLogger(__name__)

MAX_CHARACTERS: Final = 500
"""Of one message. Source: Twitch's reference of Send Chat Message."""

MAX_PARTS: Final = 3
"""Messages that a longer text becomes; the rest of it is cut off."""

MAX_WAITING: Final = 100
"""Texts in an account's queue; past it, more are refused."""

MAX_AGE_S: Final = 30.0

WINDOW_S: Final = 30.0
RATE: Final = 20
RATE_OF_MODERATORS: Final = 100
"""Messages in a window. Source: Twitch's guide to chat, section "Rate Limits"."""

_REMEMBERED: Final = 1000
"""Ids of messages that were sent; their echo comes within seconds."""

_BREAKS: Final = re.compile("\r\n|[\x00-\x1f\x7f\x85\u2028\u2029]")

_INVISIBLE: Final = " \U000e0000"
"""What other chat programs append to a message that is the same as the one before: Twitch drops it else."""


class Sender:
    """The queues. ``changed`` is told when what waits becomes more or less."""

    def __init__(
        self,
        helix: Helix,
        tokens: Tokens,
        clock: Clock,
        random: Callable[[], float],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._helix = helix
        self._tokens = tokens
        self._clock = clock
        self._random = random
        self._changed = changed
        self._lanes: dict[Account, _Lane] = {}
        self._moderators: set[str] = set()
        self._sent: dict[str, bool] = {}
        """Ids, the oldest first, and whether each message is internal."""

    @property
    def waiting(self) -> int:
        """How many texts are not said yet."""
        return sum(len(lane.queue) for lane in self._lanes.values())

    async def say(
        self, text: str, *, as_bot: bool = False, reply_to: str | None = None, is_internal: bool = True
    ) -> None:
        """Say ``text`` and wait until it is said; as the bot if it has an account here.

        ``is_internal`` is what :meth:`recognise` tells of it.

        Raises:
            RequestFailed: When there is nothing to say, too much waits already, or Twitch does not show it.
        Cancellation: what was not sent yet is not sent any more.
        """
        parts = split(plain(text))
        if not parts:
            raise RequestFailed("Invalid parameter: message; it is empty")
        account = choose_account(self._tokens, as_bot=as_bot)
        lane = self._lanes.get(account)
        if lane is None:
            lane = self._lanes[account] = _Lane(account)
            lane.worker = asyncio.get_running_loop().create_task(self._work(lane))
        if len(lane.queue) >= MAX_WAITING:
            raise RequestFailed(f"{MAX_WAITING} messages wait to be said already")
        saying = _Saying(parts, reply_to, is_internal, self._clock.time())
        lane.queue.append(saying)
        lane.filled.set()
        self._changed()
        await saying.outcome

    def recognise(self, message_id: str, account_id: str, text: str) -> bool | None:
        """Hear a chat message, and tell whether it is internal; ``None`` for one that was not said here.

        Its echo may come before Twitch's answer, which tells its id, or when that answer is lost; then its author and
        its text tell it.
        """
        if (is_internal := self._sent.get(message_id)) is not None:
            return is_internal
        for lane in self._lanes.values():
            user = self._tokens.user(lane.account)
            # Twitch puts the name of who is replied to before a reply.
            if lane.on_its_way and user is not None and user.id == account_id and text.endswith(lane.on_its_way):
                self._note_sent(message_id, is_internal=lane.is_internal)
                lane.has_echoed = True
                return lane.is_internal
        return None

    def note_rank(self, account_id: str, *, is_moderator: bool) -> None:
        """Learn whether an account may say more."""
        if is_moderator:
            self._moderators.add(account_id)
        else:
            self._moderators.discard(account_id)

    async def close(self) -> None:
        """Give up what waits; it can be gone on with."""
        lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            if lane.worker is not None:
                lane.worker.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await lane.worker
            for saying in lane.queue:
                saying.fail("Twitch is not connected any more")
        self._changed()

    async def _work(self, lane: "_Lane") -> None:
        while True:
            await lane.filled.wait()
            saying = lane.queue[0]
            try:
                for part in saying.parts:
                    await self._wait_for_turn(lane, saying)
                    await self._send(lane, saying, part)
            except RequestFailed as error:
                saying.fail(error.reason)
            except Exception:
                logger.exception("a chat message could not be sent")
                saying.fail("the service failed; its log says why")
            else:
                saying.succeed()
            lane.queue.popleft()
            if not lane.queue:
                lane.filled.clear()
            self._changed()

    async def _wait_for_turn(self, lane: "_Lane", saying: "_Saying") -> None:
        """Wait until the account may say one more.

        Raises:
            RequestFailed: When that takes too long.
        """
        while len(lane.moments) >= self._rate_of(lane.account):
            turn = lane.moments[0] + WINDOW_S
            if turn <= self._clock.time():
                lane.moments.popleft()
            else:
                self._check_age(saying, turn, "more was said than Twitch takes")
                await sleep(self._clock, turn - self._clock.time())
        self._check_age(saying, self._clock.time(), "more was said than Twitch takes")

    def _check_age(self, saying: "_Saying", moment: float, why: str) -> None:
        if saying.outcome.done() or moment - saying.asked_at > MAX_AGE_S:
            raise RequestFailed(f"it was not said within {MAX_AGE_S:g} s: {why}")

    def _rate_of(self, account: Account) -> int:
        return RATE_OF_MODERATORS if self._is_moderator(account) else RATE

    def _is_moderator(self, account: Account) -> bool:
        user, streamer = self._tokens.user(account), self._tokens.user("streamer")
        return user is not None and (streamer is None or user.id == streamer.id or user.id in self._moderators)

    async def _send(self, lane: "_Lane", saying: "_Saying", text: str) -> None:
        """Send one message, again and again while Twitch cannot take it and it is not too late."""
        if text == lane.last and not self._is_moderator(lane.account) and len(text + _INVISIBLE) <= MAX_CHARACTERS:
            text += _INVISIBLE
        lane.on_its_way, lane.is_internal, lane.has_echoed = text, saying.is_internal, False
        try:
            await self._send_until_said(lane, saying, text)
            lane.last = text
        finally:
            lane.on_its_way = ""

    async def _send_until_said(self, lane: "_Lane", saying: "_Saying", text: str) -> None:
        pauses = Pauses(self._random)
        # Twitch's answer may be lost although it has shown the message.
        while not lane.has_echoed:
            lane.moments.append(self._clock.time())
            try:
                message_id = await self._post(lane.account, text, saying.reply_to)
            except LoginNeeded as error:
                raise RequestFailed(str(error)) from error
            except Unreachable as error:
                problem = str(error)
            except HelixError as error:
                if error.status != 429:
                    raise RequestFailed(f"Twitch does not take it: {error.message}") from error
                problem = "Twitch is asked too often"
            else:
                self._note_sent(message_id, is_internal=saying.is_internal)
                return
            pause_s = pauses.take()
            self._check_age(saying, self._clock.time() + pause_s, problem)
            await sleep(self._clock, pause_s)

    async def _post(self, account: Account, text: str, reply_to: str | None) -> str:
        """Post one message; returns its id.

        Raises:
            RequestFailed: When Twitch took it and does not show it.
        """
        sender, streamer = self._tokens.user(account), self._tokens.user("streamer")
        if sender is None or streamer is None:
            raise RequestFailed("Twitch is not connected")
        body: JsonObject = {"broadcaster_id": streamer.id, "sender_id": sender.id, "message": text}
        if reply_to:
            body["reply_parent_message_id"] = reply_to
        answer = await self._helix.request("POST", "chat/messages", body=body, account=account)
        rows = answer.get("data")
        row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        if not row.get("is_sent"):
            reason = row.get("drop_reason")
            why = reason.get("message") if isinstance(reason, dict) else None
            raise RequestFailed(f"Twitch did not show it: {why or 'it does not say why'}")
        return str(row.get("message_id", ""))

    def _note_sent(self, message_id: str, *, is_internal: bool) -> None:
        self._sent[message_id] = is_internal
        if len(self._sent) > _REMEMBERED:
            del self._sent[next(iter(self._sent))]


class _Lane:
    """What one account has to say."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.queue: deque[_Saying] = deque()
        """The first of them is being said."""
        self.filled = asyncio.Event()
        self.moments: deque[float] = deque()
        """When the last messages were sent."""
        self.last = ""
        self.on_its_way = ""
        """The text that Twitch has not answered to yet."""
        self.is_internal = True
        """Whether that is internal."""
        self.has_echoed = False
        """Whether it was heard in chat nevertheless."""
        self.worker: asyncio.Task[None] | None = None


class _Saying:
    """A text, in the messages that it becomes."""

    def __init__(self, parts: list[str], reply_to: str | None, is_internal: bool, asked_at: float) -> None:
        self.parts = parts
        self.reply_to = reply_to
        self.is_internal = is_internal
        self.asked_at = asked_at
        self.outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def succeed(self) -> None:
        if not self.outcome.done():
            self.outcome.set_result(None)

    def fail(self, reason: str) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(RequestFailed(reason))


def choose_account(tokens: Tokens, *, as_bot: bool) -> Account:
    """Tell by which account something is to be said: by the bot's only while it is logged in."""
    is_there = as_bot and tokens.user("bot") is not None and not tokens.needs_login("bot")
    return "bot" if is_there else "streamer"


def plain(text: str) -> str:
    """Put a blank in the place of line breaks and other control characters."""
    return _BREAKS.sub(" ", text).strip()


def split(text: str) -> list[str]:
    """Cut a text into messages, between words where there are any."""
    parts: list[str] = []
    while text and len(parts) < MAX_PARTS:
        cut = len(text) if len(text) <= MAX_CHARACTERS else text.rfind(" ", 1, MAX_CHARACTERS + 1)
        if cut < 0:
            cut = MAX_CHARACTERS
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return parts
