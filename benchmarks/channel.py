"""A busy channel: chat from a fake Twitch, with commands, timers and a history, before a crowd of overlays."""

import json
import re
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from types import TracebackType
from typing import Any, Final, Self

import psutil

from benchmarks import ROOT
from benchmarks.client import Client, frame
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, Target, Unit
from benchmarks.owner import own
from benchmarks.plan import Plan
from benchmarks.server import Server, stagedoor
from benchmarks.talk import COMMANDS, LAST

BACKLOG_TARGET_MS: Final = 1000
GROWTH_TARGET_MB: Final = 16

TIMERS: Final = 10
HISTORY: Final = 50

_WARM_UP_S: Final = 5.0
_SAID_AT: Final = re.compile(rb"said at ([0-9]+)")
_PATIENCE_S: Final = 60.0

_PONG: Final = 0xA
_ALIVE_EVERY_S: Final = 10.0
"""Who never says anything is pinged and, as these do not read pings, given up."""


def measure_channel(plan: Plan, folder: Path) -> Iterator[Figure]:
    """Let viewers talk for a while, and tell how far behind the overlays are and what it costs the server."""
    with ExitStack() as stack:
        twitch = stack.enter_context(_Twitch())
        server = stack.enter_context(stagedoor(folder, *twitch.options, "--log-level", "error", all_doors=True))
        with own(server) as owner:
            for key, value in {**_furniture(), **twitch.keys}.items():
                owner.ask("kset", key=key, data=value)
            _wait_connected(owner)
        overlays = [stack.enter_context(_overlay(server, number)) for number in range(plan.overlays)]
        listener = stack.enter_context(Client(server.url, server.password))
        listener.subscribe("twitch/ev/chat-message")
        yield from _measure(plan, server, twitch, overlays, listener)
        with own(server) as owner:
            _check_history(owner)


def _measure(
    plan: Plan, server: Server, twitch: "_Twitch", overlays: list[Client], listener: Client
) -> Iterator[Figure]:
    warm_up_s = min(_WARM_UP_S, plan.chat_s)
    count = round(plan.chat_rate * (plan.chat_s + warm_up_s))
    crowd = _Crowd(overlays)
    crowd.start()
    process = psutil.Process(server.pid)
    delays: list[float] = []
    heard = memory_before = 0
    cpu_before = began_at = 0.0
    twitch.say(count, plan.chat_rate)
    last_said_at = 0
    while heard < count:
        found = _SAID_AT.search(listener.receive())
        if found is None:
            continue  # somebody's answer
        heard += 1
        if heard % plan.chat_rate == 0:
            listener.socket.sendall(frame(b"", _PONG))
        last_said_at = int(found[1])
        delays.append((time.monotonic_ns() - last_said_at) / 1e6)
        if not began_at and heard >= plan.chat_rate * warm_up_s:
            began_at, cpu_before = time.perf_counter(), sum(process.cpu_times()[:2])
            memory_before = process.memory_info().rss
            delays.clear()
    elapsed_s = time.perf_counter() - began_at
    crowd.wait()
    backlog_ms = (time.monotonic_ns() - last_said_at) / 1e6
    share = (sum(process.cpu_times()[:2]) - cpu_before) / elapsed_s
    growth = max(0, process.memory_info().rss - memory_before) / (1 << 20)
    name = f"{plan.chat_rate:,} chat messages a second for {plan.chat_s:g} s, {len(overlays)} overlays"
    yield _figure(f"{name}: until the last one is everywhere", "ms", backlog_ms, BACKLOG_TARGET_MS)
    yield _figure(f"{name}: median way to an overlay", "ms", median(delays))
    yield _figure(f"{name}: 99th percentile", "ms", quantiles(delays, n=100)[98])
    yield _figure(f"{name}: growth of memory", "MB", growth, GROWTH_TARGET_MB)
    yield _figure(f"{name}: part of a processor", "cores", share)


