"""What an action can do: one class a type of step, and the one place that lists them.

To add a type: a class with the tag that stands in the JSON, a number and a title for ``Raw.SubAction``, a group, and
its name in :data:`AnyStep`. The first sentence of its docstring and the titles and descriptions of its members are what
people see in forms. A step that raises a :class:`stagedoor.errors.StagedoorError` ends its run.
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
from stagedoor.services.actions.members import Enabled, PartId, shown
from stagedoor.services.actions.run import Run, World
from stagedoor.services.actions.triggers import CUSTOM_EVENT, Origin
from stagedoor.streamerbot.events import EventName
from stagedoor.types import JsonObject, Value

logger = logging.getLogger(__name__)

BROADCAST: Final = EventName("General", "Custom")

MAX_DEPTH: Final = 16
"""How many custom events may trigger one another before it is a circle."""

VARIABLES: Final = "Variables"
CHAT_AND_OVERLAYS: Final = "Chat and overlays"
EVENTS: Final = "Events"
FLOW: Final = "Flow"

_NonEmpty: TypeAlias = Annotated[str, Meta(min_length=1)]
_Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=24 * 3600 * 1000)]


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", tag_field="type"):
    """Base of all steps. ``number`` is the type of ``Raw.SubAction``: 10, a chat message, is known from Streamer.bot;
    the others are stagedoor's own."""

    number: ClassVar[int]
    title: ClassVar[str]
    group: ClassVar[str]

    id: PartId = ""
    enabled: Enabled = True

    async def perform(self, run: Run, world: World) -> str:
        """Do it.

        Returns:
            What it has done, in a few words for the owner; they are cut when they are many.
        Raises:
            StagedoorError: When it cannot be done.
        """
        raise NotImplementedError


class SetArgument(Step, frozen=True, kw_only=True, tag="setArgument"):
    """Gives the run an argument. With ``auto_type``, text that reads as a number or a truth value becomes one."""

    number = 20001
    title = "Set argument"
    group = VARIABLES

    name: Annotated[_NonEmpty, shown("Name", "The argument; later steps write it as %name%.")]
    value: Annotated[Any, shown("Value", "A text or any JSON.", format="json")] = ""
    auto_type: Annotated[bool, shown("Recognise numbers", "A text such as 12, 1.5 or true becomes that value.")] = True

    async def perform(self, run: Run, world: World) -> str:
        """Do it."""
        value = run.expander.value(self.value)
        if self.auto_type and isinstance(value, str):
            value = auto_typed(value)
        name = run.expander.text(self.name)
        run.arguments.set(name, value)
        return f"{name} = {as_text(value)}"


class _Entry(Struct):
    """What counts of the answer to ``global/@set``."""

    value: Any = None
    """The variable's value from now on."""


class SetGlobal(Step, frozen=True, kw_only=True, tag="setGlobal"):
    """Sets a global variable, or counts it; with a user, that viewer's."""

    number = 20002
    title = "Set global variable"
    group = VARIABLES

    name: Annotated[_NonEmpty, shown("Name", "The variable.", format="global")]
    mode: Annotated[
        Literal["set", "increment", "decrement"], shown("How", "Sets the variable, or adds to it, or takes from it.")
    ] = "set"
    value: Annotated[
        Any | UnsetType,
        shown("Value", "A text or any JSON; when it counts, by how much, 1 unless it is given.", format="json"),
    ] = UNSET
    persisted: Annotated[bool, shown("Persisted", "Stays when stagedoor ends.")] = True
    platform: Annotated[str, shown("Platform", "For the variable of a viewer: where.", format="platform")] = ""
    user_id: Annotated[str, shown("User id", "For the variable of a viewer: whose, such as %userId%.")] = ""

    def __post_init__(self) -> None:
        if self.mode == "set" and self.value is UNSET:
            raise ValueError("`value` is missing")
        if bool(self.platform) is not bool(self.user_id):
            raise ValueError("`platform` and `userId` belong together")

    async def perform(self, run: Run, world: World) -> str:
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
        entry = msgspec.json.decode(await world.client.call(GLOBAL_SET, _encode(request)), type=_Entry)
        return f"{request['name']} = {as_text(entry.value)}"

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
    group = EVENTS

    event_name: Annotated[_NonEmpty, shown("Event", "The custom event's name, such as raid.", format="event")]
    use_arguments: Annotated[bool, shown("With arguments", "Hands on all arguments of this run.")] = False

    async def perform(self, run: Run, world: World) -> str:
        """Do it."""
        if run.depth >= MAX_DEPTH:
            raise StepFailed(f"more than {MAX_DEPTH} custom events have triggered one another")
        name = run.expander.text(self.event_name)
        arguments = run.arguments.as_object() if self.use_arguments else {}
        world.publish(CUSTOM_EVENT, {"eventName": name, "args": arguments})
        world.fire(Origin(CUSTOM_EVENT, name, "Custom Event", "Custom"), arguments, run.depth + 1)
        return name


