"""Who may come in: questions, remembered applications, overlay keys, web sites, the owner's browsers."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import A_MOMENT_MS, COUNT, FLAG, TEXT, example, items, owner_request, record
from stagedoor.types import JsonObject, Key

ASKS: Final = "stagedoor/asks"
ANSWER_ASK: Final = "stagedoor/@answer-ask"
APPS: Final = "stagedoor/apps"
APP_TOKENS: Final = "stagedoor/app-tokens"
CHANGE_APP: Final = "stagedoor/@change-app"
FORGET_APP: Final = "stagedoor/@forget-app"
OVERLAY_KEYS: Final = "stagedoor/overlay-keys"
OVERLAY_KEY_SECRETS: Final = "stagedoor/overlay-key-secrets"
MAKE_OVERLAY_KEY: Final = "stagedoor/@make-overlay-key"
REVEAL_OVERLAY_KEY: Final = "stagedoor/@reveal-overlay-key"
CHANGE_OVERLAY_KEY: Final = "stagedoor/@change-overlay-key"
REVOKE_OVERLAY_KEY: Final = "stagedoor/@revoke-overlay-key"
ORIGINS: Final = "stagedoor/origins"
ORIGIN_DECISIONS: Final = "stagedoor/origin-decisions"
DECIDE_ORIGIN: Final = "stagedoor/@decide-origin"
FORGET_ORIGIN: Final = "stagedoor/@forget-origin"
DEVICES: Final = "stagedoor/devices"
CONSOLE_PASSES: Final = "stagedoor/console-passes"
FORGET_DEVICE: Final = "stagedoor/@forget-device"
PAIR: Final = "stagedoor/@pair"
REVOKED_APPS: Final = "stagedoor/revoked/apps"
REVOKED_OVERLAY_KEYS: Final = "stagedoor/revoked/overlay-keys"
REVOKED_ORIGINS: Final = "stagedoor/revoked/origins"
REVOKED_DEVICES: Final = "stagedoor/revoked/devices"
CHECK_SCOPES: Final = "stagedoor/@check-scopes"

_SCOPES: Final = items({**TEXT, "maxLength": 600})
_SCOPES_OR_ALL: Final[JsonObject] = {**_SCOPES, "type": ["array", "null"]}
_MOMENT: Final[JsonObject] = {"type": ["integer", "null"]}
_SECONDS: Final[JsonObject] = {"type": "number"}
_SECONDS_OR_NULL: Final[JsonObject] = {"type": ["number", "null"]}
_ORIGIN: Final[JsonObject] = {"type": ["string", "null"]}


def _shown(pattern: Key, summary: str, schema: JsonObject, *, sample: object) -> KeySpec:
    """Describe a list that stagedoor shows to the owner, made anew at each start from what is stored."""
    return KeySpec(
        pattern=pattern,
        kind=Kind.STATE,
        summary=summary,
        schema=items(schema),
        example=example(sample),
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
        stored_in_memory=True,
    )


def _stored(pattern: Key, summary: str, **members: JsonObject) -> KeySpec:
    """Describe where something is kept that the owner sees in another key; times are Unix seconds here."""
    times: dict[str, JsonObject] = {"made_at": _SECONDS, "used_at": _SECONDS_OR_NULL, "expires_at": _SECONDS_OR_NULL}
    return KeySpec(
        pattern=pattern,
        kind=Kind.SECRET,
        summary=summary,
        schema=items(record([*members, "made_at"], **members, **times)),
        owner="stagedoor",
        readers=Audience.OWNER,
        listers=Audience.OWNER,
        writers=Audience.OWNER,
    )


SPECS: Final = (
    _shown(
        ASKS,
        "Those who ask to be let in, oldest first: an application (`app`), the pages of a web site (`origin`), a "
        "browser that wants to be the owner's (`device`). An `icon` is a `data:` address, or empty. `scopes` is null "
        "for all but secrets.",
        record(
            ["id", "kind", "address", "asked_at_ms", "name", "scopes"],
            id=TEXT,
            kind={"enum": ["app", "origin", "device"]},
            address=TEXT,
            origin=_ORIGIN,
            program=_ORIGIN,
            asked_at_ms=COUNT,
            name=TEXT,
            author=TEXT,
            url=TEXT,
            icon=TEXT,
            verification_code=TEXT,
            scopes=_SCOPES_OR_ALL,
        ),
        sample=[
            {
                "id": "52c0",
                "kind": "app",
                "address": "127.0.0.1",
                "origin": None,
                "program": "deck (process 4711)",
                "asked_at_ms": A_MOMENT_MS,
                "name": "Deck",
                "author": "Ada",
                "url": "",
                "icon": "",
                "verification_code": "1234",
                "scopes": ["call:action/@run"],
            }
        ],
    ),
    owner_request(
        ANSWER_ASK,
        "Answers a question: lets in, or does not. With `remember` an application is let in for good, or until a "
        "moment. `scopes` say what it may touch, in the place of what it asked for. An answer about a web site is "
        "always kept.",
        record(["id", "allow"], id=TEXT, allow=FLAG, remember=FLAG, scopes=_SCOPES_OR_ALL, expires_at_ms=_MOMENT),
        asked={"id": "52c0", "allow": True, "remember": True},
        answer={},
    ),
    _shown(
        APPS,
        "The applications that are let in for good, in the order in which they were.",
        record(
            ["id", "name", "origin", "address", "scopes", "made_at_ms", "used_at_ms", "expires_at_ms"],
            id=TEXT,
            name=TEXT,
            author=TEXT,
            url=TEXT,
            origin=_ORIGIN,
            address=TEXT,
            scopes=_SCOPES_OR_ALL,
            made_at_ms=COUNT,
            used_at_ms=_MOMENT,
            expires_at_ms=_MOMENT,
        ),
        sample=[
            {
                "id": "9a1f03bc",
                "name": "Deck",
                "author": "Ada",
                "origin": None,
                "address": "127.0.0.1",
                "scopes": ["call:action/@run"],
                "made_at_ms": A_MOMENT_MS,
                "used_at_ms": None,
                "expires_at_ms": None,
            }
        ],
    ),
    _stored(
        APP_TOKENS,
        "The same applications, with the hashes of their tokens.",
        hash=TEXT,
        id=TEXT,
        name=TEXT,
        author=TEXT,
        url=TEXT,
        origin=_ORIGIN,
        address=TEXT,
        scopes=_SCOPES_OR_ALL,
    ),
    owner_request(
        CHANGE_APP,
        "Calls an application something else, gives it other scopes or another end. With other scopes its connections "
        "end, with 1001, and it comes back under them.",
        record(["id"], id=TEXT, name=TEXT, scopes=_SCOPES_OR_ALL, expires_at_ms=_MOMENT),
        asked={"id": "9a1f03bc", "name": "The deck", "scopes": ["call:action/@run", "read:event/*"]},
        answer={},
    ),
    owner_request(
        FORGET_APP,
        "Lets an application in no longer: its token is worthless, and its connections end with 4011.",
        record(["id"], id=TEXT),
        asked={"id": "9a1f03bc"},
        answer={},
    ),
    _shown(
        OVERLAY_KEYS,
        "The keys that were made for overlays, by which they can only look on.",
        record(
            ["id", "name", "scopes", "made_at_ms", "used_at_ms", "expires_at_ms"],
            id=TEXT,
            name=TEXT,
            scopes=_SCOPES,
            made_at_ms=COUNT,
            used_at_ms=_MOMENT,
            expires_at_ms=_MOMENT,
        ),
        sample=[
            {
                "id": "3d76f703",
                "name": "alerts",
                "scopes": ["read:event/*"],
                "made_at_ms": A_MOMENT_MS,
                "used_at_ms": None,
                "expires_at_ms": None,
            }
        ],
    ),
    _stored(
        OVERLAY_KEY_SECRETS,
        "The same keys, with what an overlay has to show.",
        id=TEXT,
        name=TEXT,
        key=TEXT,
        scopes=_SCOPES,
    ),
    owner_request(
        MAKE_OVERLAY_KEY,
        "Makes a key for an overlay: the password of either door's challenge, for looking on at what its scopes name.",
        record(["name", "scopes"], name=TEXT, scopes=_SCOPES, expires_at_ms=_MOMENT),
        asked={"name": "alerts", "scopes": ["read:event/*"]},
        answer={"id": "3d76f703", "key": "overlay-xxgDlJXV2I4JqkeQQ_Y5ZxY7L9T4"},
    ),
    owner_request(
        REVEAL_OVERLAY_KEY,
        "Tells what an overlay has to show.",
        record(["id"], id=TEXT),
        asked={"id": "3d76f703"},
        answer={"key": "overlay-xxgDlJXV2I4JqkeQQ_Y5ZxY7L9T4"},
    ),
    owner_request(
        CHANGE_OVERLAY_KEY,
        "Calls a key something else, gives it other scopes or another end. With other scopes its connections end, with "
        "1001.",
        record(["id"], id=TEXT, name=TEXT, scopes=_SCOPES, expires_at_ms=_MOMENT),
        asked={"id": "3d76f703", "name": "alerts and chat"},
        answer={},
    ),
    owner_request(
        REVOKE_OVERLAY_KEY,
        "Makes a key worthless; its connections end with 4011.",
        record(["id"], id=TEXT),
        asked={"id": "3d76f703"},
        answer={},
    ),
    _shown(
        ORIGINS,
        "The web sites that the owner decided about: those whose pages may connect, and those that are refused "
        "unasked.",
        record(
            ["origin", "decision", "decided_at_ms", "used_at_ms"],
            origin=TEXT,
            decision={"enum": ["allowed", "refused"]},
            decided_at_ms=COUNT,
            used_at_ms=_MOMENT,
        ),
        sample=[
            {
                "origin": "https://overlays.example",
                "decision": "allowed",
                "decided_at_ms": A_MOMENT_MS,
                "used_at_ms": None,
            }
        ],
    ),
    _stored(ORIGIN_DECISIONS, "The same decisions, as they are kept.", origin=TEXT, is_allowed=FLAG),
    owner_request(
        DECIDE_ORIGIN,
        "Lets the pages of a web site connect, or refuses them unasked; those that are here end with 4011 then.",
        record(["origin", "allow"], origin=TEXT, allow=FLAG),
        asked={"origin": "https://overlays.example", "allow": True},
        answer={},
    ),
    owner_request(
        FORGET_ORIGIN,
        "Forgets what was decided about a web site: its connections end with 4011, and the next one is asked about.",
        record(["origin"], origin=TEXT),
        asked={"origin": "https://overlays.example"},
        answer={},
    ),
    _shown(
        DEVICES,
        "The browsers that may open the console without a link.",
        record(
            ["id", "name", "address", "made_at_ms", "used_at_ms"],
            id=TEXT,
            name=TEXT,
            address=TEXT,
            made_at_ms=COUNT,
            used_at_ms=_MOMENT,
        ),
        sample=[
            {
                "id": "c41d",
                "name": "Firefox on Android",
                "address": "192.0.2.7",
                "made_at_ms": A_MOMENT_MS,
                "used_at_ms": None,
            }
        ],
    ),
    _stored(
        CONSOLE_PASSES,
        "The same browsers, by the hashes of their passes.",
        hash=TEXT,
        id=TEXT,
        name=TEXT,
        address=TEXT,
    ),
    owner_request(
        FORGET_DEVICE,
        "Signs a browser out of the console; its connections end with 4011.",
        record(["id"], id=TEXT),
        asked={"id": "c41d"},
        answer={},
    ),
    owner_request(
        PAIR,
        "Makes a code by which a phone or another computer asks to open the console, once and soon: as an address, and "
        "as a picture of it to be scanned. `addresses` are all hosts by which the console's door can be reached, the "
        "likeliest first; `host` chooses one of them.",
        record([], host=TEXT),
        asked={"host": "192.0.2.2"},
        answer={
            "url": "http://192.0.2.2:4330/#pair=AB12CD34",
            "qr": "data:image/svg+xml;base64,PHN2ZyAuLi4+",
            "expires_in_s": 120.0,
            "addresses": ["192.0.2.2"],
        },
    ),
    KeySpec(
        pattern="stagedoor/revoked/<list>",
        kind=Kind.SECRET,
        summary="What was forgotten, revoked, refused or signed out of a list (`apps`, `overlay-keys`, `origins`, "
        "`devices`), and when, in Unix seconds: it comes back neither by a restore nor by a write, and a restore takes "
        "none of this away. Of a site, what is decided later holds.",
        schema={"type": "object", "additionalProperties": _SECONDS},
        owner="stagedoor",
        readers=Audience.OWNER,
        listers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    owner_request(
        CHECK_SCOPES,
        "Says how scopes are written in full, or what is wrong with them; with `read_only`, as those of an overlay "
        "key.",
        record(["scopes"], scopes=_SCOPES, read_only=FLAG),
        asked={"scopes": ["read:loyalty/*"], "read_only": True},
        answer={"scopes": ["read:loyalty/*"]},
    ),
)
