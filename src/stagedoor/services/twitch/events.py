"""Which of Streamer.bot's events a notification of EventSub becomes, and what each of them says.

Most bodies of EventSub are the event's data already; the others are rewritten. Members that follow from the rest are
left to :func:`stagedoor.streamerbot.events.complete`.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from stagedoor.services.twitch import moderation, notices
from stagedoor.services.twitch.bodies import (
    Context,
    Gift,
    Reading,
    Told,
    channel_of,
    cheerer,
    giver,
    listed,
    marked_text,
    members_of,
    nested,
    plain_text,
    seconds_between,
    somebody,
)
from stagedoor.streamerbot.events.reading import as_count, as_object, as_text
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject

_GIFTS_COME_WITHIN_S: Final = 60.0
"""How long after a gift of several its receivers are told, at most."""


def read_body(topic: str, body: JsonObject, context: Context) -> list[Told]:
    """Tell what a notification becomes; nothing when Streamer.bot has no event for it.

    Raises:
        Exception: Of any kind, when the body is not of the shape that Twitch documents.
    """
    reading = READINGS.get(topic)
    return [] if reading is None else list(reading(body, context))


def _as_it_is(type_: str) -> Reading:
    """Read a topic whose body is the event's data."""

    def read(body: JsonObject, context: Context) -> Iterator[Told]:
        yield Told(type_, body)

    return read


def _about_person(type_: str, **more: object) -> Reading:
    """Read a topic whose body names a person and the channel."""

    def read(body: JsonObject, context: Context) -> Iterator[Told]:
        yield Told(type_, {**channel_of(body), **members_of(body, "user"), **more})

    return read


# --- subscriptions and bits, when chat does not tell them ---


