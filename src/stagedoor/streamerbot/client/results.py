"""What the server's answers hold, typed. Each object keeps what came in ``raw``.

Source: Streamer.bot's documentation, the types of the official client 1.12.2, and answers of older applications.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Self

from msgspec import field
from msgspec.structs import replace

from stagedoor.streamerbot.client.record import Record
from stagedoor.types import JsonObject


class Info(Record, frozen=True, kw_only=True):
    """The application that answers."""

    instance_id: str = ""
    """Stays with the installation."""

    name: str = ""
    version: str = ""
    os: str = ""
    """``windows``, ``linux`` or ``macosx``."""

    os_version: str = ""
    mode: str = ""
    dark_mode: bool = False
    source: str = ""
    """Which of its servers answers, ``websocketServer``."""


class Action(Record, frozen=True, kw_only=True):
    """An action that can be run."""

    id: str = ""
    name: str = ""
    group: str = ""
    """``"None"`` without one, in the application's own words."""

    enabled: bool = True
    subaction_count: int = field(name="subaction_count", default=0)
    trigger_count: int = field(name="trigger_count", default=0)
    """Unknown to older applications."""


class ActionRun(Record, frozen=True, kw_only=True):
    """An action that was queued by ``do_action``. Older applications tell nothing of it."""

    action_id: str = ""
    action_name: str = ""
    running_action_id: str = ""
    """Of this run; events about it have the same."""

    action_queued_at: datetime | None = None
    args: JsonObject = {}
    """Its first arguments."""

    response: JsonObject | None = field(name="", default=None)
    """The arguments of the custom event with which the action answered, if that was waited for."""

    @classmethod
    def read(cls, raw: JsonObject) -> Self:
        """Take what is at the top or among the arguments."""
        args = raw.get("args")
        return replace(super().read({**args, **raw}), raw=raw) if isinstance(args, dict) else super().read(raw)


class Account(Record, frozen=True, kw_only=True):
    """The broadcaster's account on one platform, and the bot's, if there is one."""

    user_id: str = field(name="broadcastUserId", default="")
    user_login: str = field(name="broadcasterLogin", default="")
    """Empty on YouTube, which has none."""

    user_name: str = field(name="broadcastUser", default="")
    """As it is shown."""

    profile_image_url: str = field(name="broadcastUserProfileImage", default="")
    is_affiliate: bool = field(name="broadcasterIsAffiliate", default=False)
    is_partner: bool = field(name="broadcasterIsPartner", default=False)
    bot_user_id: str = ""
    bot_login: str = ""
    bot_name: str = field(name="botUser", default="")

    older = {
        "user_id": ("broadcasterUserId",),
        "user_name": ("broadcasterUserName", "broadcastUserName"),
        "profile_image_url": ("broadcasterProfileUrl",),
        "is_affiliate": ("broadcastIsAffiliate",),
        "is_partner": ("broadcastIsPartner",),
        "bot_name": ("botUserName",),
    }

    @classmethod
    def read(cls, raw: JsonObject) -> Self:
        """Tell login from name: on Twitch, ``broadcastUserName`` is the login, on YouTube it is the name."""
        twitch: JsonObject = {}
        if "broadcastUser" in raw:
            twitch["broadcasterLogin"] = raw.get("broadcastUserName")
        if "botUser" in raw:
            twitch["botLogin"] = raw.get("botUserName")
        return replace(super().read({**raw, **twitch}), raw=raw)


class Broadcaster(Record, frozen=True, kw_only=True):
    """Who streams, and where."""

    platforms: dict[str, Account] = {}
    """By platform: ``twitch``, ``youtube`` …; those that are logged in."""

    connected: list[str] = []
    disconnected: list[str] = []

    @classmethod
    def read(cls, raw: JsonObject) -> Self:
        """Read the accounts, too."""
        platforms = raw.get("platforms")
        accounts = platforms if isinstance(platforms, dict) else {}
        return replace(
            super().read({**raw, "platforms": {}}),
            raw=raw,
            platforms={name: Account.read(account) for name, account in accounts.items() if isinstance(account, dict)},
        )


class YouTubeBroadcast(Record, frozen=True, kw_only=True):
    """A broadcast on YouTube that the application watches."""

    id: str = ""
    title: str = ""
    description: str = ""
    channel_id: str = ""
    live_chat_id: str = ""
    category_id: str = ""
    privacy: str = ""
    """``public``, ``private`` or ``unlisted``."""

    status: str = ""
    """``ready``, ``live``, ``complete`` and others."""

    published_at: datetime | None = None
    scheduled_start_time: datetime | None = None
    scheduled_end_time: datetime | None = None
    actual_start_time: datetime | None = None
    actual_end_time: datetime | None = None
    tags: list[str] = []
    default_language: str = ""
    default_audio_language: str = ""


