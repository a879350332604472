"""Tokens: how they are asked for, checked, renewed and ended."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from stagedoor.fake_twitch import Clock, FakeTwitch
from stagedoor.fake_twitch.tokens import ACCESS_TOKEN_S, CODE_S, DEVICE_CODE_S, REFRESH_TOKEN_S, challenge_of
from tests.fake_twitch.conftest import Answer, Visitor

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
HOME = "http://localhost:4337/twitch/callback"


Validate: TypeAlias = Callable[[str], Awaitable[Answer]]


@pytest.fixture
def validate(session: aiohttp.ClientSession, twitch: FakeTwitch) -> Validate:
    async def ask(token: str) -> Answer:
        headers = {"Authorization": f"OAuth {token}"} if token else {}
        async with session.get(twitch.urls.auth + "/validate", headers=headers) as response:
            return Answer(response.status, await response.json(), {})

    return ask


async def begin_device(visitor: Visitor, client_id: str = "") -> dict[str, str]:
    answer = await visitor.post_form(
        "/device", client_id=client_id or visitor.twitch.client_id, scopes="user:read:chat user:write:chat"
    )
    assert answer.status == 200
    body: dict[str, str] = answer.body
    return body


async def poll(visitor: Visitor, device: dict[str, str], client_id: str = "") -> Answer:
    client_id = client_id or visitor.twitch.client_id
    return await visitor.post_form(
        "/token", client_id=client_id, device_code=device["device_code"], grant_type=DEVICE_GRANT
    )


class TestDevice:
    async def test_waits_for_a_person_and_then_gives_a_token_once(self, visitor: Visitor, validate: Validate) -> None:
        device = await begin_device(visitor)
        assert device["user_code"] in device["verification_uri"]
        waiting = await poll(visitor, device)
        assert (waiting.status, waiting.body) == (400, {"status": 400, "message": "authorization_pending"})

        visitor.twitch.approve_device(device["user_code"])
        answer = await poll(visitor, device)
        assert answer.status == 200
        assert answer.body["scope"] == ["user:read:chat", "user:write:chat"]
        assert answer.body["token_type"] == "bearer"
        known = await validate(answer.body["access_token"])
        owner = visitor.twitch.world.owner
        assert (known.body["login"], known.body["user_id"]) == (owner.login, owner.id)
        assert known.body["expires_in"] == pytest.approx(ACCESS_TOKEN_S, abs=60)

        again = await poll(visitor, device)
        assert (again.status, again.body["message"]) == (400, "invalid device code")

    async def test_can_be_allowed_as_the_bot_on_the_page(self, visitor: Visitor, validate: Validate) -> None:
        device = await begin_device(visitor)
        async with visitor.session.get(device["verification_uri"]) as page:
            text = await page.text()
        assert "user:write:chat" in text
        form = {"device-code": device["user_code"], "user": "stagebot", "decision": "allow"}
        async with visitor.session.post(device["verification_uri"], data=form) as page:
            assert page.status == 200
        answer = await poll(visitor, device)
        assert (await validate(answer.body["access_token"])).body["login"] == "stagebot"

    async def test_is_told_when_it_was_denied(self, visitor: Visitor) -> None:
        device = await begin_device(visitor)
        visitor.twitch.deny_device(device["user_code"])
        assert (await poll(visitor, device)).body["message"] == "access_denied"

    async def test_expires(self, visitor: Visitor) -> None:
        device = await begin_device(visitor)
        visitor.twitch.clock.turn(DEVICE_CODE_S + 1)
        assert (await poll(visitor, device)).body["message"] == "invalid device code"

    async def test_of_an_unknown_client_is_refused(self, visitor: Visitor) -> None:
        answer = await visitor.post_form("/device", client_id="nobody", scopes="")
        assert (answer.status, answer.body["message"]) == (400, "invalid client")


class TestRefresh:
    async def renew(self, visitor: Visitor, refresh: str, **more: str) -> Answer:
        form = {"client_id": visitor.twitch.client_id, "client_secret": visitor.twitch.client_secret} | more
        return await visitor.post_form("/token", grant_type="refresh_token", refresh_token=refresh, **form)

    async def test_gives_a_new_token_when_the_old_has_expired(self, visitor: Visitor, validate: Validate) -> None:
        old = visitor.token
        visitor.twitch.clock.turn(ACCESS_TOKEN_S + 1)
        assert (await validate(old.text)).body == {"status": 401, "message": "invalid access token"}
        assert (await visitor.call("GET", "/users")).body["message"] == "Invalid OAuth token"
        answer = await self.renew(visitor, old.refresh or "")
        assert answer.status == 200
        assert answer.body["refresh_token"] == old.refresh
        assert (await validate(answer.body["access_token"])).status == 200

    async def test_of_a_public_client_needs_no_secret_and_works_once(self, visitor: Visitor) -> None:
        public = visitor.twitch.public_client_id
        refresh = visitor.twitch.issue_token(client_id=public).refresh or ""
        first = await self.renew(visitor, refresh, client_id=public, client_secret="")
        assert first.body["refresh_token"] != refresh
        second = await self.renew(visitor, refresh, client_id=public, client_secret="")
        assert second.status == 400
        assert second.body == {"error": "Bad Request", "status": 400, "message": "Invalid refresh token"}

    async def test_of_a_public_client_ends_after_30_days(self, visitor: Visitor) -> None:
        public = visitor.twitch.public_client_id
        refresh = visitor.twitch.issue_token(client_id=public).refresh or ""
        visitor.twitch.clock.turn(REFRESH_TOKEN_S + 1)
        assert (await self.renew(visitor, refresh, client_id=public)).status == 400

    @pytest.mark.parametrize(("secret", "status"), [("", 400), ("wrong", 403)])
    async def test_takes_the_right_secret(self, visitor: Visitor, secret: str, status: int) -> None:
        answer = await self.renew(visitor, visitor.token.refresh or "", client_secret=secret)
        assert answer.status == status
        assert "client secret" in answer.body["message"]

    async def test_can_be_made_to_fail(self, visitor: Visitor) -> None:
        visitor.twitch.faults.refused_refreshes = 1
        assert (await self.renew(visitor, visitor.token.refresh or "")).body["message"] == "Invalid refresh token"
        assert (await self.renew(visitor, visitor.token.refresh or "")).status == 200

    async def test_fails_after_the_owner_disconnected_the_application(
        self, visitor: Visitor, validate: Validate
    ) -> None:
        visitor.twitch.disconnect(visitor.twitch.world.owner)
        assert (await validate(visitor.token.text)).status == 401
        assert (await self.renew(visitor, visitor.token.refresh or "")).status == 400


async def test_an_application_gets_a_token_of_its_own(visitor: Visitor, validate: Validate) -> None:
    form = {"client_id": visitor.twitch.client_id, "client_secret": visitor.twitch.client_secret}
    answer = await visitor.post_form("/token", grant_type="client_credentials", **form)
    assert answer.body.keys() == {"access_token", "expires_in", "token_type"}
    assert "user_id" not in (await validate(answer.body["access_token"])).body


async def test_a_revoked_token_is_none(visitor: Visitor, validate: Validate) -> None:
    form = {"client_id": visitor.twitch.client_id, "token": visitor.token.text}
    assert (await visitor.post_form("/revoke", **form)).status == 200
    assert (await validate(visitor.token.text)).status == 401
    assert (await visitor.post_form("/revoke", **form)).body == {"status": 400, "message": "Invalid token"}
    assert (await visitor.post_form("/revoke", client_id="nobody", token="")).status == 404
    assert (await validate("")).body == {"status": 401, "message": "missing authorization token"}


async def test_an_unknown_grant_is_refused(visitor: Visitor) -> None:
    answer = await visitor.post_form("/token", client_id=visitor.twitch.client_id, grant_type="password")
    assert (answer.status, answer.body["message"]) == (400, "invalid grant type")


class TestPage:
    """The page that asks a person, and what the browser carries back."""

    def query(self, twitch: FakeTwitch, **more: str) -> dict[str, str]:
        return {
            "client_id": twitch.client_id,
            "redirect_uri": HOME,
            "response_type": "code",
            "scope": "bits:read user:read:chat",
            "state": "a&b",
            "code_challenge": challenge_of("v" * 43),
            "code_challenge_method": "S256",
            **more,
        }

    async def decide(self, visitor: Visitor, decision: str) -> dict[str, list[str]]:
        """Read the page, send its form with a decision, and return what the browser would carry back."""
        visitor.twitch.disconnect(visitor.twitch.world.owner)  # What was granted before would not be asked again.
        url, query = visitor.twitch.urls.auth + "/authorize", self.query(visitor.twitch)
        async with visitor.session.get(url, params=query) as page:
            assert page.status == 200
            text = await page.text()
        form = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', text))
        form = {name: value.replace("&amp;", "&") for name, value in form.items()}
        assert form == query
        data = {**form, "user": "strimertul", "decision": decision}
        async with visitor.session.post(url, data=data, allow_redirects=False) as back:
            assert back.status == 302
            location = back.headers["Location"]
        assert location.startswith(HOME + "?")
        return parse_qs(urlsplit(location).query)

    async def take(self, visitor: Visitor, code: str, **more: str) -> Answer:
        twitch = visitor.twitch
        form = {"client_id": twitch.client_id, "client_secret": twitch.client_secret, "redirect_uri": HOME}
        form |= {"grant_type": "authorization_code", "code": code, "code_verifier": "v" * 43}
        return await visitor.post_form("/token", **(form | more))

    async def test_gives_a_code_that_is_worth_a_token_once(self, visitor: Visitor) -> None:
        back = await self.decide(visitor, "allow")
        assert back["state"] == ["a&b"]
        answer = await self.take(visitor, back["code"][0])
        assert answer.body["scope"] == ["bits:read", "user:read:chat"]
        assert (await self.take(visitor, back["code"][0])).body["message"] == "Invalid authorization code"

    async def test_tells_of_a_denial(self, visitor: Visitor) -> None:
        back = await self.decide(visitor, "deny")
        assert back["error"] == ["access_denied"]
        assert back["state"] == ["a&b"]

    @pytest.mark.parametrize("wrong", [{"code_verifier": "w" * 43}, {"redirect_uri": "http://localhost/"}])
    async def test_code_is_worth_nothing_to_others(self, visitor: Visitor, wrong: dict[str, str]) -> None:
        back = await self.decide(visitor, "allow")
        assert (await self.take(visitor, back["code"][0], **wrong)).status == 400

    async def test_code_expires(self, visitor: Visitor) -> None:
        back = await self.decide(visitor, "allow")
        visitor.twitch.clock.turn(CODE_S + 1)
        assert (await self.take(visitor, back["code"][0])).status == 400

    async def test_asks_once_unless_told_otherwise(self, visitor: Visitor) -> None:
        """The owner has granted these scopes already: only ``force_verify`` shows the page again."""
        url = visitor.twitch.urls.auth + "/authorize"
        await self.decide(visitor, "allow")
        async with visitor.session.get(url, params=self.query(visitor.twitch), allow_redirects=False) as back:
            assert back.status == 302
        forced = self.query(visitor.twitch, force_verify="true")
        async with visitor.session.get(url, params=forced, allow_redirects=False) as page:
            assert page.status == 200


async def test_time_stands_still_on_a_standing_clock(session: aiohttp.ClientSession) -> None:
    async with FakeTwitch(clock=Clock.standing(1000.0)) as twitch:
        token = twitch.issue_token()
        assert token.expires_at == 1000.0 + ACCESS_TOKEN_S
        twitch.clock.turn(ACCESS_TOKEN_S - 0.001)
        assert (await Visitor(twitch, session, token).call("GET", "/users")).status == 200
        twitch.clock.turn(0.001)
        assert (await Visitor(twitch, session, token).call("GET", "/users")).status == 401
