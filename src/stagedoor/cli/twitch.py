"""``stagedoor twitch``: sets the application up, logs accounts in and out, and shows how the connection is."""

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
import msgspec

from stagedoor.cli.keys import read_standard_input
from stagedoor.cli.output import note, on_one_line, print_json, print_table
from stagedoor.cli.owner import request
from stagedoor.cli.parameters import TEXT, data_option, json_option
from stagedoor.cli.reach import connected
from stagedoor.cli.target import Target
from stagedoor.keys import (
    TWITCH_CONFIG,
    TWITCH_LOG_OUT,
    TWITCH_LOGIN,
    TWITCH_LOGINS,
    TWITCH_STATUS,
    TWITCH_TEST,
)
from stagedoor.kilovolt import Client, RequestFailed

_TRY_TIMEOUT_S: Final = 60.0
"""For a request that asks Twitch several things."""


class _Login(msgspec.Struct, rename="camel"):
    """How a login stands."""

    state: str
    flow: str = ""
    expires_at: int = 0
    problem: str | None = None
    verification_uri: str = ""
    user_code: str = ""
    authorize_url: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        """What no other login has."""
        return self.user_code, self.authorize_url


class _Account(msgspec.Struct, rename="camel"):
    login: str
    state: str
    problem: str | None = None
    missing_scopes: list[str] = []


class _Topic(msgspec.Struct):
    topic: str
    state: str
    reason: str | None = None


class _Status(msgspec.Struct):
    state: str = "off"
    problem: str | None = None
    streamer: _Account | None = None
    bot: _Account | None = None
    topics: list[_Topic] = []


_bot_option = click.option("--bot", is_flag=True, help="The bot's account instead of the streamer's.")


@click.group(short_help="Connect to Twitch.")
def twitch() -> None:
    """Connect to Twitch: with an application of your own there, and the accounts that log in to it.

    Needs a running server.

    \b
    Example:
      stagedoor twitch setup abc123
      stagedoor twitch login
      stagedoor twitch status
    """


@twitch.command()
@click.argument("client_id", type=TEXT)
@click.option("--secret", "has_secret", is_flag=True, help="It has a secret: take that from standard input, or ask.")
@data_option
def setup(data: Path, *, client_id: str, has_secret: bool) -> None:
    """Try your Twitch application, store it, and switch Twitch on.

    CLIENT_ID is on the application's page at dev.twitch.tv/console. One of the public kind has no secret.

    \b
    Example:
      stagedoor twitch setup abc123
      pass show twitch | stagedoor twitch setup abc123 --secret
    """
    secret = ""
    if has_secret:
        is_asked = sys.stdin.isatty()
        secret = click.prompt("Its secret", hide_input=True, err=True) if is_asked else read_standard_input()
    asyncio.run(_setup(Target(data), {"api_client_id": client_id.strip(), "api_client_secret": secret.strip()}))
    note("Twitch knows this application; Twitch is switched on")


@twitch.command()
@_bot_option
@click.option("--page", is_flag=True, help="By Twitch's page in this machine's browser, instead of by a code.")
@data_option
def login(data: Path, *, bot: bool, page: bool) -> None:
    """Log an account in, and wait until that is done.

    By default Twitch gives a code, which can be typed in any browser, on a phone, too. With --page, Twitch's page comes
    back to the Kilovolt door; the application must have a secret, and the door's address must be registered with it.

    \b
    Example:
      stagedoor twitch login
      stagedoor twitch login --bot
    """
    asyncio.run(_log_in(Target(data), "bot" if bot else "streamer", "code" if page else "device"))


@twitch.command()
@_bot_option
@data_option
def logout(data: Path, *, bot: bool) -> None:
    """Forget an account, here and at Twitch.

    \b
    Example:
      stagedoor twitch logout --bot
    """
    asyncio.run(request(Target(data), TWITCH_LOG_OUT, {"account": "bot" if bot else "streamer"}))


