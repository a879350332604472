"""What overlays in the field read of events and say to the door, each shown by a page of our own in Chromium.

The overlays are nutty.gg's multichat overlay and multistream alerts, BlackyWhoElse's chat, alerts, countdown and poll,
cdutson's alerts, MrrZed0's chat overlay, Luposity's big emotes, OnlyRipper's star rain, liyunze-coding's pomodoro timer
and andi242's poll, as published in 2023 to 2026. Each was tried against the real server; none of their code is here.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.async_api import Page

from tests.clients.browser import chromium_page
from tests.clients.stage import Stage
from tests.conftest import Server

CLIENT = Path(__file__).parent / "node_modules" / "@streamerbot" / "client" / "dist" / "streamerbot-client.js"

PAGE = """<!doctype html><meta charset="utf-8"><ol></ol><script src="client.js"></script><script>
// Shows the members that it is told to read, `a.b.0.c` by their path; one that is absent is shown as such.
const parameters = new URLSearchParams(location.search);
const read = (data, path) => path.split(".").reduce((value, name) => value?.[name], data);
const shown = (value) => (value === undefined ? "ABSENT" : JSON.stringify(value));
const client = new StreamerbotClient({
  host: parameters.get("address"),
  port: parameters.get("port"),
  password: parameters.get("password") ?? "",
  logger: null,
  autoReconnect: false,
  onError: ({ message }) => document.body.append(message),
});
const events = JSON.parse(parameters.get("events"));
const listening = Object.entries(events).map(([name, paths]) =>
  client.on(name, ({ data }) => {
    const line = document.createElement("li");
    line.textContent = JSON.stringify(paths.map((path) => shown(read(data, path))));
    document.querySelector("ol").append(line);
  }),
);
const { subscribe } = client;
client.subscribe = async (chosen) => {
  const reply = await subscribe.call(client, chosen);
  document.body.dataset.subscribed = "yes";
  return reply;
};
</script>"""

TIMEOUT_MS = 10_000

Reads = dict[str, object]
"""Paths that an overlay reads, and what it shows."""

EMOTE = {"name": "Kappa", "type": "twitch_globals", "imageUrl": "https://example.org/kappa.png"}

CHATS: list[tuple[str, dict[str, object], Reads]] = [
    (
        "Twitch.ChatMessage",
        {"user": {"name": "Ada", "role": 3}, "text": "Hello Kappa"},
        {
            "message.message": "Hello Kappa",
            "message.username": "ada",
            "message.displayName": "Ada",
            "message.role": 3,
            "message.subscriber": False,
            "message.firstMessage": False,
            "message.isReply": False,
            "message.isMe": False,
            "message.isHighlighted": False,
            "message.isCustomReward": False,
            "message.badges.0.name": "moderator",
            "message.badges.length": 1,
            "message.emotes.0.startIndex": 6,
            "message.emotes.0.endIndex": 10,
            "emotes.0.name": "Kappa",
            "emotes.0.imageUrl": EMOTE["imageUrl"],
            "cheerEmotes.length": 0,
            "isFromSharedChatGuest": False,
            "user.login": "ada",
            "parts.1.type": "emote",
        },
    ),
    (
        "Twitch.ChatMessage",
        {"user": "Bob", "text": "Yes", "reply": {"userName": "Ada", "msgBody": "Is it?"}},
        {"message.isReply": True, "message.reply.userName": "Ada", "message.reply.msgBody": "Is it?", "isReply": True},
    ),
    (
        "Twitch.Cheer",
        {"user": "Bob", "text": "Cheer100 go"},
        {
            "bits": 100,
            "message.displayName": "Bob",
            "message.message": "Cheer100 go",
            "user.name": "Bob",
            "cheerEmotes.0.bits": 100,
            "cheerEmotes.0.name": "Cheer",
            "parts.0.type": "cheer",
        },
    ),
    (
        "Twitch.Announcement",
        {"user": "Ada", "text": "Listen", "announcementColor": "BLUE"},
        {
            "announcementColor": "BLUE",
            "user.name": "Ada",
            "user.login": "ada",
            "user.badges.length": 0,
            "text": "Listen",
            "parts.0.text": "Listen",
        },
    ),
    (
        "Twitch.ChatMessageDeleted",
        {"messageId": "m1", "user": "Bob"},
        {"messageId": "m1", "targetMessageId": "m1", "targetUser.login": "bob"},
    ),
    ("Twitch.UserTimedOut", {"user": {"id": "7", "name": "Bob"}}, {"targetUser.id": "7", "user_id": "7"}),
    ("Twitch.UserBanned", {"user": {"id": "7", "name": "Bob"}}, {"targetUser.id": "7", "duration": 0}),
    (
        "YouTube.Message",
        {"user": {"name": "Cy", "isModerator": True}, "message": "On YouTube", "eventId": "e1"},
        {
            "message": "On YouTube",
            "eventId": "e1",
            "user.name": "Cy",
            "user.isOwner": False,
            "user.isModerator": True,
            "user.isSponsor": False,
            "user.isVerified": False,
            "user.profileImageUrl": "",
            "emotes.length": 0,
        },
    ),
    (
        "Kick.ChatMessage",
        {"user": "Dee", "text": "On Kick"},
        {"user.name": "Dee", "user.login": "dee", "text": "On Kick"},
    ),
]

ALERTS: list[tuple[str, dict[str, object], Reads]] = [
    ("Twitch.Follow", {"user": "Ada"}, {"user_name": "Ada", "user_login": "ada"}),
    (
        "Twitch.Sub",
        {"user": "Ada", "tier": 2},
        {"user.name": "Ada", "user.login": "ada", "sub_tier": "2000", "is_prime": False, "user.badges.length": 0},
    ),
    (
        "Twitch.ReSub",
        {"user": "Ada", "months": 7, "text": "Again"},
        {"subTier": "1000", "isPrime": False, "cumulativeMonths": 7, "text": "Again", "user.name": "Ada"},
    ),
    (
        "Twitch.GiftSub",
        {"user": "Ada", "recipient": "Bob", "totalSubsGifted": 3},
        {
            "subTier": "1000",
            "recipient.name": "Bob",
            "cumlativeTotal": 3,
            "totalSubsGifted": 3,
            "fromCommunitySubGift": False,
            "isAnonymous": False,
        },
    ),
    (
        "Twitch.GiftBomb",
        {"user": "Ada", "recipients": [{"id": "1", "name": "Bob"}, {"id": "2", "name": "Cy"}], "totalGifts": 9},
        {
            "recipients.length": 2,
            "recipients.1.id": "2",
            "gifts": 2,
            "total": 2,
            "cumulative_total": 9,
            "sub_tier": "1000",
        },
    ),
    (
        "Twitch.RewardRedemption",
        {"user": "Ada", "reward": {"title": "Hydrate", "cost": 50}, "user_input": "Now"},
        {
            "user_name": "Ada",
            "user_login": "ada",
            "reward.title": "Hydrate",
            "reward.cost": 50,
            "reward.prompt": "",
            "user_input": "Now",
        },
    ),
    (
        "Twitch.AutomaticRewardRedemption",
        {"user": "Ada", "reward_type": "gigantify_an_emote", "gigantified_emote": EMOTE},
        {"reward_type": "gigantify_an_emote", "gigantified_emote.imageUrl": EMOTE["imageUrl"], "user_name": "Ada"},
    ),
    (
        "Twitch.Raid",
        {"user": "Ada", "viewers": 5},
        {
            "from_broadcaster_user_login": "ada",
            "from_broadcaster_user_name": "Ada",
            "viewers": 5,
            "viewerCount": 5,
            "profileImage": "",
        },
    ),
    (
        "Twitch.WatchStreak",
        {"user": "Ada", "watchStreak": 4, "text": "Still here"},
        {"userName": "ada", "displayName": "Ada", "watchStreak": 4, "message": "Still here", "streak_count": 4},
    ),
    (
        "YouTube.SuperChat",
        {"user": "Ada", "amount": "5 €", "message": "Great"},
        {"user.name": "Ada", "user.profileImageUrl": "", "amount": "5 €", "message": "Great"},
    ),
    (
        "YouTube.SuperSticker",
        {"user": "Ada", "amount": "5 €", "stickerImageUrl": "https://example.org/sticker.png"},
        {"user.name": "Ada", "amount": "5 €", "imageUrl": "https://example.org/sticker.png"},
    ),
    ("YouTube.NewSponsor", {"user": "Ada", "levelName": "Gold"}, {"levelName": "Gold", "user.name": "Ada"}),
    (
        "YouTube.GiftMembershipReceived",
        {"user": "Ada", "gifter": "Bob", "tier": "Gold"},
        {"gifter.name": "Bob", "user.name": "Ada", "tier": "Gold", "user.profileImageUrl": ""},
    ),
    ("Kick.Follow", {"user": "Ada"}, {"user.name": "Ada"}),
    (
        "Streamlabs.Donation",
        {"from": "Ada", "amount": 5, "message": "For tea"},
        {"from": "Ada", "formattedAmount": "$5.00", "currency": "USD", "message": "For tea"},
    ),
    (
        "StreamElements.Tip",
        {"username": "Ada", "amount": 5},
        {"username": "Ada", "amount": 5, "currency": "USD", "message": ""},
    ),
    (
        "Kofi.Donation",
        {"from": "Ada", "amount": 5},
        {"from": "Ada", "amount": 5, "currency": "USD", "message": "", "isPublic": True},
    ),
    ("Kofi.ShopOrder", {"from": "Ada"}, {"items.length": 0, "amount": 0, "currency": "USD"}),
    ("TipeeeStream.Donation", {"username": "Ada", "amount": 5}, {"username": "Ada", "amount": 5, "currency": "USD"}),
    (
        "Patreon.PledgeCreated",
        {"attributes": {"full_name": "Ada", "will_pay_amount_cents": 500}},
        {"attributes.full_name": "Ada", "attributes.will_pay_amount_cents": 500},
    ),
    (
        "Fourthwall.OrderPlaced",
        {"username": "Ada"},
        {"username": "Ada", "total": 0, "currency": "USD", "variants.0.name": "", "variants.0.image": ""},
    ),
    ("Fourthwall.GiftPurchase", {"total": 9}, {"gifts.length": 0, "offer.name": "", "total": 9}),
    ("Fourthwall.GiftDrawEnded", {"gifts": [{"winner": "Ada"}]}, {"gifts.0.winner": "Ada"}),
]


@asynccontextmanager
async def overlay(server: Server, events: dict[str, list[str]]) -> AsyncIterator[Page]:
    """Load the overlay with the address of the server, and wait until it has subscribed."""
    files: dict[str, str | bytes] = {"/": PAGE, "/client.js": CLIENT.read_bytes()}
    async with chromium_page(files) as (page, site):
        await page.goto(f"{site}/?{query(server, events)}")
        await page.wait_for_selector("[data-subscribed]", state="attached", timeout=TIMEOUT_MS)
        yield page


def query(server: Server, events: dict[str, list[str]]) -> str:
    """Say in the overlay's address where the server is, and what to show."""
    return f"address=127.0.0.1&port={server.streamerbot_port}&events={msgspec.json.encode(events).decode()}"


