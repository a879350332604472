"""What `make test` concludes from the failures of its two processes."""

import subprocess
from pathlib import Path

import pytest
from tools.run_tests import MOST_UNSTEADY, Part, conclude

UNSTEADY = """
from pathlib import Path

def test_first_time():
    mark = Path({mark!r})
    seen = mark.exists()
    mark.touch()
    assert seen
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in a folder of one's own, where pytest keeps its cache."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(folder: Path, source: str) -> int:
    """Run one file of tests as a share of them, beside one that passes; returns what is concluded."""
    (folder / "test_good.py").write_text("def test_good():\n    pass\n")
    (folder / "test_other.py").write_text(source)
    parts = [Part("good", ("test_good.py",)), Part("other", ("test_other.py",))]
    return conclude({part: subprocess.run(part.command).returncode for part in parts})


def test_tests_that_pass(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "def test_other():\n    pass\n") == 0
    assert "UNSTEADY" not in capfd.readouterr().out


def test_a_test_that_fails_twice_fails_the_run(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "def test_other():\n    assert False\n") == 1
    assert "=== FAILED: test_other.py::test_other" in capfd.readouterr().out


def test_a_test_that_passes_alone_is_named_as_unsteady(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(folder, UNSTEADY.format(mark=str(folder / "mark"))) == 0
    assert "passed alone): test_other.py::test_first_time" in capfd.readouterr().out


def test_many_failures_get_no_second_look(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = UNSTEADY.format(mark=str(folder / "mark")) + "".join(
        f"\ndef test_{number}():\n    assert False\n" for number in range(MOST_UNSTEADY)
    )
    assert run(folder, source) == 1
    assert "a second look" not in capfd.readouterr().out


def test_a_process_that_was_killed_fails_the_run(folder: Path) -> None:
    Part("other", ("test_other.py",)).cache.mkdir(parents=True)
    assert run(folder, "import os\n\ndef test_other():\n    os._exit(1)\n") == 1


def test_failures_of_an_earlier_run_are_forgotten(folder: Path) -> None:
    assert run(folder, "def test_other():\n    assert False\n") == 1
    assert Part("other", ("test_other.py",)).failed() == []
