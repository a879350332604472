"""Opens WebSockets to EventSub; the first one opens what they share, so that who does not use Twitch pays nothing."""

import asyncio
from typing import Final, Protocol

import aiohttp

MAX_MESSAGE_BYTES: Final = 4 << 20
"""Far above what Twitch sends; the longest notifications have some KiB."""

_CLOSE_S: Final = 1.0
"""How long to wait for the other side when a socket is closed."""


class ConnectionLost(Exception):
    """There is no connection, or none any more; the reason is a short text."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code
        """With which the other side closed it, if it did."""


class Socket(Protocol):
    """One connection, on which nothing is said."""

    async def receive(self) -> str:
        """Return the next message; can be cancelled at any time.

        Raises:
            ConnectionLost: When there will be none.
        """
        ...

    async def close(self) -> None:
        """End it; more than once does no harm."""
        ...


class WebSockets:
    """Opens them."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def connect(self, url: str) -> Socket:
        """Open one.

        Raises:
            ConnectionLost: When it cannot be opened.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        try:
            return _Socket(
                await self._session.ws_connect(
                    url,
                    max_msg_size=MAX_MESSAGE_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                )
            )
        except aiohttp.WSServerHandshakeError as error:
            raise ConnectionLost(f"it answers {error.status}") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ConnectionLost(str(error) or type(error).__name__) from error

    async def close(self) -> None:
        """Close what is open."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
            await asyncio.sleep(0)  # so that the transports hear of it


class _Socket:
    """A WebSocket of aiohttp, which answers pings by itself."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def receive(self) -> str:
        try:
            message = await self._socket.receive()
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionLost(str(error) or type(error).__name__) from error
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(message.data)
        code = self._socket.close_code
        raise ConnectionLost(f"it was closed with code {code}" if code else "it was cut", code)

    async def close(self) -> None:
        await self._socket.close()
