"""The owner's connection to a server that was started here."""

import json
from typing import Any

from benchmarks.client import Client
from benchmarks.errors import BenchmarkError
from benchmarks.server import Server
from stagedoor.control import Control, read_control


def own(server: Server) -> Client:
    """Connect with the credential that the server left in its folder."""
    control: Control | None = None if server.folder is None else read_control(server.folder)
    if control is None:
        raise BenchmarkError("the server has left no credential of its owner")
    return by_token(server.url, control.token)


def by_token(url: str, token: str) -> Client:
    """Connect with a token."""
    client = Client(url)
    client.ask("klogin", auth="token", token=token)
    return client


def call(owner: Client, key: str, value: object) -> Any:
    """Make a request to a service and return its answer."""
    answer = owner.ask("kcall", key=key, data="" if value is None else json.dumps(value))
    return json.loads(answer)
