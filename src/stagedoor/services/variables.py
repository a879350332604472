"""Sets, counts and deletes global variables, and tells of each write to one as Streamer.bot's events do.

Whoever writes a variable's key, by a request or plainly, is heard the same. Reading needs no service: a variable is
its key.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeVar

import msgspec

from stagedoor.access import Client
from stagedoor.errors import InvalidKey, RequestFailed, StoreError
from stagedoor.hub import Change, Write
from stagedoor.keys import GLOBAL_DELETE, GLOBAL_SET, segment, unsegment
from stagedoor.streamerbot.events import event_key
from stagedoor.streamerbot.times import write_time
from stagedoor.types import MAX_KEY_BYTES, Key, Value

logger = logging.getLogger(__name__)

_R = TypeVar("_R", bound="DeleteRequest")

_CREATED: Final = event_key("Misc", "GlobalVariableCreated")
_UPDATED: Final = event_key("Misc", "GlobalVariableUpdated")
_DELETED: Final = event_key("Misc", "GlobalVariableDeleted")
_USERS_UPDATED: Final = event_key("Misc", "UserGlobalVariableUpdated")

_PERSISTED: Final = "persisted"
_TEMPORARY: Final = "temporary"

_STEP: Final = 1000
"""Variables that are loaded at once before others have a turn."""


class Stored(msgspec.Struct, omit_defaults=True):
    """A variable as its key holds it; the last two are a viewer's."""

    value: object
    lastWrite: str | None = None  # noqa: N815  (as on the wire, like all below)
    userLogin: str | None = None  # noqa: N815
    userName: str | None = None  # noqa: N815


class DeleteRequest(msgspec.Struct):
    """Which variable: one of the stream, or with a platform and a user id that viewer's."""

    name: str
    persisted: bool = True
    platform: str | None = None
    userId: str | None = None  # noqa: N815


class SetRequest(DeleteRequest):
    """What to do with a variable; without a ``value``, an increment is by 1, and a set makes it null."""

    value: object = msgspec.UNSET
    mode: Literal["set", "increment", "decrement"] = "set"
    userLogin: str | None = None  # noqa: N815
    userName: str | None = None  # noqa: N815


class _Name(NamedTuple):
    """What a variable's key says."""

    name: str
    is_persisted: bool
    platform: str = ""
    user_id: str = ""


class _Job(NamedTuple):
    """A request that waits for its turn: ``apply`` makes the new value of the key from the current one."""

    key: Key
    apply: Callable[[Stored | None], Stored | None]
    answer: "asyncio.Future[Stored | None]"


