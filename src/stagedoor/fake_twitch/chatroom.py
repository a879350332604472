"""What people do in the chat of a fake Twitch, and what its moderators do about it."""

import re
from dataclasses import dataclass
from typing import Final

from stagedoor.fake_twitch.clock import Clock, exact_time
from stagedoor.fake_twitch.people import People, Subscriber, User, named
from stagedoor.types import JsonObject

EMOTES: Final = {
    "Kappa": "25",
    "PogChamp": "305954156",
    "LUL": "425618",
    "HeyGuys": "30259",
    "<3": "9",
    ":)": "1",
    "NotLikeThis": "58765",
    "VoHiYo": "81274",
}
"""The global emotes by name, with Twitch's real ids."""

KEPT_MESSAGES: Final = 1000

_NOTICES: Final = (
    "sub",
    "resub",
    "sub_gift",
    "community_sub_gift",
    "gift_paid_upgrade",
    "prime_paid_upgrade",
    "raid",
    "unraid",
    "pay_it_forward",
    "announcement",
    "bits_badge_tier",
    "charity_donation",
    "modiversary",
    "watch_streak",
)
_SHARED_NOTICES: Final = (
    "sub",
    "resub",
    "sub_gift",
    "community_sub_gift",
    "gift_paid_upgrade",
    "prime_paid_upgrade",
    "pay_it_forward",
    "raid",
    "announcement",
    "modiversary",
)

_MODERATION: Final = (
    "followers",
    "slow",
    "vip",
    "unvip",
    "warn",
    "mod",
    "unmod",
    "ban",
    "unban",
    "timeout",
    "untimeout",
    "raid",
    "unraid",
    "delete",
    "automod_terms",
    "unban_request",
    "shared_chat_ban",
    "shared_chat_unban",
    "shared_chat_timeout",
    "shared_chat_untimeout",
    "shared_chat_delete",
)

_CHEERMOTE = re.compile(r"^(Cheer|Kappa|PogChamp)(\d+)$", re.IGNORECASE)


@dataclass(slots=True)
class Message:
    """A message that was said in chat."""

    id: str
    author: User
    text: str
    said_at: float
    thread: "Message | None" = None
    """The message that began the thread, for a reply."""


@dataclass(slots=True)
class Ban:
    """Why somebody may not speak; ``ends_at`` is None for ever."""

    user: User
    moderator: User
    reason: str
    created_at: float
    ends_at: float | None = None


@dataclass(slots=True)
class UnbanRequest:
    """What a banned user asked."""

    id: str
    user: User
    text: str
    created_at: float
    status: str = "pending"
    moderator: User | None = None
    resolved_at: float | None = None
    resolution: str = ""


@dataclass(slots=True)
class ChatSettings:
    """The modes of the chat; a duration is None while its mode is off."""

    emote_mode: bool = False
    follower_mode: bool = False
    follower_mode_minutes: int | None = None
    slow_mode: bool = False
    slow_mode_s: int | None = None
    subscriber_mode: bool = False
    unique_chat_mode: bool = False


