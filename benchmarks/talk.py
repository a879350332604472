"""A fake Twitch whose viewers talk when they are told to: a process of its own.

It prints where it is and the tokens of its accounts, one line of JSON. Each line that it then reads, ``COUNT RATE``,
lets viewers say so many messages, so many a second.
"""

import asyncio
import json
import sys
import time
from typing import Final

from stagedoor.fake_twitch import FakeTwitch, Token, User
from stagedoor.strimertul import AuthKeys, write, write_time

VIEWERS: Final = 50
COMMANDS: Final = 50
COMMAND_EVERY: Final = 10
"""Of how many messages one is a command."""

LAST: Final = "and that is all"


async def serve() -> None:
    """Serve until the standard input ends."""
    async with FakeTwitch() as twitch:
        print(json.dumps({"urls": twitch.urls._asdict(), "keys": _keys(twitch)}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            count, rate = line.split()
            await _talk(twitch, int(count), float(rate))


async def _talk(twitch: FakeTwitch, count: int, rate: float) -> None:
    began_at = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, began_at + number / rate - time.monotonic()))
        words = f"!command{number // COMMAND_EVERY % COMMANDS}" if number % COMMAND_EVERY == 0 else "hello"
        end = f" {LAST}" if number == count - 1 else ""
        twitch.world.chat(f"viewer{number % VIEWERS}", f"{words} said at {time.monotonic_ns()}{end}")


def _keys(twitch: FakeTwitch) -> dict[str, str]:
    config = {
        "enabled": True,
        "enable_bot": True,
        "api_client_id": twitch.client_id,
        "api_client_secret": twitch.client_secret,
    }
    return {
        "twitch/auth-keys": _tokens(twitch, twitch.world.owner),
        "twitch/bot-auth-keys": _tokens(twitch, twitch.world.bot),
        "twitch/config": json.dumps(config),
    }


def _tokens(twitch: FakeTwitch, user: User) -> str:
    token: Token = twitch.issue_token(user)
    return write(
        AuthKeys(
            access_token=token.text,
            refresh_token=token.refresh or "",
            expires_in=round(token.expires_at - time.time()),
            scope=list(token.scopes),
            time=write_time(time.time()),
        )
    )


if __name__ == "__main__":
    asyncio.run(serve())
