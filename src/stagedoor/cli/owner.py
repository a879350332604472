"""What the commands about who may come in share: the owner's lists and requests, changes, and how times are shown."""

import time
from collections.abc import Mapping, Sequence
from typing import TypeVar

import click

from stagedoor.cli.expiry import Expiry
from stagedoor.cli.reach import connected
from stagedoor.cli.target import Target
from stagedoor.kilovolt import RequestFailed
from stagedoor.types import Key

T = TypeVar("T")


async def fetch(target: Target, key: Key, kind: type[T]) -> list[T]:
    """Read one of the owner's lists."""
    async with connected(target) as client:
        found: list[T] = await client.get_json(key, list[kind], [])  # type: ignore[valid-type]
        return found


async def request(target: Target, key: Key, value: Mapping[str, object]) -> object:
    """Make one of the owner's requests; what the server complains about is the command's error."""
    async with connected(target) as client:
        try:
            return await client.call_json(key, value)
        except RequestFailed as error:
            raise click.ClickException(error.details) from error


def changes(
    name: str | None, scopes: Sequence[str], expires: Expiry | None, *, is_all: bool = False
) -> dict[str, object]:
    """Say what to change about an entry: what was not given stays. With ``is_all`` nothing limits it any more."""
    wanted: dict[str, object] = {}
    if name is not None:
        wanted["name"] = name
    if scopes or is_all:
        wanted["scopes"] = None if is_all else scopes
    if expires is not None:
        wanted["expires_at_ms"] = expires.at_ms
    if not wanted:
        raise click.UsageError("say what to change: --name, --scope or --expires")
    return wanted


def day(unix_ms: int | None) -> str:
    """Say a day; ``never`` if there is none."""
    return "never" if unix_ms is None else time.strftime("%Y-%m-%d", time.localtime(unix_ms / 1000))


def moment(unix_ms: int | None) -> str:
    """Say a day and a time; ``never`` if there is none."""
    return "never" if unix_ms is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(unix_ms / 1000))
