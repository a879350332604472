"""What several commands take: the data folder, the server to reach, JSON for machines, text and keys."""

import asyncio
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

import click
from click.shell_completion import CompletionItem

from stagedoor.cli.target import Target
from stagedoor.options import OPTIONS, resolve

P = ParamSpec("P")
R = TypeVar("R")
Decorator = Callable[[Callable[P, R]], Callable[P, R]]

_DATA: Final = next(option for option in OPTIONS if option.name == "data")
_CHOSEN_DATA: Final = "stagedoor.data"

COMPLETION_TIMEOUT_S: Final = 1.0
"""Nobody waits longer for a shell to suggest keys."""


class _Text(click.ParamType[str]):
    """Text that can be sent: an argument that is not valid in the terminal's encoding is refused."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what Python keeps of undecodable bytes."""
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail("this is not valid Unicode text", param, ctx)
        return value


class _KeyName(_Text):
    """A key; shells complete it from the running server's."""

    name = "key"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Suggest keys, if a server is there and quick."""
        from stagedoor.cli.reach import list_quickly

        target = Target(_choose_data(ctx, param, ctx.params.get("data")), ctx.params.get("url"))
        try:
            keys = asyncio.run(list_quickly(target, incomplete, timeout_s=COMPLETION_TIMEOUT_S))
        except Exception:
            # Whatever it is, a shell that is waiting for a suggestion is no place to complain.
            return []
        return [CompletionItem(key) for key in keys]


TEXT: Final = _Text()
KEY: Final = _KeyName()


def _choose_data(ctx: click.Context, param: click.Parameter, flag: Path | None) -> Path:
    """Take the folder of the command, else that of the group that it belongs to, else the usual one."""
    if flag is not None:
        ctx.meta[_CHOSEN_DATA] = flag
    environment = {_DATA.variable: os.environ[_DATA.variable]} if _DATA.variable in os.environ else {}
    chosen = ctx.meta.get(_CHOSEN_DATA)
    settings, _ = resolve({} if chosen is None else {_DATA.name: chosen}, environment)
    return settings.data


data_option: Final = click.option(
    _DATA.flag,
    metavar=_DATA.metavar,
    type=click.Path(path_type=Path, file_okay=False),
    callback=_choose_data,
    help=f"The server's data folder.  [env: {_DATA.variable}; default: {_DATA.default}]",
)

json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def _check_url(ctx: click.Context, param: click.Parameter, url: str | None) -> str | None:
    if url:
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise click.BadParameter("an address looks like ws://localhost:4337/ws")
        if parts.password is not None:
            raise click.BadParameter("a password does not belong into an address; see --password")
    return url or None


_url_option: Final = click.option(
    "--url",
    metavar="URL",
    envvar="STAGEDOOR_URL",
    callback=_check_url,
    help="Reach the Kilovolt server at this address instead, as an application.  [env: STAGEDOOR_URL]",
)
_password_option: Final = click.option(
    "--password",
    metavar="PASSWORD",
    envvar="STAGEDOOR_PASSWORD",
    type=TEXT,
    help="The password for --url. Other users of this machine can see what is on a command line; the variable is "
    "safer.  [env: STAGEDOOR_PASSWORD]",
)


_authority_option: Final = click.option(
    "--authority",
    metavar="FILE",
    envvar="STAGEDOOR_AUTHORITY",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The certificate of the authority to trust at a wss:// address, as `stagedoor tls authority` writes it.  "
    "[env: STAGEDOOR_AUTHORITY]",
)


def target_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--data``, ``--url``, ``--password`` and ``--authority``, and pass it a ``target``."""

    @functools.wraps(command)
    def with_target(
        *, data: Path, url: str | None, password: str | None, authority: Path | None, **others: object
    ) -> None:
        ctx = click.get_current_context()

        def is_flag(name: str) -> bool:
            return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE

        if is_flag("data") and is_flag("url"):
            raise click.UsageError("--data and --url exclude each other")
        if is_flag("password") and url is None:
            raise click.UsageError("--password is for --url; a data folder needs none")
        if is_flag("authority") and url is None:
            raise click.UsageError("--authority is for --url; a data folder needs none")
        # What was typed wins over a variable that has been set once and for all.
        reaches_out = url is not None and not is_flag("data")
        command(target=Target(data, url, password, authority) if reaches_out else Target(data), **others)

    return data_option(_url_option(_password_option(_authority_option(with_target))))
