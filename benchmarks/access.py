"""Access: how soon what is taken back is closed, and what guessing and asking come to."""

import base64
import json
import logging
import threading
import time
import tracemalloc
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.client import Client
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, Target, Unit
from benchmarks.owner import by_token, call, own
from benchmarks.plan import Plan
from benchmarks.server import Server
from stagedoor.access import Doorkeeper
from stagedoor.access.clock import Clock, Timer

REVOKED: Final = 4011

REVOCATION_TARGET_MS: Final = 1000
GUESSES_TARGET: Final = 0.1
QUESTIONS_TARGET: Final = 10
GROWTH_TARGET_KB: Final = 2000
LOGIN_TARGET_MS: Final = 100

SITE: Final = "https://overlays.example"
WAITING: Final = 8
"""Answers of an address that wait at a time, and so connections that hear nothing for a while."""

_FAR: Final = "198.51.100.7"

LetIn = Callable[[], Client]
TakeBack = Callable[[], object]


def measure_access(plan: Plan, server: Server) -> Iterator[Figure]:
    """Measure a server whose console is open, and whose doors let in enough connections of one origin."""
    with _no_warnings():
        yield from _measure(plan, server)


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Log no wrong answer, of which there are thousands."""
    logger = logging.getLogger("stagedoor")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _measure(plan: Plan, server: Server) -> Iterator[Figure]:
    with own(server) as owner:
        for name, prepare in (
            ("forget an application", _prepare_app),
            ("revoke an overlay key", _prepare_overlay_key),
            ("forget a web site", _prepare_origin),
            ("forget a device", _prepare_device),
        ):
            for count in plan.revoked:
                rounds = [_time_revocation(*prepare(server, owner), count) for _ in range(plan.rounds)]
                yield _figure(f"{name}, sockets closed: {count:,}", "ms", rounds, REVOCATION_TARGET_MS)
        far = _count_guesses(plan.guessed_s, _FAR)
        yield _figure("wrong answers of another machine looked at", "/s", [far], GUESSES_TARGET)
        page = _count_guesses(plan.guessed_s, "127.0.0.1", "null")
        yield _figure("wrong answers of a page of no known origin looked at", "/s", [page], GUESSES_TARGET)
        yield from _measure_guessing(plan, server)
    name = f"questions of {plan.askers:,} sites and {plan.askers:,} applications at once"
    yield _figure(name, "open", [_flood_with_questions(server, plan.askers)], QUESTIONS_TARGET)
    for places in (1, plan.wrong_answers):
        name = f"memory after {plan.wrong_answers:,} wrong answers, networks: {places:,}"
        yield _figure(name, "KB", [_measure_growth(plan.wrong_answers, places)], GROWTH_TARGET_KB)


# --- taking back ---


def _time_revocation(let_in: LetIn, take_back: TakeBack, count: int) -> float:
    """Let so many in, take back what let them in, and tell the ms until the last one has heard of it."""
    with ExitStack() as stack:
        inside = [stack.enter_context(let_in()) for _ in range(count)]
        start = time.perf_counter()
        take_back()
        for client in inside:
            _wait_closed(client)
        return (time.perf_counter() - start) * 1e3


def _wait_closed(client: Client) -> None:
    try:
        while True:
            client.receive()
    except BenchmarkError as error:
        if f"closed with {REVOKED}" not in str(error):
            raise


def _prepare_app(server: Server, owner: Client) -> tuple[LetIn, TakeBack]:
    with Client(server.url) as asking:
        asking.send("klogin", auth="ask")
        question = _wait_for_one(owner, "stagedoor/asks")
        call(owner, "stagedoor/@answer-ask", {"id": question["id"], "allow": True, "remember": True})
        token = asking.granted()["token"]
    app = _wait_for_one(owner, "stagedoor/apps")
    return lambda: by_token(server.url, token), lambda: call(owner, "stagedoor/@forget-app", {"id": app["id"]})


def _prepare_overlay_key(server: Server, owner: Client) -> tuple[LetIn, TakeBack]:
    made = call(owner, "stagedoor/@make-overlay-key", {"name": "A benchmark", "scopes": ["read:counter/*"]})
    key_id = {"id": made["id"]}
    return lambda: Client(server.url, made["key"]), lambda: call(owner, "stagedoor/@revoke-overlay-key", key_id)


def _prepare_origin(server: Server, owner: Client) -> tuple[LetIn, TakeBack]:
    call(owner, "stagedoor/@decide-origin", {"origin": SITE, "allow": True})
    forget = {"origin": SITE}
    return (
        lambda: Client(server.url, server.password, origin=SITE),
        lambda: call(owner, "stagedoor/@forget-origin", forget),
    )


def _prepare_device(server: Server, owner: Client) -> tuple[LetIn, TakeBack]:
    link = urlsplit(call(owner, "stagedoor/@console-link", None)["url"])
    code = link.fragment.rpartition("=")[2]
    request = urllib.request.Request(
        f"{link.scheme}://{link.netloc}/pass",
        data=json.dumps({"code": code}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        token = json.load(answer)["token"]
    device = _wait_for_one(owner, "stagedoor/devices")
    return (
        lambda: by_token(f"ws://{link.netloc}/ws", token),
        lambda: call(owner, "stagedoor/@forget-device", {"id": device["id"]}),
    )


# --- guessing ---


def _measure_guessing(plan: Plan, server: Server) -> Iterator[Figure]:
    """Guess at the Kilovolt door for a while, and log in beside it, as this machine's programs do."""
    counted = 0
    stop = threading.Event()

    def guess() -> None:
        nonlocal counted
        with ExitStack() as stack:
            for _ in range(1 + WAITING):  # all but the first of these wait, each for longer
                _guess(stack.enter_context(Client(server.url)), waits=True)
            client = stack.enter_context(Client(server.url))
            while not stop.is_set():
                _guess(client, waits=False)
                counted += 1

    thread = threading.Thread(target=guess)
    start = time.perf_counter()
    thread.start()
    logins: list[float] = []
    while (passed := time.perf_counter() - start) < max(plan.seconds * plan.rounds, 0.2):
        begun = time.perf_counter()
        Client(server.url, server.password).close()
        logins.append((time.perf_counter() - begun) * 1e3)
        time.sleep(0.01)
    stop.set()
    thread.join()
    yield _figure("wrong answers of this machine's programs refused", "/s", [counted / passed])
    yield _figure("login by the right password meanwhile", "ms", logins, LOGIN_TARGET_MS)


