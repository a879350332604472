"""Canaries: secrets are planted wherever secrets are, everything is exercised, and no output may hold one of them."""

import base64
import contextlib
import json
import os
import re
import resource
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import aiohttp
import msgspec
import psutil
import pytest

from stagedoor import keys
from stagedoor.kilovolt import Client
from stagedoor.kilovolt.errors import CommandError
from tests.cli.harness import Cli
from tests.conftest import Server
from tests.net.websocket import TEXT, Raw
from tests.streamerbot.harness import solve

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="cannot exist here: limits of a process")

RUN_PASSWORD = "canary-of-this-run-6d1f"
STORED = {
    "the stored password": 'canary "stored" é/%41 <b>\\n+',
    "the other stored password": "canary & other=stored 7c",
    "a client secret": "canary-client-secret-4711x",
    "a bot token": "oauth:canarybottoken0815abcdefgh",
    "an access token": "canary.access.token.0123456789",
    "a refresh token": "canary.refresh.token.9876543210",
}
HALF = "canary in half a text"
MISPLACED = "canary in another member"
SENT = {
    "a wrong token": "canary-wrong-token-1a2b",
    "a wrong pass": "canary-wrong-pass-3c4d",
    "a wrong code": "canary-wrong-code-5e6f",
    "a wrong digest": "canarywrongdigest7g8h=",
    "a bearer": "canary-wrong-bearer-9i0j",
    "a login": "canary-wrong-login-1k2l",
    "an address": "canary-in-an-address-3m4n",
    "a cookie": "canary-in-a-cookie-5o6p",
    "a body": "canary-in-a-body-7q8r",
    "a question": "canary-in-a-question-9s0t",
    "an origin": "canary-in-an-origin-1u2v",
}

BROKEN_SERVICE = """
import contextlib, os, sys
with contextlib.suppress(ImportError):
    from stagedoor.services.emitter import Emitter
    async def _emit(self, value):
        raise RuntimeError("cannot emit " + value)
    Emitter._emit = _emit
"""


def forms(canary: str) -> Iterator[str]:
    """A canary as any program might write it."""
    yield canary
    yield json.dumps(canary)[1:-1]
    yield json.dumps(json.dumps(canary))[3:-3]
    yield msgspec.json.encode(canary).decode()[1:-1]
    yield msgspec.json.encode(msgspec.json.encode(canary).decode()).decode()[3:-3]
    yield repr(canary)[1:-1]
    yield quote(canary, safe="")
    yield quote(canary)
    yield quote_plus(canary)
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + canary.encode()).decode()
        yield encoded[4:-4]


def escaped(canaries: dict[str, str], text: str) -> list[str]:
    """Which canaries are in a text."""
    return [what for what, canary in canaries.items() if any(form in text for form in forms(canary))]


class House:
    """A server full of canaries, and everything that it has said to whom."""

    def __init__(self, server: Server, errors: Path) -> None:
        self.server = server
        self.errors = errors
        self.canaries = {"the password of this run": RUN_PASSWORD, **STORED}
        self.heard: dict[str, str] = {}
        """What programs were answered that had shown no canary, by what they asked."""

    def owner(self) -> Client:
        """The owner's program."""
        return Client(self.server.url, token=self.server.control_token, reconnect=False)

    def application(self) -> Client:
        """A program that knows the password."""
        return Client(self.server.url, password=RUN_PASSWORD, reconnect=False)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    patches = tmp_path / "patches"
    patches.mkdir()
    (patches / "sitecustomize.py").write_text(BROKEN_SERVICE)
    errors = tmp_path / "errors.txt"
    server = Server(
        tmp_path / "data",
        "--log-level",
        "debug",
        password=RUN_PASSWORD,
        streamerbot=True,
        console=True,
        errors=errors,
        PYTHONPATH=os.pathsep.join((str(patches), os.environ.get("PYTHONPATH", ""))),
    )
    await server.start()
    yield House(server, errors)
    await server.stop()


