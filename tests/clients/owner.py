"""The owner at work: answers questions of applications over the control credential, as the command line does."""

import msgspec

from stagedoor.kilovolt import Client
from tests.conftest import Server


async def answer_next_question(server: Server, *, allow: bool, remember: bool = False) -> dict[str, object]:
    """Wait for a question, answer it, and return what the owner was shown."""
    async with Client(server.url, token=server.control_token) as owner, owner.watch("stagedoor/asks") as changes:
        questions = msgspec.json.decode(await owner.get("stagedoor/asks"), type=list[dict[str, object]])
        while not questions:
            change = await anext(aiter(changes))
            questions = msgspec.json.decode(change.value, type=list[dict[str, object]])
        answer = msgspec.json.encode({"id": questions[0]["id"], "allow": allow, "remember": remember}).decode()
        await owner.call("stagedoor/@answer-ask", answer)
        return questions[0]
