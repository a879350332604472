"""Every command of the protocol as a method, and JSON for the keys that hold it.

How a request reaches the server and its answer comes back is the affair of the client that all protocols share.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, TypeVar, cast, overload

import msgspec

from stagedoor.kilovolt.connection import Connection, name_of
from stagedoor.kilovolt.errors import InvalidAnswer, InvalidValue, UnknownCommand
from stagedoor.kilovolt.messages import (
    Call,
    CallData,
    Delete,
    Features,
    Get,
    GetAll,
    GetBulk,
    KeyData,
    KeysData,
    List,
    PrefixData,
    Request,
    Set,
    SetBulk,
    SetData,
    Uid,
    Version,
)
from stagedoor.remote.client import RemoteClient
from stagedoor.types import Key, Value

CALL_TIMEOUT_S: Final = 35.0
"""The server gives a service 30 s to answer a call; its word on that should arrive first."""

_T = TypeVar("_T")
_D = TypeVar("_D")

# A method called ``list`` hides the type inside its class.
Keys: TypeAlias = list[Key]
Values: TypeAlias = dict[Key, Value]


class Commands(RemoteClient[Request, Connection]):
    """What can be asked of a server."""

    # --- commands -------------------------------------------------------------------------------------------------

    async def version(self) -> str:
        """Fetch the version of the protocol that the server speaks, for example ``v10``."""
        return await self._ask(Version(), str)

    async def uid(self) -> str:
        """Fetch the server's identifier of this connection; the next connection has another."""
        return await self._ask(Uid(), str)

    async def features(self) -> frozenset[str]:
        """Fetch the names of what the server adds to the protocol; none from one that knows no additions."""
        try:
            return frozenset(await self._ask(Features(), Keys))
        except UnknownCommand:
            return frozenset()

    async def get(self, key: Key) -> Value:
        """Read one key; ``""`` if there is none."""
        return await self._ask(Get(data=KeyData(key)), str)

    async def get_many(self, keys: Iterable[Key]) -> Values:
        """Read several keys at one moment; ``""`` for each that there is not."""
        return await self._ask(GetBulk(data=KeysData([*keys])), Values)

    async def get_all(self, prefix: str = "") -> Values:
        """Read all keys that begin with ``prefix``, at one moment."""
        return await self._ask(GetAll(data=PrefixData(prefix)), Values)

    async def set(self, key: Key, value: Value) -> None:
        """Write one key. It is stored durably when this returns."""
        await self._send(Set(data=SetData(key, value)))

    async def set_many(self, values: Mapping[Key, Value]) -> None:
        """Write several keys, all or none."""
        await self._send(SetBulk(data=dict(values)))

    async def delete(self, key: Key) -> None:
        """Remove a key, be it there or not; who hears it gets a change with the value ``""``."""
        await self._send(Delete(data=KeyData(key)))

    async def list(self, prefix: str = "") -> Keys:
        """List the keys that begin with ``prefix``, sorted by code point."""
        return await self._ask(List(data={"prefix": prefix}), Keys)

    async def call(self, key: Key, value: Value = "", *, timeout_s: float = CALL_TIMEOUT_S) -> Value:
        """Ask the service that owns the request ``key``, and return its answer.

        An extension; a server without it, which the features tell, raises :exc:`UnknownCommand`.

        Raises:
            NoSuchRequest: When no service owns the key.
            RequestFailed: When the service refuses, or does not answer in time.
        """
        return await self._ask(Call(data=CallData(key, value)), str, timeout_s)

    # --- JSON -----------------------------------------------------------------------------------------------------

    @overload
    async def get_json(self, key: Key, *, default: object = None) -> object: ...
    @overload
    async def get_json(self, key: Key, type: type[_T]) -> _T | None: ...
    @overload
    async def get_json(self, key: Key, type: type[_T], default: _D) -> _T | _D: ...

    async def get_json(
        self,
        key: Key,
        type: type[object] = object,  # noqa: A002 - msgspec's word for it
        default: object = None,
    ) -> object:
        """Read a key that holds JSON, as a ``type`` that msgspec can decode; ``default`` if there is none.

        Raises:
            InvalidValue: When the value is no JSON, or not of that type.
        """
        return read_json(key, await self.get(key), type, default)

    async def set_json(self, key: Key, value: object) -> None:
        """Write a key as JSON, from whatever msgspec can encode."""
        await self.set(key, to_json(value))

    async def set_many_json(self, values: Mapping[Key, object]) -> None:
        """Write several keys as JSON, all or none."""
        await self.set_many({key: to_json(value) for key, value in values.items()})

    @overload
    async def call_json(self, key: Key, value: object = None, *, timeout_s: float = CALL_TIMEOUT_S) -> object: ...
    @overload
    async def call_json(
        self, key: Key, value: object, type: type[_T], *, timeout_s: float = CALL_TIMEOUT_S
    ) -> _T | None: ...

    async def call_json(
        self,
        key: Key,
        value: object = None,
        type: type[object] = object,  # noqa: A002
        *,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> object:
        """Do :meth:`call` with JSON in both directions; an empty answer is ``None``.

        Raises:
            InvalidValue: When the answer is no JSON, or not of the type asked for.
        """
        return read_json(key, await self.call(key, to_json(value), timeout_s=timeout_s), type, None)

    async def _ask(self, request: Request, wanted: type[_T], timeout_s: float | None = None) -> _T:
        content = await self._send(request, timeout_s)
        if wanted is str and isinstance(content, str):
            return cast("_T", content)
        if content is None and wanted is not str:
            # A server in Go writes a list or map that it never made as null.
            return wanted()
        try:
            return msgspec.convert(content, wanted)
        except msgspec.ValidationError as error:
            raise InvalidAnswer(name_of(request), str(error)) from error


def read_json(key: Key, text: str, wanted: type[object], default: object) -> object:
    """Decode the value of ``key``; an absent one, which reads as ``""``, is ``default``."""
    if not text:
        return default
    try:
        return msgspec.json.decode(text, type=wanted)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidValue(key, str(error)) from error


def to_json(value: object) -> str:
    """Encode a value, as the text that a key holds."""
    return msgspec.json.encode(value).decode()