class _Crowd(threading.Thread):
    """Reads what overlays hear as fast as it comes, until each has heard the last message."""

    def __init__(self, overlays: list[Client]) -> None:
        super().__init__(daemon=True)
        self._waiting = selectors.DefaultSelector()
        for overlay in overlays:
            self._waiting.register(overlay.hand_over(), selectors.EVENT_READ, bytearray())

    def run(self) -> None:
        """Read."""
        last, alive = LAST.encode(), frame(b"", _PONG)
        alive_at = time.monotonic()
        while self._waiting.get_map():
            if time.monotonic() - alive_at > _ALIVE_EVERY_S:
                alive_at = time.monotonic()
                for key in self._waiting.get_map().values():
                    key.fileobj.send(alive)  # type: ignore[union-attr]  # they are sockets
            for key, _ in self._waiting.select(_ALIVE_EVERY_S):
                received = key.fileobj.recv(1 << 20)  # type: ignore[union-attr]  # they are sockets
                if not received:
                    return
                tail: bytearray = key.data
                tail += received
                if last in tail:
                    self._waiting.unregister(key.fileobj)
                del tail[: -len(last)]

    def wait(self) -> None:
        """Wait until all have heard it; raises BenchmarkError."""
        self.join(_PATIENCE_S)
        if self._waiting.get_map():
            raise BenchmarkError(f"{len(self._waiting.get_map())} overlays did not hear the last message")


@contextmanager
def _overlay(server: Server, number: int) -> Iterator[Client]:
    """Connect an overlay that follows the chat, by one protocol or the other."""
    if number % 2:
        assert server.streamerbot_url is not None
        with Client(server.streamerbot_url, server.password, "streamerbot") as overlay:
            overlay.subscribe("event/Twitch/ChatMessage")
            yield overlay
    else:
        with Client(server.url, server.password) as overlay:
            overlay.subscribe("twitch/ev/chat-message")
            yield overlay


def _furniture() -> dict[str, str]:
    commands = {f"!command{number}": {"response": "Hello {{ user . }}!", "enabled": True} for number in range(COMMANDS)}
    timer = {"enabled": True, "minimum_delay": 60, "minimum_chat_activity": 5, "messages": ["Hello"]}
    furniture = {
        "twitch/bot-custom-commands": commands,
        "twitch/bot-modules/timers/config": {"timers": {f"timer {number}": timer for number in range(TIMERS)}},
        "twitch/bot-config": {"username": "bot", "chat_history": HISTORY, "command_cooldown": 0},
        "loyalty/config": {"enabled": True, "currency": "points", "points": {"interval": 10, "amount": 1}},
    }
    return {key: json.dumps(value) for key, value in furniture.items()}


def _wait_connected(owner: Client) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        status: dict[str, Any] = json.loads(owner.ask("kget", key="twitch/status") or "{}")
        topics = [topic for topic in status.get("topics", []) if topic["topic"] == "channel.chat.message"]
        if status.get("state") == "connected" and topics and topics[0]["state"] == "enabled":
            return
        time.sleep(0.05)
    raise BenchmarkError(f"Twitch was not connected: {status}")


def _check_history(owner: Client) -> None:
    """See that the last messages are in the history, which is written after they have been told."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        history: list[Any] = json.loads(owner.ask("kget", key="twitch/chat-history") or "[]")
        if len(history) == HISTORY and LAST in history[-1]["Message"]:
            return
        time.sleep(0.05)
    raise BenchmarkError(f"the history has {len(history)} messages, the last of which is another one")


class _Twitch:
    """The fake Twitch, in a process of its own."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.talk"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        found = json.loads(self._process.stdout.readline())
        self.keys: dict[str, str] = found["keys"]
        urls: dict[str, str] = found["urls"]
        self.options = [part for name, url in urls.items() for part in (f"--twitch-{name}-url", url)]
        return self

    def say(self, count: int, rate: float) -> None:
        """Let viewers talk."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count} {rate}\n")
        self._process.stdin.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _figure(name: str, unit: Unit, value: float, bound: float | None = None) -> Figure:
    target = None if bound is None else Target(bound, "value")
    return Figure(case="n", name=name, unit=unit, value=value, target=target, rounds=[value])
