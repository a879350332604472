"""Global variables: those of the stream, and those of its viewers. All of it is read straight from the keys."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from functools import lru_cache
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.keys import segment, unsegment
from stagedoor.streamerbot.messages import BadRequest, Members, Parameters, ReadyMembers
from stagedoor.streamerbot.requests.handler import Asker, Handler, Request
from stagedoor.types import Key

_CHUNK: Final = 512
"""Variables that are read before others get their turn."""

_SHORT: Final = 1024
"""Characters of a variable whose answer is remembered."""

_PLATFORMS: Final = {"Twitch": "twitch", "YouTube": "youtube", "Trovo": "trovo", "Kick": "kick"}

_LONG_AGO: Final = "1970-01-01T00:00:00.000+00:00"
"""For a variable that somebody has written without saying when."""


class _Entry(msgspec.Struct):
    """What a variable's key holds."""

    value: msgspec.Raw
    lastWrite: str = _LONG_AGO  # noqa: N815  (the wire's words, here and below)
    userLogin: str = ""  # noqa: N815
    userName: str = ""  # noqa: N815


_decode_entry: Final = msgspec.json.Decoder(_Entry).decode


async def _get_globals(asker: Asker, parameters: Parameters) -> Members:
    prefix = f"global/{_store(parameters)}/"
    variables = {}
    async for key, entry in _entries(asker.client, prefix):
        if "/" not in key:  # a longer key is somebody's own, and no name of a variable reads it
            name = unsegment(key)
            variables[name] = _variable(name, entry)
    return {"variables": variables, "count": len(variables)}


def _get_global(asker: Asker, parameters: Parameters) -> Members:
    name = parameters.text("variable")
    store = _store(parameters)
    key = _remembered_key(store, name) if len(name) < _SHORT else _key(store, name)
    text = asker.client.get(key)
    return _remembered(name, text) if len(text) < _SHORT else _answer(name, text)


def _key(store: str, name: str) -> Key:
    return f"global/{store}/{segment(name)}"


_remembered_key: Final = lru_cache(maxsize=1024)(_key)


def _answer(name: str, text: str) -> Members:
    """Make the answer to ``GetGlobal``. Overlays ask for the same few variables over and over."""
    variable = _variable(name, _read_entry(text))
    return ReadyMembers({"variable": variable, "variables": {name: variable}, "count": 1})


_remembered: Final = lru_cache(maxsize=1024)(_answer)


def _get_user_globals_of(platform: str) -> Handler:
    async def get_user_globals(asker: Asker, parameters: Parameters) -> Members:
        wanted = parameters.optional_text("variable") or None
        prefix = f"user-global/{_store(parameters)}/{platform}/"
        variables = []
        async for key, entry in _entries(asker.client, prefix):
            user_id, _, part = key.partition("/")
            name = unsegment(part)
            if wanted is None or name == wanted:
                variables.append(
                    {
                        "name": name,
                        "userId": unsegment(user_id),
                        "userLogin": entry.userLogin,
                        "userName": entry.userName,
                        "platform": platform,
                        "value": entry.value,
                        "lastWrite": entry.lastWrite,
                    }
                )
        return {"variables": variables, "count": len(variables)}

    return get_user_globals


def _get_user_global_of(platform: str) -> Handler:
    def get_user_global(asker: Asker, parameters: Parameters) -> Members | Awaitable[Members]:
        prefix = f"user-global/{_store(parameters)}/{platform}/{segment(parameters.text('userId'))}/"
        name = parameters.optional_text("variable")
        if not name:
            return _get_all_of_user(asker.client, prefix)
        variable = _variable(name, _read_entry(asker.client.get(prefix + segment(name))))
        return {"variable": variable, "variables": [variable], "count": 1}

    return get_user_global


async def _get_all_of_user(client: Client, prefix: str) -> Members:
    variables = [_variable(unsegment(part), entry) async for part, entry in _entries(client, prefix)]
    return {"variables": variables, "count": len(variables)}


def _store(parameters: Parameters) -> str:
    return "persisted" if parameters.flag("persisted", default=True) else "temporary"


def _variable(name: str, entry: _Entry) -> Members:
    return {"name": name, "value": entry.value, "lastWrite": entry.lastWrite}


def _read_entry(text: str) -> _Entry:
    try:
        if text:
            return _decode_entry(text)
    except (msgspec.DecodeError, RecursionError):
        pass  # what somebody has broken by hand is as good as absent
    raise BadRequest("Variable not found")


async def _entries(client: Client, prefix: str) -> AsyncIterator[tuple[Key, _Entry]]:
    """Walk over variables; what follows the prefix in their keys comes with each."""
    scan = client.scan(prefix)
    try:
        while True:
            entries = scan.take(_CHUNK)
            for key, text in entries:
                try:
                    entry = _decode_entry(text)
                except (msgspec.DecodeError, RecursionError):
                    continue
                yield key.removeprefix(prefix), entry
            if len(entries) < _CHUNK:
                break
            await asyncio.sleep(0)
    finally:
        scan.close()


REQUESTS = (
    Request("GetGlobals", _get_globals),
    Request("GetGlobal", _get_global),
    *(Request(f"{source}GetUserGlobals", _get_user_globals_of(name)) for source, name in _PLATFORMS.items()),
    *(Request(f"{source}GetUserGlobal", _get_user_global_of(name)) for source, name in _PLATFORMS.items()),
)
