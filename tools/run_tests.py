"""Run all tests in two processes side by side: they share no port and no folder, and each waits most of its time."""

import os
import subprocess
import sys
import tempfile
from typing import Final

PYTEST: Final = (sys.executable, "-m", "pytest")

FIRST: Final = ("tests/cli", "tests/clients", "tests/net", "tests/test_benchmarks.py", "tests/test_isolation.py")
"""These take about as long as all others together; what is new is among the others until it is moved."""

OTHERS: Final = ("tests", *(f"--ignore={path}" for path in FIRST))


def main(arguments: list[str]) -> int:
    """Run the tests, in one process for whoever names some or has one processor; returns the exit code."""
    if arguments or (os.cpu_count() or 1) < 2:
        return subprocess.run([*PYTEST, *arguments]).returncode
    color = "yes" if sys.stdout.isatty() else "auto"
    with tempfile.TemporaryFile() as output:
        # Each process keeps in its own cache which tests have failed.
        first = subprocess.Popen(
            [*PYTEST, f"--color={color}", "-o", "cache_dir=.pytest_cache/first", *FIRST],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _announce(f"all tests but {' and '.join(FIRST)}, which run at the same time and are shown below")
            others = subprocess.run([*PYTEST, *OTHERS]).returncode
            _announce(" and ".join(FIRST))
            first.wait()
        finally:
            if first.poll() is None:
                first.terminate()
                first.wait()
            output.seek(0)
            sys.stdout.buffer.write(output.read())
            sys.stdout.flush()
    _announce(f"{' and '.join(FIRST)} {_verdict(first.returncode)}, all others {_verdict(others)}")
    return others or first.returncode


def _announce(line: str) -> None:
    print(f"\n=== {line}\n", flush=True)


def _verdict(code: int) -> str:
    return "passed" if code == 0 else f"FAILED ({code})"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