async def plant(house: House) -> None:
    """Put canaries where secrets are kept, and have tokens given out."""
    async with house.owner() as owner:
        await owner.set_json("http/config", {"bind": "localhost:0", "kv_password": STORED["the stored password"]})
        await owner.set_json("streamerbot/config", {"password": STORED["the other stored password"]})
        await owner.set_json("twitch/config", {"api_client_secret": STORED["a client secret"], "api_client_id": "id"})
        await owner.set_json("twitch/bot-config", {"oauth": STORED["a bot token"], "username": "bot"})
        tokens = {"access_token": STORED["an access token"], "refresh_token": STORED["a refresh token"]}
        await owner.set_json("twitch/auth-keys", {**tokens, "scope": ["chat:read"], "token_type": "bearer"})
        house.canaries["the control token"] = house.server.control_token
        house.canaries["a token of an application"] = await let_in(house, owner)
        link = msgspec.json.decode(await owner.call("stagedoor/@console-link"))["url"]
        async with aiohttp.ClientSession() as http:
            code = link.partition("#code=")[2]
            answer = await http.post(f"{house.server.console_url}/pass", json={"code": code})
            house.canaries["a pass"] = (await answer.json())["token"]
        house.canaries["a used code"] = code
        unused = msgspec.json.decode(await owner.call("stagedoor/@console-link"))["url"]
        house.canaries["an unused code"] = unused.partition("#code=")[2]
        if "stagedoor/@make-overlay-key" in {spec.pattern for spec in keys.SPECS}:
            wish = {"name": "an overlay", "scopes": ["read:counter/*"]}
            made = msgspec.json.decode(await owner.call("stagedoor/@make-overlay-key", json.dumps(wish)))
            house.canaries["an overlay's key"] = made["key"]


async def let_in(house: House, owner: Client) -> str:
    """Let an application in for good; returns its token."""
    raw = await Raw.open(house.server.port, path="/ws")
    await raw.message()
    questions: list[Any] = []
    async with owner.watch("stagedoor/asks") as changes:
        raw.ask("klogin", auth="ask", name="an overlay", password=SENT["a question"])
        while not questions:
            questions = msgspec.json.decode((await anext(aiter(changes))).value)
    house.heard["a question"] = json.dumps(questions)
    wish = {"id": questions[0]["id"], "allow": True, "remember": True}
    await owner.call("stagedoor/@answer-ask", json.dumps(wish))
    token: str = msgspec.convert((await raw.message())["data"], dict[str, Any])["token"]
    await raw.end()
    return token


async def exercise_kilovolt(house: House) -> None:
    """Say all kinds of things over Kilovolt, wrong ones with canaries in them."""
    port = house.server.port
    wrongs: list[dict[str, Any]] = [
        {"command": "klogin", "data": {"auth": "token", "token": SENT["a wrong token"]}},
        {"command": "kauth", "data": {"hash": SENT["a wrong digest"]}},
        {"command": f"token={SENT['a body']}", "data": {}},
        {"command": "kset", "data": {"key": f"a?password={SENT['an address']}", "data": {"token": SENT["a body"]}}},
        *({"command": canary, "data": {"key": canary, "value": canary}} for canary in house.canaries.values()),
    ]
    for wrong in wrongs:
        raw = await Raw.open(
            port, path="/ws", Cookie=f"a={SENT['a cookie']}", Authorization=f"Bearer {SENT['a bearer']}"
        )
        await raw.message()
        raw.send(TEXT, json.dumps({**wrong, "request_id": "1"}).encode())
        await raw.message()
        raw.send(TEXT, f'{{"command":"klogin","data":{{"token":"{SENT["a body"]}"'.encode())
        await raw.message()
        await raw.end()
    async with house.application() as app:
        house.heard["all keys"] = json.dumps(await app.get_all(""))
        house.heard["all names"] = json.dumps(await app.list(""))
        secret_keys = ["http/config", "streamerbot/config", "twitch/config", "twitch/bot-config", "twitch/auth-keys"]
        house.heard["keys with secrets"] = json.dumps(await app.get_many(secret_keys))
        for key in (
            "stagedoor/app-tokens",
            "stagedoor/console-passes",
            "stagedoor/asks",
            "stagedoor/overlay-key-secrets",
        ):
            try:
                house.heard[f"the key {key}"] = await app.get(key)
            except CommandError as error:
                house.heard[f"the key {key}"] = str(error)
        for spec in keys.SPECS:
            if spec.is_request and "<" not in spec.pattern:
                for value in ("", "{", '{"path":"/etc/hostname","id":"x","name":"x","key":"x"}'):
                    try:
                        house.heard[f"{spec.pattern} {value}"] = await app.call(spec.pattern, value)
                    except CommandError as error:
                        house.heard[f"{spec.pattern} {value}"] = str(error)
        # An action may say what it likes; a canary in it is not its author's to know.
        steps = [{"type": "log", "message": f"says {canary}"} for canary in house.canaries.values()]
        steps += [{"type": "sendMessage", "platform": "twitch", "message": "nobody hears"}]
        async with house.owner() as owner:
            await owner.set_json("action/11111111-1111-4111-8111-111111111111", {"name": "talks", "steps": steps})
            with contextlib.suppress(CommandError):
                await owner.call("action/@run", '{"action":{"name":"talks"}}')
            await owner.delete("action/11111111-1111-4111-8111-111111111111")


