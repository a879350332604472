"""The topics of EventSub that are heard: one table for who subscribes, who publishes, and the reference.

Versions, conditions and scopes are those of Twitch's reference, "EventSub Subscription Types".

Twitch tells some things twice, in two topics. Streamer.bot's events come of the one that tells more, so that none comes
twice; the other, which names the first in :attr:`Topic.gives_way_to`, makes them only while that one is not heard.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

CHAT_MESSAGE: Final = "channel.chat.message"
"""The one topic that becomes ``twitch/ev/chat-message``; all others become ``twitch/ev/eventsub-event``."""

CHAT_NOTIFICATION: Final = "channel.chat.notification"
MODERATE: Final = "channel.moderate"

KEPT: Final = frozenset(
    (
        *("stream.online", "stream.offline", "channel.update", "channel.follow", "channel.raid", "channel.cheer"),
        *("channel.subscribe", "channel.subscription.gift", "channel.subscription.message"),
        *(f"channel.poll.{phase}" for phase in ("begin", "progress", "end")),
        *(f"channel.prediction.{phase}" for phase in ("begin", "progress", "lock", "end")),
        *(f"channel.hype_train.{phase}" for phase in ("begin", "progress", "end")),
        *(f"channel.channel_points_custom_reward.{what}" for what in ("add", "update", "remove")),
        *(f"channel.channel_points_custom_reward_redemption.{what}" for what in ("add", "update")),
    )
)
"""The topics that strimertül hears. Its history holds these alone, as its readers expect: it has a hundred places, and
the chat's notices of one gift of fifty subscriptions would take half of them beside the subscriptions themselves."""


class About(Enum):
    """Whom a subscription is about: the members of its condition, each of which is the streamer's id."""

    CHANNEL = ("broadcaster_user_id",)
    CHAT = ("broadcaster_user_id", "user_id")
    MODERATION = ("broadcaster_user_id", "moderator_user_id")
    RAIDED = ("to_broadcaster_user_id",)
    USER = ("user_id",)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of EventSub."""

    name: str
    summary: str
    """In a few words, what has happened."""
    events: tuple[str, ...] = ()
    """The types of Streamer.bot's Twitch events that it can become."""
    version: str = "1"
    about: About = About.CHANNEL
    scopes: tuple[str, ...] = ()
    """What the streamer's account must have allowed; all of them. Where one to read and one to manage would do, it is
    that which accounts are asked for anyway."""
    needs_affiliate: bool = False
    gives_way_to: str | None = None
    """The topic that tells the same and more; while it is heard, this one becomes no event of Streamer.bot."""

    def condition(self, own_id: str) -> dict[str, str]:
        """Fill in the condition of a subscription for the streamer's own account."""
        return dict.fromkeys(self.about.value, own_id)

    @property
    def is_chat_message(self) -> bool:
        """Whether it tells what viewers say."""
        return self.name == CHAT_MESSAGE


_READ_CHAT: Final = ("user:read:chat",)
_SUBSCRIPTIONS: Final = ("channel:read:subscriptions",)
_BITS: Final = ("bits:read",)
_POLLS: Final = ("channel:read:polls",)
_PREDICTIONS: Final = ("channel:read:predictions",)
_HYPE_TRAIN: Final = ("channel:read:hype_train",)
_REDEMPTIONS: Final = ("channel:read:redemptions",)
_SHOUTOUTS: Final = ("moderator:read:shoutouts",)
_SHIELD: Final = ("moderator:read:shield_mode",)
_GOALS: Final = ("channel:read:goals",)
_CHARITY: Final = ("channel:read:charity",)
_SUSPICIOUS: Final = ("moderator:read:suspicious_users",)
_WARNINGS: Final = ("moderator:read:warnings",)
_UNBAN_REQUESTS: Final = ("moderator:read:unban_requests",)
_VIPS: Final = ("channel:read:vips",)
_MODERATORS: Final = ("moderation:read",)
_MODERATE: Final = (
    *("moderator:read:blocked_terms", "moderator:read:chat_settings", "moderator:read:unban_requests"),
    *("moderator:read:banned_users", "moderator:read:chat_messages", "moderator:read:warnings"),
    *("moderator:read:moderators", "moderator:read:vips"),
)

