"""Kilovolt sessions without sockets: a wire that keeps what is sent, a clock moved by hand, a stage for both."""

import asyncio
import heapq
from collections.abc import Callable, Coroutine, Iterable, Sequence
from itertools import count

import msgspec

from stagedoor import keys
from stagedoor.access import (
    SERVICE,
    AskQueue,
    Client,
    Clock,
    Doorkeeper,
    OriginClass,
    OriginPolicy,
    OverlayKeys,
    RememberedApps,
    Terms,
    Timer,
    sign,
)
from stagedoor.errors import RequestFailed
from stagedoor.hub import Catalogue, Hub, KeySpec, Kind, Store
from stagedoor.hub.catalogue import Audience
from stagedoor.kilovolt.messages import HELLO
from stagedoor.kilovolt.session import Session
from stagedoor.wire import Peer

PATIENCE_S = 10.0
"""How long a test waits for what has to come, before it fails."""

TOKEN = "a control token for the tests"

SPECS = (
    *keys.SPECS,
    KeySpec(pattern="test/owners", kind=Kind.STATE, summary="Not for applications.", readers=Audience.OWNER),
    KeySpec(pattern="test/fixed", kind=Kind.STATE, summary="Only the owner writes it.", writers=Audience.OWNER),
    KeySpec(pattern="show/fixed", kind=Kind.STATE, summary="The same in a namespace.", writers=Audience.OWNER),
    KeySpec(pattern="show/owners", kind=Kind.STATE, summary="The same in a namespace.", readers=Audience.OWNER),
)


class FakeTimer:
    """A call that a :class:`FakeClock` makes when it gets there."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def run(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class FakeClock:
    """Time that passes when a test says so. With ``holds_soon``, so do the calls that are due at once."""

    def __init__(self, *, holds_soon: bool = False) -> None:
        self._now = 1000.0
        self._timers: list[tuple[float, int, FakeTimer]] = []
        self._ids = count()
        self._holds_soon = holds_soon
        self._soon: list[Callable[[], None]] = []

    def time(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer:
        timer = FakeTimer(callback)
        heapq.heappush(self._timers, (self._now + delay, next(self._ids), timer))
        return timer

    def call_soon(self, callback: Callable[[], None], /) -> Timer:
        if not self._holds_soon:
            return asyncio.get_running_loop().call_soon(callback)
        timer = FakeTimer(callback)
        self._soon.append(timer.run)
        return timer

    def run_soon(self) -> int:
        """Make the calls that are due at once, not those that they ask for; returns how many there were."""
        calls, self._soon = self._soon, []
        for call in calls:
            call()
        return len(calls)

    def advance(self, seconds: float) -> None:
        """Let time pass, and what is due by then happen at its moment."""
        end = self._now + seconds
        while self._timers and self._timers[0][0] <= end:
            self._now, _, timer = heapq.heappop(self._timers)
            timer.run()
        self._now = end


class FakeWire:
    """What a session sees of its connection."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_paused = False
        self.close_code: int | None = None

    def send(self, message: bytes) -> None:
        self._messages.put_nowait(message.decode())

    def send_pieces(self, pieces: Sequence[bytes]) -> None:
        self.send(b"".join(pieces))

    def when_caught_up(self, callback: Callable[[], None]) -> None:
        callback()

    def close(self, code: int, reason: str) -> None:
        self.close_code = code

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def is_busy(self) -> bool:
        """Whether a coroutine of the session runs."""
        return bool(self._tasks)

    async def next(self) -> str:
        """Wait for the next message."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._messages.get()

    def take(self) -> list[str]:
        """Take what has been sent so far."""
        return [self._messages.get_nowait() for _ in range(self._messages.qsize())]

    async def end(self) -> None:
        """End the coroutines, as a connection does."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Line:
    """One connection: a session and its wire. The greeting has been heard."""

    def __init__(self, hub: Hub, doorkeeper: Doorkeeper, peer: Peer, namespace: str) -> None:
        self.wire = FakeWire()
        self.session = Session(hub, doorkeeper, self.wire, peer, namespace=namespace)
        self.is_open = True
        assert self.wire.take() == [HELLO.decode()]

    async def send(self, text: str) -> None:
        self.session.receive(text)

    async def next(self) -> str:
        return await self.wire.next()

    async def leave(self) -> None:
        if self.is_open:
            self.is_open = False
            self.session.close()
            await self.wire.end()

    # --- for tests that think in requests ---

    def ask(self, command: str, data: object = None, request_id: str = "1") -> None:
        """Send a request and wait for nothing."""
        self.session.receive(request(command, data, request_id))

    async def answer(self, command: str, data: object = None) -> dict[str, object]:
        """Send a request and return the next message."""
        self.ask(command, data)
        return await self.next_object()

    async def next_object(self) -> dict[str, object]:
        return msgspec.json.decode(await self.wire.next(), type=dict[str, object])

    async def fence(self) -> list[dict[str, object]]:
        """Everything that comes before the answer to a request that is sent now."""
        self.ask("version", request_id="the fence")
        found: list[dict[str, object]] = []
        while True:
            message = await self.next_object()
            if message.get("request_id") == "the fence":
                return found
            found.append(message)


