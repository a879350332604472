"""Gives points to all who are in the chat, every so often, while the channel is live."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import msgspec

from stagedoor.access import Client, Clock
from stagedoor.access.clock import Timer
from stagedoor.errors import NoSuchRequest, RequestFailed, StoreError
from stagedoor.keys import LAST_AWARD, TWITCH_CHATTERS
from stagedoor.services.loyalty.books import Books, Page
from stagedoor.services.loyalty.people import MAX_NAME_CHARACTERS, Person, points_key
from stagedoor.strimertul import LoyaltyConfig

logger = logging.getLogger(__name__)

SHORTEST_INTERVAL_S: Final = 5
"""Twitch is asked at each award."""

_SOON: Final = 0.9
"""No award comes sooner after the last than in this part of the interval, however often stagedoor is started."""

_PART: Final = 250
"""Balances that are written at once. More would hold up everybody else; before the next part the disk has this one."""

_MAX_ACTIVE: Final = 100_000
"""Who wrote something, as many as are remembered."""


class _Chatter(msgspec.Struct):
    id: str
    login: str
    name: str = ""


class _Chatters(msgspec.Struct):
    chatters: list[_Chatter]


_chatters_decoder: Final = msgspec.json.Decoder(_Chatters)


class Awards:
    """Plans one round after the other, by the settings as they are at each.

    Args:
        is_excluded: Makes what tells whether a login earns nothing, as it is now.
        now: Tells Unix time.
    """

    def __init__(
        self,
        client: Client,
        books: Books,
        is_excluded: Callable[[], Callable[[str], bool]],
        clock: Clock,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._books = books
        self._is_excluded = is_excluded
        self._clock = clock
        self._now = now
        self._config = LoyaltyConfig()
        self._is_live = False
        self._active: set[str] = set()
        """Logins that wrote something since the last award."""
        self._since: float | None = None
        """When the last round was, or the counting began; Unix time. ``None`` while there are no awards."""
        self._timer: Timer | None = None
        self._round: asyncio.Task[None] | None = None

    def configure(self, config: LoyaltyConfig) -> None:
        """Go on by these settings, from the next round on."""
        self._config = config
        self._plan()

    def set_live(self, is_live: bool) -> None:
        """Hear whether the channel is live. What was written before the stream counts for nothing."""
        if is_live and not self._is_live:
            self._active.clear()
        self._is_live = is_live

    def note_activity(self, login: str) -> None:
        """Hear that somebody wrote something."""
        if self._is_live and len(self._active) < _MAX_ACTIVE:
            self._active.add(login)

    async def close(self) -> None:
        """Plan nothing more. A round that is going on may have given to some."""
        if self._timer is not None:
            self._timer.cancel()
        if self._round is not None:
            self._round.cancel()
            await asyncio.gather(self._round, return_exceptions=True)

    async def wait(self) -> None:
        """Wait until the round that goes on is over. Cancellation: safe."""
        if self._round is not None:
            await asyncio.wait([self._round])

    # --- when ---

    @property
    def _interval_s(self) -> int:
        """How long a round takes; 0 when there are none."""
        config = self._config
        is_on = config.enabled and config.points.interval > 0
        return max(config.points.interval, SHORTEST_INTERVAL_S) if is_on else 0

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        interval_s = self._interval_s
        if not interval_s:
            self._since = None
        elif self._round is None:
            now = self._now()
            if self._since is None:
                ago_s = self._since_last_award_s()
                # After a short break the rhythm goes on, after a long one it begins anew.
                self._since = now if ago_s is None or ago_s > 2 * interval_s else now - ago_s
            wait_s = max(0.0, min(self._since + interval_s - now, interval_s))
            self._timer = self._clock.call_later(wait_s, self._start_round)

    def _since_last_award_s(self) -> float | None:
        """Tell how long ago the last award was; ``None`` when there was none, or the clock was set back since."""
        try:
            ago_s = self._now() - msgspec.json.decode(self._client.get(LAST_AWARD), type=float)
        except (msgspec.DecodeError, StoreError):
            return None
        return ago_s if ago_s >= 0 else None

    def _start_round(self) -> None:
        self._timer = None
        self._round = asyncio.get_running_loop().create_task(self._go_round())

    async def _go_round(self) -> None:
        try:
            await self._award()
        except (NoSuchRequest, RequestFailed) as error:
            logger.warning("no points were given, as nobody knows who is in the chat: %s", error)
        except StoreError as error:
            logger.error("points could not be given to all: %s", error)
        except Exception:
            logger.exception("no points were given")
        finally:
            self._round = None
            self._since = self._now()
        self._plan()

    # --- what ---

    async def _award(self) -> None:
        ago_s = self._since_last_award_s()
        if not self._is_live or (ago_s is not None and ago_s < _SOON * self._interval_s):
            return
        answer = await self._client.call(TWITCH_CHATTERS, "{}")
        if not self._interval_s or not self._is_live:
            return
        try:
            chatters = _chatters_decoder.decode(answer).chatters
        except (msgspec.DecodeError, UnicodeError) as error:
            raise RequestFailed(f"the answer is not valid: {error}") from error
        share_of = self._decide_shares()
        given: set[str] = set()
        for start in range(0, len(chatters), _PART):
            shares: list[tuple[Person, int]] = []
            for chatter in chatters[start : start + _PART]:
                login = chatter.login.lower()
                if login not in given and (points := share_of(login, chatter.id)) > 0:
                    given.add(login)
                    shares.append((Person(chatter.id, login, chatter.name or login), points))
            if shares:
                await self._books.turn(partial(give, shares))

    def _decide_shares(self) -> Callable[[str, str], int]:
        """Tell how much each gets, by what is so now; who writes from now on is active in the next round."""
        points = self._config.points
        is_excluded = self._is_excluded()
        active, self._active = self._active, set()

        def share_of(login: str, id_: str) -> int:
            if not login or len(login + id_) > MAX_NAME_CHARACTERS or is_excluded(login):
                return 0
            return points.amount + (points.activity_bonus if login in active else 0)

        return share_of


def give(shares: Sequence[tuple[Person, int]], page: Page) -> None:
    """Give to some of them, and note when, so that a crash between two parts makes nobody get it twice."""
    page.put(LAST_AWARD, page.now)
    for person, points in shares:
        try:
            page.welcome(person)
            page.add(points_key(person.login), points, person)
        except ValueError as error:
            logger.warning("%s is given nothing: %s", person.login, error)
