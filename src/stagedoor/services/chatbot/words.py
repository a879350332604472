"""The words of a chat message, and finding the commands that it begins with."""

from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_INVISIBLE: Final = "\U000e0000"
"""What some chat programs append, so that Twitch takes a message that is said twice for another one."""


def words_of(text: str) -> list[str]:
    """Part a text at its white space."""
    return text.replace(_INVISIBLE, "").split()


def after(text: str, count: int) -> str:
    """Return what follows the first ``count`` words of a text."""
    parts = text.replace(_INVISIBLE, "").split(None, count)
    return parts[count].rstrip() if len(parts) > count else ""


class Index(Generic[T]):
    """Finds by the beginning of a message what has that beginning as its name; case makes no difference.

    However many names there are, a message costs one look-up.
    """

    def __init__(self, named: Iterable[tuple[str, T]]) -> None:
        self._by_first: dict[str, list[tuple[Sequence[str], T]]] = {}
        for name, item in named:
            first, *rest = words_of(name.casefold()) or [""]
            if first:
                self._by_first.setdefault(first, []).append((rest, item))

    def find(self, message: str) -> list[T]:
        """Return everything whose name the message begins with, word by word; in the order in which it was given."""
        first = message.replace(_INVISIBLE, "").split(None, 1)
        candidates = self._by_first.get(first[0].casefold()) if first else None
        if candidates is None:
            return []
        rest = words_of(message.casefold())[1:]
        return [item for wanted, item in candidates if rest[: len(wanted)] == wanted]
