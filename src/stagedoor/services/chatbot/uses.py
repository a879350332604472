"""Remembers how often and when commands were used: what counters tell, and how long the next one has to wait."""

from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

MAX_VIEWERS: Final = 50_000
"""Viewers, each with one command, who are remembered; the ones who used theirs longest ago are forgotten first."""


class Use(NamedTuple):
    """How often something was used, and when for the last time."""

    times: int
    at: float


class Pauses(NamedTuple):
    """The seconds that must lie between two uses."""

    chat: float = 0.0
    """Of any commands by anybody."""
    command: float = 0.0
    """Of this command by anybody."""
    viewer: float = 0.0
    """Of this command by one viewer."""


class Uses:
    """The uses of all commands, in memory. ``now`` tells monotonic seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last: float | None = None
        self._of_commands: dict[str, Use] = {}
        self._of_viewers: OrderedDict[tuple[str, str], Use] = OrderedDict()

    def left(self, command: str, viewer: str, pauses: Pauses) -> Pauses:
        """Tell how long each pause still lasts; 0 when it is over, or nothing was used before."""
        of_command = self._of_commands.get(command)
        of_viewer = self._of_viewers.get((command, viewer))
        return Pauses(
            self._remaining(self._last, pauses.chat),
            self._remaining(of_command and of_command.at, pauses.command),
            self._remaining(of_viewer and of_viewer.at, pauses.viewer),
        )

    def note_other(self) -> None:
        """Note that a command of somebody else's is used now, such as one of the loyalty system."""
        self._last = self._now()

    def note(self, command: str, viewer: str) -> tuple[int, int]:
        """Note that a command is used now; returns how often it was, by anybody and by this viewer."""
        self._last = now = self._now()
        of_command = self._of_commands.get(command)
        of_viewer = self._of_viewers.pop((command, viewer), None)
        count = 1 if of_command is None else of_command.times + 1
        viewers_count = 1 if of_viewer is None else of_viewer.times + 1
        self._of_commands[command] = Use(count, now)
        self._of_viewers[command, viewer] = Use(viewers_count, now)
        if len(self._of_viewers) > MAX_VIEWERS:
            self._of_viewers.popitem(last=False)
        return count, viewers_count

    def count(self, command: str, viewer: str) -> tuple[int, int]:
        """Tell how often a command was used, by anybody and by this viewer."""
        uses = self._of_commands.get(command), self._of_viewers.get((command, viewer))
        return uses[0].times if uses[0] else 0, uses[1].times if uses[1] else 0

    def keep(self, commands: Collection[str]) -> None:
        """Forget all other commands, which exist no more."""
        for command in [command for command in self._of_commands if command not in commands]:
            del self._of_commands[command]
        for key in [key for key in self._of_viewers if key[0] not in commands]:
            del self._of_viewers[key]

    def _remaining(self, last: float | None, pause: float) -> float:
        return 0.0 if last is None or pause <= 0 else max(0.0, last + pause - self._now())
