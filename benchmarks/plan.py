"""How much a run measures: the sizes of the cases, and how long and how often."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The sizes of every case; the defaults are the ones that the targets are meant for."""

    seconds: float = 1.0
    rounds: int = 5
    points: tuple[tuple[int, int], ...] = ((1, 1), (10, 1), (100, 1), (10, 16))
    """Connections, and requests in flight on each."""
    subscribers: tuple[int, ...] = (10, 100, 1000)
    idle_connections: int = 1000
    keys: int = 1_000_000
    matching: int = 10_000
    """Keys that the ranges are to find among ``keys``."""
    foreign_connections: int = 100
    foreign_prefixes: int = 10_000
    crowded_point: tuple[int, int] = (10, 16)
    request_point: tuple[int, int] = (100, 1)
    """Connections and requests in flight, of Streamer.bot's requests."""
    emit_point: tuple[int, int] = (10, 4)
    revoked: tuple[int, ...] = (1, 100, 1000)
    """Connections that end when what let them in is taken back."""
    wrong_answers: int = 10_000
    guessed_s: float = 3600.0
    """How long wrong answers are given without a pause, by a clock that is moved by hand."""
    askers: int = 1000
    """Sites, and applications, that ask at once to be let in."""
    flood_s: float = 60.0
    """How long the console is flooded with events."""
    overlays: int = 100
    chat_rate: int = 500
    """Messages a second in the busy channel."""
    chat_s: float = 60.0
