"""Files that only their owner can read."""

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write a file at once or not at all, readable by this user alone.

    Raises:
        OSError: When it cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    # Whoever left a file of that name keeps no way to read what comes into it.
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    partial.replace(path)