class Credits(Record, frozen=True, kw_only=True):
    """Whom to thank at the end of a stream: lists of names as they are shown, in groups by what they did."""

    events: dict[str, list[str]] = {}
    """``follows``, ``cheers``, ``subs``, ``resubs``, ``giftsubs``, ``giftbombs``, ``raided`` and others."""

    users: dict[str, list[str]] = {}
    """``editors``, ``moderators``, ``subscribers``, ``vips``, ``users``, ``groups``."""

    hype_train: dict[str, list[str]] = {}
    """``conductors``, ``contributors``."""

    top: dict[str, list[str]] = {}
    """``allBits``, ``monthBits``, ``weekBits``, ``channelRewards``."""

    groups: dict[str, list[str]] = {}
    """By the name of a group of viewers."""

    custom: JsonObject = {}

    @classmethod
    def read(cls, raw: JsonObject) -> Self:
        """Read the lists, wherever they are: some answers have them below ``credits``."""
        inner = raw.get("credits")
        content = inner if isinstance(inner, dict) and "events" not in raw else raw
        custom = content.get("custom")
        return cls(
            raw=raw,
            events=_lists(content.get("events")),
            users=_lists(content.get("users")),
            hype_train=_lists(content.get("hypeTrain")),
            top=_lists(content.get("top")),
            groups=_lists(content.get("groups")),
            custom=custom if isinstance(custom, dict) else {},
        )


class Viewer(Record, frozen=True, kw_only=True):
    """Somebody who was seen in chat lately."""

    id: str = ""
    platform: str = field(name="type", default="")
    """Unknown to applications before 1.0."""

    login: str = ""
    display: str = ""
    subscribed: bool = False
    role: str = ""
    """``Viewer``, ``VIP``, ``Moderator`` or ``Broadcaster``."""

    groups: list[str] = []
    channel_points_used: int = 0
    previous_active: datetime | None = None
    exempt: bool = False
    """Whether nobody counts what this viewer does."""

    older = {"previous_active": ("lastActive",)}


class CodeTrigger(Record, frozen=True, kw_only=True):
    """A trigger that a program inside the application has made."""

    name: str = ""
    event_name: str = ""
    """What ``execute_code_trigger`` takes."""

    category: str = ""


class Command(Record, frozen=True, kw_only=True):
    """A chat command."""

    id: str = ""
    enabled: bool = True
    name: str = ""
    group: str | None = None
    commands: list[str] = []
    """The words to which it answers."""

    case_sensitive: bool = False
    ignore_internal: bool = False
    ignore_bot_account: bool = False
    sources: object = None
    """Bit flags in the documentation, a list of names in the official client's types."""


class Emote(Record, frozen=True, kw_only=True):
    """An emote."""

    name: str = ""
    type: str = ""
    image_url: str = ""
    zero_width: bool = False


class Emotes(Record, frozen=True, kw_only=True):
    """The emotes that can be used, by where they come from. Names may repeat."""

    user: list[Emote] = []
    bttv: list[Emote] = []
    ffz: list[Emote] = []
    seven_tv: list[Emote] = []

    @classmethod
    def read(cls, raw: JsonObject) -> Self:
        """Read the lists."""
        return cls(
            raw=raw,
            user=Emote.read_all(raw.get("userEmotes")),
            bttv=Emote.read_all(raw.get("bttvEmotes")),
            ffz=Emote.read_all(raw.get("ffzEmotes")),
            seven_tv=Emote.read_all(raw.get("sevenTvEmotes")),
        )


class Variable(Record, frozen=True, kw_only=True):
    """A global variable."""

    name: str = ""
    value: object = None
    last_write: datetime | None = None


class UserVariable(Variable, frozen=True, kw_only=True):
    """A variable of one user. Asked for one user alone, an application leaves the user's members out."""

    platform: str = ""
    user_id: str = ""
    user_login: str = ""
    user_name: str = ""


class Pronouns(Record, frozen=True, kw_only=True):
    """How to speak of a user. Each form is also there in lower case, in ``raw``."""

    subject: str = field(name="pronounSubject", default="")
    object: str = field(name="pronounObject", default="")
    possessive: str = field(name="pronounPossessive", default="")
    pronoun: str = field(name="pronounPronoun", default="")
    reflexive: str = field(name="pronounReflexive", default="")
    past_tense: str = field(name="pronounPastTense", default="")
    """``Was`` or ``Were``."""

    current_tense: str = field(name="pronounCurrentTense", default="")
    """``Is`` or ``Are``."""

    plural: str = field(name="pronounPluralLower", default="")
    """``s`` or nothing: what follows a verb."""

    short: str = field(name="pronouns", default="")
    """``(He/Him)``."""

    plain: str = field(name="pronounsPlain", default="")
    """``He/Him``."""

    last_cached: datetime | None = field(name="pronounLastCached", default=None)
    user_found: bool = False


def variables_of(answer: JsonObject) -> Iterator[JsonObject]:
    """Yield the variables of an answer: below ``variables``, by name or in a list, or the one below ``variable``."""
    variables, variable = answer.get("variables"), answer.get("variable")
    if isinstance(variables, dict):
        for name, entry in variables.items():
            yield {"name": name, **entry} if isinstance(entry, dict) else {"name": name, "value": entry}
    elif isinstance(variables, list):
        yield from (entry for entry in variables if isinstance(entry, dict))
    if isinstance(variable, dict):
        yield variable


def _lists(groups: object) -> dict[str, list[str]]:
    if not isinstance(groups, dict):
        return {}
    return {
        name: [str(item) for item in items if isinstance(item, str | int | float)]
        for name, items in groups.items()
        if isinstance(items, list)
    }
