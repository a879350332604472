"""The completion of events: what overlays read is there, what was given stays, in both shapes of each event."""

import copy
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor.streamerbot.events import CATALOGUE, Emotes, EventName, complete
from stagedoor.streamerbot.events.completion import BUILDERS
from stagedoor.types import JsonObject

NOW = 1_767_640_500.5
KAPPA = {
    "name": "Kappa",
    "type": "twitch_globals",
    "imageUrl": "https://static-cdn.jtvnw.net/emoticons/v2/25/default/dark/3.0",
}
CAT = {
    "name": "catJAM",
    "type": "BTTVGlobal",
    "imageUrl": "https://cdn.betterttv.net/emote/5f1b/3x",
    "zeroWidth": False,
}
EMOTES = Emotes({"userEmotes": [KAPPA], "bttvEmotes": [CAT], "ffzEmotes": [], "sevenTvEmotes": []})


def made(name: str, data: JsonObject) -> Any:
    """The completed data, loosely typed so that a test can reach into it."""
    source, _, type_ = name.partition(".")
    return complete(EventName(source, type_), data, emotes=EMOTES, now=NOW)


def reach(data: Any, path: str) -> Any:
    """What an overlay finds when it reads ``path`` without any check; fails where JavaScript would."""
    for step in path.split("."):
        data = data[int(step)] if isinstance(data, list) else data[step]
    return data


