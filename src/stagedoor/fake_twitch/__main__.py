"""``python -m stagedoor.fake_twitch [--port N] [--lively]``: a fake Twitch alone, until it is interrupted.

It prints one line of JSON: its addresses, its clients, and a token of the owner and of the bot with all scopes.
"""

import argparse
import asyncio
import contextlib
import sys

import msgspec

from stagedoor.fake_twitch.demo import liven
from stagedoor.fake_twitch.server import FakeTwitch


async def serve(port: int, *, is_lively: bool) -> None:
    """Run until cancelled."""
    async with FakeTwitch(port=port) as twitch:
        owner, bot = twitch.issue_token(), twitch.issue_token(twitch.world.bot)
        told = {
            **twitch.urls._asdict(),
            "port": twitch.port,
            "activate": f"{twitch.address}/activate",
            "client_id": twitch.client_id,
            "client_secret": twitch.client_secret,
            "public_client_id": twitch.public_client_id,
            "owner": {"id": twitch.world.owner.id, "login": twitch.world.owner.login, "token": owner.text},
            "bot": {"id": twitch.world.bot.id, "login": twitch.world.bot.login, "token": bot.text},
        }
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        sys.stdout.flush()
        if is_lively:
            await liven(twitch.world)
        await asyncio.Event().wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m stagedoor.fake_twitch", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port to listen on; any free one by default")
    parser.add_argument("--lively", action="store_true", help="let people chat, follow and subscribe")
    asked = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(asked.port, is_lively=asked.lively))


if __name__ == "__main__":
    main()
