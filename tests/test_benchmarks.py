"""The benchmarks run and yield figures; what the figures are is not tested, since the machine is shared."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("cannot exist here: the load generator needs epoll", allow_module_level=True)

from benchmarks.__main__ import CASES, measure
from benchmarks.client import Client, frame, server_frame, split_frame
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, Target, compare
from benchmarks.load import Outcome, RoundTrips, run
from benchmarks.plan import Plan
from benchmarks.server import Server, bare
from benchmarks.table import describe

TINY = Plan(
    seconds=0.05,
    rounds=1,
    points=((1, 1), (2, 3)),
    subscribers=(3,),
    idle_connections=3,
    keys=60,
    matching=10,
    foreign_connections=2,
    foreign_prefixes=8,
    crowded_point=(2, 3),
    request_point=(3, 1),
    emit_point=(2, 3),
    flood_s=0.5,
    revoked=(1, 3),
    wrong_answers=100,
    guessed_s=30,
    askers=10,
    overlays=3,
    chat_rate=60,
    chat_s=0.5,
)


@pytest.mark.parametrize("case", CASES)
def test_every_case_yields_figures(case: str, tmp_path: Path) -> None:
    figures = list(measure(TINY, case, tmp_path))
    assert figures
    assert {figure.case for figure in figures} == {case}
    assert all(figure.value >= 0 and figure.rounds for figure in figures)
    assert all(figure.name in describe(figure) for figure in figures)


@pytest.fixture
def floor() -> Iterator[Server]:
    with bare() as server:
        yield server


def test_a_foreign_server_can_be_loaded_by_its_address(floor: Server, tmp_path: Path) -> None:
    figures = list(measure(TINY, "aeh", tmp_path, Server(floor.at("/get"))))
    assert {figure.case for figure in figures} == {"a"}
    assert all(figure.server_us is None for figure in figures)


def test_a_round_counts_whole_replies(floor: Server) -> None:
    outcome = run(_round_trips(floor.at("/get")))
    assert outcome.count > 0
    assert outcome.rate == outcome.count / outcome.seconds


def test_a_reply_of_another_length_spoils_the_round(floor: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.load.DRAIN_S", 0.1)
    # This path answers its first request at length and its second shortly.
    with pytest.raises(BenchmarkError, match="bytes"):
        run(_round_trips(floor.at("/login")))


def test_a_refused_upgrade_is_told(floor: Server) -> None:
    with pytest.raises(BenchmarkError, match="no WebSocket"):
        Client(floor.at("/nowhere"))


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frames_of_every_length_are_split(size: int) -> None:
    payload = b"x" * size
    sent = server_frame(payload)
    assert split_frame(sent[:-1] if size else sent[:1]) is None
    assert split_frame(sent + b"rest") == (payload, b"rest")


def test_a_request_is_masked() -> None:
    sent = frame(b"hello")
    mask, masked = sent[2:6], sent[6:]
    assert bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked)) == b"hello"


def test_the_ratio_is_the_median_of_the_rounds() -> None:
    ours, theirs = iter((10, 90, 30)), iter((20, 100, 10))
    figure = compare(
        "a",
        "x",
        ours=lambda: _outcome(next(ours)),
        theirs=lambda: _outcome(next(theirs)),
        rounds=3,
        target=0.8,
    )
    assert figure.ratio == 0.9
    assert figure.passes


@pytest.mark.parametrize(("value", "passes"), [(19.9, True), (20, False)])
def test_a_bound_on_the_value_is_an_upper_one(value: float, passes: bool) -> None:
    figure = Figure(case="e", name="x", unit="KB", value=value, target=Target(20, on="value"))
    assert figure.passes is passes


def _round_trips(url: str) -> RoundTrips:
    return RoundTrips(url=url, password=None, server_pid=None, seconds=0.05, command="kget", connections=2, in_flight=3)


def _outcome(count: int) -> Outcome:
    return Outcome(count=count, seconds=1.0, load_cpu_s=0.5, server_cpu_s=None)
