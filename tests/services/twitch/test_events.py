"""What Streamer.bot's events say, where a notification does not say it in the same words."""

from typing import Any

from stagedoor.keys import STREAM_INFO
from tests.services.harness import encode
from tests.services.twitch.telling import Stage, stage

PANDA = {"id": "142857931", "login": "pixel_panda", "name": "Pixel_Panda"}


def told(there: Stage, topic: str, **members: object) -> dict[str, Any]:
    """The one event that a notification becomes."""
    there.notify(topic, members, is_simulated=True)
    [(_, data)] = there.desk.events("Twitch")
    return data


async def test_a_gift_to_the_community_is_a_bomb_and_then_its_gifts() -> None:
    bomb = {"id": "g1", "total": 2, "sub_tier": "2000", "cumulative_total": 12}
    async with stage() as there:
        kind = "community_sub_gift"
        there.notify("channel.chat.notification", {"notice_type": kind, "resub": None, kind: bomb, "message": ""})
        for name in ("Ann", "Ben"):
            gift = {
                "duration_months": 1,
                "cumulative_total": None,
                "recipient_user_id": name,
                "recipient_user_login": name.lower(),
                "recipient_user_name": name,
                "sub_tier": "2000",
                "community_gift_id": "g1",
            }
            there.notify("channel.chat.notification", notice_type="sub_gift", resub=None, sub_gift=gift, message="")
        events: list[tuple[str, Any]] = [*there.desk.events("Twitch")]
        assert [type_ for type_, _ in events] == ["GiftBomb", "GiftSub", "GiftSub"]
        bomb_data = events[0][1]
        assert (bomb_data["total"], bomb_data["cumulative_total"], bomb_data["sub_tier"]) == (2, 12, "2000")
        assert [data["recipient"]["name"] for _, data in events[1:]] == ["Ann", "Ben"]
        for _, data in events[1:]:
            assert data["user"]["login"] == "pixel_panda"
            assert (data["fromCommunitySubGift"], data["subBombCount"], data["subTier"]) == (True, 2, "2000")
            assert data["communitySubGiftCumulativeTotal"] == 12


async def test_without_chat_a_bomb_and_its_gifts_are_told_by_the_other_topics() -> None:
    async with stage() as there:
        there.publisher.heard = {"channel.subscribe", "channel.subscription.gift"}
        there.notify("channel.subscription.gift", total=2, cumulative_total=7)
        for name in ("Ann", "Ben", "Cleo"):
            there.notify("channel.subscribe", user_name=name, is_gift=True)
        there.notify("channel.subscription.gift", total=2)
        there.notify("channel.subscribe", is_gift=True, tier="3000")
        there.now.now += 61
        there.notify("channel.subscribe", is_gift=True)
        events: list[tuple[str, Any]] = [*there.desk.events("Twitch")]
        assert [type_ for type_, _ in events] == ["GiftBomb", "GiftSub", "GiftSub", "GiftBomb"]
        for (_, data), name in zip(events[1:3], ("Ann", "Ben"), strict=True):
            assert (data["user"]["name"], data["recipient"]["name"]) == ("Pixel_Panda", name)
            assert (data["fromSubBomb"], data["subBombCount"], data["totalSubsGifted"]) == (True, 2, 7)


async def test_who_gives_or_cheers_without_a_name_has_twitchs_own() -> None:
    nobody = {"user_id": None, "user_login": None, "user_name": None, "is_anonymous": True}
    async with stage() as there:
        gift = told(there, "channel.subscription.gift", **nobody, cumulative_total=None)
        assert (gift["isAnonymous"], gift["user"]["login"]) == (True, "ananonymousgifter")
        cheer = told(there, "channel.cheer", **nobody)
        assert (cheer["anonymous"], cheer["user"]["login"]) == (True, "ananonymouscheerer")
        assert (cheer["bits"], cheer["message"]["message"]) == (100, "Cheer100 take my bits")


async def test_a_resub_has_its_emotes_where_they_stand() -> None:
    async with stage() as there:
        data = told(there, "channel.subscription.message")
        assert data["parts"][-1]["text"] == "LUL"
        assert (data["cumulativeMonths"], data["streakMonths"], data["shareStreak"]) == (8, 4, True)
        data = told(there, "channel.subscription.message", streak_months=None)
        assert (data["streakMonths"], data["shareStreak"]) == (0, False)


async def test_a_hype_train_tells_when_it_has_reached_a_level() -> None:
    async with stage() as there:
        there.notify("channel.hype_train.begin", level=1)
        for level in (1, 2, 2, 4):
            there.notify("channel.hype_train.progress", level=level)
        there.notify("channel.hype_train.end", level=4)
        events: list[tuple[str, Any]] = [*there.desk.events("Twitch")]
        assert [(type_.removeprefix("HypeTrain"), data["level"]) for type_, data in events] == [
            ("Start", 1),
            ("Update", 1),
            ("Update", 2),
            ("LevelUp", 2),
            ("Update", 2),
            ("Update", 4),
            ("LevelUp", 4),
            ("End", 4),
        ]
        assert events[-1][1]["goal"] == 1800
        assert told(there, "channel.hype_train.begin", type="golden_kappa")["is_golden_kappa_train"] is True
        assert told(there, "channel.hype_train.begin", type="treasure")["is_treasure_train"] is True


