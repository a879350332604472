"""One call of Helix: what was asked, by whom, and what all handlers need to look at it."""

import base64
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

from multidict import MultiMapping

from stagedoor.fake_twitch.eventsub import EventSub
from stagedoor.fake_twitch.people import User
from stagedoor.fake_twitch.refused import Refused
from stagedoor.fake_twitch.tokens import Token
from stagedoor.fake_twitch.world import World
from stagedoor.types import JsonObject

Item = TypeVar("Item")


class Call:
    """A call whose token is good and has one of the scopes that it takes.

    What looks a parameter up raises :class:`Refused` if it is missing or wrong.
    """

    def __init__(
        self, world: World, eventsub: EventSub, token: Token, query: MultiMapping[str], body: JsonObject
    ) -> None:
        self.world = world
        self.eventsub = eventsub
        self.token = token
        self.query = query
        self.body = body

    # -- Who -----------------------------------------------------------------------------------------------------------

    @property
    def user(self) -> User:
        """Whose token it is; an application's own will not do."""
        if self.token.user is None:
            raise Refused(401, "Missing User OAUTH Token")
        return self.token.user

    def broadcaster(self, name: str = "broadcaster_id") -> User:
        """The broadcaster that is named in the query or the body, which has to be the token's user."""
        broadcaster_id = self.query.get(name) or str(self.body.get(name, ""))
        if not broadcaster_id:
            raise Refused(400, f'Missing required parameter "{name}"')
        if broadcaster_id != self.user.id:
            raise Refused(401, f"The ID in {name} must match the user ID found in the request's OAuth token.")
        return self.user

    def affiliate(self) -> User:
        """The same, whose channel also has to be the one where points, polls and such things are."""
        broadcaster = self.broadcaster()
        if broadcaster is not self.world.owner:
            raise Refused(403, "The broadcaster must have partner or affiliate status.")
        return broadcaster

    def moderator(self, name: str = "moderator_id") -> User:
        """The moderator that is named, which has to be the token's user and to moderate the owner's channel."""
        self.one("broadcaster_id")
        if self.one(name) != self.user.id:
            raise Refused(401, f"The ID in {name} must match the user ID found in the request's OAuth token.")
        if self.query["broadcaster_id"] != self.world.owner.id or not self.world.is_moderator(self.user):
            raise Refused(403, "User does not have permission to perform this action in this channel.")
        return self.user

    def person(self, user_id: str, name: str = "user_id") -> User:
        """A user by id."""
        found = self.world.find(id=user_id)
        if found is None:
            raise Refused(400, f"The user specified in {name} was not found.")
        return found

    # -- What ----------------------------------------------------------------------------------------------------------

    def one(self, name: str) -> str:
        """A parameter of the query that has to be there."""
        value = self.query.get(name, "")
        if not value:
            raise Refused(400, f'Missing required parameter "{name}"')
        return value

    def all(self, name: str, *, limit: int = 100) -> list[str]:
        """A parameter that may be given several times."""
        values = self.query.getall(name, [])
        if len(values) > limit:
            raise Refused(400, f'The number of "{name}" parameters must not exceed {limit}.')
        return values

    def text(self, name: str, *, limit: int | None = None, default: str | None = None) -> str:
        """A text in the body. Twitch takes it from the query as well, where twitchAPI 4.5.0 puts that of a message."""
        value = self.body.get(name, self.query.get(name))
        value = default if value is None else value
        if not isinstance(value, str) or (not value and default is None):
            raise Refused(400, f'Missing required parameter "{name}"')
        if limit is not None and len(value) > limit:
            raise Refused(400, f'The parameter "{name}" must not exceed {limit} characters.')
        return value

    def number(self, name: str, low: int, high: int, *, default: int | None = None) -> int:
        """A whole number in the body."""
        value = self.body.get(name)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool):
            raise Refused(400, f'Missing required parameter "{name}"')
        if not low <= value <= high:
            raise Refused(400, f'The value "{value}" of "{name}" must be between {low} and {high}.')
        return value

    def page(self, items: Sequence[Item], *, default: int = 20, limit: int = 100) -> tuple[list[Item], JsonObject]:
        """The part of a list that was asked for by ``first`` and ``after``, and the member ``pagination``."""
        first = self.query.get("first", "") or str(default)
        if not first.isdecimal() or not 1 <= int(first) <= limit:
            raise Refused(400, f'The parameter "first" was malformed: the value must be between 1 and {limit}')
        start = _read_cursor(self.query.get("after", ""))
        end = start + int(first)
        cursor: JsonObject = {"cursor": _cursor(end)} if end < len(items) else {}
        return list(items[start:end]), cursor


Handler: TypeAlias = Callable[[Call], JsonObject | None]
"""Answers a call with a body, or with no content; raises :class:`Refused`."""


class Route(NamedTuple):
    """A way into Helix."""

    method: str
    path: str
    handler: Handler
    scopes: tuple[str, ...] = ()
    """One of these is needed; none means that any token will do."""
    success: int = 200


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"at:{place}".encode()).decode()


def _read_cursor(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor).removeprefix(b"at:"))
    except ValueError as error:
        raise Refused(400, "The pagination cursor is not valid.") from error
