"""Programs are named by their connections to us, and by no others that have the same port."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from stagedoor.net.programs import find_client, find_clients, find_listener

CONNECT = """
import socket, sys
own, *ports = map(int, sys.argv[1:])
sockets = [socket.socket() for _ in ports]
for one, port in zip(sockets, ports):
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", own))
    one.connect(("127.0.0.1", port))
print("connected", flush=True)
sys.stdin.read()
"""

LISTEN = """
import socket
one = socket.create_server(("127.0.0.1", 0))
print(one.getsockname()[1], flush=True)
kept = one.accept()
input()
"""


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """A socket that listens, as ours do."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening


def port_of(one: socket.socket) -> int:
    port: int = one.getsockname()[1]
    return port


def connect(own: int, *ports: int) -> "subprocess.Popen[str]":
    """Connect as another program, with one own port."""
    process = subprocess.Popen(
        [sys.executable, "-c", CONNECT, str(own), *map(str, ports)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "connected\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.communicate()


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as one:
        return port_of(one)


def test_a_client_is_named(door: socket.socket) -> None:
    own = free_port()
    process = connect(own, port_of(door))
    accepted, _ = door.accept()
    with closing(accepted):
        assert str(find_client(own)).endswith(f"(process {process.pid})")
        assert find_client(port_of(door)) is None
    end(process)


def test_a_connection_of_the_same_port_to_another_program_is_not_taken_for_it(door: socket.socket) -> None:
    own = free_port()
    elsewhere = subprocess.Popen(
        [sys.executable, "-c", LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert elsewhere.stdout is not None
    other = connect(own, int(elsewhere.stdout.readline()))
    assert find_clients({own}) == {}
    process = connect(own, port_of(door))
    accepted, _ = door.accept()
    with closing(accepted):
        assert str(find_client(own)).endswith(f"(process {process.pid})")
    end(process)
    end(other)
    elsewhere.communicate("\n")


def test_who_cannot_be_told_apart_is_not_named(door: socket.socket) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other_door:
        own = free_port()
        processes = [connect(own, port_of(door)), connect(own, port_of(other_door))]
        accepted = [door.accept()[0], other_door.accept()[0]]
        assert find_clients({own}) == {}
        for one in accepted:
            one.close()
        for process in processes:
            end(process)


def test_a_listener_is_named(door: socket.socket) -> None:
    assert str(find_listener(port_of(door))).endswith(f"(process {os.getpid()})")
    assert find_listener(free_port()) is None