# What minimal events must have, path by path: read in the sources of overlays in the field.
CHAT = """
    message.message message.displayName message.username message.userId message.msgId message.color message.role
    message.subscriber message.badges message.emotes message.cheerEmotes message.isMe message.isReply message.bits
    message.firstMessage message.isHighlighted message.internal message.channel message.monthsSubscribed message.isTest
    text messageId parts emotes cheerEmotes user.id user.login user.name user.color user.role user.badges
    user.subscribed user.type meta.isMe meta.firstMessage meta.isHighlighted meta.internal isReply anonymous isTest
    isFromSharedChatGuest isSharedChat message.isSharedChat message.sharedChat message.sourceBadges message.clientNonce
    meta.clientNonce
"""
YOUTUBE = """
    eventId publishedAt user.id user.name user.url user.profileImageUrl user.isOwner user.isModerator user.isSponsor
    user.isVerified broadcast.id broadcast.tags broadcast.title broadcast.channelId
"""
TARGET = """
    targetUser.id targetUser.login targetUser.name moderator.name user_id user_login user_name createdAt is_test isTest
    moderator_user_id moderator_user_login moderator_user_name
"""
READ = {
    "Twitch.ChatMessage": CHAT,
    "Twitch.FirstWord": CHAT,
    "Twitch.Cheer": f"{CHAT} bits",
    "Twitch.Announcement": "user.name user.color user.badges text parts announcementColor messageId message msgId",
    "Twitch.Whisper": "message.message message.displayName message.userId message.username message.emotes "
    "user.name whisperText whisperId",
    "Twitch.PrimePaidUpgrade": "user.name upgradeTier upgradeTierString systemMessage messageId",
    "Twitch.GiftPaidUpgrade": "user.name gifterUser.name gifter_is_anonymous systemMessage",
    "Twitch.PayItForward": "user.name gifterUser.name gifter_is_anonymous systemMessage",
    "Twitch.BitsBadgeTier": "user.name user.badges bitBadgeTier systemMessage",
    "Twitch.Follow": "user_id user_login user_name followed_at isTest is_test",
    "Twitch.Sub": "user.name user.badges sub_tier is_prime duration_months messageId systemMessage displayName",
    "Twitch.ReSub": "user.name subTier isPrime cumulativeMonths text parts systemMessage message displayName",
    "Twitch.GiftSub": "user.name recipient.name subTier cumlativeTotal fromCommunitySubGift randomCommunitySubGift "
    "isAnonymous recipientDisplayName totalSubsGifted",
    "Twitch.GiftBomb": "user.name user.login recipients total cumulative_total sub_tier gifts totalGifts isAnonymous",
    "Twitch.Raid": "from_broadcaster_user_id from_broadcaster_user_login from_broadcaster_user_name viewers "
    "viewerCount displayName profileImage",
    "Twitch.RewardRedemption": "user_name user_login user_input reward.title reward.cost reward.id redeemed_at status "
    "user.name user.login user.id redemptionId userInput createdAt isTest",
    "Twitch.WatchStreak": "displayName userName msgId watchStreak user.name streak_count parts text message",
    "Twitch.UserTimedOut": f"{TARGET} duration reason target_user_login expires_at",
    "Twitch.UserBanned": f"{TARGET} duration reason moderation_action",
    "Twitch.ChatMessageDeleted": "messageId targetMessageId targetUser.login text message",
    "Twitch.ViewerCountUpdate": "viewerCount viewers",
    "Twitch.AutomaticRewardRedemption": "reward_type user_login message_text cost",
    "Twitch.CustomPowerUpRedemption": "user.name user.login customPowerUp.title customPowerUp.bits userInput "
    "redemptionId userColor",
    "YouTube.Message": f"{YOUTUBE} message emotes parts",
    "YouTube.FirstWords": f"{YOUTUBE} message",
    "YouTube.SuperChat": f"{YOUTUBE} message amount microAmount currencyCode tier",
    "YouTube.SuperSticker": f"{YOUTUBE} amount stickerImageUrl",
    "YouTube.NewSponsor": f"{YOUTUBE} levelName",
    "YouTube.MemberMileStone": f"{YOUTUBE} levelName months message",
    "YouTube.MembershipGift": f"{YOUTUBE} count tier",
    "YouTube.GiftMembershipReceived": f"{YOUTUBE} gifter.name gifter.id tier",
    "YouTube.NewSubscriber": "username userId avatar user.name createdAt",
    "YouTube.UserBanned": "bannedUser.id user.id duration banDuration",
    "YouTube.StatisticsUpdated": "broadcast.id broadcast.status broadcast.tags concurrentViewers likeCount",
    "YouTube.BroadcastUpdated": "id status title tags",
    "Kick.ChatMessage": "text messageId parts emotes isReply user.id user.login user.name user.slug user.role "
    "user.color user.badges user.profilePicture",
    "Kick.Follow": "user.name user.login",
    "Kick.Subscription": "user.name user.login duration monthsSubscribed",
    "Kick.GiftSubscription": "user.name recipient.name",
    "Kick.MassGiftSubscription": "user.name recipients count gifter_total",
    "Kick.RewardRedemption": "redeemer.name reward.title reward.cost description",
    "Kick.UserBanned": "user.name moderator.name reason",
    "Trovo.ChatMessage": "message_id content timestamp text user.userId user.userName user.name",
    "Streamlabs.Donation": "from amount formattedAmount currency message",
    "StreamElements.Tip": "username amount currency message",
    "Kofi.Donation": "from amount currency message isPublic",
    "Kofi.Resubscription": "from tier message",
    "Kofi.ShopOrder": "from amount currency message items",
    "TipeeeStream.Donation": "username amount currency message",
    "Fourthwall.Donation": "username amount currency message",
    "Fourthwall.OrderPlaced": "username total currency variants.0.name variants.0.image statmessageus",
    "Fourthwall.SubscriptionPurchased": "nickname amount currency",
    "Fourthwall.GiftPurchase": "total currency gifts offer.name",
    "Fourthwall.GiftDrawStarted": "durationSeconds offer.name",
    "Fourthwall.GiftDrawEnded": "gifts",
    "Patreon.PledgeCreated": "attributes.full_name attributes.will_pay_amount_cents",
    "DonorDrive.Donation": "donation.displayName donation.amount donation.message",
    "Obs.SceneChanged": "connection.id connection.name scene.sceneName oldScene.sceneName sceneName",
    "Obs.StreamingStarted": "connection.id connection.name connection.version",
}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize(
    "data", [{}, {"user": "Alice", "text": "hi"}, {"user_name": "Alice", "message": "hi"}], ids=str
)
def test_overlays_find_every_member_that_they_read(name: str, data: JsonObject) -> None:
    completed = made(name, data)
    for path in READ[name].split():
        reach(completed, path)


