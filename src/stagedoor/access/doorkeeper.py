"""The doorkeeper: decides who gets in at one door, by password, by asking the owner, or by a token.

A session of a protocol brings what its client said and gets a proof with a grant, or a reason. It knows nothing of
passwords.
"""

import hmac
import logging
from collections.abc import Callable, Mapping
from typing import Final

from stagedoor.access.apps import RememberedApps
from stagedoor.access.asks import Asker, AskQueue, Metadata, Terms
from stagedoor.access.challenges import Challenge, new_challenge, sign
from stagedoor.access.client import REVEAL
from stagedoor.access.clock import Clock
from stagedoor.access.grants import Grant, Level
from stagedoor.access.origins import is_local
from stagedoor.access.overlay_keys import OverlayKeys
from stagedoor.access.passes import Passes
from stagedoor.access.proofs import Keeper, Proof
from stagedoor.access.register import Departure, Leave
from stagedoor.access.throttle import Throttle, is_loopback
from stagedoor.types import Key

logger = logging.getLogger(__name__)

Record = Callable[[str, Mapping[str, object]], None]
"""Enters something into the audit log: its kind, and the facts."""

OPEN: Final = Grant(Level.APPLICATION, "the door is open")
BY_PASSWORD: Final = Grant(Level.APPLICATION, "password")
BY_ASKING: Final = Grant(Level.APPLICATION, "asked")
CONTROL: Final = Grant(Level.OWNER, "control token")


Judgement = tuple[Proof | None, float | None]

TOO_MANY: Final = "too many wrong answers came from here; try again later"
"""What is said of an answer that nobody has looked at."""


