"""Every request of the protocol as a method.

How a request reaches the server and its answer comes back is the affair of the client that all protocols share.
"""

import re
import time
from abc import abstractmethod
from collections.abc import Mapping
from random import getrandbits
from typing import Final, Literal, TypeAlias, cast, overload

from msgspec.structs import replace

from stagedoor.remote.client import RemoteClient
from stagedoor.streamerbot.client.connection import Connection, Request
from stagedoor.streamerbot.client.errors import InvalidAnswer, NotPermitted, RequestRefused
from stagedoor.streamerbot.client.patterns import EventTypes, read_event_types
from stagedoor.streamerbot.client.results import (
    Action,
    ActionRun,
    Broadcaster,
    CodeTrigger,
    Command,
    Credits,
    Emotes,
    Info,
    Pronouns,
    UserVariable,
    Variable,
    Viewer,
    YouTubeBroadcast,
    variables_of,
)
from stagedoor.types import JsonObject

Platform: TypeAlias = Literal["twitch", "youtube", "trovo", "kick"]

RESPONSE_TIMEOUT_S: Final = 10.0
"""How long an action may take to answer with a custom event; the official client gives it as long."""

RESPONSE_ARGUMENT: Final = "sbClientResponse"
"""The argument that tells an action the name of the event with which to answer."""

_SPELLING: Final[dict[str, str]] = {"twitch": "Twitch", "youtube": "YouTube", "trovo": "Trovo", "kick": "Kick"}
"""How requests begin that are about one platform."""

_WITH_EMOTES: Final = ("twitch", "youtube")

