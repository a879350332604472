"""Helix, Twitch's API: asks in the name of an account, and deals with ended tokens and too many questions."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from stagedoor.access import Clock
from stagedoor.services.twitch.errors import Account, HelixError
from stagedoor.services.twitch.network import Answer, Network, Params
from stagedoor.services.twitch.timing import sleep
from stagedoor.services.twitch.tokens import Tokens
from stagedoor.services.twitch.urls import Urls
from stagedoor.types import JsonObject

logger = logging.getLogger(__name__)

LONGEST_WAIT_S: Final = 30.0
"""For the rate limit; a bucket is full again within a minute (Twitch's documentation, "Twitch API Concepts")."""

_WAITS: Final = 2
"""How often one question waits for the rate limit before it fails."""

_AT_ONCE: Final = 8
"""Questions at a time."""

_PAGE: Final = 100
"""Items that one page of most lists has at most."""

_NOT_THE_TOKENS_FAULT: Final = ("missing scope", "must match")
"""What a 401 says that another token of the same login would not mend."""


class Helix:
    """Asks Helix."""

    def __init__(
        self,
        urls: Urls,
        network: Network,
        tokens: Tokens,
        clock: Clock,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._urls = urls
        self._network = network
        self._tokens = tokens
        self._clock = clock
        self._now = now
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = None,
        account: Account = "streamer",
    ) -> JsonObject:
        """Ask, and return the answer's JSON object, which is empty when there is none.

        ``path`` is below the API, as ``chat/messages``, or a whole address.

        Raises:
            LoginNeeded: When the account is not logged in.
            Unreachable: When Twitch does not answer.
            HelixError: When it refuses.
        Cancellation: Twitch may have heard the question or not.
        """
        async with self._at_once:
            token = await self._tokens.access_token(account)
            answer = await self._ask(token, method, path, params, body)
            if answer.status == 401 and _may_be_the_token(answer):
                token = await self._tokens.refresh_after_401(account, token)
                answer = await self._ask(token, method, path, params, body)
        if not 200 <= answer.status < 300:
            raise HelixError(answer.status, answer.message, str(answer.body.get("error") or ""))
        return answer.body

    async def page(
        self,
        path: str,
        params: Params | None = None,
        limit: int = _PAGE,
        *,
        page_size: int = _PAGE,
        account: Account = "streamer",
    ) -> list[JsonObject]:
        """Walk over a list page by page until its end or ``limit`` items; raises as :meth:`request` does."""
        found: list[JsonObject] = []
        cursor = ""
        while len(found) < limit:
            wish = {**(params or {}), "first": min(page_size, limit - len(found))}
            answer = await self.request(
                "GET", path, params={**wish, "after": cursor} if cursor else wish, account=account
            )
            items = answer.get("data")
            found += [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
            pagination = answer.get("pagination")
            last, cursor = cursor, str(pagination.get("cursor") or "") if isinstance(pagination, dict) else ""
            if not items or not cursor or cursor == last:
                break
        return found[:limit]

    async def _ask(self, token: str, method: str, path: str, params: Params | None, body: object) -> Answer:
        """Ask once, or again when the rate limit lets us."""
        url = path if "://" in path else f"{self._urls.api}/{path}"
        headers = {"Authorization": f"Bearer {token}", "Client-Id": self._tokens.application.client_id}
        for _ in range(_WAITS):
            answer = await self._network.fetch(method, url, params=params, headers=headers, body=body)
            wait_s = self._wait_of(answer)
            if wait_s is None:
                return answer
            logger.info("Twitch's rate limit is reached; going on in %.0f s", wait_s)
            await sleep(self._clock, wait_s)
        return await self._network.fetch(method, url, params=params, headers=headers, body=body)

    def _wait_of(self, answer: Answer) -> float | None:
        """Tell how long to wait before asking again; ``None`` for not at all."""
        if answer.status != 429:
            return None
        try:
            wait_s = float(answer.headers.get("ratelimit-reset", "")) - self._now()
        except ValueError:
            return None  # a limit of another kind, as that of messages in a chat
        return max(wait_s, 1.0) if wait_s <= LONGEST_WAIT_S else None


def _may_be_the_token(answer: Answer) -> bool:
    message = answer.message.lower()
    return not any(text in message for text in _NOT_THE_TOKENS_FAULT)
