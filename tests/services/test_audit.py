"""The audit log in the hub: shown to the owner alone, its newest hash kept, the owner's settings followed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from stagedoor.access import BY_PASSWORD, SERVICE, Client
from stagedoor.archive import durable_entries, importable_entries
from stagedoor.audit import AuditLog, Entry, Head
from stagedoor.errors import NotPermitted, RequestFailed
from stagedoor.hub import Change
from stagedoor.keys import AUDIT, AUDIT_HEAD, AUDITED, HTTP_CONFIG, RESTORE
from stagedoor.services.archives import Archives
from stagedoor.services.audit import AuditDesk, AuditPage, read_head
from tests.services.harness import Desk, encode


@asynccontextmanager
async def audited(desk: Desk, folder: Path | None, *, head_after_s: float = 3600.0) -> AsyncIterator[AuditLog]:
    """An audit log joined to a hub, as the application does it."""
    audit = AuditLog(folder, head=read_head(desk.get(AUDIT_HEAD)), check_after_s=0.0)
    joined = AuditDesk(Client(desk.hub, SERVICE), audit, asyncio.get_running_loop(), head_after_s=head_after_s)
    yield audit
    await joined.close()


class Ear(Client):
    """Hears a key; ``next`` waits for it."""

    def __init__(self, desk: Desk, key: str) -> None:
        super().__init__(desk.hub, SERVICE, self.hear)
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.subscribe(key)

    def hear(self, change: Change) -> None:
        """Note the value."""
        self.heard.put_nowait(change.value)

    async def next(self) -> str:
        """Wait for the next value."""
        async with asyncio.timeout(10):
            return await self.heard.get()


async def page(desk: Desk, **wanted: object) -> AuditPage:
    return msgspec.json.decode(await desk.call(AUDIT, encode(wanted)), type=AuditPage)


def told(found: AuditPage) -> list[tuple[str, object]]:
    return [(entry.kind, entry.facts) for entry in found.entries]


async def test_entries_are_shown_newest_first_and_by_pages(desk: Desk, tmp_path: Path) -> None:
    async with audited(desk, tmp_path) as audit:
        for number in range(5):
            audit.record("login", {"number": number})
        audit.record("refused", {"address": "10.0.0.1"})
        found = await page(desk, limit=2)
        assert told(found) == [("refused", {"address": "10.0.0.1"}), ("login", {"number": 4})]
        assert (found.next, found.total, found.problem) == (5, 6, None)
        found = await page(desk, before=found.next, limit=2)
        assert told(found) == [("login", {"number": 3}), ("login", {"number": 2})]
        assert told(await page(desk, kinds=["refused"])) == [("refused", {"address": "10.0.0.1"})]
        assert told(await page(desk, search="10.0")) == [("refused", {"address": "10.0.0.1"})]
        assert len((await page(desk)).entries) == 6
        assert (await page(desk)).next is None


async def test_without_a_folder_it_is_shown_too_and_the_store_knows_nothing_of_it(desk: Desk) -> None:
    async with audited(desk, None) as audit:
        audit.record("start", {})
        assert told(await page(desk)) == [("start", {})]
    assert desk.get(AUDIT_HEAD) == ""


@pytest.mark.parametrize("wanted", [{"limit": 0}, {"limit": 1001}, {"before": 0}, {"kinds": "login"}, [], "x"])
async def test_what_cannot_be_meant_is_refused(desk: Desk, tmp_path: Path, wanted: object) -> None:
    async with audited(desk, tmp_path):
        with pytest.raises(RequestFailed, match="expected before, limit, kinds, search"):
            await desk.call(AUDIT, encode(wanted))


async def test_a_log_that_cannot_be_read_is_said_to_be(desk: Desk, tmp_path: Path) -> None:
    async with audited(desk, tmp_path):
        (tmp_path / "audit-1.jsonl").symlink_to(tmp_path / "nothing")
        with pytest.raises(RequestFailed, match="the audit log cannot be read"):
            await page(desk)


async def test_new_entries_are_told(desk: Desk, tmp_path: Path) -> None:
    ear = Ear(desk, AUDITED)
    async with audited(desk, tmp_path) as audit:
        audit.record("login", {"door": "Kilovolt"})
        entry = msgspec.json.decode(await ear.next(), type=Entry)
        assert (entry.n, entry.kind, entry.facts) == (1, "login", {"door": "Kilovolt"})
        assert (await page(desk)).entries == [entry]


async def test_it_is_for_the_owner_alone(desk: Desk, tmp_path: Path) -> None:
    async with audited(desk, tmp_path) as audit:
        audit.record("login", {})
        application = Client(desk.hub, BY_PASSWORD)
        with pytest.raises(NotPermitted):
            await application.call(AUDIT, "")
        for key in (AUDITED, AUDIT_HEAD):
            with pytest.raises(NotPermitted):
                application.get(key)
            with pytest.raises(NotPermitted):
                application.subscribe(key)
            with pytest.raises(NotPermitted):
                await application.put(key, "x")


# --- how far it goes ---


async def test_the_newest_hash_is_kept_after_a_while_and_at_the_end(desk: Desk, tmp_path: Path) -> None:
    ear = Ear(desk, AUDIT_HEAD)
    async with audited(desk, tmp_path, head_after_s=0.01) as audit:
        audit.record("start", {})
        assert read_head(await ear.next()) == audit.head
        assert audit.head is not None
    async with audited(desk, tmp_path) as audit:
        audit.record("start", {})
    head = read_head(desk.get(AUDIT_HEAD))
    assert head is not None
    assert (head.n, head) == (4, audit.head)
    assert ear.heard.qsize() == 2


async def test_an_end_that_was_cut_off_shows_at_the_next_start(desk: Desk, tmp_path: Path) -> None:
    async with audited(desk, tmp_path) as audit:
        audit.record("start", {})
        audit.record("refused", {})
    lines = (tmp_path / "audit.jsonl").read_bytes().splitlines(keepends=True)
    assert b'"kind":"stop"' in lines[2]
    (tmp_path / "audit.jsonl").write_bytes(lines[0])
    async with audited(desk, tmp_path) as audit:
        audit.record("start", {})
        found = await page(desk)
        assert told(found)[1] == ("broken", {"reason": "entries 2 to 3 are missing"})
        assert found.problem == "the audit log is broken: entries 2 to 3 are missing"


async def test_a_head_that_is_no_head_counts_as_none() -> None:
    assert read_head("") is None
    for text in ("x", "[]", '{"n":0,"hash":"' + "0" * 64 + '"}', '{"n":1,"hash":"x"}', '{"n":1}'):
        assert read_head(text) is None
    assert read_head('{"n":1,"hash":"' + "0" * 64 + '"}') == Head(1, "0" * 64)


async def test_no_import_and_no_restore_makes_it_lie(desk: Desk, tmp_path: Path) -> None:
    old = encode({"n": 99, "hash": "0" * 64})
    entries = {AUDIT_HEAD: old, "counter": "1"}
    assert durable_entries(entries, desk.hub.catalogue) == {"counter": "1"}
    assert importable_entries(entries, desk.hub.catalogue) == {"counter": "1"}

    archive = tmp_path / "old.json"
    archive.write_text(encode(entries))
    async with audited(desk, tmp_path, head_after_s=0.0) as audit:
        heads = Ear(desk, AUDIT_HEAD)
        Archives(Client(desk.hub, SERVICE), desk.hub, None, every_s=0, keep=0, record=audit.record)
        audit.record("start", {})
        first = await heads.next()
        await desk.call(RESTORE, encode({"path": str(archive)}))
        assert desk.get("counter") == "1"
        assert desk.get(AUDIT_HEAD) == first
        found = await page(desk, limit=1)
        assert told(found) == [("setting", {"reason": "restore", "name": "old.json", "count": 1})]


# --- settings ---


async def test_a_setting_that_changed_is_written_down_without_what_it_is(desk: Desk, tmp_path: Path) -> None:
    await desk.put(HTTP_CONFIG, encode({"bind": "localhost:4337", "kv_password": "a canary", "path": "/a"}))
    async with audited(desk, tmp_path) as audit:
        await desk.put(HTTP_CONFIG, encode({"bind": "localhost:4337", "kv_password": "another canary", "path": ""}))
        await desk.put(HTTP_CONFIG, encode({"bind": "localhost:4337", "kv_password": "another canary", "path": ""}))
        await desk.put(HTTP_CONFIG, encode({"bind": "localhost:4337", "path": "", "new": 1}))
        await desk.put(HTTP_CONFIG, None)
        await desk.put("counter", "1")
        assert told(await page(desk))[::-1] == [
            ("setting", {"key": HTTP_CONFIG, "members": ["kv_password", "path"]}),
            ("setting", {"key": HTTP_CONFIG, "members": ["kv_password", "new"]}),
            ("setting", {"key": HTTP_CONFIG, "members": ["bind", "new", "path"]}),
        ]
        assert audit.head is not None
    assert b"canary" not in (tmp_path / "audit.jsonl").read_bytes()


async def test_a_setting_that_is_no_object_is_written_down_all_the_same(desk: Desk, tmp_path: Path) -> None:
    async with audited(desk, tmp_path):
        await desk.put(HTTP_CONFIG, "rubbish")
        assert told(await page(desk)) == [("setting", {"key": HTTP_CONFIG, "members": [""]})]
