"""Keys of TLS: which certificate the doors show, and by which addresses others reach this machine."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import A_MOMENT_MS, FLAG, example, owner_request, record
from stagedoor.types import JsonObject

TLS_CONFIG: Final = "stagedoor/tls"
TLS: Final = "stagedoor/@tls"
SET_TLS: Final = "stagedoor/@set-tls"
NEW_AUTHORITY: Final = "stagedoor/@new-authority"
ADDRESSES: Final = "stagedoor/@addresses"

_PATH: Final[JsonObject] = {"type": ["string", "null"]}

_CONFIG: Final = record([], mode={"enum": ["auto", "off"]}, certificate=_PATH, key=_PATH, plain_beyond_loopback=FLAG)

_STATE: Final[JsonObject] = {
    "mode": "auto",
    "is_active": True,
    "authority": {
        "fingerprint": "a77309da01f9455481190c7de2e5388d160fe5216179b503c3d1d7c6c5d7dc6a",
        "made_at_ms": A_MOMENT_MS,
        "expires_at_ms": 2_105_532_800_000,
    },
    "certificate": {
        "names": ["localhost", "127.0.0.1", "192.0.2.2"],
        "issuer": "stagedoor",
        "expires_at_ms": 1_797_776_000_000,
    },
    "plain_beyond_loopback": False,
    "problem": None,
    "is_chosen": False,
}

SPECS: Final = (
    KeySpec(
        pattern=TLS_CONFIG,
        kind=Kind.STATE,
        summary="Whether the doors speak TLS, and with which files, if with the owner's own; whether other machines "
        "may speak plain text. It applies at once.",
        schema=_CONFIG,
        example=example({"mode": "auto", "certificate": None, "key": None, "plain_beyond_loopback": False}),
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    owner_request(
        TLS,
        "Tells whether the doors speak TLS, which authority there is and which certificate they show, and what is "
        "wrong with that, if anything is.",
        answer={
            "mode": "auto",
            "is_active": False,
            "authority": None,
            "certificate": None,
            "plain_beyond_loopback": False,
            "problem": None,
            "is_chosen": False,
        },
    ),
    owner_request(
        SET_TLS,
        "Decides about TLS, at once and from now on. It is tried first: with files that cannot be used, all stays as "
        "it was. With `auto` and no files, stagedoor's own authority is made if there is none.",
        _CONFIG,
        asked={"mode": "auto"},
        answer=_STATE,
    ),
    owner_request(
        NEW_AUTHORITY,
        "Makes a new authority and a certificate by it, and answers as `stagedoor/@tls` does. Whoever trusted the old "
        "authority has to be given the new one.",
        answer=_STATE,
    ),
    owner_request(
        ADDRESSES,
        "Lists the addresses of this machine, each with how far it reaches and the interface that has it, and the "
        "names that others may know it by.",
        answer={
            "addresses": [
                {"address": "127.0.0.1", "kind": "loopback", "interface": "lo"},
                {"address": "192.0.2.2", "kind": "private", "interface": "eth0"},
            ],
            "names": ["studio.local"],
        },
    ),
)
