"""Tokens: when they end, how they are refreshed and validated, and that no failure loses them."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor import keys
from stagedoor.errors import StoreError
from stagedoor.fake_twitch.refused import Refused as TwitchRefused
from stagedoor.services.twitch.errors import LoginNeeded, Refused, Unreachable
from stagedoor.services.twitch.network import Network
from stagedoor.services.twitch.oauth import Application, OAuth, TokenPair, Validity
from stagedoor.services.twitch.tokens import RESERVE, VALIDATE_EVERY_S, expires_at, is_due, read_time
from stagedoor.services.twitch.urls import Urls
from stagedoor.strimertul import AuthKeys, write, write_time
from stagedoor.types import JsonObject
from tests.services.twitch.stage import Stage, open_stage, standing_twitch

HOUR_S = 3600
NOON = 1_790_000_000.0


# --- arithmetic ---


def issued(seconds_ago: float, lifetime_s: int, now_s: float = NOON) -> AuthKeys:
    return AuthKeys("a", "r", lifetime_s, [], write_time(now_s - seconds_ago))


@pytest.mark.parametrize(
    ("seconds_ago", "lifetime_s", "remaining_s", "due"),
    [
        (0, 14_400, 14_400, False),
        (12_959, 14_400, 1441, False),
        (12_960, 14_400, 1440, True),
        (14_400, 14_400, 0, True),
        (20_000, 14_400, -5600, True),
        # strimertül's defect 24: after a refresh it writes when the token ends, and then counts the lifetime again.
        (-14_400, 14_400, 14_400, False),
        (-1441, 14_400, 1441, False),
        (-1440, 14_400, 1440, True),
        (-1, 14_400, 1, True),
        (0, 0, 0, True),
        (5, -3, -5, True),
    ],
)
def test_when_a_token_ends(seconds_ago: float, lifetime_s: int, remaining_s: float, *, due: bool) -> None:
    pair = issued(seconds_ago, lifetime_s)
    assert (expires_at(pair, NOON) - NOON, is_due(pair, NOON)) == (remaining_s, due)


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "9999", "12:00"])
def test_a_token_of_unknown_age_is_due(text: str) -> None:
    assert is_due(AuthKeys("a", "r", 14_400, [], text), NOON)


@pytest.mark.parametrize(
    "text",
    ["2026-09-21T16:13:20.123456789+05:30", "2026-09-21T10:43:20.123456789Z", "2026-09-21T10:43:20.1234567+00:00"],
)
def test_times_as_go_writes_them_are_read(text: str) -> None:
    assert read_time(text) == pytest.approx(1_789_987_400.123456, abs=1e-5)


@given(
    st.floats(0, 4e9),
    st.integers(1, 10**7),
    st.floats(-(10**7), 10**7),
)
def test_a_token_is_used_only_while_it_holds_and_refreshed_before_it_ends(
    now_s: float, lifetime_s: int, seconds_ago: float
) -> None:
    pair = AuthKeys("a", "r", lifetime_s, [], write_time(now_s - seconds_ago))
    issued_s = read_time(pair.time)
    assert issued_s is not None
    assert math.isclose(issued_s, now_s - seconds_ago, abs_tol=1e-3)
    end_s = expires_at(pair, now_s)
    # However it was written, a token is never used for longer than its lifetime from now on, ...
    assert end_s - now_s <= max(lifetime_s, -seconds_ago) + 1e-3
    # ... one that is over is always due, and so is each with less than its reserve.
    if now_s >= end_s:
        assert is_due(pair, now_s)
    assert is_due(pair, now_s) == (now_s >= end_s - RESERVE * lifetime_s)
    # Time never makes a token younger.
    if issued_s <= now_s:
        assert is_due(pair, now_s + lifetime_s)
        assert not is_due(pair, now_s) or is_due(pair, now_s + 1)


@given(st.text() | st.datetimes().map(str))
def test_no_time_is_an_error(text: str) -> None:
    pair = AuthKeys("a", "r", 14_400, [], text)
    assert isinstance(is_due(pair, NOON), bool)


# --- at a fake Twitch ---


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with standing_twitch() as twitch, open_stage(twitch, tmp_path) as stage:
        yield stage


async def logged_in(stage: Stage, *, is_public: bool = False) -> AuthKeys:
    """Start with the streamer's tokens stored, and wait until Twitch has told whose they are."""
    await stage.configure(is_public=is_public)
    client_id = stage.twitch.public_client_id if is_public else stage.twitch.client_id
    await stage.store(stage.twitch.issue_token(client_id=client_id))
    stage.start()
    await stage.until(lambda: stage.tokens.user("streamer") is not None)
    pair = stage.stored()
    assert pair is not None
    return pair


