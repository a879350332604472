"""The server's side of one Streamer.bot connection: text in, messages out, no I/O.

Requests are answered in the order in which they came; one that asks a service of ours is waited for. Only what depends
on somebody else's server, a chat message or a viewer's pronouns, is answered when it is there.

Source: Streamer.bot's documentation, and the official client 1.12.2.
"""

import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import Final

from stagedoor.access import NOBODY, Client, Departure, Grant, Level, Proof, decode_base64
from stagedoor.access.doorkeeper import TOO_MANY
from stagedoor.errors import NotPermitted, PeerError, ServiceFailed, StoreError
from stagedoor.hub import Change, Hub
from stagedoor.streamerbot.envelopes import encode_event
from stagedoor.streamerbot.interest import Interest, known_part, read_selection
from stagedoor.streamerbot.messages import (
    BadRequest,
    Members,
    NotJson,
    Parameters,
    decode,
    encode_error,
    encode_ok,
    unknown_request,
)
from stagedoor.streamerbot.reception import Reception, Source
from stagedoor.streamerbot.requests import REQUESTS, Request
from stagedoor.types import JsonObject
from stagedoor.wire import Peer, Wire

logger = logging.getLogger(__name__)

LOGIN_TIMEOUT_S: Final = 30.0
"""How long a connection may stay without authenticating, where it must."""

MAX_FAILURES: Final = 5
"""Wrong answers after which a connection ends."""

MAX_NOT_JSON: Final = 10
"""Messages in a row that are no JSON, after which a connection ends."""

MAX_OUTSIDE: Final = 64
"""Requests that wait for somebody else's server, at a time."""

MAX_LOAD: Final = 4 << 20
"""Bytes of requests that may wait before the connection is read no further."""

REQUEST_COST: Final = 4096
"""What a waiting request counts beside its text, so that a thousand tiny ones are enough, too."""

SERVED_AT_ONCE: Final = 64
"""Requests that have waited and are answered before it is seen whether the client still reads."""

RESPONSE_ID: Final = "sbClientResponse"
"""The argument by which a client says which custom event it waits for."""


class CloseCode(IntEnum):
    """Why a session ends its connection."""

    GOING_AWAY = 1001
    INVALID_TEXT = 1007
    POLICY_VIOLATION = 1008
    ACCESS_REVOKED = 4011
    """Ours: the owner took back what let the client in, and it must not come back by itself."""