_NOTICES: Final = (
    *("Sub", "ReSub", "GiftSub", "GiftBomb", "GiftPaidUpgrade", "PrimePaidUpgrade", "PayItForward"),
    *("Announcement", "BitsBadgeTier", "WatchStreak"),
    *("SharedChatSub", "SharedChatResub", "SharedChatSubGift", "SharedChatCommunitySubGift"),
    *("SharedChatGiftPaidUpgrade", "SharedChatPrimePaidUpgrade", "SharedChatPayItForward"),
    *("SharedChatRaid", "SharedChatAnnouncement"),
)
_MODERATIONS: Final = (
    *("UserBanned", "UserTimedOut", "UserUnbanned", "UserUntimedOut", "ChatMessageDeleted", "ChatCleared"),
    *("ChatEmoteModeOn", "ChatEmoteModeOff", "ChatFollowerModeOn", "ChatFollowerModeOff"),
    *("ChatSlowModeOn", "ChatSlowModeOff", "ChatSubscriberModeOn", "ChatSubscriberModeOff"),
    *("ChatUniqueModeOn", "ChatUniqueModeOff", "RaidStart", "RaidCancelled"),
    *("BlockedTermsAdded", "BlockedTermsDeleted", "PermittedTermsAdded", "PermittedTermsDeleted"),
    *("SharedChatUserBanned", "SharedChatUserTimedout", "SharedChatUserUnbanned", "SharedChatUserUntimedout"),
    "SharedChatMessageDeleted",
)

