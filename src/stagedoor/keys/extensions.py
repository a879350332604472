"""What strimertül's extensions ask of the server itself."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import TEXT, example, record

EXTENSION_LOG: Final = "strimertul/@log"
STRIMERTUL_VERSION: Final = "strimertul/version"

SPECS: Final = (
    KeySpec(
        pattern=STRIMERTUL_VERSION,
        kind=Kind.STATE,
        summary="The version of strimertül whose keys stagedoor keeps to, which extensions compare with the one that "
        "they need; behind the plus sign, stagedoor's own. It is no JSON.",
        example="v3.3.1+stagedoor.0.1.0",
        owner="stagedoor",
        listers=Audience.OWNER,
        writers=Audience.OWNER,
        stored_in_memory=True,
    ),
    KeySpec(
        pattern=EXTENSION_LOG,
        kind=Kind.REQUEST,
        summary="Writes a line to stagedoor's log. A level that is none counts as `info`; a long message is cut, and "
        "of very many in a short time the last are left out.",
        schema=record(
            ["message"], level={"enum": ["debug", "info", "warn", "error"]}, message=TEXT, data={"type": "object"}
        ),
        example=example({"level": "info", "message": "overlay loaded", "data": {"extension": "brave-new-fish"}}),
        answer=example({}),
        owner="stagedoor",
        writers=Audience.PROVEN,
    ),
)
