"""What an action can do: one class a type of step, and the one place that lists them.

To add a type: a class with the tag that stands in the JSON, a number and a title for ``Raw.SubAction``, and its name in
:data:`AnyStep`. A step that raises a :class:`stagedoor.errors.StagedoorError` ends its run.
"""

import logging
import secrets
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from stagedoor.errors import PeerError
from stagedoor.keys import EMIT, GLOBAL_SET, segment
from stagedoor.services.actions.errors import StepFailed
from stagedoor.services.actions.expansion import as_text, auto_typed
from stagedoor.services.actions.run import Run, World
from stagedoor.services.actions.triggers import CUSTOM_EVENT, Origin
from stagedoor.streamerbot.events import EventName
from stagedoor.types import JsonObject, Value

logger = logging.getLogger(__name__)

BROADCAST: Final = EventName("General", "Custom")

MAX_DEPTH: Final = 16
"""How many custom events may trigger one another before it is a circle."""

_NonEmpty: TypeAlias = Annotated[str, Meta(min_length=1)]
_Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=24 * 3600 * 1000)]


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", tag_field="type"):
    """Base of all steps. ``number`` is the type of ``Raw.SubAction``: 10, a chat message, is known from Streamer.bot;
    the others are stagedoor's own."""

    number: ClassVar[int]
    title: ClassVar[str]

    id: str = ""
    enabled: bool = True

    async def perform(self, run: Run, world: World) -> None:
        """Do it.

        Raises:
            StagedoorError: When it cannot be done.
        """
        raise NotImplementedError


class SetArgument(Step, frozen=True, kw_only=True, tag="setArgument"):
    """Gives the run an argument. With ``auto_type``, text that reads as a number or a truth value becomes one."""

    number = 20001
    title = "Set argument"

    name: _NonEmpty
    value: Any = ""
    auto_type: bool = True

    async def perform(self, run: Run, world: World) -> None:
        """Do it."""
        value = run.expander.value(self.value)
        if self.auto_type and isinstance(value, str):
            value = auto_typed(value)
        run.arguments.set(run.expander.text(self.name), value)


class SetGlobal(Step, frozen=True, kw_only=True, tag="setGlobal"):
    """Sets a global variable, or counts it; with a user, that viewer's."""

    number = 20002
    title = "Set global variable"

    name: _NonEmpty
    value: Any | UnsetType = UNSET
    persisted: bool = True
    mode: Literal["set", "increment", "decrement"] = "set"
    platform: str = ""
    user_id: str = ""

    def __post_init__(self) -> None:
        if self.mode == "set" and self.value is UNSET:
            raise ValueError("`value` is missing")
        if bool(self.platform) is not bool(self.user_id):
            raise ValueError("`platform` and `userId` belong together")

    async def perform(self, run: Run, world: World) -> None:
        """Do it, and wait until it survives a crash."""
        request: JsonObject = {
            "name": run.expander.text(self.name),
            "persisted": self.persisted,
            "mode": self.mode,
        }
        if self.value is not UNSET:
            value = run.expander.value(self.value)
            # To count by what a viewer typed, it has to be a number.
            request["value"] = auto_typed(value) if self.mode != "set" and isinstance(value, str) else value
        if self.platform:
            request |= self._user(run)
        await world.client.call(GLOBAL_SET, _encode(request))

    def _user(self, run: Run) -> JsonObject:
        user: JsonObject = {
            "platform": run.expander.text(self.platform).lower(),
            "userId": run.expander.text(self.user_id),
        }
        # The variable shows whose it is, when the viewer is the one that the run is about.
        if user["userId"] == as_text(run.arguments.get("userId")):
            names = {"userLogin": run.arguments.text("userName"), "userName": run.arguments.text("user")}
            user |= {name: text for name, text in names.items() if text}
        return user


class TriggerCustomEvent(Step, frozen=True, kw_only=True, tag="triggerCustomEvent"):
    """Publishes ``Custom.Event`` and queues the actions that wait for it, without waiting for them."""

    number = 20003
    title = "Trigger custom event"

    event_name: _NonEmpty
    use_arguments: bool = False

    async def perform(self, run: Run, world: World) -> None:
        """Do it."""
        if run.depth >= MAX_DEPTH:
            raise StepFailed(f"more than {MAX_DEPTH} custom events have triggered one another")
        name = run.expander.text(self.event_name)
        arguments = run.arguments.as_object() if self.use_arguments else {}
        world.publish(CUSTOM_EVENT, {"eventName": name, "args": arguments})
        world.fire(Origin(CUSTOM_EVENT, name, "Custom Event", "Custom"), arguments, run.depth + 1)


