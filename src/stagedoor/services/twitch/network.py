"""HTTP to Twitch. Sockets are opened at the first need, so that who does not use Twitch pays nothing for it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import aiohttp
import msgspec

from stagedoor.services.twitch.errors import Unreachable
from stagedoor.types import JsonObject
from stagedoor.version import __version__

TIMEOUT_S: Final = 10.0
MAX_ANSWER_BYTES: Final = 8 << 20
"""The longest lists, of a channel's emotes or a thousand chatters, have a few hundred KiB."""

Params = Mapping[str, str | int | Sequence[str]]
"""What stands in an address; a sequence is repeated."""


class Answer(NamedTuple):
    """What came back; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: JsonObject
    """Empty when there was none, or it was no object."""

    @property
    def message(self) -> str:
        """What Twitch says about a refusal, on one line."""
        text = self.body.get("message") or self.body.get("error") or ""
        return " ".join(str(text).split())[:300]


class Network:
    """Asks, and reads the answer, whatever its status."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Answer:
        """Ask once; ``form`` goes as a form, ``body`` as JSON.

        Raises:
            Unreachable: When no answer came, or one that says that Twitch is in trouble (5xx).
        Cancellation: Twitch may have heard the question or not.
        """
        if self._is_closed:
            raise Unreachable("stagedoor is closing")
        pairs = [(name, text) for name, value in (params or {}).items() for text in _texts(value)]
        all_headers = dict(headers or {})
        data: object = form
        if body is not None:
            data = msgspec.json.encode(body)
            all_headers["Content-Type"] = "application/json"
        try:
            async with self._open().request(
                method, url, params=pairs, headers=all_headers, data=data, allow_redirects=False
            ) as response:
                answer = Answer(
                    response.status,
                    {name.lower(): value for name, value in response.headers.items()},
                    _read_object(await _read(response)),
                )
        except TimeoutError as error:
            raise Unreachable(f"no answer within {self._timeout_s:g} seconds") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The text of other errors may quote an address, in which there may be a credential.
            known = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError))
            raise Unreachable(str(error) if known else type(error).__name__) from error
        if answer.status >= 500:
            raise Unreachable(f"it answers {answer.status} {answer.message}".rstrip())
        return answer

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                headers={"User-Agent": f"stagedoor/{__version__}"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def close(self) -> None:
        """Close the sockets; nothing is asked after that."""
        self._is_closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()
            await asyncio.sleep(0)  # so that the transports hear of it


def _texts(value: str | int | Sequence[str]) -> Sequence[str]:
    if isinstance(value, str):
        return (value,)
    return (str(value),) if isinstance(value, int) else value


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise Unreachable(f"its answer is longer than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


def _read_object(body: bytes) -> JsonObject:
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}
