"""Origins that the owner decided about: web sites whose pages may connect, and those that may not and ask no more.

A page of any other web site is refused, and the owner is asked about its site. A hostile site must not nag: it is asked
about once, and when nobody answers not again for a while.
"""

from collections.abc import Callable, Iterable
from typing import Final

from stagedoor.access.asks import Answer, Asker, AskQueue, AskRefused, Metadata, Subject, Verdict
from stagedoor.access.register import Entry, Register

MAX_ORIGINS: Final = 256
"""Decisions that are remembered; the one that mattered longest ago is forgotten first."""

_QUIET_S: Final = 600.0
"""How long a site is not asked about again when nobody answered."""

_MAX_UNANSWERED: Final = 256


class KnownOrigin(Entry, kw_only=True):
    """A decision as it is stored; ``made_at`` is when it was made, ``used_at`` when a page last came from there."""

    origin: str
    """Serialized, in small letters, such as ``https://overlays.example``."""
    is_allowed: bool

    @property
    def lets_in(self) -> bool:
        """Whether its pages may connect."""
        return self.is_allowed


class RememberedOrigins(Register[KnownOrigin]):
    """Knows the decisions, and asks for new ones.

    ``changed`` is called when what is to be stored changes, ``shut_out`` with an origin whose pages may not be here any
    more, ``decided`` with each answer.
    """

    def __init__(
        self,
        now: Callable[[], float],
        changed: Callable[[], None],
        stored: Iterable[KnownOrigin] = (),
        *,
        shut_out: Callable[[str], None] = lambda origin: None,
        decided: Callable[[str, Verdict], None] = lambda origin, verdict: None,
    ) -> None:
        super().__init__(MAX_ORIGINS, lambda known: known.origin, now, changed, stored)
        self._shut_out = shut_out
        self._decided = decided
        self._unanswered: dict[str, float] = {}
        """Until when a site is not asked about again."""
        self._questions: dict[str, Callable[[], None]] = {}
        """The open ones by the site that they are about, and how to take each back."""

    def is_allowed(self, origin: str) -> bool:
        """Tell whether a page of this origin may connect, and note that it does."""
        known = self.find(origin)
        if known is None or not known.is_allowed:
            return False
        self.note_use(known)
        return True

    def is_refused(self, origin: str) -> bool:
        """Tell whether the owner said no to this origin."""
        known = self.find(origin)
        return known is not None and not known.is_allowed

    def decide(self, origin: str, *, allow: bool) -> None:
        """Remember a decision about a web site."""
        self._withdraw(origin)
        before = self.find(origin)
        known = KnownOrigin(made_at=self.now(), origin=origin, is_allowed=allow)
        if before is None:
            self.add(known)
        else:
            self.alter(known)
        if not allow:
            self._shut_out(origin)

    def forget(self, origin: str) -> bool:
        """Forget a decision, so that the site is asked about when it comes again; tells whether there was one."""
        known = self.find(origin)
        if known is None:
            return False
        self.remove(known)
        self._unanswered.pop(origin, None)
        self._shut_out(origin)
        return True

    def replace(self, stored: Iterable[KnownOrigin]) -> None:
        """Go by other decisions from now on."""
        before = {known.origin for known in self.stored() if known.is_allowed}
        super().replace(stored)
        for origin in before - {known.origin for known in self.stored() if known.is_allowed}:
            self._shut_out(origin)

    def ask(self, asks: AskQueue, origin: str, asker: Asker) -> bool:
        """Ask the owner about a site whose page was refused; tells whether that is a new question."""
        now = self.now()
        is_known = self.find(origin) is not None
        if is_known or self._unanswered.get(origin, 0.0) > now:
            return False

        def answer(answer: Answer) -> None:
            self._questions.pop(origin, None)
            self._unanswered.pop(origin, None)
            if answer.verdict is Verdict.EXPIRED:
                self._keep_quiet(origin, self.now() + _QUIET_S)
            else:
                self.decide(origin, allow=answer.verdict.lets_in)
            self._decided(origin, answer.verdict)

        try:
            question = asks.put(asker, Metadata(), answer, Subject.ORIGIN)
        except AskRefused:
            return False
        # While it is open, too.
        self._keep_quiet(origin, float("inf"))
        self._questions[origin] = lambda: asks.withdraw(question.id)
        return True

    def _withdraw(self, origin: str) -> None:
        """Take back the question about a site, if there is one: the owner has decided without it."""
        take_back = self._questions.pop(origin, None)
        if take_back is not None:
            self._unanswered.pop(origin, None)
            take_back()

    def _keep_quiet(self, origin: str, until: float) -> None:
        while len(self._unanswered) >= _MAX_UNANSWERED:
            del self._unanswered[next(iter(self._unanswered))]
        self._unanswered[origin] = until
