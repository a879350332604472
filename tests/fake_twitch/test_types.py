"""What Helix answers here, checked by the TypeScript compiler against npm's ``ts-twitch-api`` 0.2.8.

Its types are made from Twitch's reference. An answer is written as a literal, so that a member too many fails as well
as one that is missing.
"""

import asyncio
import re
import shutil
from pathlib import Path

import msgspec

from stagedoor.fake_twitch import FakeTwitch
from tests.fake_twitch.conftest import Visitor
from tests.fake_twitch.everything import ask_everything

ROOT = Path(__file__).parents[2]
COMPILER = ROOT / "web/node_modules/typescript/bin/tsc"
TYPES = ROOT / "tests/clients/node_modules/ts-twitch-api/dist/index"

_NO_PICTURE = "Type 'null' is not assignable to type '{ url_1x: string; url_2x: string; url_4x: string; }'."
_NO_TEXT = "Type 'null' is not assignable to type 'string'."
_ANY_CONDITION = "Type 'string' is not assignable to type 'never'."

KNOWN = {
    # The reference's text says "null if"; its types do not.
    ("CreateCustomRewardsResponse", _NO_PICTURE),
    ("GetCustomRewardResponse", _NO_PICTURE),
    ("UpdateCustomRewardResponse", _NO_PICTURE),
    ("GetChannelChatBadgesResponse", _NO_TEXT),
    ("GetGlobalChatBadgesResponse", _NO_TEXT),
    ("GetUnbanRequestsResponse", _NO_TEXT),
    (
        "SendChatMessageResponse",
        "Type 'null' is not assignable to type '{ code: string; message: string; } | undefined'.",
    ),
    # A condition's members depend on the topic; the types allow none at all.
    ("CreateEventSubSubscriptionResponse", _ANY_CONDITION),
    ("GetEventSubSubscriptionsResponse", _ANY_CONDITION),
    # The types take the train's members for those of a contribution, as they stand in one table.
    (
        "GetHypeTrainStatusResponse",
        """Type '"bits"' is not assignable to type '"treasure" | "golden_kappa" | "regular"'.""",
    ),
}
"""Where the compiler objects, and is not to be listened to."""


async def test_answers_are_of_the_documented_types(twitch: FakeTwitch, visitor: Visitor, tmp_path: Path) -> None:
    asked = await ask_everything(twitch, visitor)
    names = sorted({kind for kind, _ in asked})
    lines = [f"import type {{ {', '.join(names)} }} from {msgspec.json.encode(str(TYPES)).decode()};"]
    for number, (kind, body) in enumerate(asked):
        lines.append(f"export const answer{number}: {kind} = {msgspec.json.encode(body).decode()};")
    source = tmp_path / "answers.ts"
    source.write_text("\n".join(lines), "utf-8")
    node = shutil.which("node")
    assert node is not None, "the tests need Node 20 or newer"
    process = await asyncio.create_subprocess_exec(
        node,
        str(COMPILER),
        *("--noEmit", "--strict", "--skipLibCheck", "--pretty", "false"),
        str(source),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    found = set()
    for line in output.decode().splitlines():
        place = re.match(r".*answers\.ts\((\d+),\d+\): error TS\d+: (.*)", line)
        if place is not None:
            found.add((asked[int(place[1]) - 2][0], place[2]))
    assert found == KNOWN
    assert len(output.splitlines()) >= len(KNOWN), output  # It did compile.
