"""The doorkeeper: decides who gets in at one door, by password, by asking the owner, or by a token.

A session of a protocol brings what its client said and gets a grant, or a reason. It knows nothing of passwords.
"""

import hmac
import logging
from collections.abc import Callable
from typing import Final

from stagedoor.access.apps import RememberedApps
from stagedoor.access.asks import Asker, AskQueue, Metadata
from stagedoor.access.challenges import Challenge, new_challenge, sign
from stagedoor.access.clock import Clock
from stagedoor.access.grants import Grant, Level
from stagedoor.access.passes import Passes
from stagedoor.access.throttle import Throttle

logger = logging.getLogger(__name__)

OPEN: Final = Grant(Level.APPLICATION, "the door is open")
BY_PASSWORD: Final = Grant(Level.APPLICATION, "password")
BY_ASKING: Final = Grant(Level.APPLICATION, "asked")
CONTROL: Final = Grant(Level.OWNER, "control token")
BY_PASS: Final = Grant(Level.OWNER, "console")


class Doorkeeper:
    """One door's password, questions and tokens.

    ``asks`` is ``None`` where the owner cannot be asked. ``control_token`` is what the owner's own command line shows.
    ``passes`` are those of the owner's browsers, ``apps`` the applications that come back by a token. ``sign`` is the
    protocol's way to answer a challenge.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        password: str = "",
        asks: AskQueue | None = None,
        control_token: str = "",
        passes: Passes | None = None,
        apps: RememberedApps | None = None,
        throttle: Throttle | None = None,
        sign: Callable[[str, bytes, bytes], bytes] = sign,
    ) -> None:
        self.clock = clock
        self.asks = asks
        self._password = password
        self._control_token = control_token
        self._passes = passes
        self._apps = apps
        self._throttle = throttle or Throttle()
        self._sign = sign
        self._insiders: dict[object, Callable[[], None]] = {}
        self.password_era = object()
        """Another object with each password: who has to wait after a right answer sees whether it is right still."""

    @property
    def is_open(self) -> bool:
        """Whether everybody gets in without showing anything."""
        return not self._password and self.asks is None

    @property
    def has_password(self) -> bool:
        """Whether a challenge can be answered."""
        return bool(self._password)

    def change_password(self, password: str) -> None:
        """Let in by another password from now on, and end the connections that used the old one."""
        if password == self._password:
            return
        self._password = password
        self.password_era = object()
        self.send_away()

    def send_away(self) -> None:
        """End the connections that came in by what no longer holds."""
        insiders, self._insiders = self._insiders, {}
        for leave in insiders.values():
            leave()

    def remember(self, insider: object, leave: Callable[[], None]) -> None:
        """Note who came in by the password; ``leave`` is called when it changes."""
        self.forget(insider)
        self._insiders[insider] = leave

    def remember_token(self, token: str, insider: object, leave: Callable[[], None]) -> bool:
        """Note who comes in by a token; ``leave`` is called when it is worthless.

        Returns:
            Whether it still is good; if not, whatever it was that let in before holds on.
        """
        is_control = self._is_control_token(token)
        is_pass = not is_control and self._passes is not None and self._passes.remember(token, insider, leave)
        is_app = not (is_control or is_pass) and self._apps is not None and self._apps.enter(token, insider, leave)
        if not (is_control or is_pass or is_app):
            return False
        self._insiders.pop(insider, None)
        if self._passes is not None and not is_pass:
            self._passes.forget(insider)
        if self._apps is not None and not is_app:
            self._apps.leave(insider)
        return True

    def forget(self, insider: object) -> None:
        """Note that somebody has gone, or is in by something else."""
        self._insiders.pop(insider, None)
        if self._passes is not None:
            self._passes.forget(insider)
        if self._apps is not None:
            self._apps.leave(insider)

    def remember_app(self, asker: Asker, metadata: Metadata) -> tuple[Grant, str | None]:
        """Let in for good an application that asked; returns its grant and its token, if this door knows any."""
        return (BY_ASKING, None) if self._apps is None else self._apps.remember(asker, metadata)

    def challenge(self) -> Challenge:
        """Draw a challenge."""
        return new_challenge(self.clock.time())

    def judge(self, challenge: Challenge, answer: bytes, address: str) -> tuple[bool, float]:
        """Decide about the answer to a challenge, in constant time.

        Returns:
            Whether it lets in, and how many seconds to wait before saying so; after a wait, call :meth:`waited`.
        """
        return self._judge(self._sign(self._password, challenge.challenge, challenge.salt), answer, address)

    def judge_password(self, password: str, address: str) -> tuple[bool, float]:
        """Decide about a password that was sent as it is, as :meth:`judge` does about an answer."""
        # What came in a header may be no text; it is wrong then.
        return self._judge(self._password.encode(), password.encode(errors="surrogatepass"), address)

    def _judge(self, right: bytes, answer: bytes, address: str) -> tuple[bool, float]:
        is_right = self.has_password and hmac.compare_digest(right, answer)
        delay_s = self._throttle.judge(address, self.clock.time(), is_right=is_right)
        if not is_right:
            logger.warning("a wrong password from %s", address)
        if delay_s is None:
            return False, 0.0
        return is_right, delay_s

    def waited(self, address: str) -> None:
        """Hear that a delayed answer has been given."""
        self._throttle.waited(address)

    def judge_token(self, token: str, address: str, origin: str | None = None) -> tuple[Grant | None, float]:
        """Decide about a token as :meth:`judge` does about an answer."""
        grant = None
        if self._is_control_token(token):
            grant = CONTROL
        elif self._passes is not None and self._passes.accepts(token):
            grant = BY_PASS
        elif self._apps is not None:
            grant = self._apps.recognize(token, origin)
        if grant is None:
            logger.warning("a wrong token from %s", address)
        delay_s = self._throttle.judge(address, self.clock.time(), is_right=grant is not None)
        return (None if delay_s is None else grant), delay_s or 0.0

    def _is_control_token(self, token: str) -> bool:
        return bool(self._control_token) and hmac.compare_digest(self._control_token.encode(), token.encode())
