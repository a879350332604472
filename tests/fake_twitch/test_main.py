"""``python -m stagedoor.fake_twitch``: a Twitch in a process of its own."""

import asyncio
import sys

import aiohttp
import msgspec

PATIENCE_S = 60.0


async def test_tells_where_it_is(session: aiohttp.ClientSession) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "stagedoor.fake_twitch", "--lively", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            told = msgspec.json.decode(await process.stdout.readline())
        headers = {"Authorization": f"Bearer {told['bot']['token']}", "Client-Id": told["client_id"]}
        async with session.get(f"{told['api']}/users", headers=headers) as response:
            assert (await response.json())["data"][0]["id"] == told["bot"]["id"]
        async with session.ws_connect(told["eventsub"]) as socket:
            assert (await socket.receive_json())["metadata"]["message_type"] == "session_welcome"
        async with session.get(f"{told['api']}/streams", headers=headers) as response:
            assert (await response.json())["data"][0]["user_login"] == "strimertul"
    finally:
        process.terminate()
        await process.wait()
