"""A hostile program with an overlay's key and a real server: it tries everything at each door, and gets nowhere."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest

from stagedoor import keys
from stagedoor.access import sign, sign_twice
from stagedoor.hub import Catalogue
from stagedoor.kilovolt import Client
from stagedoor.kilovolt.messages import COMMANDS
from stagedoor.net.streamerbot_http import _RIGHT_NAMES
from stagedoor.streamerbot.requests import REQUESTS
from tests.conftest import PASSWORD, Server
from tests.net.websocket import TEXT, Raw

SCOPES = ["read:own/*", "read:twitch/config", "event:Own.*"]
OWN = ("own/a", "own/b/c", "event/Own/Thing")
FOREIGN = (
    "foreign/a",
    "own",
    "ownx",
    "event/Foreign/Thing",
    "event/Owner/Thing",
    "event/Own2/Thing",
    "loyalty/points/1",
    "global/persisted/points",
    "viewer/twitch/7",
    "ev/x",
    "@x",
    "foreign/@ask",
    "own\0/a",
    "OWN/a",
    "foreign/../own/a",
)
CANARY = "a canary that nobody may see"

RESOLVED = Catalogue(keys.SPECS)
EVERY_KEY = tuple(
    spec.pattern.replace("<", "").replace(">", "") if "<" in spec.pattern else spec.pattern for spec in keys.SPECS
)
"""One key of each entry of the catalogue: a placeholder's own name is as good as any."""

MAY_CHANGE = {"stagedoor/overlay-keys", "stagedoor/overlay-key-secrets", keys.AUDITED, keys.AUDIT_HEAD, keys.LOGGED}
"""What stagedoor writes itself because the key is used, and the log."""


class Made(msgspec.Struct):
    """A key as the owner made it."""

    id: str
    key: str


class Talker:
    """A connection whose requests are told from what else it hears."""

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        self.heard: list[dict[str, Any]] = []
        self._serial = 0

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(20):
            return await self.raw.message()

    async def exchange(self, message: dict[str, object], id_name: str) -> dict[str, Any]:
        """Send a request and return its answer; what comes before is kept."""
        self._serial += 1
        own = str(self._serial)
        self.raw.send(TEXT, json.dumps({**message, id_name: own}).encode())
        while True:
            answer = await self.next()
            if answer.get(id_name) == own:
                return answer
            self.heard.append(answer)

    async def kilovolt(self, command: str, data: object = None) -> dict[str, Any]:
        return await self.exchange({"command": command, "data": data or {}}, "request_id")

    async def streamerbot(self, request: str, **parameters: object) -> dict[str, Any]:
        return await self.exchange({"request": request, **parameters}, "id")

    async def log_in(self, password: str) -> dict[str, Any]:
        """Answer Kilovolt's challenge."""
        offered = (await self.kilovolt("klogin"))["data"]
        challenge, salt = base64.b64decode(offered["challenge"]), base64.b64decode(offered["salt"])
        return await self.kilovolt("kauth", {"hash": base64.b64encode(sign(password, challenge, salt)).decode()})


async def open_kilovolt(server: Server, password: str | None = None) -> Talker:
    talker = Talker(await Raw.open(server.port, path="/ws"))
    assert (await talker.next())["type"] == "hello"
    if password is not None:
        assert (await talker.log_in(password))["ok"] is True
    return talker


async def open_streamerbot(server: Server, password: str | None = None) -> Talker:
    talker = Talker(await Raw.open(server.streamerbot_port))
    hello = await talker.next()
    if password is not None:
        offered = hello["authentication"]
        challenge, salt = base64.b64decode(offered["challenge"]), base64.b64decode(offered["salt"])
        answer = base64.b64encode(sign_twice(password, challenge, salt)).decode()
        assert (await talker.streamerbot("Authenticate", authentication=answer))["status"] == "ok"
    return talker


@asynccontextmanager
async def owner_of(server: Server) -> AsyncIterator[Client]:
    async with Client(server.url, token=server.control_token) as owner:
        yield owner


