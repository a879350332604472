"""Whom the doors know: web sites, applications and overlay keys, as the owner decided. Passes are the console's."""

from collections.abc import Callable

from stagedoor.access import Asker, Doorkeeper, OriginClass, OriginPolicy, sign
from stagedoor.app.foundation import Foundation
from stagedoor.services.apps import AppsDesk
from stagedoor.services.origins import OriginDesk
from stagedoor.services.overlay_keys import OverlayKeyDesk


class Registers:
    """What is remembered over a restart of who may come in, and what all doors go by.

    ``origins`` is the rule which pages may connect: those of sites that were set for this run, and those that the owner
    let in. ``shut_out`` ends the connections of pages from an origin.
    """

    def __init__(self, base: Foundation, shut_out: Callable[[str], None]) -> None:
        settings = base.settings
        self._base = base
        self._shut_out_of_doors = shut_out
        self._sites = OriginDesk(base.client(), base.record, self._shut_out)
        self._apps = AppsDesk(base.client(), base.record)
        self._overlay_keys = OverlayKeyDesk(base.client(), base.record)
        for desk in (self._sites, self._apps, self._overlay_keys):
            base.stack.callback(desk.close)
        self.origins = OriginPolicy(
            frozenset(settings.origins),
            trusts_all=settings.trust_all_origins,
            is_remembered=self._sites.origins.is_allowed,
            is_refused=self._sites.origins.is_refused,
            ask=self._ask_about,
        )
        if settings.trust_all_origins:
            base.warn("origins", "the pages of every web site may connect (trust-all-origins)")

    def new_doorkeeper(
        self, name: str, *, control_token: str = "", sign: Callable[[str, bytes, bytes], bytes] = sign
    ) -> Doorkeeper:
        """Make the doorkeeper of a door where those come in who are remembered."""
        return Doorkeeper(
            self._base.loop,
            name=name,
            control_token=control_token,
            apps=self._apps.apps,
            overlay_keys=self._overlay_keys.keys,
            record=self._base.record,
            sign=sign,
        )

    def _ask_about(self, origin: str, asker: Asker) -> None:
        if self._base.settings.asks:
            self._sites.origins.ask(self._base.asks, origin, asker)

    def _shut_out(self, origin: str) -> None:
        """End the connections of pages from an origin that is not let in any more, be it for this run alone."""
        if self.origins.classify(origin) is OriginClass.FOREIGN:
            self._shut_out_of_doors(origin)
