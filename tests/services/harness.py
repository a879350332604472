"""What tests of services share: a hub over each kind of store, somebody who hears events, and messages of a chat."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
import pytest

from stagedoor import keys
from stagedoor.access import SERVICE, Client
from stagedoor.hub import Catalogue, Change, Hub, LmdbStore, MemoryStore, Store
from stagedoor.types import JsonObject


class Desk(Client):
    """A program that does what tests of services do: write, ask, and note what it hears."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub, SERVICE, self._take_note)
        self.hub = hub
        self.heard: list[tuple[str, str]] = []

    def _take_note(self, change: Change) -> None:
        self.heard.append((change.key, change.value))

    async def ask(self, key: str, /, **request: object) -> JsonObject:
        """Ask a service; JSON goes in and comes out."""
        return msgspec.json.decode(await self.call(key, encode(request)), type=dict[str, object])

    async def happen(self, source: str, type_: str, /, **data: object) -> None:
        """Let an event happen."""
        await self.put(f"event/{source}/{type_}", encode(data))

    def read(self, key: str) -> object:
        """Read a key's JSON; ``None`` when it is absent."""
        text = self.get(key)
        return msgspec.json.decode(text) if text else None

    def keys(self, prefix: str) -> list[str]:
        """List keys."""
        scan = self.scan(prefix)
        try:
            return scan.take_keys(1 << 20)
        finally:
            scan.close()

    def events(self, source: str) -> list[tuple[str, JsonObject]]:
        """Tell the types and data of a source's events that were heard, and forget them."""
        heard, self.heard = self.heard, []
        prefix = f"event/{source}/"
        return [
            (key.removeprefix(prefix), msgspec.json.decode(value, type=dict[str, object]))
            for key, value in heard
            if key.startswith(prefix)
        ]


def record_nothing(kind: str, facts: Mapping[str, object]) -> None:
    """Stand in for the audit log."""


def encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


def open_hub(store: Store) -> Hub:
    return Hub(store, Catalogue(keys.SPECS))


def message(name: str, *, id_: str | None = None, role: int = 1, subscribed: bool = False) -> JsonObject:
    """A chat message in the current shape, as far as it says who wrote it."""
    user = {"id": id_ or f"id-{name.lower()}", "login": name.lower(), "name": name, "role": role}
    return {"user": {**user, "subscribed": subscribed}, "text": "hi", "messageId": "m"}


class FakeTime:
    """Unix time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["memory", "lmdb"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    hub = open_hub(LmdbStore(tmp_path / "store") if request.param == "lmdb" else MemoryStore())
    yield Desk(hub)
    await hub.close()
