"""Hears what happens in the channel, chooses what is said of it, and says it."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

import msgspec

from stagedoor import bot
from stagedoor.access import Client, Clock, Timer
from stagedoor.errors import RequestFailed
from stagedoor.hub import Change
from stagedoor.keys import ALERTS_CONFIG, EVENTSUB_EVENT, PREVIEW_ALERT
from stagedoor.services.alerts.happenings import (
    PARTS,
    SAMPLES,
    TOPICS,
    Gift,
    Happening,
    Subscription,
    read_happening,
    struct_of,
)
from stagedoor.services.alerts.variations import find_variation
from stagedoor.strimertul import Alerts as Settings
from stagedoor.strimertul import Cheer, Follow, GiftSub, Raid, read, read_object, write
from stagedoor.strimertul import Subscription as Subscribed
from stagedoor.templates import Struct, Template, TemplateFailed, TemplateSyntaxError
from stagedoor.types import JsonObject, Value

logger = logging.getLogger(__name__)

MERGED_WITHIN_S: Final = 3.0
"""How long a subscription waits for the other event that Twitch may tell of it."""

GIFT_COVERS_S: Final = 10.0
"""How long after a gift those who get one of its subscriptions come."""

MAX_UNDER_WAY: Final = 200
"""Alerts that are worked out or wait to be said; more than the chat takes in minutes is said by nobody."""

_COMPILED: Final = 256
"""Templates that are kept ready."""

Draw = Callable[[Sequence[str]], str]


class Templates(Protocol):
    """Runs templates with the functions of the bot."""

    def compile(self, source: str) -> Template:
        """Compile a template.

        Raises:
            TemplateSyntaxError: When it is none.
        """
        ...

    async def run_on(self, template: Template, data: Struct, *, is_trial: bool = False) -> str:
        """Return what a template makes of an event, as one line; a trial changes nothing.

        Raises:
            TemplateFailed: When the run fails.
        """
        ...


class _Topic(msgspec.Struct):
    type: str


class _Notification(msgspec.Struct):
    """As much of a notification as alerts need."""

    subscription: _Topic
    event: dict[str, object]


class _Pending(NamedTuple):
    """A subscription that waits for more to be told of it."""

    subscription: Subscription
    at: float
    """When it began to wait."""
    timer: Timer


class _Messages(NamedTuple):
    """What can be said of an event."""

    base: list[str]
    variation: list[str] | None = None
    """Instead of the base; ``None`` where there is no variation for it."""
    number: int | None = None
    """The variation's place in the list."""


