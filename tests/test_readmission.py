"""Who may come in after a restore, on a server that runs and on a folder where none does."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from stagedoor import keys
from stagedoor.access import SERVICE, Asker, Client, Metadata, Scopes, Terms
from stagedoor.archive import durable_entries
from stagedoor.hub import Hub, LmdbStore, MemoryStore
from stagedoor.readmission import ACCESS_KEYS
from stagedoor.services.apps import AppsDesk
from stagedoor.services.archives import Archives
from stagedoor.services.console import ConsoleDesk
from stagedoor.services.origins import OriginDesk
from stagedoor.services.overlay_keys import OverlayKeyDesk
from tests.services.harness import Desk, encode, open_hub, record_nothing

SITE = "https://overlays.example"


class House:
    """Everybody who may come in, and the archives; ``is_staffed`` says whether a server follows the keys."""

    def __init__(self, hub: Hub, *, is_staffed: bool = True) -> None:
        self.desk = Desk(hub)
        Archives(Client(hub, SERVICE), hub, None, every_s=0, keep=1)
        if is_staffed:
            self.staff()

    def staff(self) -> None:
        """Read what is stored, as a start does."""
        apps, overlay_keys, sites, console = (Client(self.desk.hub, SERVICE) for _ in range(4))
        self.apps = AppsDesk(apps, record_nothing).apps
        self.overlay_keys = OverlayKeyDesk(overlay_keys, record_nothing).keys
        self.origins = OriginDesk(sites, record_nothing, lambda origin: None).origins
        self.passes = ConsoleDesk(console, lambda: None, record_nothing).passes

    def let_in(self, name: str) -> None:
        """Let in one of each kind."""
        self.apps.remember(Asker("127.0.0.1", None), Metadata(name=name), Terms())
        self.overlay_keys.make(name, Scopes.parse("read:*"))
        self.origins.decide(f"https://{name}.example", allow=True)
        self.passes.give(name, "127.0.0.1")

    def put_out(self, name: str) -> None:
        self.apps.remove(next(app for app in self.apps.stored() if app.name == name))
        self.overlay_keys.remove(next(key for key in self.overlay_keys.stored() if key.name == name))
        self.origins.forget(f"https://{name}.example")
        self.passes.remove(next(known for known in self.passes.stored() if known.name == name))

    async def archive(self, path: Path) -> Path:
        await self.desk.put("fence", "1")
        entries = {key: self.desk.get(key) for key in self.desk.keys("")}
        return write(path, durable_entries(entries, self.desk.hub.catalogue))

    async def restore(self, path: Path) -> dict[str, dict[str, int]]:
        """Restore; returns what the comparison said of it before."""
        told = (await self.desk.ask(keys.COMPARE, path=str(path)))["access"]
        await self.desk.call(keys.RESTORE, encode({"path": str(path)}))
        await self.desk.put("fence", "2")
        return msgspec.convert(told, dict[str, dict[str, int]])

    @property
    def inside(self) -> dict[str, list[str]]:
        return {
            "apps": sorted(app.name for app in self.apps.stored()),
            "overlay_keys": sorted(key.name for key in self.overlay_keys.stored()),
            "sites": sorted(known.origin[8:-8] for known in self.origins.stored() if known.is_allowed),
            "browsers": sorted(known.name for known in self.passes.stored()),
        }


def write(path: Path, entries: Mapping[str, str]) -> Path:
    path.write_bytes(msgspec.json.encode(entries))
    return path


def inside(*names: str, browsers: Sequence[str] | None = None) -> dict[str, list[str]]:
    """Say who is to be in: the same of each kind, but perhaps other browsers."""
    kinds = {kind: list(names) for kind in ("apps", "overlay_keys", "sites")}
    return {**kinds, "browsers": list(names if browsers is None else browsers)}


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    hub = open_hub(MemoryStore())
    yield hub
    await hub.close()


async def archive_of_before(house: House, folder: Path) -> Path:
    """Archive a house of which one is put out afterwards, and into which one comes."""
    for name in ("kept", "gone"):
        house.let_in(name)
    path = await house.archive(folder / "archive.json")
    house.put_out("gone")
    house.let_in("late")
    return path


async def test_who_was_put_out_stays_out_and_browsers_stay_as_they_are(hub: Hub, tmp_path: Path) -> None:
    house = House(hub)
    path = await archive_of_before(house, tmp_path)
    told = await house.restore(path)
    kind = {"back": 0, "out": 1, "barred": 1}
    assert told == {"apps": kind, "overlay_keys": kind, "sites": kind, "browsers": {**kind, "out": 0}}
    assert house.inside == inside("kept", browsers=["kept", "late"])


async def test_without_a_server_it_is_the_same(hub: Hub, tmp_path: Path) -> None:
    house = House(hub)
    path = await archive_of_before(house, tmp_path)
    later = await house.archive(tmp_path / "later.json")
    store = LmdbStore(tmp_path / "store")
    elsewhere = open_hub(store)
    offline = House(elsewhere, is_staffed=False)
    await offline.restore(later)
    await offline.restore(path)
    offline.staff()
    assert offline.inside == inside("kept", browsers=["kept", "late"])
    await elsewhere.close()


async def test_a_new_folder_takes_everybody_whom_the_backup_lets_in(hub: Hub, tmp_path: Path) -> None:
    house = House(hub)
    for name in ("kept", "gone"):
        house.let_in(name)
    early = await house.archive(tmp_path / "early.json")
    house.put_out("gone")
    late = await house.archive(tmp_path / "late.json")
    fresh = open_hub(MemoryStore())
    anew = House(fresh)
    told = await anew.restore(late)
    assert told == {name: {"back": 1, "out": 0, "barred": 0} for name in anew.inside}
    assert anew.inside == inside("kept")
    await anew.restore(early)
    assert anew.inside == inside("kept"), "who was revoked there is revoked here"
    await fresh.close()


async def test_who_comes_back_is_counted_and_what_was_sent_away_comes_back(hub: Hub, tmp_path: Path) -> None:
    house = House(hub)
    before = await house.archive(tmp_path / "before.json")
    house.let_in("guest")
    after = await house.archive(tmp_path / "after.json")
    await house.restore(before)
    assert house.inside == inside(browsers=["guest"])
    told = await house.restore(after)
    back = {"back": 1, "out": 0, "barred": 0}
    assert told == {"apps": back, "overlay_keys": back, "sites": back, "browsers": {**back, "back": 0}}
    assert house.inside == inside("guest")


async def test_what_was_decided_since_holds(hub: Hub, tmp_path: Path) -> None:
    house = House(hub)
    house.let_in("wheel")
    house.origins.decide(SITE, allow=True)
    path = await house.archive(tmp_path / "archive.json")
    (app,) = house.apps.stored()
    house.apps.alter(msgspec.structs.replace(app, scopes=("read:a",)))
    house.origins.decide(SITE, allow=False)
    await house.restore(path)
    assert [app.scopes for app in house.apps.stored()] == [("read:a",)]
    assert not house.origins.is_allowed(SITE)
    assert house.origins.is_allowed("https://wheel.example")


async def test_a_site_that_was_let_in_again_comes_back(hub: Hub, tmp_path: Path) -> None:
    house = House(hub)
    for allow in (True, False):
        house.origins.decide(SITE, allow=allow)
    refused = await house.archive(tmp_path / "refused.json")
    house.origins.forget(SITE)
    house.origins.decide(SITE, allow=True)
    allowed = await house.archive(tmp_path / "allowed.json")
    await house.restore(refused)
    assert house.origins.is_allowed(SITE), "what was decided last"
    await house.restore(allowed)
    assert house.origins.is_allowed(SITE)


@pytest.mark.parametrize("broken", ["x", "{}", "[1]", '[{"hash":1}]', "[" * 10_000])
async def test_broken_registers_let_nobody_in_and_stop_no_restore(hub: Hub, tmp_path: Path, broken: str) -> None:
    house = House(hub)
    path = write(tmp_path / "archive.json", {**dict.fromkeys(ACCESS_KEYS, broken), "a": "1"})
    await house.restore(path)
    assert house.desk.get("a") == "1"
    assert house.inside == inside()
    house.let_in("guest")
    await house.restore(path)
    assert house.inside == inside(browsers=["guest"])