def _subscribe(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read who is a subscriber now. Of those by gift this topic does not say who gave: the last one to give several."""
    tier = as_text(body.get("tier")) or "1000"
    if body.get("is_gift") is not True:
        user = {**somebody(body), "subscribed": True, "subscriptionTier": tier, "monthsSubscribed": 1}
        yield Told("Sub", {"user": user, "sub_tier": tier})
        return
    gift = context.memory.last_gift
    if gift is None or not gift.untold or gift.tier != tier or gift.until < context.now:
        return
    gift.untold -= 1
    data: JsonObject = {
        "user": dict(gift.user),
        "recipient": {**somebody(body), "type": "twitch"},
        "subTier": tier,
        "cumlativeTotal": gift.cumulative,
        "isAnonymous": gift.is_anonymous,
        "fromCommunitySubGift": True,
        "randomCommunitySubGift": True,
        "communitySubGiftCount": gift.total,
        "communitySubGiftCumulativeTotal": gift.cumulative,
    }
    yield Told("GiftSub", data)


def _resub(body: JsonObject, context: Context) -> Iterator[Told]:
    tier = as_text(body.get("tier")) or "1000"
    months = as_count(body.get("cumulative_months")) or 1
    message = nested(body, "message")
    text = as_text(message.get("text"))
    fragments = [
        {"type": "emote", "text": text[begin : end + 1], "emote": {"id": as_text(emote.get("id"))}}
        for emote in listed(message.get("emotes"))
        if 0 <= (begin := as_count(emote.get("begin"))) <= (end := as_count(emote.get("end"))) < len(text)
    ]
    marked = marked_text({"text": text, "fragments": fragments}, context.emotes)
    data = {
        "user": {**somebody(body), "subscribed": True, "subscriptionTier": tier, "monthsSubscribed": months},
        "text": text,
        "emotes": marked["emotes"],
        "subTier": tier,
        "cumulativeMonths": months,
        "streakMonths": as_count(body.get("streak_months")),
        "durationMonths": as_count(body.get("duration_months")) or 1,
    }
    yield Told("ReSub", data)


def _gift(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read a gift: one subscription or several. This topic does not say who got them; of several, the next will."""
    total = max(as_count(body.get("total")), 1)
    tier = as_text(body.get("tier")) or "1000"
    cumulative = as_count(body.get("cumulative_total")) or total
    user, is_anonymous = giver(body), body.get("is_anonymous") is True
    common: JsonObject = {"user": user, "isAnonymous": is_anonymous}
    if total == 1:
        yield Told("GiftSub", {**common, "subTier": tier, "cumlativeTotal": cumulative})
    else:
        yield Told("GiftBomb", {**common, "sub_tier": tier, "total": total, "cumulative_total": cumulative})
        until = context.now + _GIFTS_COME_WITHIN_S
        context.memory.last_gift = Gift(user, tier, is_anonymous, total, cumulative, untold=total, until=until)


def _cheer(body: JsonObject, context: Context) -> Iterator[Told]:
    data = {
        "user": cheerer(body),
        "text": plain_text(body.get("message")),
        "bits": as_count(body.get("bits")),
        "anonymous": body.get("is_anonymous") is True,
        "message": {"channel": as_text(body.get("broadcaster_user_login"))},
    }
    yield Told("Cheer", data)


def _bits(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read what bits were used for; cheers are told otherwise."""
    bits = as_count(body.get("bits"))
    kind = as_text(body.get("type"))
    text = plain_text(body.get("message"))
    if kind == "power_up":
        power_up = nested(body, "power_up")
        data = {
            **members_of(body, "user"),
            "reward_type": as_text(power_up.get("type")),
            "cost": bits,
            "message_text": text,
            "user_input": text,
            "redeemed_at": event_time(context.now),
            **_emote(power_up.get("emote")),
        }
        yield Told("PowerUp", data)
    elif kind == "custom_power_up":
        power_up = nested(body, "custom_power_up")
        known = {
            "id": as_text(power_up.get("reward_id")) or as_text(power_up.get("id")),
            "title": as_text(power_up.get("title")),
            "bits": bits,
            "prompt": as_text(power_up.get("prompt")),
        }
        yield Told("CustomPowerUpRedemption", {"user": somebody(body), "customPowerUp": known, "userInput": text})


def _emote(value: object) -> JsonObject:
    """The emote that a reward made large, if there is one."""
    emote = as_object(value)
    if not emote:
        return {}
    id_ = as_text(emote.get("id"))
    image = f"https://static-cdn.jtvnw.net/emoticons/v2/{id_}/default/dark/3.0"
    return {"gigantified_emote": {"id": id_, "name": as_text(emote.get("name")), "imageUrl": image, "url": image}}


# --- the channel and its stream ---


def _online(body: JsonObject, context: Context) -> Iterator[Told]:
    memory = context.memory
    memory.stream = {
        "id": as_text(body.get("id")),
        "type": as_text(body.get("type")) or "live",
        "started_at": as_text(body.get("started_at")) or event_time(context.now),
    }
    yield Told("StreamOnline", {**memory.stream, "game": dict(memory.category), "tags": list(memory.tags)})


def _offline(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read that the stream has ended. Of a stream that began before stagedoor did, nothing more is known."""
    now = event_time(context.now)
    known: JsonObject = {"id": "", "type": "live", "started_at": now, **context.memory.stream}
    yield Told("StreamOffline", {**known, "id": as_text(body.get("id")) or known["id"], "ended_at": now})


def _update(body: JsonObject, context: Context) -> Iterator[Told]:
    memory = context.memory
    title = as_text(body.get("title"))
    category: JsonObject = {"id": as_text(body.get("category_id")), "name": as_text(body.get("category_name"))}
    data: JsonObject = {
        "channelId": as_text(body.get("broadcaster_user_id")),
        "channel": as_text(body.get("broadcaster_user_login")),
        "status": title,
        "oldStatus": title if memory.title is None else memory.title,
        "oldGame": dict(memory.category if memory.category["id"] else category),
        "game": category,
        "language": as_text(body.get("language")),
    }
    memory.title, memory.category = title, category
    yield Told("StreamUpdate", data)


# --- rewards ---


def _reward_created(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read a reward that was made; Streamer.bot's own members for it have what Twitch does not know."""
    data = {
        **body,
        "name": as_text(body.get("title")),
        "group": "",
        "userInput": body.get("is_user_input_required") is True,
        "persistCounter": False,
        "persistUserCounter": False,
        "backgroundColor": as_text(body.get("background_color")),
    }
    yield Told("RewardCreated", data)


def _reward(type_: str) -> Reading:
    def read(body: JsonObject, context: Context) -> Iterator[Told]:
        yield Told(type_, {key: value for key, value in body.items() if value is not None})

    return read


def _automatic_redemption(body: JsonObject, context: Context) -> Iterator[Told]:
    reward = nested(body, "reward")
    text = plain_text(body.get("message"))
    data: JsonObject = {
        "id": as_text(body.get("id")),
        **members_of(body, "user"),
        "reward_type": as_text(reward.get("type")),
        "cost": as_count(reward.get("channel_points")),
        "message_text": text,
        "user_input": text,
        "redeemed_at": as_text(body.get("redeemed_at")) or event_time(context.now),
        **_emote(reward.get("emote")),
    }
    yield Told("AutomaticRewardRedemption", data)


# --- polls and predictions ---


def _poll(type_: str) -> Reading:
    def read(body: JsonObject, context: Context) -> Iterator[Told]:
        yield Told(type_, {**body, "choices": _choices(body)})

    return read


def _choices(body: JsonObject) -> list[JsonObject]:
    """A poll's choices; at its beginning Twitch does not say that they have no votes."""
    return [{"channel_points_votes": 0, "votes": 0, **choice} for choice in listed(body.get("choices"))]


def _poll_end(body: JsonObject, context: Context) -> Iterator[Told]:
    choices = _choices(body)
    votes = [as_count(choice["votes"]) for choice in choices]
    winner = votes.index(max(votes)) if votes else 0
    status = as_text(body.get("status"))
    if status in ("terminated", "archived"):
        data = {**channel_of(body), "poll": _describe_poll(body, choices, winner, context)}
        yield Told("PollTerminated" if status == "terminated" else "PollArchived", data)
    else:
        winning = {"winningChoice": choices[winner]} if choices else {}
        yield Told("PollCompleted", {**body, "choices": choices, **winning})


def _describe_poll(body: JsonObject, choices: list[JsonObject], winner: int, context: Context) -> JsonObject:
    """Write a poll as the arguments for actions have it."""
    described: list[JsonObject] = []
    for choice in choices:
        total, rewarded = as_count(choice["votes"]), as_count(choice["channel_points_votes"])
        described.append(
            {
                "id": as_text(choice.get("id")),
                "title": as_text(choice.get("title")),
                "votes": total - rewarded,
                "rewardVotes": rewarded,
                "totalVotes": total,
            }
        )
    ended_at = as_text(body.get("ended_at")) or event_time(context.now)
    poll: JsonObject = {
        "Title": as_text(body.get("title")),
        "Id": as_text(body.get("id")),
        "StartedAt": as_text(body.get("started_at")) or ended_at,
        "Duration": seconds_between(body.get("started_at"), ended_at, context.now),
        "DurationRemaining": 0,
        "choices": {"count": len(described)},
        **{
            member: sum(as_count(choice[member]) for choice in described)
            for member in ("votes", "rewardVotes", "totalVotes")
        },
        "endedAt": ended_at,
        "winningIndex": winner,
        "_json": msgspec.json.encode(body).decode(),
        **{f"choice{index}": choice for index, choice in enumerate(described)},
    }
    if described:
        poll["winningChoice"] = described[winner]
    return poll


def _prediction(type_: str) -> Reading:
    def read(body: JsonObject, context: Context) -> Iterator[Told]:
        yield Told(type_, {**body, "outcomes": _outcomes(body)})

    return read


def _outcomes(body: JsonObject) -> list[JsonObject]:
    """A prediction's outcomes; at its beginning Twitch does not say that nobody bets on them."""
    return [
        {
            "users": 0,
            "channel_points": 0,
            **outcome,
            "top_predictors": [
                {key: value for key, value in predictor.items() if value is not None}
                for predictor in listed(outcome.get("top_predictors"))
            ],
        }
        for outcome in listed(body.get("outcomes"))
    ]


def _prediction_end(body: JsonObject, context: Context) -> Iterator[Told]:
    outcomes = _outcomes(body)
    won = as_text(body.get("winning_outcome_id"))
    data = {**body, "outcomes": outcomes, "winning_outcome_id": won}
    winning = next((outcome for outcome in outcomes if outcome.get("id") == won), None)
    if winning is not None and as_text(body.get("status")) != "canceled":
        yield Told("PredictionCompleted", {**data, "winning_outcome": winning})
    else:
        yield Told("PredictionCanceled", data)


# --- hype trains ---


def _hype_train_begin(body: JsonObject, context: Context) -> Iterator[Told]:
    context.memory.rise_to(as_text(body.get("id")), as_count(body.get("level")))
    yield Told("HypeTrainStart", _hype_train(body, context))


def _hype_train_progress(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read that a hype train goes on; that it has reached another level is an event of its own, after that one."""
    data = _hype_train(body, context)
    yield Told("HypeTrainUpdate", data)
    if context.memory.rise_to(as_text(body.get("id")), as_count(body.get("level"))):
        yield Told("HypeTrainLevelUp", data)


def _hype_train_end(body: JsonObject, context: Context) -> Iterator[Told]:
    data = _hype_train(body, context)
    del data["last_contribution"]
    yield Told("HypeTrainEnd", data)


def _hype_train(body: JsonObject, context: Context) -> JsonObject:
    """Write a hype train with what version 1 of the topics had and version 2 has not.

    It does not say any more who contributed last; the first of the top contributors stands for them, so that overlays
    have a name to show.
    """
    train = as_text(body.get("id"))
    kind = as_text(body.get("type"))
    top = [{"type": "other", **contribution} for contribution in listed(body.get("top_contributions"))]
    nobody: JsonObject = {"user_id": "", "user_login": "", "user_name": "", "type": "other", "total": 0}
    goal = body.get("goal")
    if goal is not None:
        context.memory.remember_goal(train, as_count(goal))
    return {
        **{key: value for key, value in body.items() if value is not None},
        "goal": context.memory.goals.get(train, 0),
        "top_contributions": top,
        "last_contribution": as_object(body.get("last_contribution")) or (top[0] if top else nobody),
        "is_golden_kappa_train": kind == "golden_kappa",
        "is_treasure_train": kind == "treasure",
        "isTest": False,
    }


# --- shoutouts, ads, shared chat, whispers ---


def _shoutout_received(body: JsonObject, context: Context) -> Iterator[Told]:
    data = {
        **channel_of(body),
        **members_of(body, "from_broadcaster_user"),
        "viewerCount": as_count(body.get("viewer_count")),
    }
    yield Told("ShoutoutReceived", data)


def _ad_break(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read an ad break; Twitch has written its length as text and as a number."""
    given = as_text(body.get("duration_seconds"))
    length = int(given) if given.isdecimal() else 0
    is_automatic = body.get("is_automatic") is True
    data = {
        "length_seconds": length,
        "length": length,
        "timestamp": as_text(body.get("started_at")) or event_time(context.now),
        "is_automatic": is_automatic,
        "scheduled": is_automatic,
        **members_of(body, "requester_user", as_prefix="requester_user"),
    }
    yield Told("AdRun", data)


def _shared_chat(type_: str) -> Reading:
    def read(body: JsonObject, context: Context) -> Iterator[Told]:
        is_over = type_ == "SharedChatSessionEnd"
        context.memory.shared_chat_host = "" if is_over else as_text(body.get("host_broadcaster_user_id"))
        data: JsonObject = {
            "host": {**somebody(body, "host_broadcaster_user"), "type": "twitch"},
            "sessionId": as_text(body.get("session_id")),
        }
        if not is_over:
            data["participants"] = [
                {**somebody(participant, "broadcaster_user"), "type": "twitch"}
                for participant in listed(body.get("participants"))
            ]
        yield Told(type_, data)

    return read


def _whisper(body: JsonObject, context: Context) -> Iterator[Told]:
    sender = somebody(body, "from_user")
    message = {
        "msgId": as_text(body.get("whisper_id")),
        "userId": sender["id"],
        "username": sender["login"],
        "displayName": sender["name"],
        "message": as_text(nested(body, "whisper").get("text")),
        "badges": [],
    }
    yield Told("Whisper", {"message": message})


READINGS: Final[dict[str, Reading]] = {
    **notices.READINGS,
    **moderation.READINGS,
    "channel.follow": _as_it_is("Follow"),
    "channel.subscribe": _subscribe,
    "channel.subscription.message": _resub,
    "channel.subscription.gift": _gift,
    "channel.cheer": _cheer,
    "channel.bits.use": _bits,
    "channel.raid": _as_it_is("Raid"),
    "stream.online": _online,
    "stream.offline": _offline,
    "channel.update": _update,
    "channel.channel_points_custom_reward_redemption.add": _as_it_is("RewardRedemption"),
    "channel.channel_points_custom_reward_redemption.update": _as_it_is("RewardRedemptionUpdated"),
    "channel.channel_points_automatic_reward_redemption.add": _automatic_redemption,
    "channel.channel_points_custom_reward.add": _reward_created,
    "channel.channel_points_custom_reward.update": _reward("RewardUpdated"),
    "channel.channel_points_custom_reward.remove": _reward("RewardDeleted"),
    "channel.poll.begin": _poll("PollCreated"),
    "channel.poll.progress": _poll("PollUpdated"),
    "channel.poll.end": _poll_end,
    "channel.prediction.begin": _prediction("PredictionCreated"),
    "channel.prediction.progress": _prediction("PredictionUpdated"),
    "channel.prediction.lock": _prediction("PredictionLocked"),
    "channel.prediction.end": _prediction_end,
    "channel.hype_train.begin": _hype_train_begin,
    "channel.hype_train.progress": _hype_train_progress,
    "channel.hype_train.end": _hype_train_end,
    "channel.moderator.add": _about_person("ModeratorAdded", isModerator=True),
    "channel.moderator.remove": _about_person("ModeratorRemoved"),
    "channel.vip.add": _about_person("VipAdded", isVip=True),
    "channel.vip.remove": _about_person("VipRemoved"),
    "channel.shoutout.create": _as_it_is("ShoutoutCreated"),
    "channel.shoutout.receive": _shoutout_received,
    "channel.ad_break.begin": _ad_break,
    "channel.shield_mode.begin": _as_it_is("ShieldModeBegin"),
    "channel.shield_mode.end": _as_it_is("ShieldModeEnd"),
    "channel.goal.begin": _as_it_is("GoalBegin"),
    "channel.goal.progress": _as_it_is("GoalProgress"),
    "channel.goal.end": _as_it_is("GoalEnd"),
    "channel.charity_campaign.donate": _as_it_is("CharityDonation"),
    "channel.charity_campaign.start": _as_it_is("CharityStarted"),
    "channel.charity_campaign.progress": _as_it_is("CharityProgress"),
    "channel.charity_campaign.stop": _as_it_is("CharityCompleted"),
    "channel.shared_chat.begin": _shared_chat("SharedChatSessionBegin"),
    "channel.shared_chat.update": _shared_chat("SharedChatSessionUpdate"),
    "channel.shared_chat.end": _shared_chat("SharedChatSessionEnd"),
    "user.whisper.message": _whisper,
}
"""How each topic is read that becomes an event of Streamer.bot; chat messages are read in
:mod:`stagedoor.services.twitch.chat`."""
