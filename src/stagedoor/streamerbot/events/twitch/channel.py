"""What happens to a channel outside of chat: follows, raids, rewards, viewers."""

from typing import Final

from stagedoor.streamerbot.events.builder import Builder
from stagedoor.streamerbot.events.emotes import Emotes
from stagedoor.streamerbot.events.people import VIEWER, Person, flat_person, person_of, short_user, twitch_user
from stagedoor.streamerbot.events.reading import (
    as_object,
    as_text,
    derived_message_id,
    either,
    fill,
    first_text,
    share,
    stands_for_object,
)
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject


def follow(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Follow."""
    done = dict(data)
    _flat_user(done, data)
    fill(done, followed_at=event_time(now))
    share(done, ("isTest", "is_test"), default=False)
    return done


def raid(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Raid; who raids may be given as the event's ``user``."""
    done = dict(data)
    id_ = first_text(data, "from_broadcaster_user_id")
    login = first_text(data, "from_broadcaster_user_login")
    name = first_text(data, "from_broadcaster_user_name")
    person = flat_person(data.get("user"), id_, login, name, data)
    fill(
        done,
        from_broadcaster_user_id=person.id,
        from_broadcaster_user_login=person.login,
        from_broadcaster_user_name=person.name,
        to_broadcaster_user_id="",
        to_broadcaster_user_login="",
        to_broadcaster_user_name="",
        profileImage="",
        userId=person.id,
        userName=person.login,
        displayName=person.name,
        role=VIEWER,
    )
    share(done, ("viewers", "viewerCount"), 0)
    share(done, ("isTest", "is_test"), default=False)
    return done


def redemption(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete RewardRedemption and its update, in EventSub's spelling and that of the newer events; ``reward`` may be
    the title alone."""
    done = dict(data)
    person = _flat_user(done, data)
    given = data.get("reward")
    reward = dict(as_object(given))
    fill(
        reward,
        id="",
        title=as_text(given) or first_text(data, "rewardName"),
        cost=either(data.get("rewardCost"), default=0),
        prompt=first_text(data, "rewardPrompt"),
    )
    if stands_for_object(given):
        done["reward"] = reward
    if stands_for_object(data.get("user")):
        done["user"] = twitch_user(data.get("user"), person, data)
    share(done, ("id", "redemptionId"), derived_message_id(now, person.login, as_text(reward["title"])))
    share(done, ("user_input", "userInput"), first_text(data, "text", "message", "rawInput"))
    share(done, ("redeemed_at", "createdAt"), event_time(now))
    share(done, ("isTest",), default=False, aliases=("is_test",))
    fill(done, status="unfulfilled")
    return done


def automatic_redemption(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete AutomaticRewardRedemption, one of the rewards that every channel has."""
    done = dict(data)
    person = _flat_user(done, data)
    text = first_text(data, "message_text", "text", "message")
    fill(
        done,
        id=derived_message_id(now, person.login, text),
        reward_type="send_highlighted_message",
        cost=0,
        message_text=text,
        user_input=text,
        redeemed_at=event_time(now),
    )
    given = data.get("gigantified_emote")
    if isinstance(given, dict):
        emote = dict(given)
        share(emote, ("imageUrl", "url"), "")
        fill(emote, id="", name="")
        done["gigantified_emote"] = emote
    return done


def power_up(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete CustomPowerUpRedemption; ``customPowerUp`` may be the title alone."""
    done = dict(data)
    given = data.get("customPowerUp")
    known = dict(as_object(given))
    share(known, ("bits",), either(data.get("bits"), default=0))
    fill(known, id="", title=as_text(given), prompt="", backgroundColor="", groupName="")
    fill(known, globalCooldown=0, maxPerStream=0, maxPerUserPerStream=0)
    fill(known, userInputRequired=False, persistCounter=False, persistUserCounter=False)
    if stands_for_object(given):
        done["customPowerUp"] = known
    user = twitch_user(data.get("user"), person_of(data.get("user"), data), data)
    if stands_for_object(data.get("user")):
        done["user"] = user
    text = first_text(data, "text", "message", "user_input")
    share(done, ("id", "redemptionId"), derived_message_id(now, as_text(user["login"]), text))
    fill(done, userInput=text, userColor=user["color"], counter=0, userCounter=0, status="")
    fill(done, redeemedAt=event_time(now), isTest=False)
    return done


def shared_chat(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete what is told when a chat begins to be shared, is shared with others, or is shared no more."""
    done = dict(data)
    given = data.get("host")
    if stands_for_object(given):
        done["host"] = short_user(given, person_of(given))
    fill(done, sessionId="", isTest=False)
    return done


def shared_chat_of(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete the first two of them, which say whose chats they are."""
    done = shared_chat(data, emotes, now)
    fill(done, participants=[])
    return done


def viewer_count(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete ViewerCountUpdate, whose number has two names."""
    done = dict(data)
    share(done, ("viewerCount", "viewers"), 0)
    return done


def _flat_user(done: JsonObject, data: JsonObject) -> Person:
    """Fill the three members that name the person in EventSub's events."""
    person = person_of(data.get("user"), data)
    fill(done, user_id=person.id, user_login=person.login, user_name=person.name)
    return person


BUILDERS: Final[dict[str, Builder]] = {
    "Follow": follow,
    "Raid": raid,
    "SharedChatRaid": raid,
    "RewardRedemption": redemption,
    "RewardRedemptionUpdated": redemption,
    "AutomaticRewardRedemption": automatic_redemption,
    "PowerUp": automatic_redemption,
    "CustomPowerUpRedemption": power_up,
    "ViewerCountUpdate": viewer_count,
    "SharedChatSessionBegin": shared_chat_of,
    "SharedChatSessionUpdate": shared_chat_of,
    "SharedChatSessionEnd": shared_chat,
}
