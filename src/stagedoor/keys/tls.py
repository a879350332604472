"""Keys of TLS: which certificate the doors show, and by which addresses others reach this machine."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import FLAG, owner_request, record
from stagedoor.types import JsonObject

TLS_CONFIG: Final = "stagedoor/tls"
TLS: Final = "stagedoor/@tls"
SET_TLS: Final = "stagedoor/@set-tls"
NEW_AUTHORITY: Final = "stagedoor/@new-authority"
ADDRESSES: Final = "stagedoor/@addresses"

_PATH: Final[JsonObject] = {"type": ["string", "null"]}

_CONFIG: Final = record([], mode={"enum": ["auto", "off"]}, certificate=_PATH, key=_PATH, plain_beyond_loopback=FLAG)

SPECS: Final = (
    KeySpec(
        pattern=TLS_CONFIG,
        kind=Kind.STATE,
        summary="Whether the doors speak TLS, and with which files, if with the owner's own; whether other machines "
        "may speak plain text. It applies at once.",
        schema=_CONFIG,
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    owner_request(
        TLS,
        "Tells whether the doors speak TLS, which authority there is and which certificate they show, and what is "
        "wrong with that, if anything is.",
    ),
    owner_request(
        SET_TLS,
        "Decides about TLS, at once and from now on. It is tried first: with files that cannot be used, all stays as "
        "it was. With `auto` and no files, stagedoor's own authority is made if there is none.",
        _CONFIG,
    ),
    owner_request(
        NEW_AUTHORITY,
        "Makes a new authority and a certificate by it, and answers as `stagedoor/@tls` does. Whoever trusted the old "
        "authority has to be given the new one.",
    ),
    owner_request(
        ADDRESSES,
        "Lists the addresses of this machine, each with how far it reaches and the interface that has it, and the "
        "names that others may know it by.",
    ),
)
