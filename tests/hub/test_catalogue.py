"""Which kind a key has, and which entry describes it."""

import pytest

from stagedoor import keys
from stagedoor.hub import Audience, Catalogue, KeySpec, Kind
from stagedoor.types import MAX_KEY_BYTES


def spec(pattern: str, **members: object) -> KeySpec:
    return KeySpec(**{"pattern": pattern, "kind": Kind.STATE, "summary": "For a test.", **members})  # type: ignore[arg-type]  # members are what the test says


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("", Kind.STATE),
        ("plain", Kind.STATE),
        ("area/name", Kind.STATE),
        ("twitch/ev/chat-message", Kind.EVENT),
        ("ev", Kind.EVENT),
        ("ev/first", Kind.EVENT),
        ("last/ev", Kind.EVENT),
        ("event/Twitch/ChatMessage", Kind.EVENT),
        ("event/", Kind.EVENT),
        ("event", Kind.STATE),
        ("events/x", Kind.STATE),
        ("area/event/x", Kind.STATE),
        ("evening/x", Kind.STATE),
        ("dev/x", Kind.STATE),
        ("EV/x", Kind.STATE),
        ("action/@run", Kind.REQUEST),
        ("@run", Kind.REQUEST),
        ("@", Kind.REQUEST),
        ("@run/now", Kind.STATE),
        ("mail@home", Kind.STATE),
        ("twitch/ev/@send", Kind.REQUEST),
        ("event/@send", Kind.REQUEST),
    ],
)
def test_the_form_of_a_key_that_nobody_declared_makes_its_kind(key: str, kind: Kind) -> None:
    assert Catalogue().resolve(key).kind is kind


def test_an_entry_overrides_the_form() -> None:
    catalogue = Catalogue([spec("twitch/ev/kept", kind=Kind.STATE)])
    assert catalogue.resolve("twitch/ev/kept").kind is Kind.STATE
    assert catalogue.resolve("twitch/ev/other").kind is Kind.EVENT


def test_a_placeholder_stands_for_one_segment() -> None:
    counters = spec("bot-counters/<name>")
    catalogue = Catalogue([counters])
    assert catalogue.resolve("bot-counters/deaths") is counters
    assert catalogue.resolve("bot-counters/") is counters
    assert catalogue.resolve("bot-counters/a/b") is not counters
    assert catalogue.resolve("bot-counters") is not counters
    assert catalogue.resolve("other/deaths") is not counters


def test_placeholders_may_stand_anywhere() -> None:
    family = spec("loyalty/<user>/points/<day>")
    catalogue = Catalogue([family])
    assert catalogue.resolve("loyalty/me/points/monday") is family
    assert catalogue.resolve("loyalty/me/coins/monday") is not family


def test_an_exact_entry_comes_before_a_family() -> None:
    family, exact = spec("a/<x>"), spec("a/b")
    catalogue = Catalogue([family, exact])
    assert catalogue.resolve("a/b") is exact
    assert catalogue.resolve("a/c") is family


def test_an_entry_that_comes_late_counts_for_keys_that_were_seen() -> None:
    catalogue = Catalogue()
    assert catalogue.resolve("a/b").pattern == "<any>"
    late = spec("a/<x>")
    catalogue.add(late)
    assert catalogue.resolve("a/b") is late


def test_a_pattern_is_declared_once() -> None:
    catalogue = Catalogue([spec("a"), spec("b/<x>")])
    for pattern in ("a", "b/<x>"):
        with pytest.raises(ValueError, match="declared twice"):
            catalogue.add(spec(pattern))


def test_a_catalogue_lists_its_entries() -> None:
    entries = [spec("a"), spec("b/<x>"), spec("c")]
    assert {entry.pattern for entry in Catalogue(entries)} == {"a", "b/<x>", "c"}


def test_inventing_keys_does_not_fill_the_memory() -> None:
    catalogue = Catalogue()
    for number in range(20_000):
        catalogue.resolve(f"invented/{number}")
    catalogue.resolve("x" * (MAX_KEY_BYTES + 1))
    assert len(catalogue.known) < 17_000
    assert "x" * (MAX_KEY_BYTES + 1) not in catalogue.known
    assert catalogue.resolve("invented/19999/@x").kind is Kind.REQUEST


@pytest.mark.parametrize("right", ["readers", "listers"])
def test_a_prefix_is_restricted_when_a_key_for_the_owner_may_lie_under_it(right: str) -> None:
    catalogue = Catalogue([spec("vault/key", **{right: Audience.OWNER}), spec("open/key")])
    for prefix in ("", "v", "vault/", "vault/key"):
        assert catalogue.is_restricted(prefix)
    for prefix in ("open", "open/key", "x", "vaults", "vault/l"):
        assert not catalogue.is_restricted(prefix)


def test_a_family_restricts_what_may_lie_in_it() -> None:
    catalogue = Catalogue([spec("vault/<name>", readers=Audience.OWNER)])
    for prefix in ("", "vault", "vault/", "vault/a"):
        assert catalogue.is_restricted(prefix)
    assert not catalogue.is_restricted("w")


def test_a_right_to_write_restricts_no_reading() -> None:
    assert not Catalogue([spec("a", writers=Audience.OWNER)]).is_restricted("")


@pytest.mark.parametrize(
    ("members", "is_public", "is_volatile", "holds_secrets"),
    [
        ({}, True, False, False),
        ({"kind": Kind.EVENT}, True, True, False),
        ({"kind": Kind.REQUEST}, True, True, False),
        ({"kind": Kind.SECRET}, False, False, True),
        ({"secret_members": frozenset(("password",))}, False, False, True),
        ({"readers": Audience.OWNER}, False, False, False),
        ({"writers": Audience.OWNER}, False, False, False),
        ({"stored_in_memory": True}, True, True, False),
    ],
)
def test_an_entry_knows_what_follows_from_it(
    members: dict[str, object], is_public: bool, is_volatile: bool, holds_secrets: bool
) -> None:
    entry = spec("a", **members)
    assert (entry.is_public, entry.is_volatile, entry.holds_secrets) == (is_public, is_volatile, holds_secrets)


def test_stagedoors_own_entries_fit_together() -> None:
    entries = list(Catalogue(keys.SPECS))
    assert len(entries) == len(keys.SPECS)
    for entry in entries:
        assert entry.summary.endswith(".")
        assert entry.is_request == entry.pattern.rpartition("/")[2].startswith("@")
        assert all(name == name.lower() for name in entry.secret_members)


@pytest.mark.parametrize("key", ["twitch/config", "twitch/bot-config", "twitch/auth-keys", "http/config"])
def test_the_original_programs_secrets_are_known(key: str) -> None:
    assert Catalogue(keys.SPECS).resolve(key).holds_secrets


@pytest.mark.parametrize("key", ["stagedoor/", "stagedoor/later", "stagedoor/a/b", "stagedoor/ev/later"])
def test_what_is_stagedoors_own_is_written_by_nobody_else(key: str) -> None:
    found = Catalogue(keys.SPECS).resolve(key)
    assert (found.writers, found.is_public) == (Audience.OWNER, False)
    assert found.readers is Audience.EVERYONE


@pytest.mark.parametrize("key", ["stagedoor", "stagedoors/a", "mine/stagedoor/a"])
def test_what_only_looks_like_it_is_everybodys(key: str) -> None:
    assert Catalogue(keys.SPECS).resolve(key).is_public
