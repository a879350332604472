"""The head of an HTTP request: just enough of it to see who should answer, read by hand before anybody else does.

It is strict where a disagreement between two parsers could be abused, and leaves the rest to the real HTTP server.
Source: RFC 9110, section 5, and RFC 9112, sections 3 and 5.
"""

import re
from dataclasses import dataclass
from typing import Final

_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_HEAD: Final = re.compile(
    rf"({_NAME}) ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])((?:\r\n{_NAME}:[\t\x20-\x7e\x80-\xff]*)*)"
)

_SINGLE: Final = ("origin", "sec-websocket-key", "sec-websocket-version")


class BadHead(Exception):
    """The bytes are no head of a request."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request line and its fields, by their names in lower case."""

    method: str
    target: str
    minor_version: int
    fields: dict[str, list[str]]

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def all(self, name: str) -> list[str]:
        """The values of every field of that name."""
        return self.fields.get(name, [])

    def get(self, name: str) -> str | None:
        """The value of the first field of that name."""
        values = self.fields.get(name)
        return values[0] if values else None

    @property
    def wants_websocket(self) -> bool:
        """Whether it asks for an upgrade to WebSocket."""
        return any("websocket" in value.lower() for value in self.all("upgrade"))


def parse_head(data: bytes) -> Head:
    """Read a head that ends before its empty line.

    Raises:
        BadHead: When it is malformed, or repeats a field that must be single.
    """
    match = _HEAD.fullmatch(data.decode("latin-1"))
    if match is None:
        raise BadHead("malformed request")
    method, target, minor_version, lines = match.groups()
    fields: dict[str, list[str]] = {}
    for line in lines.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), []).append(value.strip("\t "))
    for name in _SINGLE:
        if len(fields.get(name, ())) > 1:
            raise BadHead(f"more than one {name} header")
    return Head(method, target, int(minor_version), fields)
