"""Who took part in an event: found under any of the spellings in use, and written in each platform's shape."""

import base64
import zlib
from hashlib import blake2b
from typing import Final, NamedTuple

from stagedoor.streamerbot.events.reading import as_count, as_object, as_text, derived_user_id, fill, first, first_text
from stagedoor.types import JsonObject

VIEWER, VIP, MODERATOR, BROADCASTER = 1, 2, 3, 4
"""The numbers of ``role`` in events."""

_IDS: Final = ("user_id", "userId")
_LOGINS: Final = ("user_login", "userLogin", "username", "userName")
_NAMES: Final = ("user_name", "displayName", "userName", "username")
"""An event's own spellings of its person, outside of a ``user`` object, the surest first."""

_COLOURS: Final = (
    *("#FF0000", "#0000FF", "#008000", "#B22222", "#FF7F50", "#9ACD32", "#FF4500", "#2E8B57"),
    *("#DAA520", "#D2691E", "#5F9EA0", "#1E90FF", "#FF69B4", "#8A2BE2", "#00FF7F"),
)
"""The colours that Twitch gives to those who chose none."""

_BADGES: Final = {
    name: {
        "name": name,
        "version": "1",
        "imageUrl": f"https://static-cdn.jtvnw.net/badges/v1/{picture}/3",
        "info": "",
    }
    for name, picture in {
        "broadcaster": "5527c58c-fb7d-422d-b71b-f309dcb85cc1",
        "moderator": "3267646d-33f0-4b17-b3df-f923a41db1d0",
        "vip": "b817aba4-fad8-49e2-b88a-7cc744dfa6ec",
        "subscriber": "5d9f2208-5dd8-11e7-8513-2ff4adfae661",
    }.items()
}
"""Twitch's badges that follow from what a person may do. Pictures: Twitch's global chat badges."""
_BADGE_OF_ROLE: Final = {VIP: "vip", MODERATOR: "moderator", BROADCASTER: "broadcaster"}
_ROLE_OF_BADGE: Final = {"broadcaster": BROADCASTER, "moderator": MODERATOR, "lead_moderator": MODERATOR, "vip": VIP}
_SUBSCRIBER_BADGES: Final = frozenset({"subscriber", "founder"})


class Person(NamedTuple):
    """A person's id, login and display name; empty where nothing is known."""

    id: str
    login: str
    name: str


def person_of(nested: object, *flat: JsonObject) -> Person:
    """Find a person in a ``user`` object, in a name in its place, and in members of the events themselves.

    What is not given follows from the rest: a login is a name in small letters, a name without any other is the login,
    and an id is made from the login.
    """
    user = as_object(nested)
    id_ = first_text(user, "id", "userId")
    login = first_text(user, "login", "userLogin")
    name = first_text(user, "name", "displayName", "display", "userName") or as_text(nested)
    for source in flat:
        id_ = id_ or first_text(source, *_IDS)
        login = login or first_text(source, *_LOGINS)
        name = name or first_text(source, *_NAMES)
    return known_person(id_, login, name)


def known_person(id_: str, login: str, name: str) -> Person:
    """Complete a person from what is known."""
    login = login.lower() if login else "".join(name.split()).lower()
    return Person(id_ or derived_user_id(login), login, name or login)


def flat_person(nested: object, id_: str, login: str, name: str, *flat: JsonObject) -> Person:
    """Find a person in an object or a name, then in three members of the event, then in its own."""
    return person_of(nested, {"user_id": id_, "user_login": login, "user_name": name}, *flat)


def colour_of(login: str) -> str:
    """Choose a colour for a name; always the same for the same name."""
    return _COLOURS[zlib.crc32(login.encode("utf-8", "surrogatepass")) % len(_COLOURS)]


