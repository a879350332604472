"""A proof: something that was shown at a door and found right, and for how long it holds."""

from dataclasses import dataclass
from typing import Protocol

from stagedoor.access.grants import Grant
from stagedoor.access.register import Leave


class Keeper(Protocol):
    """Who knows what can be shown, and whether it is good still."""

    def enter(self, mark: str, insider: object, leave: Leave) -> Grant | None:
        """Note who comes in by what has this mark; ``leave`` is called when it is taken back. ``None`` when it was."""
        ...

    def leave(self, insider: object) -> None:
        """Note that somebody has gone, or is in by something else."""
        ...


@dataclass(frozen=True, slots=True)
class Proof:
    """What was shown, as the doorkeeper knows it. Who waits after showing it sees later whether it still is good."""

    grant: Grant
    """What it let do when it was shown; what it lets do later, :meth:`Keeper.enter` tells."""
    keeper: Keeper
    mark: str
    """What its keeper finds it by."""
