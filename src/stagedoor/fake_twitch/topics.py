"""EventSub's topics: what each is called, what its condition names, which scopes it takes, and what it looks like.

From Twitch's reference of subscription types. The samples are what happens in a world when somebody does each thing
once, so they look as the events of this fake Twitch do.
"""

from functools import cache
from typing import Final, NamedTuple

from stagedoor.fake_twitch.chatroom import ChatSettings
from stagedoor.fake_twitch.clock import Clock
from stagedoor.fake_twitch.world import World
from stagedoor.types import JsonObject


class Topic(NamedTuple):
    """One kind of event that can be subscribed to, in its current version."""

    name: str
    version: str
    condition: tuple[str, ...]
    """Members that the condition must have."""
    scopes: tuple[tuple[str, ...], ...]
    """Of each of these groups the token needs one scope."""
    optional: tuple[str, ...] = ()
    """Members that the condition may have."""
    one_of: tuple[str, ...] = ()
    """Members of which the condition must have exactly one."""

    @property
    def scope_of(self) -> str:
        """The member of the condition that names whose token it takes; empty if anybody's will do."""
        if not self.scopes:
            return ""
        for member in ("moderator_user_id", "user_id"):
            if member in self.condition:
                return member
        return "broadcaster_user_id"


_CHANNEL: Final = ("broadcaster_user_id",)
_MODERATOR: Final = ("broadcaster_user_id", "moderator_user_id")
_CHAT: Final = ("broadcaster_user_id", "user_id")


def _read_or_manage(area: str, owner: str = "channel") -> tuple[tuple[str, ...], ...]:
    return ((f"{owner}:read:{area}", f"{owner}:manage:{area}"),)


_READ_CHAT: Final = (("user:read:chat",),)
_SUBSCRIPTIONS: Final = (("channel:read:subscriptions",),)
_BITS: Final = (("bits:read",),)
_POLLS: Final = _read_or_manage("polls")
_PREDICTIONS: Final = _read_or_manage("predictions")
_REDEMPTIONS: Final = _read_or_manage("redemptions")
_VIPS: Final = _read_or_manage("vips")
_HYPE: Final = (("channel:read:hype_train",),)
_GOALS: Final = (("channel:read:goals",),)
_CHARITY: Final = (("channel:read:charity",),)
_SHIELD: Final = _read_or_manage("shield_mode", "moderator")
_SHOUTOUTS: Final = _read_or_manage("shoutouts", "moderator")
_UNBAN: Final = _read_or_manage("unban_requests", "moderator")
_WARNINGS: Final = _read_or_manage("warnings", "moderator")
_SUSPICIOUS: Final = (("moderator:read:suspicious_users",),)
_MODERATE: Final = (
    *_read_or_manage("blocked_terms", "moderator"),
    *_read_or_manage("chat_settings", "moderator"),
    *_UNBAN,
    *_read_or_manage("banned_users", "moderator"),
    *_read_or_manage("chat_messages", "moderator"),
    *_WARNINGS,
    ("moderator:read:moderators",),
    ("moderator:read:vips",),
)