async def test_a_train_that_is_met_on_its_way_has_reached_nothing_yet() -> None:
    async with stage() as there:
        there.notify("channel.hype_train.progress", level=3)
        there.notify("channel.hype_train.progress", level=4)
        assert [type_ for type_, _ in there.desk.events("Twitch")] == [
            *("HypeTrainUpdate", "HypeTrainUpdate", "HypeTrainLevelUp")
        ]


async def test_an_update_says_what_was_before() -> None:
    async with stage() as there:
        stream = {"id": "9", "title": "Old", "game_id": "1", "game_name": "Chess", "tags": ["English"]}
        await there.desk.put(STREAM_INFO, encode([stream]))
        data = told(there, "channel.update")
        assert (data["oldStatus"], data["oldGame"]) == ("Old", {"id": "1", "name": "Chess"})
        assert (data["status"], data["game"]["name"]) == ("Cosy evening with tea and puzzles", "Just Chatting")
        assert told(there, "channel.update", title="New")["oldStatus"] == "Cosy evening with tea and puzzles"
        online = told(there, "stream.online")
        assert (online["game"]["name"], online["tags"]) == ("Just Chatting", ["English"])
        offline = told(there, "stream.offline")
        assert (offline["id"], offline["started_at"]) == ("9001", online["started_at"])


async def test_the_end_of_a_stream_that_began_before_has_what_the_poll_knew() -> None:
    async with stage() as there:
        await there.desk.put(STREAM_INFO, '[{"id":"9","type":"live","started_at":"2026-05-01T17:00:00Z"}]')
        await there.desk.put(STREAM_INFO, "[]")
        data = told(there, "stream.offline", id=None)  # as Twitch told it for years
        assert (data["id"], data["started_at"]) == ("9", "2026-05-01T17:00:00Z")


async def test_a_poll_is_won_by_the_most_votes() -> None:
    choices = [
        {"id": "a", "title": "A", "channel_points_votes": 0, "votes": 2},
        {"id": "b", "title": "B", "channel_points_votes": 3, "votes": 5},
    ]
    async with stage() as there:
        assert told(there, "channel.poll.end", choices=choices)["winningChoice"]["title"] == "B"
        poll = told(there, "channel.poll.end", choices=choices, status="terminated")["poll"]
        assert (poll["votes"], poll["rewardVotes"], poll["totalVotes"], poll["winningIndex"]) == (4, 3, 7, 1)
        assert (poll["choice1"]["title"], poll["choices"], poll["Duration"]) == ("B", {"count": 2}, 180)
        assert told(there, "channel.poll.end", choices=[])["choices"] == []


async def test_a_timeout_says_how_long_it_is() -> None:
    async with stage() as there:
        data = told(there, "channel.moderate")
        assert (data["duration"], data["reason"], data["targetUser"]["login"]) == (600, "Spam", "teatimetom")
        assert data["moderator"]["login"] == "modmira"
        start, end = "2026-09-21T15:00:00.000000000Z", "2026-09-21T15:01:30.5Z"
        data = told(there, "channel.ban", is_permanent=False, banned_at=start, ends_at=end)
        assert (data["duration"], data["createdAt"]) == (90, start)


async def test_an_ad_break_may_have_its_length_as_text() -> None:
    async with stage() as there:
        assert told(there, "channel.ad_break.begin", duration_seconds="60")["length"] == 60
        assert told(there, "channel.ad_break.begin", duration_seconds="long")["length_seconds"] == 0


async def test_a_notice_of_a_shared_chat_says_where_it_is_from() -> None:
    gifter = {"gifter_user_id": "5", "gifter_user_login": "ann", "gifter_user_name": "Ann"}
    kind = "shared_chat_gift_paid_upgrade"
    async with stage() as there:
        data = told(
            there,
            "channel.chat.notification",
            notice_type=kind,
            resub=None,
            shared_chat_gift_paid_upgrade={"gifter_is_anonymous": False, **gifter},
            source_broadcaster_user_id="7",
            source_broadcaster_user_login="other",
            source_broadcaster_user_name="Other",
            source_message_id="s1",
            source_badges=[{"set_id": "vip", "id": "1", "info": ""}],
        )
        source = {"id": "7", "login": "other", "name": "Other", "type": "twitch"}
        assert (data["source"], data["sharedChatSource"], data["sourceMessageId"]) == (source, source, "s1")
        assert [badge["name"] for badge in data["sourceBadges"]] == ["vip"]
        assert (data["isInSharedChat"], data["isFromSharedChatGuest"]) == (True, True)
        assert data["gifterUser"] == {"id": "5", "login": "ann", "name": "Ann", "type": "twitch"}


async def test_who_gave_without_a_name_is_known_as_that_later() -> None:
    facts = {"gifter_is_anonymous": True, "gifter_user_id": None, "gifter_user_login": None, "gifter_user_name": None}
    async with stage() as there:
        members = {"notice_type": "gift_paid_upgrade", "resub": None, "gift_paid_upgrade": facts}
        data = told(there, "channel.chat.notification", **members, system_message="")
        assert (data["gifter_is_anonymous"], data["gifterUser"]["login"]) == (True, "ananonymousgifter")
        assert data["systemMessage"] == "Pixel_Panda is continuing the Gift Sub they got from AnAnonymousGifter!"


async def test_a_whisper_is_told_in_both_shapes() -> None:
    async with stage() as there:
        data = told(there, "user.whisper.message", whisper="psst")
        assert (data["whisperText"], data["message"]["message"], data["user"]["name"]) == (
            "psst",
            "psst",
            "Pixel_Panda",
        )
        assert data["whisperId"] == data["message"]["msgId"]
