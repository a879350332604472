"""The command line's entry: its commands, and the one place where an error becomes a line and an exit code.

Exit codes: 0 is success, 1 a failure that one line on standard error explains, 2 a command line that makes no sense,
3 an absent key or variable (``get`` and ``global get`` alone), 130 an interruption from the keyboard.
"""

import importlib
import io
import logging
import sys
from typing import Any, Final

import click

from stagedoor.errors import StagedoorError
from stagedoor.version import __version__

_COMMANDS: Final = {
    "serve": "stagedoor.cli.serve:serve",
    "status": "stagedoor.cli.status:status",
    "console": "stagedoor.cli.console:console",
    "get": "stagedoor.cli.keys:get",
    "set": "stagedoor.cli.keys:set_",
    "del": "stagedoor.cli.keys:delete",
    "list": "stagedoor.cli.keys:list_",
    "watch": "stagedoor.cli.watch:watch",
    "global": "stagedoor.cli.variables:global_",
    "password": "stagedoor.cli.password:password",
    "asks": "stagedoor.cli.asks:asks",
    "apps": "stagedoor.cli.apps:apps",
    "overlay-key": "stagedoor.cli.overlay_keys:overlay_key",
    "origins": "stagedoor.cli.origins:origins",
    "devices": "stagedoor.cli.devices:devices",
    "pair": "stagedoor.cli.pair:pair",
    "tls": "stagedoor.cli.tls:tls",
    "action": "stagedoor.cli.action:action",
    "twitch": "stagedoor.cli.twitch:twitch",
    "emit": "stagedoor.cli.emit:emit",
    "chat": "stagedoor.cli.chat:chat",
    "audit": "stagedoor.cli.audit:audit",
    "backup": "stagedoor.cli.backups:backup",
    "backups": "stagedoor.cli.backups:backups",
    "restore": "stagedoor.cli.backups:restore",
    "export": "stagedoor.cli.transfer:export",
    "import": "stagedoor.cli.transfer:import_",
    "completion": "stagedoor.cli.completion:completion",
}
"""Where each command is; a module is imported when its command is used."""

_INTERRUPTED: Final = 130
"""128 and the number of SIGINT, as shells have it."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        command: Any = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what goes wrong in the world becomes one line, what is our bug keeps its traceback."""
        try:
            return super().invoke(ctx)
        except StagedoorError as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            raise  # whoever reads our output has enough; click ends quietly
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from error
        except (KeyboardInterrupt, click.Abort):
            sys.exit(_INTERRUPTED)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stagedoor")
def main() -> None:
    """The door of a live stream: overlays, bots, buttons and scripts connect to it."""
    # What the libraries log is for the server's log; a command says itself what went wrong.
    logging.getLogger("stagedoor").addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        # Values are Unicode whatever the terminal's language is.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8" if not stream.isatty() else None, errors="backslashreplace")
