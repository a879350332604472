"""The server's side of one Kilovolt connection: text in, messages out, no I/O.

Order. Replies come in the order of the requests, yet writes are pipelined: a connection may have many on their way to
the disk, and they share commits. So a request that is no write waits in the backlog until the writes before it are
done, and everything behind a waiting request waits, too. What is answered by a person or by a service, an ``ask`` and a
``kcall``, holds nobody up: its reply comes when it is there, and ``request_id`` says whose it is.

Source: the protocol's own document, version 10, and the replies of its reference server, version 11.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final, cast

from stagedoor.access import NOBODY, Client, Doorkeeper
from stagedoor.errors import (
    InvalidKey,
    NoSuchRequest,
    NotPermitted,
    PeerError,
    RequestFailed,
    ServiceFailed,
    StoreError,
)
from stagedoor.hub import Change, Hub, Scan, Write
from stagedoor.kilovolt import messages
from stagedoor.kilovolt.admission import Admission
from stagedoor.kilovolt.messages import BadRequest, Done, ErrorCode, Request, Response, encode, encode_error
from stagedoor.types import Key, Value
from stagedoor.wire import Peer, Wire

logger = logging.getLogger(__name__)

FEATURES: Final = ["kcall", "token", "scopes", "keep_secrets"]

MAX_LOAD: Final = 4 << 20
"""Bytes of requests that may wait for an answer before the connection is read no further."""

REQUEST_COST: Final = 4096
"""What a waiting request counts beside its text, so that a thousand tiny ones are enough, too."""

MAX_CALLS: Final = 64
"""``kcall`` requests under way at a time."""

SCAN_CHUNK: Final = 512
"""Entries of a list that are read and encoded at a time."""

SCAN_CHUNKS_A_STEP: Final = 8
"""How many chunks are read before others get their turn; some 2 ms."""

SERVED_AT_ONCE: Final = 64
"""Requests of the backlog that are answered before it is seen whether the client still reads."""

MAX_SUBSCRIPTIONS: Final = 100_000
"""Keys and prefixes that one connection may hear."""

_ENCODING: Final = "kilovolt"


class _Waiting:
    """A request in the backlog, and what it weighs."""

    __slots__ = ("cost", "request")

    def __init__(self, request: Request | BadRequest, cost: int) -> None:
        self.request = request
        self.cost = cost


class Session:
    """One connection's state: who it is, what it hears, what it still waits for."""

    def __init__(self, hub: Hub, doorkeeper: Doorkeeper, wire: Wire, peer: Peer, *, namespace: str = "") -> None:
        self._wire = wire
        self._send = wire.send
        self._clock = doorkeeper.clock
        self._namespace = namespace
        self._client = Client(hub, NOBODY, self._deliver_inside if namespace else self._deliver)
        self._admission = Admission(
            self._client, doorkeeper, wire, peer, admitted=self._open_commands, hold=self._hold_for
        )
        self._handlers = _OUTSIDE if self._client.grant is NOBODY else _INSIDE
        self._backlog: deque[_Waiting] = deque()
        self._writes_under_way = 0
        self._is_held = False
        self._is_draining = False
        self._is_closed = False
        self._is_paused = False
        self._load = 0
        self._calls = 0
        self._scan: Scan | None = None
        self._send(messages.HELLO)

    @property
    def client(self) -> Client:
        """The hub's client behind this connection."""
        return self._client

    def is_overdue(self, now: float) -> bool:
        """Tell whether the connection should have logged in by now."""
        return self._admission.is_overdue(now)

    def receive(self, text: str) -> None:
        """Take one message of the client."""
        request: Request | BadRequest
        try:
            request = messages.decode(text)
        except BadRequest as bad:
            request = bad
        kind = type(request)
        if self._backlog or self._is_held or (self._writes_under_way and kind not in _PIPELINED):
            self._enqueue(request, len(text))
        else:
            self._serve(request)

    def close(self) -> None:
        """Hear that the connection has gone: nothing is sent any more, and an open question goes away."""
        self._is_closed = True
        self._send = _send_nothing
        self._backlog.clear()
        self._admission.close()
        self._client.close()
        if self._scan is not None:
            self._scan.close()

    # --- order ---

    def _must_wait(self, request: Request | BadRequest) -> bool:
        return self._is_held or (self._writes_under_way > 0 and type(request) not in _PIPELINED)

    def _enqueue(self, request: Request | BadRequest, size: int) -> None:
        self._backlog.append(_Waiting(request, size))
        self._add_load(size)

    def _add_load(self, size: int) -> None:
        self._load += size + REQUEST_COST
        if self._load > MAX_LOAD and not self._is_paused:
            self._is_paused = True
            self._wire.pause_reading()

    def _drop_load(self, size: int) -> None:
        self._load -= size + REQUEST_COST
        if self._is_paused and self._load < MAX_LOAD // 2:
            self._is_paused = False
            self._wire.resume_reading()

    def _drain(self) -> None:
        """Serve what waits, as far as it can be served now."""
        if self._is_draining:
            return
        self._is_draining = True
        served = 0
        try:
            while served < SERVED_AT_ONCE and self._backlog and not self._must_wait(self._backlog[0].request):
                waiting = self._backlog.popleft()
                self._drop_load(waiting.cost)
                self._serve(waiting.request)
                served += 1
        finally:
            self._is_draining = False
        if served == SERVED_AT_ONCE and not self._is_held:
            self._wait_for_reader()

    def _hold(self) -> None:
        """Let nothing be served until :meth:`_release`."""
        self._is_held = True

    def _release(self) -> None:
        self._is_held = False
        self._drain()

    def _wait_for_reader(self) -> None:
        """Serve nothing more until the client has read what it was sent: a list may be as long as the store."""
        self._hold()
        self._wire.when_caught_up(self._release)

    def _hold_for(self, delay_s: float, callback: Callable[[], None]) -> None:
        """Hold everything for a while, then call back and go on."""
        self._hold()

        def resume() -> None:
            callback()
            self._release()

        self._clock.call_later(delay_s, resume)

    # --- serving ---

    def _serve(self, request: Request | BadRequest) -> None:
        """Serve one request. Whatever goes wrong becomes an error message here, and nowhere else."""
        try:
            self._handlers[type(request)](self, request)
        except PeerError as error:
            self._fail(request, _code_of(error), self._explain(error))
        except StoreError as error:
            logger.error("the store failed: %s", error)
            self._fail(request, ErrorCode.SERVER_ERROR, str(error))

    def _require_login(self, request: Request) -> None:
        self._fail(request, ErrorCode.AUTHENTICATION_REQUIRED, "log in first, with klogin")

    def _reply(self, request: Request, data: Value | list[str] | dict[Key, Value]) -> None:
        self._send(encode(Response(True, request.request_id, data)))

    def _done(self, request: Request) -> None:
        self._send(encode(Done(True, request.request_id)))

    def _fail(self, request: Request | BadRequest, code: ErrorCode, details: str) -> None:
        self._refuse(BadRequest(code, details, request.request_id))

    def _explain(self, error: PeerError) -> str:
        """Describe an error with the key as this connection knows it."""
        if isinstance(error, (InvalidKey, NoSuchRequest, NotPermitted)):
            error.key = error.key.removeprefix(self._namespace)
        return str(error)

    def _refuse(self, bad: BadRequest) -> None:
        if self._writes_under_way:
            # A write that is refused at once must not overtake the answers of those before it.
            self._backlog.appendleft(_Waiting(bad, 0))
            self._add_load(0)
            return
        if self._client.grant is NOBODY and bad.command is not None and bad.command not in messages.WITHOUT_LOGIN:
            self._send(encode_error(ErrorCode.AUTHENTICATION_REQUIRED, "log in first, with klogin", bad.request_id))
            return
        self._send(encode_error(bad.code, bad.details, bad.request_id))

    # --- keys ---

    def _set(self, request: messages.Set) -> None:
        data = request.data
        writes = [Write(self._namespace + data.key, data.data)]
        self._write(request, writes, len(data.data), keep_left_out=data.keep_secrets)

    def _delete(self, request: messages.Delete) -> None:
        self._write(request, [Write(self._namespace + request.data.key, None)], 0)

    def _set_bulk(self, request: messages.SetBulk) -> None:
        writes = [Write(self._namespace + key, value) for key, value in (request.data or {}).items()]
        self._write(request, writes, sum(len(value) for value in (request.data or {}).values()))

    def _write(self, request: Request, writes: list[Write], size: int, *, keep_left_out: bool = False) -> None:
        """Hand a write to the hub; the reply comes when it survives a crash."""
        request_id = request.request_id

        def done(error: StoreError | None) -> None:
            self._writes_under_way -= 1
            self._drop_load(size)
            if error is None:
                self._send(encode(Done(True, request_id)))
            else:
                self._send(encode_error(ErrorCode.SERVER_ERROR, str(error), request_id))
            if self._backlog and not self._writes_under_way:
                # Not at once: this write has to be heard before what comes after it changes who hears.
                self._clock.call_soon(self._drain)

        self._writes_under_way += 1
        self._add_load(size)
        try:
            self._client.write(writes, done, keep_left_out=keep_left_out)
        except (PeerError, StoreError):
            self._writes_under_way -= 1
            self._drop_load(size)
            raise

    def _get(self, request: messages.Get) -> None:
        value = self._client.get(self._namespace + request.data.key)
        self._send(encode(Response(True, request.request_id, value)))

    def _get_bulk(self, request: messages.GetBulk) -> None:
        values = {key: self._client.get(self._namespace + key) for key in request.data.keys}
        self._reply(request, values)

    def _get_all(self, request: messages.GetAll) -> None:
        def take(scan: Scan, cut: int) -> tuple[bytes, int]:
            entries = scan.take(SCAN_CHUNK)
            values = {key[cut:]: value for key, value in entries} if cut else dict(entries)
            return encode(values)[1:-1], len(entries)

        self._walk(request, request.data.prefix, take, b"{}")

    def _list(self, request: messages.List) -> None:
        def take(scan: Scan, cut: int) -> tuple[bytes, int]:
            keys = scan.take_keys(SCAN_CHUNK)
            return encode([key[cut:] for key in keys] if cut else keys)[1:-1], len(keys)

        prefix = (request.data or {}).get("prefix")
        self._walk(request, prefix if isinstance(prefix, str) else "", take, b"[]")

    def _walk(
        self, request: Request, prefix: str, take: Callable[[Scan, int], tuple[bytes, int]], brackets: bytes
    ) -> None:
        """Answer with a range of keys. A long one is read in steps, and other connections get their turn between.

        Each chunk is encoded as soon as it is read: so few objects are alive at a time that their memory is used over
        and over, which takes a quarter of the time that fresh pages would.
        """
        scan = self._scan = self._client.scan(self._namespace + prefix)
        pieces: list[bytes] = []
        cut = len(self._namespace)

        def step() -> bool:
            for _ in range(SCAN_CHUNKS_A_STEP):
                piece, count = take(scan, cut)
                if piece:
                    pieces.append(piece)
                if count < SCAN_CHUNK:
                    return True
            return False

        def finish() -> None:
            scan.close()
            self._scan = None
            if not self._is_closed:
                self._wire.send_pieces(messages.encode_pieces(request.request_id, pieces, brackets))
                self._wait_for_reader()

        def go_on() -> None:
            if self._is_closed:
                return
            if step():
                finish()
            else:
                self._clock.call_soon(go_on)

        if step():
            finish()
        else:
            self._hold()
            self._clock.call_soon(go_on)

    # --- subscriptions ---

    def _subscribe(self, request: messages.Subscribe) -> None:
        self._count_subscription()
        self._client.subscribe(self._namespace + request.data.key)
        self._done(request)

    def _subscribe_prefix(self, request: messages.SubscribePrefix) -> None:
        self._count_subscription()
        self._client.subscribe_prefix(self._namespace + request.data.prefix)
        self._done(request)

    def _count_subscription(self) -> None:
        if self._client.subscription_count >= MAX_SUBSCRIPTIONS:
            raise RequestFailed(f"a connection may hear {MAX_SUBSCRIPTIONS} keys and prefixes")

    def _unsubscribe(self, request: messages.Unsubscribe) -> None:
        self._client.unsubscribe(self._namespace + request.data.key)
        self._done(request)

    def _unsubscribe_prefix(self, request: messages.UnsubscribePrefix) -> None:
        self._client.unsubscribe_prefix(self._namespace + request.data.prefix)
        self._done(request)

    def _deliver(self, change: Change) -> None:
        message = change.encodings.get(_ENCODING)
        if message is None:
            message = change.encodings[_ENCODING] = encode(messages.Push(change.key, change.value))
        self._send(message)

    def _deliver_inside(self, change: Change) -> None:
        """Deliver to a namespaced connection, whose keys are its own."""
        self._send(encode(messages.Push(change.key[len(self._namespace) :], change.value)))

    # --- requests to services ---

    def _call(self, request: messages.Call) -> None:
        if self._calls >= MAX_CALLS:
            raise RequestFailed(f"{MAX_CALLS} calls are under way on this connection already")
        self._calls += 1
        self._wire.spawn(self._await_answer(request))

    async def _await_answer(self, request: messages.Call) -> None:
        try:
            answer = await self._client.call(self._namespace + request.data.key, request.data.data)
        except PeerError as error:
            self._send(encode_error(_code_of(error), self._explain(error), request.request_id))
        else:
            self._reply(request, answer)
        finally:
            self._calls -= 1

    # --- logging in, and what needs no login ---

    def _login(self, request: messages.Login) -> None:
        self._admission.login(request)

    def _authenticate(self, request: messages.Authenticate) -> None:
        self._admission.authenticate(request)

    def _open_commands(self) -> None:
        """Serve all commands from now on."""
        self._handlers = _INSIDE

    def _version(self, request: messages.Version) -> None:
        self._reply(request, messages.PROTOCOL_VERSION)

    def _uid(self, request: messages.Uid) -> None:
        self._reply(request, str(self._client.id))

    def _features(self, request: messages.Features) -> None:
        self._reply(request, FEATURES)


