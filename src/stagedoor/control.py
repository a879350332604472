"""What a running server leaves in its data folder: a lock, and a credential for its owner's commands to reach it."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import filelock
import msgspec

from stagedoor.errors import DataInUse
from stagedoor.private_file import write_private

_LOCK: Final = "lock"
_CONTROL: Final = "control.json"


class Control(msgspec.Struct):
    """How the owner's commands reach a running server."""

    pid: int
    token: str
    kilovolt: str | None = None
    """The address of the Kilovolt door, when it is open."""


def prepare_data_folder(folder: Path) -> list[str]:
    """Make the folder, for its owner alone; returns what had to be mended."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mended = []
    if os.name == "posix":
        for path in (folder, *folder.iterdir()):
            mode = path.stat().st_mode & 0o777
            allowed = 0o700 if path.is_dir() else 0o600
            if mode & ~allowed:
                path.chmod(mode & allowed)
                mended.append(f"{path} could be read by others; that has been mended")
    return mended


@contextlib.contextmanager
def locked(folder: Path, *, timeout_s: float = 0.0) -> Iterator[None]:
    """Hold the data folder for this process.

    Raises:
        DataInUse: When another stagedoor has it.
    """
    lock = filelock.FileLock(folder / _LOCK, timeout=timeout_s, mode=0o600)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise DataInUse(str(folder)) from error
    try:
        yield
    finally:
        lock.release()


def new_token() -> str:
    """Draw a control token."""
    return secrets.token_urlsafe(32)


def write_control(folder: Path, control: Control) -> None:
    """Publish the credential, readable by this user alone."""
    write_private(folder / _CONTROL, msgspec.json.encode(control))


def remove_control(folder: Path) -> None:
    """Withdraw the credential."""
    (folder / _CONTROL).unlink(missing_ok=True)


def read_control(folder: Path) -> Control | None:
    """Find the running server; ``None`` when none runs on this folder.

    A file that a killed server left behind is recognised by the lock, which nobody holds.
    """
    try:
        control = msgspec.json.decode((folder / _CONTROL).read_bytes(), type=Control)
    except (OSError, msgspec.DecodeError):
        return None
    try:
        with locked(folder):
            return None
    except DataInUse:
        return control
