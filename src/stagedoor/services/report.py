"""Writes a report that an owner can show to others: what runs and how it fares, and nothing that is a secret.

Settings are read as an application reads them, which no secret survives, and only the members that are known. Lines of
the log may quote what somebody sent; so the whole text passes the redactor in the end, and loses addresses beyond this
machine, and the home folder.
"""

import asyncio
import platform
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import msgspec

from stagedoor.access import SERVICE, Client, Grant, Level
from stagedoor.errors import PeerError, StoreError
from stagedoor.hub import Hub
from stagedoor.keys import (
    CLIENTS,
    CONSOLE_CONFIG,
    DOORS,
    HTTP_CONFIG,
    LOG,
    REPORT,
    STATUS,
    STREAMERBOT_CONFIG,
)
from stagedoor.options import OPTIONS, Settings
from stagedoor.redaction import Redactor
from stagedoor.types import JsonObject, Key, Value
from stagedoor.version import __version__

LOG_LINES: Final = 100

_READER: Final = Grant(Level.APPLICATION, "a report")
"""What may be in a report: nothing that an application could not read."""

_LIBRARIES: Final = ("aiohttp", "click", "lmdb", "msgspec", "picows", "psutil", "uvloop", "winloop")

_STORED: Final = (HTTP_CONFIG, STREAMERBOT_CONFIG, CONSOLE_CONFIG)

_SEGMENTS: Final = 40
"""First segments that are told one by one."""

_CHUNK: Final = 512
"""Keys that are counted at once."""

_TURN_S: Final = 0.002
"""How long counting holds the loop."""

_COUNT_S: Final = 10.0
"""How long counting may take."""

_ADDRESS: Final = re.compile(
    r"(?<![\w.:])[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*(?![\w:])"  # version 6
    r"|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w)"
)


class _Door(msgspec.Struct):
    name: str
    addresses: list[str]
    problem: str | None
    connections: int
    accepted: int
    refused: int


class _Connected(msgspec.Struct):
    door: str
    address: str
    program: str | None
    ground: str
    queued_bytes: int
    subscriptions: int


class _Status(msgspec.Struct):
    uptime_s: float
    memory_bytes: int
    keys: int
    commits: int
    waiting_batches: int
    failed_commits: int
    open_questions: int
    warnings: list[str]


class _Line(msgspec.Struct):
    at_ms: int
    level: str
    logger: str
    message: str