async def make_key(server: Server, scopes: list[str] = SCOPES) -> Made:
    async with owner_of(server) as owner:
        wanted = {"name": "Wheel", "scopes": scopes}
        made = await owner.call_json("stagedoor/@make-overlay-key", wanted, Made)
    assert made is not None
    return made


async def fill(server: Server) -> None:
    """Write a canary wherever the overlay may not look, and something where it may."""
    async with owner_of(server) as owner:
        await owner.set_many({key: CANARY for key in FOREIGN if "@" not in key})
        await owner.set_many(dict.fromkeys(OWN, '{"seen":1}'))
        await owner.set("twitch/config", json.dumps({"enabled": False, "api_client_secret": CANARY}))


async def everything(server: Server) -> dict[str, str]:
    """All keys and values, as the owner sees them."""
    async with owner_of(server) as owner:
        await owner.set("a fence", "")
        entries = await owner.get_all()
        return {key: value for key, value in entries.items() if key not in MAY_CHANGE}


async def test_every_command_on_every_key_over_kilovolt(both_doors: Server) -> None:
    made = await make_key(both_doors)
    await fill(both_doors)
    before = await everything(both_doors)
    overlay = await open_kilovolt(both_doors, made.key)
    told: list[dict[str, Any]] = []
    for key in (*EVERY_KEY, *FOREIGN, *OWN, "", "own/", "own/@x"):
        spec = RESOLVED.resolve(key)
        may_read = key == "twitch/config" or key.startswith(("own/", "event/Own/"))
        for command in ("kget", "ksub"):
            answer = await overlay.kilovolt(command, {"key": key})
            assert (answer.get("error") == "not permitted") is not may_read, (command, key)
            told.append(answer)
        assert (await overlay.kilovolt("kget-bulk", {"keys": ["own/a", key]})).get("ok") is may_read, key
        for command, data in (
            ("kset", {"key": key, "data": "{}"}),
            ("kset-bulk", {key: "{}"}),
            ("kset-bulk", {"own/a": "{}", key: "{}"}),
            ("kdel", {"key": key}),
            ("kcall", {"key": key, "data": "{}"}),
        ):
            answer = await overlay.kilovolt(command, data)
            assert answer.get("error") == "not permitted", (command, key, spec.summary)
        for command in ("kunsub", "kunsub-prefix"):
            await overlay.kilovolt(command, {"key": key, "prefix": key})
    for prefix in ("", "o", "own", "foreign/", "event/", "stagedoor/", "twitch/", "event/Foreign/"):
        await overlay.kilovolt("ksub-prefix", {"prefix": prefix})
        listed = await overlay.kilovolt("klist", {"prefix": prefix})
        assert listed["data"] == sorted(key for key in (*OWN, "twitch/config") if key.startswith(prefix))
        told.append(await overlay.kilovolt("kget-all", {"prefix": prefix}))
    nothing = {"key": "", "keys": [], "prefix": "", "data": "", "hash": "AAAA"}
    told += [await overlay.kilovolt(command, nothing) for command in COMMANDS]
    assert CANARY not in json.dumps([told, overlay.heard])
    assert await everything(both_doors) == before

    # And of what happens from now on it hears what is its own, once.
    overlay.heard.clear()
    await fill(both_doors)
    await overlay.kilovolt("version")
    heard = sorted(push["key"] for push in overlay.heard)
    assert heard == sorted([*OWN, "twitch/config"])
    assert CANARY not in json.dumps(overlay.heard)
    await overlay.raw.end()


