"""The folder of uploads: new at each start, never many files in it, none that failed."""

import contextlib
import os
from pathlib import Path

import pytest

from stagedoor.uploads import TooManyUploads, Uploads


def receive(uploads: Uploads, content: bytes = b"{}") -> Path:
    with uploads.receive() as (path, file):
        file.write(content)
    return path


def test_a_start_empties_the_folder(tmp_path: Path) -> None:
    path = receive(Uploads(tmp_path / "uploads"))
    assert path.read_bytes() == b"{}"
    Uploads(tmp_path / "uploads")
    assert not path.exists()


def test_the_oldest_go_when_there_are_many(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    paths = []
    for number in range(6):
        paths.append(receive(uploads))
        os.utime(paths[-1], (number, number))
    assert sorted(tmp_path.iterdir()) == sorted(paths[2:])


def test_a_file_that_failed_is_removed(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    with pytest.raises(ValueError, match="broken"), uploads.receive():
        raise ValueError("broken")
    assert list(tmp_path.iterdir()) == []


def test_those_under_way_are_left_alone_and_not_too_many(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    done = receive(uploads)
    with contextlib.ExitStack() as stack:
        paths = [stack.enter_context(uploads.receive())[0] for _ in range(4)]
        assert not done.exists()
        with pytest.raises(TooManyUploads):
            stack.enter_context(uploads.receive())
        uploads.discard(paths[0])
        assert all(path.exists() for path in paths)
    receive(uploads)
    assert len(list(tmp_path.iterdir())) == 4


def test_only_an_upload_is_discarded(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads")
    upload, other = receive(uploads), tmp_path / "other.json"
    other.write_text("{}")
    uploads.discard(other)
    uploads.discard(tmp_path / "uploads" / ".." / "other.json")
    uploads.discard(upload)
    assert other.exists()
    assert not upload.exists()
