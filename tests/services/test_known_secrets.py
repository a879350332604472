"""What the redactor is told: everything secret that keys hold, as long as they hold it, and no everyday words."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import BY_PASSWORD, SERVICE, Client
from stagedoor.hub import Audience, Catalogue, KeySpec, Kind
from stagedoor.redaction import WITHHELD, Redactor
from stagedoor.services.known_secrets import KnownSecrets, secrets_in
from tests.services.harness import Desk, encode

TOKEN = "a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5"


@pytest.fixture
def redactor(desk: Desk) -> Redactor:
    made = Redactor()
    KnownSecrets(Client(desk.hub, SERVICE), desk.hub.catalogue, made).start()
    return made


@pytest.mark.parametrize(
    ("key", "value", "hidden"),
    [
        ("http/config", {"bind": "a:1", "kv_password": "the right words"}, ["the right words"]),
        ("streamerbot/config", {"password": "other words", "instance_id": "an id of this"}, ["other words"]),
        ("stagedoor/app-tokens", [{"hash": TOKEN, "name": "Overlay", "address": "127.0.0.1"}], [TOKEN]),
        ("stagedoor/console-passes", [{"hash": TOKEN, "made_at": 1.5}], [TOKEN]),
        ("twitch/config", {"api_client_secret": TOKEN, "api_client_id": "a client's id"}, [TOKEN]),
        ("twitch/bot-config", {"OAuth": f"oauth:{TOKEN}", "username": "a bot's name"}, [f"oauth:{TOKEN}"]),
        ("twitch/auth-keys", {"access_token": TOKEN, "scope": ["chat:read"], "token_type": "bearer"}, [TOKEN]),
        (
            "twitch/bot-auth-keys",
            {
                "access_token": TOKEN,
                "refresh_token": TOKEN[::-1],
                "expires_in": 14400,
                "scope": [],
                "Time": "2026-05-01T19:00:00+02:00",
            },
            [TOKEN, TOKEN[::-1]],
        ),
    ],
)
async def test_secrets_are_known_as_long_as_a_key_holds_them(
    desk: Desk, redactor: Redactor, key: str, value: object, hidden: list[str]
) -> None:
    text = encode(value)
    await desk.put(key, text)
    everything = " | ".join(texts_of(value))
    cleaned = redactor.clean(everything)
    assert cleaned.count(WITHHELD) == len(hidden)
    for secret in hidden:
        assert secret not in cleaned
    # A later start finds them where they are.
    another = Redactor()
    KnownSecrets(Client(desk.hub, SERVICE), desk.hub.catalogue, another).start()
    assert another.clean(everything) == cleaned
    await desk.put(key, "")
    assert redactor.clean(everything).count(WITHHELD) == everything.count("oauth:")


async def test_a_changed_password_takes_the_place_of_the_old_one(desk: Desk, redactor: Redactor) -> None:
    await desk.put("http/config", encode({"bind": "a:1", "kv_password": "the first one"}))
    await desk.put("http/config", encode({"bind": "a:1", "kv_password": "the second one"}))
    assert redactor.clean("the first one, the second one") == f"the first one, {WITHHELD}"


async def test_a_broken_value_is_secret_as_a_whole(desk: Desk, redactor: Redactor) -> None:
    await desk.put("http/config", '{"kv_password": "half')
    assert redactor.clean('it is {"kv_password": "half') == f"it is {WITHHELD}"


async def test_an_application_cannot_choose_what_the_log_does_not_say(desk: Desk, redactor: Redactor) -> None:
    app = Client(desk.hub, BY_PASSWORD)
    for word in ("connection", "192.168.100.200", "the Kilovolt door refused a page", "x" * 40):
        await app.put("twitch/config", encode({"api_client_secret": word}))
        assert redactor.clean(f"it says {word}") == f"it says {word}"
    await app.put("twitch/config", encode({"api_client_secret": TOKEN}))
    assert redactor.clean(f"it says {TOKEN}") == f"it says {WITHHELD}"


async def test_the_end_of_the_audit_log_is_no_secret(desk: Desk, redactor: Redactor) -> None:
    await desk.put("stagedoor/audit-head", encode({"n": 7, "hash": "3f" * 32}))
    assert redactor.clean("3f" * 32) == "3f" * 32


async def test_families_of_keys_are_followed(desk: Desk) -> None:
    catalogue = Catalogue(
        [KeySpec(pattern="vault/<name>", kind=Kind.SECRET, summary="Secrets.", writers=Audience.OWNER)]
    )
    desk.hub.catalogue.add(next(iter(catalogue)))
    await desk.put("vault/one", '"the first secret"')
    redactor = Redactor()
    KnownSecrets(Client(desk.hub, SERVICE), desk.hub.catalogue, redactor).start()
    await desk.put("vault/two", '"the second secret"')
    assert redactor.clean("the first secret, the second secret") == f"{WITHHELD}, {WITHHELD}"


json_value = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(json_value | st.text())
def test_whatever_a_secret_key_holds_is_found(value: object) -> None:
    spec = KeySpec(pattern="a/secret", kind=Kind.SECRET, summary="A secret.", writers=Audience.OWNER)
    found = set(secrets_in(encode(value), spec))
    assert found == set(texts_of(value))


@given(st.text())
def test_nothing_makes_it_fail(text: str) -> None:
    for members in (frozenset[str](), frozenset(("a",))):
        spec = KeySpec(pattern="a/b", kind=Kind.STATE if members else Kind.SECRET, summary="x", secret_members=members)
        assert all(isinstance(found, str) for found in secrets_in(text, spec))


def texts_of(value: object) -> Iterable[str]:
    """All texts of a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_of(part)