class Variables:
    """Owns the requests about variables, and publishes their events.

    Requests take their turn: each sees what the one before it has made of a variable, so that no increment is lost.
    Those that come while a batch is on its way to the disk make up the next batch, as the hub's own commits do; so a
    thousand increments at once are a few commits. What a plain write has under way at that very moment is not seen.
    """

    def __init__(self, client: Client, passing: Client, *, now: Callable[[], float] = time.time) -> None:
        """``passing`` writes what no disk sees, so that it does not wait for one: events and temporary variables."""
        self._client = client
        self._passing = passing
        self._now = now
        self._known: dict[Key, object] = {}
        """The value of each variable, as it was heard of last."""
        self._malformed: set[Key] = set()
        """Keys that hold no variable, and were complained about."""
        self._unheard: list[Change] | None = []
        """What happened while the variables were loaded; ``None`` after that."""
        self._waiting: list[_Job] = []
        self._is_under_way = False
        client.deliver = self._hear
        client.serve(GLOBAL_SET, self._set)
        client.serve(GLOBAL_DELETE, self._delete)

    async def start(self) -> None:
        """Learn the variables that there are, and follow them."""
        for prefix in ("global/", "user-global/"):
            self._client.subscribe_prefix(prefix)
        scans = [self._client.scan(prefix) for prefix in ("global/", "user-global/")]
        try:
            for scan in scans:
                while entries := scan.take(_STEP):
                    for key, text in entries:
                        if _read_key(key) and (stored := self._read(key, text)):
                            self._known[key] = stored.value
                    await asyncio.sleep(0)
        finally:
            for scan in scans:
                scan.close()
        unheard, self._unheard = self._unheard or [], None
        for change in unheard:
            self._hear(change)

    # --- events ---

    def _hear(self, change: Change) -> None:
        if self._unheard is not None:
            self._unheard.append(change)
            return
        if change.spec.is_request or (name := _read_key(change.key)) is None:
            return
        if change.is_deletion:
            self._hear_of_deletion(change.key, name)
        elif (stored := self._read(change.key, change.value)) is not None:
            self._hear_of_value(change.key, name, stored)

    def _hear_of_value(self, key: Key, name: _Name, stored: Stored) -> None:
        is_new = key not in self._known
        old = self._known.get(key)
        self._known[key] = stored.value
        last_write = stored.lastWrite or write_time(self._now())
        told = {"name": name.name, "persisted": name.is_persisted, "lastWrite": last_write, "newValue": stored.value}
        if name.platform:
            user = {"userId": name.user_id, "userType": name.platform}
            user |= {"userLogin": stored.userLogin or "", "userName": stored.userName or ""}
            self._publish(_USERS_UPDATED, {**told, "oldValue": old, **user})
        elif is_new:
            self._publish(_CREATED, {**told, "value": stored.value})
        else:
            self._publish(_UPDATED, {**told, "oldValue": old})

    def _hear_of_deletion(self, key: Key, name: _Name) -> None:
        """Streamer.bot has no event for a viewer's variable that goes."""
        self._malformed.discard(key)
        if key in self._known:
            del self._known[key]
            if not name.platform:
                self._publish(_DELETED, {"name": name.name, "persisted": name.is_persisted})

    def _publish(self, key: Key, data: dict[str, object]) -> None:
        self._passing.write([Write(key, msgspec.json.encode(data).decode())], _ignore)

    def _read(self, key: Key, text: Value) -> Stored | None:
        """Read a variable; ``None`` for what is none, which is said once a key."""
        try:
            stored = msgspec.json.decode(text, type=Stored)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            if key not in self._malformed:
                self._malformed.add(key)
                logger.warning("the key %r holds no variable: %s", key, error)
            return None
        self._malformed.discard(key)
        return stored

    # --- requests ---

    async def _set(self, text: Value) -> Value:
        request = _decode(text, SetRequest)
        key = _key_of(request)
        stored = await self._take_turn(key, request, lambda current: self._changed(request, current))
        return msgspec.json.encode({"name": request.name, **msgspec.to_builtins(stored)}).decode()

    async def _delete(self, text: Value) -> Value:
        request = _decode(text, DeleteRequest)

        def delete(current: Stored | None) -> None:
            if current is None:
                raise RequestFailed(f"there is no variable {request.name!r}")

        await self._take_turn(_key_of(request), request, delete)
        return "{}"

    def _changed(self, request: SetRequest, current: Stored | None) -> Stored:
        """Make the new value of a variable."""
        if request.mode == "set":
            value = None if request.value is msgspec.UNSET else request.value
        else:
            step = 1 if request.value is msgspec.UNSET else request.value
            start = 0 if current is None else current.value
            value = _add(request.name, start, step, sign=1 if request.mode == "increment" else -1)
        stored = Stored(value, write_time(self._now()))
        if request.platform:
            stored.userLogin, stored.userName = self._names(request, current)
        return stored

    def _names(self, request: SetRequest, current: Stored | None) -> tuple[str, str]:
        """What a viewer is called: as the request says, else as they are known, else as it was."""
        viewer = {}
        if request.userLogin is None or request.userName is None:
            text = self._client.get(f"viewer/{_platform(request)}/{segment(request.userId or '')}")
            viewer = _decode_names(text)
        login = request.userLogin or viewer.get("login") or (current and current.userLogin) or ""
        name = request.userName or viewer.get("display") or (current and current.userName) or login
        return login, name

    async def _take_turn(
        self, key: Key, request: DeleteRequest, apply: Callable[[Stored | None], Stored | None]
    ) -> Stored | None:
        """Change a variable; returns what is stored then.

        Raises:
            RequestFailed: With the reason of ``apply``, or when the store refused.
        """
        if not request.persisted:
            stored = apply(self._current(key))
            await self._passing.put(key, _encode(stored))
            return stored
        answer: asyncio.Future[Stored | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Job(key, apply, answer))
        if not self._is_under_way:
            self._send()
        return await answer

    def _current(self, key: Key) -> Stored | None:
        """Read a variable; whatever else a key holds is no variable yet."""
        text = self._client.get(key)
        return self._read(key, text) if text else None

    def _send(self) -> None:
        """Let all who wait have their turn, and write what they make of the variables in one batch."""
        current: dict[Key, Stored | None] = {}
        writes: list[Write] = []
        done: list[tuple[_Job, Stored | None]] = []
        waiting, self._waiting = self._waiting, []
        for job in waiting:
            if job.answer.done():
                continue  # whoever asked has gone
            try:
                stored = job.apply(current[job.key] if job.key in current else self._current(job.key))
                writes.append(Write(job.key, _encode(stored)))
            except (RequestFailed, StoreError) as error:
                job.answer.set_exception(RequestFailed(str(error)))
                continue
            current[job.key] = stored
            done.append((job, stored))
        if not writes:
            return

        def settle(error: StoreError | None) -> None:
            self._is_under_way = False
            for job, stored in done:
                if job.answer.done():
                    continue
                if error is None:
                    job.answer.set_result(stored)
                else:
                    job.answer.set_exception(RequestFailed(f"the variable could not be kept: {error}"))
            if self._waiting:
                self._send()

        self._is_under_way = True
        self._client.write(writes, settle)