class Broadcast(Step, frozen=True, kw_only=True, tag="broadcast"):
    """Publishes ``General.Custom``: JSON as its data, or a text as the member ``data`` of them."""

    number = 20004
    title = "Broadcast"
    group = CHAT_AND_OVERLAYS

    json: Annotated[Any | UnsetType, shown("JSON", "The event's data; or give a text.", format="json")] = UNSET
    text: Annotated[str | UnsetType, shown("Text", 'Becomes {"data": text}; or give JSON.', format="textarea")] = UNSET

    def __post_init__(self) -> None:
        if (self.json is UNSET) is (self.text is UNSET):
            raise ValueError("needs either `json` or `text`")

    async def perform(self, run: Run, world: World) -> str:
        """Do it."""
        data = run.expander.value(self.json) if self.text is UNSET else {"data": run.expander.text(self.text)}
        world.publish(BROADCAST, data)
        return as_text(data)


class SendMessage(Step, frozen=True, kw_only=True, tag="sendMessage"):
    """Says something in a platform's chat. A chat that cannot be reached is no reason to stop the show."""

    number = 10
    title = "Send message"
    group = CHAT_AND_OVERLAYS

    platform: Annotated[_NonEmpty, shown("Platform", "Where it is said, such as twitch.", format="platform")]
    message: Annotated[_NonEmpty, shown("Message", "What is said.", format="textarea")]
    bot: Annotated[bool, shown("As the bot", "Speaks with the bot's account, if there is one.")] = False
    internal: Annotated[
        bool, shown("Internal", "Marks the message as stagedoor's own, so that commands may ignore it.")
    ] = True
    reply_id: Annotated[str, shown("Reply to", "The id of the message that it answers, on Twitch and Kick.")] = ""
    broadcast_id: Annotated[str, shown("Broadcast", "The id of the broadcast, on YouTube.")] = ""

    async def perform(self, run: Run, world: World) -> str:
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
            return f"not said on {platform}: {error}"
        return f"{platform}: {request['message']}"


class EmitEvent(Step, frozen=True, kw_only=True, tag="emitEvent"):
    """Publishes any event, after its data were completed."""

    number = 20005
    title = "Emit event"
    group = EVENTS

    event_source: Annotated[_NonEmpty, shown("Source", "Such as Twitch.", format="event-source")]
    event_type: Annotated[_NonEmpty, shown("Type", "Such as Raid.", format="event-type")]
    data: Annotated[dict[str, Any], shown("Data", "What is left out is filled in where it can be.", format="json")] = {}

    async def perform(self, run: Run, world: World) -> str:
        """Do it."""
        request = {
            "source": run.expander.text(self.event_source),
            "type": run.expander.text(self.event_type),
            "data": run.expander.value(self.data),
        }
        await world.client.call(EMIT, _encode(request))
        return f"{request['source']}.{request['type']}"


class SetKey(Step, frozen=True, kw_only=True, tag="setKey"):
    """Writes a key: a text as it is, anything else as JSON.

    What is put into the key's name stays within its segment, so that a viewer cannot choose another key.
    """

    number = 20006
    title = "Set key"
    group = CHAT_AND_OVERLAYS

    key: Annotated[_NonEmpty, shown("Key", "Such as overlay/alert.", format="key")]
    value: Annotated[Any, shown("Value", "A text is written as it is, anything else as JSON.", format="json")]

    async def perform(self, run: Run, world: World) -> str:
        """Do it, and wait until it survives a crash."""
        value = run.expander.value(self.value)
        key = run.expander.text(self.key, quote=segment)
        text = value if isinstance(value, str) else _encode(value)
        await world.client.put(key, text)
        return f"{key} = {text}"


class Delay(Step, frozen=True, kw_only=True, tag="delay"):
    """Waits, always as long or any time between two. Both ends of that are included."""

    number = 20007
    title = "Delay"
    group = FLOW

    ms: Annotated[_Milliseconds, shown("Milliseconds", "How long, or how long at least.")]
    random_to: Annotated[
        _Milliseconds | None, shown("At most", "Milliseconds; with it, each delay is another between the two.")
    ] = None

    def __post_init__(self) -> None:
        if self.random_to is not None and self.random_to < self.ms:
            raise ValueError("`randomTo` is less than `ms`")

    async def perform(self, run: Run, world: World) -> str:
        """Do it."""
        span = 0 if self.random_to is None else self.random_to - self.ms
        ms = self.ms + secrets.randbelow(span + 1)
        await world.sleep(ms / 1000)
        return f"{ms} ms"


class Log(Step, frozen=True, kw_only=True, tag="log"):
    """Writes a line to stagedoor's log."""

    number = 20008
    title = "Log"
    group = FLOW

    message: Annotated[str, shown("Message", "What is written.", format="textarea")]
    level: Annotated[Literal["debug", "info", "warning", "error"], shown("Level", "How much it matters.")] = "info"

    async def perform(self, run: Run, world: World) -> str:
        """Do it, without what would begin another line or play tricks on a terminal."""
        text = run.expander.text(self.message)
        line = "".join(character if character.isprintable() else " " for character in text)
        logger.log(logging.getLevelNamesMapping()[self.level.upper()], "%s", line)
        return line


AnyStep: TypeAlias = (
    SetArgument | SetGlobal | TriggerCustomEvent | Broadcast | SendMessage | EmitEvent | SetKey | Delay | Log
)


def _encode(value: object) -> Value:
    return msgspec.json.encode(value).decode()