@pytest.mark.parametrize("name", READ)
def test_overlays_find_them_in_the_samples_as_well(name: str) -> None:
    source, _, type_ = name.partition(".")
    sample = CATALOGUE.sample(EventName(source, type_))
    for path in READ[name].split():
        reach(sample, path)


@pytest.mark.parametrize(
    "data",
    [
        {"user": "Alice", "text": "hi Kappa"},
        {"user": {"name": "Alice"}, "text": "hi Kappa"},
        {"user_name": "Alice", "message": "hi Kappa"},
        {"message": {"displayName": "Alice", "message": "hi Kappa"}},
        {"userName": "Alice", "text": "hi Kappa"},
    ],
    ids=str,
)
def test_a_chat_message_is_the_same_however_it_was_given(data: JsonObject) -> None:
    done = made("Twitch.ChatMessage", data)
    assert (done["user"]["name"], done["user"]["login"]) == ("Alice", "alice")
    assert (done["message"]["displayName"], done["message"]["username"]) == ("Alice", "alice")
    assert done["text"] == done["message"]["message"] == "hi Kappa"
    assert done["messageId"] == done["message"]["msgId"]
    assert done["user"]["id"] == done["message"]["userId"]
    kappa = {
        "id": "25",
        "type": "Twitch",
        "name": "Kappa",
        "startIndex": 3,
        "endIndex": 7,
        "imageUrl": KAPPA["imageUrl"],
    }
    assert done["emotes"] == done["message"]["emotes"] == [kappa]
    assert done["parts"] == [
        {"type": "text", "text": "hi "},
        {"type": "emote", "text": "Kappa", "imageUrl": KAPPA["imageUrl"], "source": "Twitch"},
    ]


def test_what_one_shape_says_is_carried_into_the_other() -> None:
    old = made(
        "Twitch.ChatMessage", {"message": {"role": 3, "isMe": True, "color": "#123456", "userId": 42, "bits": 5}}
    )
    assert (old["user"]["role"], old["meta"]["isMe"], old["user"]["color"], old["user"]["id"]) == (
        3,
        True,
        "#123456",
        "42",
    )
    assert old["message"]["hasBits"] is True
    assert [badge["name"] for badge in old["message"]["badges"]] == ["moderator"]
    new = made("Twitch.ChatMessage", {"user": {"role": 4, "subscribed": True}, "meta": {"isHighlighted": True}})
    assert (new["message"]["role"], new["message"]["subscriber"], new["message"]["isHighlighted"]) == (4, True, True)
    assert [badge["name"] for badge in new["user"]["badges"]] == ["broadcaster", "subscriber"]


def test_two_shapes_that_disagree_both_stay() -> None:
    done = made("Twitch.ChatMessage", {"text": "new", "message": "old", "user": "Alice", "user_name": "Bob"})
    assert (done["text"], done["message"]["message"]) == ("new", "old")
    assert (done["user"]["name"], done["message"]["displayName"], done["user_name"]) == ("Alice", "Alice", "Bob")


def test_an_answer_is_known_in_both_shapes() -> None:
    reply = {"userName": "Bob", "msgBody": "who is here?"}
    shapes: list[JsonObject] = [{"reply": reply}, {"message": {"reply": reply}}]
    for data in shapes:
        done = made("Twitch.ChatMessage", data)
        assert done["isReply"] is done["message"]["isReply"] is True
        assert done["reply"] == done["message"]["reply"]
        assert done["reply"]["msgBody"] == "who is here?"
        assert done["reply"]["threadMsgId"] == ""
    assert "reply" not in made("Twitch.ChatMessage", {})


