"""EventSub's sockets: their life, and everything that can go wrong with them."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from stagedoor.fake_twitch import CATALOGUE, Clock, FakeTwitch, sample
from tests.fake_twitch.conftest import Visitor


@pytest.fixture
async def standing(session: aiohttp.ClientSession) -> AsyncIterator[Visitor]:
    """The owner at a Twitch whose clock stands still."""
    async with FakeTwitch(clock=Clock.standing()) as twitch:
        yield Visitor(twitch, session, twitch.issue_token())


async def listen(visitor: Visitor, session_id: str, *topics: str) -> None:
    for topic in topics or ("channel.follow",):
        answer = await visitor.subscribe(session_id, topic)
        assert answer.status == 202, answer


class TestSession:
    async def test_welcomes(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            session = await socket.welcome()
        assert session.keys() == {"id", "status", "keepalive_timeout_seconds", "reconnect_url", "connected_at"}
        assert (session["status"], session["reconnect_url"]) == ("connected", None)

    @pytest.mark.parametrize(("asked", "given"), [("30", 30), ("1", 10), ("10000", 600), ("soon", 10)])
    async def test_keepalive_can_be_chosen_within_bounds(self, visitor: Visitor, asked: str, given: int) -> None:
        async with visitor.socket(f"{visitor.twitch.urls.eventsub}?keepalive_timeout_seconds={asked}") as socket:
            assert (await socket.welcome())["keepalive_timeout_seconds"] == given

    async def test_is_kept_alive_while_nothing_happens(self, standing: Visitor) -> None:
        twitch = standing.twitch
        async with standing.socket(f"{twitch.urls.eventsub}?keepalive_timeout_seconds=30") as socket:
            await socket.welcome()
            await listen(standing, socket.id)
            twitch.clock.turn(29)
            twitch.world.follow("Ann")  # From here the 30 seconds begin again.
            await socket.event("channel.follow")
            twitch.clock.turn(29)
            twitch.clock.turn(1)
            message = await socket.next()
            assert message["metadata"].keys() == {"message_id", "message_type", "message_timestamp"}
            assert (message["metadata"]["message_type"], message["payload"]) == ("session_keepalive", {})

    async def test_that_is_not_used_is_closed(self, standing: Visitor) -> None:
        async with standing.socket() as socket:
            await socket.welcome()
            standing.twitch.clock.turn(10)
            assert await socket.close_code() == 4003

    async def test_that_says_something_is_closed(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            await socket.raw.send_str("hello")
            assert await socket.close_code() == 4001

    async def test_end_disables_its_subscriptions(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            await listen(visitor, socket.id)
        await visitor.twitch.eventsub.until(lambda eventsub: not eventsub.sessions)
        (kept,) = (await visitor.get("/eventsub/subscriptions", status="websocket_disconnected"))["data"]
        assert kept["transport"]["disconnected_at"]


class TestReconnect:
    async def test_moves_the_subscriptions(self, visitor: Visitor) -> None:
        twitch = visitor.twitch
        async with visitor.socket() as old:
            await old.welcome()
            await listen(visitor, old.id)
            assert twitch.faults.reconnect() == 1
            session = (await old.next())["payload"]["session"]
            assert session["status"] == "reconnecting"
            twitch.world.follow("Ann")  # Before the new welcome, events go to the old socket.
            assert (await old.event("channel.follow"))["user_name"] == "Ann"
            async with visitor.socket(session["reconnect_url"]) as new:
                await new.welcome()
                assert new.id != old.id
                twitch.world.follow("Ben")
                assert (await new.event("channel.follow"))["user_name"] == "Ben"
                assert not old.raw.closed
                (kept,) = (await visitor.get("/eventsub/subscriptions"))["data"]
                assert (kept["status"], kept["transport"]["session_id"]) == ("enabled", new.id)
                await old.raw.close()
                await twitch.eventsub.until(lambda eventsub: len(eventsub.sessions) == 1)
                (kept,) = (await visitor.get("/eventsub/subscriptions"))["data"]
                assert kept["status"] == "enabled"

    async def test_that_does_not_come_ends_the_old_socket(self, standing: Visitor) -> None:
        async with standing.socket() as socket:
            await socket.welcome()
            await listen(standing, socket.id)
            standing.twitch.faults.reconnect()
            await socket.next()
            standing.twitch.clock.turn(30)
            assert await socket.close_code() == 4004

    async def test_address_is_good_once(self, visitor: Visitor) -> None:
        async with visitor.socket() as old:
            await old.welcome()
            visitor.twitch.faults.reconnect()
            url = (await old.next())["payload"]["session"]["reconnect_url"]
            async with visitor.socket(url) as new, visitor.socket(url) as third:
                await new.welcome()
                assert await third.close_code() == 4007
        async with visitor.socket(f"{visitor.twitch.urls.eventsub}?reconnect=made-up") as socket:
            assert await socket.close_code() == 4007


class TestSubscribing:
    async def test_tells_what_was_made(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            answer = await visitor.subscribe(socket.id, "channel.raid")
        assert answer.status == 202
        (made,) = answer.body["data"]
        assert made["condition"] == {
            "from_broadcaster_user_id": "",
            "to_broadcaster_user_id": visitor.twitch.world.owner.id,
        }
        assert made["transport"].keys() == {"method", "session_id", "connected_at"}
        assert (answer.body["total"], answer.body["total_cost"], answer.body["max_total_cost"]) == (1, 0, 10)

    @pytest.mark.parametrize(
        ("change", "status", "message"),
        [
            ({"type": "channel.nonsense"}, 400, "invalid subscription type and version"),
            ({"version": "1"}, 400, "invalid subscription type and version"),
            ({"condition": {}}, 400, "missing or unparseable subscription condition"),
            ({"condition": None}, 400, "missing or unparseable subscription condition"),
            ({"transport": {"method": "webhook"}}, 400, "invalid transport and auth combination"),
            (
                {"transport": {"method": "websocket", "session_id": "made-up"}},
                400,
                "websocket transport session does not exist or has already disconnected",
            ),
        ],
    )
    async def test_refuses_what_is_wrong(
        self, visitor: Visitor, change: dict[str, object], status: int, message: str
    ) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            transport = {"method": "websocket", "session_id": socket.id}
            body = {"type": "channel.follow", "version": "2", "condition": visitor.condition("channel.follow")}
            answer = await visitor.call("POST", "/eventsub/subscriptions", {**body, "transport": transport, **change})
        assert (answer.status, answer.body["message"]) == (status, message)

    async def test_refuses_what_is_there_already(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            await listen(visitor, socket.id)
            answer = await visitor.subscribe(socket.id, "channel.follow")
            assert answer.body == {"error": "Conflict", "status": 409, "message": "subscription already exists"}

    @pytest.mark.parametrize("name", [name for name, topic in CATALOGUE.items() if topic.scopes])
    async def test_takes_the_scopes(self, visitor: Visitor, name: str) -> None:
        """None of a topic's groups of scopes may be missing, and any one of a group will do."""
        groups = CATALOGUE[name].scopes
        async with visitor.socket() as socket:
            await socket.welcome()
            for missing in range(len(groups)):
                held = [scope for number, group in enumerate(groups) if number != missing for scope in group]
                visitor.token = visitor.twitch.issue_token(scopes=held)
                answer = await visitor.subscribe(socket.id, name)
                assert (answer.status, answer.body["message"]) == (403, "subscription missing proper authorization")
            visitor.token = visitor.twitch.issue_token(scopes=[group[-1] for group in groups])
            assert (await visitor.subscribe(socket.id, name)).status == 202

    async def test_refuses_who_may_not_know(self, visitor: Visitor) -> None:
        """The bot moderates, so it may hear of followers, but not of subscriptions; Ann may neither."""
        twitch = visitor.twitch
        async with visitor.socket() as socket:
            await socket.welcome()
            visitor.token = twitch.issue_token(twitch.world.bot)
            assert (await visitor.subscribe(socket.id, "channel.follow")).status == 202
            assert (await visitor.subscribe(socket.id, "channel.subscribe")).status == 403
        async with visitor.socket() as socket:
            await socket.welcome()
            visitor.token = twitch.issue_token("Ann")
            assert (await visitor.subscribe(socket.id, "channel.follow")).status == 403
            assert (await visitor.subscribe(socket.id, "channel.chat.message")).status == 202

    async def test_socket_belongs_to_one_user(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            await listen(visitor, socket.id)
            visitor.token = visitor.twitch.issue_token(visitor.twitch.world.bot)
            answer = await visitor.subscribe(socket.id, "channel.chat.message")
            assert "different users" in answer.body["message"]

    async def test_three_sockets_of_one_user_are_the_limit(self, visitor: Visitor) -> None:
        async with (
            visitor.socket() as one,
            visitor.socket() as two,
            visitor.socket() as three,
            visitor.socket() as four,
        ):
            for socket in (one, two, three, four):
                await socket.welcome()
            for socket in (one, two, three):
                await listen(visitor, socket.id)
            answer = await visitor.subscribe(four.id, "channel.follow")
            assert (answer.status, answer.body["message"]) == (429, "number of websocket transports limit exceeded")

    async def test_channels_that_granted_nothing_cost(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            for number in range(10):
                other = visitor.twitch.world.user(f"Other{number}")
                answer = await visitor.subscribe(socket.id, "stream.online", broadcaster_user_id=other.id)
                assert answer.body["total_cost"] == number + 1
            other = visitor.twitch.world.user("OneTooMany")
            answer = await visitor.subscribe(socket.id, "stream.online", broadcaster_user_id=other.id)
            assert answer.status == 429

    async def test_can_be_undone(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            made = await visitor.subscribe(socket.id, "channel.follow")
            assert (
                await visitor.call("DELETE", "/eventsub/subscriptions", id=made.body["data"][0]["id"])
            ).status == 204
            again = await visitor.call("DELETE", "/eventsub/subscriptions", id=made.body["data"][0]["id"])
            assert again.body == {"error": "Not Found", "status": 404, "message": "subscription not found"}
            await listen(visitor, socket.id, "channel.raid")
            visitor.twitch.world.follow("Ann")
            visitor.twitch.world.raid("Ben", 3)
            assert (await socket.event("channel.raid"))["viewers"] == 3

    async def test_condition_decides_who_hears(self, visitor: Visitor) -> None:
        world = visitor.twitch.world
        one, two = world.add_reward("One", 1), world.add_reward("Two", 2)
        async with visitor.socket() as socket:
            await socket.welcome()
            topic = "channel.channel_points_custom_reward_redemption.add"
            await visitor.subscribe(socket.id, topic, reward_id=two.id)
            world.redeem("Ann", one)
            world.redeem("Ann", two)
            assert (await socket.event(topic))["reward"]["title"] == "Two"


class TestFaults:
    async def test_revocation(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            await listen(visitor, socket.id, "channel.follow", "channel.raid")
            assert visitor.twitch.faults.revoke("channel.follow") == 1
            message = await socket.next()
            assert message["metadata"]["message_type"] == "revocation"
            assert message["payload"]["subscription"]["status"] == "authorization_revoked"
            visitor.twitch.world.follow("Ann")
            visitor.twitch.world.raid("Ben", 3)
            await socket.event("channel.raid")

    async def test_disconnecting_the_application_revokes_everything(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            await listen(visitor, socket.id, "channel.follow", "channel.raid")
            visitor.twitch.disconnect(visitor.twitch.world.owner)
            kinds = [(await socket.next())["metadata"]["message_type"] for _ in range(2)]
            assert kinds == ["revocation", "revocation"]

    async def test_lost_keepalives(self, standing: Visitor) -> None:
        standing.twitch.faults.sends_keepalives = False
        async with standing.socket() as socket:
            await socket.welcome()
            await listen(standing, socket.id)
            standing.twitch.clock.turn(25)
            standing.twitch.world.follow("Ann")
            await socket.event("channel.follow")

    async def test_copies_have_one_id(self, visitor: Visitor) -> None:
        visitor.twitch.faults.copies = 2
        async with visitor.socket() as socket:
            await socket.welcome()
            await listen(visitor, socket.id)
            visitor.twitch.world.follow("Ann")
            one, two = await socket.next(), await socket.next()
            assert one == two

    async def test_old_timestamps(self, standing: Visitor) -> None:
        standing.twitch.faults.age_s = 3600
        async with standing.socket() as socket:
            await socket.welcome()
            await listen(standing, socket.id)
            standing.twitch.world.follow("Ann")
            message = await socket.next()
            assert message["metadata"]["message_timestamp"].startswith("2025-12-31T23:00:00.")

    async def test_refused_topic(self, visitor: Visitor) -> None:
        visitor.twitch.faults.refuse_topic("channel.follow", 400, "no")
        async with visitor.socket() as socket:
            await socket.welcome()
            answer = await visitor.subscribe(socket.id, "channel.follow")
            assert answer.body == {"error": "Bad Request", "status": 400, "message": "no"}

    async def test_refused_connections(self, visitor: Visitor) -> None:
        visitor.twitch.faults.refused_connections = 1
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with visitor.socket():
                pass
        async with visitor.socket() as socket:
            await socket.welcome()

    async def test_cut(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            assert visitor.twitch.faults.cut() == 1
            assert await socket.close_code() == aiohttp.WSCloseCode.ABNORMAL_CLOSURE

    async def test_close(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            assert visitor.twitch.faults.close(4000) == 1
            assert await socket.close_code() == 4000

    async def test_garbage(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            assert visitor.twitch.faults.send_garbage("{oh") == 1
            assert (await socket.raw.receive_str()) == "{oh"

    async def test_an_event_that_nobody_caused(self, visitor: Visitor) -> None:
        async with visitor.socket() as socket:
            await socket.welcome()
            await listen(visitor, socket.id, "channel.cheer")
            visitor.twitch.faults.send("channel.cheer", sample("channel.cheer"))
            assert await socket.event("channel.cheer") == sample("channel.cheer")
