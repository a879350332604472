"""How one connection comes in: by challenge, by asking the owner, by a token. The server's side of logging in.

It knows what was begun and not yet ended, a challenge or a question. Whether an answer is right the doorkeeper says.

Source: the protocol's own document, version 10, section on authentication; the token is an extension.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from stagedoor.access import (
    BY_ASKING,
    NOBODY,
    OPEN,
    Answer,
    Ask,
    Asker,
    AskQueue,
    AskRefused,
    Challenge,
    Client,
    Departure,
    Doorkeeper,
    Grant,
    Metadata,
    Proof,
    ScopeError,
    Terms,
    Verdict,
    decode_base64,
    grant_for,
)
from stagedoor.access.doorkeeper import TOO_MANY
from stagedoor.keys import REQUEST_SCOPES
from stagedoor.kilovolt import messages
from stagedoor.kilovolt.messages import CloseCode, Done, ErrorCode, Request, Response, encode, encode_error
from stagedoor.wire import Peer, Wire

LOGIN_TIMEOUT_S: Final = 30.0
"""How long a connection may stay without logging in, where it must."""

ASK_TIMEOUT_S: Final = 150.0
"""The same from the moment when a question was put: its own lifetime, and time to hear of the answer."""


_CLOSE_CODES: Final = {
    departure: CloseCode.ACCESS_REVOKED if departure.is_for_good else CloseCode.POLICY_VIOLATION
    for departure in Departure
} | {Departure.CHANGED: CloseCode.GOING_AWAY}
"""By what a connection is ended that was let in; after a change of its grant it may come back at once."""


class _OpenAsk(NamedTuple):
    """A question that is not answered yet, the queue that it is in, and the request that waits for it."""

    queue: AskQueue
    ask: Ask
    request_id: str | None


class Admission:
    """Gives a client its grant, at once where the door is open.

    ``admitted`` is called with each grant that a login gives. ``hold`` lets nothing else of this connection be served
    for some seconds, and then calls back.
    """

    def __init__(
        self,
        client: Client,
        doorkeeper: Doorkeeper,
        wire: Wire,
        peer: Peer,
        *,
        admitted: Callable[[], None],
        hold: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self._client = client
        self._doorkeeper = doorkeeper
        self._wire = wire
        self._peer = peer
        self._admitted = admitted
        self._hold = hold
        self._is_closed = False
        self._challenge: Challenge | None = None
        self._ask: _OpenAsk | None = None
        self._deadline = doorkeeper.clock.time() + LOGIN_TIMEOUT_S
        if self._needs_no_login:
            self._enter_open_door()

    @property
    def _needs_no_login(self) -> bool:
        return self._doorkeeper.is_open and not self._peer.must_prove

    def is_overdue(self, now: float) -> bool:
        """Tell whether the connection should have logged in by now."""
        return self._client.grant is NOBODY and now > self._deadline

    def close(self) -> None:
        """Hear that the connection has gone: nothing is sent any more, and an open question goes away."""
        self._is_closed = True
        self._withdraw_ask()
        self._doorkeeper.forget(self)

    def login(self, request: messages.Login) -> None:
        """Begin, and perhaps end, one of the three ways in."""
        members = request.data or {}
        method = members.get("auth")
        if self._needs_no_login and method != "token":
            if self._client.grant is NOBODY:  # the door was opened since
                self._enter_open_door()
                self._admitted()
            self._fail(request, ErrorCode.AUTHENTICATION_NOT_REQUIRED, "this door is open")
        elif method is None or method == "challenge":
            self._login_by_challenge(request)
        elif method == "ask":
            try:
                metadata = Metadata.read(members, REQUEST_SCOPES)
            except ScopeError as error:
                self._fail(request, ErrorCode.INVALID_FORMAT, str(error))
                return
            self._login_by_asking(request, metadata)
        elif method == "token":
            self._login_by_token(request, members.get("token"))
        else:
            self._fail(request, ErrorCode.INVALID_FORMAT, "auth is none of challenge, ask and token")

    def authenticate(self, request: messages.Authenticate) -> None:
        """Take the answer to a challenge."""
        answer = decode_base64(request.data.hash)
        if answer is None:
            self._fail(request, ErrorCode.INVALID_FORMAT, "hash is not base64")
            return
        challenge, self._challenge = self._challenge, None
        if challenge is None or challenge.expires_at < self._doorkeeper.clock.time():
            self._fail(request, ErrorCode.NOT_INITIALIZED, "there is no challenge to answer; send klogin first")
            return
        proof, delay_s = self._doorkeeper.judge(challenge, answer, self._peer.address, self._peer.origin)
        self._conclude(request, proof, delay_s, "the answer is wrong")

    # --- by challenge and by token ---

    def _login_by_challenge(self, request: messages.Login) -> None:
        if not self._doorkeeper.has_password:
            self._fail(request, ErrorCode.METHOD_NOT_SUPPORTED, "this door has no password")
            return
        self._replace_ask()
        self._challenge = self._doorkeeper.challenge()
        self._reply(request, {"challenge": self._challenge.challenge_base64, "salt": self._challenge.salt_base64})

    def _login_by_token(self, request: messages.Login, token: object) -> None:
        if not isinstance(token, str):
            self._fail(request, ErrorCode.PARAMETER_MISSING, "token is missing")
            return
        proof, delay_s = self._doorkeeper.judge_token(token, self._peer.address, self._peer.origin)
        self._conclude(request, proof, delay_s, "the token is unknown")

    def _conclude(self, request: Request, proof: Proof | None, delay_s: float | None, reason: str) -> None:
        """Let in or refuse, perhaps after a delay during which this connection waits."""
        if delay_s is None:
            self._fail(request, ErrorCode.AUTHENTICATION_FAILED, TOO_MANY)
            return
        if proof is not None:
            self._replace_ask()  # else the owner's answer to it would change what was proved

        def conclude() -> None:
            if proof is not None and self._let_in_by(proof):
                self._welcome(request, {})
            else:
                self._fail(request, ErrorCode.AUTHENTICATION_FAILED, reason)

        def conclude_late() -> None:
            # Who has left keeps its place among those that wait, or leaving would be a way to guess faster.
            self._doorkeeper.waited(self._peer.address, self._peer.origin)
            if not self._is_closed:
                conclude()

        if delay_s > 0:
            self._hold(delay_s, conclude_late)
        else:
            conclude()

    # --- by asking ---

    def _login_by_asking(self, request: messages.Login, metadata: Metadata) -> None:
        asks = self._doorkeeper.asks
        request_id = request.request_id
        if asks is None or self._peer.must_prove:
            self._fail(request, ErrorCode.METHOD_NOT_SUPPORTED, "the owner cannot be asked here")
            return
        if self._client.grant is not NOBODY:
            self._done(request)
            return
        if self._ask is not None:
            self._fail(request, ErrorCode.AUTHENTICATION_FAILED, "request already pending")
            return

        asker = Asker(self._peer.address, self._peer.origin, self._peer.port)
        is_answered = False

        def answer(answer: Answer) -> None:
            nonlocal is_answered
            is_answered = True
            self._ask = None
            if not answer.verdict.lets_in:
                self._fail(request, ErrorCode.AUTHENTICATION_FAILED, answer.verdict.value)
                return
            remembered = None
            if answer.verdict is Verdict.REMEMBERED:
                remembered = self._doorkeeper.remember_app(asker, metadata, answer.terms)
            if remembered is None:
                self._let_in_by_asking(answer.terms)
                self._welcome(request, {})
            else:
                proof, token = remembered
                self._let_in_by(proof)
                self._welcome(request, {"token": token})

        try:
            ask = asks.put(asker, metadata, answer)
        except AskRefused as refused:
            self._fail(request, ErrorCode.AUTHENTICATION_FAILED, str(refused))
            return
        if not is_answered:
            self._ask = _OpenAsk(asks, ask, request_id)
        self._deadline = self._doorkeeper.clock.time() + ASK_TIMEOUT_S

    def _replace_ask(self) -> None:
        """Withdraw the open question because of another login, and say so."""
        if self._ask is not None:
            request_id = self._ask.request_id
            self._withdraw_ask()
            reason = "withdrawn by another login"
            self._wire.send(encode_error(ErrorCode.AUTHENTICATION_FAILED, reason, request_id))

    def _withdraw_ask(self) -> None:
        if self._ask is not None:
            asked, self._ask = self._ask, None
            asked.queue.withdraw(asked.ask.id)

    # --- in, and out again ---

    # What was shown is due for as long as it holds: while somebody waited, it may have been taken back.

    def _enter_open_door(self) -> None:
        self._doorkeeper.enter_freely(self, self._leave)  # a password that is set later has to be shown
        self._take(OPEN)

    def _let_in_by(self, proof: Proof) -> bool:
        grant = self._doorkeeper.enter(proof, self, self._leave)
        if grant is None:
            return False
        self._let_in(grant)
        return True

    def _let_in_by_asking(self, terms: Terms) -> None:
        self._doorkeeper.forget(self)
        self._let_in(BY_ASKING if terms.scopes is None else grant_for(terms.scopes, BY_ASKING.ground))

    def _let_in(self, grant: Grant) -> None:
        self._take(grant)
        self._admitted()

    def _take(self, grant: Grant) -> None:
        """Act under a grant from now on."""
        doorkeeper, address, origin = self._doorkeeper, self._peer.address, self._peer.origin
        self._client.grant = grant
        doorkeeper.record_login(grant, address, origin)
        self._client.follow(lambda use, key: doorkeeper.record_use(grant, use, key, address, origin))

    def _leave(self, departure: Departure) -> None:
        self._wire.close(_CLOSE_CODES[departure], departure.value)

    # --- answers. No write is under way when a login is served, so they overtake nothing. ---

    def _welcome(self, request: Request, members: dict[str, object]) -> None:
        """Say that the client is in, and what it may touch where that is not the usual."""
        scopes = self._client.grant.scopes
        if scopes is not None:
            members["scopes"] = scopes.words
        if members:
            self._reply(request, members)
        else:
            self._done(request)

    def _reply(self, request: Request, members: Mapping[str, object]) -> None:
        self._wire.send(encode(Response(True, request.request_id, members)))

    def _done(self, request: Request) -> None:
        self._wire.send(encode(Done(True, request.request_id)))

    def _fail(self, request: Request, code: ErrorCode, details: str) -> None:
        self._wire.send(encode_error(code, details, request.request_id))
