"""Says messages in chat again and again, when viewers have written enough since.

Once a minute, at its beginning, all timers are looked at, and at most one speaks: of those that are due the one that
has waited longest. So a timer may be late, but many that are due at once do not flood the chat.
"""

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Final

from stagedoor import bot
from stagedoor.access import Client, Clock, Timer
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Change, Write
from stagedoor.keys import CHAT_ACTIVITY, CHAT_MESSAGE, STREAM_INFO, TIMERS_CONFIG
from stagedoor.strimertul import Stream, read, write
from stagedoor.strimertul import Timer as Settings
from stagedoor.strimertul import Timers as AllSettings
from stagedoor.types import Value

logger = logging.getLogger(__name__)

SHORTEST_DELAY_S: Final = 60
"""Seconds between two messages of one timer, however few it is set to."""

WINDOW: Final = 5
"""Whole minutes of chat that count as activity."""

_TOLERANCE_S: Final = 2.0
"""A timer that is due so soon speaks now: two clocks that run apart a little must not cost it a minute."""

_MINUTE_S: Final = 60

Draw = Callable[[Sequence[str]], str]


class Timers:
    """Follows the chat and the timers' settings. ``now`` is Unix time; ``draw`` takes one of several messages."""

    def __init__(
        self, client: Client, clock: Clock, *, now: Callable[[], float] = time.time, draw: Draw = random.choice
    ) -> None:
        self._client = client
        self._clock = clock
        self._now = now
        self._draw = draw
        self._timers: dict[str, Settings] = {}
        self._since: dict[str, float] = {}
        """Of each timer that was seen switched on, by name, from when its delay counts: when it last spoke, or else
        when it was first seen."""
        self._said: dict[str, str] = {}
        """By name, what a timer said last."""
        self._counts: dict[int, int] = {}
        """Messages of chat by the minute in which they came, counted from 1970."""
        self._next_look: Timer | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        client.deliver = self._hear

    async def start(self) -> None:
        """Take the settings, and look at the timers from now on."""
        for key in (CHAT_MESSAGE, TIMERS_CONFIG, bot.TWITCH):
            self._client.subscribe(key)
        self._load(self._client.get(TIMERS_CONFIG))
        if self._client.get(bot.TWITCH):
            self._keep_default()
        self._wait_until(self._nearest_minute() + 1)

    async def close(self) -> None:
        """Say nothing any more."""
        self._client.close()
        if self._next_look is not None:
            self._next_look.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- hearing ---

    def _hear(self, change: Change) -> None:
        if change.key == CHAT_MESSAGE:
            if not change.is_deletion:
                minute = int(self._now() // _MINUTE_S)
                self._counts[minute] = self._counts.get(minute, 0) + 1
        elif change.key == TIMERS_CONFIG:
            self._load(change.value)
        elif not change.is_deletion:
            self._keep_default()

    def _load(self, stored: Value) -> None:
        """Go by these settings, as a whole. Those that cannot be read change nothing, and stay stored as they are."""
        try:
            self._timers = read(stored or "{}", AllSettings).timers or {}
        except ValueError as error:
            logger.error("the key %s is not valid, the timers go on as before: %s", TIMERS_CONFIG, error)
            return
        self._since = {name: at for name, at in self._since.items() if name in self._timers}
        self._said = {name: text for name, text in self._said.items() if name in self._timers}

    def _keep_default(self) -> None:
        self._go(bot.keep_default(self._client, TIMERS_CONFIG, write(AllSettings({}))))

    # --- once a minute ---

    def _nearest_minute(self) -> int:
        """Tell the minute whose beginning is nearest: a clock may call a little early or late."""
        return math.floor(self._now() / _MINUTE_S + 0.5)

    def _wait_until(self, minute: int) -> None:
        self._next_look = self._clock.call_later(minute * _MINUTE_S - self._now(), self._look)

    def _look(self) -> None:
        minute = self._nearest_minute()
        self._wait_until(minute + 1)
        window = range(minute - WINDOW, minute)
        self._tell_activity(window)
        activity = sum(self._counts.get(minute, 0) for minute in window)
        # Nothing of another time stays, whichever way the machine's clock was set.
        self._counts = {past: count for past, count in self._counts.items() if past in range(window[1], minute + 1)}
        now = self._clock.time()
        due = self._find_due(activity, now)
        # While nobody would hear, no timer loses its turn.
        if due and (self._speaking is None or self._speaking.done()) and bot.may_speak(self._client):
            self._speak(due, now)

    def _tell_activity(self, window: range) -> None:
        """Store the count of each minute, where it has another one: each write costs the disk one."""
        counts = [0] * WINDOW
        for minute in window:
            counts[minute % WINDOW] = self._counts.get(minute, 0)
        activity, stored = write(counts), self._client.get(CHAT_ACTIVITY)
        # Where no chat has ever been, nothing is written: who has not come for a bot finds no trace of it.
        if activity != stored and (stored or any(counts)):
            self._client.write([Write(CHAT_ACTIVITY, activity)], _log)

    def _find_due(self, activity: int, now: float) -> str | None:
        """Find the timer that is due and has waited longest; of several the first by name."""
        is_live = self._is_live()
        longest: tuple[float, str] | None = None
        for name, timer in sorted(self._timers.items()):
            if not timer.enabled:
                continue
            since = self._since.setdefault(name, now)
            waited = now - since - _delay(timer)
            if (
                waited >= -_TOLERANCE_S
                and activity >= timer.minimum_chat_activity
                and (timer.only_live is not True or is_live)
                and _texts(timer)
                and (longest is None or waited > longest[0])
            ):
                longest = waited, name
        return longest and longest[1]

    def _is_live(self) -> bool:
        try:
            return bool(read(self._client.get(STREAM_INFO) or "[]", list[Stream]))
        except ValueError:
            return False

    def _speak(self, name: str, now: float) -> None:
        """Let a timer say one of its messages, another one than the last time if it has several."""
        timer = self._timers[name]
        texts = _texts(timer)
        text = self._draw([text for text in texts if text != self._said.get(name)] or texts)
        # If it fails it is due at the next look, but behind those that are due now: so it is in nobody's way for ever.
        self._since[name] = now - _delay(timer) + _TOLERANCE_S
        self._speaking = self._go(self._say(name, text, now))

    async def _say(self, name: str, text: str, now: float) -> None:
        try:
            await bot.say(self._client, text)
        except RequestFailed as error:
            logger.warning("the timer %r could not speak and tries again: %s", name, error)
            return
        if name in self._timers:
            self._since[name], self._said[name] = now, text

    def _go(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _delay(timer: Settings) -> int:
    return max(timer.minimum_delay, SHORTEST_DELAY_S)


def _texts(timer: Settings) -> list[str]:
    """Tell what a timer can say; what is empty is nothing."""
    return [text for text in timer.messages or () if text.strip()]


def _log(error: StoreError | None) -> None:
    if error is not None:
        logger.error("the key %s could not be kept: %s", CHAT_ACTIVITY, error)
