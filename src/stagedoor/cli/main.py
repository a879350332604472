"""The command line's entry and its commands."""

import importlib
from typing import Any, Final

import click

from stagedoor.version import __version__

_COMMANDS: Final = {
    "serve": "stagedoor.cli.serve:serve",
}


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


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stagedoor")
def main() -> None:
    """The door of a live stream: overlays, bots, buttons and scripts connect to it."""