async def exercise_streamerbot(house: House) -> None:
    """The same over Streamer.bot's protocol."""
    messages: list[dict[str, Any]] = [
        {"request": "Authenticate", "authentication": SENT["a wrong digest"]},
        {"request": "DoAction", "action": {"name": SENT["a body"]}, "args": {"password": SENT["a body"]}},
        *({"request": canary, "args": canary} for canary in house.canaries.values()),
    ]
    for message in messages:
        raw = await Raw.open(house.server.streamerbot_port, path=f"/?token={SENT['an address']}")
        await raw.message()
        raw.send(TEXT, json.dumps({**message, "id": "1"}).encode())
        await raw.message()
        await raw.end()
    raw = await Raw.open(house.server.streamerbot_port)
    hello = await raw.message()
    house.heard["Hello"] = json.dumps(hello)
    raw.send(
        TEXT, json.dumps({"id": "0", "request": "Authenticate", "authentication": solve(hello, RUN_PASSWORD)}).encode()
    )
    house.heard["Authenticate"] = json.dumps(await raw.message())
    for request in ("GetInfo", "GetGlobals", "GetEvents", "GetActions", "GetCredits", "GetBroadcaster", "GetCommands"):
        raw.send(TEXT, json.dumps({"id": request, "request": request, "persisted": True}).encode())
        house.heard[request] = json.dumps(await raw.message())
    for canary in house.canaries.values():
        raw.send(TEXT, json.dumps({"id": "1", "request": "DoAction", "action": {"name": canary}}).encode())
        await raw.message()
    await raw.end()


async def exercise_http(house: House) -> None:
    """The same over HTTP, at each door."""
    server = house.server
    login = {"Authorization": "Basic " + base64.b64encode(f"me:{SENT['a login']}".encode()).decode()}
    bearer = {"Authorization": f"Bearer {SENT['a bearer']}", "Cookie": f"pass={SENT['a cookie']}"}
    foreign = {"Origin": f"https://me:{SENT['an origin']}@elsewhere.example"}
    cut = f'{{"password":"{SENT["a body"]}'
    async with aiohttp.ClientSession() as http:
        for base in (server.page, server.http_url, server.console_url):
            for path in ("/", "/health", "/static/x", "/ws", "/DoAction", "/GetActions", "/backups/x", "/nothing"):
                async with http.get(base + path) as answer:
                    house.heard[f"GET {base}{path}"] = f"{answer.headers} {await answer.text()}"
                for headers in (login, bearer, foreign):
                    async with http.get(f"{base}{path}?token={SENT['an address']}", headers=headers) as answer:
                        await answer.read()
                async with http.post(f"{base}{path}", data=cut, headers=bearer) as answer:
                    await answer.read()
            for canary in house.canaries.values():
                async with http.get(f"{base}/{quote(canary, safe='')}", headers={"X-Try": quote(canary)}) as answer:
                    await answer.read()
        for code in (SENT["a wrong code"], *house.canaries.values()):
            if code != house.canaries["an unused code"]:
                async with http.post(f"{server.console_url}/pass", json={"code": code}) as answer:
                    await answer.read()
        async with http.delete(
            f"{server.console_url}/pass", headers={"Authorization": f"Bearer {SENT['a wrong pass']}"}
        ) as answer:
            await answer.read()


@contextlib.contextmanager
def full_disk(house: House) -> Iterator[None]:
    """Let no file grow by much."""
    _, hard = resource.prlimit(house.server.pid, resource.RLIMIT_FSIZE)
    largest = max(house.errors.stat().st_size, (house.server.data / "store" / "data.mdb").stat().st_size)
    resource.prlimit(house.server.pid, resource.RLIMIT_FSIZE, (largest + (128 << 10), hard))
    try:
        yield
    finally:
        resource.prlimit(house.server.pid, resource.RLIMIT_FSIZE, (hard, hard))


