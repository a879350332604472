"""Backups that are downloaded from the console's door, and files that are uploaded to it, over real sockets."""

import asyncio
import contextlib
import gzip
import os
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest
from aiohttp import ClientResponse, ClientSession, hdrs

from stagedoor.access import Passes
from stagedoor.archive import backups_folder
from stagedoor.net import console
from stagedoor.net.console import ConsolePages, OwnPagesOnly
from stagedoor.net.door import Door
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.uploads import Uploads

BACKUP = "20260131-200000.json"
CONTENT = b'{\n"a": "1"\n}\n'


class Visit:
    """A console's door that listens, and a browser with a pass."""

    def __init__(self, door: Door, session: ClientSession, token: str, data: Path) -> None:
        self.door = door
        self.session = session
        self.token = token
        self.data = data

    @property
    def url(self) -> str:
        return f"http://localhost:{self.door.port}"

    @property
    def uploaded(self) -> list[str]:
        """What lies in the folder of uploads."""
        return os.listdir(self.data / "uploads")

    async def ask(
        self, method: str, path: str, body: object = None, *, token: str | None = None, **headers: str
    ) -> ClientResponse:
        """Make a request with the pass, or another one."""
        fields = {"Authorization": f"Bearer {self.token if token is None else token}"}
        fields.update({name.replace("_", "-"): value for name, value in headers.items()})
        response = await self.session.request(method, self.url + path, data=body, headers=fields)
        await response.read()
        return response


@pytest.fixture
async def visit(tmp_path: Path) -> AsyncIterator[Visit]:
    data = tmp_path / "data"
    backups_folder(data).mkdir(parents=True)
    (backups_folder(data) / BACKUP).write_bytes(CONTENT)
    passes = Passes(lambda: 0.0, lambda: None)
    token = passes.exchange(passes.new_code())
    assert token is not None
    pages = ConsolePages(passes, private=data, data_folder=data, uploads=Uploads(data / "uploads"))
    door = Door("console", sockets={}, respond=pages.respond, turn=Turn(), limits=Limits(), origins=OwnPagesOnly())
    await door.listen("localhost", 0)
    async with ClientSession() as session:
        yield Visit(door, session, token, data)
    await door.close()


# --- downloads ---


async def test_a_backup_is_downloaded(visit: Visit) -> None:
    response = await visit.ask("GET", f"/backups/{BACKUP}", Origin=visit.url, Sec_Fetch_Site="same-origin")
    assert response.status == 200
    assert await response.read() == CONTENT
    assert response.headers["Content-Disposition"] == f'attachment; filename="{BACKUP}"'
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "20260131-200001.json",
        "..%2Fsecret.json",
        "%2e%2e/secret.json",
        f"..%2Fbackups%2F{BACKUP}",
        f"./{BACKUP}x",
        f"{BACKUP}/",
        f"{BACKUP}%00",
        "notes.txt",
        "%ff",
    ],
)
async def test_nothing_else_is(visit: Visit, name: str) -> None:
    (visit.data / "secret.json").write_text("secret")
    (backups_folder(visit.data) / "notes.txt").write_text("mine")
    response = await visit.ask("GET", f"/backups/{name}")
    assert response.status == 404


@pytest.mark.skipif(os.name != "posix", reason="links cannot be made by everybody: cannot exist here")
async def test_no_link_leads_out_of_the_folder(visit: Visit) -> None:
    secret = visit.data / "control.json"
    secret.write_text("secret")
    folder = backups_folder(visit.data)
    (folder / "20260131-200002.json").symlink_to(secret)
    (folder / "20260131-200003.json").symlink_to(visit.data)
    (folder / "20260131-200004.json").mkdir()
    (folder / f"{BACKUP}.gz").symlink_to(secret)
    for number in (2, 3, 4):
        assert (await visit.ask("GET", f"/backups/20260131-20000{number}.json")).status == 404
    response = await visit.ask("GET", f"/backups/{BACKUP}", Accept_Encoding="gzip")
    assert await response.read() == CONTENT


@pytest.mark.skipif(os.name != "posix", reason="links cannot be made by everybody: cannot exist here")
async def test_the_folder_may_lie_on_another_disk(visit: Visit, tmp_path: Path) -> None:
    backups_folder(visit.data).rename(tmp_path / "elsewhere")
    backups_folder(visit.data).symlink_to(tmp_path / "elsewhere")
    assert (await visit.ask("GET", f"/backups/{BACKUP}")).status == 200


# --- uploads ---


async def test_a_file_is_taken_as_it_is(visit: Visit) -> None:
    content = os.urandom(3 << 20)
    response = await visit.ask("POST", "/upload", BytesIO(content), Origin=visit.url, Sec_Fetch_Site="same-origin")
    assert response.status == 200
    answer = await response.json()
    assert answer["size"] == len(content)
    folder, name = os.path.split(answer["path"])
    assert (Path(folder), [name]) == (visit.data / "uploads", visit.uploaded)
    assert (visit.data / "uploads" / name).read_bytes() == content
    if os.name == "posix":
        assert os.stat(answer["path"]).st_mode & 0o777 == 0o600
        assert os.stat(folder).st_mode & 0o777 == 0o700


