"""What the events about a chatter and a message have in common."""

from typing import Final

from stagedoor.streamerbot.events.emotes import Emotes, find_emotes, parts_of
from stagedoor.streamerbot.events.people import person_of, twitch_user
from stagedoor.streamerbot.events.reading import derived_message_id, fill, first_text, share, stands_for_object
from stagedoor.types import JsonObject

SHARED_CHAT: Final = ("isInSharedChat", "isSharedChatHost", "isFromSharedChatGuest")
"""The flags of a chat that several channels share; false unless given."""


def plain_notice(data: JsonObject, now: float) -> JsonObject:
    """What the events about a chatter without a message have in common: user, id, flags."""
    done = dict(data)
    person = person_of(data.get("user"), data)
    if stands_for_object(data.get("user")):
        done["user"] = twitch_user(data.get("user"), person, data)
    fill(done, messageId=derived_message_id(now, person.login), isTest=False, **dict.fromkeys(SHARED_CHAT, False))
    return done


def notice(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """What the events about a chatter with a message have in common: user, text and its parts, ids, flags."""
    done = dict(data)
    person = person_of(data.get("user"), data)
    user = twitch_user(data.get("user"), person, data)
    if stands_for_object(data.get("user")):
        done["user"] = user
    text = first_text(data, "text", "message")
    share(done, ("text", "message"), "")
    message_id = first_text(data, "messageId", "msgId") or derived_message_id(now, person.login, text)
    share(done, ("messageId", "msgId"), message_id)
    if done.get("emotes") is None:
        done["emotes"] = find_emotes(text, emotes)
    if done.get("parts") is None:
        done["parts"] = parts_of(text, done["emotes"])
    fill(done, userId=person.id, userName=person.login, displayName=person.name)
    fill(done, role=user["role"], badges=user["badges"], isTest=False, **dict.fromkeys(SHARED_CHAT, False))
    return done
