"""Helix: who may call it, what it answers, and what calls do to the world."""

import asyncio
from typing import Any

import aiohttp
import pytest

from stagedoor.fake_twitch import Clock, FakeTwitch
from stagedoor.fake_twitch.helix import ROUTES
from tests.fake_twitch.conftest import Visitor
from tests.fake_twitch.everything import ask_everything


class TestRights:
    @pytest.mark.parametrize(
        ("headers", "message"),
        [
            ({}, "OAuth token is missing"),
            ({"Authorization": "Bearer made-up", "Client-Id": "x"}, "Invalid OAuth token"),
            ({"Authorization": "Bearer {token}"}, "Client ID is missing"),
            ({"Authorization": "Bearer {token}", "Client-Id": "x"}, "Client ID and OAuth token do not match"),
        ],
    )
    async def test_without_a_good_token_nothing_is_told(
        self, visitor: Visitor, headers: dict[str, str], message: str
    ) -> None:
        filled = {name: value.format(token=visitor.token.text) for name, value in headers.items()}
        async with visitor.session.get(visitor.twitch.urls.api + "/users", headers=filled) as response:
            assert await response.json() == {"error": "Unauthorized", "status": 401, "message": message}

    @pytest.mark.parametrize(
        ("method", "path", "scopes"),
        [
            ("GET", "/chat/chatters", "moderator:read:chatters"),
            ("POST", "/chat/announcements", "moderator:manage:announcements"),
            ("GET", "/polls", "channel:read:polls or channel:manage:polls"),
            ("POST", "/whispers", "user:manage:whispers"),
        ],
    )
    async def test_scopes_are_checked(self, visitor: Visitor, method: str, path: str, scopes: str) -> None:
        visitor.token = visitor.twitch.issue_token(scopes=["bits:read"])
        answer = await visitor.call(method, path)
        assert (answer.status, answer.body["message"]) == (401, f"Missing scope: {scopes}")

    async def test_scopes_come_before_all_else(self, visitor: Visitor) -> None:
        """Whatever takes a scope is refused without, and refused for another reason, if at all, with any of them."""
        for (method, path), route in ROUTES.items():
            if not route.scopes:
                continue
            visitor.token = visitor.twitch.issue_token(scopes=[])
            answer = await visitor.call(method, path)
            assert answer.body["message"] == f"Missing scope: {' or '.join(route.scopes)}"
            for scope in route.scopes:
                visitor.token = visitor.twitch.issue_token(scopes=[scope])
                answer = await visitor.call(method, path)
                assert answer.status in (200, 400), (path, answer)  # What it is about was not named.

    async def test_what_is_the_owners_is_not_for_the_bot(self, visitor: Visitor) -> None:
        twitch = visitor.twitch
        owner, bot = twitch.world.owner, twitch.world.bot
        visitor.token = twitch.issue_token(bot)
        assert (await visitor.call("GET", "/subscriptions", broadcaster_id=owner.id)).status == 401
        assert (await visitor.call("GET", "/polls", broadcaster_id=bot.id)).status == 403
        who = {"broadcaster_id": owner.id, "moderator_id": bot.id}
        assert (await visitor.call("GET", "/chat/chatters", **who)).status == 200
        twitch.world.remove_moderator(bot)
        assert (await visitor.call("GET", "/chat/chatters", **who)).status == 403

    async def test_what_is_not_there_is_not_found(self, visitor: Visitor) -> None:
        assert (await visitor.call("GET", "/nonsense")).status == 404
        assert (await visitor.call("DELETE", "/users")).status == 404


class TestRates:
    async def test_calls_are_counted(self, visitor: Visitor) -> None:
        first = await visitor.call("GET", "/users")
        assert first.headers["Ratelimit-Limit"] == "800"
        assert first.headers["Ratelimit-Remaining"] == "799"
        assert int(first.headers["Ratelimit-Reset"]) == pytest.approx(visitor.twitch.clock.now(), abs=30)

    async def test_too_many_are_refused_for_a_while(self, visitor: Visitor) -> None:
        visitor.twitch.tokens.spend(visitor.token, 799)
        answers = [await visitor.call("GET", "/users") for _ in range(30)]
        refused = [answer for answer in answers if answer.status == 429]
        assert refused
        assert refused[0].body["error"] == "Too Many Requests"
        assert refused[0].headers["Ratelimit-Remaining"] == "0"
        visitor.twitch.clock.turn(60)
        assert (await visitor.call("GET", "/users")).status == 200


