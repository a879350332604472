"""Which program of this machine is behind a port, as far as the system tells; looking takes some milliseconds."""

import contextlib
import os
from collections import defaultdict
from collections.abc import Collection
from typing import Final, NamedTuple

import psutil

_MAPPED: Final = "::ffff:"
"""How a socket for both versions of IP writes an address of version 4."""


class _End(NamedTuple):
    """One end of a connection."""

    address: str
    port: int


class _Socket(NamedTuple):
    near: _End
    far: _End | None
    """``None`` while it is connected to nobody."""
    listens: bool
    pid: int


def find_listener(port: int) -> str | None:
    """Name the program that listens on a port."""
    listeners = (socket for socket in _sockets() if socket.listens and socket.near.port == port)
    return next(filter(None, (_name(socket.pid) for socket in listeners)), None)


def find_client(port: int) -> str | None:
    """Name the program whose end of a connection to this process has this port."""
    return find_clients({port}).get(port)


def find_clients(ports: Collection[int]) -> dict[int, str]:
    """Name the programs whose ends of connections to this process have these ports, in one look.

    Those that are not found are left out, and those of which there are several: two programs may have the same port,
    when each connects to another door.
    """
    sockets = _sockets()
    ours = {(one.far, one.near) for one in sockets if one.pid == os.getpid() and one.far and one.far.port in ports}
    found: defaultdict[int, set[str]] = defaultdict(set)
    for socket in sockets:
        if (socket.near, socket.far) in ours and (name := _name(socket.pid)) is not None:
            found[socket.near.port].add(name)
    return {port: names.pop() for port, names in found.items() if len(names) == 1}


def _sockets() -> list[_Socket]:
    """List the sockets of all programs whose sockets the system shows to us."""
    with contextlib.suppress(psutil.Error, OSError):
        return [
            _Socket(
                near=_End(one.laddr.ip.removeprefix(_MAPPED), one.laddr.port),
                far=_End(one.raddr.ip.removeprefix(_MAPPED), one.raddr.port) if one.raddr else None,
                listens=one.status == psutil.CONN_LISTEN,
                pid=one.pid,
            )
            for one in psutil.net_connections("tcp")
            if one.laddr and one.pid
        ]
    return []


def _name(pid: int) -> str | None:
    with contextlib.suppress(psutil.Error):
        return f"{psutil.Process(pid).name()} (process {pid})"
    return None