_TOPICS: Final = (
    Topic("channel.update", "2", _CHANNEL, ()),
    Topic("stream.online", "1", _CHANNEL, ()),
    Topic("stream.offline", "1", _CHANNEL, ()),
    Topic("channel.follow", "2", _MODERATOR, (("moderator:read:followers",),)),
    Topic("channel.subscribe", "1", _CHANNEL, _SUBSCRIPTIONS),
    Topic("channel.subscription.end", "1", _CHANNEL, _SUBSCRIPTIONS),
    Topic("channel.subscription.gift", "1", _CHANNEL, _SUBSCRIPTIONS),
    Topic("channel.subscription.message", "1", _CHANNEL, _SUBSCRIPTIONS),
    Topic("channel.cheer", "1", _CHANNEL, _BITS),
    Topic("channel.bits.use", "1", _CHANNEL, _BITS),
    Topic("channel.raid", "1", (), (), one_of=("from_broadcaster_user_id", "to_broadcaster_user_id")),
    Topic("channel.chat.message", "1", _CHAT, _READ_CHAT),
    Topic("channel.chat.message_delete", "1", _CHAT, _READ_CHAT),
    Topic("channel.chat.clear", "1", _CHAT, _READ_CHAT),
    Topic("channel.chat.clear_user_messages", "1", _CHAT, _READ_CHAT),
    Topic("channel.chat.notification", "1", _CHAT, _READ_CHAT),
    Topic("channel.chat_settings.update", "1", _CHAT, _READ_CHAT),
    Topic("channel.shared_chat.begin", "1", _CHANNEL, ()),
    Topic("channel.shared_chat.update", "1", _CHANNEL, ()),
    Topic("channel.shared_chat.end", "1", _CHANNEL, ()),
    Topic("channel.ban", "1", _CHANNEL, (("channel:moderate",),)),
    Topic("channel.unban", "1", _CHANNEL, (("channel:moderate",),)),
    Topic("channel.moderate", "2", _MODERATOR, _MODERATE),
    Topic("channel.moderator.add", "1", _CHANNEL, (("moderation:read",),)),
    Topic("channel.moderator.remove", "1", _CHANNEL, (("moderation:read",),)),
    Topic("channel.vip.add", "1", _CHANNEL, _VIPS),
    Topic("channel.vip.remove", "1", _CHANNEL, _VIPS),
    Topic("channel.unban_request.create", "1", _MODERATOR, _UNBAN),
    Topic("channel.unban_request.resolve", "1", _MODERATOR, _UNBAN),
    Topic("channel.suspicious_user.message", "1", _MODERATOR, _SUSPICIOUS),
    Topic("channel.suspicious_user.update", "1", _MODERATOR, _SUSPICIOUS),
    Topic("channel.warning.send", "1", _MODERATOR, _WARNINGS),
    Topic("channel.warning.acknowledge", "1", _MODERATOR, _WARNINGS),
    Topic("channel.shield_mode.begin", "1", _MODERATOR, _SHIELD),
    Topic("channel.shield_mode.end", "1", _MODERATOR, _SHIELD),
    Topic("channel.shoutout.create", "1", _MODERATOR, _SHOUTOUTS),
    Topic("channel.shoutout.receive", "1", _MODERATOR, _SHOUTOUTS),
    Topic("channel.ad_break.begin", "1", _CHANNEL, (("channel:read:ads",),)),
    Topic("channel.channel_points_automatic_reward_redemption.add", "2", _CHANNEL, _REDEMPTIONS),
    Topic("channel.channel_points_custom_reward.add", "1", _CHANNEL, _REDEMPTIONS),
    Topic("channel.channel_points_custom_reward.update", "1", _CHANNEL, _REDEMPTIONS, ("reward_id",)),
    Topic("channel.channel_points_custom_reward.remove", "1", _CHANNEL, _REDEMPTIONS, ("reward_id",)),
    Topic("channel.channel_points_custom_reward_redemption.add", "1", _CHANNEL, _REDEMPTIONS, ("reward_id",)),
    Topic("channel.channel_points_custom_reward_redemption.update", "1", _CHANNEL, _REDEMPTIONS, ("reward_id",)),
    Topic("channel.poll.begin", "1", _CHANNEL, _POLLS),
    Topic("channel.poll.progress", "1", _CHANNEL, _POLLS),
    Topic("channel.poll.end", "1", _CHANNEL, _POLLS),
    Topic("channel.prediction.begin", "1", _CHANNEL, _PREDICTIONS),
    Topic("channel.prediction.progress", "1", _CHANNEL, _PREDICTIONS),
    Topic("channel.prediction.lock", "1", _CHANNEL, _PREDICTIONS),
    Topic("channel.prediction.end", "1", _CHANNEL, _PREDICTIONS),
    Topic("channel.hype_train.begin", "2", _CHANNEL, _HYPE),
    Topic("channel.hype_train.progress", "2", _CHANNEL, _HYPE),
    Topic("channel.hype_train.end", "2", _CHANNEL, _HYPE),
    Topic("channel.goal.begin", "1", _CHANNEL, _GOALS),
    Topic("channel.goal.progress", "1", _CHANNEL, _GOALS),
    Topic("channel.goal.end", "1", _CHANNEL, _GOALS),
    Topic("channel.charity_campaign.start", "1", _CHANNEL, _CHARITY),
    Topic("channel.charity_campaign.donate", "1", _CHANNEL, _CHARITY),
    Topic("channel.charity_campaign.progress", "1", _CHANNEL, _CHARITY),
    Topic("channel.charity_campaign.stop", "1", _CHANNEL, _CHARITY),
    Topic("user.update", "1", ("user_id",), ()),
    Topic("user.whisper.message", "1", ("user_id",), _read_or_manage("whispers", "user")),
)

