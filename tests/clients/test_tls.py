"""The published clients, ours, a browser and curl over TLS, each trusting the local authority in its own way."""

import asyncio
import json
import os
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Error, Page, async_playwright
from tools.find_chromium import find_chromium

from stagedoor import streamerbot
from stagedoor.kilovolt import Client, ConnectFailed, SyncClient
from tests.certificates import own_address
from tests.cli.harness import Cli
from tests.clients.browser import FLAGS
from tests.clients.test_javascript import HERE, PACKAGE, PAGE, Steps, check, in_node
from tests.conftest import Server

STREAMERBOT = """
import { StreamerbotClient } from "@streamerbot/client";
const [port, password] = process.argv.slice(1);
const client = await new Promise((resolve, reject) => {
  const client = new StreamerbotClient({
    scheme: "wss", host: "localhost", port: Number(port), endpoint: "/", password, logLevel: "none", immediate: true,
    autoReconnect: false, onConnect: () => resolve(client), onError: reject,
  });
});
const { events } = await client.getEvents();
console.log(JSON.stringify(Object.keys(events).includes("Twitch")));
process.exit(0);
"""


class Encrypted(Server):
    """A server whose doors have a certificate by its local authority; it serves npm's client as an overlay."""

    @property
    def wss(self) -> str:
        """Address of the Kilovolt door."""
        return f"wss://localhost:{self.port}/ws"

    @property
    def authority(self) -> Path:
        """The certificate to trust."""
        return self.data / "tls" / "authority.crt"


def make_overlay(folder: Path) -> Path:
    """Make a folder with npm's client and the scenario in a page."""
    shutil.copytree(PACKAGE, folder / "kilovolt")
    shutil.copy(HERE / "scenario.mjs", folder)
    (folder / "index.html").write_text(PAGE)
    return folder


@pytest.fixture
async def encrypted(tmp_path: Path) -> AsyncIterator[Encrypted]:
    static = make_overlay(tmp_path / "overlay")
    running = Encrypted(tmp_path / "data", "--static", str(static), streamerbot=True, console=True)
    await running.start()
    await Cli(running.data).ok("tls", "new")
    yield running
    await running.stop()


# --- in Node ---


async def test_npms_kilovolt_client_uses_every_command(encrypted: Encrypted) -> None:
    steps = await in_node(
        "everyCommand",
        encrypted,
        {"password": encrypted.password},
        url=encrypted.wss,
        NODE_EXTRA_CA_CERTS=str(encrypted.authority),
    )
    check(msgspec.json.decode(steps, type=Steps))


async def test_npms_streamerbot_client_logs_in_and_asks(encrypted: Encrypted) -> None:
    command = ["node", "--input-type=module", "-e", STREAMERBOT, str(encrypted.streamerbot_port), encrypted.password]
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(encrypted.authority)}
    found = await asyncio.to_thread(
        subprocess.run, command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=60
    )
    assert json.loads(found.stdout) is True, found.stderr


# --- in Python ---


async def test_our_clients_trust_the_authority_that_they_are_given(encrypted: Encrypted) -> None:
    async with Client(encrypted.wss, password=encrypted.password, authority=encrypted.authority) as client:
        await client.set("tls/value", "x" * 300_000)
        assert await client.get("tls/value") == "x" * 300_000
    url = f"wss://localhost:{encrypted.streamerbot_port}/"
    async with streamerbot.Client(url, password=encrypted.password, authority=encrypted.authority) as other:
        assert other.is_authenticated
    context = ssl.create_default_context(cafile=encrypted.authority)
    async with Client(encrypted.wss, password=encrypted.password, ssl_context=context) as client:
        assert await client.list("tls/") == ["tls/value"]


async def test_our_client_for_scripts_does_so_too(encrypted: Encrypted) -> None:
    def run() -> str:
        with SyncClient(encrypted.wss, password=encrypted.password, authority=encrypted.authority) as client:
            client.set("tls/sync", "here")
            return client.get("tls/sync")

    assert await asyncio.to_thread(run) == "here"


async def test_our_clients_say_plainly_that_they_do_not_trust_a_certificate(encrypted: Encrypted) -> None:
    with pytest.raises(ConnectFailed, match=r"its certificate is not trusted \(.*stagedoor tls authority"):
        await Client(encrypted.wss, password=encrypted.password, reconnect=False).connect()


