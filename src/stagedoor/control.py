"""What a running server leaves in its data folder: a lock, and a credential for its owner's commands to reach it."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import filelock
import msgspec

from stagedoor.errors import DataInUse
from stagedoor.private_file import write_private

_LOCK: Final = "lock"
_CONTROL: Final = "control.json"

_FOLDERS: Final = ("store", "tls", "backups", "uploads")
"""Ours in the data folder; what else lies there is told of, but not looked into."""

_OTHERS: Final = 0o077

_TOLD: Final = 4
"""Of one folder; a hundred backups are one finding."""


class Control(msgspec.Struct):
    """How the owner's commands reach a running server."""

    pid: int
    token: str
    kilovolt: str | None = None
    """The address of the Kilovolt door, when it is open."""


def prepare_data_folder(folder: Path) -> list[str]:
    """Make the folder, for its owner alone; returns what had to be mended, or could not be.

    Looks at what lies in it and in our folders there, and follows no link, which leads to something of somebody else's.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name != "posix":
        return []
    mode = folder.stat().st_mode  # of what a link leads to, as that is the folder that was named
    mended = [_close(folder, mode)] if mode & _OTHERS else []
    for path in (folder, *(folder / name for name in _FOLDERS)):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            mended += _close_inside(path)
    return mended


def _close_inside(folder: Path) -> list[str]:
    """Take from others what they may do with what lies in a folder."""
    if folder.is_symlink():
        return []
    mended = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # it was gone before its turn came
                mode = entry.stat(follow_symlinks=False).st_mode
                if mode & _OTHERS and (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                    mended.append(_close(Path(entry.path), mode))
    if len(mended) > _TOLD:
        mended[_TOLD - 1 :] = [f"so could {len(mended) - _TOLD + 1} more in {folder}"]
    return mended


def _close(path: Path, mode: int) -> str:
    allowed = 0o700 if stat.S_ISDIR(mode) else 0o600
    try:
        path.chmod(stat.S_IMODE(mode) & allowed)
    except PermissionError as error:
        return f"{path} can be read by others, and that could not be mended: {error.strerror}"
    return f"{path} could be read by others; that has been mended"


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
