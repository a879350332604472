"""The Kilovolt door's stored settings: the key ``http/config``, as strimertül keeps it, and what it does."""

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from stagedoor.access import Client, generate_password
from stagedoor.errors import StoreError
from stagedoor.hub import Change, Write
from stagedoor.keys import HTTP_CONFIG

logger = logging.getLogger(__name__)


class HttpConfig(msgspec.Struct):
    """The value of ``http/config``. Source: strimertül's API reference."""

    bind: str = "localhost:4337"
    enable_static_server: bool = False
    path: str = ""
    kv_password: str = ""

    @property
    def static_folder(self) -> Path | None:
        """The folder to serve, if one is to be served. A path without the flag counts: the original's own settings
        page never sets the flag."""
        return Path(self.path) if self.path else None


def read_config(text: str) -> HttpConfig | None:
    """Read a value of the key; ``None`` when it is not valid."""
    try:
        return msgspec.json.decode(text, type=HttpConfig)
    except (msgspec.DecodeError, RecursionError):
        return None


def names_password(text: str) -> bool:
    """Tell whether a valid value of the key says which password there is, be it an empty one."""
    return "kv_password" in msgspec.json.decode(text, type=dict[str, object])


class DoorSettings:
    """Reads the stored settings at start, makes them at the first run, and tells of changes.

    A broken value is not overwritten: the settings that were in force stay in force, and the log says so. A value
    without a password gets the one that was in force: only an empty password, written as such, opens the door.
    """

    def __init__(self, client: Client, changed: Callable[[HttpConfig], None]) -> None:
        self._client = client
        self._changed = changed
        client.deliver = self._hear
        self.is_first_run = False
        self.current = HttpConfig()

    async def start(self) -> None:
        """Load the settings and follow them."""
        text = self._client.get(HTTP_CONFIG)
        if not text:
            await self._begin(HttpConfig())
        elif (config := read_config(text)) is not None:
            if names_password(text):
                self.current = config
            else:
                await self._begin(config)
        else:
            # A password that nobody knows keeps the door shut until the owner sets one.
            self.current = HttpConfig(kv_password=generate_password())
            logger.error("the key %s is not valid; the door keeps its default settings", HTTP_CONFIG)
        self._client.subscribe(HTTP_CONFIG)

    async def _begin(self, config: HttpConfig) -> None:
        """Make a password, and keep it."""
        self.is_first_run = True
        self.current = msgspec.structs.replace(config, kv_password=generate_password())
        await self._client.put(HTTP_CONFIG, _encode(self.current))

    def _hear(self, change: Change) -> None:
        text = self._client.get(HTTP_CONFIG)
        # Deleted, or left out of what was restored, is as good as unchanged.
        config = read_config(text) if text else self.current
        if config is None:
            logger.error("the new value of %s is not valid; the door keeps its settings", HTTP_CONFIG)
        elif not text or not names_password(text):
            kept = msgspec.structs.replace(config, kv_password=self.current.kv_password)
            self._client.write([Write(HTTP_CONFIG, _encode(kept))], _log_failure)
        else:
            self.current = config
            self._changed(config)


def _encode(config: HttpConfig) -> str:
    return msgspec.json.encode(config).decode()


def _log_failure(error: StoreError | None) -> None:
    if error is not None:
        logger.error("the settings of the door could not be kept: %s", error)
