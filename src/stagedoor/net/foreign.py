"""Pages of other web sites, over HTTP: how a request of theirs is refused, and which files they may not include.

A page can run a script of any server, and use its styles, without being let in to read it by CORS. What is written in
such a file, a password perhaps, is open to the page then. So the browser's word is taken for what it wants a file for.
"""

import re
from typing import Final, Protocol

from aiohttp import web

from stagedoor.access import OriginClass

_ONLY_SHOWN: Final = frozenset(("audio", "document", "font", "frame", "iframe", "image", "track", "video"))
"""What a file may be wanted for by any page: none of it tells the page what is in the file, unless CORS allows it.
Source: Fetch, section 2.2.5, and Fetch Metadata, section 2.1. A browser that says nothing else says this, too."""

_ORIGIN_OF_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


class ForeignPage(web.HTTPForbidden):
    """A request that is refused for the page that it comes from, of which the door tells the owner."""

    def __init__(self, origin: str | None, problem: str) -> None:
        """``origin`` is ``None`` for that of a page that the browser does not name."""
        super().__init__(text=f"403: {problem}\n", headers={"X-Content-Type-Options": "nosniff"})
        self.origin = origin
        self.problem = problem


class Origins(Protocol):
    """The rule for where pages may come from."""

    def classify(self, origin: str | None) -> OriginClass:
        """Tell what an origin makes of a request."""
        ...


def check_inclusion(request: web.BaseRequest, origins: Origins) -> None:
    """Refuse a file to a page of another site that may not connect, unless it only shows it.

    OBS, programs and old browsers do not say what they want a file for, and get it.

    Raises:
        ForeignPage: When the page has not been let in, or hides where it comes from.
    """
    if request.headers.get("Sec-Fetch-Site") != "cross-site" or request.headers.get("Sec-Fetch-Dest") in _ONLY_SHOWN:
        return
    origin = request.headers.get("Origin") or _origin_of(request.headers.get("Referer", ""))
    if origins.classify(origin or "null") in (OriginClass.FOREIGN, OriginClass.OPAQUE):
        raise ForeignPage(origin, "a page of a web site that was not let in may not include this file")


def _origin_of(address: str) -> str | None:
    match = _ORIGIN_OF_ADDRESS.match(address)
    return None if match is None else match[0]
