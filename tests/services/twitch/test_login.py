"""Logins at a fake Twitch: by a device's code and by Twitch's page; each way in which they fail changes nothing."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from stagedoor import keys
from stagedoor.access import SERVICE, Client, Grant, Level
from stagedoor.errors import NotPermitted, RequestFailed, StoreError
from stagedoor.fake_twitch import FakeTwitch
from stagedoor.fake_twitch.refused import Refused
from stagedoor.redaction import Redactor
from stagedoor.services.known_secrets import KnownSecrets
from stagedoor.services.twitch.errors import LoginNeeded, Unreachable
from stagedoor.services.twitch.login import CODE_LIFETIME_S
from stagedoor.services.twitch.oauth import Application, OAuth, TokenPair, Validity
from stagedoor.services.twitch.scopes import SCOPES, covers, missing, wanted
from stagedoor.services.twitch.tokens import Tokens
from stagedoor.services.twitch.topics import TOPICS
from tests.services.twitch.stage import REDIRECT, Stage, open_stage, standing_twitch


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with standing_twitch() as twitch, open_stage(twitch, tmp_path) as stage:
        await stage.configure(enabled=False)
        stage.start()
        yield stage


async def begin(stage: Stage, account: str = "streamer", flow: str = "device") -> dict[str, Any]:
    return await stage.desk.ask(keys.TWITCH_LOGIN, account=account, flow=flow)


async def log_in(stage: Stage) -> None:
    """Log the streamer in, as what is not to be lost."""
    back = await stage.visit((await begin(stage, flow="code"))["authorizeUrl"])
    await stage.desk.ask(keys.TWITCH_CALLBACK, **back)


# --- by a code that is typed at Twitch ---


@pytest.mark.parametrize("is_public", [True, False])
async def test_a_device_code_logs_in(stage: Stage, *, is_public: bool) -> None:
    await stage.configure(enabled=False, is_public=is_public)
    login = await begin(stage)
    assert login["verificationUri"].startswith(f"{stage.twitch.address}/activate")
    assert (login["flow"], login["state"], login["problem"]) == ("device", "waiting", None)
    assert login["expiresAt"] == (stage.twitch.clock.now() + 1800) * 1000
    assert stage.logins_shown() == {"streamer": login}
    assert await stage.clock.skip() == 5
    await stage.called("/oauth2/token")
    stage.twitch.approve_device(login["userCode"])
    assert await stage.clock.skip() == 5
    assert (await stage.until_login("streamer", "done"))["problem"] is None
    user, pair = stage.tokens.user("streamer"), stage.stored()
    owner = stage.twitch.world.owner
    assert user is not None
    assert pair is not None
    assert (user.id, user.login, user.name) == (owner.id, owner.login, owner.name)
    assert stage.twitch.tokens.access[pair.access_token].user is owner
    assert (set(pair.scope or ()), pair.expires_in) == (set(wanted("streamer")), 14_400)
    assert stage.tokens.describe("streamer") == {
        "id": owner.id,
        "login": owner.login,
        "name": owner.name,
        "picture": user.picture,
        "scopes": list(wanted("streamer")),
        "missingScopes": [],
        "validatedAt": stage.twitch.clock.now() * 1000,
        "state": "ok",
        "problem": None,
    }
    assert await stage.tokens.refresh_after_401("streamer", pair.access_token) != pair.access_token


async def test_a_login_that_twitch_would_not_refresh_fails_at_once(stage: Stage) -> None:
    """An application of the confidential kind gets a login without its secret; it would end hours later."""
    await log_in(stage)
    before, audited = stage.stored(), list(stage.audit)
    await stage.configure(enabled=False, api_client_secret="")
    login = await begin(stage)
    stage.twitch.approve_device(login["userCode"])
    await stage.clock.skip()
    problem = (await stage.until_login("streamer", "failed"))["problem"]
    assert problem == "the Twitch application is of the confidential kind, so its secret is needed"
    assert stage.stored() == before
    assert stage.audit == audited
    assert before is not None
    assert [*stage.twitch.tokens.access] == [before.access_token]


async def test_a_login_that_cannot_be_tried_for_now_is_taken(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refresh(*_: object) -> None:
        raise Unreachable("no network")

    await stage.configure(enabled=False, is_public=True)
    monkeypatch.setattr(stage.logins.oauth, "refresh", refresh)
    login = await begin(stage)
    stage.twitch.approve_device(login["userCode"])
    await stage.clock.skip()
    await stage.until_login("streamer", "done")
    assert stage.stored() is not None


async def test_the_bot_has_an_account_of_its_own_that_is_refreshed(stage: Stage) -> None:
    """strimertül's defect 23: the bot's password ended after hours, with nothing to renew it."""
    await log_in(stage)
    streamer = stage.stored()
    login = await begin(stage, "bot")
    stage.twitch.approve_device(login["userCode"], stage.twitch.world.bot)
    await stage.clock.skip()
    await stage.until_login("bot", "done")
    user, pair = stage.tokens.user("bot"), stage.stored("bot")
    assert user is not None
    assert pair is not None
    assert (user.id, set(user.scopes)) == (stage.twitch.world.bot.id, set(wanted("bot")))
    assert stage.stored() == streamer
    stage.twitch.clock.turn(5 * 3600)
    fresh = await stage.tokens.access_token("bot")
    assert stage.twitch.tokens.find(fresh) is not None
    assert fresh != pair.access_token


async def test_who_is_told_to_slow_down_does(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["slow_down", "authorization_pending", "slow_down", "authorization_pending"])

    def take_device(*_: object) -> None:
        raise Refused(400, next(answers))

    monkeypatch.setattr(type(stage.twitch.tokens), "take_device", take_device)
    await begin(stage)
    assert [await stage.clock.skip() for _ in range(4)] == [5, 10, 10, 15]


async def test_a_login_that_is_denied_fails(stage: Stage) -> None:
    await log_in(stage)
    before = stage.stored()
    login = await begin(stage)
    stage.twitch.deny_device(login["userCode"])
    await stage.clock.skip()
    assert "access_denied" in str((await stage.until_login("streamer", "failed"))["problem"])
    assert stage.stored() == before
    assert stage.tokens.user("streamer") is not None


async def test_a_network_that_fails_does_not_end_a_login_but_its_age_does(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Refused(503, "")

    monkeypatch.setattr(type(stage.twitch.tokens), "take_device", fail)
    await begin(stage)
    pauses = [await stage.clock.skip()]
    while stage.logins_shown()["streamer"]["state"] == "waiting" and sum(pauses) < 1800:
        pauses.append(await stage.clock.skip())
    assert pauses[:6] == [5, 10, 20, 40, 60, 60]
    login = await stage.until_login("streamer", "failed")
    assert login["problem"] == "the code was not typed in time"


async def test_a_new_login_takes_the_place_of_one_under_way(stage: Stage) -> None:
    old = await begin(stage)
    new = await begin(stage)
    assert stage.logins_shown()["streamer"]["userCode"] == new["userCode"] != old["userCode"]
    stage.twitch.approve_device(old["userCode"])
    await stage.clock.skip()
    await stage.called("/oauth2/token")
    assert stage.stored() is None
    stage.twitch.approve_device(new["userCode"])
    await stage.clock.skip()
    await stage.until_login("streamer", "done")
    assert stage.stored() is not None


async def test_a_login_that_was_given_up_logs_nobody_in(stage: Stage) -> None:
    login = await begin(stage)
    await stage.desk.ask(keys.TWITCH_CANCEL_LOGIN, account="streamer")
    assert stage.logins_shown() == {}
    stage.twitch.approve_device(login["userCode"])
    stage.clock.advance(10)
    assert (stage.asked("token"), stage.stored()) == ([], None)


async def test_an_answer_without_a_web_address_is_not_shown(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeTwitch, "address", "javascript:alert(1)//")
    with pytest.raises(RequestFailed, match="makes no sense"):
        await begin(stage)


# --- by Twitch's page ---


async def test_twitchs_page_logs_in(stage: Stage) -> None:
    """strimertül's defect 40: there was no state."""
    login = await begin(stage, flow="code")
    query = {name: values[0] for name, values in parse_qs(urlsplit(login["authorizeUrl"]).query).items()}
    assert login["authorizeUrl"].startswith(f"{stage.twitch.urls.auth}/authorize?")
    assert (query["redirect_uri"], query["response_type"]) == (REDIRECT, "code")
    assert (query["code_challenge_method"], len(query["code_challenge"])) == ("S256", 43)
    assert len(query["state"]) >= 43
    assert query["scope"].split() == list(wanted("streamer"))
    back = await stage.visit(login["authorizeUrl"])
    answer = await stage.desk.ask(keys.TWITCH_CALLBACK, **back)
    assert answer == {"account": "streamer", "login": stage.twitch.world.owner.login}
    assert stage.logins_shown()["streamer"]["state"] == "done"
    pair = stage.stored()
    assert pair is not None
    assert stage.twitch.tokens.access[pair.access_token].user is stage.twitch.world.owner
    exchange = stage.asked("token")[0].body
    assert exchange["redirect_uri"] == REDIRECT
    assert len(str(exchange["code_verifier"])) >= 43