def _read_key(key: Key) -> _Name | None:
    """Read which variable a key holds; ``None`` for a key of another form."""
    match key.split("/"):
        case ["global", (("persisted" | "temporary") as store), name] if not name.startswith("@"):
            return _Name(unsegment(name), store == _PERSISTED)
        case ["user-global", (("persisted" | "temporary") as store), platform, user_id, name] if platform:
            return _Name(unsegment(name), store == _PERSISTED, unsegment(platform), unsegment(user_id))
    return None


def _key_of(request: DeleteRequest) -> Key:
    """Name the key of the variable that a request is about.

    Raises:
        RequestFailed: When there can be no such key.
    """
    if not request.name:
        raise RequestFailed("a variable needs a name")
    if (request.platform is None) is not (request.userId is None):
        raise RequestFailed("a viewer's variable needs both platform and userId")
    store = _PERSISTED if request.persisted else _TEMPORARY
    if request.platform is None or request.userId is None:
        key = f"global/{store}/{segment(request.name)}"
    elif not request.platform or not request.userId:
        raise RequestFailed("platform and userId must not be empty")
    else:
        key = f"user-global/{store}/{_platform(request)}/{segment(request.userId)}/{segment(request.name)}"
    if (size := len(key.encode())) > MAX_KEY_BYTES:
        raise RequestFailed(str(InvalidKey(key, size)))
    return key


def _platform(request: DeleteRequest) -> Key:
    return segment((request.platform or "").lower())


def _add(name: str, start: object, step: object, *, sign: int) -> int | float:
    """Count up or down.

    Raises:
        RequestFailed: When one of the two is no number, or the sum is none that JSON can hold.
    """
    if isinstance(start, bool) or not isinstance(start, int | float):
        raise RequestFailed(f"the variable {name!r} is no number")
    if isinstance(step, bool) or not isinstance(step, int | float):
        raise RequestFailed(f"the variable {name!r} can be changed by a number only")
    try:
        total = start + sign * step
        if math.isfinite(total):
            return total
    except OverflowError:
        pass
    raise RequestFailed(f"the variable {name!r} would become too large")


def _encode(stored: Stored | None) -> Value | None:
    try:
        return None if stored is None else msgspec.json.encode(stored).decode()
    except RecursionError as error:
        raise RequestFailed("the value is nested too deeply") from error


def _decode_names(text: Value) -> dict[str, str]:
    """Read the names of a viewer's key; nothing when it holds none."""
    try:
        viewer = msgspec.json.decode(text, type=dict[str, object]) if text else {}
    except (msgspec.DecodeError, RecursionError):
        return {}
    return {member: name for member in ("login", "display") if isinstance(name := viewer.get(member), str)}


def _decode(text: Value, form: type[_R]) -> _R:
    try:
        return msgspec.json.decode(text, type=form)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise RequestFailed(f"expected a variable: {error}") from error


def _ignore(error: StoreError | None) -> None:
    """An event needs no disk and cannot fail."""
