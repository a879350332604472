"""Events of which only the arguments for actions are published: who, in which channel, and a few members of their own.

EventSub's members, ``user_id`` and ``broadcaster_user_id`` with their like, are carried into those of the arguments.
"""

from typing import Final

from stagedoor.streamerbot.events.builder import Builder
from stagedoor.streamerbot.events.emotes import Emotes
from stagedoor.streamerbot.events.people import known_person, person_of
from stagedoor.streamerbot.events.reading import as_object, fill, first_text
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject

_GOAL: Final = {
    "id": "id",
    "type": "type",
    "description": "description",
    "currentAmount": "current_amount",
    "targetAmount": "target_amount",
    "startedAt": "started_at",
    "endedAt": "ended_at",
}
"""A goal's arguments, and EventSub's names for the same."""


def of_channel(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete an event that is about the channel alone."""
    done = dict(data)
    _fill_channel(done, data)
    return done


def of_person(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete an event that is about a person in the channel."""
    done = dict(data)
    _fill_channel(done, data)
    person = person_of(data.get("user"), data)
    badges = data.get("badges")
    fill(
        done,
        user=person.name,
        userName=person.login,
        userId=person.id,
        userType="twitch",
        userGroups="",
        isSubscribed=False,
        subscriptionTier=0,
        monthsSubscribed=0,
        isModerator=False,
        isVip=False,
        userPreviousActive=event_time(now),
        badges=[],
        badgeCount=len(badges) if isinstance(badges, list) else 0,
        user_id=person.id,
        user_login=person.login,
        user_name=person.name,
    )
    return done


def of_person_by_moderator(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete an event that is about what a moderator did about a person."""
    done = of_person(data, emotes, now)
    given = data.get("moderator")
    if given is None or isinstance(given, dict):
        moderator = dict(as_object(given))
        fill(
            moderator,
            id=first_text(data, "moderator_user_id"),
            login=first_text(data, "moderator_user_login"),
            userName=first_text(data, "moderator_user_name"),
        )
        done["moderator"] = moderator
    return done


def of_terms(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete an event about terms that are blocked or permitted."""
    done = of_channel(data, emotes, now)
    _fill_terms(done, data, now)
    return done


def of_terms_of_person(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete PermittedTermsAdded, which has a person as well: the moderator, unless another is given."""
    moderator: JsonObject = {
        f"user_{part}": data.get(f"moderator_user_{part}")
        for part in ("id", "login", "name")
        if data.get(f"moderator_user_{part}") is not None and data.get("user") is None
    }
    done = of_person({**moderator, **data}, emotes, now)
    _fill_terms(done, data, now)
    return done


def _fill_terms(done: JsonObject, data: JsonObject, now: float) -> None:
    terms = data.get("term")
    fill(
        done,
        createdAt=event_time(now),
        moderatorUsername=first_text(data, "moderator_user_login"),
        moderatorDisplayName=first_text(data, "moderator_user_name"),
        moderatorId=first_text(data, "moderator_user_id"),
        term=[],
        termCount=len(terms) if isinstance(terms, list) else 0,
        fromAutomod=False,
    )


def goal(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete GoalBegin, GoalProgress and GoalEnd."""
    done = of_channel(data, emotes, now)
    given = data.get("goal")
    members = as_object(given)
    fill(done, id="", type="", description="", current_amount=0, target_amount=0, started_at=event_time(now))
    for argument, name in _GOAL.items():
        if data.get(name) is None and members.get(argument) is not None:
            done[name] = members[argument]
    if given is None or isinstance(given, dict):
        known = {argument: done[name] for argument, name in _GOAL.items() if done.get(name) is not None}
        done["goal"] = {**known, **{key: value for key, value in members.items() if value is not None}}
    return done


def raiding(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete RaidStart, RaidSend and RaidCancelled, which name the channel that is raided."""
    done = of_channel(data, emotes, now)
    target = known_person(
        first_text(data, "raidUserId"), first_text(data, "raidUserName"), first_text(data, "raidUser")
    )
    fill(
        done,
        raidUser=target.name,
        raidUserName=target.login,
        raidUserId=target.id,
        raidUserProfileImageURL="",
        raidUserProfileImageEscaped="",
    )
    return done


def poll(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete PollTerminated and PollArchived, whose poll is written otherwise than in the other polls' events."""
    done = of_channel(data, emotes, now)
    given = data.get("poll")
    if given is None or isinstance(given, dict):
        members = dict(as_object(given))
        choices = [key for key in members if key.startswith("choice") and key != "choices"]
        fill(members, Id="", Title="", StartedAt=event_time(now), endedAt=event_time(now))
        fill(members, Duration=0, DurationRemaining=0, votes=0, rewardVotes=0, totalVotes=0)
        fill(members, choices={"count": len(choices)}, winningIndex=0, _json="{}")
        done["poll"] = members
    return done


def _fill_channel(done: JsonObject, data: JsonObject) -> None:
    """Fill the members that name the channel."""
    fill(
        done,
        broadcastUser=first_text(data, "broadcaster_user_name"),
        broadcastUserName=first_text(data, "broadcaster_user_login"),
        broadcastUserId=first_text(data, "broadcaster_user_id"),
        broadcastIsAffiliate=False,
        broadcastIsPartner=False,
    )


def _each(build: Builder, names: str) -> dict[str, Builder]:
    return dict.fromkeys(names.split(), build)


BUILDERS: Final[dict[str, Builder]] = {
    **_each(
        of_channel,
        "ChatEmoteModeOn ChatEmoteModeOff ChatFollowerModeOn ChatFollowerModeOff ChatSlowModeOn ChatSlowModeOff "
        "ChatSubscriberModeOn ChatSubscriberModeOff ChatUniqueModeOn ChatUniqueModeOff",
    ),
    **_each(
        of_person,
        "ModeratorAdded ModeratorRemoved VipAdded VipRemoved ShoutoutReceived UnbanRequestCreated WarningAcknowledged",
    ),
    **_each(of_person_by_moderator, "UnbanRequestApproved UnbanRequestDenied WarnedUser SuspiciousUserUpdate"),
    **_each(of_terms, "BlockedTermsAdded BlockedTermsDeleted PermittedTermsDeleted"),
    "PermittedTermsAdded": of_terms_of_person,
    **_each(goal, "GoalBegin GoalProgress GoalEnd"),
    **_each(raiding, "RaidStart RaidSend RaidCancelled"),
    **_each(poll, "PollTerminated PollArchived"),
}
"""How each of them is completed."""
