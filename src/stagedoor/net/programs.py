"""Which program of this machine is behind a port, as far as the system tells; looking takes some milliseconds."""

import contextlib
from collections.abc import Collection

import psutil


def find_listener(port: int) -> str | None:
    """Name the program that listens on a port."""
    return _find({port}, listens=True).get(port)


def find_client(port: int) -> str | None:
    """Name the program whose end of a connection has this port."""
    return find_clients({port}).get(port)


def find_clients(ports: Collection[int]) -> dict[int, str]:
    """Name the programs whose ends of connections have these ports, in one look; those that are not found are left
    out."""
    return _find(ports, listens=False)


def _find(ports: Collection[int], *, listens: bool) -> dict[int, str]:
    found: dict[int, str] = {}
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            port = connection.laddr.port if connection.laddr else 0
            if port in ports and connection.pid and (connection.status == psutil.CONN_LISTEN) == listens:
                with contextlib.suppress(psutil.NoSuchProcess):
                    found.setdefault(port, f"{psutil.Process(connection.pid).name()} (process {connection.pid})")
    return found
