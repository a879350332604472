"""``stagedoor emit``: publishes Streamer.bot events, one or very many."""

import asyncio
import difflib
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from itertools import count as count_from
from typing import Final, NamedTuple

import click
import msgspec
from click.shell_completion import CompletionItem

from stagedoor.cli.lines import read_lines
from stagedoor.cli.output import note, warn
from stagedoor.cli.parameters import TEXT, target_options
from stagedoor.cli.reach import connected
from stagedoor.cli.target import Target
from stagedoor.keys import EMIT
from stagedoor.kilovolt import Client, RequestFailed
from stagedoor.streamerbot.events import CATALOGUE

_AT_ONCE: Final = 32
"""Events under way; half of what the server takes from one connection."""

_STDIN: Final = "-"


class _Source(click.ParamType[str]):
    """An event's source; shells complete it from the catalogue."""

    name = "source"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Suggest sources."""
        return _suggest(list(CATALOGUE.names()), incomplete)


class _Type(click.ParamType[str]):
    """An event's type; shells complete it from those of the source before it."""

    name = "type"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Suggest the source's types."""
        source = CATALOGUE.canonical_source(ctx.params.get("source") or "") or ""
        return _suggest(CATALOGUE.names().get(source, []), incomplete)


class _Event(NamedTuple):
    """One event to publish: its data, or why there is none."""

    line: int
    """Where it was read; 0 when it was given on the command line."""
    data: object = None
    problem: str | None = None


@click.command(short_help="Publish a Streamer.bot event.")
@click.argument("source", type=_Source())
@click.argument("type_", metavar="TYPE", type=_Type())
@click.argument("json", metavar="[JSON]", required=False, type=TEXT)
@click.option("--sample", is_flag=True, help="Take what JSON leaves out from the catalogue's example.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Publish so many a second, until Ctrl-C.")
@click.option("--count", type=click.IntRange(min=1), help="Publish it so many times, as fast as it goes.")
@target_options
def emit(
    target: Target,
    source: str,
    type_: str,
    json: str | None,
    *,
    sample: bool,
    rate: float | None,
    count: int | None,
) -> None:
    """Publish an event, so that overlays and actions take it for a real one. Needs a running server.

    JSON is the event's data. Few members are enough: all that overlays read besides them is filled in. With - instead
    of JSON, each line of standard input is the data of one event; a line that cannot be published is named, the others
    are published, and the exit code is 1.

    \b
    Example:
      stagedoor emit Twitch Follow '{"user": "Alice"}'
      stagedoor emit Twitch ChatMessage --sample --rate 200 --count 10000
      cat events.jsonl | stagedoor emit General Custom -
    """
    if json == _STDIN:
        if count is not None:
            raise click.UsageError("--count is for one event, and - reads many")
        events = _read_events()
    else:
        events = _repeat(_Event(0, _decode(json)), count or (1 if rate is None else None))
    if hint := _hint(source, type_):
        warn(hint)
    request = {"source": source, "type": type_, "sample": sample}
    publisher = _Publisher(request, rate)
    try:
        asyncio.run(publisher.run(target, events))
    finally:
        if rate is not None or count is not None:
            note(publisher.describe())
    if publisher.failed:
        raise click.ClickException(f"{publisher.failed} lines could not be published")


class _Publisher:
    """Publishes events in their order, several under way at a time, no faster than at a rate."""

    def __init__(self, request: dict[str, object], rate: float | None) -> None:
        self._request = request
        self._rate = rate
        self._under_way: deque[tuple[_Event, asyncio.Task[object]]] = deque()
        self._started = time.monotonic()
        self.published = 0
        self.failed = 0

    def describe(self) -> str:
        """Say what came of it."""
        elapsed_s = max(time.monotonic() - self._started, 1e-6)
        return f"{self.published} events in {elapsed_s:.2f} s, {self.published / elapsed_s:.0f} a second"

    async def run(self, target: Target, events: AsyncGenerator[_Event, None]) -> None:
        """Publish all events.

        Raises:
            ClickException: When the only event is refused.
            KilovoltError: When the server cannot be reached any more.
        """
        async with connected(target) as client, aclosing(events):
            self._started = time.monotonic()
            try:
                async for event in self._paced(events):
                    await self._publish(client, event)
                while self._under_way:
                    await self._settle()
            finally:
                tasks = [task for _, task in self._under_way]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _paced(self, events: AsyncIterator[_Event]) -> AsyncIterator[_Event]:
        number = 0
        async for event in events:
            if self._rate is not None:
                await asyncio.sleep(self._started + number / self._rate - time.monotonic())
            number += 1
            yield event

    async def _publish(self, client: Client, event: _Event) -> None:
        if event.problem is not None:
            self._report(event, event.problem)
            return
        if len(self._under_way) == _AT_ONCE:
            await self._settle()
        while self._under_way and self._under_way[0][1].done():
            await self._settle()
        call = client.call_json(EMIT, {**self._request, "data": event.data})
        self._under_way.append((event, asyncio.create_task(call)))

    async def _settle(self) -> None:
        """Wait for the event that has been under way for longest."""
        event, task = self._under_way.popleft()
        try:
            await task
        except RequestFailed as error:
            if not event.line:
                raise click.ClickException(error.details) from error
            self._report(event, error.details)
        else:
            self.published += 1

    def _report(self, event: _Event, problem: str) -> None:
        self.failed += 1
        note(f"line {event.line}: {problem}")


async def _repeat(event: _Event, times: int | None) -> AsyncGenerator[_Event, None]:
    for _ in count_from() if times is None else range(times):
        yield event


async def _read_events() -> AsyncGenerator[_Event, None]:
    number = 0
    async with aclosing(read_lines()) as lines:
        async for line in lines:
            number += 1
            if line.strip():
                try:
                    yield _Event(number, msgspec.json.decode(line))
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    yield _Event(number, problem=f"not JSON: {error}")


def _decode(text: str | None) -> object:
    if text is None:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise click.BadParameter(f"this is not JSON: {error}", param_hint="JSON") from error


def _hint(source: str, type_: str) -> str | None:
    """Name the event that may be meant, if there is none of that name."""
    if CATALOGUE.canonical(source, type_) is not None:
        return None
    names = [f"{known} {each}" for known, types in CATALOGUE.names().items() for each in types]
    spellings = {name.lower(): name for name in names}
    close = difflib.get_close_matches(f"{source} {type_}".lower(), spellings, n=1)
    meant = f"; did you mean {spellings[close[0]]}?" if close else ""
    return f"Streamer.bot has no event {source} {type_}{meant}"


def _suggest(names: list[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.lower().startswith(incomplete.lower())]