def _guess(client: Client, *, waits: bool) -> None:
    client.ask("klogin", auth="challenge")
    client.send("kauth", hash=base64.b64encode(bytes(32)).decode())
    if not waits:
        client.receive()


class _Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        """Seconds since the beginning."""
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer:
        """Nothing is called late here."""
        raise NotImplementedError

    def call_soon(self, callback: Callable[[], None], /) -> Timer:
        """Nothing is called late here."""
        raise NotImplementedError


def _count_guesses(seconds: float, address: str, origin: str | None = None) -> float:
    """Answer wrongly without a pause by a clock that is moved by hand; tell how many answers a second count."""
    clock = _Hand()
    doorkeeper = _doorkeeper(clock)
    due: list[float] = []
    looked_at = 0
    while clock.now < seconds:
        for end in [end for end in due if end <= clock.now]:
            due.remove(end)
            doorkeeper.waited(address, origin)
        for _ in range(2 * WAITING):
            _, delay_s = doorkeeper.judge(doorkeeper.challenge(), bytes(32), address, origin)
            if delay_s:
                due.append(clock.now + delay_s)
                looked_at += 1
        clock.now += 0.05
    return looked_at / seconds


def _measure_growth(answers: int, places: int) -> float:
    """Tell the KB that wrong answers leave behind at a door, given from so many networks."""
    doorkeeper = _doorkeeper(_Hand())
    tracemalloc.start()
    try:
        for number in range(answers):
            place = number % places
            address = f"2001:db8:{place >> 16:x}:{place & 0xFFFF:x}::1"
            doorkeeper.judge(doorkeeper.challenge(), bytes(32), address)
        return tracemalloc.get_traced_memory()[0] / 1e3
    finally:
        tracemalloc.stop()


def _doorkeeper(clock: Clock) -> Doorkeeper:
    return Doorkeeper(clock, password="a password that nobody guesses")


# --- asking ---


def _flood_with_questions(server: Server, askers: int) -> float:
    """Let so many sites and as many applications ask at once; tell how many questions the owner sees."""
    with ExitStack() as stack:
        for number in range(askers):
            with suppress(BenchmarkError):  # the site is refused
                Client(server.url, origin=f"https://{number}.example").close()
        for number in range(askers):
            client = stack.enter_context(Client(server.url, origin=f"http://localhost:{number + 1}"))
            client.send("klogin", auth="ask")
        owner = stack.enter_context(own(server))
        call(owner, "stagedoor/@status", None)  # everything before that has been heard
        return len(json.loads(owner.ask("kget", key="stagedoor/asks")))


def _wait_for_one(owner: Client, key: str) -> Any:
    """Wait until a list that was empty has an entry."""
    while True:
        entries = json.loads(owner.ask("kget", key=key) or "[]")
        if entries:
            return entries[0]


def _figure(name: str, unit: Unit, rounds: list[float], bound: float | None = None) -> Figure:
    return Figure(
        case="m",
        name=name,
        unit=unit,
        value=median(rounds),
        target=None if bound is None else Target(bound, on="value"),
        rounds=rounds,
    )
