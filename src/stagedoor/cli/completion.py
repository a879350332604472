"""``stagedoor completion``: what makes a shell complete commands, options and keys."""

import click
from click.shell_completion import get_completion_class


@click.command(short_help="Print a shell's completion script.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete stagedoor's commands, options and keys.

    To install it, have your shell's start-up file evaluate it: for bash ~/.bashrc, for zsh ~/.zshrc. For fish, write
    it to a file in its folder of completions.

    \b
    Example:
      echo 'eval "$(stagedoor completion bash)"' >> ~/.bashrc
      echo 'eval "$(stagedoor completion zsh)"' >> ~/.zshrc
      stagedoor completion fish > ~/.config/fish/completions/stagedoor.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "stagedoor", "_STAGEDOOR_COMPLETE").source())
