"""``stagedoor watch``: prints what happens to keys, as it happens."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Final

import click

from stagedoor.cli.output import note, on_one_line, print_json
from stagedoor.cli.parameters import KEY, TEXT, json_option, target_options
from stagedoor.cli.reach import MAX_MESSAGE_BYTES, Login, NoPassword, NoServer, find_server
from stagedoor.cli.target import Target
from stagedoor.kilovolt import (
    AccessRevoked,
    AuthenticationRequired,
    Change,
    ConnectFailed,
    LoginFailed,
    Reconnect,
    RequestTimeout,
)
from stagedoor.kilovolt.connection import Connection, open_connection
from stagedoor.kilovolt.login import choose_login, log_in
from stagedoor.kilovolt.subscription import Topic
from stagedoor.remote.connection import ConnectionOptions
from stagedoor.remote.errors import ConnectionLost
from stagedoor.types import Key, Value

_TIMEOUT_S: Final = 10.0

_OPTIONS: Final = ConnectionOptions(
    connect_timeout_s=_TIMEOUT_S, ping_interval_s=20, max_message_bytes=MAX_MESSAGE_BYTES, ssl_context=None
)

_RETURN: Final = Reconnect(max_s=2.0)
"""Somebody is looking at the screen, so a server that is back is found soon."""


@click.command(short_help="Print changes as they happen.")
@click.argument("keys", metavar="[KEY]...", nargs=-1, type=KEY)
@click.option(
    "-p", "--prefix", "prefixes", multiple=True, metavar="PREFIX", type=TEXT, help="Every key that begins so."
)
@click.option("-n", "--count", type=click.IntRange(min=1), help="End after so many changes.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing about the connection.")
@json_option
@target_options
def watch(
    target: Target, keys: tuple[Key, ...], prefixes: tuple[str, ...], *, count: int | None, quiet: bool, as_json: bool
) -> None:
    """Print every write to the keys, or to every key, until Ctrl-C: the key, a tab, the new value.

    A deleted key has an empty value. With --json, each line is an object with `key` and `value`. Needs a running
    server. When the server goes away, the command waits for its return; what happens in between is not shown.

    \b
    Example:
      stagedoor watch counter/deaths --prefix twitch/ev/
      stagedoor watch --json --count 1 goals
    """
    topics = [Topic("key", key) for key in dict.fromkeys(keys)]
    topics += [Topic("prefix", prefix) for prefix in dict.fromkeys(prefixes)]
    asyncio.run(_watch(target, topics or [Topic("prefix", "")], count=count, is_quiet=quiet, as_json=as_json))


async def _watch(target: Target, topics: Sequence[Topic], *, count: int | None, is_quiet: bool, as_json: bool) -> None:
    printed = 0
    async with contextlib.aclosing(_follow(target, topics, is_quiet=is_quiet)) as changes:
        async for change in changes:
            if as_json:
                print_json(change)
            else:
                click.echo(f"{on_one_line(change.key)}\t{on_one_line(change.value)}")
            printed += 1
            if printed == count:
                return


async def _follow(target: Target, topics: Sequence[Topic], *, is_quiet: bool) -> AsyncGenerator[Change, None]:
    """Hear of changes over as many connections as it takes, once there has been one."""
    login = find_server(target)
    if login is None:
        raise NoServer(target)
    delays: Iterator[float] | None = None
    while True:
        try:
            if login is not None:
                async with contextlib.aclosing(_listen(target, login, topics)) as news:
                    async for change in news:
                        if change is not None:
                            yield change
                            continue
                        if not is_quiet:
                            note("watching; Ctrl-C ends" if delays is None else "watching again")
                        delays = _RETURN.delays_s()
        except AccessRevoked:
            raise
        except (ConnectFailed, LoginFailed, RequestTimeout) as error:
            # A server that has restarted has a new token, which is found anew; a password does not become right.
            if delays is None or (isinstance(error, LoginFailed) and target.url is not None):
                raise
        except ConnectionLost as error:
            if delays is None:
                raise
            if not is_quiet:
                note(f"{error}; waiting for the server")
        assert delays is not None
        await asyncio.sleep(next(delays))
        login = find_server(target)


async def _listen(target: Target, login: Login, topics: Sequence[Topic]) -> AsyncGenerator[Change | None, None]:
    """Hear of changes over one connection, in the server's order; ``None`` says that all are subscribed to.

    This is the client's own connection rather than a client, since that orders the changes of each topic alone.
    """
    queue: asyncio.Queue[Change | ConnectionLost] = asyncio.Queue()

    def push(key: Key, value: Value) -> None:
        queue.put_nowait(Change(key, value))

    async def report_loss(connection: Connection) -> None:
        queue.put_nowait(await connection.wait_lost())

    connection = await open_connection(login.url, _OPTIONS, push)
    end = asyncio.create_task(report_loss(connection))
    try:
        method = choose_login(login.password, login.token, None, 0)
        if method is not None:
            await log_in(connection, method, _TIMEOUT_S)
        try:
            for topic in topics:
                await connection.request(topic.subscribe(), _TIMEOUT_S)
        except AuthenticationRequired as error:
            raise NoPassword(target) from error
        yield None
        while isinstance(item := await queue.get(), Change):
            yield item
        raise item
    finally:
        end.cancel()
        await connection.close()