@twitch.command()
@data_option
def on(data: Path) -> None:
    """Switch Twitch on.

    \b
    Example:
      stagedoor twitch on
    """
    asyncio.run(_change(Target(data), {"enabled": True}))


@twitch.command()
@data_option
def off(data: Path) -> None:
    """Switch Twitch off; the application and the logins stay.

    \b
    Example:
      stagedoor twitch off
    """
    asyncio.run(_change(Target(data), {"enabled": False}))


@twitch.command()
@json_option
@data_option
def status(data: Path, *, as_json: bool) -> None:
    """Show the connection, the accounts, and what is not heard of.

    \b
    Example:
      stagedoor twitch status
    """
    text = asyncio.run(_read_status(Target(data)))
    if as_json:
        print_json(msgspec.json.decode(text))
        return
    shown = msgspec.json.decode(text, type=_Status)
    enabled = sum(topic.state == "enabled" for topic in shown.topics)
    rows = [["connection", shown.state, shown.problem or ""]]
    for name, account in (("streamer", shown.streamer), ("bot", shown.bot)):
        if account is None:
            rows.append([name, "not logged in", ""])
        else:
            lacks = f"log in again to allow: {' '.join(account.missing_scopes)}" if account.missing_scopes else ""
            who = account.login if account.state == "ok" else f"{account.login} {account.state}".strip()
            rows.append([name, who, account.problem or lacks])
    if shown.topics and shown.streamer is not None and shown.streamer.state == "ok":
        rows.append(["topics", f"{enabled} of {len(shown.topics)} heard", ""])
        rows += [
            ["", topic.topic, f"{topic.state}: {topic.reason}" if topic.reason else topic.state]
            for topic in shown.topics
            if topic.state != "enabled"
        ]
    print_table(["what", "is", "why"], rows)


async def _setup(target: Target, credentials: Mapping[str, str]) -> None:
    async with connected(target) as client:
        try:
            await client.call_json(TWITCH_TEST, credentials, timeout_s=_TRY_TIMEOUT_S)
        except RequestFailed as error:
            raise click.ClickException(error.details) from error
        await _write(client, {**credentials, "enabled": True, "enable_bot": True})


async def _change(target: Target, members: Mapping[str, object]) -> None:
    async with connected(target) as client:
        await _write(client, members)


async def _write(client: Client, members: Mapping[str, object]) -> None:
    """Change some members of the settings; the others stay."""
    stored: dict[str, object] = await client.get_json(TWITCH_CONFIG, dict[str, object], {})
    await client.set_json(TWITCH_CONFIG, {**stored, **members})


async def _read_status(target: Target) -> str:
    async with connected(target) as client:
        return await client.get(TWITCH_STATUS) or "{}"


async def _log_in(target: Target, account: str, flow: str) -> None:
    async with connected(target) as client, client.watch(TWITCH_LOGINS) as changes:
        wish = {"account": account, "flow": flow}
        try:
            begun = await client.call_json(TWITCH_LOGIN, wish, _Login, timeout_s=_TRY_TIMEOUT_S)
        except RequestFailed as error:
            raise click.ClickException(error.details) from error
        assert begun is not None
        _explain(begun, account)
        async for change in changes:
            logins = msgspec.json.decode(change.value or "{}", type=dict[str, _Login])
            now = logins.get(account)
            if now is None or now.identity != begun.identity:
                raise click.ClickException("the login was given up elsewhere")
            if now.state == "failed":
                raise click.ClickException(now.problem or "the login has failed")
            if now.state == "done":
                note(f"the {account} is logged in")
                return


def _explain(begun: _Login, account: str) -> None:
    """Say what is to be done at Twitch."""
    minutes = max(1, round((begun.expires_at / 1000 - time.time()) / 60))
    if begun.flow == "device":
        click.echo(f"Open     {on_one_line(begun.verification_uri)}")
        click.echo(f"Code     {on_one_line(begun.user_code)}")
    else:
        click.echo(f"Open     {on_one_line(begun.authorize_url)}")
    sys.stdout.flush()
    note(f"as the {account}, within {minutes} minutes; this command waits")