async def test_every_request_over_streamerbots_door(both_doors: Server) -> None:
    made = await make_key(both_doors)
    await fill(both_doors)
    before = await everything(both_doors)
    overlay = await open_streamerbot(both_doors, made.key)
    told: list[dict[str, Any]] = []
    parameters: dict[str, object] = {
        "action": {"name": "Wave"},
        "args": {},
        "triggerName": "wave",
        "platform": "twitch",
        "message": "hi",
        "userLogin": "ann",
        "userId": "7",
        "variable": "points",
    }
    for name in REQUESTS:
        answer = await overlay.streamerbot(name, **parameters)
        told.append(answer)
        if answer["status"] == "ok":
            assert name in ("GetInfo", "GetEvents") or answer["count"] == 0, answer
        else:
            assert answer["error"] == "Not permitted", answer
    selections = ("*", {"*": ["*"]}, {"Foreign": ["*"], "Own": ["*"]}, {"Foreign": ["Thing"], "Own": ["Thing"]})
    told += [await overlay.streamerbot("Subscribe", events=selection) for selection in selections]
    told.append(await overlay.streamerbot("GetEvents"))
    assert "Foreign" not in told[-1]["events"]
    assert CANARY not in json.dumps([told, overlay.heard])
    assert await everything(both_doors) == before
    overlay.heard.clear()
    await fill(both_doors)
    await overlay.streamerbot("GetInfo")
    assert [(heard["event"]["source"], heard["event"]["type"]) for heard in overlay.heard] == [("Own", "Thing")]
    await overlay.raw.end()


async def test_every_method_over_http(both_doors: Server) -> None:
    made = await make_key(both_doors)
    await fill(both_doors)
    before = await everything(both_doors)
    headers = {"Authorization": f"Bearer {made.key}"}
    async with aiohttp.ClientSession(both_doors.http_url, headers=headers) as http:
        for name in _RIGHT_NAMES.values():
            for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
                body: dict[str, Any] = {"json": {"action": {"name": "Wave"}}} if method == "POST" else {}
                query = "variable=points&userId=7&userLogin=ann&platform=twitch"
                async with http.request(method, f"/{name}?{query}", **body) as answer:
                    text = await answer.text()
                    assert CANARY not in text
                    if answer.status == 200 and name not in ("GetInfo", "GetEvents"):
                        assert json.loads(text)["count"] == 0, (name, method, text)
                    elif name not in ("GetInfo", "GetEvents"):
                        assert answer.status in (403, 405), (name, method, answer.status)
    assert await everything(both_doors) == before


async def test_logging_in_again_in_another_way_gives_nothing_more(both_doors: Server) -> None:
    made = await make_key(both_doors)
    other = await make_key(both_doors, ["read:other/*"])
    await fill(both_doors)
    overlay = await open_kilovolt(both_doors, made.key)

    async def is_as_before() -> bool:
        own = await overlay.kilovolt("kget", {"key": "own/a"})
        foreign = await overlay.kilovolt("kget", {"key": "foreign/a"})
        return own.get("ok") is True and foreign.get("error") == "not permitted"

    # To ask is no way to more: who is in is in. Nobody is asked.
    assert (await overlay.kilovolt("klogin", {"auth": "ask", "name": "Wheel", "scopes": ["write:*"]}))["ok"] is True
    assert await is_as_before()
    async with owner_of(both_doors) as owner:
        assert json.loads(await owner.get("stagedoor/asks") or "[]") == []
    # Neither is what it has no proof of. Each of these waits twice as long as the one before.
    for token in (made.key, made.id, other.key, PASSWORD):
        assert (await overlay.kilovolt("klogin", {"auth": "token", "token": token}))["error"] == "authentication failed"
    assert (await overlay.log_in("overlay-guess"))["error"] == "authentication failed"
    assert await is_as_before()
    # A challenge is answered once.
    offered = (await overlay.kilovolt("klogin"))["data"]
    challenge, salt = base64.b64decode(offered["challenge"]), base64.b64decode(offered["salt"])
    answer = {"hash": base64.b64encode(sign(made.key, challenge, salt)).decode()}
    assert (await overlay.kilovolt("kauth", answer))["ok"] is True
    assert (await overlay.kilovolt("kauth", answer))["error"] == "authentication not initialized"
    assert await is_as_before()
    # Another key is another grant, in the place of the first.
    await overlay.kilovolt("ksub-prefix", {"prefix": ""})
    assert (await overlay.log_in(other.key))["data"] == {"scopes": ["read:other/*"]}
    assert (await overlay.kilovolt("kget", {"key": "own/a"}))["error"] == "not permitted"
    async with owner_of(both_doors) as owner:
        await owner.set_many({"own/a": "2", "other/a": "2"})
        # The first one's end is not this connection's any more; the second one's is.
        await owner.call_json("stagedoor/@revoke-overlay-key", {"id": made.id})
        assert (await overlay.kilovolt("kget", {"key": "other/a"}))["data"] == "2"
        assert [push["key"] for push in overlay.heard] == ["other/a"]
        await owner.call_json("stagedoor/@revoke-overlay-key", {"id": other.id})
    async with asyncio.timeout(10):
        assert await overlay.raw.close_code() == 4011
    await overlay.raw.end()


