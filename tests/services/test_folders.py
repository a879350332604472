"""Looking for the folder that is to be served."""

import os
from pathlib import Path

import pytest

from stagedoor import keys
from stagedoor.access import SERVICE, Client
from stagedoor.errors import RequestFailed
from stagedoor.net.static import StaticFolder
from stagedoor.services.folders import Folders
from tests.services.harness import Desk


@pytest.fixture
def home(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path.resolve() / "home"
    for name in ("overlays/Alerts", "overlays/chat", "overlays/.git", "data/backups"):
        (home / name).mkdir(parents=True)
    (home / "overlays" / "index.html").write_text("no folder")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    Folders(Client(desk.hub, SERVICE), lambda folder: StaticFolder(folder, private=home / "data"))
    return home


async def test_it_begins_at_home(desk: Desk, home: Path) -> None:
    listing = await desk.ask(keys.FOLDERS)
    assert (listing["path"], listing["parent"]) == (str(home), str(home.parent))
    assert listing["folders"] == ["data", "overlays"]


async def test_only_folders_are_listed_and_none_with_a_dot(desk: Desk, home: Path) -> None:
    assert await desk.ask(keys.FOLDERS, path=str(home / "overlays" / "chat" / "..")) == {
        "path": str(home / "overlays"),
        "parent": str(home),
        "folders": ["Alerts", "chat"],
        "may_be_served": True,
    }


@pytest.mark.parametrize("name", ["data", "data/backups", "", "/"])
async def test_what_holds_the_data_may_not_be_served(desk: Desk, home: Path, name: str) -> None:
    listing = await desk.ask(keys.FOLDERS, path=str(home / name))
    assert listing["may_be_served"] is False
    assert "the data folder" in str(listing["problem"])


async def test_the_top_has_no_parent(desk: Desk, home: Path) -> None:
    assert (await desk.ask(keys.FOLDERS, path=home.anchor))["parent"] is None


@pytest.mark.skipif(os.name != "posix", reason="links cannot be made by everybody: cannot exist here")
async def test_links_lead_where_they_lead(desk: Desk, home: Path) -> None:
    (home / "overlays" / "link").symlink_to(home / "data")
    (home / "overlays" / "dangling").symlink_to(home / "nowhere")
    assert (await desk.ask(keys.FOLDERS, path=str(home / "overlays")))["folders"] == ["Alerts", "chat", "link"]
    listing = await desk.ask(keys.FOLDERS, path=str(home / "overlays" / "link"))
    assert (listing["path"], listing["may_be_served"]) == (str(home / "data"), False)


@pytest.mark.skipif(os.name != "posix", reason="names that are no text cannot exist here")
async def test_a_name_that_is_no_text_is_left_out(desk: Desk, home: Path) -> None:
    os.mkdir(os.fsencode(home) + b"/caf\xe9")
    assert (await desk.ask(keys.FOLDERS, path=str(home)))["folders"] == ["data", "overlays"]


@pytest.mark.parametrize("path", ["nowhere", "overlays/index.html", "nu\0ll", "~nobody-of-that-name"])
async def test_what_is_no_folder_is_refused(desk: Desk, home: Path, path: str) -> None:
    with pytest.raises(RequestFailed):
        await desk.ask(keys.FOLDERS, path=path if path.startswith("~") else str(home / path))


async def test_a_relative_path_is_refused(desk: Desk, home: Path) -> None:
    with pytest.raises(RequestFailed, match="whole path"):
        await desk.ask(keys.FOLDERS, path="overlays")
