"""``pair``: a code in the terminal, a device that comes by it with TLS, and the owner's answer at the prompt."""

import asyncio
import json
import re
import ssl
import urllib.request
from collections.abc import AsyncIterator

import pytest

from stagedoor.cli.pair import draw
from stagedoor.tls import in_pairs, machine_addresses, tls_folder
from tests.cli.harness import Cli
from tests.conftest import Server

URL = re.compile(r"http://([\d.]+):\d+/pair#code=([a-z2-9]{4}(?:-[a-z2-9]{4}){2})")


@pytest.fixture
async def reachable(cli: Cli) -> AsyncIterator[Server]:
    """A running server whose console listens at this machine's address in a network, too."""
    found = [entry.address for entry in machine_addresses() if entry.kind == "private" and ":" not in entry.address]
    if not found:
        pytest.skip("cannot exist here: this machine is in no network")
    server = Server(cli.data, "--console", f"localhost,{found[0]}:0", console=True)
    await server.start()
    yield server
    await server.stop()


async def send(cli: Cli, url: str, **message: str) -> dict[str, str]:
    """Send what a device sends, trusting the authority of this data folder alone."""
    address = url.replace("http:", "https:").partition("#")[0]
    tls = ssl.create_default_context(cafile=tls_folder(cli.data) / "authority.crt")

    def run() -> dict[str, str]:
        request = urllib.request.Request(address, json.dumps(message).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20, context=tls) as answer:
            told: dict[str, str] = json.load(answer)
            return told

    return await asyncio.to_thread(run)


@pytest.mark.parametrize(("key", "state"), [("y", "allowed"), ("n", "denied")])
async def test_a_device_is_answered_at_the_prompt(cli: Cli, reachable: Server, key: str, state: str) -> None:
    async with cli.on_terminal("pair") as terminal:
        shown = await terminal.until("Waiting for it")
        found = URL.search(shown)
        assert found is not None, shown
        assert "█▀▀" in shown or "▄▄▄▄▄" in shown
        fingerprint = (await cli("tls", "--json")).json["authority"]["fingerprint"]  # type: ignore[index]
        assert in_pairs(str(fingerprint)) in shown.replace("\n", "").replace("\r", "")
        begun = await send(cli, found[0], code=found[2])
        question = await terminal.until("?")
        assert begun["number"] in question
        assert "a phone or computer wants to use the console as you" in question
        terminal.type(f"{key}\n")
        answer = await send(cli, found[0], id=begun["id"])
        assert answer["state"] == state
        assert ("token" in answer) is (state == "allowed")
        assert await terminal.end() == 0
    devices = (await cli("devices", "--json")).json
    assert isinstance(devices, list)
    assert len(devices) == (state == "allowed")


async def test_without_a_terminal_the_address_is_printed(cli: Cli, reachable: Server) -> None:
    assert URL.fullmatch((await cli.ok("pair")).strip())
    answer = (await cli("pair", "--json")).json
    assert isinstance(answer, dict)
    assert answer.keys() == {"url", "qr", "expires_in_s", "addresses"}
    chosen = (await cli("pair", "--host", str(answer["addresses"][0]))).out
    assert chosen.startswith(f"http://{answer['addresses'][0]}:")
    assert "is not reached by nowhere" in await cli.fails("pair", "--host", "nowhere")


async def test_a_console_of_this_machine_alone_cannot_be_paired_with(cli: Cli, server: Server) -> None:
    assert "cannot be reached from another device with TLS" in await cli.fails("pair")


async def test_it_needs_a_server(cli: Cli) -> None:
    assert "no stagedoor is running" in await cli.fails("pair")


def test_the_code_is_drawn_light_on_dark_in_every_terminal() -> None:
    lines = draw("http://192.168.1.20:4330/pair#code=abcd-efgh-jklm").splitlines()
    assert len(lines) <= 20
    assert all(line.startswith("\x1b[97m\x1b[40m") and line.endswith("\x1b[0m") for line in lines)