async def test_a_question_that_is_open_does_not_widen_a_key(both_doors: Server) -> None:
    made = await make_key(both_doors)
    overlay = await open_kilovolt(both_doors)
    overlay.raw.ask("klogin", auth="ask", name="Wheel")
    async with owner_of(both_doors) as owner:
        asked = asyncio.Event()
        await owner.subscribe("stagedoor/asks", lambda change: asked.set())
        asks = json.loads(await owner.get("stagedoor/asks") or "[]")
        if not asks:
            async with asyncio.timeout(10):
                await asked.wait()
            asks = json.loads(await owner.get("stagedoor/asks"))
        assert (await overlay.log_in(made.key))["data"]["scopes"] == sorted(SCOPES)
        assert overlay.heard[-1]["error"] == "authentication failed", "the question went with the other way in"
        with pytest.raises(Exception, match="no open question"):
            await owner.call_json("stagedoor/@answer-ask", {"id": asks[0]["id"], "allow": True})
    assert (await overlay.kilovolt("kset", {"key": "own/a", "data": ""}))["error"] == "not permitted"
    await overlay.raw.end()


async def test_a_page_of_a_foreign_site_gets_nowhere_with_a_key(both_doors: Server) -> None:
    made = await make_key(both_doors)
    headers = {"Authorization": f"Bearer {made.key}", "Origin": "https://evil.example"}
    async with (
        aiohttp.ClientSession(both_doors.http_url) as http,
        http.get("/GetInfo", headers=headers) as answer,
    ):
        assert (answer.status, await answer.json()) == (403, {"error": "the owner has not let this origin in"})
    for port, path in ((both_doors.port, "/ws"), (both_doors.streamerbot_port, "/")):
        raw, status, _ = await Raw.upgrade(port, path=path, Origin="https://evil.example")
        assert status == 403
        await raw.end()


async def test_a_key_that_is_revoked_is_worthless_at_once_at_all_doors(both_doors: Server) -> None:
    made = await make_key(both_doors)
    inside = [await open_kilovolt(both_doors, made.key), await open_streamerbot(both_doors, made.key)]
    async with owner_of(both_doors) as owner:
        await owner.call_json("stagedoor/@revoke-overlay-key", {"id": made.id})
    for talker in inside:
        async with asyncio.timeout(10):
            assert await talker.raw.close_code() == 4011
        await talker.raw.end()
    late = await open_kilovolt(both_doors)
    assert (await late.log_in(made.key))["error"] == "authentication failed"
    await late.raw.end()
    await both_doors.restart()
    late = await open_kilovolt(both_doors)
    assert (await late.log_in(made.key))["error"] == "authentication failed"
    await late.raw.end()


async def test_a_key_that_is_kept_works_after_a_restart_and_expires_by_itself(both_doors: Server) -> None:
    made = await make_key(both_doors)
    await both_doors.restart()
    overlay = await open_kilovolt(both_doors, made.key)
    async with owner_of(both_doors) as owner:
        await owner.set("a fence", "")
        assert json.loads(await owner.get("stagedoor/overlay-keys"))[0]["used_at_ms"] is not None
        end = {"id": made.id, "expires_at_ms": round(time.time() * 1000) + 1_500}
        await owner.call_json("stagedoor/@change-overlay-key", end)
    assert (await overlay.kilovolt("kget", {"key": "own/a"}))["ok"] is True, "another end alone ends nothing"
    async with asyncio.timeout(10):
        assert await overlay.raw.close_code() == 4011
    await overlay.raw.end()
    async with owner_of(both_doors) as owner:
        await owner.set("a fence", "")
        assert json.loads(await owner.get("stagedoor/overlay-keys")) == []
