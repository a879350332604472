"""The doors' stored settings: one key a door, and what a change to it does."""

import logging
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Final, Generic, Literal, Self, TypeVar

import msgspec

from stagedoor.access import Client, generate_password, is_loopback
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Change, Write
from stagedoor.keys import HTTP_CONFIG, STREAMERBOT_CONFIG
from stagedoor.options import parse_address
from stagedoor.types import Key

logger = logging.getLogger(__name__)


class DoorConfig(msgspec.Struct):
    """The value of a door's key. ``PASSWORD`` names the member that is the password."""

    PASSWORD: ClassVar[str]
    NEEDS: ClassVar[str]
    """What lets nobody in without showing something."""

    def completed(self, current: Self) -> Self:
        """Fill what no owner writes, from the settings that are in force."""
        return self

    def with_password(self, password: str) -> Self:
        """The same with another password."""
        return msgspec.structs.replace(self, **{self.PASSWORD: password})

    def locked(self) -> Self:
        """The same, but nobody gets in: the password is one that nobody knows."""
        return self.with_password(generate_password())

    def guarded_as(self, current: Self) -> Self:
        """The same, but nobody gets in without showing the password, be it the one that is in force."""
        return self.with_password(password_of(self) or password_of(current))

    @property
    def is_guarded(self) -> bool:
        """Whether nobody gets in without showing the password."""
        return bool(password_of(self))

    @property
    def binds(self) -> dict[str, str]:
        """Where its doors shall listen from the next start on, by their options."""
        raise NotImplementedError


class HttpConfig(DoorConfig):
    """The value of ``http/config``. Source: strimertül's API reference."""

    PASSWORD: ClassVar[str] = "kv_password"  # noqa: S105  (a member's name)
    NEEDS: ClassVar[str] = "a password"

    bind: str = "localhost:4337"
    enable_static_server: bool = False
    path: str = ""
    kv_password: str = ""

    @property
    def binds(self) -> dict[str, str]:
        """Where the door shall listen from the next start on."""
        return {"kilovolt": self.bind}

    @property
    def static_folder(self) -> Path | None:
        """The folder to serve, if one is to be served. A path without the flag counts: the original's own settings
        page never sets the flag."""
        return Path(self.path) if self.path else None


class FileMapping(msgspec.Struct):
    """A folder or a file that the HTTP door shows under ``/<path>/``."""

    path: str
    folder: str


class StreamerbotConfig(DoorConfig):
    """The value of ``streamerbot/config``."""

    PASSWORD: ClassVar[str] = "password"  # noqa: S105  (a member's name)
    NEEDS: ClassVar[str] = "authentication enforced and a password"

    bind: str = "127.0.0.1:8080"
    endpoint: str = "/"
    http_bind: str = "127.0.0.1:7474"
    authentication: Literal["off", "on", "enforced"] = "on"
    password: str = ""
    instance_id: str = ""
    files: list[FileMapping] = []

    def completed(self, current: Self) -> Self:
        """Keep the installation's id, or make one."""
        instance_id = self.instance_id or current.instance_id or str(uuid.uuid4())
        return msgspec.structs.replace(self, instance_id=instance_id)

    def locked(self) -> Self:
        """The same, but nobody gets in, not even as a guest."""
        return msgspec.structs.replace(super().locked(), authentication="enforced")

    def guarded_as(self, current: Self) -> Self:
        """The same, but there are no guests, either."""
        return msgspec.structs.replace(super().guarded_as(current), authentication="enforced")

    @property
    def is_guarded(self) -> bool:
        """Whether there are no guests, either."""
        return bool(self.password) and self.authentication == "enforced"

    @property
    def binds(self) -> dict[str, str]:
        """Where both doors shall listen from the next start on."""
        return {"streamerbot": self.bind, "streamerbot_http": self.http_bind}


C = TypeVar("C", bound=DoorConfig)

_QUOTED: Final = re.compile(r"""value (['"]).*\1""", re.DOTALL)

DOORS: Final[dict[str, tuple[Key, type[DoorConfig]]]] = {
    "kilovolt": (HTTP_CONFIG, HttpConfig),
    "streamerbot": (STREAMERBOT_CONFIG, StreamerbotConfig),
}
"""The doors that have a password: where their settings are, and of what form."""


def read_config(text: str, kind: type[C]) -> C | None:
    """Read a value of a door's key; ``None`` when it is not valid."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None


def problem_of(text: str, kind: type[DoorConfig]) -> str | None:
    """Say what is wrong with a value of a door's key, without showing it; ``None`` when nothing is."""
    try:
        msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        # Of an unknown word the error quotes all, and it may be a password in the wrong member.
        return f"it is not valid: {_QUOTED.sub('value', str(error), count=1)}"
    return None