async def let_fail(house: House) -> None:
    """Break a service, stored values, and the disk."""
    async with house.owner() as owner:
        for canary in house.canaries.values():
            wish = {"source": "Custom", "type": "Event", "data": {"said": canary}}
            with pytest.raises(CommandError, match="its log says why"):
                await owner.call("stagedoor/@emit", json.dumps(wish))
        with pytest.raises(CommandError):
            await owner.call("stagedoor/@emit", json.dumps({"password": SENT["a body"]}))
        text = STORED["the stored password"] + "x" * 800_000
        with full_disk(house), pytest.raises(CommandError, match="could not write"):
            await owner.set_json("http/config", {"bind": "localhost:0", "kv_password": text})
        told = {"note": f"log in by {STORED['a bot token']}", "secret": SENT["a body"], "n": 1}
        await owner.set_json("an/overlay", told)
        await owner.set(f"named/{STORED['a client secret']}", "x")
        house.canaries["what cannot be read"] = HALF
        await owner.set("twitch/auth-keys", HALF)
        for key in (
            "http/config",
            "streamerbot/config",
            "stagedoor/console",
            "global/persisted/x",
            "action/x",
            "command/x",
        ):
            await owner.set(key, f'{{"password":"{HALF}')
        await owner.set_json(
            "streamerbot/config", {"authentication": "off", "files": [{"path": "/x", "folder": "/no"}]}
        )
        # A password that ended up in the wrong member.
        house.canaries["what is misplaced"] = MISPLACED
        await owner.set_json("streamerbot/config", {"authentication": MISPLACED, "password": "x"})
        for key in ("global/persisted/x", "action/x", "command/x"):
            await owner.delete(key)


async def look(house: House) -> dict[str, str]:
    """Everything that the owner, or somebody to whom the owner shows it, can see."""
    server = house.server
    seen: dict[str, str] = {}
    async with house.owner() as owner:
        for request in ("log", "report", "status", "clients", "doors", "backups", "audit", "catalogue"):
            with contextlib.suppress(CommandError):
                seen[f"@{request}"] = await owner.call(f"stagedoor/@{request}")
        for key in ("stagedoor/asks", "stagedoor/apps", "stagedoor/overlay-keys", "stagedoor/devices"):
            seen[key] = await owner.get(key)
    cli = Cli(server.data)
    for command in (
        "status",
        "status --json",
        "export --no-secrets",
        "apps list",
        "asks list",
        "backups",
        "audit list",
        "audit export -",
    ):
        result = await cli(*command.split())
        assert result.code == 0, result.err
        seen[f"stagedoor {command}"] = result.out + result.err
    seen["arguments"] = " ".join(psutil.Process(server.pid).cmdline())
    await server.stop()
    return {**seen, **left_behind(house)}


def left_behind(house: House) -> dict[str, str]:
    """What a server has printed, and what lies in its data folder beside the store and backups, which hold all."""
    data = house.server.data
    files = {
        f"file {path.name}": path.read_text("utf-8", errors="replace")
        for path in data.rglob("*")
        if path.is_file() and path.relative_to(data).parts[0] not in ("store", "backups")
    }
    printed = "\n".join(house.server.output)
    return {"standard output": printed, "standard error": house.errors.read_text("utf-8"), **files}


async def test_no_canary_is_in_any_output(house: House) -> None:
    await plant(house)
    await exercise_kilovolt(house)
    await exercise_streamerbot(house)
    await exercise_http(house)
    await let_fail(house)
    seen = await look(house)
    found = {
        output: who
        for output, text in {**seen, **{f"answer to {asked}": text for asked, text in house.heard.items()}}.items()
        if (who := escaped({**house.canaries, **SENT}, text))
    }
    assert found == {}
    # The outputs were not empty, and have lines about what happened.
    assert "cannot emit" in seen["standard error"]
    assert "RuntimeError in sitecustomize.py" in seen["@log"]
    assert {"@audit", "file audit.jsonl"} <= seen.keys()
    assert '"kind":"start"' in seen["file audit.jsonl"]
    for output in ("standard error", "@log", "@report"):
        assert "says (withheld)" in seen[output]
        assert "a wrong token from" in seen[output]
    assert '"api_client_id":"id"' in house.heard["all keys"].replace("\\", "")
    kept = msgspec.json.decode(seen["stagedoor export --no-secrets"], type=dict[str, str])
    assert json.loads(kept["an/overlay"]) == {"note": "log in by (withheld)", "secret": "(withheld)", "n": 1}
    assert "talks" not in seen["stagedoor export --no-secrets"]
    assert re.search(r"http/config", seen["@status"])


async def test_no_reply_tells_that_a_guess_is_right(house: House) -> None:
    guesses = ("guess-of-this-run-9e8d", RUN_PASSWORD)

    async def answers(guess: str) -> list[str]:
        raw = await Raw.open(house.server.port, path="/ws")
        await raw.message()
        raw.ask(guess, key=guess)
        kilovolt = json.dumps(await raw.message())
        await raw.end()
        async with house.application() as app:
            with pytest.raises(CommandError) as refused:
                await app.call("global/@delete", json.dumps({"name": guess}))
        async with aiohttp.ClientSession() as http, http.get(f"{house.server.http_url}/{guess}") as answer:
            page = await answer.text()
        return [text.replace(guess, "…") for text in (kilovolt, str(refused.value), page)]

    assert await answers(guesses[0]) == await answers(guesses[1])