async def test_each_login_has_a_state_and_a_challenge_of_its_own(stage: Stage) -> None:
    urls = [(await begin(stage, flow="code"))["authorizeUrl"] for _ in range(2)]
    one, other = (parse_qs(urlsplit(url).query) for url in urls)
    assert one["state"] != other["state"]
    assert one["code_challenge"] != other["code_challenge"]


async def test_where_to_come_back_to_is_asked_at_each_login(stage: Stage) -> None:
    stage.redirect = "http://localhost:4444/twitch/callback"
    back = await stage.visit((await begin(stage, flow="code"))["authorizeUrl"])
    stage.redirect = "http://localhost:5555/twitch/callback"
    await stage.desk.ask(keys.TWITCH_CALLBACK, **back)
    assert stage.asked("token")[0].body["redirect_uri"] == "http://localhost:4444/twitch/callback"


async def test_both_accounts_can_log_in_at_the_same_time(stage: Stage) -> None:
    streamer, bot = [(await begin(stage, account, "code"))["authorizeUrl"] for account in ("streamer", "bot")]
    back = await stage.visit(bot, user=stage.twitch.world.bot.login)
    assert (await stage.desk.ask(keys.TWITCH_CALLBACK, **back))["account"] == "bot"
    back = await stage.visit(streamer)
    assert (await stage.desk.ask(keys.TWITCH_CALLBACK, **back))["account"] == "streamer"
    assert stage.tokens.user("streamer") != stage.tokens.user("bot")