class Doorkeeper:
    """One door's password, questions and tokens.

    ``name`` is the door's. ``asks`` is ``None`` where the owner cannot be asked. ``control_token`` is what the owner's
    own command line shows. ``passes`` are those of the owner's browsers, ``apps`` the applications that come back by a
    token, ``overlay_keys`` what is as good as the password for looking on. ``record`` enters into the audit log who
    came and who was refused. ``sign`` is the protocol's way to answer a challenge.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        name: str = "",
        password: str = "",
        asks: AskQueue | None = None,
        control_token: str = "",
        passes: Passes | None = None,
        apps: RememberedApps | None = None,
        overlay_keys: OverlayKeys | None = None,
        throttle: Throttle | None = None,
        record: Record = lambda kind, facts: None,
        sign: Callable[[str, bytes, bytes], bytes] = sign,
    ) -> None:
        self.clock = clock
        self.asks = asks
        self.record = record
        self.name = name
        self._password = _Password(password)
        self._control_token = control_token
        self._control = _Always()
        self._passes = passes
        self._apps = apps
        self._overlay_keys = overlay_keys
        self._throttle = throttle or Throttle()
        self._sign = sign

    @property
    def is_open(self) -> bool:
        """Whether everybody gets in without showing anything."""
        return not self._password.text and self.asks is None

    @property
    def has_password(self) -> bool:
        """Whether a challenge can be answered, be it by an overlay key alone."""
        return bool(self._password.text) or (self._overlay_keys is not None and bool(self._overlay_keys.stored()))

    def change_password(self, password: str) -> None:
        """Let in by another password from now on, and end the connections that used the old one."""
        if password != self._password.text:
            self._password.change(password)

    def send_away(self, departure: Departure) -> None:
        """End the connections that came in by the password, or by nothing."""
        self._password.send_away(departure)

    # --- who is in ---

    def enter(self, proof: Proof, insider: object, leave: Leave) -> Grant | None:
        """Note who comes in by a proof; ``leave`` is called when it is taken back.

        Returns:
            What it lets do now, which may have changed while somebody waited; ``None`` when it is no good any more.
            Whatever it was that let in before holds on then.
        """
        grant = proof.keeper.enter(proof.mark, insider, leave)
        if grant is None:
            return None
        for keeper in self._keepers():
            if keeper is not proof.keeper:
                keeper.leave(insider)
        return grant

    def enter_freely(self, insider: object, leave: Leave) -> None:
        """Note who comes in without showing anything; ``leave`` is called when that has to be shown."""
        self._password.enter(self._password.mark, insider, leave)

    def forget(self, insider: object) -> None:
        """Note that somebody has gone, or is in by something that is not taken back."""
        for keeper in self._keepers():
            keeper.leave(insider)

    def _keepers(self) -> list[Keeper]:
        known: tuple[Keeper | None, ...] = (self._password, self._passes, self._apps, self._overlay_keys)
        return [keeper for keeper in known if keeper is not None]

    def remember_app(self, asker: Asker, metadata: Metadata, terms: Terms) -> tuple[Proof, str] | None:
        """Let in for good an application that asked; returns its proof and its token, if this door knows any."""
        return None if self._apps is None else self._apps.remember(asker, metadata, terms)

    def record_login(self, grant: Grant, address: str, origin: str | None) -> None:
        """Enter into the audit log who came in."""
        self.record("login", {**self._whence(address, origin), **grant.described()})

    def record_use(self, grant: Grant, use: str, key: Key, address: str, origin: str | None) -> None:
        """Enter into the audit log that a grant is used in a new way, or that a secret was read."""
        who = {**self._whence(address, origin), **grant.described()}
        if use == REVEAL:
            self.record("reveal", {"key": key, **who})
        elif not grant.is_owner:
            area, slash, _ = key.partition("/")
            self.record("use", {"verb": use, "area": area + slash, **who})

    def _whence(self, address: str, origin: str | None) -> dict[str, object]:
        whence: dict[str, object] = {"door": self.name, "address": address}
        if origin is not None:
            whence["origin"] = origin
        return whence

    # --- judging what is shown ---

    def challenge(self) -> Challenge:
        """Draw a challenge."""
        return new_challenge(self.clock.time())

    def judge(self, challenge: Challenge, answer: bytes, address: str, origin: str | None = None) -> Judgement:
        """Decide about the answer to a challenge, in constant time.

        Returns:
            The proof if it lets in, and how many seconds to wait before saying so; after a wait, call :meth:`waited`.
            ``None`` for the seconds when nobody has looked, be it right or wrong: see :data:`TOO_MANY`.
        """

        def is_right(password: str) -> bool:
            return hmac.compare_digest(self._sign(password, challenge.challenge, challenge.salt), answer)

        return self._pronounce(self._prove(is_right), "a wrong password", address, origin)

    def judge_password(self, password: str, address: str, origin: str | None = None) -> Judgement:
        """Decide about a password or a token of an application that was sent as it is, as :meth:`judge` does."""
        # What came in a header may be no text; it is wrong then.
        sent = password.encode(errors="surrogatepass")
        proof = self._prove(lambda right: hmac.compare_digest(right.encode(), sent))
        if proof is None and self._apps is not None:
            proof = self._apps.prove(password, origin)
        return self._pronounce(proof, "a wrong password", address, origin)

    def judge_token(self, token: str, address: str, origin: str | None = None) -> Judgement:
        """Decide about a token as :meth:`judge` does about an answer."""
        proof = None
        if self._is_control_token(token):
            proof = Proof(CONTROL, self._control, "")
        elif self._passes is not None:
            proof = self._passes.prove(token)
        if proof is None and self._apps is not None:
            proof = self._apps.prove(token, origin)
        return self._pronounce(proof, "a wrong token", address, origin)

    def _prove(self, is_right: Callable[[str], bool]) -> Proof | None:
        by_password = is_right(self._password.text) and bool(self._password.text)
        by_key = None if self._overlay_keys is None else self._overlay_keys.prove(is_right)
        return Proof(BY_PASSWORD, self._password, self._password.mark) if by_password else by_key

    def _pronounce(self, proof: Proof | None, reason: str, address: str, origin: str | None) -> Judgement:
        # Who comes in by what opens little may go on guessing at the password.
        excuses = proof is not None and proof.grant.scopes is None
        now = self.clock.time()
        delay_s = self._throttle.judge(_who_answers(address, origin), now, is_right=proof is not None, excuses=excuses)
        if proof is None:
            logger.warning("%s from %s", reason, address)
            self.record("refused", {**self._whence(address, origin), "reason": reason})
        return (None if delay_s is None else proof), delay_s

    def waited(self, address: str, origin: str | None = None) -> None:
        """Hear that a delayed answer has been given."""
        self._throttle.waited(_who_answers(address, origin))

    def _is_control_token(self, token: str) -> bool:
        sent = token.encode(errors="surrogatepass")
        return bool(self._control_token) and hmac.compare_digest(self._control_token.encode(), sent)


def _who_answers(address: str, origin: str | None) -> str:
    """Name whom a wrong answer slows down: an address, or a web site whose page is open in a browser of this machine.

    A right answer of this machine's programs never waits, so a page that counted as one could try any number of them.
    """
    is_page = origin is not None and is_loopback(address) and not is_local(origin)
    return f"a page of {origin}" if is_page else address


class _Password:
    """A door's password, and who came in by it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._era = 0
        self._insiders: dict[object, Leave] = {}

    @property
    def mark(self) -> str:
        """Another one with each password."""
        return str(self._era)

    def change(self, text: str) -> None:
        """Take another password."""
        self.text = text
        self._era += 1
        self.send_away(Departure.PASSWORD_CHANGED)

    def enter(self, mark: str, insider: object, leave: Leave) -> Grant | None:
        """Note who comes in, if the password is the same still."""
        if mark != self.mark:
            return None
        self._insiders.pop(insider, None)
        self._insiders[insider] = leave
        return BY_PASSWORD

    def leave(self, insider: object) -> None:
        """Note that somebody has gone."""
        self._insiders.pop(insider, None)

    def send_away(self, departure: Departure) -> None:
        """End the connections that came in by it."""
        insiders, self._insiders = self._insiders, {}
        for leave in insiders.values():
            leave(departure)


class _Always:
    """What is good for as long as stagedoor runs."""

    def enter(self, mark: str, insider: object, leave: Leave) -> Grant | None:
        """Let in."""
        return CONTROL

    def leave(self, insider: object) -> None:
        """Keep nobody in mind."""