def test_an_answer_to_nothing_known_has_members_to_read_all_the_same() -> None:
    """Overlays read ``message.reply.userName`` wherever ``message.isReply`` is true."""
    shapes: list[JsonObject] = [{"isReply": True}, {"message": {"isReply": True}}]
    for data in shapes:
        done = made("Twitch.ChatMessage", data)
        assert done["reply"] == done["message"]["reply"]
        assert done["message"]["reply"]["userName"] == done["message"]["reply"]["msgBody"] == ""
    assert made("Kick.ChatMessage", {"isReply": True})["reply"]["sender"]["name"] == ""


SHARED: list[JsonObject] = [
    {"isSharedChat": True},
    {"isInSharedChat": True},
    {"message": {"isSharedChat": True}},
    {"message": {"sharedChat": True}},
    {"isSharedChatHost": True},
    {"sharedChat": {"primarySource": True}},
]
GUEST: list[JsonObject] = [
    {"isFromSharedChatGuest": True, "sharedChatSource": {"id": "7", "login": "owl", "name": "Owl"}},
    {"sharedChatSource": {"id": "7", "login": "owl", "name": "Owl"}},
    {"sharedChat": {"primarySource": False, "sourceRoom": {"id": "7", "login": "owl", "name": "Owl"}}},
]


@pytest.mark.parametrize("name", ["Twitch.ChatMessage", "Twitch.FirstWord", "Twitch.Cheer"])
@pytest.mark.parametrize("data", [*SHARED, *GUEST], ids=str)
def test_in_a_shared_chat_every_shape_says_so_and_in_whose_room(name: str, data: JsonObject) -> None:
    """Overlays read ``sharedChat.sourceRoom.name`` unchecked where a flag is true, and put it in lower case."""
    given = data.get("message")
    message = {"channel": "ours", **(given if isinstance(given, dict) else {})}
    done = made(name, {**data, "message": message})
    assert done["isSharedChat"] is done["isInSharedChat"] is True
    assert done["message"]["isSharedChat"] is done["message"]["sharedChat"] is True
    is_guest = data in GUEST
    assert done["isFromSharedChatGuest"] is is_guest
    assert done["sharedChat"]["primarySource"] is not is_guest
    room = done["sharedChat"]["sourceRoom"]
    assert (room["login"], room["name"]) == (("owl", "Owl") if is_guest else ("ours", "ours"))
    assert done.get("sharedChatSource") == (room if is_guest else None)


def test_in_a_chat_of_its_own_there_is_no_room_to_read() -> None:
    done = made("Twitch.ChatMessage", {})
    assert done["isSharedChat"] is done["isInSharedChat"] is done["message"]["isSharedChat"] is False
    assert done["message"]["sharedChat"] is False
    assert "sharedChat" not in done
    assert "sharedChatSource" not in done


def test_a_role_follows_from_badges() -> None:
    done = made("Twitch.ChatMessage", {"user": {"name": "Al", "badges": [{"name": "vip"}, {"name": "founder"}]}})
    assert (done["user"]["role"], done["user"]["subscribed"]) == (2, True)


def test_positions_count_as_javascript_does() -> None:
    done = made("Twitch.ChatMessage", {"text": "🎉🎉 Kappa 🎉 catJAM!  catJAM"})
    assert [(e["name"], e["startIndex"], e["endIndex"]) for e in done["emotes"]] == [
        ("Kappa", 5, 9),
        ("catJAM", 23, 28),
    ]
    assert "".join(part["text"] for part in done["parts"]) == "🎉🎉 Kappa 🎉 catJAM!  catJAM"