async def test_a_client_takes_one_kind_of_trust(encrypted: Encrypted, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        Client(encrypted.wss, authority=encrypted.authority, ssl_context=ssl.create_default_context())
    for content in (b"nonsense", b"", b"\xff\x00", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        (tmp_path / "nonsense").write_bytes(content)
        with pytest.raises(ValueError, match="not the certificate of an authority"):
            Client(encrypted.wss, authority=tmp_path / "nonsense")
    with pytest.raises(FileNotFoundError):
        streamerbot.Client(f"wss://localhost:{encrypted.port}/", authority=tmp_path / "absent")


# --- in the terminal ---


@pytest.mark.skipif(shutil.which("curl") is None, reason="cannot exist here: curl")
async def test_curl_gets_a_file_and_uploads_one(encrypted: Encrypted, tmp_path: Path) -> None:
    async def curl(*arguments: str) -> str:
        command = ["curl", "--silent", "--show-error", "--fail", "--cacert", str(encrypted.authority), *arguments]
        found = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
        assert found.returncode == 0, found.stderr
        return found.stdout

    served = await curl(f"https://localhost:{encrypted.port}/static/scenario.mjs")
    assert served == (HERE / "scenario.mjs").read_text("utf-8")
    link = (await Cli(encrypted.data).ok("console", "--print")).strip()
    console = f"https://localhost:{encrypted.console_port}"
    code = msgspec.json.encode({"code": link.partition("#code=")[2]}).decode()
    kind = "Content-Type: application/json"
    token = json.loads(
        await curl("--data", code, "--header", kind, "--header", f"Origin: {console}", f"{console}/pass")
    )
    big = tmp_path / "big"
    big.write_bytes(bytes(range(256)) * 20_000)
    bearer = f"Authorization: Bearer {token['token']}"
    answer = json.loads(await curl("--data-binary", f"@{big}", "--header", bearer, f"{console}/upload"))
    assert await asyncio.to_thread(Path(answer["path"]).read_bytes) == big.read_bytes()


# --- in Chromium ---


@asynccontextmanager
async def chromium(home: Path) -> AsyncIterator[Page]:
    """A Chromium for a user whose home is that folder."""
    executable = find_chromium()
    assert executable is not None, "the tests need a Chromium: python tools/find_chromium.py --install"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=FLAGS, env={**environment, "HOME": str(home)}
        )
        try:
            yield await browser.new_page()
        finally:
            await browser.close()


async def make_home(folder: Path, authority: Path) -> Path:
    """Make a home of a user who has told the browser to trust the authority."""
    certutil = shutil.which("certutil")
    if certutil is None:
        pytest.skip("cannot exist here: certutil, which gives Chromium an authority")
    database = folder / ".pki" / "nssdb"
    database.mkdir(parents=True)
    for arguments in (["-N", "--empty-password"], ["-A", "-n", "stagedoor", "-t", "C,,", "-i", str(authority)]):
        await asyncio.to_thread(subprocess.run, [certutil, "-d", f"sql:{database}", *arguments], check=True)
    return folder


@pytest.fixture
async def trusting_home(encrypted: Encrypted, tmp_path: Path) -> Path:
    return await make_home(tmp_path / "home", encrypted.authority)


async def test_chromium_trusts_the_authority_and_uses_every_command(encrypted: Encrypted, trusting_home: Path) -> None:
    async with chromium(trusting_home) as page:
        await page.goto(f"https://localhost:{encrypted.port}/static/index.html")
        await page.wait_for_function("window.ready")
        assert await page.evaluate("isSecureContext")
        arguments = [encrypted.wss, {"password": encrypted.password}]
        check(
            [tuple(step) for step in await page.evaluate("([url, options]) => everyCommand(url, options)", arguments)]
        )


async def test_chromium_opens_the_console_over_tls(encrypted: Encrypted, trusting_home: Path) -> None:
    link = (await Cli(encrypted.data).ok("console", "--print")).strip()
    async with chromium(trusting_home) as page:
        await page.goto(link.replace("http://", "https://"))
        await page.get_by_role("navigation").first.wait_for()
        assert await page.evaluate("isSecureContext")


async def test_chromium_does_not_trust_what_nobody_told_it_to(encrypted: Encrypted, tmp_path: Path) -> None:
    (tmp_path / "other home").mkdir()
    async with chromium(tmp_path / "other home") as page:
        with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
            await page.goto(f"https://localhost:{encrypted.port}/static/index.html")


async def test_a_page_of_another_machine_can_prove_a_password(tmp_path: Path) -> None:
    """Over plain http from beyond, a browser has no cryptography for a page; that is what TLS is for."""
    address, static = own_address(), make_overlay(tmp_path / "overlay")
    server = Encrypted(tmp_path / "data", "--static", str(static), "--kilovolt", "0.0.0.0:0")
    await server.start()
    try:
        home = await make_home(tmp_path / "home", server.authority)
        async with chromium(home) as page:
            await page.goto(f"https://{address}:{server.port}/static/index.html")
            await page.wait_for_function("window.ready")
            arguments = [f"wss://{address}:{server.port}/ws", {"password": server.password}]
            check([tuple(step) for step in await page.evaluate("([u, o]) => everyCommand(u, o)", arguments)])
            answer = await page.goto(f"http://{address}:{server.port}/static/index.html")
            assert answer is not None
            assert answer.status == 426
    finally:
        await server.stop()
