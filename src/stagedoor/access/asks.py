"""Asking the owner: somebody's question to be let in, from when it is put until it is answered.

Mostly it is an application that asks. When a page of a foreign web site was refused, its origin is asked about; and a
browser on another device may ask to be the owner's.

Questions are shown to people, so what an application says of itself is plain text, cut and cleaned, and stands beside
what it cannot choose: its address and origin. Questions can be used to nag, so there are few at a time.
"""

import unicodedata
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from itertools import count
from typing import Final
from urllib.parse import urlsplit

from stagedoor.access.clock import Clock, Timer
from stagedoor.access.scopes import Scopes
from stagedoor.access.throttle import is_loopback
from stagedoor.types import JsonObject

LIFETIME_S: Final = 120.0
MAX_A_MINUTE: Final = 3
MAX_REFUSALS: Final = 3
SILENCE_S: Final = 60.0
MAX_FIELD_CHARACTERS: Final = 200
MAX_ICON_CHARACTERS: Final = 65_536
"""For an icon that comes as a ``data:`` address; it is a picture of 64 by 64."""

_MAX_ASKERS: Final = 1024


class Subject(StrEnum):
    """What a question is about."""

    APP = "app"
    ORIGIN = "origin"
    """Whether the pages of a web site may connect at all."""
    DEVICE = "device"
    """Whether a browser may be the owner's."""


MAX_OPEN: Final[Mapping[Subject, int]] = {Subject.APP: 5, Subject.ORIGIN: 3, Subject.DEVICE: 2}
"""Open questions at a time; those about one thing do not take the place of others."""

_MAX_ORIGINS_A_MINUTE: Final = 6
"""Questions about origins: a hostile page can come from as many as it likes."""