def test_given_emotes_make_the_parts_and_bad_ones_are_passed_over() -> None:
    emotes = [
        {"name": "nlHi", "startIndex": 6, "endIndex": 9, "imageUrl": "https://e/1", "type": "Twitch"},
        {"name": "nlHi", "startIndex": 7, "endIndex": 10},
        {"name": "far", "startIndex": 90, "endIndex": 92},
        {"name": "odd", "startIndex": "0"},
        "nonsense",
    ]
    done = made("Twitch.ChatMessage", {"text": "Kappa nlHi!", "emotes": emotes})
    assert done["emotes"] == emotes
    assert [part["text"] for part in done["parts"]] == ["Kappa ", "nlHi", "!"]


def test_bits_are_counted_from_the_cheermotes() -> None:
    done = made("Twitch.Cheer", {"user": "Alice", "text": "Cheer100 and uni1000 notcheer5 Cheer0"})
    assert (done["bits"], done["message"]["bits"], done["message"]["hasBits"]) == (1100, 1100, True)
    assert [(e["name"], e["bits"], e["color"]) for e in done["cheerEmotes"]] == [
        ("Cheer", 100, "#9c3ee8"),
        ("uni", 1000, "#1db2a5"),
    ]
    assert done["parts"][0] == {
        "type": "cheer",
        "text": "Cheer",
        "imageUrl": "https://d3aqoihi2n8ty8.cloudfront.net/actions/cheer/dark/animated/100/4.gif",
        "bits": 100,
        "color": "#9c3ee8",
    }
    assert made("Twitch.Cheer", {"bits": 5, "text": "Cheer100"})["message"]["bits"] == 5
    assert made("Twitch.ChatMessage", {"text": "Cheer100"})["cheerEmotes"] == []


@pytest.mark.parametrize(
    ("given_tier", "tier", "is_prime"),
    [
        ("2000", "2000", False),
        (3, "3000", False),
        ("Tier 2", "2000", False),
        ("prime", "1000", True),
        (None, "1000", False),
    ],
)
def test_a_tier_may_be_written_in_many_ways(given_tier: object, tier: str, is_prime: bool) -> None:
    done = made("Twitch.Sub", {"user": "Alice", "tier": given_tier})
    assert (done["sub_tier"], done["is_prime"]) == (tier, is_prime)
    assert made("Twitch.ReSub", {"user": "Alice", "tier": given_tier})["subTier"] == tier


def test_gifts_have_giver_receiver_and_counts_in_both_shapes() -> None:
    one = made("Twitch.GiftSub", {"user": "Alice", "recipientDisplayName": "Bob", "totalSubsGifted": 7})
    assert (one["recipient"]["name"], one["recipient"]["login"], one["cumlativeTotal"]) == ("Bob", "bob", 7)
    many = made("Twitch.GiftBomb", {"user": "Alice", "recipients": [{"name": "Bob"}, {"name": "Cleo"}]})
    assert (many["total"], many["gifts"], many["cumulative_total"]) == (2, 2, 2)


def test_a_raid_may_name_the_raider_as_user() -> None:
    done = made("Twitch.Raid", {"user": "Alice", "viewers": 12})
    assert (done["from_broadcaster_user_name"], done["from_broadcaster_user_login"]) == ("Alice", "alice")
    assert (done["viewerCount"], done["user"]) == (12, "Alice")


def test_moderation_names_the_target_in_all_shapes() -> None:
    ways: list[JsonObject] = [
        {"user": "Bob"},
        {"targetUser": "Bob"},
        {"user_name": "Bob"},
        {"target_user_display": "Bob"},
    ]
    for data in ways:
        done = made("Twitch.UserTimedOut", {**data, "duration": 60})
        assert done["targetUser"]["login"] == done["user_login"] == done["target_user_login"] == "bob"
        assert done["duration"] == 60


def test_moderation_names_the_moderator_in_all_shapes() -> None:
    ways: list[JsonObject] = [
        {"moderator": {"id": "9", "login": "mod", "name": "Mod"}},
        {"moderator_user_id": "9", "moderator_user_login": "mod", "moderator_user_name": "Mod"},
    ]
    for data in ways:
        done = made("Twitch.UserBanned", {**data, "is_test": True})
        assert [done["moderator"][member] for member in ("id", "login", "name")] == ["9", "mod", "Mod"]
        assert [done[f"moderator_user_{member}"] for member in ("id", "login", "name")] == ["9", "mod", "Mod"]
        assert (done["created_by_user_id"], done["created_by"], done["isTest"]) == ("9", "mod", True)


