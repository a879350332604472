"""strimertül's keys that hold secrets, listed so that a database that moves in keeps them from the first moment."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import COUNT, FLAG, TEXT, record

SPECS: Final = (
    KeySpec(
        pattern="twitch/config",
        kind=Kind.STATE,
        summary="The Twitch application's credentials, as strimertül keeps them.",
        schema=record(
            [], enabled=FLAG, enable_bot=FLAG, api_client_id=TEXT, api_client_secret={**TEXT, "writeOnly": True}
        ),
        owner="strimertül",
        secret_members=frozenset(("api_client_secret",)),
    ),
    KeySpec(
        pattern="twitch/bot-config",
        kind=Kind.STATE,
        summary="The chat bot's account, as strimertül keeps it.",
        schema=record(
            [],
            username=TEXT,
            oauth={**TEXT, "writeOnly": True},
            channel=TEXT,
            chat_history=COUNT,
            command_cooldown=COUNT,
        ),
        owner="strimertül",
        secret_members=frozenset(("oauth",)),
    ),
    KeySpec(
        pattern="twitch/auth-keys",
        kind=Kind.SECRET,
        summary="The Twitch user's tokens, as strimertül keeps them.",
        owner="strimertül",
        writers=Audience.OWNER,
    ),
)