async def test_access_that_was_denied_changes_nothing(stage: Stage) -> None:
    await log_in(stage)
    before = stage.stored()
    back = await stage.visit((await begin(stage, flow="code"))["authorizeUrl"], decision="deny")
    assert back["error"] == "access_denied"
    with pytest.raises(RequestFailed, match="access was denied at Twitch; nothing has changed"):
        await stage.desk.ask(keys.TWITCH_CALLBACK, **back)
    assert stage.logins_shown()["streamer"]["state"] == "failed"
    assert stage.stored() == before
    with pytest.raises(RequestFailed, match="not known here"):
        await stage.desk.ask(keys.TWITCH_CALLBACK, **back)


@pytest.mark.parametrize(
    ("came", "problem"),
    [
        ({"code": "c", "state": "wrong"}, "not known here"),
        ({"code": "c", "state": ""}, "not known here"),
        ({"code": "c", "state": "\ud800"}, "makes no sense"),
        ({"code": "c"}, "not known here"),
        ({}, "not known here"),
        ({"error": "access_denied"}, "not known here"),
        ({"code": 5}, "makes no sense"),
    ],
)
async def test_whoever_does_not_know_the_state_can_do_nothing(
    stage: Stage, came: dict[str, object], problem: str
) -> None:
    """strimertül's defect 40."""
    login = await begin(stage, flow="code")
    text = '{"code":"c","state":"\\ud800"}' if "\ud800" in came.values() else None
    with pytest.raises(RequestFailed, match=problem):
        await (stage.desk.call(keys.TWITCH_CALLBACK, text) if text else stage.desk.ask(keys.TWITCH_CALLBACK, **came))
    assert stage.logins_shown()["streamer"] == login
    assert stage.asked("token") == []


