"""The audit log that is downloaded from the console's door, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession

from stagedoor.access import Passes
from stagedoor.archive import backups_folder
from stagedoor.audit import AuditLog, Wanted, verify
from stagedoor.net.console import ConsolePages, OwnPagesOnly
from stagedoor.net.door import Door
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from tests.audit.harness import Log

BACKUP = "20260131-200000.json"


class Visit:
    """A console's door that listens, and a browser with a pass."""

    def __init__(self, door: Door, session: ClientSession, token: str, audit: AuditLog, data: Path) -> None:
        self.url = f"http://localhost:{door.port}"
        self.session = session
        self.token = token
        self.audit = audit
        self.data = data

    async def ask(
        self, method: str, path: str = "/audit", token: str | None = None, **headers: str
    ) -> tuple[ClientResponse, bytes]:
        """Make a request with the pass, or another one."""
        fields = {"Authorization": f"Bearer {self.token if token is None else token}", **headers}
        async with self.session.request(method, self.url + path, headers=fields) as response:
            return response, await response.read()


@pytest.fixture
async def visit(tmp_path: Path) -> AsyncIterator[Visit]:
    data = tmp_path / "data"
    backups_folder(data).mkdir(parents=True)
    (backups_folder(data) / BACKUP).write_bytes(b"{}\n")
    passes = Passes(lambda: 0.0, lambda: None)
    token = passes.exchange(passes.new_code())
    assert token is not None
    audit = Log(data, max_bytes=30_000)
    pages = ConsolePages(passes, private=data, data_folder=data, audit=audit)
    door = Door("console", sockets={}, respond=pages.respond, turn=Turn(), limits=Limits(), origins=OwnPagesOnly())
    await door.listen("localhost", 0)
    async with ClientSession() as session:
        yield Visit(door, session, token, audit, data)
    await door.close()
    await asyncio.to_thread(audit.close)


async def test_all_files_are_downloaded_as_one(visit: Visit, tmp_path: Path) -> None:
    for number in range(500):
        visit.audit.record(f"kind {number // 50}", {"number": number})
        if number % 50 == 0:
            assert await asyncio.to_thread(visit.audit.flush)
    response, body = await visit.ask("GET", Origin=visit.url, **{"Sec-Fetch-Site": "same-origin"})
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/x-ndjson"
    assert response.headers["Content-Disposition"] == 'attachment; filename="audit.jsonl"'
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert body.count(b"\n") == 500
    assert len(list(visit.data.glob("audit*.jsonl"))) > 2
    (tmp_path / "audit.jsonl").write_bytes(body)
    assert verify(tmp_path, visit.audit.head).problems == []


async def test_an_empty_log_is_an_empty_file(visit: Visit) -> None:
    response, body = await visit.ask("GET")
    assert (response.status, body) == (200, b"")


async def test_the_head_of_the_answer_is_told_without_the_log(visit: Visit) -> None:
    visit.audit.record("login", {})
    response, body = await visit.ask("HEAD")
    assert (response.status, body) == (200, b"")


@pytest.mark.parametrize(
    ("method", "token", "headers", "status"),
    [
        ("GET", "", {}, 401),
        ("GET", "wrong", {}, 401),
        ("POST", None, {}, 405),
        ("DELETE", None, {}, 405),
        ("GET", None, {"Sec-Fetch-Site": "cross-site"}, 403),
        ("GET", None, {"Sec-Fetch-Site": "same-site"}, 403),
        ("GET", None, {"Origin": "http://localhost:1"}, 403),
    ],
)
async def test_it_is_for_the_owner_alone(
    visit: Visit, method: str, token: str | None, headers: dict[str, str], status: int
) -> None:
    visit.audit.record("login", {"name": "a canary"})
    response, body = await visit.ask(method, token=token, **headers)
    assert response.status == status
    assert b"canary" not in body


async def test_a_log_that_cannot_be_read_is_said_to_be(visit: Visit) -> None:
    visit.audit.record("login", {})
    assert await asyncio.to_thread(visit.audit.flush)
    (visit.data / "audit-1.jsonl").symlink_to(visit.data / "nothing")
    response, body = await visit.ask("GET")
    assert response.status == 500
    assert b"symbolic links" in body


async def test_who_takes_a_backup_which_holds_all_secrets_is_written_down(visit: Visit) -> None:
    assert (await visit.ask("HEAD", f"/backups/{BACKUP}"))[0].status == 200
    assert (await visit.ask("GET", f"/backups/{BACKUP}"))[0].status == 200
    (entry,) = (await asyncio.to_thread(visit.audit.read_page, Wanted(5))).entries
    assert entry.kind == "reveal"
    assert (entry.facts["area"], entry.facts["name"]) == ("backup", BACKUP)