async def test_a_start_validates_what_is_stored(stage: Stage) -> None:
    pair = await logged_in(stage)
    user = stage.tokens.user("streamer")
    assert user is not None
    assert user.id == stage.twitch.world.owner.id
    assert len(stage.asked("validate")) == 1
    assert stage.refreshes() == []
    assert await stage.tokens.access_token("streamer") == pair.access_token
    assert stage.tokens.user("bot") is None
    with pytest.raises(LoginNeeded, match="the bot's account has to be logged in"):
        await stage.tokens.access_token("bot")


async def test_what_is_off_asks_twitch_nothing(stage: Stage) -> None:
    await stage.configure(enabled=False)
    await stage.store(stage.twitch.issue_token())
    stage.start()
    stage.clock.advance(VALIDATE_EVERY_S * 3)
    assert stage.twitch.calls == []
    assert stage.tokens.has_tokens("streamer")
    await stage.configure(enabled=True)
    await stage.until(lambda: stage.tokens.user("streamer") is not None)


async def test_saving_the_same_settings_again_does_nothing(stage: Stage) -> None:
    await logged_in(stage)
    changes, calls = len(stage.changes), len(stage.twitch.calls)
    for _ in range(3):
        await stage.configure()
        await stage.configure(enable_bot=True)
    await stage.desk.put(keys.TWITCH_CONFIG, "{broken")
    assert await stage.tokens.access_token("streamer")
    assert (len(stage.changes), len(stage.twitch.calls)) == (changes, calls)