_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Requests(RemoteClient[Request, Connection]):
    """What can be asked of a server."""

    @abstractmethod
    async def _round_trip(self, request: Request, event_name: str, timeout_s: float) -> tuple[JsonObject, JsonObject]:
        """Send ``request`` and wait for the custom event of that name; returns the answer and the event's arguments."""

    async def request(
        self, name: str, parameters: Mapping[str, object] | None = None, *, timeout_s: float | None = None
    ) -> JsonObject:
        """Make any request, and return its answer as it comes.

        Args:
            name: As on the wire, ``GetActions``.
            parameters: Go beside the name; ``id`` is the client's own.
            timeout_s: The client's usual one if left out.
        """
        return await self._ask(Request(name, dict(parameters or {})), timeout_s)

    # --- the application ------------------------------------------------------------------------------------------

    async def get_info(self) -> Info:
        """Fetch what the application is."""
        answer = await self._ask(Request("GetInfo"))
        return Info.read(_object(answer, "info", "GetInfo"))

    async def get_events(self) -> EventTypes:
        """Fetch the types of event by source, in the server's spelling."""
        answer = await self._ask(Request("GetEvents"))
        return read_event_types(_object(answer, "events", "GetEvents"))

    async def get_broadcaster(self) -> Broadcaster:
        """Fetch the accounts that are logged in."""
        return Broadcaster.read(await self._ask(Request("GetBroadcaster")))

    async def get_monitored_youtube_broadcasts(self) -> list[YouTubeBroadcast]:
        """Fetch the broadcasts on YouTube that the application watches."""
        name = "GetMonitoredYouTubeBroadcasts"
        return YouTubeBroadcast.read_all(_list(await self._ask(Request(name)), "broadcasts", name))

    # --- actions --------------------------------------------------------------------------------------------------

    async def get_actions(self) -> list[Action]:
        """Fetch the actions, disabled ones included."""
        return Action.read_all(_list(await self._ask(Request("GetActions")), "actions", "GetActions"))

    async def do_action(
        self,
        action: str | Action,
        args: Mapping[str, object] | None = None,
        *,
        wait: bool = False,
        wait_timeout_s: float = RESPONSE_TIMEOUT_S,
    ) -> ActionRun:
        """Queue an action; the answer comes before the action has run.

        Args:
            action: Its id, if it has the form of one, else its name; or what :meth:`get_actions` returned.
            args: The action's arguments, JSON values by name.
            wait: Whether to wait for the custom event with which the action answers, as its last step "Trigger
                Custom Event" does with the event name ``%sbClientResponse%``, arguments on.
            wait_timeout_s: For that event, from the server's answer on.
        Raises:
            RequestRefused: When there is no such action.
            ResponseTimeout: When the custom event does not come in time.
        """
        if isinstance(action, Action):
            target = {"id": action.id}
        else:
            target = {"id" if _GUID.fullmatch(action) else "name": action}
        return await self._do_action(target, args, wait, wait_timeout_s)

    async def do_action_by_name(
        self,
        name: str,
        args: Mapping[str, object] | None = None,
        *,
        wait: bool = False,
        wait_timeout_s: float = RESPONSE_TIMEOUT_S,
    ) -> ActionRun:
        """Do as :meth:`do_action` by name, also when the name looks like an id."""
        return await self._do_action({"name": name}, args, wait, wait_timeout_s)

    async def get_code_triggers(self) -> list[CodeTrigger]:
        """Fetch the triggers that programs inside the application have made."""
        return CodeTrigger.read_all(_list(await self._ask(Request("GetCodeTriggers")), "triggers", "GetCodeTriggers"))

    async def execute_code_trigger(
        self,
        trigger_name: str,
        args: Mapping[str, object] | None = None,
        *,
        wait: bool = False,
        wait_timeout_s: float = RESPONSE_TIMEOUT_S,
    ) -> JsonObject | None:
        """Run the actions that are bound to a code trigger.

        Args:
            trigger_name: Its ``event_name``, not its ``name``.
            args: Become arguments of each action.
            wait: Whether to wait for a custom event, as in :meth:`do_action`.
            wait_timeout_s: For that event, from the server's answer on.
        Returns:
            The event's arguments, ``None`` when it was not waited for.
        """
        parameters: JsonObject = {"triggerName": trigger_name}
        _, response = await self._trigger("ExecuteCodeTrigger", parameters, args, wait, wait_timeout_s)
        return response

    # --- chat -----------------------------------------------------------------------------------------------------

    async def send_message(
        self,
        platform: Platform,
        message: str,
        *,
        bot: bool = False,
        internal: bool = True,
        reply_id: str | None = None,
        broadcast_id: str | None = None,
    ) -> None:
        """Say something in chat; servers want a password for this even if for nothing else.

        Args:
            platform: Where.
            message: What, as it is.
            bot: Whether the bot's account says it rather than the broadcaster's.
            internal: Whether commands that ignore internal messages shall ignore it.
            reply_id: The message to which it is a reply, on Twitch and Kick.
            broadcast_id: The broadcast, on YouTube; the newest one that is watched if left out.
        """
        parameters: JsonObject = {"platform": platform, "message": message, "bot": bot, "internal": internal}
        if reply_id is not None:
            parameters["replyId"] = reply_id
        if broadcast_id is not None:
            parameters["broadcastId"] = broadcast_id
        await self._ask(Request("SendMessage", parameters))

    async def get_commands(self) -> list[Command]:
        """Fetch the chat commands."""
        return Command.read_all(_list(await self._ask(Request("GetCommands")), "commands", "GetCommands"))

    async def get_emotes(self, platform: Literal["twitch", "youtube"]) -> Emotes:
        """Fetch the emotes of Twitch or YouTube; there is no request for others.

        Raises:
            ValueError: For another platform.
        """
        name = _about(platform, "GetEmotes", _WITH_EMOTES)
        return Emotes.read(_object(await self._ask(Request(name)), "emotes", name))

    async def get_active_viewers(self) -> list[Viewer]:
        """Fetch who was seen in chat lately."""
        return Viewer.read_all(_list(await self._ask(Request("GetActiveViewers")), "viewers", "GetActiveViewers"))

    async def get_user_pronouns(self, platform: Platform, user_login: str) -> Pronouns:
        """Fetch how to speak of a user; only Twitch knows."""
        name = "GetUserPronouns"
        answer = await self._ask(Request(name, {"platform": platform, "userLogin": user_login}))
        return Pronouns.read(_object(answer, "pronoun", name))

    # --- credits --------------------------------------------------------------------------------------------------

    async def get_credits(self) -> Credits:
        """Fetch whom to thank at the end of the stream."""
        return Credits.read(await self._ask(Request("GetCredits")))

    async def test_credits(self) -> Credits:
        """Fetch credits with made-up names."""
        return Credits.read(await self._ask(Request("TestCredits")))

    async def clear_credits(self) -> None:
        """Forget whom to thank."""
        await self._ask(Request("ClearCredits"))

    # --- variables ------------------------------------------------------------------------------------------------

    async def get_globals(self, *, persisted: bool = True) -> dict[str, Variable]:
        """Fetch the global variables by name: the persisted ones, or those that end with the application."""
        answer = await self._ask(Request("GetGlobals", {"persisted": persisted}))
        variables = map(Variable.read, variables_of(answer))
        return {variable.name: variable for variable in variables}

    async def get_global(self, name: str, *, persisted: bool = True) -> Variable | None:
        """Fetch a global variable; ``None`` if there is none."""
        try:
            answer = await self._ask(Request("GetGlobal", {"variable": name, "persisted": persisted}))
        except NotPermitted:
            raise
        except RequestRefused:
            # So is an absent variable answered, but no text tells that from other refusals.
            return (await self.get_globals(persisted=persisted)).get(name)
        return next((found for found in map(Variable.read, variables_of(answer)) if found.name == name), None)

    async def get_global_value(self, name: str, default: object = None, *, persisted: bool = True) -> object:
        """Fetch the plain value of a global variable; ``default`` if there is none."""
        variable = await self.get_global(name, persisted=persisted)
        return default if variable is None else variable.value

    async def get_user_globals(
        self, platform: Platform, name: str | None = None, *, persisted: bool = True
    ) -> list[UserVariable]:
        """Fetch the variables of all users of a platform: those called ``name``, or all.

        Raises:
            ValueError: For an unknown platform.
        """
        request = Request(_about(platform, "GetUserGlobals"), {"variable": name, "persisted": persisted})
        return [UserVariable.read(entry) for entry in variables_of(await self._ask(request))]

    @overload
    async def get_user_global(
        self, platform: Platform, user_id: str, name: None = None, *, persisted: bool = True
    ) -> dict[str, UserVariable]: ...
    @overload
    async def get_user_global(
        self, platform: Platform, user_id: str, name: str, *, persisted: bool = True
    ) -> UserVariable | None: ...

    async def get_user_global(
        self, platform: Platform, user_id: str, name: str | None = None, *, persisted: bool = True
    ) -> UserVariable | dict[str, UserVariable] | None:
        """Fetch a variable of one user, ``None`` if there is none; without ``name``, all of the user's by name.

        Raises:
            ValueError: For an unknown platform.
        """
        parameters: JsonObject = {"userId": user_id, "variable": name, "persisted": persisted}
        request = Request(_about(platform, "GetUserGlobal"), parameters)
        try:
            answer = await self._ask(request)
        except RequestRefused as error:
            if name is None or isinstance(error, NotPermitted):
                raise
            # As for global variables: only a list tells that there is none.
            everybodys = await self.get_user_globals(platform, name, persisted=persisted)
            return next((found for found in everybodys if (found.user_id, found.name) == (user_id, name)), None)
        whose: JsonObject = {"platform": platform, "userId": user_id}
        found = {
            variable.name: variable
            for variable in (UserVariable.read({**whose, **entry}) for entry in variables_of(answer))
        }
        return found if name is None else found.get(name)

    async def get_user_global_value(
        self, platform: Platform, user_id: str, name: str, default: object = None, *, persisted: bool = True
    ) -> object:
        """Fetch the plain value of a user's variable; ``default`` if there is none."""
        variable = await self.get_user_global(platform, user_id, name, persisted=persisted)
        return default if variable is None else variable.value

    # ---------------------------------------------------------------------------------------------------------------

    async def _ask(self, request: Request, timeout_s: float | None = None) -> JsonObject:
        return cast(JsonObject, await self._send(request, timeout_s))

    async def _do_action(
        self, target: JsonObject | dict[str, str], args: Mapping[str, object] | None, wait: bool, wait_timeout_s: float
    ) -> ActionRun:
        answer, response = await self._trigger("DoAction", {"action": target}, args, wait, wait_timeout_s)
        return replace(ActionRun.read(answer), response=response)

    async def _trigger(
        self,
        name: str,
        parameters: JsonObject,
        args: Mapping[str, object] | None,
        wait: bool,
        wait_timeout_s: float,
    ) -> tuple[JsonObject, JsonObject | None]:
        if not wait:
            return await self._ask(Request(name, {**parameters, "args": dict(args or {})})), None
        # The form is the official client's; actions in the field may look at it.
        event_name = f"sb:client:res:{time.time_ns() // 1_000_000}-{getrandbits(32)}"
        request = Request(name, {**parameters, "args": {**(args or {}), RESPONSE_ARGUMENT: event_name}})
        return await self._round_trip(request, event_name, wait_timeout_s)


def _about(platform: str, request: str, platforms: tuple[str, ...] = tuple(_SPELLING)) -> str:
    if platform not in platforms:
        raise ValueError(f"{request} knows {', '.join(platforms)}, not {platform!r}")
    return _SPELLING[platform] + request


def _object(answer: JsonObject, member: str, request: str) -> JsonObject:
    value = answer.get(member)
    if not isinstance(value, dict):
        raise InvalidAnswer(request, f"{member!r} is no object")
    return value


def _list(answer: JsonObject, member: str, request: str) -> list[object]:
    value = answer.get(member)
    if not isinstance(value, list):
        raise InvalidAnswer(request, f"{member!r} is no list")
    return value
