"""Run all tests in two processes side by side: they share no port and no folder, and each waits most of its time.

Both start servers, programs and browsers by the hundred, so the machine's scheduler has a say in what happens first.
A test that failed there gets a second look, alone: one that fails again fails the run, and one that passes then is
named as unsteady at the end, where nobody overlooks it, for whoever comes next to mend.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

PYTEST: Final = (sys.executable, "-m", "pytest")
CACHE: Final = Path(".pytest_cache")

FIRST: Final = ("tests/cli", "tests/clients", "tests/net", "tests/test_benchmarks.py", "tests/test_isolation.py")
"""These take about as long as all others together; what is new is among the others until it is moved."""

OTHERS: Final = ("tests", *(f"--ignore={path}" for path in FIRST))

MOST_UNSTEADY: Final = 3
"""So many failures of thousands of tests can be the machine's; more are not looked at again."""


class Part:
    """One process's share of the tests, with a cache of its own where pytest keeps which of them failed."""

    def __init__(self, name: str, arguments: tuple[str, ...]) -> None:
        self.cache = CACHE / name
        self.command = (*PYTEST, "-o", f"cache_dir={self.cache}", *arguments)
        shutil.rmtree(self.cache, ignore_errors=True)

    def failed(self) -> list[str]:
        """Name the tests that failed; none when the process was killed and left no list."""
        try:
            return sorted(json.loads((self.cache / "v/cache/lastfailed").read_bytes()))
        except FileNotFoundError:
            return []

    def pass_alone(self) -> bool:
        """Run those that failed once more."""
        return subprocess.run([*self.command, "--last-failed", "--last-failed-no-failures=none"]).returncode == 0


def main(arguments: list[str]) -> int:
    """Run the tests, in one process for whoever names some or has one processor; returns the exit code."""
    if arguments:
        return subprocess.run([*PYTEST, *arguments]).returncode
    if (os.cpu_count() or 1) < 2:
        everything = Part("all", ("tests",))
        return conclude({everything: subprocess.run(everything.command).returncode})
    first, others = Part("first", FIRST), Part("others", OTHERS)
    color = "yes" if sys.stdout.isatty() else "auto"
    with tempfile.TemporaryFile() as output:
        beside = subprocess.Popen([*first.command, f"--color={color}"], stdout=output, stderr=subprocess.STDOUT)
        try:
            _announce(f"all tests but {' and '.join(FIRST)}, which run at the same time and are shown below")
            codes = {others: subprocess.run(others.command).returncode}
            _announce(" and ".join(FIRST))
            codes[first] = beside.wait()
        finally:
            if beside.poll() is None:
                beside.terminate()
                beside.wait()
            output.seek(0)
            sys.stdout.buffer.write(output.read())
            sys.stdout.flush()
    return conclude(codes)


def conclude(codes: dict[Part, int]) -> int:
    """Give what failed its second look, and say how it ended; returns the exit code."""
    bad = [part for part, code in codes.items() if code]
    failed = [test for part in bad for test in part.failed()]
    if not bad:
        _announce("all passed")
        return 0
    if len(failed) > MOST_UNSTEADY or not all(part.failed() for part in bad):
        _announce(f"FAILED: {len(failed)} tests, see above")
        return 1
    _announce(f"a second look at {' and '.join(failed)}")
    if not all(part.pass_alone() for part in bad):
        _announce(f"FAILED: {' and '.join(failed)}")
        return 1
    _announce(f"all passed; UNSTEADY (failed beside the others, passed alone): {' and '.join(failed)}")
    return 0


def _announce(line: str) -> None:
    print(f"\n=== {line}\n", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
