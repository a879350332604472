"""Lists folders of this machine, so that the owner can pick the one that is served without typing its path."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.errors import RequestFailed
from stagedoor.keys import FOLDERS
from stagedoor.types import Value

_MAX_FOLDERS: Final = 5000
"""Names in one answer; a folder beyond them can still be asked for by its path."""


class FoldersRequest(msgspec.Struct):
    """Which folder to look into; the home folder if none is named."""

    path: str | None = None


class Listing(msgspec.Struct, omit_defaults=True):
    """What is in a folder, links and ``..`` resolved."""

    path: str
    parent: str | None
    """``None`` at the top."""
    folders: list[str]
    """Their names, without those that begin with a dot."""
    may_be_served: bool
    problem: str | None = None
    """Why it may not."""


_decoder: Final = msgspec.json.Decoder(FoldersRequest)


class Folders:
    """Lists folders. ``judge`` raises ``ValueError`` for a folder that may not be served."""

    def __init__(self, client: Client, judge: Callable[[Path], object]) -> None:
        self._judge = judge
        client.serve(FOLDERS, self._list)

    async def _list(self, value: Value) -> Value:
        try:
            request = _decoder.decode(value or "{}")
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(f"the request is not valid: {error}") from error
        # Another machine's disk may take its time.
        listing = await asyncio.to_thread(self._look, request.path)
        return msgspec.json.encode(listing).decode()

    def _look(self, path: str | None) -> Listing:
        """List a folder.

        Raises:
            RequestFailed: When it is none, or cannot be read.
        """
        try:
            folder = (Path(path) if path else Path.home()).expanduser()
            if not folder.is_absolute():
                raise RequestFailed(f"{path} is not a whole path")
            folder = folder.resolve(strict=True)
            names = _names_of_folders(folder)
        except OSError as error:
            raise RequestFailed(f"{path}: {error.strerror or error}") from error
        except (RuntimeError, ValueError) as error:  # a home that nobody has, a circle of links, a null character
            raise RequestFailed(f"{path!r}: {error}") from error
        problem = None
        try:
            self._judge(folder)
        except ValueError as error:
            problem = str(error)
        return Listing(
            path=str(folder),
            parent=None if folder.parent == folder else str(folder.parent),
            folders=names,
            may_be_served=problem is None,
            problem=problem,
        )


def _names_of_folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if _may_be_listed(entry)]
    return sorted(names, key=str.casefold)[:_MAX_FOLDERS]


def _may_be_listed(entry: "os.DirEntry[str]") -> bool:
    """Tell whether something is a folder with a name that can be shown; POSIX has names that are no text."""
    try:
        entry.name.encode()
        return not entry.name.startswith(".") and entry.is_dir()
    except (OSError, UnicodeEncodeError):
        return False
