"""Lists the keys a page at a time, for people who look: names, sizes, and how each value begins.

A page is found by walking, and with a million keys that may take seconds. So the walk lets others in after every few
milliseconds, and ends after some seconds even if the page is not full; the next page goes on from there.
"""

import asyncio
import time
from typing import Annotated, Final

import msgspec

from stagedoor.access import Client
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Hub, Kind, Scan
from stagedoor.keys import BROWSE
from stagedoor.types import Key, Value

PREVIEW_CHARS: Final = 120
"""How much of a value is shown."""

_MAX_PAGE: Final = 1000
_PAGE: Final = 200

_CHUNK: Final = 512
"""Keys that are read at once: a quarter of a millisecond."""

_TURN_S: Final = 0.002
"""How long a walk holds the loop."""

_WORK_S: Final = 5.0
"""How long the search for one page may take."""

_COUNTED: Final = (1, 10, 100, 890)
"""The steps in which the keys below a group are counted; most have few. What has more than a thousand is not counted,
so that a page of groups costs the same however many keys there are."""


class BrowseRequest(msgspec.Struct):
    """Which keys are wanted."""

    prefix: str = ""
    search: str = ""
    after: str | None = None
    """What the page before gave as ``next``."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=_MAX_PAGE)] | None = None
    group: bool = False


class Row(msgspec.Struct, omit_defaults=True):
    """One key."""

    key: Key
    kind: Kind
    size: int
    """Of the value, in bytes of UTF-8."""
    preview: str
    withheld: bool = False
    """Whether the value, or some member of it, is a secret; the rest is what everybody may see."""


class Page(msgspec.Struct):
    """Some keys, in their order."""

    keys: list[Row]
    next: Key | None
    """What to go on after; ``None`` when there is nothing more."""
    total: int | msgspec.UnsetType = msgspec.UNSET
    """How many there are, when this is all of them."""


class Group(msgspec.Struct):
    """What some keys have in common, up to a slash."""

    name: str
    """Their next segment."""
    count: int | None
    """Keys below it; ``None`` for more than a thousand."""
    is_key: bool
    """Whether it is the end of a key itself."""


class GroupPage(msgspec.Struct):
    """Some groups, in their order."""

    groups: list[Group]
    next: Key | None
    """What to go on after; ``None`` when there is nothing more."""
    more: bool


_decoder: Final = msgspec.json.Decoder(BrowseRequest)


class Browser:
    """Lists keys, with what everybody may see of their values."""

    def __init__(self, client: Client, hub: Hub) -> None:
        self._client = client
        self._hub = hub
        client.serve(BROWSE, self._browse)

    async def _browse(self, value: Value) -> Value:
        try:
            request = _decoder.decode(value or "{}")
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(f"the request is not valid: {error}") from error
        if request.group and request.search:
            raise RequestFailed("groups cannot be searched")
        if request.after is not None and not request.after.startswith(request.prefix):
            raise RequestFailed("`after` does not begin with the prefix")
        try:
            scan = self._client.scan(request.prefix)
            try:
                page = await (self._find_groups(request, scan) if request.group else self._find_keys(request, scan))
            finally:
                scan.close()
        except StoreError as error:
            raise RequestFailed(str(error)) from error
        return msgspec.json.encode(page).decode()

    async def _find_keys(self, request: BrowseRequest, scan: Scan) -> Page:
        pace = _Pace()
        limit = request.limit or _PAGE
        needle = request.search.casefold()
        found: list[Key] = []
        goes_on_after: Key | None = None
        if request.after is not None:
            scan.seek(request.after)
        while True:
            chunk = scan.take_keys(_CHUNK)
            matches = [key for key in chunk if needle in key.casefold()] if needle else chunk
            found += [key for key in matches if key != request.after]
            if len(found) > limit:
                del found[limit:]
                goes_on_after = found[-1]
                break
            if len(chunk) < _CHUNK:
                break
            await pace.rest()
            if pace.is_over:
                goes_on_after = chunk[-1]
                break
        rows = []
        for key in found:
            rows.append(self._describe(key))
            await pace.rest()
        is_all = request.after is None and goes_on_after is None
        return Page(rows, goes_on_after, total=len(rows) if is_all else msgspec.UNSET)

    def _describe(self, key: Key) -> Row:
        spec = self._hub.catalogue.resolve(key)
        value = self._hub.get(key, spec)
        size = len(value) if value.isascii() else len(value.encode())
        return Row(key, spec.kind, size, value[:PREVIEW_CHARS], withheld=spec.holds_secrets)

    async def _find_groups(self, request: BrowseRequest, scan: Scan) -> GroupPage:
        """Find what comes between the prefix and the next slash, by leaping from one to the next.

        ``a`` and ``a/b`` are one group, but ``a!`` comes between them: a group that is a key itself is told where that
        key is, and passed over where those below it are.
        """
        pace = _Pace()
        limit = request.limit or _MAX_PAGE
        groups: list[Group] = []
        passed = request.after
        while True:
            key = _first_past(scan, request.prefix, passed)
            if key is None:
                return GroupPage(groups, None, more=False)
            name, slash, _ = key[len(request.prefix) :].partition("/")
            head = request.prefix + name
            if not (slash and _exists(scan, head)):
                if len(groups) == limit:
                    return GroupPage(groups, passed, more=True)
                groups.append(Group(name, _count_below(scan, head + "/"), is_key=not slash))
            passed = head + slash
            await pace.rest()
            if pace.is_over:
                return GroupPage(groups, passed, more=True)


def _first_past(scan: Scan, prefix: str, passed: Key | None) -> Key | None:
    """Find the first key after ``passed``: a key, or all keys below a group when a slash is its end."""
    if passed is None:
        scan.seek(prefix)
    else:
        name, slash, _ = passed[len(prefix) :].partition("/")
        scan.seek(prefix + name + _AFTER_SLASH if slash else passed)
    return next((key for key in scan.take_keys(2) if key != passed), None)


_AFTER_SLASH: Final = chr(ord("/") + 1)
"""No key with a slash in this place comes after one with this in it."""


def _exists(scan: Scan, key: Key) -> bool:
    scan.seek(key)
    return scan.take_keys(1)[:1] == [key]


def _count_below(scan: Scan, prefix: str) -> int | None:
    scan.seek(prefix)
    count = 0
    for step in _COUNTED:
        keys = scan.take_keys(step)
        inside = sum(key.startswith(prefix) for key in keys)
        count += inside
        if inside < len(keys) or len(keys) < step:
            return count
    return None


class _Pace:
    """Keeps a walk from holding the loop, and from going on for ever.

    The loop's own clock stands still while the walk holds it.
    """

    def __init__(self) -> None:
        self._began = self._turn_began = time.monotonic()

    async def rest(self) -> None:
        """Let others in when it is time."""
        if time.monotonic() - self._turn_began > _TURN_S:
            await asyncio.sleep(0)
            self._turn_began = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the walk has taken as long as it may."""
        return time.monotonic() - self._began > _WORK_S