@pytest.mark.parametrize("came", [{"code": "c"}, {"code": "c", "state": ""}, {"error": "access_denied", "state": ""}])
async def test_a_login_by_a_device_knows_no_state(stage: Stage, came: dict[str, str]) -> None:
    login = await begin(stage)
    with pytest.raises(RequestFailed, match="not known here"):
        await stage.desk.ask(keys.TWITCH_CALLBACK, **came)
    assert stage.logins_shown()["streamer"] == login
    assert stage.asked("token") == []


async def test_a_login_that_is_given_up_at_the_last_moment_gives_its_token_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = await stage.visit((await begin(stage, flow="code"))["authorizeUrl"])
    exchange = OAuth.exchange_code

    async def exchange_too_late(self: OAuth, application: Application, **what: str) -> TokenPair:
        pair = await exchange(self, application, **what)
        await stage.desk.ask(keys.TWITCH_CANCEL_LOGIN, account="streamer")
        return pair

    monkeypatch.setattr(OAuth, "exchange_code", exchange_too_late)
    await stage.desk.ask(keys.TWITCH_CALLBACK, **back)
    assert (stage.stored(), stage.logins_shown(), stage.twitch.tokens.access) == (None, {}, {})


async def test_a_login_that_fails_in_a_way_that_nobody_meant_is_not_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def adopt(*_: object) -> None:
        raise RuntimeError("a bug")

    await stage.configure(is_public=True)
    login = await begin(stage)
    monkeypatch.setattr(Tokens, "adopt", adopt)
    stage.twitch.approve_device(login["userCode"])
    await stage.clock.skip()
    assert "its log says why" in str((await stage.until_login("streamer", "failed"))["problem"])