def test_a_timeout_ends_after_its_duration() -> None:
    begin = "2026-09-21T12:00:00Z"
    done = made("Twitch.UserTimedOut", {"createdAt": begin, "duration": 90})
    assert datetime.fromisoformat(done["expires_at"]) - datetime.fromisoformat(begin) == timedelta(seconds=90)
    assert made("Twitch.UserTimedOut", {"createdAt": begin, "expires_at": "2026-09-21T12:10:00Z"})["duration"] == 600
    assert "expires_at" not in made("Twitch.UserBanned", {})


def test_a_redemption_is_told_in_both_spellings() -> None:
    ways: list[JsonObject] = [
        {"id": "r", "user_id": "7", "user_login": "ada", "user_name": "Ada", "user_input": "hi", "redeemed_at": "t"},
        {"redemptionId": "r", "user": {"id": "7", "name": "Ada"}, "userInput": "hi", "createdAt": "t"},
    ]
    for data in ways:
        done = made("Twitch.RewardRedemption", data)
        assert [done[member] for member in ("id", "user_id", "user_login", "user_name")] == ["r", "7", "ada", "Ada"]
        assert (done["redemptionId"], done["user"]["id"], done["user"]["login"]) == ("r", "7", "ada")
        assert done["userInput"] == done["user_input"] == "hi"
        assert done["createdAt"] == done["redeemed_at"] == "t"
        assert done["isTest"] is False


@pytest.mark.parametrize(
    ("data", "amount", "micros", "currency"),
    [
        ({"amount": "€2.50"}, "€2.50", 2_500_000, "EUR"),
        ({"microAmount": 5_000_000}, "$5.00", 5_000_000, "USD"),
        ({"amount": "R$10,00"}, "R$10,00", 10_000_000, "BRL"),
        ({"microAmount": 1_000_000, "currency": "SEK"}, "SEK 1.00", 1_000_000, "SEK"),
        ({}, "$0.00", 0, "USD"),
    ],
)
def test_a_super_chat_has_its_amount_in_each_form(data: JsonObject, amount: str, micros: int, currency: str) -> None:
    done = made("YouTube.SuperChat", {"user": "Alice", **data})
    assert (done["amount"], done["microAmount"], done["currencyCode"]) == (amount, micros, currency)


def test_a_tip_names_the_giver_as_its_service_does() -> None:
    given_tip: JsonObject = {"user": "Alice", "amount": 5, "text": "thanks"}
    assert made("Kofi.Donation", given_tip)["from"] == "Alice"
    assert made("StreamElements.Tip", given_tip)["username"] == "Alice"
    assert made("Streamlabs.Donation", given_tip)["formattedAmount"] == "$5.00"
    assert made("Streamlabs.Donation", {**given_tip, "currency": "EUR"})["formattedAmount"] == "5.00 EUR"
    assert made("Patreon.PledgeCreated", given_tip)["attributes"]["will_pay_amount_cents"] == 500


def test_ids_and_colours_are_stable_and_never_a_real_users() -> None:
    first, second = (made("Twitch.ChatMessage", {"user": "Alice", "text": text}) for text in ("one", "two"))
    assert first["user"] == second["user"]
    assert int(first["user"]["id"]) >= 10**12
    assert first["messageId"] != second["messageId"]
    assert made("YouTube.Message", {"user": "Alice"})["user"]["id"].startswith("UC")


def test_nothing_is_invented_about_nobody() -> None:
    done = made("Twitch.ChatMessage", {})
    assert (done["user"]["id"], done["user"]["name"], done["text"], done["parts"]) == ("", "", "", [])


