"""The Streamer.bot client for scripts without an event loop: the same methods, each of which blocks."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal, TypeVar, Unpack, overload

from stagedoor.remote import sync as remote
from stagedoor.remote.listener import QUEUE_LIMIT
from stagedoor.remote.sync import SyncSubscription
from stagedoor.streamerbot.client.client import DEFAULT_URL, Client, ClientOptions
from stagedoor.streamerbot.client.errors import ERRORS
from stagedoor.streamerbot.client.event import Event
from stagedoor.streamerbot.client.patterns import Events, EventTypes, Topic, parse_events
from stagedoor.streamerbot.client.requests import RESPONSE_TIMEOUT_S, Platform
from stagedoor.streamerbot.client.results import (
    Action,
    ActionRun,
    Broadcaster,
    CodeTrigger,
    Command,
    Credits,
    Emotes,
    Info,
    Pronouns,
    UserVariable,
    Variable,
    Viewer,
    YouTubeBroadcast,
)
from stagedoor.types import JsonObject

SyncHandler = Callable[[Event], object]
HandlerT = TypeVar("HandlerT", bound=SyncHandler)


class SyncWatch(remote.SyncWatch[Topic, Event]):
    """Events as an iterator; made by ``SyncClient.watch``.

    It hears them from its making on. It ends when it or the client is closed; for the rest, see
    :class:`~stagedoor.streamerbot.Watch`.
    """


class SyncClient(remote.SyncRemoteClient[Client]):
    """A Streamer.bot client whose methods block: ``with SyncClient(url, password=…) as client``.

    Every method does, and raises, what the one of the same name of :class:`~stagedoor.streamerbot.Client` does. They
    may be called from any thread, and from handlers; only ``on_state`` and ``on_message`` are called on the client's
    own thread and must not. Each handler runs in a thread of its own, one event after the other. An interrupt (Ctrl+C)
    ends the wait and cancels the request.
    """

    errors = ERRORS
    thread_name = "Streamer.bot client"

    def __init__(self, url: str = DEFAULT_URL, **options: Unpack[ClientOptions]) -> None:
        """Describe a client; :meth:`connect` opens it. The options are those of the asynchronous one."""
        super().__init__(Client(url, **options))
        self._threaded: dict[SyncHandler, SyncHandler] = {}
        self._threads: dict[SyncHandler, ThreadPoolExecutor] = {}

    def __repr__(self) -> str:
        return f"<SyncClient {self.url} {self.state.value}>"

    @property
    def info(self) -> Info:
        """What the application said of itself when the client last connected."""
        return self._client.info

    @property
    def is_authenticated(self) -> bool:
        """Whether the password was proved on the last connection."""
        return self._client.is_authenticated

    def close(self) -> None:
        """End the connection, the subscriptions and the client's thread. A closed client may be closed again."""
        try:
            super().close()
        finally:
            self._threads.clear()

    # --- events ---------------------------------------------------------------------------------------------------

    @overload
    def on(self, events: Events, *, limit: int = QUEUE_LIMIT) -> Callable[[HandlerT], HandlerT]: ...
    @overload
    def on(self, events: Events, handler: HandlerT, *, limit: int = QUEUE_LIMIT) -> HandlerT: ...

    def on(
        self, events: Events, handler: HandlerT | None = None, *, limit: int = QUEUE_LIMIT
    ) -> HandlerT | Callable[[HandlerT], HandlerT]:
        """Register a handler, as a decorator or with two arguments; before or after :meth:`connect`."""
        topic = parse_events(events)

        def register(handler: HandlerT) -> HandlerT:
            threaded = self._threaded.setdefault(handler, partial(self._call_in_thread, handler))
            self._on_loop(partial(self._client.on, map(str, topic), threaded, limit=limit))
            return handler

        return register if handler is None else register(handler)

    def off(self, events: Events | None = None, handler: SyncHandler | None = None) -> None:
        """Take back what :meth:`on` registered: for these events, or for all; every handler, or one."""
        threaded = None if handler is None else self._threaded.get(handler, handler)
        self._on_loop(partial(self._client.off, events, threaded))

    def watch(self, events: Events, *, limit: int = QUEUE_LIMIT, timeout_s: float | None = None) -> SyncWatch:
        """Begin to hear events: ``for event in client.watch("Twitch.*")``.

        ``limit`` events may wait to be taken. A wait of more than ``timeout_s`` raises :exc:`RequestTimeout`.
        """
        return SyncWatch(self._open_thread(), self._client.watch(events, limit=limit), timeout_s)

    def subscribe(self, events: Events, handler: SyncHandler, *, limit: int = QUEUE_LIMIT) -> SyncSubscription:
        """Have ``handler`` called with each of these events, in a thread of its own."""
        topic = parse_events(events)
        return self._subscribe(partial(self._client.subscribe, map(str, topic), limit=limit), topic.name, handler)

    def unsubscribe(self, events: Events) -> None:
        """Let nobody in this client hear these events any more."""
        self._run(self._client.unsubscribe(events))

    # --- requests -------------------------------------------------------------------------------------------------

    def send(self, message: JsonObject) -> None:
        """Send any JSON object as it is."""
        self._run(self._client.send(message))

    def request(
        self, name: str, parameters: Mapping[str, object] | None = None, *, timeout_s: float | None = None
    ) -> JsonObject:
        """Make any request, and return its answer as it comes."""
        return self._run(self._client.request(name, parameters, timeout_s=timeout_s))

    def get_info(self) -> Info:
        """Fetch what the application is."""
        return self._run(self._client.get_info())

    def get_events(self) -> EventTypes:
        """Fetch the types of event by source, in the server's spelling."""
        return self._run(self._client.get_events())

    def get_broadcaster(self) -> Broadcaster:
        """Fetch the accounts that are logged in."""
        return self._run(self._client.get_broadcaster())

    def get_monitored_youtube_broadcasts(self) -> list[YouTubeBroadcast]:
        """Fetch the broadcasts on YouTube that the application watches."""
        return self._run(self._client.get_monitored_youtube_broadcasts())

    def get_actions(self) -> list[Action]:
        """Fetch the actions, disabled ones included."""
        return self._run(self._client.get_actions())

    def do_action(
        self,
        action: str | Action,
        args: Mapping[str, object] | None = None,
        *,
        wait: bool = False,
        wait_timeout_s: float = RESPONSE_TIMEOUT_S,
    ) -> ActionRun:
        """Queue an action by its id or its name."""
        return self._run(self._client.do_action(action, args, wait=wait, wait_timeout_s=wait_timeout_s))

    def do_action_by_name(
        self,
        name: str,
        args: Mapping[str, object] | None = None,
        *,
        wait: bool = False,
        wait_timeout_s: float = RESPONSE_TIMEOUT_S,
    ) -> ActionRun:
        """Queue an action by its name, also when the name looks like an id."""
        return self._run(self._client.do_action_by_name(name, args, wait=wait, wait_timeout_s=wait_timeout_s))

    def get_code_triggers(self) -> list[CodeTrigger]:
        """Fetch the triggers that programs inside the application have made."""
        return self._run(self._client.get_code_triggers())

    def execute_code_trigger(
        self,
        trigger_name: str,
        args: Mapping[str, object] | None = None,
        *,
        wait: bool = False,
        wait_timeout_s: float = RESPONSE_TIMEOUT_S,
    ) -> JsonObject | None:
        """Run the actions that are bound to a code trigger."""
        return self._run(
            self._client.execute_code_trigger(trigger_name, args, wait=wait, wait_timeout_s=wait_timeout_s)
        )

    def send_message(
        self,
        platform: Platform,
        message: str,
        *,
        bot: bool = False,
        internal: bool = True,
        reply_id: str | None = None,
        broadcast_id: str | None = None,
    ) -> None:
        """Say something in chat."""
        self._run(
            self._client.send_message(
                platform, message, bot=bot, internal=internal, reply_id=reply_id, broadcast_id=broadcast_id
            )
        )

    def get_commands(self) -> list[Command]:
        """Fetch the chat commands."""
        return self._run(self._client.get_commands())

    def get_emotes(self, platform: Literal["twitch", "youtube"]) -> Emotes:
        """Fetch the emotes of Twitch or YouTube."""
        return self._run(self._client.get_emotes(platform))

    def get_active_viewers(self) -> list[Viewer]:
        """Fetch who was seen in chat lately."""
        return self._run(self._client.get_active_viewers())

    def get_user_pronouns(self, platform: Platform, user_login: str) -> Pronouns:
        """Fetch how to speak of a user."""
        return self._run(self._client.get_user_pronouns(platform, user_login))

    def get_credits(self) -> Credits:
        """Fetch whom to thank at the end of the stream."""
        return self._run(self._client.get_credits())

    def test_credits(self) -> Credits:
        """Fetch credits with made-up names."""
        return self._run(self._client.test_credits())

    def clear_credits(self) -> None:
        """Forget whom to thank."""
        self._run(self._client.clear_credits())

    # --- variables ------------------------------------------------------------------------------------------------

    def get_globals(self, *, persisted: bool = True) -> dict[str, Variable]:
        """Fetch the global variables by name."""
        return self._run(self._client.get_globals(persisted=persisted))

    def get_global(self, name: str, *, persisted: bool = True) -> Variable | None:
        """Fetch a global variable; ``None`` if there is none."""
        return self._run(self._client.get_global(name, persisted=persisted))

    def get_global_value(self, name: str, default: object = None, *, persisted: bool = True) -> object:
        """Fetch the plain value of a global variable; ``default`` if there is none."""
        return self._run(self._client.get_global_value(name, default, persisted=persisted))

    def get_user_globals(
        self, platform: Platform, name: str | None = None, *, persisted: bool = True
    ) -> list[UserVariable]:
        """Fetch the variables of all users of a platform: those called ``name``, or all."""
        return self._run(self._client.get_user_globals(platform, name, persisted=persisted))

    @overload
    def get_user_global(
        self, platform: Platform, user_id: str, name: None = None, *, persisted: bool = True
    ) -> dict[str, UserVariable]: ...
    @overload
    def get_user_global(
        self, platform: Platform, user_id: str, name: str, *, persisted: bool = True
    ) -> UserVariable | None: ...

    def get_user_global(
        self, platform: Platform, user_id: str, name: str | None = None, *, persisted: bool = True
    ) -> UserVariable | dict[str, UserVariable] | None:
        """Fetch a variable of one user, ``None`` if there is none; without ``name``, all of the user's by name."""
        if name is None:
            return self._run(self._client.get_user_global(platform, user_id, persisted=persisted))
        return self._run(self._client.get_user_global(platform, user_id, name, persisted=persisted))

    def get_user_global_value(
        self, platform: Platform, user_id: str, name: str, default: object = None, *, persisted: bool = True
    ) -> object:
        """Fetch the plain value of a user's variable; ``default`` if there is none."""
        return self._run(self._client.get_user_global_value(platform, user_id, name, default, persisted=persisted))

    # --------------------------------------------------------------------------------------------------------------

    def _call_in_thread(self, handler: SyncHandler, event: Event) -> object:
        executor = self._threads.get(handler)
        if executor is None:
            executor = self._threads[handler] = ThreadPoolExecutor(1, thread_name_prefix=f"handler of {event.name!r}")
            self._executors.add(executor)
        return asyncio.get_running_loop().run_in_executor(executor, handler, event)

    def _on_loop(self, change: Callable[[], object]) -> None:
        """Change who listens: on the client's thread, if there is one."""

        async def apply() -> None:
            change()

        if self._thread is None:
            change()
        else:
            self._thread.run(apply())
