"""What is answered and told here, checked by the TypeScript compiler against types that others have written down.

Helix against npm's ``ts-twitch-api`` 0.2.8, whose types are made from Twitch's reference: an answer is written as a
literal, so that a member too many fails as well as one that is missing. EventSub against ``@twurple/eventsub-base``
8.1.4, for what is missing or of another kind; it does not know all members.
"""

import asyncio
import re
import shutil
from pathlib import Path
from typing import Final

import msgspec

from stagedoor.fake_twitch import CATALOGUE, FakeTwitch, sample
from tests.fake_twitch.conftest import Visitor
from tests.fake_twitch.everything import ask_everything

ROOT = Path(__file__).parents[2]
COMPILER = ROOT / "web/node_modules/typescript/bin/tsc"
PACKAGES = ROOT / "tests/clients/node_modules"
EVENTS = PACKAGES / "@twurple/eventsub-base/lib/events"

Objection = tuple[str, str]
"""What of, and the compiler's words."""

_NO_PICTURE = "Type 'null' is not assignable to type '{ url_1x: string; url_2x: string; url_4x: string; }'."
_NO_TEXT = "Type 'null' is not assignable to type 'string'."
_ANY_CONDITION = "Type 'string' is not assignable to type 'never'."

KNOWN: Final[set[Objection]] = {
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
"""Where the compiler objects to an answer, and is not to be listened to."""

KNOWN_OF_EVENTS: Final[set[Objection]] = {
    # Null if the train is not shared, says the reference.
    *(
        (
            f"channel.hype_train.{what}",
            "Type 'null' is not assignable to type 'EventSubChannelHypeTrainSharedParticipantData[]'.",
        )
        for what in ("begin", "progress", "end")
    ),
    # JSON has no dates.
    *(
        (f"channel.goal.{what}", "Type 'string' is not assignable to type 'Date'.")
        for what in ("begin", "progress", "end")
    ),
    # It takes them for Helix's, where the broadcaster is called otherwise; the other clients do not.
    *(
        (
            f"channel.charity_campaign.{what.lower()}",
            (
                "Object literal may only specify known properties, and "
                f"'\"broadcaster_user_id\"' does not exist in type 'EventSubChannelCharityCampaign{what}EventData'."
            ),
        )
        for what in ("Start", "Progress", "Stop")
    ),
    (
        "channel.charity_campaign.donate",
        (
            "Object literal may only specify known properties, and "
            "'\"id\"' does not exist in type 'EventSubChannelCharityDonationEventData'."
        ),
    ),
}

_NAMES: Final = {
    "channel.subscribe": "ChannelSubscription",
    "channel.moderator.add": "ChannelModerator",
    "channel.moderator.remove": "ChannelModerator",
    "channel.vip.add": "ChannelVip",
    "channel.vip.remove": "ChannelVip",
    "channel.channel_points_custom_reward.add": "ChannelReward",
    "channel.channel_points_custom_reward.update": "ChannelReward",
    "channel.channel_points_custom_reward.remove": "ChannelReward",
    "channel.channel_points_custom_reward_redemption.add": "ChannelRedemptionAdd",
    "channel.channel_points_custom_reward_redemption.update": "ChannelRedemptionUpdate",
    "channel.channel_points_automatic_reward_redemption.add": "ChannelAutomaticRewardRedemptionAddV2",
    "channel.charity_campaign.donate": "ChannelCharityDonation",
    "channel.shared_chat.begin": "ChannelSharedChatSessionBegin",
    "channel.shared_chat.update": "ChannelSharedChatSessionUpdate",
    "channel.shared_chat.end": "ChannelSharedChatSessionEnd",
    "channel.hype_train.begin": "ChannelHypeTrainBeginV2",
    "channel.hype_train.progress": "ChannelHypeTrainProgressV2",
    "channel.hype_train.end": "ChannelHypeTrainEndV2",
}
"""What it calls those topics whose names it does not make from Twitch's."""


def type_of(topic: str) -> tuple[str, Path]:
    """The name of the type of a topic's event, and its file."""
    name = _NAMES.get(topic) or "".join(word.capitalize() for word in re.split(r"[._]", topic))
    folder = EVENTS / "chatNotifications" if topic == "channel.chat.notification" else EVENTS
    return f"EventSub{name}EventData", folder / f"EventSub{name}Event.external.js"


async def compile_lines(folder: Path, imports: list[str], checked: list[tuple[str, str]]) -> set[Objection]:
    """Compile lines of TypeScript, each with what it checks, and return what the compiler objects to."""
    source = folder / "checked.ts"
    source.write_text("\n".join([*imports, *(line for _, line in checked)]), "utf-8")
    node = shutil.which("node")
    assert node is not None, "the tests need Node 20 or newer"
    process = await asyncio.create_subprocess_exec(
        node,
        str(COMPILER),
        *("--noEmit", "--strict", "--skipLibCheck", "--pretty", "false"),
        *("--module", "nodenext", "--moduleResolution", "nodenext"),
        str(source),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    found = set()
    for line in output.decode().splitlines():
        place = re.match(r".*checked\.ts\((\d+),\d+\): error TS\d+: (.*)", line)
        if place is None:
            assert line.startswith(" "), line  # It goes on about the line before.
            continue
        number = int(place[1]) - len(imports) - 1
        assert number >= 0, line
        found.add((checked[number][0], place[2]))
    return found


def quote(thing: object) -> str:
    return msgspec.json.encode(thing).decode()


async def test_answers_are_of_the_documented_types(twitch: FakeTwitch, visitor: Visitor, tmp_path: Path) -> None:
    asked = await ask_everything(twitch, visitor)
    names = sorted({kind for kind, _ in asked})
    types = quote(str(PACKAGES / "ts-twitch-api/dist/index.js"))
    checked = [
        (kind, f"export const answer{number}: {kind} = {quote(body)};") for number, (kind, body) in enumerate(asked)
    ]
    assert await compile_lines(tmp_path, [f"import type {{ {', '.join(names)} }} from {types};"], checked) == KNOWN


async def test_events_are_of_the_types_that_a_client_expects(tmp_path: Path) -> None:
    topics = [name for name in CATALOGUE if name != "channel.moderate"]  # It has a type for each action of that.
    imports, checked = [], []
    for number, topic in enumerate(topics):
        name, file = type_of(topic)
        imports.append(f"import type {{ {name} as Type{number} }} from {quote(str(file))};")
        checked.append((topic, f"check<Type{number}>()({quote(sample(topic))});"))
    imports.append("declare function check<T>(): <U extends T>(value: U) => void;")
    assert await compile_lines(tmp_path, imports, checked) == KNOWN_OF_EVENTS