def reaches_out(bind: str) -> bool:
    """Tell whether a door that listens there is not on this machine alone; no address is nowhere."""
    try:
        address = parse_address(bind)
    except ValueError:
        return False
    return not all(host == "localhost" or is_loopback(host) for host in address.hosts)


def names_password(text: str, kind: type[DoorConfig]) -> bool:
    """Tell whether a valid value of a door's key says which password there is, be it an empty one."""
    return kind.PASSWORD in msgspec.json.decode(text, type=dict[str, object])


def password_of(config: DoorConfig) -> str:
    """Read the password."""
    password: str = getattr(config, config.PASSWORD)
    return password


class DoorSettings(Generic[C]):
    """Reads one door's stored settings at start, makes them at the first run, and tells of changes.

    A broken value is not overwritten: the settings that were in force stay in force, at a start the door is locked, and
    ``complain`` hears what is wrong, or ``None`` when all is well again. A value without a password gets the one that
    was in force: only an empty password, written as such, opens the door. And one that ``objection`` has something
    against, since the door would have to stand open to everybody, gets back what guards the door.
    """

    def __init__(
        self,
        client: Client,
        key: Key,
        default: C,
        changed: Callable[[C], None],
        complain: Callable[[str | None], None],
        objection: Callable[[C], str | None] = lambda config: None,
    ) -> None:
        self._client = client
        self._key = key
        self._type: type[C] = type(default)
        self._changed: Callable[[C], None] = changed
        self._complain = complain
        self._objection: Callable[[C], str | None] = objection
        self._mended = ""
        """What was written in the place of a value that was objected to; what was complained of it still holds."""
        client.deliver = self._hear
        self.is_first_run = False
        self.current: C = default

    async def start(self) -> None:
        """Load the settings and follow them."""
        text = self._client.get(self._key)
        if not text:
            await self._begin(self.current)
        elif (config := read_config(text, self._type)) is not None:
            complete = config.completed(self.current)
            if not names_password(text, self._type):
                await self._begin(complete)
            else:
                self.current = complete
                if complete != config:
                    await self._client.put(self._key, _encode(complete))
        else:
            self.current = self.current.completed(self.current).locked()
            self._complain(f"{problem_of(text, self._type)}; until that is mended, nobody gets in")
        self._client.subscribe(self._key)

    async def change(self, **members: object) -> None:
        """Store other values of some members, and leave all others as they are, also those that are not known here.

        Raises:
            RequestFailed: When what is stored is not valid, so that it has to be mended first.
            StoreError: When the store refused.
        """
        text = self._client.get(self._key) or _encode(self.current)
        config = read_config(text, self._type)
        if config is None:
            raise RequestFailed(f"what is stored in {self._key} is not valid; mend it first")
        stored = msgspec.json.decode(text, type=dict[str, object])
        if names_password(text, self._type) and self._objection(config) is not None:
            # What gives back the guard is on its way, and must not be undone.
            stored.update(msgspec.to_builtins(config.guarded_as(self.current)))
        await self._client.put(self._key, msgspec.json.encode({**stored, **members}).decode())

    async def _begin(self, config: C) -> None:
        """Make a password, and keep it."""
        self.is_first_run = True
        self.current = config.completed(config).with_password(generate_password())
        await self._client.put(self._key, _encode(self.current))

    def _hear(self, change: Change) -> None:
        text = self._client.get(self._key)
        # Deleted, or left out of what was restored, is as good as unchanged.
        config = read_config(text, self._type) if text else self.current
        if config is None:
            self._complain(f"{problem_of(text, self._type)}; the door keeps its settings")
            return
        if text != self._mended:
            self._complain(None)
        complete = config.completed(self.current)
        if not text or not names_password(text, self._type):
            complete = complete.with_password(password_of(self.current))
        elif (objection := self._objection(complete)) is not None:
            self._complain(objection)
            complete = complete.guarded_as(self.current)
            self._mended = _encode(complete)
        if not text or not names_password(text, self._type) or complete != config:
            self._client.write([Write(self._key, _encode(complete))], _log_failure)
        else:
            self.current = config
            self._changed(config)


def _encode(config: DoorConfig) -> str:
    return msgspec.json.encode(config).decode()


def _log_failure(error: StoreError | None) -> None:
    if error is not None:
        logger.error("the settings of a door could not be kept: %s", error)
