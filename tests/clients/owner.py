"""The owner at work: answers questions of applications over the control credential, as the command line does."""

import msgspec

from stagedoor.kilovolt import Client
from tests.conftest import Server


async def answer_next_question(
    server: Server, *, allow: bool, remember: bool = False, **terms: object
) -> dict[str, object]:
    """Wait for a question, answer it, and return what the owner was shown; ``terms`` are scopes, and an end."""
    async with Client(server.url, token=server.control_token) as owner, owner.watch("stagedoor/asks") as changes:
        questions = msgspec.json.decode(await owner.get("stagedoor/asks"), type=list[dict[str, object]])
        while not questions:
            change = await anext(aiter(changes))
            questions = msgspec.json.decode(change.value, type=list[dict[str, object]])
        answer = {"id": questions[0]["id"], "allow": allow, "remember": remember, **terms}
        await owner.call_json("stagedoor/@answer-ask", answer)
        return questions[0]


async def make_overlay_key(server: Server, *scopes: str, **terms: object) -> tuple[str, str]:
    """Make an overlay key; returns its id and the key."""
    async with Client(server.url, token=server.control_token) as owner:
        wanted = {"name": "for a test", "scopes": scopes, **terms}
        made = await owner.call_json("stagedoor/@make-overlay-key", wanted, dict[str, str])
    assert made is not None
    return made["id"], made["key"]


async def revoke_overlay_key(server: Server, key_id: str) -> None:
    """Make an overlay key worthless."""
    async with Client(server.url, token=server.control_token) as owner:
        await owner.call_json("stagedoor/@revoke-overlay-key", {"id": key_id})
