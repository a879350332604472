"""Standard error of a server: whichever way something gets there, no secret does."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.cli.harness import Cli, environment

CANARY = "canary in whatever is printed"

WAYS = {
    "a line of the log": "logging.getLogger('a').warning('it is %s', SECRET)",
    "an exception that is logged": """
try:
    raise RuntimeError(SECRET) from ValueError(SECRET)
except RuntimeError:
    logging.getLogger('a').exception('it is')
""",
    "a line that cannot be formatted": "logging.getLogger('a').warning('%d', SECRET)",
    "a warning": "warnings.warn(SECRET)",
    "what is printed": "print('it is', SECRET, file=sys.stderr)",
    "an exception of a thread": """
def fail():
    raise RuntimeError(SECRET)
thread = threading.Thread(target=fail, name=SECRET)
thread.start()
thread.join()
""",
    "an exception of a callback": """
async def run():
    asyncio.get_running_loop().call_soon(fail)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
def fail():
    raise RuntimeError(SECRET)
with asyncio.Runner(loop_factory=new_loop) as runner:
    runner.run(run())
""",
    "an exception of a task that nobody awaits": """
async def fail():
    raise RuntimeError(SECRET)
async def run():
    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    del task
    gc.collect()
with asyncio.Runner(loop_factory=new_loop) as runner:
    runner.run(run())
""",
    "an exception of a finalizer": """
class Failing:
    def __del__(self):
        raise RuntimeError(SECRET)
Failing()
gc.collect()
""",
    "an exception that nobody catches": "raise RuntimeError(SECRET) from ValueError(SECRET)",
    "a line of click's": "import click; click.echo(f'it is {SECRET}', err=True)",
}

PROGRAM = """
import asyncio, gc, logging, os, sys, threading, warnings
from stagedoor.cli.serve import new_loop, _log_to_stderr
from stagedoor.cli.standard_error import clean_standard_error
from stagedoor.redaction import Redactor
SECRET = os.environ["CANARY"]
redactor = Redactor()
redactor.know("a test", [SECRET])
clean_standard_error(redactor)
_log_to_stderr("debug")
"""


async def run(program: str) -> str:
    """Run a program to its end; returns what it printed on standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stderr=asyncio.subprocess.PIPE, env=environment(CANARY=CANARY)
    )
    _, errors = await process.communicate()
    return errors.decode()


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_gets_there_with_a_secret(way: str) -> None:
    errors = await run(PROGRAM + WAYS[way])
    assert "(withheld)" in errors
    assert CANARY not in errors


async def test_a_crash_of_the_interpreter_prints_places_alone() -> None:
    errors = await run(PROGRAM + "def crash(secret):\n    import ctypes; ctypes.string_at(0)\ncrash(SECRET)")
    assert "in crash" in errors
    assert CANARY not in errors


@pytest.mark.skipif(sys.platform == "win32", reason="cannot exist here: core files")
async def test_no_core_file_is_written() -> None:
    program = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0], file=sys.stderr)"
    assert (await run(PROGRAM + program)).strip() == "0"


async def test_a_server_that_dies_at_its_start_tells_no_secret(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import contextlib\n"
        "with contextlib.suppress(ImportError):\n"
        "    from stagedoor.app.house import House\n"
        "    async def fail(self):\n"
        "        raise RuntimeError(f'no door for {self._base.settings!r}')\n"
        "    House.open = fail\n"
    )
    secrets = {"STAGEDOOR_KILOVOLT_PASSWORD": f"1 {CANARY}", "STAGEDOOR_STREAMERBOT_PASSWORD": f"2 {CANARY}"}
    path = os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", "")))
    result = await Cli(tmp_path / "data")("serve", "--log-level", "debug", env={**secrets, "PYTHONPATH": path})
    assert result.code == 1
    assert "RuntimeError: no door for Settings(" in result.err
    assert "kilovolt_password='(withheld)'" in result.err
    assert CANARY not in result.err + result.out


async def test_an_option_that_is_refused_tells_no_secret(tmp_path: Path) -> None:
    variables = {"STAGEDOOR_KILOVOLT_PASSWORD": CANARY, "STAGEDOOR_STATIC": f"/nowhere/{CANARY}"}
    result = await Cli(tmp_path / "data")("serve", env=variables)
    assert result.code == 1
    assert result.err.startswith("Error: ")
    assert CANARY not in result.err