class Broadcast(Step, frozen=True, kw_only=True, tag="broadcast"):
    """Publishes ``General.Custom``: JSON as its data, or a text as the member ``data`` of them."""

    number = 20004
    title = "Broadcast"

    json: Any | UnsetType = UNSET
    text: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        if (self.json is UNSET) is (self.text is UNSET):
            raise ValueError("needs either `json` or `text`")

    async def perform(self, run: Run, world: World) -> None:
        """Do it."""
        if self.text is UNSET:
            world.publish(BROADCAST, run.expander.value(self.json))
        else:
            world.publish(BROADCAST, {"data": run.expander.text(self.text)})


class SendMessage(Step, frozen=True, kw_only=True, tag="sendMessage"):
    """Says something in a platform's chat. A chat that cannot be reached is no reason to stop the show."""

    number = 10
    title = "Send message"

    platform: _NonEmpty
    message: _NonEmpty
    bot: bool = False
    internal: bool = True
    reply_id: str = ""
    broadcast_id: str = ""

    async def perform(self, run: Run, world: World) -> None:
        """Do it; a failure is logged."""
        platform = run.expander.text(self.platform).lower()
        request: JsonObject = {
            "message": run.expander.text(self.message),
            "bot": self.bot,
            "internal": self.internal,
        }
        if self.reply_id:
            request["replyId"] = run.expander.text(self.reply_id)
        if self.broadcast_id:
            request["broadcastId"] = run.expander.text(self.broadcast_id)
        try:
            await world.client.call(f"platform/{segment(platform)}/@send-message", _encode(request))
        except PeerError as error:
            logger.warning("the action %r could not say something on %r: %s", run.action_name, platform, error)


class EmitEvent(Step, frozen=True, kw_only=True, tag="emitEvent"):
    """Publishes any event, after its data were completed."""

    number = 20005
    title = "Emit event"

    event_source: _NonEmpty
    event_type: _NonEmpty
    data: dict[str, Any] = {}

    async def perform(self, run: Run, world: World) -> None:
        """Do it."""
        request = {
            "source": run.expander.text(self.event_source),
            "type": run.expander.text(self.event_type),
            "data": run.expander.value(self.data),
        }
        await world.client.call(EMIT, _encode(request))


class SetKey(Step, frozen=True, kw_only=True, tag="setKey"):
    """Writes a key: a text as it is, anything else as JSON.

    What is put into the key's name stays within its segment, so that a viewer cannot choose another key.
    """

    number = 20006
    title = "Set key"

    key: _NonEmpty
    value: Any

    async def perform(self, run: Run, world: World) -> None:
        """Do it, and wait until it survives a crash."""
        value = run.expander.value(self.value)
        key = run.expander.text(self.key, quote=segment)
        await world.client.put(key, value if isinstance(value, str) else _encode(value))


class Delay(Step, frozen=True, kw_only=True, tag="delay"):
    """Waits ``ms`` milliseconds, or with ``random_to`` any whole number of them between the two, both included."""

    number = 20007
    title = "Delay"

    ms: _Milliseconds
    random_to: _Milliseconds | None = None

    def __post_init__(self) -> None:
        if self.random_to is not None and self.random_to < self.ms:
            raise ValueError("`randomTo` is less than `ms`")

    async def perform(self, run: Run, world: World) -> None:
        """Do it."""
        span = 0 if self.random_to is None else self.random_to - self.ms
        await world.sleep((self.ms + secrets.randbelow(span + 1)) / 1000)


class Log(Step, frozen=True, kw_only=True, tag="log"):
    """Writes a line to stagedoor's log."""

    number = 20008
    title = "Log"

    message: str
    level: Literal["debug", "info", "warning", "error"] = "info"

    async def perform(self, run: Run, world: World) -> None:
        """Do it, without what would begin another line or play tricks on a terminal."""
        text = run.expander.text(self.message)
        line = "".join(character if character.isprintable() else " " for character in text)
        logger.log(logging.getLevelNamesMapping()[self.level.upper()], "%s", line)


AnyStep: TypeAlias = (
    SetArgument | SetGlobal | TriggerCustomEvent | Broadcast | SendMessage | EmitEvent | SetKey | Delay | Log
)


def _encode(value: object) -> Value:
    return msgspec.json.encode(value).decode()