class Chatroom(People):
    """The owner's chat."""

    def __init__(self, clock: Clock, *, owner: str, bot: str, seed: int) -> None:
        super().__init__(clock, owner=owner, bot=bot, seed=seed)
        self.messages: dict[str, Message] = {}
        """By id, the oldest first, no more than :data:`KEPT_MESSAGES`."""
        self.bans: dict[str, Ban] = {}
        self.unban_requests: dict[str, UnbanRequest] = {}
        self.chat_settings = ChatSettings()
        self.shield_mode_since: float | None = None
        self.shared_chat: str | None = None

    # -- Talking -------------------------------------------------------------------------------------------------------

    def join(self, *who: User | str) -> None:
        """Let people be among the chatters without saying anything."""
        for one in who:
            self.channel.chatters[self.user(one).id] = self.clock.now()

    def leave(self, *who: User | str) -> None:
        """Let people leave."""
        for one in who:
            self.channel.chatters.pop(self.user(one).id, None)

    def chat(
        self,
        who: User | str,
        text: str,
        *,
        reply_to: str | None = None,
        bits: int = 0,
        reward_id: str | None = None,
        message_type: str = "text",
    ) -> str:
        """Say something and return the message's id. ``reply_to`` is the id of the message that it answers."""
        author = self.user(who)
        self.join(author)
        parent = self.messages.get(reply_to or "")
        thread = (parent.thread or parent) if parent is not None else None
        message = Message(self.new_id(), author, text, self.clock.now(), thread)
        self._keep(message)
        reply: JsonObject | None = None
        if parent is not None and thread is not None:
            reply = {
                "parent_message_id": parent.id,
                "parent_message_body": parent.text,
                **named("parent_user", parent.author),
                "thread_message_id": thread.id,
                **named("thread_user", thread.author),
            }
        self.tell(
            "channel.chat.message",
            {
                **self._room(),
                **named("source_broadcaster_user", None),
                **named("chatter_user", author),
                "message_id": message.id,
                "source_message_id": None,
                "is_source_only": None,
                "message": self.parse(text, bits=bits),
                "color": author.color,
                "badges": self.badges(author),
                "source_badges": None,
                "message_type": message_type,
                "cheer": {"bits": bits} if bits else None,
                "reply": reply,
                "channel_points_custom_reward_id": reward_id,
                "channel_points_animation_id": None,
            },
        )
        return message.id

    def parse(self, text: str, *, bits: int = 0) -> JsonObject:
        """A message's text with its fragments: words, emotes, mentions and, in a cheer, cheermotes."""
        fragments: list[JsonObject] = []
        plain = ""

        def put(kind: str, word: str, **what: JsonObject) -> None:
            empty: JsonObject = {"cheermote": None, "emote": None, "mention": None}
            fragments.append({"type": kind, "text": word, **empty, **what})

        for word in re.split(r"(\s+)", text):
            mentioned = self.find(login=word[1:].rstrip(".,:!?")) if word.startswith("@") else None
            cheer = _CHEERMOTE.match(word) if bits else None
            if word not in EMOTES and mentioned is None and cheer is None:
                plain += word
                continue
            if plain:
                put("text", plain)
                plain = ""
            if word in EMOTES:
                emote: JsonObject = {"id": EMOTES[word], "emote_set_id": "0", "owner_id": "0", "format": ["static"]}
                put("emote", word, emote=emote)
            elif mentioned is not None:
                name = f"@{word[1:].rstrip('.,:!?')}"
                put("mention", name, mention=named("user", mentioned))
                plain = word[len(name) :]
            elif cheer is not None:
                put("cheermote", word, cheermote={"prefix": cheer[1].lower(), "bits": int(cheer[2]), "tier": 1})
        if plain or not fragments:
            put("text", plain)
        return {"text": text, "fragments": fragments}

    def badges(self, user: User) -> list[JsonObject]:
        """The badges beside somebody's name."""
        channel = self.channel
        worn: list[JsonObject] = []
        if user is channel.owner:
            worn.append({"set_id": "broadcaster", "id": "1", "info": ""})
        elif user.id in channel.moderators:
            worn.append({"set_id": "moderator", "id": "1", "info": ""})
        elif user.id in channel.vips:
            worn.append({"set_id": "vip", "id": "1", "info": ""})
        if (subscriber := channel.subscribers.get(user.id)) is not None:
            worn.append({"set_id": "subscriber", "id": _badge_version(subscriber), "info": str(subscriber.months)})
        return worn

    def notify(
        self, who: User | str | None, notice: str, system_message: str, what: JsonObject, *, text: str = ""
    ) -> str:
        """Show a notice in chat, such as a resub, and return its message's id.

        ``what`` is the body of the member that is called as the notice is. Nobody as ``who`` is anonymous.
        """
        chatter = self.user(who) if who is not None else None
        message = Message(self.new_id(), chatter or self.owner, text, self.clock.now())
        if text:
            self._keep(message)
        body = dict.fromkeys([*_NOTICES, *(f"shared_chat_{name}" for name in _SHARED_NOTICES)])
        self.tell(
            "channel.chat.notification",
            {
                **self._room(),
                **named("source_broadcaster_user", None),
                **(named("chatter_user", chatter) if chatter else _ANONYMOUS_CHATTER),
                "chatter_is_anonymous": chatter is None,
                "color": chatter.color if chatter else "",
                "badges": self.badges(chatter) if chatter else [],
                "source_badges": None,
                "system_message": system_message,
                "message_id": message.id,
                "source_message_id": None,
                "is_source_only": None,
                "message": self.parse(text) if text else {"text": "", "fragments": []},
                "notice_type": notice,
                **body,
                notice: what,
            },
        )
        return message.id

    def announce(self, who: User | str, text: str, color: str = "primary") -> str:
        """Announce something in chat, which only moderators can."""
        return self.notify(who, "announcement", "", {"color": color.upper()}, text=text)

    def whisper(self, who: User | str, to: User | str, text: str) -> str:
        """Whisper to somebody and return the whisper's id."""
        sender, receiver = self.user(who), self.user(to)
        whisper_id = self.new_id()
        event: JsonObject = {
            **named("from_user", sender),
            **named("to_user", receiver),
            "whisper_id": whisper_id,
            "whisper": {"text": text},
        }
        self.tell("user.whisper.message", event, user_id=receiver.id)
        return whisper_id

    # -- Cleaning ------------------------------------------------------------------------------------------------------

    def delete_message(self, message_id: str, moderator: User | str | None = None) -> bool:
        """Take a message away; tells whether there was one."""
        message = self.messages.pop(message_id, None)
        if message is None:
            return False
        self.tell(
            "channel.chat.message_delete",
            {**self._room(), **named("target_user", message.author), "message_id": message_id},
        )
        what = {**named("user", message.author), "message_id": message_id, "message_body": message.text}
        self._moderate(moderator, "delete", what)
        return True

    def clear_chat(self, moderator: User | str | None = None) -> None:
        """Take all messages away."""
        self.messages.clear()
        self.tell("channel.chat.clear", self._room())
        self._moderate(moderator, "clear")

    def ban(self, who: User | str, *, reason: str = "", moderator: User | str | None = None) -> Ban:
        """Ban somebody for good."""
        return self._ban(self.user(who), reason, moderator, None)

    def timeout(
        self, who: User | str, seconds: float = 600, *, reason: str = "", moderator: User | str | None = None
    ) -> Ban:
        """Ban somebody for a while."""
        return self._ban(self.user(who), reason, moderator, seconds)

    def _ban(self, user: User, reason: str, moderator: User | str | None, seconds: float | None) -> Ban:
        now = self.clock.now()
        by = self.user(moderator) if moderator is not None else self.owner
        ban = Ban(user, by, reason, now, None if seconds is None else now + seconds)
        self.bans[user.id] = ban
        self.leave(user)
        self.tell("channel.chat.clear_user_messages", {**self._room(), **named("target_user", user)})
        self.tell(
            "channel.ban",
            {
                **named("user", user),
                **self._room(),
                **named("moderator_user", by),
                "reason": reason,
                "banned_at": exact_time(now),
                "ends_at": None if ban.ends_at is None else exact_time(ban.ends_at),
                "is_permanent": ban.ends_at is None,
            },
        )
        what: JsonObject = {**named("user", user), "reason": reason}
        if ban.ends_at is None:
            self._moderate(by, "ban", what)
        else:
            self._moderate(by, "timeout", {**what, "expires_at": exact_time(ban.ends_at)})
        return ban

    def unban(self, who: User | str, *, moderator: User | str | None = None) -> bool:
        """Lift a ban or a timeout; tells whether there was one."""
        user = self.user(who)
        ban = self.ban_of(user)
        if ban is None:
            return False
        del self.bans[user.id]
        by = self.user(moderator) if moderator is not None else self.owner
        self.tell("channel.unban", {**named("user", user), **self._room(), **named("moderator_user", by)})
        self._moderate(by, "unban" if ban.ends_at is None else "untimeout", named("user", user))
        return True

    def ban_of(self, user: User) -> Ban | None:
        """Somebody's ban that still holds."""
        ban = self.bans.get(user.id)
        return None if ban is None or (ban.ends_at or self.clock.now() + 1) <= self.clock.now() else ban

    def warn(self, who: User | str, reason: str, *, moderator: User | str | None = None) -> None:
        """Warn somebody, who then has to acknowledge it before talking on."""
        user, by = self.user(who), self.user(moderator) if moderator is not None else self.owner
        people = {**self._room(), **named("moderator_user", by), **named("user", user)}
        self.tell("channel.warning.send", {**people, "reason": reason, "chat_rules_cited": None})
        self._moderate(by, "warn", {**named("user", user), "reason": reason, "chat_rules_cited": None})

    def acknowledge_warning(self, who: User | str) -> None:
        """Take note of a warning."""
        self.tell("channel.warning.acknowledge", {**self._room(), **named("user", self.user(who))})

    def ask_for_unban(self, who: User | str, text: str) -> UnbanRequest:
        """Ask to be let in again."""
        user = self.user(who)
        request = UnbanRequest(self.new_id(), user, text, self.clock.now())
        self.unban_requests[request.id] = request
        self.tell(
            "channel.unban_request.create",
            {
                "id": request.id,
                **self._room(),
                **named("user", user),
                "text": text,
                "created_at": exact_time(request.created_at),
            },
        )
        return request

    def resolve_unban_request(
        self, request: UnbanRequest, status: str, resolution: str = "", *, moderator: User | str | None = None
    ) -> None:
        """Decide about such a request: ``approved``, ``denied`` or ``canceled``."""
        by = self.user(moderator) if moderator is not None else self.owner
        request.status, request.resolution, request.moderator = status, resolution, by
        request.resolved_at = self.clock.now()
        self.tell(
            "channel.unban_request.resolve",
            {
                "id": request.id,
                **self._room(),
                **named("moderator_user", by),
                **named("user", request.user),
                "resolution_text": resolution,
                "status": status,
            },
        )
        if status != "canceled":
            approved = status == "approved"
            what = {**named("user", request.user), "is_approved": approved, "moderator_message": resolution}
            self._moderate(
                by, "approve_unban_request" if approved else "deny_unban_request", what, member="unban_request"
            )
            if approved:
                self.unban(request.user, moderator=by)

    def suspect(
        self, who: User | str, status: str = "active_monitoring", *, moderator: User | str | None = None
    ) -> None:
        """Mark somebody as suspicious: ``none``, ``active_monitoring`` or ``restricted``."""
        by = self.user(moderator) if moderator is not None else self.owner
        people = {**self._room(), **named("moderator_user", by), **named("user", self.user(who))}
        self.tell("channel.suspicious_user.update", {**people, "low_trust_status": status})

    def chat_suspiciously(self, who: User | str, text: str, status: str = "active_monitoring") -> None:
        """Say something as a user who is watched."""
        self.tell(
            "channel.suspicious_user.message",
            {
                **self._room(),
                **named("user", self.user(who)),
                "low_trust_status": status,
                "shared_ban_channel_ids": [],
                "types": ["ban_evader"],
                "ban_evasion_evaluation": "likely",
                "message": {"message_id": self.new_id(), **self.parse(text)},
            },
        )

    # -- Roles and modes -----------------------------------------------------------------------------------------------

    def add_moderator(self, who: User | str) -> None:
        """Make somebody a moderator."""
        user = self.user(who)
        self.channel.vips.discard(user.id)
        self.channel.moderators.add(user.id)
        self.tell("channel.moderator.add", {**self._room(), **named("user", user)})
        self._moderate(None, "mod", named("user", user))

    def remove_moderator(self, who: User | str) -> None:
        """Make a moderator a viewer again."""
        user = self.user(who)
        self.channel.moderators.discard(user.id)
        self.tell("channel.moderator.remove", {**self._room(), **named("user", user)})
        self._moderate(None, "unmod", named("user", user))

    def add_vip(self, who: User | str) -> None:
        """Make somebody a VIP."""
        user = self.user(who)
        self.channel.vips.add(user.id)
        self.tell("channel.vip.add", {**named("user", user), **self._room()})
        self._moderate(None, "vip", named("user", user))

    def remove_vip(self, who: User | str) -> None:
        """Make a VIP a viewer again."""
        user = self.user(who)
        self.channel.vips.discard(user.id)
        self.tell("channel.vip.remove", {**named("user", user), **self._room()})
        self._moderate(None, "unvip", named("user", user))

    def set_chat_settings(self, settings: ChatSettings, *, moderator: User | str | None = None) -> None:
        """Change the modes of the chat."""
        before, self.chat_settings = self.chat_settings, settings
        self.tell(
            "channel.chat_settings.update",
            {
                **self._room(),
                "emote_mode": settings.emote_mode,
                "follower_mode": settings.follower_mode,
                "follower_mode_duration_minutes": settings.follower_mode_minutes,
                "slow_mode": settings.slow_mode,
                "slow_mode_wait_time_seconds": settings.slow_mode_s,
                "subscriber_mode": settings.subscriber_mode,
                "unique_chat_mode": settings.unique_chat_mode,
            },
        )
        changes: list[tuple[str, bool, bool, JsonObject | None]] = [
            ("emoteonly", before.emote_mode, settings.emote_mode, None),
            (
                "followers",
                before.follower_mode,
                settings.follower_mode,
                {"follow_duration_minutes": settings.follower_mode_minutes},
            ),
            ("slow", before.slow_mode, settings.slow_mode, {"wait_time_seconds": settings.slow_mode_s}),
            ("subscribers", before.subscriber_mode, settings.subscriber_mode, None),
            ("uniquechat", before.unique_chat_mode, settings.unique_chat_mode, None),
        ]
        for name, was, now, what in changes:
            if was != now:
                self._moderate(moderator, name if now else f"{name}off", what if now else None)

    def begin_shield_mode(self, *, moderator: User | str | None = None) -> None:
        """Raise the shield against a raid of bots."""
        self.shield_mode_since = self.clock.now()
        by = self.user(moderator) if moderator is not None else self.owner
        people = {**self._room(), **named("moderator_user", by)}
        self.tell("channel.shield_mode.begin", {**people, "started_at": exact_time(self.shield_mode_since)})

    def end_shield_mode(self, *, moderator: User | str | None = None) -> None:
        """Lower it again."""
        self.shield_mode_since = None
        by = self.user(moderator) if moderator is not None else self.owner
        people = {**self._room(), **named("moderator_user", by)}
        self.tell("channel.shield_mode.end", {**people, "ended_at": exact_time(self.clock.now())})

    # -- Shared chat ---------------------------------------------------------------------------------------------------

    def begin_shared_chat(self, *others: User | str) -> None:
        """Join this chat with those of others, as its host."""
        self.shared_chat = self.new_id()
        self.tell("channel.shared_chat.begin", self._shared_chat(others))

    def update_shared_chat(self, *others: User | str) -> None:
        """Change who takes part."""
        self.tell("channel.shared_chat.update", self._shared_chat(others))

    def end_shared_chat(self) -> None:
        """Leave it."""
        body = self._shared_chat(())
        del body["participants"]
        self.shared_chat = None
        self.tell("channel.shared_chat.end", body)

    def _shared_chat(self, others: tuple[User | str, ...]) -> JsonObject:
        people = [self.owner, *map(self.user, others)]
        return {
            "session_id": self.shared_chat,
            **self._room(),
            **named("host_broadcaster_user", self.owner),
            "participants": [named("broadcaster_user", one) for one in people],
        }

    # -- Inside --------------------------------------------------------------------------------------------------------

    def _room(self) -> JsonObject:
        return named("broadcaster_user", self.owner)

    def _keep(self, message: Message) -> None:
        self.messages[message.id] = message
        while len(self.messages) > KEPT_MESSAGES:
            del self.messages[next(iter(self.messages))]

    def _moderate(
        self, moderator: User | str | None, action: str, what: JsonObject | None = None, *, member: str | None = None
    ) -> None:
        """Tell what a moderator did. ``member`` is the one that carries ``what``, if it is not named as the action."""
        by = self.user(moderator) if moderator is not None else self.owner
        body = dict.fromkeys(_MODERATION) | ({} if what is None else {member or action: what})
        people = {**self._room(), **named("source_broadcaster_user", None), **named("moderator_user", by)}
        self.tell("channel.moderate", {**people, "action": action, **body})


_ANONYMOUS_CHATTER: Final[JsonObject] = {
    "chatter_user_id": "274598607",
    "chatter_user_login": "ananonymousgifter",
    "chatter_user_name": "AnAnonymousGifter",
}
"""Twitch's own account, in whose name anonymous gifts are shown."""


def _badge_version(subscriber: Subscriber) -> str:
    """A subscriber badge's version: the months that it stands for, with 2000 or 3000 added for a higher tier."""
    months = max((known for known in (0, 2, 3, 6, 9, 12, 18, 24) if known <= subscriber.months), default=0)
    return str(months if subscriber.tier == "1000" else int(subscriber.tier) + months)
