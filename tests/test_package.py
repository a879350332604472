"""The wheel that people install: everything that runs is in it, and nothing of it has to be built there."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from stagedoor.net.console import built_console

ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(300)
def test_the_wheel_has_the_console_and_the_sample_overlays(tmp_path: Path) -> None:
    built = built_console()
    assert built is not None, "the tests need the console's files: make web"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*command, "--no-build-isolation", "--wheel-dir", tmp_path, ROOT], check=True, timeout=240)
    (wheel,) = tmp_path.glob("stagedoor-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    console = {f"stagedoor/web/{path.relative_to(built).as_posix()}" for path in built.rglob("*") if path.is_file()}
    assert console <= names
    assert {f"stagedoor/examples/{name}/index.html" for name in ("chat", "alerts", "countdown")} <= names
    assert {f"stagedoor/pair/{name}" for name in ("index.html", "pair.css", "pair.js", "texts.js")} <= names
    assert "stagedoor/streamerbot/events/data/Command.json" in names
    assert not any("node_modules" in name or name.startswith(("tests/", "web/")) for name in names)