async def test_a_file_that_says_it_is_packed_is_taken_as_it_is_too(visit: Visit) -> None:
    packed = gzip.compress(bytes(1 << 20))
    response = await visit.ask("POST", "/upload", packed, Content_Encoding="gzip")
    assert (await response.json())["size"] == len(packed)
    (name,) = visit.uploaded
    assert (visit.data / "uploads" / name).read_bytes() == packed


async def test_a_file_in_chunks_is_taken_too(visit: Visit) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"a":'
        yield b'"1"}'

    response = await visit.ask("POST", "/upload", chunks())
    assert (await response.json())["size"] == 9


async def test_what_is_too_large_by_its_own_word_is_refused(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "MAX_UPLOAD_BYTES", 1000)
    assert (await visit.ask("POST", "/upload", bytes(1001))).status == 413
    assert (await visit.ask("POST", "/upload", bytes(1000))).status == 200


async def test_what_grows_too_large_is_refused_and_removed(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "MAX_UPLOAD_BYTES", 1000)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(400)

    response = await visit.ask("POST", "/upload", chunks())
    assert response.status == 413
    assert visit.uploaded == []


async def test_a_file_that_breaks_off_is_removed(
    visit: Visit, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()
    receive = Uploads.receive

    @contextlib.contextmanager
    def watched(uploads: Uploads) -> Iterator[tuple[Path, BinaryIO]]:
        try:
            with receive(uploads) as received:
                begun.set()
                yield received
        finally:
            ended.set()

    monkeypatch.setattr(Uploads, "receive", watched)
    _, writer = await asyncio.open_connection("localhost", visit.door.port)
    head = f"POST /upload HTTP/1.1\r\nHost: localhost:{visit.door.port}\r\nAuthorization: Bearer {visit.token}\r\n"
    writer.write(head.encode() + b"Content-Length: 1000\r\n\r\n" + bytes(500))
    async with asyncio.timeout(10):
        await begun.wait()
        assert len(visit.uploaded) == 1
        writer.close()
        await ended.wait()
    assert visit.uploaded == []
    await visit.door.close()
    assert "Traceback" not in caplog.text


async def test_a_file_that_stands_still_gives_way(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_PATIENCE_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", visit.door.port)
    head = f"POST /upload HTTP/1.1\r\nHost: localhost:{visit.door.port}\r\nAuthorization: Bearer {visit.token}\r\n"
    writer.write(f"{head}Content-Length: 10\r\n\r\nabc".encode())
    async with asyncio.timeout(10):
        assert (await reader.readline()).split()[1] == b"408"
    assert visit.uploaded == []
    writer.close()


async def test_a_full_disk_is_told(visit: Visit) -> None:
    folder = visit.data / "uploads"
    folder.rmdir()
    folder.write_text("in the way")
    assert (await visit.ask("POST", "/upload", b"{}")).status == 507


# --- who may ---


@pytest.mark.parametrize(("method", "path"), [("GET", f"/backups/{BACKUP}"), ("POST", "/upload")])
async def test_only_a_pass_lets_in(visit: Visit, method: str, path: str) -> None:
    for token in ("", "made up", visit.token + "x"):
        response = await visit.ask(method, path, token=token)
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
    response = await visit.ask(method, path, Authorization=f"Basic {visit.token}")
    assert response.status == 401
    assert visit.uploaded == []


@pytest.mark.parametrize(("method", "path"), [("GET", f"/backups/{BACKUP}"), ("POST", "/upload")])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:4337"},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
async def test_no_other_page_may_ask(visit: Visit, method: str, path: str, headers: dict[str, str]) -> None:
    assert (await visit.ask(method, path, **headers)).status == 403
    assert visit.uploaded == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", f"/backups/{BACKUP}", "GET,HEAD"), ("GET", "/upload", "POST"), ("PUT", "/upload", "POST")],
)
async def test_other_methods_are_refused(visit: Visit, method: str, path: str, allowed: str) -> None:
    response = await visit.ask(method, path)
    assert response.status == 405
    assert set(response.headers[hdrs.ALLOW].split(",")) == set(allowed.split(","))


async def test_a_console_without_a_data_folder_has_neither(tmp_path: Path) -> None:
    passes = Passes(lambda: 0.0, lambda: None)
    pages = ConsolePages(passes, private=tmp_path)
    door = Door("console", sockets={}, respond=pages.respond, turn=Turn(), limits=Limits(), origins=OwnPagesOnly())
    await door.listen("localhost", 0)
    token = passes.exchange(passes.new_code())
    async with ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        async with session.get(f"http://localhost:{door.port}/backups/{BACKUP}") as response:
            assert response.status == 404
        async with session.post(f"http://localhost:{door.port}/upload", data=b"{}") as response:
            assert response.status == 405
    await door.close()