class Verdict(Enum):
    """How a question ended."""

    ALLOWED = "allowed"
    REMEMBERED = "remembered"
    """Allowed, and let in without a question when it comes back."""
    DENIED = "denied"
    EXPIRED = "timeout"
    WITHDRAWN = "withdrawn"

    @property
    def lets_in(self) -> bool:
        """Whether it is a yes."""
        return self in (Verdict.ALLOWED, Verdict.REMEMBERED)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms somebody is let in."""

    scopes: Scopes | None = None
    """What it may touch; ``None`` for all but secrets."""
    expires_at: float | None = None
    """Until when it is remembered, in Unix time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the asker hears."""

    verdict: Verdict
    terms: Terms = Terms()


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as far as stagedoor itself can see."""

    address: str
    origin: str | None = None
    port: int = 0
    """Its end of the connection; 0 when that is not known."""

    @property
    def name(self) -> str:
        """Who it is, as people would say: the origin of a page, the address of a program."""
        return self.origin or self.address


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the application says of itself; an empty field is not shown."""

    name: str = ""
    author: str = ""
    url: str = ""
    icon: str = ""
    verification_code: str = ""
    scopes: Scopes | None = None
    """What it wants to touch; ``None`` when it does not say."""

    @property
    def shown_name(self) -> str:
        """What to call the application."""
        return self.name or "Unknown application"

    @classmethod
    def read(cls, members: JsonObject, requests: Mapping[str, Sequence[str]] | None = None) -> "Metadata":
        """Take the known members of a login request; whatever they hold becomes plain text.

        ``requests`` are names that scopes may hold; see :meth:`Scopes.parse`.

        Raises:
            ScopeError: When ``scopes`` are none.
        """
        scopes = members.get("scopes")
        url = _clean(members.get("url"))
        icon = _clean(members.get("icon"), MAX_ICON_CHARACTERS + 1)
        return cls(
            name=_clean(members.get("name")),
            author=_clean(members.get("author")),
            url=url if _scheme(url) in ("http", "https") else "",
            icon=icon if _is_small_picture(icon) or _is_short_https(icon) else "",
            verification_code=_clean(members.get("verificationCode")),
            scopes=None if scopes is None else Scopes.parse(scopes, requests),
        )


@dataclass(frozen=True, slots=True)
class Ask:
    """One open question."""

    id: str
    asker: Asker
    metadata: Metadata
    asked_at: float
    """By the clock of the queue."""
    subject: Subject = Subject.APP


class AskRefused(Exception):
    """The question is not put at all; the reason is a short text for the asker."""


@dataclass(slots=True)
class _Open:
    ask: Ask
    answer: Callable[[Answer], None]
    timer: Timer


@dataclass(slots=True)
class _History:
    asked: deque[float]
    refused: deque[float]
    silent_until: float = 0.0


class AskQueue:
    """The open questions, oldest first, and the limits on asking."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._histories: dict[tuple[Subject, str], _History] = {}
        self._origins_asked: deque[float] = deque()
        self._ids = count(1)
        self._watchers: list[Callable[[], None]] = []

    def __len__(self) -> int:
        return len(self._open)

    @property
    def open(self) -> list[Ask]:
        """The open questions, oldest first."""
        return [entry.ask for entry in self._open.values()]

    def watch(self, changed: Callable[[], None]) -> None:
        """Call back whenever a question opens or ends."""
        self._watchers.append(changed)

    def put(
        self,
        asker: Asker,
        metadata: Metadata,
        answer: Callable[[Answer], None],
        subject: Subject = Subject.APP,
    ) -> Ask:
        """Put a question to the owner; ``answer`` hears the verdict once, unless the question is withdrawn.

        Raises:
            AskRefused: When there are too many questions, or this asker has asked or been refused too often.
        """
        now = self._clock.time()
        # Who only tries leaves no trace here, or made-up names would push out those who were refused.
        known = [self._histories[name] for name in _counted(asker, subject) if name in self._histories]
        if any(now < history.silent_until for history in known):
            raise AskRefused("refused too often; ask again later")
        if sum(entry.ask.subject is subject for entry in self._open.values()) >= MAX_OPEN[subject]:
            raise AskRefused("too many pending requests")
        if subject is Subject.ORIGIN:
            _forget_before(self._origins_asked, now - 60)
            if len(self._origins_asked) >= _MAX_ORIGINS_A_MINUTE:
                raise AskRefused("asked too often; ask again later")
        for history in known:
            _forget_before(history.asked, now - 60)
            if len(history.asked) >= MAX_A_MINUTE:
                raise AskRefused("asked too often; ask again later")
        for history in self._histories_of(asker, subject):
            history.asked.append(now)
        if subject is Subject.ORIGIN:
            self._origins_asked.append(now)
        ask = Ask(str(next(self._ids)), asker, metadata, now, subject)
        timer = self._clock.call_later(LIFETIME_S, lambda: self._expire(ask.id))
        self._open[ask.id] = _Open(ask, answer, timer)
        self._tell_watchers()
        return ask

    def answer(self, ask_id: str, *, allow: bool, remember: bool = False, terms: Terms | None = None) -> bool:
        """Give the owner's answer; ``False`` when there is no such question any more.

        With ``remember``, whoever is let in is let in for good. Without ``terms`` it gets what it asked for.
        """
        allowed = Verdict.REMEMBERED if remember else Verdict.ALLOWED
        return self._end(ask_id, allowed if allow else Verdict.DENIED, terms)

    def withdraw(self, ask_id: str) -> None:
        """Take a question back, because its asker has gone or got in another way; nobody hears a verdict."""
        self._end(ask_id, Verdict.WITHDRAWN)

    def _expire(self, ask_id: str) -> None:
        self._end(ask_id, Verdict.EXPIRED)

    def _end(self, ask_id: str, verdict: Verdict, terms: Terms | None = None) -> bool:
        entry = self._open.pop(ask_id, None)
        if entry is None:
            return False
        entry.timer.cancel()
        now = self._clock.time()
        for history in self._histories_of(entry.ask.asker, entry.ask.subject):
            if verdict.lets_in:
                history.asked.clear()  # whoever was let in was not nagging
            elif verdict is Verdict.DENIED:
                _forget_before(history.refused, now - 60)
                history.refused.append(now)
                if len(history.refused) >= MAX_REFUSALS:
                    history.silent_until = now + SILENCE_S
        if verdict is not Verdict.WITHDRAWN:
            entry.answer(Answer(verdict, terms or Terms(entry.ask.metadata.scopes)))
        self._tell_watchers()
        return True

    def _histories_of(self, asker: Asker, subject: Subject) -> list[_History]:
        """Find or begin what is remembered of an asker, as the newest."""
        found: list[_History] = []
        for name in _counted(asker, subject):
            self._histories[name] = history = self._histories.pop(name, None) or _History(deque(), deque())
            found.append(history)
        while len(self._histories) > _MAX_ASKERS:
            del self._histories[next(iter(self._histories))]
        return found

    def _tell_watchers(self) -> None:
        for changed in self._watchers:
            changed()


def _counted(asker: Asker, subject: Subject) -> list[tuple[Subject, str]]:
    """Name whom the limits count: an origin or an address; another machine by both, since it can name any origin."""
    names = [asker.name]
    if asker.origin is not None and not is_loopback(asker.address):
        names.append(asker.address)
    return [(subject, name) for name in names]


def _forget_before(times: deque[float], moment: float) -> None:
    while times and times[0] < moment:
        times.popleft()


def _clean(value: object, limit: int = MAX_FIELD_CHARACTERS) -> str:
    """Make plain text of whatever JSON held: no control or invisible formatting characters, of bounded length."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    text = value if isinstance(value, str) else str(value)
    # Category C holds controls, surrogates and formatting such as right-to-left overrides, which make text lie; Zl and
    # Zp break lines.
    visible = "".join(c for c in text[: 4 * limit] if unicodedata.category(c)[0] != "C" and c not in "\u2028\u2029")
    return visible.strip()[:limit]


def _scheme(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.scheme.lower() if parts.netloc else ""


def _is_small_picture(icon: str) -> bool:
    return len(icon) <= MAX_ICON_CHARACTERS and icon.lower().startswith("data:image/")


def _is_short_https(icon: str) -> bool:
    return len(icon) <= MAX_FIELD_CHARACTERS and _scheme(icon) == "https"
