"""The command line. Each command imports what it needs when it runs, so that help and completion are quick."""

from stagedoor.cli.main import main

__all__ = ["main"]