def twitch_user(nested: object, person: Person, *others: JsonObject) -> JsonObject:
    """Write a person of Twitch in full, with what is given elsewhere in the event carried over."""
    user = dict(as_object(nested))
    sources = (user, *others)
    badges = _first_of(sources, "badges")
    held = {as_text(as_object(badge).get("name")) for badge in badges} if isinstance(badges, list) else set()
    subscribed = _first_of(sources, "subscribed", "subscriber", "isSubscribed")
    if subscribed is None:
        subscribed = not _SUBSCRIBER_BADGES.isdisjoint(held)
    role = _first_of(sources, "role")
    if role is None:
        role = _role(sources, held)
    if badges is None:
        wanted = (_BADGE_OF_ROLE.get(as_count(role)), "subscriber" if subscribed is True else None)
        badges = [dict(_BADGES[name]) for name in wanted if name]
    colour = _first_of(sources, "color")
    tier = _first_of(sources, "subscriptionTier")
    months = _first_of(sources, "monthsSubscribed")
    fill(
        user,
        id=person.id,
        login=person.login,
        name=person.name,
        type="twitch",
        role=role,
        color=colour if colour is not None else colour_of(person.login),
        badges=badges,
        subscribed=subscribed,
        subscriptionTier=tier if tier is not None else ("1000" if subscribed is True else None),
        monthsSubscribed=months if months is not None else 0,
    )
    return user


def badge_entry(name: str, version: str, info: str) -> JsonObject:
    """Write one of Twitch's badges; those that follow from what a person may do have a picture."""
    known = _BADGES.get(name)
    return {
        "name": name,
        "version": version,
        "imageUrl": "" if known is None else known["imageUrl"],
        "info": info,
    }


def short_user(nested: object, person: Person, platform: str = "twitch") -> JsonObject:
    """Write a person in the short form of recipients, targets and moderators."""
    user = dict(as_object(nested))
    fill(user, id=person.id, login=person.login, name=person.name, type=platform)
    return user


def kick_user(nested: object, platform: str, *flat: JsonObject) -> JsonObject:
    """Write a person of Kick or, in the same shape, of Trovo."""
    person = person_of(nested, *flat)
    user = dict(as_object(nested))
    sources = (user, *flat)
    role = _first_of(sources, "role")
    fill(
        user,
        id=person.id,
        login=person.login,
        name=person.name,
        slug=person.login,
        type=platform,
        color=first(user, "color") or colour_of(person.login),
        profilePicture="",
        role=role if role is not None else _role(sources, set()),
        badges=[],
        subscribed=_first_of(sources, "subscribed", "isSubscribed") or False,
    )
    return user


def youtube_user(nested: object, *flat: JsonObject) -> JsonObject:
    """Write a person of YouTube."""
    person = person_of(nested, *flat)
    user = dict(as_object(nested))
    given_id = first_text(user, "id") or next((id_ for source in flat if (id_ := first_text(source, *_IDS))), "")
    id_ = given_id or _channel_id(person.login)
    role = as_count(_first_of((user, *flat), "role"))
    fill(
        user,
        id=id_,
        url=f"https://www.youtube.com/channel/{id_}" if id_ else "",
        name=person.name,
        profileImageUrl=_first_of(flat, "avatar", "profileImageUrl") or "",
        isOwner=role == BROADCASTER,
        isModerator=role == MODERATOR,
        isSponsor=False,
        isVerified=False,
    )
    return user


def _channel_id(login: str) -> str:
    """Make a channel's id in YouTube's form from a name."""
    if not login:
        return ""
    digest = blake2b(login.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return "UC" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _first_of(sources: tuple[JsonObject, ...], *members: str) -> object:
    for source in sources:
        for member in members:
            value = source.get(member)
            if value is not None:
                return value
    return None


def _role(sources: tuple[JsonObject, ...], badges: set[str]) -> int:
    """Conclude a role from badges and flags; a viewer's when nothing says more."""
    roles = [role for badge, role in _ROLE_OF_BADGE.items() if badge in badges]
    if _first_of(sources, "isBroadcaster") is True:
        roles.append(BROADCASTER)
    if _first_of(sources, "isModerator") is True:
        roles.append(MODERATOR)
    if _first_of(sources, "isVip") is True:
        roles.append(VIP)
    return max(roles, default=VIEWER)
