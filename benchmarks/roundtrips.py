"""Requests and replies: reads, durable writes, and writes in a crowd of foreign subscriptions."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from msgspec.structs import replace

from benchmarks.figures import Figure, compare
from benchmarks.load import RoundTrips, apply
from benchmarks.plan import Plan
from benchmarks.server import Server

GET_TARGET: Final = 0.75
PIPELINED_GET_TARGET: Final = 0.55
CROWD_TARGET: Final = 0.9


def measure_gets(plan: Plan, server: Server, bare: Server) -> Iterator[Figure]:
    """Measure ``kget``; where requests are pipelined, also against a floor that joins its answers."""
    for point in plan.points:
        target = GET_TARGET if point[1] == 1 else PIPELINED_GET_TARGET
        yield _compare("a", "kget", plan, server, bare, point, "/get", target=target)
        if point[1] > 1:
            yield _compare("a", "kget", plan, server, bare, point, "/joined/get", counterpart="bare, joined")


def measure_sets(plan: Plan, server: Server, bare: Server) -> Iterator[Figure]:
    """Measure ``kset`` on the durable store: each reply says that the write is on the disk."""
    for point in plan.points:
        yield _compare("b", "kset, durable", plan, server, bare, point, "/set")


def measure_crowd(plan: Plan, server: Server) -> Iterator[Figure]:
    """Measure what prefixes that never match cost a ``kset``, of durable keys and of events."""
    for kind, stem, target in (("durable", "b", CROWD_TARGET), ("event", "b/ev", None)):
        alone = _load("kset", plan, server, plan.crowded_point)
        alone = replace(alone, stem=stem, foreign_connections=plan.foreign_connections)
        crowd = replace(alone, foreign_prefixes=plan.foreign_prefixes)
        connections, in_flight = plan.crowded_point
        yield compare(
            "g",
            f"kset, {kind} {connections}x{in_flight}, {plan.foreign_prefixes:,} foreign prefixes",
            ours=partial(apply, crowd),
            theirs=partial(apply, alone),
            # The disk is the same on both sides and differs more from moment to moment than what is looked for.
            rounds=2 * plan.rounds,
            counterpart_name="none of them",
            target=target,
        )


def _compare(
    case: str,
    title: str,
    plan: Plan,
    server: Server,
    bare: Server,
    point: tuple[int, int],
    path: str,
    *,
    counterpart: str = "bare",
    target: float | None = None,
) -> Figure:
    command = title.split(",")[0]
    floor = Server(bare.at(path), pid=bare.pid)
    return compare(
        case,
        f"{title} {point[0]}x{point[1]}",
        ours=partial(apply, _load(command, plan, server, point)),
        theirs=partial(apply, _load(command, plan, floor, point)),
        rounds=plan.rounds,
        counterpart_name=counterpart,
        target=target,
    )


def _load(command: str, plan: Plan, server: Server, point: tuple[int, int]) -> RoundTrips:
    return RoundTrips(
        url=server.url,
        password=server.password,
        server_pid=server.pid,
        seconds=plan.seconds,
        command=command,
        connections=point[0],
        in_flight=point[1],
    )
