"""The head of an HTTP request: just enough of it to see who should answer, read by hand before anybody else does.

It is strict where a disagreement between two parsers could be abused, and leaves the rest to the real HTTP server.
Source: RFC 9110, section 5, and RFC 9112, sections 3 and 5.
"""

import re
from dataclasses import dataclass
from typing import Final

_REQUEST_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")


class BadHead(Exception):
    """The bytes are no head of a request."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request line and its fields; names in lower case, in order."""

    method: str
    target: str
    minor_version: int
    fields: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def all(self, name: str) -> list[str]:
        """The values of every field of that name."""
        return [value for field, value in self.fields if field == name]

    def get(self, name: str) -> str | None:
        """The value of the first field of that name."""
        return next((value for field, value in self.fields if field == name), None)

    @property
    def wants_websocket(self) -> bool:
        """Whether it asks for an upgrade to WebSocket."""
        return any("websocket" in value.lower() for value in self.all("upgrade"))


def parse_head(data: bytes) -> Head:
    """Read a head that ends before its empty line.

    Raises:
        BadHead: When it is malformed, or repeats a field that must be single.
    """
    lines = data.split(b"\r\n")
    request = _REQUEST_LINE.fullmatch(lines[0])
    if request is None:
        raise BadHead("malformed request line")
    fields = []
    for line in lines[1:]:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise BadHead("malformed header")
        fields.append((field[1].decode("ascii").lower(), field[2].decode("latin-1")))
    head = Head(request[1].decode(), request[2].decode("latin-1"), int(request[3]), tuple(fields))
    for single in ("origin", "sec-websocket-key", "sec-websocket-version"):
        if len(head.all(single)) > 1:
            raise BadHead(f"more than one {single} header")
    return head
