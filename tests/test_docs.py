"""The documentation is complete, its links lead somewhere, its examples run, and its site can be built."""

import asyncio
import configparser
import contextlib
import itertools
import json
import plistlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from aiohttp import ClientSession
from click.testing import CliRunner
from playwright.async_api import Browser, WebSocket, async_playwright
from tools import reference
from tools.find_chromium import find_chromium

from stagedoor.cli import main
from stagedoor.keys import MAKE_OVERLAY_KEY, SPECS
from stagedoor.kilovolt import Client
from stagedoor.kilovolt.messages import COMMANDS, ErrorCode
from stagedoor.options import OPTIONS
from stagedoor.services.actions import read_action
from stagedoor.streamerbot.events import CATALOGUE
from stagedoor.streamerbot.requests import REQUESTS
from tests.clients.browser import FLAGS
from tests.clients.owner import answer_next_question
from tests.conftest import Server
from tests.kilovolt.transcripts import Hear
from tests.streamerbot.transcripts import load as load_streamerbot

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
NODE_MODULES = ROOT / "tests" / "clients" / "node_modules"

PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
MAX_PICTURE_BYTES = 150_000
EXAMPLE_TIMEOUT_S = 30.0
ANSWER_ID = "47da7c2c-1b7e-4ee7-9bbf-306bf18ff1b8"


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    is_run: bool
    """Whether no comment before it says otherwise."""


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def read_blocks(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for match in re.finditer(r"(<!-- not run -->\n)?^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        line = text.count("\n", 0, match.start(2)) + 1
        yield Block(page, line, match[2], match[3], is_run=match[1] is None)


BLOCKS = [block for page in PAGES for block in read_blocks(page)]


def pages_with(language: str) -> list[Path]:
    return list(dict.fromkeys(block.page for block in BLOCKS if block.language == language))


def headings(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


# --- completeness -------------------------------------------------------------------------------------------------


def test_the_reference_is_what_the_code_says() -> None:
    assert list(reference.outdated()) == [], "run: python -m tools.reference"


def test_every_option_is_documented() -> None:
    page = (DOCS / "reference/options.md").read_text("utf-8")
    for option in OPTIONS:
        assert f"`{option.variable}`" in page
        assert not option.has_flag or f"`{option.flag}`" in page


def test_every_key_is_documented() -> None:
    assert {f"`{spec.pattern}`" for spec in SPECS} <= set(headings(DOCS / "reference/keys.md"))


def test_every_command_of_the_protocol_is_documented() -> None:
    assert set(headings(DOCS / "reference/commands.md")) == {"Commands", *(f"`{name}`" for name in COMMANDS)}
    protocol = (DOCS / "kilovolt.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"`{name}`" not in protocol] == []


@pytest.mark.parametrize("page", ["reference/errors.md", "kilovolt.md"])
def test_every_error_code_is_documented(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    assert [code for code in ErrorCode if f"| `{code}` |" not in text] == []


def test_every_request_of_streamerbot_is_documented() -> None:
    names = {"Authenticate", "Subscribe", "UnSubscribe", *REQUESTS}
    assert set(headings(DOCS / "reference/requests.md")) == {"Requests", *(f"`{name}`" for name in names)}
    assert set(reference.ASKED) == names


def test_every_error_of_streamerbots_conversations_is_documented() -> None:
    heard = "\n".join(step.text for one in load_streamerbot() for step in one.steps if isinstance(step, Hear))
    known = "|".join(re.escape(text).replace("…", ".*") for text in reference.PROBLEMS)
    errors = set(re.findall(r'"status":"error".*"error":"(.*)"', heard))
    assert errors
    assert [text for text in errors if not re.fullmatch(known, text)] == []


def test_keys_behind_requests_are_keys() -> None:
    known = {spec.pattern for spec in SPECS}
    assert [key for asked in reference.ASKED.values() for key in asked.keys if key not in known] == []


def test_every_event_is_documented() -> None:
    names = {f"`{source}.{type_}`" for source, types in CATALOGUE.names().items() for type_ in types}
    pages = [DOCS / "reference/events" / name for name in ("twitch.md", "platforms.md", "others.md")]
    assert names <= {heading for page in pages for heading in headings(page)}
    assert set(CATALOGUE.names()) | {"Events"} == set(headings(DOCS / "reference/events/index.md"))


def test_every_command_of_the_command_line_is_documented() -> None:
    words = {word for heading in headings(DOCS / "cli.md") for word in re.findall(r"[\w-]+", heading)}
    assert set(COMMAND_LINE) <= words
    text = (DOCS / "cli.md").read_text("utf-8")
    for name, command in COMMAND_LINE.items():
        for part in command.commands if isinstance(command, click.Group) else ():
            assert f"{name} {part}" in text


def test_every_page_is_in_the_navigation() -> None:
    configuration = (ROOT / "zensical.toml").read_text("utf-8")
    assert set(re.findall(r'"([\w/-]+\.md)"', configuration)) == {
        str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")
    }


# --- links and pictures -------------------------------------------------------------------------------------------


def slugs(page: Path) -> set[str]:
    """The names of a page's headings, as links know them."""
    shown = [re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading) for heading in headings(page)]
    plain = [re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in shown]
    return {re.sub(r"[\s-]+", "-", heading) for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    for target in targets:
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path) if path else page
        assert found.is_file(), f"{name_of(page)} points to {target}"
        if anchor and found.suffix == ".md":
            assert anchor in slugs(found), f"{name_of(page)} points to {target}"


@pytest.mark.parametrize("picture", sorted((DOCS / "images").iterdir()), ids=name_of)
def test_pictures_are_small_shown_and_fetch_nothing(picture: Path) -> None:
    assert picture.stat().st_size < MAX_PICTURE_BYTES
    if picture.suffix == ".svg":
        assert "url(http" not in picture.read_text("utf-8").replace('"', "")
    assert any(picture.name in page.read_text("utf-8") for page in PAGES)


# --- examples -----------------------------------------------------------------------------------------------------


ANSWER = json.loads(next(block.text for block in BLOCKS if '"%sbClientResponse%"' in block.text))
"""The action of the pages that answers."""


@pytest.fixture
async def show(both_doors: Server) -> AsyncIterator[Server]:
    """A server at which a show is on: somebody chats on Twitch all the time, and the action of the pages is there."""

    async def go_on(client: Client) -> None:
        for number in itertools.count():
            said = {"platform": "twitch", "name": "Ada", "message": f"hello {number}"}
            await client.call_json("loopback/@say", said)
            await asyncio.sleep(0.02)

    async with Client(both_doors.url, token=both_doors.control_token) as client:
        await client.set_json(f"action/{ANSWER_ID}", {"id": ANSWER_ID, **ANSWER})
        await client.call_json("global/@set", {"name": "deaths", "value": 3})
        async with client.watch("platform/twitch") as accounts:
            room = asyncio.create_task(client.call_json("loopback/@open", {"platform": "twitch"}, timeout_s=3600))
            await anext(accounts)
        chatting = asyncio.create_task(go_on(client))
        yield both_doors
        chatting.cancel()
        room.cancel()
        await asyncio.gather(chatting, room, return_exceptions=True)


@pytest.mark.parametrize("page", pages_with("python"), ids=name_of)
async def test_examples_in_python_run(show: Server, tmp_path: Path, page: Path) -> None:
    for block in read_blocks(page):
        if block.language == "python" and block.is_run:
            url = show.streamerbot_url if "stagedoor.streamerbot" in block.text else show.url
            given = f"URL = {url!r}; PASSWORD = {show.password!r}\n"
            example = re.sub(r"^(URL|PASSWORD) = .*$", "", block.text, flags=re.MULTILINE)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-W", "error", "-c", given + example),
                cwd=tmp_path,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            async with asyncio.timeout(EXAMPLE_TIMEOUT_S):
                _, complaint = await process.communicate()
            assert process.returncode == 0, f"{name_of(page)}:{block.line}\n{complaint.decode()}"


async def test_requests_by_curl_are_answered(show: Server) -> None:
    page = (DOCS / "http.md").read_text("utf-8").replace("\\\n", "")
    page = page.replace("$(stagedoor password show --door streamerbot)", show.password)
    lines = re.findall("^curl (.*)$", page.replace("http://127.0.0.1:7474", show.http_url), re.MULTILINE)
    assert len(lines) == 4
    async with ClientSession() as session:
        for line in lines:
            words = shlex.split(line)
            given = dict(zip(words[:-1:2], words[1:-1:2], strict=True))
            name, _, value = given.get("-H", "Accept: */*").partition(": ")
            method = "POST" if "-d" in given else "GET"
            async with session.request(method, words[-1], headers={name: value}, data=given.get("-d")) as answer:
                assert answer.status == (204 if "-d" in given else 200), line


@pytest.mark.parametrize("page", pages_with("json"), ids=name_of)
def test_examples_in_json_are_read(page: Path) -> None:
    for block in read_blocks(page):
        if block.language == "json":
            value = json.loads(block.text)
            is_action = isinstance(value, dict) and {"name", "steps"} <= value.keys() and "actionId" not in value
            if is_action:
                assert read_action(value.get("id", ANSWER_ID), block.text).steps


@pytest.fixture
async def overlays(tmp_path: Path) -> AsyncIterator[Server]:
    """A server with a folder of overlays, the clients installed into it as the pages say."""
    folder = tmp_path / "overlays"
    for publisher in ("@strimertul", "@streamerbot"):
        shutil.copytree(NODE_MODULES / publisher, folder / "node_modules" / publisher)
    running = Server(tmp_path / "data", "--static", str(folder), streamerbot=True)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield opened
        await opened.close()


OVERLAYS = [block for block in BLOCKS if block.language == "html"]


def overlays_with(client: str) -> list[Block]:
    return [block for block in OVERLAYS if client in block.text]


def page_of(block: Block) -> str:
    return name_of(block.page)


def test_every_overlay_is_tried() -> None:
    clients = ("Kilovolt(", "StreamerbotClient(", "import { connect }")
    assert len(OVERLAYS) == sum(len(overlays_with(client)) for client in clients)


@pytest.mark.parametrize("block", overlays_with("Kilovolt("), ids=page_of)
async def test_overlays_show_what_happens(overlays: Server, tmp_path: Path, browser: Browser, block: Block) -> None:
    shown_text = "document.querySelector('h1').innerText === {!r}"
    (tmp_path / "overlays" / "deaths.html").write_text(
        block.text.replace("localhost:4337", f"localhost:{overlays.port}"), "utf-8"
    )
    address = f"http://localhost:{overlays.port}/static/deaths.html"
    async with Client(overlays.url, token=overlays.control_token) as client:
        wanted = {"name": "Death counter", "scopes": ["read:counter/deaths"]}
        made = await client.call_json(MAKE_OVERLAY_KEY, wanted, type=dict[str, str])
        assert made is not None
        by_key = await browser.new_page()
        await by_key.goto(f"{address}#{made['key']}")
        await by_key.wait_for_function(shown_text.format("Deaths: 0"))
        await client.set("counter/deaths", "3")
        await by_key.wait_for_function(shown_text.format("Deaths: 3"))
        if "interactive" in block.text:
            by_asking = await browser.new_page()
            await by_asking.goto(address)
            question = await answer_next_question(overlays, allow=True)
            assert question["name"] == "Death counter"
            await by_asking.wait_for_function(shown_text.format("Deaths: 3"))


@pytest.mark.parametrize("block", overlays_with("import { connect }"), ids=page_of)
async def test_overlays_with_the_module_ask_once(
    overlays: Server, tmp_path: Path, browser: Browser, block: Block
) -> None:
    shown_text = "document.querySelector('h1').innerText === {!r}"
    (tmp_path / "overlays" / "deaths.html").write_text(block.text, "utf-8")
    page = await browser.new_page()
    await page.goto(f"http://localhost:{overlays.port}/static/deaths.html")
    question = await answer_next_question(overlays, allow=True, remember=True)
    assert (question["name"], question["scopes"]) == ("Death counter", ["read:counter/*"])
    async with Client(overlays.url, password=overlays.password) as client:
        await page.wait_for_function(shown_text.format("Deaths: 0"))
        await client.set("counter/deaths", "3")
        await page.wait_for_function(shown_text.format("Deaths: 3"))
    await page.reload()
    await page.wait_for_function(shown_text.format("Deaths: 3"))


@pytest.mark.parametrize("block", overlays_with("StreamerbotClient("), ids=page_of)
async def test_overlays_show_the_chat(overlays: Server, tmp_path: Path, browser: Browser, block: Block) -> None:
    (tmp_path / "overlays" / "chat.html").write_text(
        block.text.replace("StreamerbotClient()", f"StreamerbotClient({{ port: {overlays.streamerbot_port} }})"),
        "utf-8",
    )
    page = await browser.new_page()
    is_subscribed = asyncio.Event()

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: is_subscribed.set() if '"Subscribe"' in str(frame) else None)

    page.on("websocket", watch)
    await page.goto(f"http://localhost:{overlays.port}/static/chat.html")
    await is_subscribed.wait()
    for arguments, shown in [
        (("chat", "--as", "Ada"), "hello"),
        (("emit", "Twitch", "Follow", '{"user": "Robin"}'), "Robin"),
        (("emit", "Twitch", "Raid", '{"user": "TeaTimeTom", "viewers": 42}'), "TeaTimeTom"),
    ]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stagedoor", *arguments, "--data", str(overlays.data)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        await process.communicate(b"hello\n")
        assert process.returncode == 0
        if shown != "TeaTimeTom" or "Twitch.Raid" in block.text:
            await page.get_by_text(shown).wait_for()
    assert await page.locator("li").first.inner_text() in ("Ada: hello", "Adahello")


COMMAND_LINE: dict[str, click.Command] = {
    name: command
    for name in main.list_commands(click.Context(main))
    if (command := main.get_command(click.Context(main), name)) is not None
}


def commands_in(block: Block) -> Iterator[list[str]]:
    """The calls of stagedoor in a block for a shell, each as its words."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if block.language == "console":
            if not line.startswith("$ "):
                continue
            line = line[2:]
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if re.fullmatch("[|&;<>]+", word):
                if words and Path(words[0]).name == "stagedoor":
                    yield words[1:]
                words = ["(a file)"] if set(word) & set("<>") else []
            else:
                words.append(word)


SHELL_LINES = [
    pytest.param(words, id=f"{name_of(block.page)}:{' '.join(words)}")
    for block in BLOCKS
    if block.language in ("console", "sh", "bash")
    for words in commands_in(block)
]


@pytest.mark.parametrize("words", SHELL_LINES)
def test_commands_in_examples_can_be_given(words: list[str]) -> None:
    command: click.Command = main
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"there is no command {words[0]}"
        command, words = found, words[1:]
    with contextlib.suppress(click.exceptions.Exit):  # which --help raises
        command.make_context(command.name, words)


@pytest.mark.parametrize("name", COMMAND_LINE)
def test_every_command_helps(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: main {name}")


def test_services_are_written_in_their_languages() -> None:
    blocks = {block.language: block.text for block in read_blocks(DOCS / "howto/service.md")}
    unit = configparser.ConfigParser()
    unit.read_string(blocks["ini"])
    assert unit["Service"]["ExecStart"].endswith("/.venv/bin/stagedoor serve")
    assert plistlib.loads(blocks["xml"].encode())["ProgramArguments"][1:] == ["serve"]
    variables = re.findall(r"STAGEDOOR_\w+", blocks["ini"] + blocks["xml"])
    assert set(variables) <= {option.variable for option in OPTIONS}


# --- the site -----------------------------------------------------------------------------------------------------


def test_the_site_can_be_built(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    zensical = str(Path(sys.executable).with_name("zensical"))
    done = subprocess.run([zensical, "build", "--clean", "--strict"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout + done.stderr
    pages = {page.relative_to(DOCS).with_suffix("") for page in DOCS.rglob("*.md")}
    for page in pages:
        folder = tmp_path / "site" / (page.parent if page.name == "index" else page)
        assert (folder / "index.html").is_file(), page


def test_a_site_with_a_broken_link_cannot(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Nothing\n\n[Nowhere](nowhere.md)\n")
    (tmp_path / "zensical.toml").write_text('[project]\nsite_name = "broken"\n')
    zensical = str(Path(sys.executable).with_name("zensical"))
    done = subprocess.run([zensical, "build", "--clean", "--strict"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
