"""Run the command line as ``python -m stagedoor``."""

from stagedoor.cli import main

if __name__ == "__main__":
    main(prog_name="stagedoor")