async def lines(page: Page, count: int) -> list[list[Any]]:
    """Wait for what the overlay shows."""
    await page.wait_for_function(
        "(count) => document.querySelectorAll('li').length >= count", arg=count, timeout=TIMEOUT_MS
    )
    texts = await page.locator("li").all_inner_texts()
    return [
        [value if value == "ABSENT" else msgspec.json.decode(value) for value in msgspec.json.decode(text)]
        for text in texts
    ]


@pytest.mark.parametrize("cases", [CHATS, ALERTS], ids=["chat", "alerts"])
async def test_an_event_of_which_little_was_said_has_what_overlays_read(
    both_doors: Server, cases: list[tuple[str, dict[str, object], Reads]]
) -> None:
    names = dict.fromkeys(name for name, _, _ in cases)
    paths = {name: [path for case, _, reads in cases if case == name for path in reads] for name in names}
    async with Stage(both_doors) as stage, overlay(both_doors, paths) as page:
        await stage.ask("put", ["emotes/twitch", {"userEmotes": [EMOTE]}])
        for name, data, _ in cases:
            await stage.emit(*name.split("."), **data)
        shown = await lines(page, len(cases))
    for (name, _, reads), values in zip(cases, shown, strict=True):
        got = dict(zip(paths[name], values, strict=True))
        assert {path: got[path] for path in reads} == reads, name