async def test_a_start_without_a_network_is_made_up_for(stage: Stage) -> None:
    """strimertül's defects 14 and 22: it did not start, or gave up."""
    await stage.twitch.__aexit__(None, None, None)
    await stage.configure()
    await stage.store(stage.twitch.issue_token())
    stage.start()
    await stage.until(lambda: "cannot be reached" in str(stage.tokens.describe("streamer")))
    assert [round(await stage.clock.skip()) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    described = stage.tokens.describe("streamer")
    assert described is not None
    assert (described["state"], stage.tokens.needs_login("streamer")) == ("ok", False)
    await stage.clock.waits()
    await stage.twitch.__aenter__()
    await stage.clock.skip()
    await stage.until(lambda: stage.tokens.user("streamer") is not None)
    described = stage.tokens.describe("streamer")
    assert described is not None
    assert described["problem"] is None


async def test_many_who_ask_at_once_refresh_once(stage: Stage) -> None:
    old = await logged_in(stage, is_public=True)
    stage.twitch.clock.turn(3.7 * HOUR_S)
    tokens = set(await asyncio.gather(*(stage.tokens.access_token("streamer") for _ in range(50))))
    assert (len(tokens), len(stage.refreshes())) == (1, 1)
    assert old.access_token not in tokens
    assert await stage.tokens.refresh_after_401("streamer", old.access_token) in tokens
    assert len(stage.refreshes()) == 1


async def test_a_refresh_writes_when_the_token_was_issued(stage: Stage) -> None:
    """strimertül's defect 24: it wrote when the token ends, and used it for one more lifetime."""
    old = await logged_in(stage)
    stage.twitch.clock.turn(3.5 * HOUR_S)
    assert await stage.tokens.access_token("streamer") == old.access_token, "an eighth of its lifetime is left"
    stage.twitch.clock.turn(0.2 * HOUR_S)
    stage.twitch.tokens.lifetime_s = 5000.0
    changes, user = list(stage.changes), stage.tokens.user("streamer")
    fresh = await stage.tokens.access_token("streamer")
    assert (stage.changes, stage.tokens.user("streamer")) == (changes, user), "for the rest nothing has changed"
    pair = stage.stored()
    assert pair is not None
    assert read_time(pair.time) == stage.twitch.clock.now()
    assert (pair.access_token, pair.expires_in) == (fresh, 5000)
    assert pair.refresh_token == old.refresh_token


async def test_strimertuels_time_in_the_future_is_understood(stage: Stage) -> None:
    """strimertül's defect 24: what it has stored after a refresh says when the token ends."""
    await stage.configure(enabled=False)
    token = stage.twitch.issue_token()
    await stage.store(token, time=write_time(stage.twitch.clock.now() + 4 * HOUR_S))
    stage.start()
    assert await stage.tokens.access_token("streamer") == token.text
    stage.twitch.clock.turn(3.7 * HOUR_S)
    assert await stage.tokens.access_token("streamer") != token.text


async def test_an_ended_token_with_a_plausible_time_is_found_out(stage: Stage) -> None:
    """The same stored value, read after its time has come: only Twitch knows that the token has ended."""
    await stage.configure()
    token = stage.twitch.issue_token()
    await stage.store(token, time=write_time(stage.twitch.clock.now() + 4 * HOUR_S))
    stage.twitch.clock.turn(5 * HOUR_S)
    stage.start()
    await stage.until(lambda: stage.tokens.user("streamer") is not None)
    assert len(stage.refreshes()) == 1


async def test_a_refused_refresh_keeps_what_is_stored(stage: Stage) -> None:
    """strimertül's defect 5: it stored empty tokens."""
    await logged_in(stage)
    text = stage.desk.get(keys.AUTH_KEYS)
    stage.twitch.clock.turn(5 * HOUR_S)
    stage.twitch.faults.refused_refreshes = 1
    for _ in range(3):
        with pytest.raises(LoginNeeded, match="Twitch has ended the login: Invalid refresh token"):
            await stage.tokens.access_token("streamer")
    assert stage.desk.get(keys.AUTH_KEYS) == text
    assert len(stage.refreshes()) == 1, "Twitch has answered; it is not asked again and again"
    described = stage.tokens.describe("streamer")
    assert described is not None
    assert described["state"] == "login needed"
    assert stage.tokens.needs_login("streamer")


async def test_an_answer_that_names_no_new_refresh_token_keeps_the_old_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So RFC 6749 has it, in section 6."""
    old = await logged_in(stage)
    post = OAuth._post

    async def post_less(self: OAuth, path: str, form: Mapping[str, str]) -> JsonObject:
        return {name: value for name, value in (await post(self, path, form)).items() if name != "refresh_token"}

    monkeypatch.setattr(OAuth, "_post", post_less)
    stage.twitch.clock.turn(5 * HOUR_S)
    fresh = await stage.tokens.access_token("streamer")
    pair = stage.stored()
    assert pair is not None
    assert (pair.access_token, pair.refresh_token) == (fresh, old.refresh_token)


async def test_to_be_asked_too_often_ends_no_login(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await logged_in(stage)
    stage.twitch.clock.turn(5 * HOUR_S)

    def fail(*_: object) -> None:
        raise TwitchRefused(429, "")

    with monkeypatch.context() as patches:
        patches.setattr(type(stage.twitch.tokens), "renew", fail)
        with pytest.raises(Unreachable):
            await stage.tokens.access_token("streamer")
    assert not stage.tokens.needs_login("streamer")
    assert await stage.tokens.access_token("streamer")


async def test_missing_secret_is_explained_and_mended_by_giving_it(stage: Stage) -> None:
    await logged_in(stage)
    await stage.configure(api_client_secret="")
    stage.twitch.clock.turn(5 * HOUR_S)
    with pytest.raises(LoginNeeded, match="of the confidential kind, so its secret is needed"):
        await stage.tokens.access_token("streamer")
    await stage.configure()
    assert await stage.tokens.access_token("streamer")


async def test_without_a_network_a_token_is_used_until_it_ends(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    old = await logged_in(stage)
    text = stage.desk.get(keys.AUTH_KEYS)
    asked = []

    async def fail(self: Network, method: str, url: str, **_: object) -> None:
        asked.append(url)
        raise Unreachable("no route")

    with monkeypatch.context() as patches:
        patches.setattr(Network, "fetch", fail)
        stage.twitch.clock.turn(3.7 * HOUR_S)
        for _ in range(5):
            assert await stage.tokens.access_token("streamer") == old.access_token
        assert len(asked) == 1, "who asks often does not wait for the network each time"
        stage.twitch.clock.turn(0.4 * HOUR_S)
        with pytest.raises(Unreachable):
            await stage.tokens.access_token("streamer")
    assert stage.desk.get(keys.AUTH_KEYS) == text
    assert await stage.tokens.access_token("streamer") != old.access_token


async def test_each_hour_the_login_is_validated(stage: Stage) -> None:
    await logged_in(stage)
    stage.clock.advance(VALIDATE_EVERY_S - 1)
    assert len(stage.asked("validate")) == 1
    stage.clock.advance(1)
    await stage.called("/oauth2/validate", 2)
    stage.twitch.disconnect(stage.twitch.world.owner)
    await stage.clock.skip(VALIDATE_EVERY_S)
    await stage.until(lambda: stage.tokens.needs_login("streamer"))
    assert stage.stored() is not None


async def test_tokens_that_somebody_writes_are_gone_by(stage: Stage) -> None:
    await logged_in(stage)
    await stage.store(stage.twitch.issue_token("Ada"))
    await stage.until(lambda: stage.tokens.user("streamer") is not None)
    user = stage.tokens.user("streamer")
    assert user is not None
    assert user.login == "ada"
    await stage.desk.put(keys.AUTH_KEYS, None)
    assert stage.tokens.user("streamer") is None
    assert stage.tokens.describe("streamer") is None


async def test_tokens_that_are_written_during_a_refresh_win(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.configure(enabled=False)
    await stage.store(stage.twitch.issue_token())
    stage.start()
    other = stage.twitch.issue_token("Ada")
    refresh = stage.logins.oauth.refresh

    async def refresh_late(*what: object) -> object:
        pair = await refresh(*what)  # type: ignore[arg-type]
        await stage.store(other)
        return pair

    monkeypatch.setattr(type(stage.logins.oauth), "refresh", lambda _, *what: refresh_late(*what))
    token = await stage.tokens.access_token("streamer")
    assert await stage.tokens.refresh_after_401("streamer", token) == other.text
    pair = stage.stored()
    assert pair is not None
    assert pair.access_token == other.text


async def test_a_refusal_that_comes_too_late_counts_for_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await logged_in(stage)
    stage.twitch.clock.turn(5 * HOUR_S)
    other = stage.twitch.issue_token("Ada")

    async def log_in_meanwhile(*_: object) -> None:
        await stage.store(other)
        raise Refused(400, "Invalid refresh token")

    async def give_the_secret_meanwhile(*_: object) -> None:
        await stage.configure()
        raise Refused(403, "invalid client secret")

    with monkeypatch.context() as patches:
        await stage.configure(api_client_secret="wrong")
        patches.setattr(OAuth, "refresh", give_the_secret_meanwhile)
        with pytest.raises(Unreachable, match="credentials have changed"):
            await stage.tokens.access_token("streamer")
        patches.setattr(OAuth, "refresh", log_in_meanwhile)
        assert await stage.tokens.access_token("streamer") == other.text
    assert not stage.tokens.needs_login("streamer")


async def test_settings_that_change_during_a_validation_are_gone_by(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate = OAuth.validate

    async def validate_late(self: OAuth, token: str) -> Validity:
        validity = await validate(self, token)
        monkeypatch.undo()
        await stage.configure(is_public=True)
        return validity

    await stage.configure()
    await stage.store(stage.twitch.issue_token())
    monkeypatch.setattr(OAuth, "validate", validate_late)
    stage.start()
    await stage.until(lambda: stage.tokens.needs_login("streamer"))
    assert "another Twitch application" in str(stage.tokens.describe("streamer"))


@pytest.mark.parametrize("text", ["{", "[]", '{"access_token":5}', "{}", "null"])
async def test_what_makes_no_sense_is_left_alone(stage: Stage, text: str) -> None:
    await stage.configure()
    await stage.desk.put(keys.AUTH_KEYS, text)
    stage.start()
    with pytest.raises(LoginNeeded):
        await stage.tokens.access_token("streamer")
    assert stage.desk.get(keys.AUTH_KEYS) == text
    assert stage.twitch.calls == []


async def test_tokens_without_a_refresh_token_are_used_until_they_end(stage: Stage) -> None:
    """Twitch's own mock gives none."""
    await stage.configure(enabled=False)
    token = stage.twitch.issue_token()
    await stage.store(token, refresh_token="")
    stage.start()
    stage.twitch.clock.turn(3.9 * HOUR_S)
    assert await stage.tokens.access_token("streamer") == token.text
    stage.twitch.clock.turn(0.2 * HOUR_S)
    with pytest.raises(LoginNeeded, match="there is none to refresh it with"):
        await stage.tokens.access_token("streamer")
    assert stage.twitch.calls == []


async def test_what_twitchs_own_mock_gives_is_taken(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """twitch-cli's mock has its logins below ``/auth`` and its API below ``/mock``, and gives no refresh token."""
    address = stage.twitch.address
    urls = Urls(f"{address}/auth", f"{address}/mock", stage.twitch.urls.eventsub, f"{address}/eventsub/subscriptions")
    monkeypatch.setattr(stage.logins.oauth, "_urls", urls)
    token = stage.twitch.issue_token()
    given = {"access_token": token.text, "refresh_token": "", "expires_in": 86399, "scope": [], "token_type": "bearer"}
    await stage.configure()
    await stage.put(keys.AUTH_KEYS, {**given, "Time": write_time(stage.twitch.clock.now())})
    stage.start()
    await stage.until(lambda: stage.tokens.user("streamer") is not None)
    assert await stage.tokens.access_token("streamer") == token.text
    assert stage.twitch.calls_of("/mock/users")


async def test_another_application_needs_another_login(stage: Stage) -> None:
    await logged_in(stage)
    await stage.configure(is_public=True)
    await stage.until(lambda: stage.tokens.needs_login("streamer"))
    assert "another Twitch application" in str(stage.tokens.describe("streamer"))
    await stage.configure()
    await stage.until(lambda: not stage.tokens.needs_login("streamer"))


async def test_fresh_tokens_survive_a_store_that_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    old = await logged_in(stage, is_public=True)
    client = stage.tokens._client
    put = client.put

    async def fail(key: str, value: str | None) -> None:
        raise StoreError("the disk is full")

    stage.twitch.clock.turn(3.7 * HOUR_S)
    monkeypatch.setattr(type(client), "put", lambda _, key, value: fail(key, value))
    fresh = await stage.tokens.access_token("streamer")
    assert stage.stored() == old
    assert await stage.tokens.access_token("streamer") == fresh
    monkeypatch.setattr(type(client), "put", lambda _, key, value: put(key, value))
    await stage.clock.skip(VALIDATE_EVERY_S)
    await stage.called("/oauth2/validate", 2)
    pair = stage.stored()
    assert pair is not None
    assert pair.access_token == fresh


async def test_an_end_waits_for_a_refresh_that_is_under_way(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refresh token of a public application is good once: were the answer lost, so would be the login."""
    old = await logged_in(stage, is_public=True)
    is_asked, may_answer = asyncio.Event(), asyncio.Event()
    refresh = OAuth.refresh

    async def refresh_slowly(self: OAuth, application: Application, token: str) -> TokenPair:
        pair = await refresh(self, application, token)
        is_asked.set()
        await may_answer.wait()
        return pair

    monkeypatch.setattr(OAuth, "refresh", refresh_slowly)
    stage.twitch.clock.turn(3.7 * HOUR_S)
    asking = asyncio.create_task(stage.tokens.access_token("streamer"))
    await is_asked.wait()
    ending = asyncio.create_task(stage.tokens.close())
    for _ in range(3):
        await asyncio.sleep(0)
    may_answer.set()
    await ending
    pair = stage.stored()
    assert pair is not None
    assert pair.access_token == await asking != old.access_token


async def test_what_is_stored_is_what_strimertuel_reads(stage: Stage) -> None:
    await logged_in(stage)
    stage.twitch.clock.turn(3.7 * HOUR_S)
    await stage.tokens.access_token("streamer")
    pair = stage.stored()
    assert pair is not None
    assert stage.desk.get(keys.AUTH_KEYS) == write(pair)
    assert '"Time":"20' in stage.desk.get(keys.AUTH_KEYS)