_PIPELINED: Final = frozenset((messages.Set, messages.SetBulk, messages.Delete))
"""Requests that may be under way together."""

_Handlers = dict[type[Request] | type[BadRequest], Callable[[Session, Request | BadRequest], None]]

_INSIDE: Final = cast(
    _Handlers,
    {
        BadRequest: Session._refuse,
        messages.Set: Session._set,
        messages.SetBulk: Session._set_bulk,
        messages.Delete: Session._delete,
        messages.Version: Session._version,
        messages.Uid: Session._uid,
        messages.Features: Session._features,
        messages.Get: Session._get,
        messages.GetBulk: Session._get_bulk,
        messages.GetAll: Session._get_all,
        messages.List: Session._list,
        messages.Subscribe: Session._subscribe,
        messages.SubscribePrefix: Session._subscribe_prefix,
        messages.Unsubscribe: Session._unsubscribe,
        messages.UnsubscribePrefix: Session._unsubscribe_prefix,
        messages.Login: Session._login,
        messages.Authenticate: Session._authenticate,
        messages.Call: Session._call,
    },
)

_OUTSIDE: Final = _INSIDE | cast(
    _Handlers,
    {kind: Session._require_login for kind in messages.COMMANDS.values() if kind not in messages.WITHOUT_LOGIN},
)
"""What is done for a connection that has not logged in: another table, so that nobody can forget to ask."""

_CODES: Final[dict[type[PeerError], ErrorCode]] = {
    NotPermitted: ErrorCode.NOT_PERMITTED,
    InvalidKey: ErrorCode.INVALID_FORMAT,
    NoSuchRequest: ErrorCode.NO_SUCH_REQUEST,
    RequestFailed: ErrorCode.REQUEST_FAILED,
    ServiceFailed: ErrorCode.REQUEST_FAILED,
}


def _code_of(error: PeerError) -> ErrorCode:
    return _CODES[type(error)]


def _send_nothing(message: bytes) -> None:
    """Stand in for a connection that has gone."""
