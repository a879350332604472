"""The reception: what all sessions of one Streamer.bot door go by, and what stagedoor says of itself.

The three modes are the original's. In mode *on* everybody may do everything but speak in a chat, which is what its
clients expect; *enforced* lets nobody do anything before the password.
"""

import platform
import sys
import time
import uuid
from enum import StrEnum
from typing import Final

from stagedoor.access import NOBODY, Challenge, Departure, Doorkeeper, Grant, Level
from stagedoor.streamerbot.messages import Members, ReadyMembers, encode
from stagedoor.streamerbot.times import event_time
from stagedoor.version import __version__
from stagedoor.wire import Peer

API_VERSION: Final = "1.0.5"
"""The version of the original whose API this is; clients compare it before they use what is newer."""

GUEST: Final = Grant(Level.GUEST, "no password was asked for")
SPEAKING_GUEST: Final = Grant(Level.APPLICATION, "guests may speak")


class Authentication(StrEnum):
    """Who has to show the password."""

    OFF = "off"
    """Nobody can."""
    ON = "on"
    """Who wants to send chat messages."""
    ENFORCED = "enforced"
    """Everybody, at once."""


class Source(StrEnum):
    """Which door answers; the member ``source`` of ``info``."""

    WEBSOCKET = "websocketServer"
    HTTP = "httpServer"


class Reception:
    """Decides what a session may do before and after it has authenticated.

    ``guests_may_speak`` lets those send chat messages who have shown nothing. ``offers_challenge`` offers a challenge
    while authentication is off, and takes any answer: clients that were given a password are not ready without one.
    """

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        *,
        instance_id: str = "",
        guests_may_speak: bool = False,
        offers_challenge: bool = False,
    ) -> None:
        self.doorkeeper = doorkeeper
        self.authentication = Authentication.ON
        self._guest = SPEAKING_GUEST if guests_may_speak else GUEST
        self._offers_challenge = offers_challenge
        self._infos = _describe(instance_id or str(uuid.uuid4()))

    def change(self, authentication: Authentication, password: str) -> None:
        """Go by other rules from now on; the connections that came in by the old ones end."""
        if authentication is not self.authentication:
            self.authentication = authentication
            self.doorkeeper.send_away(Departure.RULES_CHANGED)
        self.doorkeeper.change_password(password)

    def identify(self, instance_id: str) -> None:
        """Say from now on which installation this is."""
        self._infos = _describe(instance_id)

    def must_authenticate(self, peer: Peer) -> bool:
        """Tell whether a peer may do nothing else before; one of unknown origin may not, however open the door is."""
        return self.authentication is Authentication.ENFORCED or peer.must_prove

    def grant_on_entry(self, peer: Peer) -> Grant:
        """What a peer may do that has shown nothing."""
        return NOBODY if self.must_authenticate(peer) else self._guest

    @property
    def takes_any_answer(self) -> bool:
        """Whether authentication is a formality."""
        return self.authentication is Authentication.OFF and self._offers_challenge

    def challenge(self, peer: Peer) -> Challenge | None:
        """Draw a challenge for a new connection, where there is something to prove."""
        is_wanted = self.authentication is not Authentication.OFF or self._offers_challenge
        has_to_prove = peer.must_prove and self.doorkeeper.has_password
        return self.doorkeeper.challenge() if is_wanted or has_to_prove else None

    def info(self, source: Source) -> Members:
        """What ``GetInfo`` answers."""
        return self._infos[source]

    def hello(self, session_id: str, challenge: Challenge | None) -> bytes:
        """Greet a new connection."""
        message: dict[str, object] = {
            "timestamp": event_time(time.time()),
            "session": session_id,
            "request": "Hello",
            **self.info(Source.WEBSOCKET),
        }
        if challenge is not None:
            message["authentication"] = {"salt": challenge.salt_base64, "challenge": challenge.challenge_base64}
        return encode(message)


def _describe(instance_id: str) -> dict[Source, Members]:
    return {
        source: ReadyMembers(
            {
                "info": {
                    "instanceId": instance_id,
                    "name": "stagedoor",
                    "version": API_VERSION,
                    "stagedoor": __version__,
                    "os": {"win32": "windows", "darwin": "macosx"}.get(sys.platform, "linux"),
                    "osVersion": platform.release(),
                    "mode": "headless",
                    "darkMode": False,
                    "source": source,
                }
            }
        )
        for source in Source
    }