class Report:
    """Answers the request."""

    def __init__(self, hub: Hub, settings: Settings, chosen: frozenset[str], redactor: Redactor) -> None:
        self._hub = hub
        self._client = Client(hub, SERVICE)
        self._reader = Client(hub, _READER)
        self._settings = settings
        self._chosen = chosen
        self._redactor = redactor
        self._client.serve(REPORT, self._answer)

    async def _answer(self, value: Value) -> Value:
        return msgspec.json.encode({"text": await self.write()}).decode()

    async def write(self) -> str:
        """Write the report, in Markdown."""
        lines = [f"# stagedoor {__version__}", ""]
        sections: dict[str, Callable[[], Awaitable[list[str]]]] = {
            "Runs on": _describe_machine,
            "Fares": self._describe_status,
            "Doors": self._describe_doors,
            "Connections": self._describe_connections,
            "Keys": self._describe_keys,
            "Options": self._describe_options,
            "Stored settings": self._describe_stored,
            "Log": self._describe_log,
        }
        for title, describe in sections.items():
            try:
                body = await describe()
            except (PeerError, StoreError) as error:
                body = [f"Could not be had: {error}"]
            lines += [f"## {title}", "", *body, ""]
        return self._strike_out("\n".join(lines))

    # --- sections ---

    async def _describe_status(self) -> list[str]:
        status = msgspec.json.decode(await self._client.call(STATUS, ""), type=_Status)
        commits = f"{status.commits} commits, {status.failed_commits} failed"
        return [
            f"- up for {status.uptime_s:.0f} s, memory {status.memory_bytes >> 20} MiB",
            f"- {status.keys} keys, {commits}, {status.waiting_batches} batches waiting",
            f"- {status.open_questions} open questions",
            *(f"- warning: {_on_one_line(warning)}" for warning in status.warnings),
        ]

    async def _describe_doors(self) -> list[str]:
        doors = msgspec.json.decode(await self._client.call(DOORS, ""), type=list[_Door])
        return _table(
            ("door", "listens on", "connections", "accepted", "refused"),
            [
                (
                    door.name,
                    " ".join(door.addresses) or door.problem or "",
                    door.connections,
                    door.accepted,
                    door.refused,
                )
                for door in doors
            ],
        )

    async def _describe_connections(self) -> list[str]:
        connected = msgspec.json.decode(await self._client.call(CLIENTS, ""), type=list[_Connected])
        groups: dict[tuple[str, ...], list[_Connected]] = {}
        for one in connected:
            program = (one.program or "unknown").partition(" (process ")[0]
            groups.setdefault((one.door, program, one.ground, _place(one.address)), []).append(one)
        return _table(
            ("door", "program", "let in by", "from", "connections", "subscriptions", "bytes waiting"),
            [
                (*group, len(ones), sum(one.subscriptions for one in ones), sum(one.queued_bytes for one in ones))
                for group, ones in sorted(groups.items())
            ],
        )

    async def _describe_keys(self) -> list[str]:
        counts, is_all = await self._count_keys()
        most = counts.most_common(_SEGMENTS)
        others = counts.total() - sum(count for _, count in most)
        rows = [(segment, count) for segment, count in most]
        if others:
            rows.append((f"({len(counts) - len(most)} others)", others))
        return [
            *_table(("first segment", "keys"), rows),
            *([] if is_all else ["", "There are more; these were counted."]),
        ]

    async def _count_keys(self) -> tuple[Counter[str], bool]:
        """Count keys by their first segment, as far as that can be done in a while; others get their turn between."""
        counts: Counter[str] = Counter()
        scan = self._hub.scan("")
        try:
            started = turn = time.monotonic()
            while chunk := scan.take_keys(_CHUNK):
                counts.update(map(_first_segment, chunk))
                now = time.monotonic()
                if now - started > _COUNT_S:
                    return counts, False
                if now - turn > _TURN_S:
                    await asyncio.sleep(0)
                    turn = time.monotonic()
            return counts, True
        finally:
            scan.close()

    async def _describe_options(self) -> list[str]:
        told = {option.name for option in OPTIONS if option.has_flag}
        return _table(
            ("option", "value", ""),
            [
                (row.name, _shown(getattr(self._settings, row.name)), "set for this run" * (row.name in self._chosen))
                for row in fields(self._settings)
                if row.name in told
            ],
        )

    async def _describe_stored(self) -> list[str]:
        return [f"- `{key}`: {self._stored(key)}" for key in _STORED]

    def _stored(self, key: Key) -> str:
        spec = self._hub.catalogue.resolve(key)
        properties = spec.schema["properties"]
        assert isinstance(properties, dict)
        text = self._reader.get(key)
        try:
            members = msgspec.json.decode(text, type=JsonObject) if text else {}
        except (msgspec.DecodeError, RecursionError):
            return "not valid"
        known = {
            name: value
            for name, value in members.items()
            if name in properties and name.lower() not in spec.secret_members
        }
        return f"`{msgspec.json.encode(known).decode()}`" if known else "nothing that can be told"

    async def _describe_log(self) -> list[str]:
        wanted = msgspec.json.encode({"limit": LOG_LINES}).decode()
        lines = msgspec.json.decode(await self._client.call(LOG, wanted), type=list[_Line])
        return [
            f"    {_time(line.at_ms)} {line.level:<7} {line.logger.removeprefix('stagedoor.')}: "
            f"{_on_one_line(line.message)}"
            for line in lines
        ]

    # --- what must not be in it ---

    def _strike_out(self, text: str) -> str:
        text = self._redactor.clean(text)
        home = str(Path.home())
        if len(home) > 1:
            text = text.replace(home, "~")
        return _ADDRESS.sub(_hide_address, text)


async def _describe_machine() -> list[str]:
    # Imported here, as it would take a tenth of every start.
    from importlib.metadata import PackageNotFoundError, version

    libraries = []
    for name in _LIBRARIES:
        try:
            libraries.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue  # the event loop of another platform
    return [
        f"- {platform.platform()}, {platform.machine()}",
        f"- {platform.python_implementation()} {platform.python_version()}",
        f"- {', '.join(libraries)}",
    ]


def _first_segment(key: Key) -> str:
    segment, slash, _ = key.partition("/")
    return f"{segment[:60]}/" if slash else "(without a slash)"


def _place(address: str) -> str:
    """Say no more of an address than how far away it is."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "other"
    if found.is_loopback:
        return "loopback"
    return "LAN" if found.is_private or found.is_link_local else "other"


def _hide_address(match: re.Match[str]) -> str:
    try:
        found = ip_address(match[0])
    except ValueError:
        return match[0]
    return match[0] if found.is_loopback or found.is_unspecified else f"({_place(match[0])} address)"


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return " ".join(map(str, value)) if type(value) is tuple else str(value)


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    if not rows:
        return ["None."]
    cells = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(_on_one_line(str(cell)).replace("|", "\\|") for cell in row) + " |" for row in cells]