class Session:
    """One connection's state: who it is, what it hears, what it still waits for."""

    def __init__(self, hub: Hub, reception: Reception, wire: Wire, peer: Peer) -> None:
        self._wire = wire
        self._send = wire.send
        self._reception = reception
        self._peer = peer
        self._clock = reception.doorkeeper.clock
        self._client = Client(hub, reception.grant_on_entry(peer), self._deliver)
        self._interest = Interest(self._client, self._clock)
        self._challenge = reception.challenge(peer)
        self._is_authenticated = False
        self._failures = 0
        self._not_json = 0
        self._backlog: deque[tuple[JsonObject, int]] = deque()
        self._load = 0
        self._is_held = False
        self._is_paused = False
        self._is_closed = False
        self._outside = 0
        self._deadline = self._clock.time() + LOGIN_TIMEOUT_S
        reception.doorkeeper.enter_freely(self, self._leave)
        self._act_under(self._client.grant)
        self._send(reception.hello(secrets.token_hex(16), self._challenge))

    @property
    def client(self) -> Client:
        """The hub's client behind this connection."""
        return self._client

    def info(self) -> Members:
        """The answer to ``GetInfo``."""
        return self._reception.info(Source.WEBSOCKET)

    def is_overdue(self, now: float) -> bool:
        """Tell whether the connection should have authenticated by now."""
        return self._client.grant is NOBODY and now > self._deadline

    def receive(self, text: str) -> None:
        """Take one message of the client."""
        try:
            message = decode(text)
        except BadRequest as bad:
            self._send(encode_error({}, bad.problem))
            self._count_what_is_not_json(bad)
            return
        self._not_json = 0
        if self._is_held:
            self._backlog.append((message, len(text)))
            self._add_load(len(text))
        else:
            self._serve(message)

    def close(self) -> None:
        """Hear that the connection has gone: nothing is sent any more."""
        self._is_closed = True
        self._send = _send_nothing
        self._backlog.clear()
        self._reception.doorkeeper.forget(self)
        self._client.close()

    def _end(self, code: CloseCode, reason: str) -> None:
        """End the connection after what was said, and listen no more."""
        self._is_held = True
        self._backlog.clear()
        self._wire.close(code, reason)

    def _leave(self, departure: Departure) -> None:
        code = CloseCode.ACCESS_REVOKED if departure.is_for_good else CloseCode.GOING_AWAY
        self._end(code, departure.value)

    def _count_what_is_not_json(self, bad: BadRequest) -> None:
        if isinstance(bad, NotJson):
            self._not_json += 1
            if self._not_json >= MAX_NOT_JSON:
                self._end(CloseCode.INVALID_TEXT, "no JSON")

    # --- order ---

    def _hold(self) -> None:
        """Let nothing be served until :meth:`_release`."""
        self._is_held = True

    def _release(self) -> None:
        if self._is_closed:
            return
        self._is_held = False
        served = 0
        while served < SERVED_AT_ONCE and self._backlog and not self._is_held:
            message, size = self._backlog.popleft()
            self._drop_load(size)
            self._serve(message)
            served += 1
        if self._backlog and not self._is_held:
            self._hold()
            self._wire.when_caught_up(self._release)

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

    # --- serving ---

    def _serve(self, message: JsonObject) -> None:
        """Serve one request. Whatever goes wrong becomes an error message in :meth:`_fail`, and nowhere else."""
        try:
            name = message.get("request")
            request = REQUESTS.get(name) if isinstance(name, str) else None
            if request is not None and self._client.grant is not NOBODY:
                self._ask(request, message)
            else:
                self._serve_rarer(message, name)
        except Exception as error:  # one request's failure is its own
            self._fail(message, error)

    def _serve_rarer(self, message: JsonObject, name: object) -> None:
        """Serve what concerns the connection itself, and names that are spelt in another way."""
        right_name = _NAMES.get(name.lower()) if isinstance(name, str) else None
        own = _OWN.get(right_name or "")
        if self._client.grant is NOBODY and own is not Session._authenticate:
            self._refuse_outsider(message)
        elif own is not None:
            own(self, message)
        elif right_name is not None:
            self._ask(REQUESTS[right_name], message)
        else:
            raise unknown_request(name)

    def _ask(self, request: Request, message: JsonObject) -> None:
        if request.asks_outside and self._outside >= MAX_OUTSIDE:
            raise BadRequest(f"{MAX_OUTSIDE} such requests are under way already")
        answer = request.handle(self, Parameters(message))
        if isinstance(answer, dict):
            self._send(encode_ok(message, answer))
        elif request.asks_outside:
            self._outside += 1
            self._wire.spawn(self._answer_outside(message, answer))
        else:
            self._hold()
            self._wire.spawn(self._answer_in_turn(message, answer, self._expect_response(message)))

    async def _answer_outside(self, message: JsonObject, answer: Awaitable[Members]) -> None:
        try:
            members = await answer
            self._send(encode_ok(message, members))
        except Exception as error:
            self._fail(message, error)
        finally:
            self._outside -= 1

    async def _answer_in_turn(self, message: JsonObject, answer: Awaitable[Members], response: str | None) -> None:
        try:
            members = await answer
            self._send(encode_ok(message, members))
        except Exception as error:
            if response is not None:
                self._interest.expect_no_more(response)
            self._fail(message, error)
        self._release()

    def _expect_response(self, message: JsonObject) -> str | None:
        """Note which custom event the client waits for: it subscribes only after its request."""
        arguments = message.get("args")
        response = arguments.get(RESPONSE_ID) if isinstance(arguments, dict) else None
        if not isinstance(response, str) or not response:
            return None
        self._interest.expect(response)
        return response

    def _fail(self, message: JsonObject, error: Exception) -> None:
        if isinstance(error, BadRequest):
            problem = error.problem
        elif isinstance(error, NotPermitted):
            problem = refusal(self._client.grant)
        elif isinstance(error, ServiceFailed):
            problem = "Internal error"
        elif isinstance(error, (PeerError, StoreError)):
            problem = str(error)
        else:
            logger.error("a request failed", exc_info=error)
            problem = "Internal error"
        self._send(encode_error(message, problem))

    # --- authentication ---

    def _refuse_outsider(self, message: JsonObject) -> None:
        logger.info("a client from %s did not authenticate; it was sent away", self._peer.address)
        self._send(encode_error(message, "Authentication required"))
        self._end(CloseCode.POLICY_VIOLATION, "authentication required")

    def _authenticate(self, message: JsonObject) -> None:
        if self._is_authenticated:
            self._send(encode_ok(message, {}))
        elif self._challenge is None:
            raise BadRequest("Authentication is not enabled")
        elif self._reception.takes_any_answer and not self._peer.must_prove:
            self._is_authenticated = True
            self._send(encode_ok(message, {}))
        else:
            text = message.get("authentication")
            problem = "Authentication failed" if isinstance(text, str) else "Missing authentication"
            answer = (decode_base64(text) if isinstance(text, str) else None) or b""
            peer = self._peer
            proof, delay_s = self._reception.doorkeeper.judge(self._challenge, answer, peer.address, peer.origin)
            self._conclude(message, problem, proof, delay_s)

    def _conclude(self, message: JsonObject, problem: str, proof: Proof | None, delay_s: float | None) -> None:
        """Let in or refuse, perhaps after a delay during which this connection waits."""
        if delay_s is None:
            self._count_failure(message, f"Authentication failed: {TOO_MANY}")
            return

        def conclude() -> None:
            grant = None if proof is None else self._reception.doorkeeper.enter(proof, self, self._leave)
            if grant is not None:
                self._is_authenticated = True
                self._act_under(grant)
                self._send(encode_ok(message, {}))
            else:
                self._count_failure(message, problem)

        def conclude_late() -> None:
            # Who has left keeps its place among those that wait, or leaving would be a way to guess faster.
            self._reception.doorkeeper.waited(self._peer.address, self._peer.origin)
            if not self._is_closed:
                self._is_held = False
                conclude()
                if not self._is_held:
                    self._release()

        if delay_s > 0:
            self._hold()
            self._clock.call_later(delay_s, conclude_late)
        else:
            conclude()

    def _act_under(self, grant: Grant) -> None:
        """Act under a grant from now on."""
        doorkeeper, address, origin = self._reception.doorkeeper, self._peer.address, self._peer.origin
        self._client.grant = grant
        if grant is not NOBODY:
            doorkeeper.record_login(grant, address, origin)
            self._client.follow(lambda use, key: doorkeeper.record_use(grant, use, key, address, origin))

    def _count_failure(self, message: JsonObject, problem: str) -> None:
        self._failures += 1
        self._send(encode_error(message, problem))
        if self._client.grant is NOBODY or self._failures >= MAX_FAILURES:
            self._end(CloseCode.POLICY_VIOLATION, "authentication failed")

    # --- events ---

    def _subscribe(self, message: JsonObject) -> None:
        selection = read_selection(message.get("events"))
        self._interest.add(selection)
        self._send(encode_ok(message, {"events": known_part(selection, self._client)}))

    def _unsubscribe(self, message: JsonObject) -> None:
        removed = self._interest.remove(read_selection(message.get("events")))
        self._send(encode_ok(message, {"events": known_part(removed, self._client)}))

    def _deliver(self, change: Change) -> None:
        if self._interest.wants(change):
            event = encode_event(change)
            if event:
                self._send(event)


_OWN: Final[dict[str, Callable[[Session, JsonObject], None]]] = {
    "Authenticate": Session._authenticate,
    "Subscribe": Session._subscribe,
    "UnSubscribe": Session._unsubscribe,
}
"""Requests that concern the connection itself."""


_NAMES: Final = {name.lower(): name for name in (*REQUESTS, *_OWN)}
"""The right spelling of each request's name."""


def refusal(grant: Grant) -> str:
    """Say why a request is refused: a guest may authenticate, and who has done so was not granted it."""
    return "Authentication required" if grant.level is Level.GUEST else "Not permitted"


def _send_nothing(message: bytes) -> None:
    """Stand in for a connection that has gone."""
