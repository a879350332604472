"""Ranges: every key with a prefix out of a large store, beside reading the store's own files in this process."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, cast

import lmdb
import msgspec

from benchmarks.bare import VALUE
from benchmarks.client import Client
from benchmarks.figures import Figure, compare
from benchmarks.load import WARM_UP, Outcome, Ranges, apply
from benchmarks.plan import Plan
from benchmarks.server import Server

TARGET: Final = 0.5
"""Within twice the time."""

_BATCH: Final = 4_000
"""Keys for each message that fills the store; keeps it under the smallest limit of any server."""


def fill(plan: Plan, server: Server) -> str:
    """Write all the keys, spread evenly over prefixes; returns a prefix from their middle."""
    with Client(server.url, server.password) as client:
        for start in range(0, plan.keys, _BATCH):
            numbers = range(start, min(start + _BATCH, plan.keys))
            client.fill({_key(plan, number): VALUE for number in numbers})
    return _key(plan, plan.keys // 2)[:-6]


def _key(plan: Plan, number: int) -> str:
    return f"range/{number // plan.matching:06}/{number % plan.matching:06}"


def measure_ranges(plan: Plan, server: Server, prefix: str) -> Iterator[Figure]:
    """Measure ``kget-all`` and ``klist`` over one connection; without the store's folder, only their own speed."""
    for command, read in (("kget-all", _read_pairs), ("klist", _read_keys)):
        load = Ranges(
            url=server.url,
            password=server.password,
            server_pid=server.pid,
            seconds=plan.seconds,
            command=command,
            prefix=prefix,
        )
        ours = partial(apply, load)
        direct = None if server.folder is None else server.folder / "store"
        theirs = ours if direct is None else partial(_read, read, direct, prefix.encode(), plan)
        figure = compare(
            "f",
            f"{command}, {plan.matching:,} of {plan.keys:,} keys",
            ours=ours,
            theirs=theirs,
            rounds=plan.rounds,
            counterpart_name="LMDB in process",
            target=TARGET,
        )
        yield _in_ms(figure) if direct is not None else _alone(_in_ms(figure))


def _read(read: Callable[[lmdb.Cursor, bytes], int], folder: Path, prefix: bytes, plan: Plan) -> Outcome:
    """Read the range over and over, each time in a transaction of its own."""
    with lmdb.open(str(folder), max_dbs=8, readonly=True, lock=True) as environment:
        table = environment.open_db(b"keys", create=False)

        def work(until: float) -> int:
            count = 0
            while time.perf_counter() < until:
                with environment.begin(db=table) as transaction:
                    assert read(transaction.cursor(), prefix) == plan.matching
                count += 1
            return count

        work(time.perf_counter() + plan.seconds * WARM_UP)
        cpu, start = time.process_time(), time.perf_counter()
        count = work(start + plan.seconds)
        return Outcome(
            count=count, seconds=time.perf_counter() - start, load_cpu_s=0.0, server_cpu_s=time.process_time() - cpu
        )


def _read_pairs(cursor: lmdb.Cursor, prefix: bytes) -> int:
    pairs: list[tuple[str, str]] = []
    cursor.set_range(prefix)
    for key, value in cast("Iterator[tuple[bytes, bytes]]", cursor.iternext()):
        if not key.startswith(prefix):
            break
        pairs.append((key.decode(), value.decode()))
    return len(pairs)


def _read_keys(cursor: lmdb.Cursor, prefix: bytes) -> int:
    keys: list[str] = []
    cursor.set_range(prefix)
    for key in cast("Iterator[bytes]", cursor.iternext(values=False)):
        if not key.startswith(prefix):
            break
        keys.append(key.decode())
    return len(keys)


def _in_ms(figure: Figure) -> Figure:
    """Tell the time of one instead of how many a second; the ratio stays."""
    return msgspec.structs.replace(
        figure,
        unit="ms",
        value=1e3 / figure.value,
        counterpart=None if figure.counterpart is None else 1e3 / figure.counterpart,
        rounds=[1e3 / rate for rate in figure.rounds],
        counterpart_rounds=[1e3 / rate for rate in figure.counterpart_rounds],
    )


def _alone(figure: Figure) -> Figure:
    return msgspec.structs.replace(figure, counterpart=None, ratio=None, target=None, counterpart_rounds=[])
