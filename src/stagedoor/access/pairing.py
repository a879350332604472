"""Pairing: how the browser of another device becomes the owner's.

The owner shows a code, which is good once and for a short time. Whoever sends it becomes a question to the owner, with
a number that is drawn for it; the owner allows it when the device in their hands shows the same number. So a code that
somebody else has seen lets nobody in, and one that was used before the owner's device shows that by failing there.

It is not for plain text: who carries the messages keeps to that.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final

from stagedoor.access.asks import Answer, Asker, AskQueue, AskRefused, Metadata, Subject, Verdict
from stagedoor.access.clock import Clock
from stagedoor.access.doorkeeper import Record
from stagedoor.access.passes import Passes
from stagedoor.access.throttle import Throttle

CODE_LIFETIME_S: Final = 600.0
"""How long a code can be used: until then the device has to trust our certificate, which takes some steps."""

COLLECT_S: Final = 120.0
"""How long an answer waits for its device, which may sleep while its owner looks at the computer."""

_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""What a code is made of: none that is taken for another one when somebody types it."""

_CODES: Final = 8
"""Codes that are known at a time, with those that were used; the oldest goes first."""

_ATTEMPTS: Final = 8


class Trouble(StrEnum):
    """Why a code leads nowhere."""

    UNKNOWN = "unknown"
    """It never was one, or stagedoor was started anew since."""
    USED = "used"
    EXPIRED = "expired"
    BUSY = "busy"
    """There are too many questions; the code is still good."""


class PairingRefused(Exception):
    """A device that sent a code is not asked about."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


class State(Enum):
    """How far a device has come."""

    WAITING = "waiting"
    ALLOWED = "allowed"
    DENIED = "denied"
    EXPIRED = "expired"


@dataclass(eq=False, slots=True)
class Attempt:
    """A device that has sent a good code."""

    id: str
    """By which the device asks for the answer; only it knows this."""
    number: str
    """Six digits that the owner compares."""
    name: str
    address: str
    question: str = ""
    """The question's id."""
    state: State = State.WAITING
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the question has its answer."""


class Pairings:
    """The codes that are out, and the devices that came by one. ``tell`` hears which codes there are."""

    def __init__(
        self,
        clock: Clock,
        asks: AskQueue,
        passes: Passes,
        throttle: Throttle,
        record: Record,
        tell: Callable[[list[str]], None] = lambda codes: None,
    ) -> None:
        self._clock = clock
        self._asks = asks
        self._passes = passes
        self._throttle = throttle
        self._record = record
        self._tell = tell
        self._codes: dict[str, float | None] = {}
        """Until when each is good; ``None`` for one that was used."""
        self._attempts: dict[str, Attempt] = {}

    def new_code(self) -> str:
        """Draw a code to show."""
        while len(self._codes) >= _CODES:
            del self._codes[next(iter(self._codes))]
        # 59 bits: enough for what is good once, for minutes, and slowed down; and still short enough to be typed.
        code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
        self._codes[code] = self._clock.time() + CODE_LIFETIME_S
        self._tell(list(self._codes))
        self._record("pass", {"what": "pairing code"})
        return code

    def judge(self, code: str, address: str) -> float | None:
        """Tell how many seconds to wait before :meth:`begin`; ``None`` to refuse unseen.

        A code that never was one counts as a wrong answer. After a wait, call :meth:`waited`.
        """
        is_right = self._find(code) is not None
        if not is_right:
            self._record("refused", {"door": "console", "address": address, "reason": "a wrong pairing code"})
        return self._throttle.judge(address, self._clock.time(), is_right=is_right)

    def waited(self, address: str) -> None:
        """Hear that a delayed answer is given now."""
        self._throttle.waited(address)

    def begin(self, code: str, asker: Asker, name: str) -> Attempt:
        """Ask the owner about the device that sent a code; it is used up by that.

        Raises:
            PairingRefused: When the code is no good, or there are too many questions.
        """
        known = self._find(code)
        if known is None:
            raise PairingRefused(Trouble.UNKNOWN)
        good_until = self._codes[known]
        if good_until is None:
            raise PairingRefused(Trouble.USED)
        if good_until < self._clock.time():
            raise PairingRefused(Trouble.EXPIRED)
        number = f"{secrets.randbelow(1_000_000):06}"
        attempt = Attempt(secrets.token_urlsafe(24), number, name, asker.address)
        metadata = Metadata(name=name, verification_code=number)
        try:
            question = self._asks.put(asker, metadata, self._hearing(attempt), Subject.DEVICE)
        except AskRefused as refused:
            raise PairingRefused(Trouble.BUSY) from refused
        attempt.question = question.id
        self._codes[known] = None
        while len(self._attempts) >= _ATTEMPTS:
            self.give_up(next(iter(self._attempts.values())))
        self._attempts[attempt.id] = attempt
        return attempt

    def find(self, attempt_id: str) -> Attempt | None:
        """Find a device's attempt by its id; ``None`` when it has gone."""
        sent = attempt_id.encode(errors="surrogatepass")
        return next((one for one in self._attempts.values() if hmac.compare_digest(one.id.encode(), sent)), None)

    def collect(self, attempt: Attempt) -> str | None:
        """Give its token to a device that was let in; ``None`` when it was given, or has waited for too long."""
        if attempt.state is not State.ALLOWED or self._attempts.pop(attempt.id, None) is None:
            return None
        self._record("pass", {"what": "device", "name": attempt.name, "address": attempt.address})
        return self._passes.give(attempt.name, attempt.address)

    def give_up(self, attempt: Attempt) -> None:
        """Forget a device that does not want to come in any more."""
        self._forget(attempt)
        self._asks.withdraw(attempt.question)

    def _forget(self, attempt: Attempt) -> None:
        self._attempts.pop(attempt.id, None)

    def _find(self, code: str) -> str | None:
        sent = code.encode(errors="surrogatepass")
        return next((known for known in self._codes if hmac.compare_digest(known.encode(), sent)), None)

    def _hearing(self, attempt: Attempt) -> Callable[[Answer], None]:
        def hear(answer: Answer) -> None:
            if answer.verdict.lets_in:
                attempt.state = State.ALLOWED
            else:
                attempt.state = State.DENIED if answer.verdict is Verdict.DENIED else State.EXPIRED
            attempt.ended.set()
            self._clock.call_later(COLLECT_S, lambda: self._forget(attempt))

        return hear
