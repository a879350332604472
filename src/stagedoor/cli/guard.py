"""Keeps a door from being left to everybody in reach of it: what stands against settings, before they are written."""

import msgspec

from stagedoor.cli.reach import Reach, Remote
from stagedoor.keys import DOORS, STATUS
from stagedoor.services.door_settings import DoorConfig, StreamerbotConfig, password_of, reaches_out
from stagedoor.types import JsonObject


class _Door(msgspec.Struct):
    option: str
    addresses: list[str]


class _Status(msgspec.Struct):
    chosen: list[str]
    settings: JsonObject


class Ruling:
    """What a running server goes by; nothing where none runs."""

    def __init__(self, doors: list[_Door], status: _Status) -> None:
        self.doors = doors
        self.chosen = status.chosen
        """The options that were set for its run."""
        self.streamerbot_auth = status.settings.get("streamerbot_auth")
        """Who has to show the password of Streamer.bot's doors, if that was set for its run."""


async def find_ruling(keyspace: Reach) -> Ruling:
    """Ask the running server, if one runs."""
    if not isinstance(keyspace, Remote):
        return Ruling([], _Status([], {}))
    doors = msgspec.json.decode(await keyspace.call(DOORS, ""), type=list[_Door])
    return Ruling(doors, msgspec.json.decode(await keyspace.call(STATUS, ""), type=_Status))


def objection_to(config: DoorConfig, ruling: Ruling) -> str | None:
    """Say what stands against a door's settings, and what to do about it: they would let everybody in from other
    machines, so that the running server would not go by them, and at the next start the door would stay shut."""
    mode = ruling.streamerbot_auth if isinstance(config, StreamerbotConfig) else None
    if mode in ("on", "enforced") and not password_of(config):
        return f"the server was started with --streamerbot-auth {mode}, which needs a password"
    if config.is_guarded:
        return None
    addresses = {option: [bind] for option, bind in config.binds.items()}
    if mode != "enforced":
        for door in ruling.doors:
            if door.option in addresses:
                addresses[door.option] += door.addresses
    far = next((one for listed in addresses.values() for one in listed if reaches_out(one)), None)
    if far is None:
        return None
    return (
        f"other machines reach the door at {far}, so it needs {config.NEEDS}; to do without, let it listen on this "
        "computer alone first, on the console's page Server"
    )
