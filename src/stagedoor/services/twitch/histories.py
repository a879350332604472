"""The last chat messages and the last notifications, owned in memory and written through to their keys.

While one write is under way only the newest state waits, so a busy chat makes no backlog. What is stored is loaded at
the start; who writes one of the keys, as an import does, replaces what is in memory.
"""

import logging
from collections import deque
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.access.coalesced import CoalescedWrites
from stagedoor.errors import StoreError
from stagedoor.hub import Change
from stagedoor.keys import BOT_CONFIG, CHAT_HISTORY, EVENTSUB_HISTORY
from stagedoor.strimertul import BotConfig, read
from stagedoor.types import Key, Value

logger = logging.getLogger(__name__)

NOTIFICATIONS: Final = 100
"""How many notifications are kept; overlays made for strimertül count on it."""

MAX_CHAT_MESSAGES: Final = 1000
"""More than this are not kept, whatever ``twitch/bot-config`` says: the whole list is written each time."""


class Histories:
    """Keeps both lists. The client is its owner's, who passes on the changes that it hears."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._entries: dict[Key, deque[str]] = {
            CHAT_HISTORY: deque(maxlen=0),
            EVENTSUB_HISTORY: deque(maxlen=NOTIFICATIONS),
        }
        self._writes = CoalescedWrites(client, self._encode, subject="the histories of Twitch")

    def start(self) -> None:
        """Load what is stored, and follow what others write."""
        for key in (CHAT_HISTORY, EVENTSUB_HISTORY, BOT_CONFIG):
            self._client.subscribe(key)
        self._load(EVENTSUB_HISTORY, self._client.get(EVENTSUB_HISTORY))
        limit = self._read_limit(self._client.get_public(BOT_CONFIG))
        if limit is not None:
            self._entries[CHAT_HISTORY] = deque(maxlen=limit)
            self._load(CHAT_HISTORY, self._client.get(CHAT_HISTORY))

    async def close(self) -> None:
        """Wait until what was added is on disk."""
        try:
            await self._writes.drain()
        except StoreError:
            logger.warning("the last chat messages and events could not be kept")

    def add_message(self, message: str) -> None:
        """Add a chat message, JSON text."""
        self._add(CHAT_HISTORY, message)

    def add_notification(self, notification: str) -> None:
        """Add a notification, JSON text."""
        self._add(EVENTSUB_HISTORY, notification)

    def hear(self, change: Change) -> None:
        """Take what somebody else wrote."""
        if change.key == BOT_CONFIG:
            limit = self._read_limit(change.value)
            if limit is not None:
                self._limit(limit)
        elif change.key in self._entries and self._writes.is_foreign(change):
            self._load(change.key, change.value)

    def _add(self, key: Key, entry: str) -> None:
        entries = self._entries[key]
        if entries.maxlen:
            entries.append(entry)
            self._writes.mark(key)

    def _limit(self, limit: int) -> None:
        """Keep so many chat messages from now on."""
        entries = self._entries[CHAT_HISTORY]
        if limit == entries.maxlen:
            return
        self._entries[CHAT_HISTORY] = deque(entries, maxlen=limit)
        if not entries.maxlen:
            # An import may have brought a history before it brought the settings.
            self._load(CHAT_HISTORY, self._client.get(CHAT_HISTORY))
        elif len(entries) > limit or not limit:
            self._writes.mark(CHAT_HISTORY)

    def _read_limit(self, config: Value) -> int | None:
        """How many messages the settings ask for; ``None`` when they cannot be read."""
        try:
            wanted = read(config, BotConfig).chat_history if config else 0
        except ValueError as error:
            logger.warning("%s cannot be read, and stays as it was: %s", BOT_CONFIG, error)
            return None
        return min(max(wanted, 0), MAX_CHAT_MESSAGES)

    def _load(self, key: Key, text: Value) -> None:
        """Take a stored list, of which the last entries stay; one that is not kept at all is left alone."""
        try:
            stored = msgspec.json.decode(text or "[]", type=list[msgspec.Raw] | None) or []
            entries = [bytes(entry).decode() for entry in stored]
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            logger.warning("%s cannot be read, and begins anew: %s", key, error)
            entries = []
        limit = self._entries[key].maxlen or 0
        self._entries[key] = deque(entries, maxlen=limit)
        if 0 < limit < len(entries):
            self._writes.mark(key)

    def _encode(self, key: Key) -> Value | None:
        entries = self._entries[key]
        return f"[{','.join(entries)}]" if entries.maxlen else None
