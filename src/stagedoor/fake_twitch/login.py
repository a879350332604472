"""What a fake Twitch serves in place of id.twitch.tv, and its page where a device's code is entered."""

from collections.abc import Callable
from html import escape
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from stagedoor.fake_twitch.faults import Faults
from stagedoor.fake_twitch.people import User
from stagedoor.fake_twitch.refused import Refused
from stagedoor.fake_twitch.tokens import DEVICE_CODE_S, DEVICE_POLL_S, Token, Tokens
from stagedoor.fake_twitch.world import World
from stagedoor.types import JsonObject

_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Fake Twitch</title>
<style>
body{{font:16px sans-serif;max-width:30em;margin:4em auto}}button,input,select{{font:inherit;padding:.4em}}</style>
<h1>Fake Twitch</h1>{body}</html>"""

_ALLOW: Final = """<p><b>{application}</b> wants to act for you:</p><ul>{scopes}</ul><form method="post">
<p><label>Account <select name="user">{users}</select></label></p>{hidden}
<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></form>"""

_ENTER: Final = """<form><label>Code <input name="device-code" autofocus></label> <button>Next</button></form>"""


class Login:
    """The pages and calls by which tokens are made, checked and ended."""

    def __init__(self, world: World, tokens: Tokens, faults: Faults, url: Callable[[], str]) -> None:
        self._world = world
        self._tokens = tokens
        self._faults = faults
        self._url = url

    def routes(self) -> list[web.RouteDef]:
        """What to add to the server."""
        routes = [web.get("/activate", self._activate), web.post("/activate", self._activated)]
        for prefix in ("/oauth2", "/auth"):  # The latter is where twitch-cli's mock has it, and where @twurple looks.
            routes += [
                web.post(f"{prefix}/device", self._device),
                web.post(f"{prefix}/token", self._token),
                web.get(f"{prefix}/authorize", self._authorize),
                web.post(f"{prefix}/authorize", self._authorized),
                web.get(f"{prefix}/validate", self._validate),
                web.post(f"{prefix}/revoke", self._revoke),
            ]
        return routes

    # -- Tokens --------------------------------------------------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.Response:
        asked = await _form(request)
        try:
            token = self._grant(asked)
        except Refused as refused:
            # Only of a refresh does Twitch also name the error, as Helix does.
            return refused.answer(is_helix=refused.message == "Invalid refresh token")
        return web.json_response(self._describe(token))

    def _grant(self, asked: dict[str, str]) -> Token:
        application = self._tokens.application(asked.get("client_id", ""))
        secret = asked.get("client_secret", "")
        match asked.get("grant_type"):
            case "urn:ietf:params:oauth:grant-type:device_code":
                return self._tokens.take_device(application, asked.get("device_code", ""))
            case "authorization_code":
                self._tokens.check_secret(application, secret)
                verifier = asked.get("code_verifier", "")
                return self._tokens.take_code(
                    application, asked.get("code", ""), asked.get("redirect_uri", ""), verifier
                )
            case "refresh_token":
                self._tokens.check_secret(application, secret)
                if self._faults.refused_refreshes > 0:
                    self._faults.refused_refreshes -= 1
                    raise Refused(400, "Invalid refresh token")
                return self._tokens.renew(application, asked.get("refresh_token", ""))
            case "client_credentials":
                if application.secret is None:
                    raise Refused(403, "invalid client secret")
                self._tokens.check_secret(application, secret)
                return self._tokens.issue_app_token(application)
        raise Refused(400, "invalid grant type")

    def _describe(self, token: Token) -> JsonObject:
        expires_in = round(token.expires_at - self._tokens.clock.now())
        if token.user is None:
            return {"access_token": token.text, "expires_in": expires_in, "token_type": "bearer"}
        return {
            "access_token": token.text,
            "expires_in": expires_in,
            "refresh_token": token.refresh,
            "scope": list(token.scopes),
            "token_type": "bearer",
        }

    async def _validate(self, request: web.Request) -> web.Response:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if not text:
            return Refused(401, "missing authorization token").answer(is_helix=False)
        token = self._tokens.find(text) if kind in ("OAuth", "Bearer") else None
        if token is None:
            return Refused(401, "invalid access token").answer(is_helix=False)
        body: JsonObject = {"client_id": token.application.id}
        if token.user is not None:
            body |= {"login": token.user.login, "scopes": list(token.scopes), "user_id": token.user.id}
        else:
            body["scopes"] = None
        body["expires_in"] = round(token.expires_at - self._tokens.clock.now())
        return web.json_response(body)

    async def _revoke(self, request: web.Request) -> web.Response:
        asked = await _form(request)
        if asked.get("client_id", "") not in self._tokens.applications:
            return Refused(404, "client does not exist").answer(is_helix=False)
        token = self._tokens.access.get(asked.get("token", ""))
        if token is None or token.application.id != asked["client_id"]:
            return Refused(400, "Invalid token").answer(is_helix=False)
        self._tokens.revoke(token.text)
        return web.Response()

    # -- Devices -------------------------------------------------------------------------------------------------------

    async def _device(self, request: web.Request) -> web.Response:
        asked = await _form(request)
        try:
            application = self._tokens.application(asked.get("client_id", ""))
        except Refused as refused:
            return refused.answer(is_helix=False)
        scopes = _scopes(asked.get("scopes", asked.get("scope", "")))
        device = self._tokens.ask_for_device(application, scopes)
        return web.json_response(
            {
                "device_code": device.code,
                "expires_in": int(DEVICE_CODE_S),
                "interval": DEVICE_POLL_S,
                "user_code": device.user_code,
                "verification_uri": f"{self._url()}/activate?public=true&device-code={device.user_code}",
            }
        )

    async def _activate(self, request: web.Request) -> web.Response:
        user_code = request.query.get("device-code", "")
        if not user_code:
            return _page(_ENTER)
        try:
            device = self._tokens.device_of(user_code)
        except Refused:
            return _page(f"<p>There is no such code.</p>{_ENTER}", status=404)
        return self._ask(device.application.name, device.scopes, {"device-code": user_code})

    async def _activated(self, request: web.Request) -> web.Response:
        form = await _form(request)
        try:
            device = self._tokens.device_of(form.get("device-code", ""))
        except Refused:
            return _page(f"<p>There is no such code.</p>{_ENTER}", status=404)
        if form.get("decision") != "allow":
            device.is_denied = True
            return _page("<p>Denied. You can close this page.</p>")
        device.user = self._visitor(form)
        return _page("<p>Connected. You can close this page.</p>")

    # -- The page that asks --------------------------------------------------------------------------------------------

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        try:
            application = self._tokens.application(asked.get("client_id", ""))
            if not asked.get("redirect_uri"):
                raise Refused(400, "missing redirect_uri")
            if asked.get("response_type") != "code":
                raise Refused(400, "response type must be code")
            if asked.get("code_challenge_method", "S256") != "S256":
                raise Refused(400, "invalid code challenge method")
        except Refused as refused:
            return refused.answer(is_helix=False)
        scopes = _scopes(asked.get("scope", ""))
        owner = self._world.owner
        granted = self._tokens.granted(application, owner.id)
        if scopes and set(scopes) <= granted and asked.get("force_verify") != "true":
            return self._back(asked, owner)
        return self._ask(application.name, scopes, asked)

    async def _authorized(self, request: web.Request) -> web.Response:
        asked = await _form(request)
        if asked.get("decision") == "allow":
            return self._back(asked, self._visitor(asked))
        answer = {"error": "access_denied", "error_description": "The user denied you access"}
        return _redirect(asked.get("redirect_uri", ""), answer | _state(asked))

    def _back(self, asked: dict[str, str], user: User) -> web.Response:
        """Send the browser back with a code."""
        scopes = _scopes(asked.get("scope", ""))
        application = self._tokens.application(asked["client_id"])
        code = self._tokens.allow(application, user, scopes, asked["redirect_uri"], asked.get("code_challenge", ""))
        return _redirect(asked["redirect_uri"], {"code": code, "scope": " ".join(scopes)} | _state(asked))

    def _ask(self, application: str, scopes: tuple[str, ...], hidden: dict[str, str]) -> web.Response:
        people = (self._world.owner, self._world.bot)
        return _page(
            _ALLOW.format(
                application=escape(application),
                scopes="".join(f"<li>{escape(scope)}</li>" for scope in scopes),
                users="".join(f'<option value="{one.login}">{escape(one.name)}</option>' for one in people),
                hidden="".join(
                    f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
                    for name, value in hidden.items()
                ),
            )
        )

    def _visitor(self, form: dict[str, str]) -> User:
        return self._world.find(login=form.get("user", "")) or self._world.owner


async def _form(request: web.Request) -> dict[str, str]:
    """The parameters of a POST, which Twitch takes from the query as well."""
    form = await request.post()
    return dict(request.query) | {name: value for name, value in form.items() if isinstance(value, str)}


def _scopes(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.split()))


def _state(asked: dict[str, str]) -> dict[str, str]:
    return {"state": asked["state"]} if "state" in asked else {}


def _redirect(address: str, answer: dict[str, str]) -> web.Response:
    separator = "&" if "?" in address else "?"
    return web.Response(status=302, headers={"Location": f"{address}{separator}{urlencode(answer)}"})


def _page(body: str, *, status: int = 200) -> web.Response:
    return web.Response(text=_PAGE.format(body=body), content_type="text/html", status=status)