class TestFaults:
    async def test_the_next_calls_can_be_refused(self, visitor: Visitor) -> None:
        faults = visitor.twitch.faults
        faults.refuse(2, 401)
        faults.refuse(1, 500)
        faults.refuse(1, 429, reset_in_s=7)
        answers = [await visitor.call("GET", "/users") for _ in range(5)]
        assert [answer.status for answer in answers] == [401, 401, 500, 429, 200]
        assert answers[0].body["message"] == "Invalid OAuth token"
        assert int(answers[3].headers["Ratelimit-Reset"]) == pytest.approx(visitor.twitch.clock.now() + 7, abs=5)

    async def test_those_of_one_path_alone(self, visitor: Visitor) -> None:
        visitor.twitch.faults.refuse(1, 503, path="/helix/streams")
        assert (await visitor.call("GET", "/users")).status == 200
        assert (await visitor.call("GET", "/streams")).status == 503
        assert (await visitor.call("GET", "/streams")).status == 200

    async def test_those_of_a_login_too(self, visitor: Visitor) -> None:
        visitor.twitch.faults.refuse(1, 500, "internal error", path="/oauth2/token")
        form = {"client_id": visitor.twitch.client_id, "client_secret": visitor.twitch.client_secret}
        assert (await visitor.call("GET", "/users")).status == 200
        answer = await visitor.post_form("/token", grant_type="client_credentials", **form)
        assert answer.body == {"status": 500, "message": "internal error"}
        assert (await visitor.post_form("/token", grant_type="client_credentials", **form)).status == 200

    async def test_answers_can_be_slow(self, session: aiohttp.ClientSession) -> None:
        async with FakeTwitch(clock=Clock.standing()) as twitch:
            twitch.faults.delay_s = 300.0
            call = asyncio.create_task(Visitor(twitch, session, twitch.issue_token()).get("/users"))
            done, _ = await asyncio.wait({call}, timeout=0.1)
            assert not done
            while not done:  # It may not even have arrived yet.
                twitch.clock.turn(300.0)
                done, _ = await asyncio.wait({call}, timeout=0.1)
            assert call.result()["data"]

    async def test_calls_can_be_cut_off(self, visitor: Visitor) -> None:
        visitor.twitch.faults.broken_calls = 1
        with pytest.raises(aiohttp.ClientError):
            await visitor.call("POST", "/chat/announcements", {"message": "Hear!"})
        await visitor.get("/users")

    async def test_messages_can_be_dropped(self, visitor: Visitor) -> None:
        visitor.twitch.faults.drop = ("msg_rejected", "Your message is being checked.")
        assert (await say(visitor, "hello"))["drop_reason"]["code"] == "msg_rejected"


async def say(visitor: Visitor, text: str, **more: str) -> Any:
    twitch = visitor.twitch
    assert visitor.token.user is not None
    body = {"broadcaster_id": twitch.world.owner.id, "sender_id": visitor.token.user.id, "message": text, **more}
    answer = await visitor.call("POST", "/chat/messages", body)
    assert answer.status == 200, answer
    return answer.body["data"][0]


