"""Which program of this machine is behind a port, as far as the system tells; looking takes some milliseconds."""

import psutil


def find_listener(port: int) -> str | None:
    """Name the program that listens on a port."""
    return _find(port, listens=True)


def find_client(port: int) -> str | None:
    """Name the program whose end of a connection has this port."""
    return _find(port, listens=False)


def _find(port: int, *, listens: bool) -> str | None:
    try:
        for connection in psutil.net_connections("tcp"):
            is_it = connection.laddr and connection.laddr.port == port
            if is_it and connection.pid and (connection.status == psutil.CONN_LISTEN) == listens:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError):
        return None
    return None