class Alerts:
    """Follows the events and the alerts' settings. ``draw`` takes one of several messages."""

    def __init__(self, client: Client, templates: Templates, clock: Clock, *, draw: Draw = random.choice) -> None:
        self._client = client
        self._templates = templates
        self._clock = clock
        self._draw = draw
        self._settings = Settings()
        self._compiled = lru_cache(_COMPILED)(self._try_to_compile)
        self._pending: dict[str, _Pending] = {}
        """By viewer."""
        self._gift_at = float("-inf")
        """When a gift was told last."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_flooded = False
        """Whether the last alert was left out."""
        client.deliver = self._hear
        self._retire = client.serve(PREVIEW_ALERT, self._preview)

    async def start(self) -> None:
        """Take the settings, and follow the events from now on."""
        for key in (EVENTSUB_EVENT, ALERTS_CONFIG, bot.TWITCH):
            self._client.subscribe(key)
        self._load(self._client.get(ALERTS_CONFIG))
        if self._client.get(bot.TWITCH):
            self._keep_default()

    async def close(self) -> None:
        """Say nothing any more."""
        self._retire()
        self._client.close()
        for pending in self._pending.values():
            pending.timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- hearing ---

    def _hear(self, change: Change) -> None:
        if change.key == ALERTS_CONFIG:
            self._load(change.value)
        elif not change.value:
            return  # a deletion; strimertül's tools write an empty text instead
        elif change.key == EVENTSUB_EVENT:
            self._take(change.value)
        else:
            self._keep_default()

    def _load(self, stored: Value) -> None:
        """Go by these settings, as a whole. Those that cannot be read change nothing, and stay stored as they are."""
        try:
            self._settings = read(stored or "{}", Settings)
        except ValueError as error:
            logger.error("the key %s is not valid, alerts go on as before: %s", ALERTS_CONFIG, error)

    def _keep_default(self) -> None:
        self._go(bot.keep_default(self._client, ALERTS_CONFIG, write(Settings())))

    def _take(self, value: Value) -> None:
        """Take what happened; what cannot be read is nothing to talk of."""
        try:
            told = read(value, _Notification)
            if told.subscription.type not in TOPICS:
                return
            happening = read_happening(told.subscription.type, told.event)
        except ValueError as error:
            logger.warning("an event is told in a way that cannot be read: %s", error)
            return
        if isinstance(happening, Subscription):
            self._collect(happening)
        else:
            self._answer(happening)

    def _collect(self, subscription: Subscription) -> None:
        """Wait for what else is told of a subscription: one event says that it is a gift, the other for how long."""
        viewer = subscription.user_id or subscription.user_login
        pending = self._pending.get(viewer)
        if pending is None:
            timer = self._clock.call_later(MERGED_WITHIN_S, lambda: self._release(viewer))
            self._pending[viewer] = _Pending(subscription, self._clock.time(), timer)
        else:
            self._pending[viewer] = pending._replace(subscription=pending.subscription.merged(subscription))

    def _release(self, viewer: str) -> None:
        pending = self._pending.pop(viewer)
        gifts = self._settings.gift_sub
        if (
            pending.subscription.is_gift
            and gifts.silence_gift_recipients is True
            and self._gift_at >= pending.at - GIFT_COVERS_S
        ):
            return
        self._answer(pending.subscription)

    # --- answering ---

    def _answer(self, happening: Happening) -> None:
        """Say something of an event, if the settings have something, and anybody would hear it."""
        messages = _find_messages(self._settings, happening)
        text = None if messages is None else self._draw_from(messages)
        if text is None or not bot.may_speak(self._client):
            return
        if isinstance(happening, Gift):
            self._gift_at = self._clock.time()
        if len(self._tasks) >= MAX_UNDER_WAY:
            if not self._is_flooded:
                logger.warning("alerts are left out: too many wait to be said")
            self._is_flooded = True
            return
        self._is_flooded = False
        self._go(self._say(text, happening))

    def _draw_from(self, messages: _Messages) -> str | None:
        """Draw the template that is run, or said as it is when it is broken."""
        base = self._draw(messages.base) if messages.base else None
        if base is not None and isinstance(self._compiled(base), TemplateSyntaxError):
            return base
        if messages.variation is None:
            return base
        if not messages.variation:
            return None
        other = self._draw(messages.variation)
        problem = self._compiled(other)
        if isinstance(problem, TemplateSyntaxError):
            logger.warning("a variation of an alert is broken, %s: %.100r", problem, other)
            return base
        return other

    async def _say(self, source: str, happening: Happening) -> None:
        template = self._compiled(source)
        if isinstance(template, TemplateSyntaxError):
            logger.warning("an alert is broken and said as it is, %s: %.100r", template, source)
            text = source
        else:
            try:
                text = await self._templates.run_on(template, struct_of(happening))
            except TemplateFailed as error:
                logger.warning("an alert failed, %s: %.100r", error, source)
                return
        if not text.strip():
            return
        try:
            await bot.say(self._client, text)
        except RequestFailed as error:
            logger.warning("an alert could not be said: %s", error)

    def _try_to_compile(self, source: str) -> Template | TemplateSyntaxError:
        try:
            return self._templates.compile(source)
        except TemplateSyntaxError as error:
            return error

    def _go(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- the preview ---

    async def _preview(self, value: Value) -> Value:
        topic, event, config = _read_request(value)
        if topic not in TOPICS:
            return write({"part": None, "messages": []})
        try:
            happening = read_happening(topic, {**SAMPLES[topic], **event})
            settings = read(self._client.get(ALERTS_CONFIG) or "{}", Settings) if config is None else config
        except ValueError as error:
            raise RequestFailed(f"Invalid parameter: event or config; {error}") from error
        messages = _find_messages(settings, happening)
        told = [] if messages is None else [await self._try(*each, happening) for each in self._drawable(messages)]
        return write({"part": PARTS[type(happening)], "messages": told})

    def _drawable(self, messages: _Messages) -> list[tuple[str, int | None]]:
        """Tell every message that :meth:`_draw_from` could draw, and which variation it is from."""
        base: list[tuple[str, int | None]] = [(text, None) for text in messages.base]
        if messages.variation is None:
            return base
        broken = [each for each in base if self._is_broken(each[0])]
        if base and len(broken) == len(base):
            return base
        others = [(text, messages.number) for text in messages.variation]
        # What is broken in a variation is not said: what would be said without it is.
        is_base_left = any(self._is_broken(text) for text in messages.variation)
        return broken + others + ([each for each in base if each not in broken] if is_base_left else [])

    def _is_broken(self, source: str) -> bool:
        return isinstance(self._compiled(source), TemplateSyntaxError)

    async def _try(self, source: str, variation: int | None, happening: Happening) -> JsonObject:
        """Tell what a template would say, without doing anything."""
        await asyncio.sleep(0)  # others have their turn between two templates that take long
        template = self._compiled(source)
        output: str | None = None
        problem: str | None = None
        if isinstance(template, TemplateSyntaxError):
            output, problem = source if variation is None else None, str(template)
        else:
            try:
                output = await self._templates.run_on(template, struct_of(happening), is_trial=True)
            except TemplateFailed as error:
                problem = str(error)
        return {"template": source, "output": output, "problem": problem, "variation": variation}


def _find_messages(settings: Settings, happening: Happening) -> _Messages | None:
    """Find what can be said of an event; ``None`` when its part is switched off."""
    part: Follow | Subscribed | GiftSub | Raid | Cheer = getattr(settings, PARTS[type(happening)])
    if not part.enabled:
        return None
    base = _texts(part.messages)
    index = find_variation(settings, happening)
    if index is None or isinstance(part, Follow) or part.variations is None:
        return _Messages(base)
    return _Messages(base, _texts(part.variations[index].messages), index)


def _texts(messages: list[str] | None) -> list[str]:
    return [text for text in messages or () if text.strip()]


def _read_request(value: Value) -> tuple[str, JsonObject, Settings | None]:
    """Read what is to be previewed: the topic, what of the event differs from the sample, the settings.

    Raises:
        RequestFailed: Naming what is wrong.
    """
    try:
        request = msgspec.json.decode(value, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise RequestFailed("expected a topic, and maybe an event and a config") from error
    topic, event, config = (request.get(name) for name in ("topic", "event", "config"))
    if not isinstance(topic, str):
        raise RequestFailed("Missing parameter: topic")
    if not isinstance(event, dict | None):
        raise RequestFailed("Invalid parameter: event; it is an object")
    try:
        return topic, event or {}, None if config is None else read_object(config, Settings)
    except ValueError as error:
        raise RequestFailed(f"Invalid parameter: config; {error}") from error