_TABLE: Final = (
    # Chat first, then what alerts answer to: if Twitch takes only some of them, then those.
    Topic(CHAT_MESSAGE, "somebody writes in chat", ("ChatMessage", "Cheer"), about=About.CHAT, scopes=_READ_CHAT),
    Topic(CHAT_NOTIFICATION, "chat shows a notice", _NOTICES, about=About.CHAT, scopes=_READ_CHAT),
    Topic(
        "channel.follow",
        "somebody follows",
        ("Follow",),
        version="2",
        about=About.MODERATION,
        scopes=("moderator:read:followers",),
    ),
    Topic(
        "channel.subscribe",
        "somebody is a subscriber now, by their own money or another's",
        ("Sub", "GiftSub"),
        scopes=_SUBSCRIPTIONS,
        gives_way_to=CHAT_NOTIFICATION,
    ),
    Topic(
        "channel.subscription.message",
        "a subscriber tells how long already",
        ("ReSub",),
        scopes=_SUBSCRIPTIONS,
        gives_way_to=CHAT_NOTIFICATION,
    ),
    Topic(
        "channel.subscription.gift",
        "somebody gives subscriptions away",
        ("GiftSub", "GiftBomb"),
        scopes=_SUBSCRIPTIONS,
        gives_way_to=CHAT_NOTIFICATION,
    ),
    Topic("channel.cheer", "somebody cheers with bits", ("Cheer",), scopes=_BITS, gives_way_to=CHAT_MESSAGE),
    Topic("channel.raid", "another channel raids this one", ("Raid",), about=About.RAIDED),
    Topic("stream.online", "the stream begins", ("StreamOnline",)),
    Topic("stream.offline", "the stream ends", ("StreamOffline",)),
    Topic("channel.update", "the title, category or language changes", ("StreamUpdate",), version="2"),
    Topic(
        "channel.channel_points_custom_reward_redemption.add",
        "a viewer redeems a reward",
        ("RewardRedemption",),
        scopes=_REDEMPTIONS,
        needs_affiliate=True,
    ),
    Topic(
        "channel.channel_points_custom_reward_redemption.update",
        "a redemption is fulfilled or refused",
        ("RewardRedemptionUpdated",),
        scopes=_REDEMPTIONS,
        needs_affiliate=True,
    ),
    Topic(
        "channel.channel_points_automatic_reward_redemption.add",
        "a viewer redeems one of the rewards that every channel has",
        ("AutomaticRewardRedemption",),
        version="2",
        scopes=_REDEMPTIONS,
        needs_affiliate=True,
    ),
    Topic(
        "channel.channel_points_custom_reward.add",
        "a reward is made",
        ("RewardCreated",),
        scopes=_REDEMPTIONS,
        needs_affiliate=True,
    ),
    Topic(
        "channel.channel_points_custom_reward.update",
        "a reward is changed",
        ("RewardUpdated",),
        scopes=_REDEMPTIONS,
        needs_affiliate=True,
    ),
    Topic(
        "channel.channel_points_custom_reward.remove",
        "a reward is removed",
        ("RewardDeleted",),
        scopes=_REDEMPTIONS,
        needs_affiliate=True,
    ),
    Topic("channel.poll.begin", "a poll begins", ("PollCreated",), scopes=_POLLS, needs_affiliate=True),
    Topic("channel.poll.progress", "somebody votes in a poll", ("PollUpdated",), scopes=_POLLS, needs_affiliate=True),
    Topic(
        "channel.poll.end",
        "a poll ends, is ended, or is put away",
        ("PollCompleted", "PollTerminated", "PollArchived"),
        scopes=_POLLS,
        needs_affiliate=True,
    ),
    Topic(
        "channel.prediction.begin",
        "a prediction begins",
        ("PredictionCreated",),
        scopes=_PREDICTIONS,
        needs_affiliate=True,
    ),
    Topic(
        "channel.prediction.progress",
        "somebody bets in a prediction",
        ("PredictionUpdated",),
        scopes=_PREDICTIONS,
        needs_affiliate=True,
    ),
    Topic(
        "channel.prediction.lock",
        "a prediction takes no more bets",
        ("PredictionLocked",),
        scopes=_PREDICTIONS,
        needs_affiliate=True,
    ),
    Topic(
        "channel.prediction.end",
        "a prediction is decided or called off",
        ("PredictionCompleted", "PredictionCanceled"),
        scopes=_PREDICTIONS,
        needs_affiliate=True,
    ),
    Topic(
        "channel.hype_train.begin",
        "a hype train begins",
        ("HypeTrainStart",),
        version="2",
        scopes=_HYPE_TRAIN,
        needs_affiliate=True,
    ),
    Topic(
        "channel.hype_train.progress",
        "a hype train goes on",
        ("HypeTrainUpdate", "HypeTrainLevelUp"),
        version="2",
        scopes=_HYPE_TRAIN,
        needs_affiliate=True,
    ),
    Topic(
        "channel.hype_train.end",
        "a hype train ends",
        ("HypeTrainEnd",),
        version="2",
        scopes=_HYPE_TRAIN,
        needs_affiliate=True,
    ),
    Topic(
        "channel.bits.use",
        "bits are used, for a cheer or a power-up",
        ("PowerUp", "CustomPowerUpRedemption"),
        scopes=_BITS,
        needs_affiliate=True,
    ),
    Topic("channel.subscription.end", "a subscription ends", scopes=_SUBSCRIPTIONS),
    Topic(
        MODERATE,
        "a moderator does something",
        _MODERATIONS,
        version="2",
        about=About.MODERATION,
        scopes=_MODERATE,
    ),
    Topic(
        "channel.ban",
        "somebody is banned or timed out",
        ("UserBanned", "UserTimedOut"),
        scopes=("channel:moderate",),
        gives_way_to=MODERATE,
    ),
    Topic(
        "channel.unban",
        "a ban or a timeout is lifted",
        ("UserUnbanned",),
        scopes=("channel:moderate",),
        gives_way_to=MODERATE,
    ),
    Topic(
        "channel.chat.message_delete",
        "a message is deleted",
        ("ChatMessageDeleted",),
        about=About.CHAT,
        scopes=_READ_CHAT,
        gives_way_to=MODERATE,
    ),
    Topic(
        "channel.chat.clear",
        "the chat is cleared",
        ("ChatCleared",),
        about=About.CHAT,
        scopes=_READ_CHAT,
        gives_way_to=MODERATE,
    ),
    Topic(
        "channel.chat.clear_user_messages",
        "all messages of somebody are removed",
        about=About.CHAT,
        scopes=_READ_CHAT,
    ),
    Topic("channel.moderator.add", "somebody becomes a moderator", ("ModeratorAdded",), scopes=_MODERATORS),
    Topic("channel.moderator.remove", "a moderator is one no more", ("ModeratorRemoved",), scopes=_MODERATORS),
    Topic("channel.vip.add", "somebody becomes a VIP", ("VipAdded",), scopes=_VIPS),
    Topic("channel.vip.remove", "a VIP is one no more", ("VipRemoved",), scopes=_VIPS),
    Topic(
        "channel.shoutout.create",
        "the channel gives a shoutout",
        ("ShoutoutCreated",),
        about=About.MODERATION,
        scopes=_SHOUTOUTS,
    ),
    Topic(
        "channel.shoutout.receive",
        "the channel gets a shoutout",
        ("ShoutoutReceived",),
        about=About.MODERATION,
        scopes=_SHOUTOUTS,
    ),
    Topic(
        "channel.ad_break.begin",
        "an ad break begins",
        ("AdRun",),
        scopes=("channel:read:ads",),
        needs_affiliate=True,
    ),
    Topic(
        "channel.shield_mode.begin",
        "the shield goes up",
        ("ShieldModeBegin",),
        about=About.MODERATION,
        scopes=_SHIELD,
    ),
    Topic(
        "channel.shield_mode.end",
        "the shield goes down",
        ("ShieldModeEnd",),
        about=About.MODERATION,
        scopes=_SHIELD,
    ),
    Topic("channel.goal.begin", "a goal is set", ("GoalBegin",), scopes=_GOALS, needs_affiliate=True),
    Topic("channel.goal.progress", "a goal comes nearer", ("GoalProgress",), scopes=_GOALS, needs_affiliate=True),
    Topic("channel.goal.end", "a goal is reached or given up", ("GoalEnd",), scopes=_GOALS, needs_affiliate=True),
    Topic(
        "channel.charity_campaign.donate",
        "somebody gives to the channel's charity",
        ("CharityDonation",),
        scopes=_CHARITY,
        needs_affiliate=True,
    ),
    Topic(
        "channel.charity_campaign.start",
        "a charity campaign begins",
        ("CharityStarted",),
        scopes=_CHARITY,
        needs_affiliate=True,
    ),
    Topic(
        "channel.charity_campaign.progress",
        "a charity campaign comes nearer to its goal",
        ("CharityProgress",),
        scopes=_CHARITY,
        needs_affiliate=True,
    ),
    Topic(
        "channel.charity_campaign.stop",
        "a charity campaign ends",
        ("CharityCompleted",),
        scopes=_CHARITY,
        needs_affiliate=True,
    ),
    Topic(
        "channel.suspicious_user.message",
        "somebody who is watched writes in chat",
        about=About.MODERATION,
        scopes=_SUSPICIOUS,
    ),
    Topic(
        "channel.suspicious_user.update",
        "somebody is watched, or no more",
        ("SuspiciousUserUpdate",),
        about=About.MODERATION,
        scopes=_SUSPICIOUS,
    ),
    Topic(
        "channel.warning.send",
        "a viewer is warned",
        ("WarnedUser",),
        about=About.MODERATION,
        scopes=_WARNINGS,
    ),
    Topic(
        "channel.warning.acknowledge",
        "a viewer has read a warning",
        ("WarningAcknowledged",),
        about=About.MODERATION,
        scopes=_WARNINGS,
    ),
    Topic(
        "channel.unban_request.create",
        "somebody asks to be let in again",
        ("UnbanRequestCreated",),
        about=About.MODERATION,
        scopes=_UNBAN_REQUESTS,
    ),
    Topic(
        "channel.unban_request.resolve",
        "a request to be let in again is answered",
        ("UnbanRequestApproved", "UnbanRequestDenied"),
        about=About.MODERATION,
        scopes=_UNBAN_REQUESTS,
    ),
    Topic("channel.shared_chat.begin", "the chat is shared with others", ("SharedChatSessionBegin",)),
    Topic("channel.shared_chat.update", "others come or go", ("SharedChatSessionUpdate",)),
    Topic("channel.shared_chat.end", "the chat is the channel's own again", ("SharedChatSessionEnd",)),
    Topic("user.update", "the streamer's account changes", about=About.USER),
    Topic(
        "user.whisper.message",
        "somebody whispers to the streamer",
        ("Whisper",),
        about=About.USER,
        scopes=("user:manage:whispers",),
    ),
)

TOPICS: Final[dict[str, Topic]] = {topic.name: topic for topic in _TABLE}
"""Every topic that is heard, by its name, in the order in which Twitch is asked for them."""
