"""Static files: an overlay's folder, or one file, read only, and nothing outside it.

GET and HEAD of regular files below the folder. No listing, no dot files, no way out through links, and never a folder
that holds stagedoor's own data.
"""

from pathlib import Path
from typing import Final
from urllib.parse import unquote

from aiohttp import web

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".htm": "text/html; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".ogg": "audio/ogg",
    ".otf": "font/otf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
"""Independent of the system's registry, which on Windows calls JavaScript plain text."""


class StaticFolder:
    """One folder that is served; without ``private`` one of stagedoor's own.

    Raises:
        ValueError: When it is no folder, or holds or lies in one that must stay private.
    """

    def __init__(self, folder: Path, *, private: Path | None) -> None:
        self._folder = _resolve(folder, private)
        if not self._folder.is_dir():
            raise ValueError(f"{folder} cannot be served: it is not a folder")

    def __str__(self) -> str:
        return str(self._folder)

    def find(self, raw_path: str) -> Path | None:
        """Find the file or folder that a percent-encoded path below the folder names, if it may be shown."""
        path = unquote(raw_path, errors="strict") if "%" in raw_path else raw_path
        segments = [segment for segment in path.split("/") if segment]
        if any(segment.startswith(".") or "\\" in segment or "\0" in segment or ":" in segment for segment in segments):
            return None
        try:
            found = self._folder.joinpath(*segments).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            return None
        if not found.is_relative_to(self._folder) or not (found.is_file() or found.is_dir()):
            return None
        if path.endswith("/") and not found.is_dir():
            return None
        is_hidden = any(part.startswith(".") for part in found.relative_to(self._folder).parts)
        return None if is_hidden else found

    def respond(self, raw_path: str, raw_query: str = "") -> web.FileResponse:
        """Answer a GET or HEAD with a file, of a folder its ``index.html``; ranges and conditions are aiohttp's work.

        Raises:
            web.HTTPNotFound: When there is no such file, or it may not be shown.
            web.HTTPMovedPermanently: See :func:`moved`.
        """
        try:
            found = self.find(raw_path)
            if found is not None and found.is_dir():
                if raw_path and not raw_path.endswith("/"):
                    raise moved(raw_path.rpartition("/")[2] + "/", raw_query)
                found = self.find(raw_path + "index.html")
        except UnicodeDecodeError:
            found = None
        if found is None or not found.is_file():
            raise web.HTTPNotFound(text="404: there is no such file\n")
        return _file_response(found)


class StaticFile:
    """One file that is served.

    Raises:
        ValueError: When it is no file, or lies in a folder that must stay private.
    """

    def __init__(self, path: Path, *, private: Path) -> None:
        self._path = _resolve(path, private)
        if not self._path.is_file():
            raise ValueError(f"{path} cannot be served: it is not a file")

    def respond(self, raw_path: str) -> web.FileResponse:
        """Answer a GET or HEAD; there is nothing below a file.

        Raises:
            web.HTTPNotFound: When something below it is asked for, or it has gone.
        """
        if raw_path or not self._path.is_file():
            raise web.HTTPNotFound(text="404: there is no such file\n")
        return _file_response(self._path)


def moved(folder: str, raw_query: str) -> web.HTTPMovedPermanently:
    """Lead to a folder that was named without its slash, since that would mislead relative links."""
    return web.HTTPMovedPermanently(f"{folder}?{raw_query}" if raw_query else folder)


def _resolve(path: Path, private: Path | None) -> Path:
    try:
        resolved = path.expanduser().resolve(strict=True)
    except OSError as error:
        raise ValueError(f"{path} cannot be served: {error.strerror}") from error
    if private is None:
        return resolved
    private = private.resolve()
    if private.is_relative_to(resolved) or resolved.is_relative_to(private):
        raise ValueError(f"{path} cannot be served: it would show the data folder {private}")
    return resolved


def _file_response(path: Path) -> web.FileResponse:
    content_type = _TYPES.get(path.suffix.lower(), "application/octet-stream")
    return web.FileResponse(
        path,
        headers={
            "Content-Type": content_type,
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
        },
    )