class TestChat:
    async def test_a_message_is_said_and_heard(self, visitor: Visitor) -> None:
        twitch = visitor.twitch
        visitor.token = twitch.issue_token(twitch.world.bot)
        async with visitor.socket() as socket:
            await socket.welcome()
            await visitor.subscribe(socket.id, "channel.chat.message")
            question = twitch.world.chat("Ann", "What is this Kappa ?")
            heard = await socket.event()
            assert [one["type"] for one in heard["message"]["fragments"]] == ["text", "emote", "text"]
            sent = await say(visitor, "A stage, @Ann!", reply_parent_message_id=question)
            assert (sent["is_sent"], sent["drop_reason"]) == (True, None)
            heard = await socket.event()
        assert heard["message_id"] == sent["message_id"]
        assert heard["chatter_user_login"] == "stagebot"
        assert heard["reply"]["parent_message_body"] == "What is this Kappa ?"
        assert heard["message"]["fragments"][1]["mention"]["user_login"] == "ann"
        assert "".join(one["text"] for one in heard["message"]["fragments"]) == "A stage, @Ann!"
        assert heard["badges"] == [{"set_id": "moderator", "id": "1", "info": ""}]

    async def test_twice_the_same_is_dropped_for_a_viewer(self, visitor: Visitor) -> None:
        visitor.token = visitor.twitch.issue_token("Ann")
        assert (await say(visitor, "hello"))["is_sent"]
        dropped = await say(visitor, "hello")
        assert (dropped["is_sent"], dropped["drop_reason"]["code"]) == (False, "msg_duplicate")
        visitor.twitch.clock.turn(30)
        assert (await say(visitor, "hello"))["is_sent"]

    @pytest.mark.parametrize(
        ("mode", "code"),
        [
            ({"slow_mode": True, "slow_mode_wait_time": 10}, "msg_slowmode"),
            ({"follower_mode": True}, "msg_followersonly"),
            ({"subscriber_mode": True}, "msg_subsonly"),
            ({"emote_mode": True}, "msg_emoteonly"),
        ],
    )
    async def test_modes_hold_viewers_back(self, visitor: Visitor, mode: dict[str, object], code: str) -> None:
        who = {"broadcaster_id": visitor.twitch.world.owner.id, "moderator_id": visitor.twitch.world.owner.id}
        assert (await visitor.call("PATCH", "/chat/settings", mode, **who)).status == 200
        visitor.token = visitor.twitch.issue_token("Ann")
        if code == "msg_slowmode":
            await say(visitor, "one")
        assert (await say(visitor, "two"))["drop_reason"]["code"] == code

    async def test_who_is_banned_says_nothing(self, visitor: Visitor) -> None:
        visitor.twitch.world.timeout("Ann", 60)
        visitor.token = visitor.twitch.issue_token("Ann")
        assert (await say(visitor, "hello"))["drop_reason"]["code"] == "msg_timedout"
        visitor.twitch.clock.turn(60)
        assert (await say(visitor, "hello"))["is_sent"]
        visitor.twitch.world.ban("Ann")
        assert (await say(visitor, "bye"))["drop_reason"]["code"] == "msg_banned"

    async def test_too_long_a_message_is_an_error(self, visitor: Visitor) -> None:
        owner = visitor.twitch.world.owner
        body = {"broadcaster_id": owner.id, "sender_id": owner.id, "message": "x" * 501}
        assert (await visitor.call("POST", "/chat/messages", body)).status == 400

    async def test_an_application_speaks_for_who_allowed_it(self, visitor: Visitor) -> None:
        twitch = visitor.twitch
        body = {"broadcaster_id": twitch.world.owner.id, "sender_id": twitch.world.bot.id, "message": "hello"}
        application = twitch.tokens.application(twitch.client_id)
        visitor.token = twitch.tokens.issue_app_token(application)
        assert (await visitor.call("POST", "/chat/messages", body)).status == 401
        twitch.issue_token(twitch.world.bot, ["user:bot", "user:write:chat"])
        assert (await visitor.call("POST", "/chat/messages", body)).status == 200

    async def test_chatters_come_in_pages(self, visitor: Visitor) -> None:
        world = visitor.twitch.world
        world.join(*(f"Viewer{number}" for number in range(25)))
        who: dict[str, object] = {"broadcaster_id": world.owner.id, "moderator_id": world.owner.id, "first": 10}
        seen: list[str] = []
        cursor = ""
        for size in (10, 10, 5):
            page = await visitor.get("/chat/chatters", **who, after=cursor)
            assert (len(page["data"]), page["total"]) == (size, 25)
            seen += [one["user_login"] for one in page["data"]]
            cursor = page["pagination"].get("cursor", "")
        assert not cursor
        assert len(set(seen)) == 25


async def test_the_channel_can_be_changed(visitor: Visitor) -> None:
    owner = visitor.twitch.world.owner
    async with visitor.socket() as socket:
        await socket.welcome()
        await visitor.subscribe(socket.id, "channel.update")
        body = {"title": "New", "game_id": "509660", "tags": ["art"]}
        assert (await visitor.call("PATCH", "/channels", body, broadcaster_id=owner.id)).status == 204
        heard = await socket.event("channel.update")
    assert (heard["title"], heard["category_name"]) == ("New", "Art")
    (channel,) = (await visitor.get("/channels", broadcaster_id=owner.id))["data"]
    assert (channel["title"], channel["game_name"], channel["tags"]) == ("New", "Art", ["art"])


async def test_the_stream_is_there_while_it_is_on(visitor: Visitor) -> None:
    world = visitor.twitch.world
    assert (await visitor.get("/streams", user_login="strimertul"))["data"] == []
    world.go_live(viewers=5)
    (stream,) = (await visitor.get("/streams", user_login="strimertul"))["data"]
    assert (stream["viewer_count"], stream["type"]) == (5, "live")
    (found,) = (await visitor.get("/search/channels", query="strimer"))["data"]
    assert found["is_live"]
    world.go_offline()
    assert (await visitor.get("/streams", user_login="strimertul"))["data"] == []


async def test_everything_can_be_asked_for(twitch: FakeTwitch, visitor: Visitor) -> None:
    """Each endpoint answers with its status, in a world where something of everything is."""
    asked = await ask_everything(twitch, visitor)
    assert len(asked) >= 50
    assert len(twitch.calls) >= len(asked)
    assert all(call.status < 300 for call in twitch.calls)
    called = {(call.method, call.path.removeprefix("/helix")) for call in twitch.calls}
    # The one says always no, the other is tried out with the sockets.
    assert ROUTES.keys() - called == {("DELETE", "/raids"), ("DELETE", "/eventsub/subscriptions")}