CATALOGUE: Final[dict[str, Topic]] = {topic.name: topic for topic in _TOPICS}
"""Every topic that this Twitch knows, by name. Versions that Twitch has withdrawn are not among them."""

ALL_SCOPES: Final = tuple(sorted({scope for topic in _TOPICS for group in topic.scopes for scope in group}))
"""Every scope that some topic takes."""


@cache
def sample(name: str) -> JsonObject:
    """What an event of that topic looks like; the same object each time, not to be changed."""
    return _samples()[name]


@cache
def _samples() -> dict[str, JsonObject]:
    """The first event of each topic in a world where everything is done once."""
    found: dict[str, JsonObject] = {}
    world = World(Clock.standing(), owner="Strimertul", bot="StageBot", seed=7)

    def keep(topic: str, event: JsonObject, _: dict[str, str]) -> None:
        found.setdefault(topic, event)

    world.listeners.append(keep)
    do_everything(world)
    return found


def do_everything(world: World) -> None:
    """Let each kind of event happen at least once."""
    world.update_channel(title="Building a stage", game="Just Chatting", labels=["Gambling"])
    world.go_live(viewers=42)
    world.follow("Ann")
    world.subscribe("Ben")
    world.resub("Cleo", "Love the show Kappa", months=15, streak=3)
    world.gift("Dora", "Emil", "Fay", tier="1000")
    world.end_subscription("Ben")
    world.cheer("Ann", 100, "for the stage")
    world.power_up("Ann", 50)
    world.raid("Gus", 27)
    said = world.chat("Ann", "Hello @Ben HeyGuys")
    world.chat("Ben", "Hi", reply_to=said)
    world.delete_message(said)
    world.clear_chat()
    world.announce(world.bot, "Break in five minutes")
    world.whisper("Ann", world.owner, "psst")
    world.timeout("Hal", 60, reason="shouting")
    world.unban("Hal")
    world.ban("Ivo", reason="spam")
    world.resolve_unban_request(world.ask_for_unban("Ivo", "Sorry!"), "approved", "Welcome back")
    world.warn("Hal", "Mind your words")
    world.acknowledge_warning("Hal")
    world.suspect("Ivo")
    world.chat_suspiciously("Ivo", "I am new here")
    world.add_moderator("Ann")
    world.remove_moderator("Ann")
    world.add_vip("Ben")
    world.remove_vip("Ben")
    world.set_chat_settings(ChatSettings(slow_mode=True, slow_mode_s=10))
    world.begin_shield_mode()
    world.end_shield_mode()
    world.begin_shared_chat("Gus")
    world.update_shared_chat("Gus", "Jo")
    world.end_shared_chat()
    world.shoutout("Gus", viewers=12)
    world.receive_shoutout("Gus", viewers=12)
    world.ad_break(60)
    reward = world.add_reward("Hydrate", 300, prompt="Make me drink", is_user_input_required=True)
    world.update_reward(reward, cost=350)
    world.settle(world.redeem("Ann", reward, "Cheers"), "fulfilled")
    world.remove_reward(reward)
    world.redeem_automatic("Ben", text="Look at me")
    poll = world.poll_begin("Tea or coffee?", "Tea", "Coffee", points_per_vote=10)
    world.poll_vote(poll, 0, 2, points_votes=1)
    world.poll_end(poll)
    prediction = world.prediction_begin("Will it work?", "Yes", "No")
    world.predict("Ann", prediction, 0, 500)
    world.predict("Ben", prediction, 1, 200)
    world.prediction_lock(prediction)
    world.prediction_end(prediction, 0)
    world.hype_train_begin("Ann")
    world.hype_train_progress("Dora", 1500, kind="subscription")
    world.hype_train_end()
    goal = world.goal_begin("follow", 100, current=98, description="A hundred of us")
    world.goal_progress(goal, 100)
    world.goal_end(goal)
    world.charity_begin()
    world.charity_donate("Dora", 2500)
    world.charity_end()
    world.update_user(world.owner, description="Streams about stages")
    world.go_offline()