class Stage:
    """A hub, a door, and the connections that come through it."""

    def __init__(
        self,
        store: Store,
        *,
        password: str = "",
        asks: bool = False,
        token: str = "",
        clock: Clock | None = None,
        specs: Iterable[KeySpec] = SPECS,
    ) -> None:
        self.fake_clock = FakeClock()
        self.clock = clock or self.fake_clock
        self.store = store
        self.password = password
        self.hub = Hub(store, Catalogue(specs))
        self.asks = AskQueue(self.clock)
        self.apps = RememberedApps(self.clock.time, lambda: None)
        self.overlay_keys = OverlayKeys(self.clock.time, lambda: None)
        self.doorkeeper = Doorkeeper(
            self.clock,
            password=password,
            asks=self.asks if asks else None,
            control_token=token,
            apps=self.apps,
            overlay_keys=self.overlay_keys,
        )
        self.owner = Client(self.hub, SERVICE)
        self.lines: list[Line] = []
        self._asks_changed = asyncio.Event()
        self.asks.watch(self._asks_changed.set)
        self.owner.serve("test/@echo", self._echo)
        self.owner.serve("test/@refuse", self._refuse)
        self.owner.serve("show/@echo", self._echo)

    def connect(self, *, address: str = "127.0.0.1", origin: str | None = None, namespace: str = "") -> Line:
        must_prove = OriginPolicy().classify(origin) is OriginClass.OPAQUE
        line = Line(self.hub, self.doorkeeper, Peer(address, origin, must_prove), namespace)
        self.lines.append(line)
        return line

    async def judge(self, *, allow: bool, remember: bool = False, terms: Terms | None = None) -> None:
        """Answer the oldest question, as its owner would; wait for one if need be."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.asks.open:
                self._asks_changed.clear()
                await self._asks_changed.wait()
        assert self.asks.answer(self.asks.open[0].id, allow=allow, remember=remember, terms=terms)

    def forget_apps(self) -> None:
        """Let no application in any longer, as its owner would."""
        for app in self.apps.stored():
            self.apps.remove(app)

    @property
    def insiders(self) -> list[object]:
        """Those whom the door would send away if what let them in were taken back."""
        keepers = (self.doorkeeper._password, self.apps, self.overlay_keys)
        return [insider for keeper in keepers for insider in keeper._insiders]

    async def close(self) -> None:
        for line in self.lines:
            await line.leave()
        await self.hub.close()

    @staticmethod
    async def _echo(value: str) -> str:
        return f"echo: {value}"

    @staticmethod
    async def _refuse(value: str) -> str:
        raise RequestFailed("not today")


def request(command: str, data: object = None, request_id: str = "1") -> str:
    """The text of a request."""
    message: dict[str, object] = {"command": command, "request_id": request_id}
    if data is not None:
        message["data"] = data
    return msgspec.json.encode(message).decode()


async def log_in(line: Line, password: str) -> dict[str, object]:
    """Log in by challenge and return the verdict."""
    reply = await line.answer("klogin")
    return await line.answer("kauth", {"hash": solve(reply["data"], password)})


class ChallengeData(msgspec.Struct):
    """A challenge as it is sent."""

    challenge: bytes
    salt: bytes


def solve(data: object, password: str) -> str:
    """The right hash for the ``data`` of a challenge."""
    challenge = msgspec.convert(data, ChallengeData)
    answer: str = msgspec.to_builtins(sign(password, challenge.challenge, challenge.salt))
    return answer
