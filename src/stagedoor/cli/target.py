"""What a command works on."""

from pathlib import Path
from typing import NamedTuple


class Target(NamedTuple):
    """What a command works on: the server or the store of a data folder, or the server at an address."""

    data: Path
    url: str | None = None
    password: str | None = None
    authority: Path | None = None
    """The certificate of the one authority to trust at the address; without, the system's, and that of ``data``."""
