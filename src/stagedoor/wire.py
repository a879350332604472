"""What a session sees of its connection: who is at the other end, and a way to say something to it."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Protocol


class Wire(Protocol):
    """What a session needs of its connection."""

    def send(self, message: bytes) -> None:
        """Queue one message."""
        ...

    def send_pieces(self, pieces: Sequence[bytes]) -> None:
        """Queue one long message that is in pieces."""
        ...

    def when_caught_up(self, callback: Callable[[], None]) -> None:
        """Call back as soon as the other end has read so much that more may follow; perhaps at once, or never."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close the connection after what is queued."""
        ...

    def pause_reading(self) -> None:
        """Deliver no further requests for now."""
        ...

    def resume_reading(self) -> None:
        """Deliver requests again."""
        ...

    def spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        """Run a coroutine for as long as the connection lives."""
        ...


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, as far as the connection shows."""

    address: str
    origin: str | None = None
    must_prove: bool = False
    """Whether it is nobody before it has shown a password or a token, however open the door is."""
    port: int = 0
    """Its end of the connection; 0 when that is not known."""
