"""Who has most."""

import asyncio
import heapq
from collections.abc import Callable, Iterator
from typing import Annotated, Final

import msgspec

from stagedoor.access import Client
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Scan
from stagedoor.keys import POINTS, TOP_POINTS, unsegment
from stagedoor.services.loyalty.records import find, whole
from stagedoor.types import JsonObject, Key, Value

_STEP: Final = 250
"""Balances that are read at once: a millisecond. There may be very many."""


class _Request(msgspec.Struct):
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10


class Standing(msgspec.Struct):
    """A viewer with their balance."""

    login: str
    display_name: str
    points: int


class Standings(msgspec.Struct):
    """Those who have most, the richest first; of equals, by login."""

    viewers: list[Standing]
    count: int
    """How many have a balance."""


_request_decoder: Final = msgspec.json.Decoder(_Request)
_record_decoder: Final = msgspec.json.Decoder(JsonObject)


def serve_standings(client: Client) -> Callable[[], None]:
    """Answer from now on, until the returned function is called."""

    async def answer(value: Value) -> Value:
        try:
            request = _request_decoder.decode(value or "{}")
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise RequestFailed(f"the request is not valid: {error}") from error
        try:
            scan = client.scan(POINTS)
            try:
                standings = await _find_top(scan, request.limit)
            finally:
                scan.close()
        except StoreError as error:
            raise RequestFailed(str(error)) from error
        return msgspec.json.encode(standings).decode()

    return client.serve(TOP_POINTS, answer)


async def _find_top(scan: Scan, limit: int) -> Standings:
    top: list[Standing] = []
    count = 0
    while entries := scan.take(_STEP):
        count += len(entries)
        top = heapq.nsmallest(limit, [*top, *_read(entries)], key=lambda one: (-one.points, one.login))
        await asyncio.sleep(0)
    return Standings(top, count)


def _read(entries: list[tuple[Key, Value]]) -> Iterator[Standing]:
    for key, text in entries:
        try:
            record = _record_decoder.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            continue
        login = unsegment(key.removeprefix(POINTS))
        name = find(record, "display_name")
        yield Standing(login, name if isinstance(name, str) and name else login, whole(find(record, "points")))