@pytest.mark.parametrize("how", ["cancelled", "begun again"])
async def test_a_login_that_is_given_up_when_twitch_has_granted_it_leaves_nothing_half_done(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    await stage.configure(is_public=True)
    login = await begin(stage)
    validate = OAuth.validate

    async def validate_too_late(self: OAuth, token: str) -> Validity:
        monkeypatch.setattr(OAuth, "validate", validate)
        if how == "cancelled":
            await stage.desk.ask(keys.TWITCH_CANCEL_LOGIN, account="streamer")
        else:
            await begin(stage)
        return await validate(self, token)

    monkeypatch.setattr(OAuth, "validate", validate_too_late)
    stage.twitch.approve_device(login["userCode"])
    await stage.clock.skip()
    await stage.until(lambda: stage.tokens.user("streamer") is not None)
    assert stage.stored() is not None


async def test_an_address_without_a_code_is_refused_and_the_login_goes_on(stage: Stage) -> None:
    back = await stage.visit((await begin(stage, flow="code"))["authorizeUrl"])
    with pytest.raises(RequestFailed, match="no code"):
        await stage.desk.ask(keys.TWITCH_CALLBACK, state=back["state"])
    assert (await stage.desk.ask(keys.TWITCH_CALLBACK, **back))["account"] == "streamer"


async def test_a_state_is_good_once(stage: Stage) -> None:
    back = await stage.visit((await begin(stage, flow="code"))["authorizeUrl"])
    await stage.desk.ask(keys.TWITCH_CALLBACK, **back)
    before = stage.stored()
    with pytest.raises(RequestFailed, match="not known here"):
        await stage.desk.ask(keys.TWITCH_CALLBACK, **back)
    assert stage.stored() == before


async def test_of_two_browsers_that_come_back_at_once_one_gets_in(stage: Stage) -> None:
    back = await stage.visit((await begin(stage, flow="code"))["authorizeUrl"])
    came = await asyncio.gather(
        *(stage.desk.ask(keys.TWITCH_CALLBACK, **back) for _ in range(5)), return_exceptions=True
    )
    assert [isinstance(one, RequestFailed) for one in came] == [False, True, True, True, True]
    assert len(stage.asked("token")) == 1


async def test_a_browser_that_goes_away_does_not_stop_the_login(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    back = await stage.visit((await begin(stage, flow="code"))["authorizeUrl"])
    is_asked, may_answer = asyncio.Event(), asyncio.Event()
    exchange = OAuth.exchange_code

    async def exchange_slowly(self: OAuth, application: Application, **what: str) -> TokenPair:
        is_asked.set()
        await may_answer.wait()
        return await exchange(self, application, **what)

    monkeypatch.setattr(OAuth, "exchange_code", exchange_slowly)
    browser = asyncio.create_task(stage.desk.ask(keys.TWITCH_CALLBACK, **back))
    await is_asked.wait()
    browser.cancel()
    with pytest.raises(asyncio.CancelledError):
        await browser
    may_answer.set()
    await stage.until(lambda: stage.tokens.user("streamer") is not None)


async def test_a_login_that_takes_too_long_is_over(stage: Stage) -> None:
    back = await stage.visit((await begin(stage, flow="code"))["authorizeUrl"])
    stage.clock.advance(CODE_LIFETIME_S)
    assert "not come back in time" in str((await stage.until_login("streamer", "failed"))["problem"])
    with pytest.raises(RequestFailed, match="not known here"):
        await stage.desk.ask(keys.TWITCH_CALLBACK, **back)
    assert stage.stored() is None


async def test_a_refused_exchange_keeps_the_stored_tokens(stage: Stage) -> None:
    """strimertül's defect 5: empty tokens took their place."""
    await log_in(stage)
    before = stage.stored()
    back = await stage.visit((await begin(stage, flow="code"))["authorizeUrl"])
    with pytest.raises(RequestFailed, match="Twitch refuses: Invalid authorization code"):
        await stage.desk.ask(keys.TWITCH_CALLBACK, state=back["state"], code="wrong")
    assert stage.logins_shown()["streamer"]["state"] == "failed"
    assert stage.stored() == before
    assert await stage.tokens.access_token("streamer") == (before.access_token if before else None)


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "expires_in"])
async def test_half_an_answer_is_not_stored(stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """strimertül's defect 5."""
    await log_in(stage)
    before = stage.stored()
    back = await stage.visit((await begin(stage, flow="code"))["authorizeUrl"])
    post = stage.logins.oauth._post

    async def half(path: str, form: dict[str, str]) -> dict[str, object]:
        return {member: value for member, value in (await post(path, form)).items() if member != name}

    monkeypatch.setattr(stage.logins.oauth, "_post", half)
    with pytest.raises(RequestFailed, match="not complete"):
        await stage.desk.ask(keys.TWITCH_CALLBACK, **back)
    assert stage.stored() == before


async def test_what_a_login_needs_is_said(stage: Stage) -> None:
    stage.redirect = None
    with pytest.raises(RequestFailed, match="the Kilovolt door is shut"):
        await begin(stage, flow="code")
    await stage.configure(is_public=True)
    with pytest.raises(RequestFailed, match="needs the application's secret"):
        await begin(stage, flow="code")
    await stage.configure(api_client_id=" ")
    for flow in ("code", "device"):
        with pytest.raises(RequestFailed, match="there is no client id"):
            await begin(stage, flow=flow)
    await stage.configure(api_client_id="unknown")
    with pytest.raises(RequestFailed, match="Twitch refuses: invalid client"):
        await begin(stage)
    assert stage.logins_shown() == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"account":"viewer"}', '{"account":"bot","flow":"magic"}'])
