"""The page of what Twitch tells, made from the table of topics."""

from collections.abc import Iterator
from typing import Final

from stagedoor.keys import CHAT_HISTORY, CHAT_MESSAGE, EVENTSUB_EVENT, EVENTSUB_HISTORY, TWITCH_SIMULATE, TWITCH_TOPICS
from stagedoor.services.twitch.histories import NOTIFICATIONS
from stagedoor.services.twitch.topics import KEPT, TOPICS, Topic

_EVENTS: Final = "reference/events/twitch.md"

_REMARKS: Final = {
    "channel.chat.message": "`Cheer` besides, when it has bits; not for bits cheered in another channel of a shared "
    "chat. What stagedoor says itself is a `ChatMessage` marked `internal`, and nothing else.",
    "channel.chat.notification": "By the kind of notice. Raids and gifts to charities have topics of their own.",
    "channel.subscribe": "`GiftSub` within a minute of a gift of several, whose giver the topic of gifts has told.",
    "channel.subscription.gift": "`GiftSub` for one, of which this topic does not say to whom; `GiftBomb` for several.",
    "channel.bits.use": "Cheers are told by chat.",
    "channel.hype_train.progress": "`HypeTrainLevelUp` after the update, when the level is higher than before.",
    "channel.moderate": "By the action. Moderators, VIPs, warnings and requests to be let in have topics of their own.",
    "channel.unban": "This topic does not say whether it was a ban or a timeout.",
    "channel.chat.message_delete": "This topic says neither by whom nor what.",
    "channel.unban_request.resolve": "A request that was taken back is none.",
    "channel.raid": "Raids that arrive; those that go out are told by `channel.moderate`.",
}
"""What the table of topics does not say."""


def page(generated: str) -> Iterator[str]:
    """Every topic, with the keys and events that it becomes."""
    yield "# What Twitch tells"
    yield generated
    yield (
        "Once [connected](howto/connect-twitch.md), stagedoor asks Twitch for the topics below, in this order. One "
        "that Twitch refuses, since the channel is no affiliate's or the account has not allowed it, is passed over; "
        "the status in the console says which and why. Each notification is told in two ways at one moment:"
    )
    yield (
        f"- As strimertül does: `channel.chat.message` is written to the key `{CHAT_MESSAGE}`, everything else to "
        f"`{EVENTSUB_EVENT}`, with `event` byte for byte as Twitch sent it (`channel.update` has `is_mature` besides, "
        f"as it once had). The last of them are kept: `{CHAT_HISTORY}`, as many as `twitch/bot-config` says, and "
        f"`{EVENTSUB_HISTORY}`, {NOTIFICATIONS} notifications of the {len(KEPT)} topics that strimertül hears, since a "
        "history of everything would soon hold little else than notices of the chat. What is made up is told and not "
        "kept.\n"
        "- As Streamer.bot does: the event of the third column, which is the key `event/Twitch/<event>`, with "
        f"[all members]({_EVENTS}) that overlays read."
    )
    yield (
        "Twitch tells some things in two topics. The events of Streamer.bot come of the one that tells more, so that "
        "none comes twice. The other says below which one that is; it becomes events only while that one is not heard. "
        "strimertül's keys tell both, as they always did."
    )
    yield "## Topics"
    rows = ["| topic | what has happened | event | scopes |", "| --- | --- | --- | --- |"]
    rows += [_row(topic) for topic in TOPICS.values()]
    yield "\n".join(rows)
    yield "An asterisk marks what only affiliates and partners have, a dagger what strimertül hears, too."
    yield "## What cannot be known"
    yield (
        "EventSub says less than IRC did. So a chat message's `FirstMessage` is true for introductions alone, nobody "
        "is a `returning-chatter`, and `client-nonce` and `flags` are missing. Of a badge, the picture is known for "
        "broadcasters, moderators, VIPs and subscribers. A subscriber's tier follows from the version of the badge. "
        "Hype trains do not say any more who contributed last: `last_contribution` is the first of "
        "`top_contributions`."
    )
    yield "## Try it"
    yield (
        f"`{TWITCH_TOPICS}` answers the same table, with an example of each event. `{TWITCH_SIMULATE}` makes an event "
        "up: the example with your members on top, told as if it came from Twitch, so alerts answer and overlays move. "
        "It works with Twitch switched off."
    )
    yield ('```json\n{"topic": "channel.raid", "event": {"from_broadcaster_user_name": "Ann", "viewers": 250}}\n```')
    yield (
        "Of a person, one of login and name is enough. Who has a chat's text alone writes "
        '`"event": {"message": "!hello"}`. What is made up is told in both ways whatever other topics are heard.'
    )


def _row(topic: Topic) -> str:
    marks = (" *" if topic.needs_affiliate else "") + (" †" if topic.name in KEPT else "")
    events = ", ".join(f"[`{name}`]({_EVENTS}#twitch{name.lower()})" for name in topic.events)
    remarks = [_REMARKS[topic.name]] if topic.name in _REMARKS else []
    if topic.gives_way_to is not None:
        remarks.insert(0, f"Told by `{topic.gives_way_to}` while that is heard.")
    cell = "<br>".join(part for part in (events or "none", " ".join(remarks)) if part)
    scopes = ", ".join(f"`{scope}`" for scope in topic.scopes) or "none"
    return f"| `{topic.name}` {topic.version}{marks} | {topic.summary} | {cell} | {scopes} |"
