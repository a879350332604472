"""strimertül's values are read as forgivingly as its decoder reads them, and written as it writes them."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor import strimertul
from stagedoor.strimertul import (
    Alerts,
    BotConfig,
    ChatMessage,
    ChatUser,
    Command,
    Follow,
    Goal,
    LoyaltyConfig,
    Notification,
    Points,
    PointsConfig,
    Redeem,
    Reward,
    Timer,
    Timers,
    read,
    read_object,
    write,
    write_time,
)

SHAPES = [
    shape
    for name in strimertul.__all__
    if isinstance(shape := getattr(strimertul, name), type) and issubclass(shape, msgspec.Struct)
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "shape", "value"),
    [
        ("{}", Command, Command()),
        ('{"response":"hi","enabled":true}', Command, Command(response="hi", enabled=True)),
        ('{"Response":"hi","ENABLED":true}', Command, Command(response="hi", enabled=True)),
        ('{"RESPONSE":"loud","response":"right"}', Command, Command(response="right")),
        ('{"response":"right","RESPONSE":"loud"}', Command, Command(response="right")),
        ('{"response":null,"enabled":null}', Command, Command()),
        ('{"response":"hi","colour":"red","x":[1]}', Command, Command(response="hi")),
        ('{"cooldown":5,"user_cooldown":2.5}', Command, Command(cooldown=5, user_cooldown=2.5)),
        ('{"cooldown":null}', Command, Command()),
        ("{}", BotConfig, BotConfig(command_cooldown=2)),
        ('{"command_cooldown":0}', BotConfig, BotConfig(command_cooldown=0)),
        ('{"command_cooldown":null}', BotConfig, BotConfig(command_cooldown=2)),
        ('{"timers":null}', Timers, Timers()),
        ('{"timers":{"a":{"Messages":["x",null]},"b":null}}', Timers, Timers({"a": Timer(messages=["x"])})),
        ('{"follow":null}', Alerts, Alerts()),
        ('{"Follow":{"enabled":true,"messages":null}}', Alerts, Alerts(follow=Follow(enabled=True))),
        (
            '{"user":{"id":"7","displayname":"Ann","badges":{"founder":0}},"MESSAGE":"hi","reply":null}',
            ChatMessage,
            ChatMessage(user=ChatUser(id="7", display_name="Ann", badges={"founder": 0}), message="hi"),
        ),
        ('{"points":{"amount":3},"banlist":null}', LoyaltyConfig, LoyaltyConfig(points=PointsConfig(amount=3))),
        ('{"contributors":null}', Goal, Goal()),
        ('{"points":-4}', Points, Points(-4)),
        (f'{{"points":{-(1 << 63)}}}', Points, Points(-(1 << 63))),
        ('{"reward":{"required_info":null,"id":"a"}}', Redeem, Redeem(reward=Reward(id="a"))),
        ("null", dict[str, Command] | None, None),
        ('{"!a":{"Enabled":true}}', dict[str, Command], {"!a": Command(enabled=True)}),
    ],
)
def test_a_value_is_read_forgivingly(text: str, shape: Any, value: object) -> None:
    assert read(text, shape) == value


@pytest.mark.parametrize(
    ("text", "shape", "complaint"),
    [
        ("", Command, "no JSON"),
        ("{", Command, "no JSON"),
        ('{"response":"\ud800"}', Command, "no JSON"),
        ("[" * 100_000, Command, "no JSON"),
        ("[]", Command, "object"),
        ("null", Command, "null"),
        ('{"enabled":"yes"}', Command, "`$.enabled`"),
        ('{"response":5}', Command, "`$.response`"),
        ('{"timers":{"a":{"minimum_delay":"x"}}}', Timers, "$.timers"),
        ('{"event":{}}', Notification, "subscription"),
        (f'{{"points":{{"interval":1{"0" * 400}}}}}', LoyaltyConfig, "out of range"),
        (f'{{"command_cooldown":-1{"0" * 400}}}', BotConfig, "out of range"),
        (f'{{"points":{1 << 63}}}', Points, "out of range"),
    ],
)
def test_what_is_of_another_kind_is_refused_and_named(text: str, shape: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as caught:
        read(text, shape)
    assert complaint in str(caught.value)


def test_a_notifications_body_is_kept() -> None:
    notification = read('{"Subscription":{"Type":"channel.follow"},"event":{"user_name":"Ann","x":null}}', Notification)
    assert (notification.subscription.type, notification.date) == ("channel.follow", msgspec.UNSET)
    assert msgspec.json.decode(notification.event) == {"user_name": "Ann", "x": None}


@given(st.sampled_from(SHAPES), JSON)
def test_any_json_is_read_or_refused(shape: Any, value: object) -> None:
    try:
        read_object(value, shape)
    except ValueError:
        return
    assert isinstance(value, dict)


def in_shape(info: msgspec.inspect.Type) -> st.SearchStrategy[Any]:
    """JSON that fits a type."""
    match info:
        case msgspec.inspect.StructType():
            members = {field.encode_name: in_shape(field.type) for field in info.fields}
            needed = {field.encode_name for field in info.fields if field.required}
            return st.fixed_dictionaries(
                {name: member for name, member in members.items() if name in needed},
                optional={name: member for name, member in members.items() if name not in needed},
            )
        case msgspec.inspect.ListType():
            return st.lists(in_shape(info.item_type), max_size=2)
        case msgspec.inspect.DictType():
            return st.dictionaries(st.text(max_size=5), in_shape(info.value_type), max_size=2)
        case msgspec.inspect.UnionType():
            return st.one_of([in_shape(each) for each in info.types if not isinstance(each, msgspec.inspect.NoneType)])
        case msgspec.inspect.StrType():
            return st.text(max_size=5)
        case msgspec.inspect.IntType():
            return st.integers(-(2**62), 2**62)
        case msgspec.inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.RawType():
            return JSON.filter(lambda value: value is not None)
    raise AssertionError(info)


FITTING = {shape: in_shape(msgspec.inspect.type_info(shape)) for shape in SHAPES}


@given(st.data(), st.sampled_from(SHAPES))
def test_what_fits_is_read_alike_in_any_case_and_after_it_was_written(data: st.DataObject, shape: Any) -> None:
    value = data.draw(FITTING[shape])
    strict = msgspec.json.decode(msgspec.json.encode(value), type=shape)
    assert read_object(value, shape) == strict
    assert read(write(strict), shape) == strict
    loud = {name.swapcase(): member for name, member in value.items()}
    assert read_object({**loud, "unknown": 1, "gone": None}, shape) == strict


def test_values_are_written_in_their_order_without_spaces() -> None:
    assert write(Command(response="<b>ü</b>", access_level="vip")) == (
        '{"description":"","access_level":"vip","response":"<b>ü</b>","enabled":false,"response_type":""}'
    )
    assert write(Timers()) == '{"timers":null}'


@given(st.integers(0, 4_000_000_000_000))
def test_a_moment_is_written_with_its_offset(unix_ms: int) -> None:
    text = write_time(unix_ms / 1000)
    moment = datetime.fromisoformat(text)
    assert moment.utcoffset() is not None
    assert abs(moment - datetime.fromtimestamp(unix_ms / 1000, UTC)) < timedelta(milliseconds=1)
    assert "T" in text
    assert "+00:00" not in text
    fraction = f"{unix_ms % 1000:03}".rstrip("0")
    assert text[19:].startswith(f".{fraction}" if fraction else ("Z", "+", "-"))


@pytest.mark.parametrize(
    ("unix_s", "text"),
    [
        (1_790_000_000.403, "2026-09-21T14:13:20.403"),
        (1_790_000_000.5, "2026-09-21T14:13:20.5"),
        (1_790_000_000.000001, "2026-09-21T14:13:20.000001"),
        (1_790_000_000, "2026-09-21T14:13:20"),
    ],
)
@pytest.mark.parametrize(
    ("zone", "hours", "offset"), [("UTC0", 0, "Z"), ("XXX-5:30", 5.5, "+05:30"), ("XXX3", -3, "-03:00")]
)
def test_a_moment_is_written_as_go_writes_it(
    monkeypatch: pytest.MonkeyPatch, unix_s: float, text: str, zone: str, hours: float, offset: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        local = datetime.fromisoformat(text) + timedelta(hours=hours)
        assert write_time(unix_s) == f"{local:%Y-%m-%dT%H:%M:%S}{text[19:]}{offset}"
    finally:
        monkeypatch.undo()
        time.tzset()
