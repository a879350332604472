"""The documentation is complete, its links lead somewhere, its examples run, and its site can be built."""

import asyncio
import configparser
import contextlib
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
from click.testing import CliRunner
from playwright.async_api import Browser, async_playwright
from tools import reference
from tools.find_chromium import find_chromium

from stagedoor.cli import main
from stagedoor.keys import SPECS
from stagedoor.kilovolt import Client
from stagedoor.kilovolt.messages import COMMANDS, ErrorCode
from stagedoor.options import OPTIONS
from tests.clients.owner import answer_next_question
from tests.clients.test_javascript import CHROMIUM_FLAGS
from tests.conftest import Server

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
NODE_MODULES = ROOT / "tests" / "clients" / "node_modules"

PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
MAX_PICTURE_BYTES = 150_000
EXAMPLE_TIMEOUT_S = 30.0


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


def test_every_command_of_the_command_line_is_documented() -> None:
    words = {word for heading in headings(DOCS / "cli.md") for word in re.findall(r"\w+", heading)}
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
    plain = [re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings(page)]
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


@pytest.mark.parametrize("page", pages_with("python"), ids=name_of)
async def test_examples_in_python_run(server: Server, tmp_path: Path, page: Path) -> None:
    for block in read_blocks(page):
        if block.language == "python" and block.is_run:
            given = f"URL = {server.url!r}; PASSWORD = {server.password!r}\n"
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


@pytest.fixture
async def overlays(tmp_path: Path) -> AsyncIterator[Server]:
    """A server with a folder of overlays, strimertül's client installed into it as the pages say."""
    folder = tmp_path / "overlays"
    shutil.copytree(NODE_MODULES / "@strimertul", folder / "node_modules" / "@strimertul")
    running = Server(tmp_path / "data", "--static", str(folder))
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        yield opened
        await opened.close()


@pytest.mark.parametrize("page", pages_with("html"), ids=name_of)
async def test_overlays_show_what_happens(overlays: Server, tmp_path: Path, browser: Browser, page: Path) -> None:
    (block,) = (block for block in read_blocks(page) if block.language == "html")
    shown_text = "document.querySelector('h1').innerText === {!r}"
    (tmp_path / "overlays" / "deaths.html").write_text(
        block.text.replace("localhost:4337", f"localhost:{overlays.port}"), "utf-8"
    )
    address = f"http://localhost:{overlays.port}/static/deaths.html"
    async with Client(overlays.url, password=overlays.password) as client:
        by_password = await browser.new_page()
        await by_password.goto(f"{address}#{overlays.password.replace(' ', '%20')}")
        await by_password.wait_for_function(shown_text.format("Deaths: 0"))
        await client.set("counter/deaths", "3")
        await by_password.wait_for_function(shown_text.format("Deaths: 3"))
        if "interactive" in block.text:
            by_asking = await browser.new_page()
            await by_asking.goto(address)
            question = await answer_next_question(overlays, allow=True)
            assert question["name"] == "Death counter"
            await by_asking.wait_for_function(shown_text.format("Deaths: 3"))


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
