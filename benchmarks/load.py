"""The load generator: loads that keep many connections busy, each run in a process of its own.

It must not be what is measured, so it is a bare ``epoll`` loop: requests are built before the clock starts, replies all
have one length and are counted by their bytes, and what a read completes is asked again with one write. What it sends
and receives must agree to the byte in the end, or there is no figure.
"""

import contextlib
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from typing import Final, TypeAlias, assert_never

import msgspec

from benchmarks import ROOT
from benchmarks.bare import VALUE
from benchmarks.client import CLOSE, Client, frame, server_frame, split_frame, upgrade
from benchmarks.errors import BenchmarkError
from benchmarks.protocols import PROTOCOLS, Name, Speech

KEYS_EACH: Final = 16
"""Keys that one connection reads and writes in turn."""

KILOVOLT: Final = PROTOCOLS["kilovolt"]

WARM_UP: Final = 0.15
"""Part of a round that is not counted."""

DRAIN_S: Final = 5.0
"""How long after a round what is under way may still come."""

_POLL_S: Final = 0.05


class RoundTrips(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """Ask and wait: ``in_flight`` requests at a time on each of ``connections``.

    They are ``command`` on keys of Kilovolt's, or over and over ``message``, a request's text in ``protocol``.
    ``foreign_prefixes`` are subscribed to by other connections and never match; ``foreign_connections`` are open with
    or without them.
    """

    url: str
    password: str | None
    server_pid: int | None
    seconds: float
    connections: int
    in_flight: int
    command: str = ""
    message: str = ""
    protocol: Name = "kilovolt"
    stem: str = "b"
    """What the keys begin with."""
    foreign_connections: int = 0
    foreign_prefixes: int = 0


class Pushes(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """One writer, many subscribers; a write is in flight until it is answered and everybody has heard of it.

    The writer speaks Kilovolt and writes ``values`` in turn, all of one length; ``protocol`` is the subscribers'.
    """

    url: str
    hear_url: str
    password: str | None
    server_pid: int | None
    seconds: float
    key: str
    subscribers: int
    values: tuple[str, ...] = (VALUE,)
    protocol: Name = "kilovolt"
    in_flight: int = 4


class Logins(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """Connect, log in by challenge, close; ``at_once`` clients do so over and over."""

    url: str
    password: str
    server_pid: int | None
    seconds: float
    protocol: Name = "kilovolt"
    at_once: int = 10


class Ranges(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """Ask for every key with a prefix, one request after the other."""

    url: str
    password: str | None
    server_pid: int | None
    seconds: float
    command: str
    prefix: str


Load: TypeAlias = RoundTrips | Pushes | Logins | Ranges


class Outcome(msgspec.Struct, frozen=True):
    """What a load counted, and the processor time that it took both sides."""

    count: int
    seconds: float
    load_cpu_s: float
    server_cpu_s: float | None

    @property
    def rate(self) -> float:
        """How many a second."""
        return self.count / self.seconds

    @property
    def server_us(self) -> float | None:
        """Microseconds of the server's processor time for each."""
        return None if self.server_cpu_s is None or not self.count else self.server_cpu_s / self.count * 1e6


def apply(load: Load) -> Outcome:
    """Run a load in a new process and wait for its outcome.

    Raises:
        BenchmarkError: When the load failed there.
    """
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=msgspec.json.encode(load),
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    if process.returncode:
        raise BenchmarkError(f"{load}\n{process.stderr.decode()[-2000:]}")
    return msgspec.json.decode(process.stdout, type=Outcome)


def run(load: Load) -> Outcome:
    """Run a load in this process."""
    with ExitStack() as stack:
        match load:
            case RoundTrips():
                return _run_round_trips(load, stack)
            case Pushes():
                return _run_pushes(load, stack)
            case Logins():
                return _run_logins(load)
            case Ranges():
                return _run_ranges(load, stack)
        assert_never(load)


class _Meter:
    """Runs a loop for the warm-up, then for the seconds that count."""

    def __init__(self, load: Load) -> None:
        self._seconds = load.seconds
        self._server_pid = load.server_pid

    def measure(self, work: Callable[[float], int]) -> Outcome:
        """Call ``work`` with the moment at which it must end; it returns what it counted."""
        work(time.perf_counter() + self._seconds * WARM_UP)
        load_cpu, server_cpu, start = time.process_time(), self._server_cpu(), time.perf_counter()
        count = work(start + self._seconds)
        seconds = time.perf_counter() - start
        return Outcome(
            count=count,
            seconds=seconds,
            load_cpu_s=time.process_time() - load_cpu,
            server_cpu_s=None if self._server_pid is None else self._server_cpu() - server_cpu,
        )

    def _server_cpu(self) -> float:
        """Read the processor time of every thread of the server, to the nanosecond.

        The clock's number is what ``clock_getcpuclockid`` of the C library makes of a process id on Linux.
        """
        return 0.0 if self._server_pid is None else time.clock_gettime((~self._server_pid << 3) | 2)


def _run_round_trips(load: RoundTrips, stack: ExitStack) -> Outcome:
    _hold_foreign(load, stack)
    clients = [stack.enter_context(Client(load.url, load.password, load.protocol)) for _ in range(load.connections)]
    texts = [_requests(load, number) for number in range(load.connections)]
    if load.password is not None and load.command:
        keys = (_key(load, number, slot) for number in range(load.connections) for slot in range(KEYS_EACH))
        clients[0].fill(dict.fromkeys(keys, VALUE))
    request_size = len(frame(texts[0][0]))
    reply_size = clients[0].probe(texts[0][0])

    poll = select.epoll()
    stack.callback(poll.close)
    readers: dict[int, Callable[[bytearray], int]] = {}
    writers: dict[int, Callable[[memoryview], int]] = {}
    requests: dict[int, memoryview] = {}
    partial: dict[int, int] = {}
    for client, asked in zip(clients, texts, strict=True):
        connection = client.hand_over()
        number = connection.fileno()
        poll.register(number, select.EPOLLIN)
        readers[number], writers[number] = connection.recv_into, connection.send
        # Any part of them can be sent by one slice.
        requests[number], partial[number] = memoryview(b"".join(map(frame, asked))), 0
    buffer = bytearray(1 << 16)
    for number, write in writers.items():
        write(requests[number])

    def work(until: float) -> int:
        count = 0
        while time.perf_counter() < until:
            for number, _ in poll.poll(_POLL_S):
                received = readers[number](buffer)
                if not received:
                    raise BenchmarkError("the server closed a connection")
                done, partial[number] = divmod(received + partial[number], reply_size)
                if done:
                    count += done
                    writers[number](requests[number][: done * request_size])
        return count

    outcome = _Meter(load).measure(work)
    for number, client in zip(partial, clients, strict=True):
        _drain(client.socket, load.in_flight * reply_size - partial[number])
    return outcome


def _hold_foreign(load: RoundTrips, stack: ExitStack) -> None:
    """Open the foreign connections; some of their prefixes share all but the last characters with a key."""
    foreign = [stack.enter_context(Client(load.url, load.password)) for _ in range(load.foreign_connections)]
    for number in range(load.foreign_prefixes):
        shared = ("/0000/0", "/00", "/", "-elsewhere/")[number % 4]
        foreign[number % len(foreign)].ask("ksub-prefix", prefix=f"{load.stem}{shared}{number:05}/never/")


def _requests(load: RoundTrips, number: int) -> list[bytes]:
    """Build as many requests of one connection as are in flight, all of one length."""
    if load.message:
        return [load.message.encode()] * load.in_flight
    value = {"data": VALUE} if load.command == "kset" else {}
    keys = (_key(load, number, slot % KEYS_EACH) for slot in range(load.in_flight))
    return [KILOVOLT.request(load.command, key=key, **value) for key in keys]


def _key(load: RoundTrips, number: int, slot: int) -> str:
    return f"{load.stem}/{number:04}/{slot:02}"


def _run_pushes(load: Pushes, stack: ExitStack) -> Outcome:
    subscribers = [
        stack.enter_context(Client(load.hear_url, load.password, load.protocol)) for _ in range(load.subscribers)
    ]
    for subscriber in subscribers:
        subscriber.subscribe(load.key)
    writer = stack.enter_context(Client(load.url, load.password))
    requests = [KILOVOLT.request("kset", key=load.key, data=value) for value in load.values]
    reply_size = writer.probe(requests[0])
    pushes = {len(server_frame(subscriber.receive())) for subscriber in subscribers}
    if len(pushes) != 1:
        raise BenchmarkError(f"subscribers heard different things: {pushes}")
    push_size = pushes.pop()
    writes = [frame(request) for request in requests]

    poll = select.epoll()
    stack.callback(poll.close)
    readers: dict[int, Callable[[bytearray], int]] = {}
    for subscriber in subscribers:
        connection = subscriber.hand_over()
        poll.register(connection.fileno(), select.EPOLLIN)
        readers[connection.fileno()] = connection.recv_into
    connection = writer.hand_over()
    poll.register(connection.fileno(), select.EPOLLIN)
    readers[connection.fileno()] = connection.recv_into
    # A write counts as over when its reply and all its pushes are here, told by the sum of the bytes.
    round_size = push_size * load.subscribers + reply_size
    buffer = bytearray(1 << 16)
    sent = heard = 0

    def send(count: int) -> None:
        nonlocal sent
        connection.send(b"".join(writes[number % len(writes)] for number in range(sent, sent + count)))
        sent += count

    send(load.in_flight)

    def work(until: float) -> int:
        nonlocal heard
        before = heard
        while time.perf_counter() < until:
            for number, _ in poll.poll(_POLL_S):
                received = readers[number](buffer)
                if not received:
                    raise BenchmarkError("the server closed a connection")
                heard += received
            if more := heard // round_size + load.in_flight - sent:
                send(more)
        return (heard - before) * load.subscribers // round_size

    outcome = _Meter(load).measure(work)
    late = time.perf_counter() + DRAIN_S
    while heard < sent * round_size:
        for number, _ in poll.poll(_POLL_S):
            heard += readers[number](buffer)
        if time.perf_counter() > late:
            raise BenchmarkError(f"{sent * round_size - heard} bytes of pushes never came")
    _expect(heard, sent * round_size)
    return outcome


def _run_logins(load: Logins) -> Outcome:
    poll = select.epoll()
    sessions: dict[int, tuple[socket.socket, Generator[bytes, bytes, None]]] = {}
    address, head = upgrade(load.url)

    def begin() -> None:
        connection = socket.create_connection(address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        session = _log_in_and_leave(PROTOCOLS[load.protocol], load.password, head)
        sessions[connection.fileno()] = connection, session
        connection.send(next(session))
        poll.register(connection.fileno(), select.EPOLLIN)

    def work(until: float) -> int:
        count = 0
        while time.perf_counter() < until:
            for number, _ in poll.poll(_POLL_S):
                connection, session = sessions[number]
                try:
                    if answer := session.send(connection.recv(1 << 16)):
                        connection.send(answer)
                except StopIteration:
                    del sessions[number]
                    connection.close()
                    count += 1
                    begin()
        return count

    for _ in range(load.at_once):
        begin()
    try:
        return _Meter(load).measure(work)
    finally:
        for connection, _ in sessions.values():
            connection.close()
        poll.close()


def _log_in_and_leave(protocol: Speech, password: str, head: bytes) -> Generator[bytes, bytes, None]:
    """Be one client from the handshake to the end: yields what to send, is sent what was received."""
    buffer = yield head
    while b"\r\n\r\n" not in buffer:
        buffer += yield b""
    _, buffer = buffer.split(b"\r\n\r\n", 1)
    hello, buffer = yield from _await_message(buffer)
    steps = protocol.log_in(hello, password)
    with contextlib.suppress(StopIteration):
        request = next(steps)
        while True:
            buffer += yield frame(request)
            reply, buffer = yield from _await_message(buffer)
            request = steps.send(reply)
    received = yield frame(b"\x03\xe8", CLOSE)
    while received:
        received = yield b""


def _await_message(buffer: bytes) -> Generator[bytes, bytes, tuple[bytes, bytes]]:
    while (found := split_frame(buffer)) is None:
        received = yield b""
        if not received:
            raise BenchmarkError("the server closed a connection that was logging in")
        buffer += received
    return found


def _run_ranges(load: Ranges, stack: ExitStack) -> Outcome:
    client = stack.enter_context(Client(load.url, load.password))
    request = KILOVOLT.request(load.command, prefix=load.prefix)
    reply_size = client.probe(request)
    ask = frame(request)
    connection = client.socket
    buffer = bytearray(1 << 20)

    def work(until: float) -> int:
        count = 0
        while time.perf_counter() < until:
            connection.sendall(ask)
            left = reply_size
            while left > 0:
                received = connection.recv_into(buffer)
                if not received:
                    raise BenchmarkError("the server closed the connection")
                left -= received
            _expect(left, 0)
            count += 1
        return count

    return _Meter(load).measure(work)


def _drain(connection: socket.socket, expected: int) -> None:
    """Read what is still under way, and not a byte more or less."""
    connection.settimeout(DRAIN_S)
    while expected > 0:
        try:
            received = len(connection.recv(min(expected, 1 << 16)))
        except TimeoutError:
            received = 0
        if not received:
            raise BenchmarkError(f"{expected} bytes of replies never came")
        expected -= received
    connection.setblocking(False)
    try:
        surplus = connection.recv(1 << 16)
    except BlockingIOError:
        return
    raise BenchmarkError(f"more came than was asked for: {surplus[:60]!r}")


def _expect(found: int, expected: int) -> None:
    if found != expected:
        raise BenchmarkError(f"{found} bytes instead of {expected}: a reply was not the usual one")


if __name__ == "__main__":
    decoder: msgspec.json.Decoder[Load] = msgspec.json.Decoder(Load)
    sys.stdout.buffer.write(msgspec.json.encode(run(decoder.decode(sys.stdin.buffer.read()))))