async def test_a_request_that_makes_no_sense_is_refused(stage: Stage, text: str) -> None:
    with pytest.raises(RequestFailed, match="makes no sense"):
        await stage.desk.call(keys.TWITCH_LOGIN, text)


# --- logging out, testing, telling ---


async def test_logging_out_forgets_the_account_here_and_there(stage: Stage) -> None:
    await log_in(stage)
    pair = stage.stored()
    assert pair is not None
    await stage.desk.ask(keys.TWITCH_LOG_OUT, account="streamer")
    assert stage.stored() is None
    assert stage.tokens.user("streamer") is None
    assert stage.tokens.describe("streamer") is None
    assert stage.twitch.tokens.find(pair.access_token) is None
    assert stage.logins_shown() == {}
    name = stage.twitch.world.owner.login
    assert stage.audit == [
        ("account", {"name": name, "what": "streamer", "reason": "logged in"}),
        ("account", {"name": name, "what": "streamer", "reason": "logged out"}),
    ]


async def test_nobody_refreshes_what_is_being_forgotten(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await log_in(stage)
    put = Client.put

    async def put_late(client: Client, key: str, value: str | None) -> None:
        stage.twitch.clock.turn(5 * 3600)
        with pytest.raises(LoginNeeded):
            await stage.tokens.access_token("streamer")
        await put(client, key, value)

    monkeypatch.setattr(Client, "put", put_late)
    await stage.tokens.log_out("streamer")
    assert (stage.stored(), stage.tokens.has_tokens("streamer")) == (None, False)


async def test_who_cannot_be_forgotten_stays_logged_in(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await log_in(stage)
    before = stage.stored()

    put = Client.put

    async def fail(client: Client, key: str, value: str | None) -> None:
        if key == keys.AUTH_KEYS:
            raise StoreError("the disk is full")
        await put(client, key, value)

    with monkeypatch.context() as patches:
        patches.setattr(Client, "put", fail)
        with pytest.raises(RequestFailed, match="the disk is full"):
            await stage.desk.ask(keys.TWITCH_LOG_OUT, account="streamer")
    assert before is not None
    assert await stage.tokens.access_token("streamer") == before.access_token


async def test_logging_out_works_without_a_network(stage: Stage) -> None:
    await log_in(stage)
    await stage.network.close()
    await stage.desk.ask(keys.TWITCH_LOG_OUT, account="streamer")
    assert stage.stored() is None


async def test_logging_out_nobody_is_no_error(stage: Stage) -> None:
    await stage.desk.ask(keys.TWITCH_LOG_OUT, account="bot")
    await stage.desk.ask(keys.TWITCH_CANCEL_LOGIN, account="bot")
    assert stage.asked("revoke") == []
    assert stage.audit == []


async def test_credentials_can_be_tried(stage: Stage) -> None:
    twitch = stage.twitch
    right = {"api_client_id": twitch.client_id, "api_client_secret": twitch.client_secret}
    for wish in ({}, {"api_client_id": twitch.client_id}, right, {"api_client_id": twitch.public_client_id}):
        assert await stage.desk.ask(keys.TWITCH_TEST, **wish) == {"ok": True}
    assert len(stage.asked("revoke")) == 3, "tokens that were made to try are given back"
    refused: tuple[tuple[dict[str, object], str], ...] = (
        ({**right, "api_client_secret": "wrong"}, "invalid client secret"),
        ({"api_client_secret": "wrong"}, "invalid client secret"),
        ({"api_client_id": "unknown"}, "invalid client"),
        ({"api_client_id": "unknown", "with_stored_secret": True}, "invalid client"),
        ({"api_client_id": twitch.public_client_id, "with_stored_secret": True}, "invalid client secret"),
        ({"api_client_id": ""}, "no client id"),
    )
    for unfit, problem in refused:
        with pytest.raises(RequestFailed, match=problem):
            await stage.desk.ask(keys.TWITCH_TEST, **unfit)
    assert stage.stored() is None


async def test_the_scopes_are_told_with_reasons(stage: Stage) -> None:
    answer = await stage.desk.ask(keys.TWITCH_SCOPES)
    told = answer["scopes"]
    assert isinstance(told, list)
    assert answer["redirectUri"] == REDIRECT
    assert {"name": "bits:read", "why": "hear of cheers", "accounts": ["streamer"]} in told
    assert len(told) == len(SCOPES) == len({scope.name for scope in SCOPES})


def test_who_may_manage_may_read() -> None:
    granted = set(wanted("streamer")) - {"moderator:read:warnings", "bits:read"}
    assert missing("streamer", granted | {"moderator:manage:warnings"}) == ["bits:read"]


def test_the_guide_lists_what_is_asked_for() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "howto" / "connect-twitch.md").read_text("utf-8")
    listed = re.findall(r"^\| `([\w:]+)` \| (.*?)( \(the bot, too\))? \|$", guide, re.MULTILINE)
    assert listed == [(scope.name, scope.why, " (the bot, too)" if scope.bot else "") for scope in SCOPES]


def test_the_streamer_is_asked_for_what_each_topic_needs() -> None:
    needed = {scope for topic in TOPICS.values() for scope in topic.scopes}
    assert {scope for scope in needed if not covers(wanted("streamer"), scope)} == set()


async def test_logins_are_the_owners_business(stage: Stage) -> None:
    login = await begin(stage)
    stranger = Client(stage.hub, Grant(Level.APPLICATION, "an application"))
    with pytest.raises(NotPermitted):
        stranger.get(keys.TWITCH_LOGINS)
    assert stranger.get(keys.AUTH_KEYS) == ""
    for key in (keys.TWITCH_LOGIN, keys.TWITCH_CALLBACK, keys.TWITCH_LOG_OUT, keys.TWITCH_TEST):
        with pytest.raises(NotPermitted):
            await stranger.call(key, "{}")
    assert stage.logins_shown()["streamer"] == login


async def test_secrets_are_in_no_log_and_no_status(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    redactor = Redactor()
    KnownSecrets(Client(stage.hub, SERVICE), stage.hub.catalogue, redactor).start()
    secrets = [stage.twitch.client_secret]

    def note() -> None:
        pair = stage.stored()
        assert pair is not None
        secrets.extend((pair.access_token, pair.refresh_token))

    with caplog.at_level(logging.DEBUG):
        await log_in(stage)
        note()
        login = await begin(stage)
        stage.twitch.approve_device(login["userCode"])
        await stage.clock.skip()
        await stage.until_login("streamer", "done")
        note()
        await stage.tokens.refresh_after_401("streamer", secrets[-2])
        note()
        stage.twitch.disconnect(stage.twitch.world.owner)
        with pytest.raises(Exception, match="logged in") as failure:
            await stage.tokens.refresh_after_401("streamer", secrets[-2])
        status = [repr(failure.value), repr(stage.tokens.describe("streamer")), repr(stage.tokens.application)]
    shown = [caplog.text, *status, stage.desk.get(keys.TWITCH_LOGINS)]
    assert [text for text in secrets if any(text in one for one in shown)] == []
    for text in (stage.twitch.client_secret, *secrets[-2:]):
        assert text not in redactor.clean(f"a line with {text} in it")
