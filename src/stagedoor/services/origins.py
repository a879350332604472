"""The web sites that the owner decided about: keeps the decisions, shows them, and takes new ones."""

import logging
import time
from collections.abc import Callable

import msgspec

from stagedoor.access import Client, KnownOrigin, Record, RememberedOrigins, Verdict, normalize_origin
from stagedoor.errors import RequestFailed
from stagedoor.kept import Kept, in_ms
from stagedoor.keys import DECIDE_ORIGIN, FORGET_ORIGIN, ORIGIN_DECISIONS, ORIGINS, REVOKED_ORIGINS
from stagedoor.types import Value

logger = logging.getLogger(__name__)


class ShownOrigin(msgspec.Struct):
    """A decision as the owner sees it."""

    origin: str
    decision: str
    """``allowed`` or ``refused``."""
    decided_at_ms: int
    """Unix milliseconds, as the next one."""
    used_at_ms: int | None
    """When a page last came from there; exact to an hour."""


class _Decision(msgspec.Struct):
    origin: str
    allow: bool


class _Named(msgspec.Struct):
    origin: str


class OriginDesk:
    """Joins the decisions to the hub. ``shut_out`` ends the connections of pages from an origin."""

    def __init__(
        self,
        client: Client,
        record: Record,
        shut_out: Callable[[str], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._record = record
        self._kept: Kept[KnownOrigin, RememberedOrigins] = Kept(
            client,
            lambda changed, stored: RememberedOrigins(
                now, changed, stored, shut_out=shut_out, decided=self._note_answer
            ),
            KnownOrigin,
            stored_at=ORIGIN_DECISIONS,
            shown_at=ORIGINS,
            revoked_at=REVOKED_ORIGINS,
            describe=_describe,
            check=lambda known: normalize_origin(known.origin),
        )
        self.origins = self._kept.register
        self.close = self._kept.close
        client.serve(DECIDE_ORIGIN, self._decide)
        client.serve(FORGET_ORIGIN, self._forget)

    def _note_answer(self, origin: str, verdict: Verdict) -> None:
        self._record("origin", {"origin": origin, "decision": verdict.value, "asked": True})

    async def _decide(self, value: Value) -> Value:
        try:
            decision = msgspec.json.decode(value, type=_Decision)
            origin = normalize_origin(decision.origin)
        except (msgspec.DecodeError, RecursionError) as problem:
            raise RequestFailed(f"expected an origin and allow: {problem}") from problem
        except ValueError as error:
            raise RequestFailed(str(error)) from error
        self.origins.decide(origin, allow=decision.allow)
        self._record("origin", {"origin": origin, "decision": "allowed" if decision.allow else "refused"})
        logger.info("the owner %s pages of %s", "lets in" if decision.allow else "refuses", origin)
        await self._kept.settled()
        return "{}"

    async def _forget(self, value: Value) -> Value:
        try:
            origin = msgspec.json.decode(value, type=_Named).origin
        except (msgspec.DecodeError, RecursionError) as problem:
            raise RequestFailed(f"expected an origin: {problem}") from problem
        if not self.origins.forget(origin.lower()):
            raise RequestFailed(f"nothing was decided about {origin}")
        self._record("revoked", {"what": "origin", "origin": origin})
        await self._kept.settled()
        return "{}"


def _describe(known: KnownOrigin) -> ShownOrigin:
    return ShownOrigin(
        origin=known.origin,
        decision="allowed" if known.is_allowed else "refused",
        decided_at_ms=round(known.made_at * 1000),
        used_at_ms=in_ms(known.used_at),
    )
