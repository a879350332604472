"""Starts commands as forks of one interpreter that has imported what they need: most of a command's time are imports.

Run as a program it is that interpreter. For each command it takes the arguments and the environment as JSON, and four
descriptors: standard input, output and error, and one for the exit code.
"""

import atexit
import gc
import importlib
import os
import signal
import socket
import subprocess
import sys
from functools import cache
from io import BufferedReader, BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from typing import Final, NoReturn

import msgspec

_MAX_REQUEST_BYTES: Final = 1 << 19
_ARRIVED: Final = b"."


class _Request(msgspec.Struct):
    arguments: list[str]
    environment: dict[str, str]


@cache
def _interpreter() -> socket.socket:
    """Start it once for all tests; it ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(theirs.fileno())],
        cwd=Path(__file__).parents[2],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def start(arguments: list[str], environment: dict[str, str], descriptors: list[int]) -> None:
    """Start a command; the last one of the four descriptors gets its exit code as text, then the end of the file."""
    request = msgspec.json.encode(_Request(arguments, environment))
    assert len(request) < _MAX_REQUEST_BYTES
    interpreter = _interpreter()
    socket.send_fds(interpreter, [len(request).to_bytes(4)], descriptors)
    interpreter.sendall(request)
    assert interpreter.recv(1) == _ARRIVED


def _serve(requests: socket.socket) -> _Request:
    """Fork for each request; returns it in the fork, which is to become the command."""
    while True:
        size, descriptors, _, _ = socket.recv_fds(requests, 4, 4)
        if not size:
            sys.exit(0)
        text = b""
        while len(text) < int.from_bytes(size):
            text += requests.recv(int.from_bytes(size) - len(text))
        if os.fork() == 0:
            requests.close()
            _become(descriptors)
            return msgspec.json.decode(text, type=_Request)
        for descriptor in descriptors:
            os.close(descriptor)
        requests.sendall(_ARRIVED)


def _become(descriptors: list[int]) -> None:
    """Take the descriptors over; only a fork of this process returns, and this one tells how that ended."""
    *streams, code = descriptors
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child:
        for stream in streams:
            os.close(stream)
        _tell(code, child)
    os.close(code)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # Those that there are know whether the former descriptors could seek.
    sys.stdin = TextIOWrapper(BufferedReader(FileIO(0, closefd=False)))
    sys.stdout = TextIOWrapper(BufferedWriter(FileIO(1, "w", closefd=False)))
    error = BufferedWriter(FileIO(2, "w", closefd=False))
    sys.stderr = TextIOWrapper(error, errors="backslashreplace", line_buffering=True)


def _tell(descriptor: int, child: int) -> NoReturn:
    _, status = os.waitpid(child, 0)
    os.write(descriptor, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _main() -> None:
    from stagedoor.cli import main

    for module in ("stagedoor.cli.reach", "stagedoor.kilovolt", "stagedoor.hub", "asyncio", "uvloop"):
        importlib.import_module(module)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    request = _serve(socket.socket(fileno=int(sys.argv[1])))
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv[1:] = request.arguments
    main(prog_name="stagedoor")


if __name__ == "__main__":
    _main()
