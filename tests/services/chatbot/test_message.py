"""Messages: what of them the bot looks at, and what is none."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.services.chatbot.message import SAMPLE, name_of, read_message, struct_of, text_of
from stagedoor.strimertul import ChatMessage, ChatUser, read, write
from stagedoor.templates import compile_template
from tests.services.harness import encode
from tests.strimertul.test_reading import FITTING, JSON


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (write(SAMPLE), "!test"),
        ('{"Message":"a"}', "a"),
        ('{"message":"a","Emotes":7}', ""),
        ('{"message":"a"}', "a"),
        ('{"Message":"right","message":"wrong"}', "right"),
        ('{"Message":null}', ""),
        ("[" * 100_000, ""),
        ('{"x":' + "[" * 100_000, ""),
        ('{"Message":"\ud800"}', ""),
        ("", ""),
    ],
)
def test_the_text_is_found_without_reading_the_rest(value: str, text: str) -> None:
    assert text_of(value) == text


@given(st.dictionaries(st.sampled_from(["Message", "message", "User", "Tags", "Time"]), JSON) | JSON)
def test_any_json_is_a_message_or_none(value: object) -> None:
    text = encode(value)
    text_of(text)
    with contextlib.suppress(ValueError):
        assert isinstance(read_message(text), ChatMessage)


@given(FITTING[ChatMessage])
def test_any_message_can_be_seen_by_templates(value: object) -> None:
    message = read(encode(value), ChatMessage)
    see = compile_template(
        "{{ .Message }}|{{ .User.Name }}|{{ .Time.Year | printf `%d` }}|{{ len .Emotes }}|{{ index .Tags `nothing` }}"
    )
    said = message.message, message.user.name, str(len(message.emotes or ()))
    text, name, _, count, tag = see.render(struct_of(message)).rsplit("|", 4)
    if "|" not in "".join(said):
        assert (text, name, count, tag) == (*said, (message.tags or {}).get("nothing", ""))


@pytest.mark.parametrize(
    "text", ["2023-05-17T17:45:59.394Z", "2023-05-17T19:45:59.394123456+02:00", "2023-05-17T23:15:59.394+05:30"]
)
def test_a_time_is_the_moment_whatever_its_zone(text: str) -> None:
    time = struct_of(ChatMessage(time=text)).fields["Time"]
    assert isinstance(time, datetime)
    assert time.astimezone(UTC).strftime("%H:%M:%S") == "17:45:59"


def test_who_has_no_name_to_show_has_a_login() -> None:
    assert [name_of(user) for user in (ChatUser(name="ann"), ChatUser(name="ann", display_name="Änn"))] == [
        "ann",
        "Änn",
    ]