def test_an_event_without_a_builder_passes_as_it_is() -> None:
    data: JsonObject = {"user": None, "anything": [1, {"a": None}]}
    for name in ["General.Custom", "Custom.Event", "Mine.Own", "Twitch.PollCreated"]:
        assert made(name, data) == data


@pytest.mark.parametrize("data", [{"scene": "Main"}, {"sceneName": "Main"}, {"scene": {"sceneName": "Main"}}], ids=str)
def test_a_scene_may_be_given_by_its_name(data: JsonObject) -> None:
    done = made("Obs.SceneChanged", data)
    assert done["scene"]["sceneName"] == done["sceneName"] == "Main"


JUNK: list[object] = [[], [[]], {"name": []}, [{"name": [], "bits": {}}], 0.5, True, "", "0", {"message": {}}]


@pytest.mark.parametrize("name", BUILDERS, ids=str)
def test_no_shape_of_a_member_makes_it_fail(name: EventName) -> None:
    sample = complete(name, {}, emotes=EMOTES, now=NOW)
    inner = [(member, key) for member, value in sample.items() if isinstance(value, dict) for key in value]
    for junk in JUNK:
        members: list[JsonObject] = [{member: junk} for member in [*sample, "tier", "targetUser", "message", "user"]]
        deeper: list[JsonObject] = [{member: {key: junk}} for member, key in inner]
        for data in [*members, *deeper]:
            done = complete(name, data, emotes=EMOTES, now=NOW)
            assert kept(data, done)
            assert complete(name, done, emotes=EMOTES, now=NOW) == done


MEMBERS = st.sampled_from(
    """
    user message text messageId msgId userId userName user_name user_login displayName name login id role badges emotes
    cheerEmotes parts bits meta isMe reply isReply isTest color tier subTier sub_tier is_prime recipient recipients
    targetUser moderator reward broadcast amount microAmount currency total gifts viewers viewerCount duration
    connection donation attributes offer variants from username startIndex endIndex bannedUser redeemer customPowerUp
    sharedChat sharedChatSource sourceRoom primarySource isSharedChat isFromSharedChatGuest createdAt expires_at
    moderator_user_name created_by
    """.split()  # noqa: SIM905  (a list of quoted words says no more)
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(["Kappa", "Cheer100", "Alice", "hi Kappa 🎉 catJAM", "$5.00", "\ud800"])
)
VALUES = st.recursive(
    SCALARS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(MEMBERS, children, max_size=5),
    max_leaves=15,
)
DATA = st.dictionaries(MEMBERS, VALUES, max_size=8)


def kept(given_value: object, done: object) -> bool:
    """Whether all of a value is there still: the same, or in an object that says more, or expanded into one."""
    if given_value is None:
        return True
    if isinstance(given_value, dict) and isinstance(done, dict):
        return all(kept(value, done.get(key)) for key, value in given_value.items())
    if isinstance(given_value, list) and isinstance(done, list):
        return len(given_value) == len(done) and all(kept(*pair) for pair in zip(given_value, done, strict=True))
    if isinstance(given_value, str) and isinstance(done, dict):
        return not given_value or given_value in done.values()
    return given_value == done


@settings(max_examples=500, deadline=None)
@given(name=st.sampled_from(list(BUILDERS)), data=DATA)
def test_any_data_is_completed_once_and_for_all_and_nothing_given_is_lost(name: EventName, data: JsonObject) -> None:
    before = copy.deepcopy(data)
    done = complete(name, data, emotes=EMOTES, now=NOW)
    assert data == before
    assert kept(data, done)
    assert complete(name, done, emotes=EMOTES, now=NOW + 60) == done


@pytest.mark.parametrize("name", BUILDERS, ids=str)
def test_every_builder_is_for_an_event_of_the_catalogue_whose_sample_is_complete(name: EventName) -> None:
    assert CATALOGUE.canonical(*name) == name
    sample = CATALOGUE.sample(name, now=NOW)
    assert complete(name, sample, emotes=EMOTES, now=NOW) == sample
