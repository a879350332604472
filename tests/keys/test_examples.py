"""Every key has an example that its schema allows, and every request one that is answered as the reference says."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from stagedoor import keys
from stagedoor.hub import KeySpec, Kind
from stagedoor.kilovolt import Client
from tests.schemas import problems
from tests.test_app import FREE, owner_of, run

BY_PATTERN = {spec.pattern: spec for spec in keys.SPECS}

WITH_OTHERS = {
    keys.ANSWER_ASK,
    keys.CHANGE_APP,
    keys.FORGET_APP,
    keys.FORGET_DEVICE,
    keys.DISCONNECT,
    keys.FOLDERS,
    keys.PAIR,
    keys.MOVE_DOOR,
    keys.REFUND_REDEEM,
    keys.LOOPBACK_OPEN,
    keys.TWITCH_LOGIN,
    keys.TWITCH_CALLBACK,
    keys.TWITCH_TEST,
    keys.TWITCH_CHATTERS,
    keys.TWITCH_CHANNEL,
    keys.TWITCH_ANNOUNCE,
    keys.TWITCH_WHISPER,
}
"""Requests that need somebody else, Twitch or another device, or a folder of somebody's."""

VARYING = {
    "args",
    "sample",
    "schema",
    "action",
    "facts",
    "settings",
    "chosen",
    "scopes",
    "groups",
    "custom",
    "contributors",
}
"""Members of answers whose insides are not always the same."""


def examples() -> list[Any]:
    return [pytest.param(spec, id=spec.pattern) for spec in keys.SPECS if spec.example is not None]


def read(text: str, schema: object) -> Any:
    """Read a value as its schema means it: as JSON if there is one, else as text."""
    return json.loads(text) if schema else text


def test_every_key_has_an_example_that_is_no_secret() -> None:
    without = {spec.pattern for spec in keys.SPECS if spec.example is None}
    assert without == {spec.pattern for spec in keys.SPECS if spec.kind is Kind.SECRET}


def test_every_request_has_an_answer() -> None:
    assert [spec.pattern for spec in keys.SPECS if (spec.answer is not None) is not spec.is_request] == []


def test_every_value_with_a_shape_has_a_schema() -> None:
    without = [spec for spec in keys.SPECS if not spec.schema and not (spec.is_request and spec.example == "")]
    assert [spec.pattern for spec in without] == [keys.SEND_CHAT_MESSAGE, keys.STRIMERTUL_VERSION], "which are text"
    shapeless = [spec.pattern for spec in keys.SPECS if spec.schema == {"type": "object"}]
    assert shapeless == ["event/<source>/<type>"], "each event has its own"


@pytest.mark.parametrize("spec", examples())
def test_the_schema_allows_the_example_and_knows_all_of_it(spec: KeySpec) -> None:
    assert spec.example is not None
    if spec.example == "":
        assert spec.is_request
        assert spec.schema.get("required", []) == []
    else:
        is_closed = spec.pattern != "action/<id>"  # what a step holds depends on its type
        assert problems(spec.schema, read(spec.example, spec.schema), is_closed=is_closed) == []


@pytest.mark.parametrize("spec", examples())
def test_no_example_shows_a_withheld_member(spec: KeySpec) -> None:
    for name in spec.secret_members:
        assert json.loads(spec.example or "{}").get(name, "") == ""


@pytest.mark.parametrize(
    "spec", [spec for spec in keys.SPECS if spec.default is not None], ids=lambda spec: spec.pattern
)
def test_the_schema_allows_the_default(spec: KeySpec) -> None:
    assert spec.default is not None
    assert problems(spec.schema, read(spec.default, spec.schema)) == []


def shape(value: Any) -> Any:
    """What an answer is made of: names and nesting, of lists the first item, and no values."""
    if isinstance(value, dict):
        return {name: "free" if name in VARYING else shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return "value"


def fits(shown: Any, real: Any) -> bool:
    """Tell whether a real answer is made as the shown one is; a list may be empty, a member null."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return shown.keys() == real.keys() and all(fits(shown[name], real[name]) for name in shown)
    if isinstance(shown, list) and isinstance(real, list):
        return not shown or not real or fits(shown[0], real[0])
    return "value" in (shown, real) or bool(shown == real)


async def set_the_stage(owner: Client, folder: Path) -> dict[str, Any]:
    """Write what the requests are about; returns what stands in the place of members of the examples."""
    await owner.set("action/8f4b8c4e-6a0f-4a39-9d3a-1d2b3c4d5e6f", BY_PATTERN["action/<id>"].example or "")
    await owner.set("action/broken", '{"name":"x","steps":[{"type":"no"}]}')
    await owner.set("code-trigger/wheel", BY_PATTERN["code-trigger/<event name>"].example or "")
    await owner.set("command/1", BY_PATTERN["command/<id>"].example or "")
    await owner.set("pronouns/twitch/ada", BY_PATTERN["pronouns/<platform>/<login>"].example or "")
    await owner.set("loyalty/config", '{"enabled":true}')
    await owner.call_json(keys.ADD_POINTS, {"username": "ada", "points": 120})
    key = json.loads(await owner.call(keys.MAKE_OVERLAY_KEY, '{"name":"old","scopes":["read:a"]}'))
    (reward,) = json.loads(BY_PATTERN["loyalty/rewards"].example or "")
    await owner.set_json("loyalty/rewards", [reward | {"id": key["id"]}])
    archive = folder / "export.json"
    archive.write_text('{"a":"b"}', "utf-8")
    return {"id": key["id"], "path": str(archive)}


async def test_the_requests_answer_as_the_reference_says(tmp_path: Path) -> None:
    requests = [spec for spec in keys.SPECS if spec.is_request and spec.pattern not in WITH_OTHERS]
    # These change what the others ask about, or when they are heard.
    last = {keys.IMPORT: 1, keys.RESTORE: 2, keys.SET_TLS: 3, keys.NEW_AUTHORITY: 4}
    async with run(tmp_path / "data", console=FREE) as running, owner_of(running) as owner:
        room = asyncio.create_task(owner.call_json(keys.LOOPBACK_OPEN, {"platform": "twitch"}, timeout_s=3600))
        async with owner.watch("platform/twitch") as platform:
            await anext(platform)
        stand_ins = await set_the_stage(owner, tmp_path)
        for spec in sorted(requests, key=lambda spec: last.get(spec.pattern, 0)):
            asked = spec.example or ""
            if asked and spec.schema:
                members: dict[str, Any] = json.loads(asked)
                asked = json.dumps(members | {name: stand_ins[name] for name in members.keys() & stand_ins.keys()})
            answer = json.loads(await owner.call(spec.pattern.replace("<platform>", "twitch"), asked))
            shown = json.loads(spec.answer or "")
            assert fits(shape(shown), shape(answer)), (spec.pattern, shape(shown), shape(answer))
        room.cancel()