async def test_a_run_of_an_action_tells_overlays_its_name_and_arguments(both_doors: Server) -> None:
    """Polls and star rains hear the action, not an event of their own."""
    events = {
        "Raw.Action": ["name", "arguments.poll"],
        "Raw.SubAction": ["parentName", "arguments.startRain", "arguments.minimCount"],
    }
    steps = [{"type": "setArgument", "name": "startRain", "value": True}, {"type": "log", "message": "rain"}]
    async with Stage(both_doors) as stage, overlay(both_doors, events) as page:
        await stage.ask("put", ["action/rain", {"name": "Created Poll", "steps": steps}])
        args = {"poll": '{"choices": []}', "minimCount": 3}
        await stage.ask("call", ["action/@run", {"action": {"name": "Created Poll"}, "args": args}])
        shown = await lines(page, 3)
    assert shown[0] == ["Created Poll", '{"choices": []}']
    assert shown[-1] == ["Created Poll", True, 3]


async def test_a_change_of_a_variable_reaches_overlays_that_show_it(both_doors: Server) -> None:
    events = {
        "Misc.GlobalVariableCreated": ["name", "value"],
        "Misc.GlobalVariableUpdated": ["name", "newValue", "oldValue", "persisted"],
        "Misc.GlobalVariableDeleted": ["name"],
    }
    async with Stage(both_doors) as stage, overlay(both_doors, events) as page:
        for value in (1, '{"follower": "Ada"}'):
            await stage.ask("call", ["global/@set", {"name": "goal", "value": value}])
        await stage.ask("call", ["global/@delete", {"name": "goal"}])
        assert await lines(page, 3) == [["goal", 1], ["goal", '{"follower": "Ada"}', 1, True], ["goal"]]


async def test_a_page_from_a_file_is_let_in_by_the_password_alone(both_doors: Server, tmp_path: Path) -> None:
    """Any web site can make a page of that origin; OBS opens files under an origin of its own, which needs none."""
    (tmp_path / "index.html").write_text(PAGE)
    shutil.copy(CLIENT, tmp_path / "client.js")
    address = f"{(tmp_path / 'index.html').as_uri()}?{query(both_doors, {'Twitch.Follow': ['user_name']})}"
    async with Stage(both_doors) as stage, chromium_page({}) as (page, _):
        await page.goto(address)
        await page.wait_for_function("document.body.innerText.length > 0")
        assert await page.evaluate("client.ready") is False
        await page.goto(f"{address}&password={both_doors.password}")
        await page.wait_for_selector("[data-subscribed]", state="attached", timeout=TIMEOUT_MS)
        await stage.emit("Twitch", "Follow", user="Ada")
        assert await lines(page, 1) == [["Ada"]]
