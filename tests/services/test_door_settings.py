"""A door's stored settings: made at the first run, followed, completed, and never replaced when they are broken."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client
from stagedoor.keys import HTTP_CONFIG, STREAMERBOT_CONFIG
from stagedoor.services.door_settings import (
    DOORS,
    DoorConfig,
    DoorSettings,
    FileMapping,
    HttpConfig,
    StreamerbotConfig,
    names_password,
    password_of,
    read_config,
)
from tests.services.harness import Desk, encode

Case = tuple[str, type[DoorConfig]]

BOTH = list(DOORS.values())
IDS = list(DOORS)


@dataclass
class Followed:
    """Settings, and what was heard of their changes."""

    settings: DoorSettings[Any]
    heard: list[DoorConfig] = field(default_factory=list)
    complaints: list[str | None] = field(default_factory=list)


async def follow(desk: Desk, case: Case) -> Followed:
    key, kind = case
    this = Followed(None)  # type: ignore[arg-type]  # until the next line
    this.settings = DoorSettings(Client(desk.hub, SERVICE), key, kind(), this.heard.append, this.complaints.append)
    await this.settings.start()
    return this


def stored(desk: Desk, case: Case) -> DoorConfig:
    config = read_config(desk.get(case[0]), case[1])
    assert config is not None
    return config


@pytest.mark.parametrize("case", BOTH, ids=IDS)
async def test_the_first_run_makes_a_password_and_keeps_it(desk: Desk, case: Case) -> None:
    first = await follow(desk, case)
    assert first.settings.is_first_run
    assert len(password_of(first.settings.current)) == 28
    assert stored(desk, case) == first.settings.current
    second = await follow(desk, case)
    assert not second.settings.is_first_run
    assert second.settings.current == first.settings.current
    assert first.heard == second.heard == []


@pytest.mark.parametrize("case", BOTH, ids=IDS)
async def test_a_change_is_told(desk: Desk, case: Case) -> None:
    this = await follow(desk, case)
    changed = this.settings.current.with_password("quite another one")
    await desk.put(case[0], encode(changed))
    assert this.heard == [changed]
    assert this.settings.current == changed


@pytest.mark.parametrize("case", BOTH, ids=IDS)
async def test_an_empty_password_is_one(desk: Desk, case: Case) -> None:
    this = await follow(desk, case)
    await desk.put(case[0], encode({case[1].PASSWORD: ""}))
    await desk.put("a fence", "")
    assert [password_of(config) for config in this.heard] == [""]
    again = await follow(desk, case)
    assert password_of(again.settings.current) == ""
    assert not again.settings.is_first_run


@pytest.mark.parametrize("case", BOTH, ids=IDS)
@pytest.mark.parametrize("value", ['{"bind":"127.0.0.1:1"}', None])
async def test_what_says_no_password_keeps_the_one_in_force(desk: Desk, case: Case, value: str | None) -> None:
    this = await follow(desk, case)
    password = password_of(this.settings.current)
    await desk.put(case[0], value)
    await desk.put("a fence", "")
    assert password_of(stored(desk, case)) == password
    assert password_of(this.settings.current) == password
    assert [password_of(config) for config in this.heard] == [password]
    if value is not None:
        assert stored(desk, case).bind == "127.0.0.1:1"  # type: ignore[attr-defined]  # both kinds have it


@pytest.mark.parametrize("case", BOTH, ids=IDS)
async def test_before_the_first_run_it_gets_a_new_password(desk: Desk, case: Case) -> None:
    await desk.put(case[0], '{"bind":"127.0.0.1:1"}')
    this = await follow(desk, case)
    assert this.settings.is_first_run
    assert len(password_of(stored(desk, case))) == 28
    assert stored(desk, case).bind == "127.0.0.1:1"  # type: ignore[attr-defined]


BROKEN = ["broken", "[]", "5", '{"bind":5}', "{", "[" * 100_000]


@pytest.mark.parametrize("case", BOTH, ids=IDS)
@pytest.mark.parametrize("value", [*BROKEN, '{"%s":null}', '{"%s":["x"]}'])
async def test_a_broken_value_is_neither_used_nor_overwritten(desk: Desk, case: Case, value: str) -> None:
    value = value.replace("%s", case[1].PASSWORD)
    this = await follow(desk, case)
    before = this.settings.current
    await desk.put(case[0], value)
    assert this.settings.current == before
    assert this.heard == []
    assert desk.get(case[0]) == value
    assert "the door keeps its settings" in (this.complaints[-1] or "")


@pytest.mark.parametrize("case", BOTH, ids=IDS)
@pytest.mark.parametrize("value", BROKEN)
async def test_a_broken_value_at_the_start_shuts_the_door(desk: Desk, case: Case, value: str) -> None:
    await desk.put(case[0], value)
    this = await follow(desk, case)
    assert len(password_of(this.settings.current)) == 28
    assert not this.settings.is_first_run
    assert desk.get(case[0]) == value
    assert "nobody gets in" in (this.complaints[-1] or "")
    mended = case[1]().with_password("long enough to be fine")
    await desk.put(case[0], encode(mended))
    await desk.put("a fence", "")
    assert [password_of(config) for config in this.heard] == ["long enough to be fine"]
    assert this.complaints[-1] is None


async def test_a_broken_value_at_the_start_lets_in_no_guest(desk: Desk) -> None:
    await desk.put(STREAMERBOT_CONFIG, '{"authentication":"enforcd","password":"x"}')
    this = await follow(desk, (STREAMERBOT_CONFIG, StreamerbotConfig))
    assert this.settings.current.authentication == "enforced"
    assert "authentication" in (this.complaints[-1] or "")


async def test_an_installations_id_is_made_once_and_stays(desk: Desk) -> None:
    case: Case = (STREAMERBOT_CONFIG, StreamerbotConfig)
    this = await follow(desk, case)
    instance_id = this.settings.current.instance_id
    assert str(UUID(instance_id)) == instance_id
    await desk.put(STREAMERBOT_CONFIG, encode({"password": "x"}))
    await desk.put("a fence", "")
    assert stored(desk, case).instance_id == instance_id  # type: ignore[attr-defined]
    assert this.settings.current.instance_id == instance_id
    await desk.put(STREAMERBOT_CONFIG, encode({"password": "x", "instance_id": "mine"}))
    assert this.settings.current.instance_id == "mine"


async def test_a_value_without_an_id_gets_one_at_the_start(desk: Desk) -> None:
    await desk.put(STREAMERBOT_CONFIG, encode({"password": "x"}))
    this = await follow(desk, (STREAMERBOT_CONFIG, StreamerbotConfig))
    assert str(UUID(this.settings.current.instance_id)) == this.settings.current.instance_id
    assert stored(desk, (STREAMERBOT_CONFIG, StreamerbotConfig)) == this.settings.current
    assert password_of(this.settings.current) == "x"


async def test_a_broken_value_leaves_the_installation_with_an_id(desk: Desk) -> None:
    await desk.put(STREAMERBOT_CONFIG, "broken")
    this = await follow(desk, (STREAMERBOT_CONFIG, StreamerbotConfig))
    assert str(UUID(this.settings.current.instance_id)) == this.settings.current.instance_id


@pytest.mark.parametrize("mode", ["OFF", "sometimes", "", None, True])
def test_a_mode_that_is_none_is_not_valid(mode: object) -> None:
    assert read_config(encode({"authentication": mode}), StreamerbotConfig) is None


def test_settings_are_read_with_their_defaults() -> None:
    config = read_config('{"files":[{"path":"a","folder":"/b"}],"unknown":1}', StreamerbotConfig)
    assert config == StreamerbotConfig(files=[FileMapping("a", "/b")])
    assert (config.bind, config.http_bind, config.endpoint) == ("127.0.0.1:8080", "127.0.0.1:7474", "/")
    assert config.authentication == "on"
    assert read_config("{}", HttpConfig) == HttpConfig(bind="localhost:4337")


@pytest.mark.parametrize("kind", [HttpConfig, StreamerbotConfig])
@given(st.text() | st.dictionaries(st.text(), st.none() | st.text() | st.integers()).map(encode))
def test_any_text_is_read_or_refused(kind: type[DoorConfig], text: str) -> None:
    config = read_config(text, kind)
    if config is None:
        return
    assert isinstance(names_password(text, kind), bool)
    assert msgspec.json.decode(encode(config), type=kind) == config


def test_keys_are_those_of_the_doors() -> None:
    assert {door: key for door, (key, _) in DOORS.items()} == {
        "kilovolt": HTTP_CONFIG,
        "streamerbot": STREAMERBOT_CONFIG,
    }


@pytest.mark.parametrize("case", BOTH, ids=IDS)
async def test_a_value_that_is_objected_to_gets_its_guard_back(desk: Desk, case: Case) -> None:
    key, kind = case
    this = Followed(None)  # type: ignore[arg-type]  # until the next line

    def object_to(config: DoorConfig) -> str | None:
        return None if config.is_guarded else "it would stand open"

    client = Client(desk.hub, SERVICE)
    this.settings = DoorSettings(client, key, kind(), this.heard.append, this.complaints.append, object_to)
    await this.settings.start()
    first = this.settings.current.guarded_as(this.settings.current)
    await desk.put(key, encode(first))
    await desk.put(key, encode(first.with_password("")))
    await this.settings.change(bind="localhost:1")  # while what gives the guard back is on its way
    await desk.put("a", "b")
    assert stored(desk, case) == msgspec.structs.replace(first, bind="localhost:1")
    assert this.settings.current == stored(desk, case)
    assert all(config.is_guarded for config in this.heard)


@pytest.mark.parametrize("case", BOTH, ids=IDS)
async def test_what_was_objected_to_is_told_until_the_next_word(desk: Desk, case: Case) -> None:
    key, kind = case
    complaints: list[str | None] = []

    def object_to(config: DoorConfig) -> str | None:
        return None if config.is_guarded else "it would stand open"

    settings = DoorSettings(Client(desk.hub, SERVICE), key, kind(), lambda config: None, complaints.append, object_to)
    await settings.start()
    await desk.put(key, encode(settings.current.guarded_as(settings.current)))
    complaints.clear()
    await desk.put(key, encode({kind.PASSWORD: ""}))
    await desk.put("a", "b")  # behind what was written in its place
    assert stored(desk, case).is_guarded
    assert complaints[-1] == "it would stand open"
    await settings.change(bind="localhost:1")
    assert complaints[-1] is None
