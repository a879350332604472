"""The console's first page in a real browser: how soon it is usable, how large it is, how it bears a flood."""

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright
from tools.find_chromium import find_chromium

from benchmarks import ROOT
from benchmarks.client import Client
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, Target, Unit
from benchmarks.plan import Plan
from benchmarks.server import Server

WEB: Final = ROOT / "src" / "stagedoor" / "web"

USABLE_TARGET_MS: Final = 1000
SIZE_TARGET_KB: Final = 250
LONG_TASK_TARGET_MS: Final = 100
GROWTH_TARGET_MB: Final = 20

EVENTS_A_MINUTE: Final = 10_000
BURST: Final = 500
"""Half of the flood comes evenly, half of it in bursts."""

_TICK_S: Final = 0.1
_BURST_EVERY_S: Final = 6
_KEY: Final = "event/Bench/ChatMessage"
_OBSERVE: Final = """
globalThis.longest = 0;
new PerformanceObserver(list => {
  for (const { duration } of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, duration);
}).observe({ type: 'longtask', buffered: true });
"""
_USABLE: Final = "[aria-labelledby=clients] li"
"""Somebody is shown who is connected, and be it the console itself."""

_SCRIPTS: Final = """() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)
    .filter(path => path.endsWith('.js'))"""


def measure_console(plan: Plan, server: Server) -> Iterator[Figure]:
    """Measure the first page, opened anew each round, and then one page under a flood of chat messages."""
    executable = find_chromium()
    if executable is None:
        raise BenchmarkError("the case needs a Chromium: python tools/find_chromium.py --install")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            yield from _measure_page(plan, server, browser)
        finally:
            browser.close()


def _measure_page(plan: Plan, server: Server, browser: Browser) -> Iterator[Figure]:
    page = browser.new_page(locale="en-GB")
    page.add_init_script(_OBSERVE)
    page.goto(_new_link(server))
    page.wait_for_selector(_USABLE)
    usable_ms: list[float] = []
    for _ in range(plan.rounds):
        page.reload()
        page.wait_for_selector(_USABLE)
        usable_ms.append(page.evaluate("performance.now()"))
    yield _figure("first page usable", "ms", usable_ms, USABLE_TARGET_MS)
    scripts = {WEB / path.lstrip("/") for path in page.evaluate(_SCRIPTS)}
    size = sum(len(gzip.compress(script.read_bytes())) for script in scripts)
    yield _figure("scripts of the first page, gzipped", "KB", [size / 1000], SIZE_TARGET_KB)
    before = _heap_bytes(page)
    page.evaluate("() => { globalThis.longest = 0 }")
    sent = _flood(server, plan.flood_s)
    page.get_by_text(f"{sent:,} events so far").wait_for()
    flood = f"under {EVENTS_A_MINUTE:,} events a minute"
    yield _figure(f"longest task {flood}", "ms", [page.evaluate("longest")], LONG_TASK_TARGET_MS)
    growth = max(0, _heap_bytes(page) - before) / 1_000_000
    yield _figure(f"heap growth {flood}", "MB", [growth], GROWTH_TARGET_MB)


def _new_link(server: Server) -> str:
    # What is measured is the first page, not the welcome that a first visit would be led to.
    _run(server, "set", "stagedoor/welcome", '{"done": true}')
    return _run(server, "console", "--print")


def _run(server: Server, command: str, *arguments: str) -> str:
    line = [sys.executable, "-m", "stagedoor", command, "--data", str(server.folder), *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()


def _flood(server: Server, seconds: float) -> int:
    """Publish half of the events evenly and half in bursts; returns how many."""
    value = json.dumps({"user": {"name": "Pixel_Panda", "color": "#8A2BE2"}, "text": "great stream tonight " * 10})
    evenly = EVENTS_A_MINUTE / 2 / 60
    sent = bursts = 0
    start = time.monotonic()
    with Client(server.url, server.password) as client:
        while (passed := time.monotonic() - start) < seconds:
            due = round(passed * evenly)
            if passed >= bursts * _BURST_EVERY_S:
                bursts += 1
            due += bursts * BURST
            for _ in range(due - sent):
                client.ask("kset", key=_KEY, data=value)
            sent = due
            time.sleep(_TICK_S)
    return sent


def _heap_bytes(page: Page) -> int:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return int(session.send("Runtime.getHeapUsage")["usedSize"])


def _figure(name: str, unit: Unit, rounds: list[float], bound: float) -> Figure:
    return Figure(
        case="l",
        name=name,
        unit=unit,
        value=median(rounds),
        target=Target(bound, on="value"),
        rounds=rounds,
    )
