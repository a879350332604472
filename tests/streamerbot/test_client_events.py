"""Events in the client: what is subscribed, who hears it, and what happens to those who are slow or fail."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from stagedoor.streamerbot import (
    Client,
    ClientClosed,
    Event,
    Reconnect,
    RequestRefused,
    RequestTimeout,
    State,
    SubscriptionOverflow,
)
from stagedoor.streamerbot.client.patterns import Events, parse_events
from tests.streamerbot.client_harness import SHORT_S, Heard, States, begin, connect, hold
from tests.streamerbot.fake_original import EVENTS, TIME, FakeConnection, FakeOriginal, Message


@pytest.fixture
async def fake() -> AsyncIterator[FakeOriginal]:
    async with FakeOriginal() as server:
        yield server


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "name"),
    [
        ("Twitch.Follow", "Twitch.Follow"),
        ("Twitch.*", "Twitch.*"),
        ("*", "*"),
        ("*.*", "*"),
        (["Twitch.Follow", "twitch.follow", "Kick.*"], "twitch.follow, Kick.*"),
        ({"Twitch": ["Follow", "Cheer"], "Kick": "*"}, "Twitch.Follow, Twitch.Cheer, Kick.*"),
    ],
)
def test_events_can_be_named_in_several_ways(events: Events, name: str) -> None:
    assert parse_events(events).name == name


@pytest.mark.parametrize("events", ["", "Twitch", "Twitch.", ".Follow", "*.Follow", "Twitch.Fol*", [], {}, ["*", ""]])
def test_a_name_that_no_event_has_is_refused(events: Events) -> None:
    with pytest.raises(ValueError, match=r"an event is named as|no event was named"):
        parse_events(events)


# --- hearing ------------------------------------------------------------------------------------------------------


async def test_an_event_is_what_the_server_sent(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, connection), client.watch("*") as events:
        connection.emit("Twitch", "Follow", {"user": {"name": "a"}})
        connection.emit("General", "Custom")
        connection.emit("General", "Custom", "only text")
        follow, bare, text = [await anext(events) for _ in range(3)]
    assert (follow.source, follow.type, follow.name, follow.data) == (
        "Twitch",
        "Follow",
        "Twitch.Follow",
        {"user": {"name": "a"}},
    )
    assert follow.time is not None
    assert follow.time.isoformat() == "2026-01-05T20:15:00.123456+01:00"
    assert follow.raw["timeStamp"] == TIME
    assert (bare.data, text.data) == ({}, {"data": "only text"})


@pytest.mark.parametrize("stamp", [None, 5, "", "yesterday"])
async def test_an_event_without_a_sensible_time_has_none(fake: FakeOriginal, stamp: object) -> None:
    async with connect(fake) as (client, connection), client.watch("*") as events:
        connection.send({"timeStamp": stamp, "event": {"source": "Twitch", "type": "Follow"}})
        assert (await anext(events)).time is None


async def test_one_event_reaches_every_listener_once(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _), client.watch(["twitch.follow", "Twitch.*", "*"]) as several:
        heard, other = Heard(), Heard()
        await client.subscribe("Twitch.Follow", heard)
        await client.subscribe("Kick.Follow", other)
        fake.publish("Twitch", "Follow", {"n": 1})
        fake.publish("Twitch", "Cheer", {"n": 2})
        assert [(await anext(several)).name for _ in range(2)] == ["Twitch.Follow", "Twitch.Cheer"]
        assert await heard.names(1) == ["Twitch.Follow"]
        assert heard.queue.empty()
        assert other.queue.empty()


async def test_handlers_are_registered_before_and_after_connecting(fake: FakeOriginal) -> None:
    client = Client(fake.url)
    heard: asyncio.Queue[str] = asyncio.Queue()

    @client.on("Twitch.Follow")
    async def thank(event: Event) -> None:
        await asyncio.sleep(0)
        heard.put_nowait(f"async {event.name}")

    async with client:
        assert (await fake.next("Subscribe"))["events"] == {"Twitch": ["Follow"]}
        later = Heard()
        assert client.on("Twitch.Cheer", later) is later
        assert (await fake.next("Subscribe"))["events"] == {"Twitch": ["Cheer"]}
        fake.publish("Twitch", "Follow", {})
        fake.publish("Twitch", "Cheer", {})
        assert await heard.get() == "async Twitch.Follow"
        assert await later.names(1) == ["Twitch.Cheer"]
    async with client:  # They outlive the closing.
        assert (await fake.next("Subscribe"))["events"] == {"Twitch": ["Follow", "Cheer"]}
        fake.publish("Twitch", "Follow", {})
        assert await heard.get() == "async Twitch.Follow"
        assert heard.empty()


def test_a_registration_that_cannot_work_is_refused_at_once() -> None:
    client = Client()
    with pytest.raises(ValueError, match="at least one"):
        client.on("*", print, limit=0)
    with pytest.raises(ValueError, match="an event is named as"):
        client.on("Follow", print)


async def test_handlers_get_events_in_order_and_never_two_at_a_time(fake: FakeOriginal) -> None:
    running = 0
    done: asyncio.Queue[tuple[str, object]] = asyncio.Queue()

    async def handler(event: Event) -> None:
        nonlocal running
        running += 1
        assert running == 1
        for _ in range(3):
            await asyncio.sleep(0)
        running -= 1
        done.put_nowait((event.name, event.data["n"]))

    async with connect(fake) as (client, _):
        await client.subscribe("Twitch.*", handler)
        for number in range(20):
            fake.publish("Twitch", ("Follow", "Cheer")[number % 2], {"n": number})
        assert [(await done.get())[1] for _ in range(20)] == list(range(20))


async def test_a_failing_handler_is_logged_and_harms_nobody(
    fake: FakeOriginal, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()

    def fail(event: Event) -> None:
        heard(event)
        raise RuntimeError("secret of the handler")

    async with connect(fake) as (client, _):
        client.on("Twitch.Follow", fail)
        other = Heard()
        await client.subscribe("Twitch.Follow", other)
        fake.publish("Twitch", "Follow", {"n": 1})
        fake.publish("Twitch", "Follow", {"n": 2})
        assert await heard.names(2) == await other.names(2)
        assert (await client.get_info()).name == "Streamer.bot"
    assert caplog.text.count("the handler of 'Twitch.Follow' failed at Twitch.Follow") == 2


async def test_a_handler_that_hangs_blocks_nobody(fake: FakeOriginal) -> None:
    begun = asyncio.Event()

    async def hang(event: Event) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with connect(fake) as (client, _):
        await client.subscribe("Twitch.Follow", hang)
        other = Heard()
        await client.subscribe("Twitch.Follow", other)
        fake.publish("Twitch", "Follow")
        await begun.wait()
        assert await other.names(1) == ["Twitch.Follow"]
        assert (await client.get_info()).name == "Streamer.bot"


async def test_a_handler_may_use_and_close_the_client(fake: FakeOriginal) -> None:
    states = States()
    async with connect(fake, on_state=states) as (client, _):

        async def handler(event: Event) -> None:
            await client.do_action("Roll", wait=True)
            await client.close()

        await client.subscribe("Twitch.Follow", handler)
        fake.publish("Twitch", "Follow")
        await states.reach(State.CLOSED)
        await fake.next("DoAction")


# --- what goes over the wire --------------------------------------------------------------------------------------


async def test_only_what_changes_is_sent(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _):
        first = await client.subscribe(["Twitch.Follow", "Twitch.Cheer"], print)
        second = await client.subscribe("Twitch.*", print)
        third = await client.subscribe("twitch.follow", print)
        assert [request["events"] for request in fake.requests_so_far() if request["request"] == "Subscribe"] == [
            {"Twitch": ["Follow", "Cheer"]},
            {"Twitch": ["ChatMessage"]},
        ]
        await second.cancel()
        assert (await fake.next("UnSubscribe"))["events"] == {"Twitch": ["ChatMessage"]}
        await first.cancel()
        assert (await fake.next("UnSubscribe"))["events"] == {"Twitch": ["Cheer"]}
        await third.cancel()
        await third.cancel()
        assert (await fake.next("UnSubscribe"))["events"] == {"Twitch": ["Follow"]}
        await client.get_info()
        assert fake.live[0].subscribed == set()


async def test_subscribers_at_the_same_moment_share_one_request(fake: FakeOriginal) -> None:
    held: list[tuple[FakeConnection, Message]] = []
    fake.replies["Subscribe"] = lambda connection, request: held.append((connection, request))
    async with connect(fake) as (client, _):
        both = [await begin(client.subscribe("Twitch.Follow", print)) for _ in range(2)]
        covered = await begin(client.subscribe("twitch.FOLLOW", print))
        await client.get_info()
        assert not any(task.done() for task in (*both, covered))
        ((connection, request),) = held
        connection.answer(request)
        await asyncio.gather(*both, covered)


async def test_a_wildcard_stands_for_what_the_server_lists(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _):
        await client.subscribe("*", print)
        assert (await fake.next("Subscribe"))["events"] == EVENTS


async def test_wildcards_are_spelled_out_anew_on_each_connection(fake: FakeOriginal) -> None:
    states = States()
    async with connect(fake, on_state=states) as (client, connection):
        await states.reach(State.CONNECTED)
        async with client.watch("Twitch.*") as events:
            fake.requests_so_far()
            fake.events = {"Twitch": ["Follow", "Raid"], "Kick": ["Follow"]}
            connection.close(1001)
            await states.reach(State.CONNECTED)
            assert (await fake.next("Subscribe"))["events"] == {"Twitch": ["Follow", "Raid"]}
            fake.publish("Twitch", "Raid")
            assert (await anext(events)).name == "Twitch.Raid"


async def test_an_old_servers_spelling_is_understood(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("stagedoor.streamerbot.client.login.HELLO_GRACE_S", SHORT_S)
    async with FakeOriginal(is_old=True) as fake, connect(fake) as (client, _):
        assert "twitch" in await client.get_events()
        async with client.watch(["Twitch.*", "general.custom"]) as events:
            assert (await fake.next("Subscribe"))["events"] == {
                "twitch": ["Follow", "Cheer", "ChatMessage"],
                "general": ["Custom"],
            }
            fake.publish("Twitch", "Cheer")
            fake.publish("General", "Custom")
            assert [(await anext(events)).name for _ in range(2)] == ["Twitch.Cheer", "General.Custom"]
    assert "does not list" not in caplog.text


@pytest.mark.parametrize(
    "events",
    [None, [], "none", {}, {"err": ["x"], "Twitch": "Follow", "": ["x"], "Kick": None}],
)
async def test_a_server_that_lists_no_events_is_believed_to_have_those_known_here(
    fake: FakeOriginal, events: object, caplog: pytest.LogCaptureFixture
) -> None:
    fake.replies["GetEvents"] = lambda connection, request: connection.answer(request, events=events)
    async with connect(fake) as (client, _):
        await client.subscribe("Twitch.*", print)
        assert "Follow" in (await fake.next("Subscribe"))["events"]["Twitch"]
    assert "lists no events" in caplog.text


async def test_a_server_without_get_events_is_believed_to_have_those_known_here(
    fake: FakeOriginal, caplog: pytest.LogCaptureFixture
) -> None:
    fake.replies["GetEvents"] = lambda connection, request: connection.refuse(request, "what?")
    async with connect(fake) as (client, _):
        await client.subscribe("twitch.follow", print)
        assert (await fake.next("Subscribe"))["events"] == {"Twitch": ["Follow"]}
    assert "GetEvents: what?" in caplog.text


async def test_an_unknown_event_is_asked_for_with_a_warning_and_alone(
    fake: FakeOriginal, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect(fake) as (client, _), client.watch(["Twitch.Follow", "Plugin.News", "Nobody.*"]) as events:
        asked = [request["events"] for request in fake.requests_so_far() if request["request"] == "Subscribe"]
        assert asked == [{"Twitch": ["Follow"]}, {"Plugin": ["News"]}]
        fake.publish("Plugin", "News")
        assert (await anext(events)).name == "Plugin.News"
    assert "does not list the event Plugin.News" in caplog.text
    assert "does not list the event Nobody.*" in caplog.text
    assert "Twitch.Follow" not in caplog.text


async def test_subscriptions_come_back_with_the_connection(fake: FakeOriginal) -> None:
    states = States()
    heard = Heard()
    async with connect(fake, on_state=states) as (client, connection):
        client.on("General.Custom", heard)
        async with client.watch("Twitch.Follow") as events:
            connection.abort()
            await states.reach(State.DISCONNECTED)
            # Made while there is no connection, it waits for the next one.
            raw = await begin(client.subscribe("Raw.Action", heard))
            await states.reach(State.CONNECTED)
            await raw
            fake.requests_so_far()
            for source, kind in (("Twitch", "Follow"), ("General", "Custom"), ("Raw", "Action")):
                fake.publish(source, kind)
            assert (await anext(events)).name == "Twitch.Follow"
            assert sorted(await heard.names(2)) == ["General.Custom", "Raw.Action"]


async def test_everything_is_asked_for_in_one_request_after_a_reconnect(fake: FakeOriginal) -> None:
    states = States()
    async with connect(fake, on_state=states) as (client, connection):
        await client.subscribe("Twitch.Follow", print)
        await client.subscribe("General.Custom", print)
        await states.reach(State.CONNECTED)
        fake.requests_so_far()
        connection.close(1001)
        await states.reach(State.CONNECTED)
        asked = [request["events"] for request in fake.requests_so_far() if request["request"] == "Subscribe"]
        assert asked == [{"Twitch": ["Follow"], "General": ["Custom"]}]


async def test_a_refused_subscription_is_an_error_and_others_stay(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _), client.watch("General.Custom") as events:
        fake.replies["Subscribe"] = lambda connection, request: connection.refuse(request, "too much")
        for _ in range(2):
            with pytest.raises(RequestRefused, match="Subscribe: too much"):
                await client.subscribe(["Twitch.Follow", "General.Custom"], print)
        del fake.replies["Subscribe"]
        heard = Heard()
        await client.subscribe("Twitch.Follow", heard)
        fake.publish("Twitch", "Follow")
        fake.publish("General", "Custom")
        assert await heard.names(1) == ["Twitch.Follow"]
        assert (await anext(events)).name == "General.Custom"


async def test_a_subscription_that_is_refused_after_a_reconnect_ends(
    fake: FakeOriginal, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect(fake) as (client, connection), client.watch("Twitch.Follow") as events:
        client.on("Twitch.Follow", print)
        fake.replies["Subscribe"] = lambda connection, request: connection.refuse(request, "no more")
        connection.close(1001)
        with pytest.raises(RequestRefused, match="no more"):
            await anext(events)
        assert (await client.get_info()).name == "Streamer.bot"
    assert "the handler of 'Twitch.Follow' hears no more: Subscribe: no more" in caplog.text


async def test_a_subscribe_without_an_answer_times_out_and_is_taken_back(fake: FakeOriginal) -> None:
    fake.replies["Subscribe"] = hold
    async with connect(fake, timeout_s=SHORT_S) as (client, _):
        with pytest.raises(RequestTimeout, match="Subscribe"):
            await client.subscribe("Twitch.Follow", print)
        assert (await fake.next("UnSubscribe"))["events"] == {"Twitch": ["Follow"]}


async def test_a_cancelled_subscribe_is_taken_back(fake: FakeOriginal) -> None:
    fake.replies["Subscribe"] = hold
    async with connect(fake) as (client, _):
        subscribing = await begin(client.subscribe("Twitch.Follow", print))
        await fake.next("Subscribe")
        subscribing.cancel()
        await asyncio.wait((subscribing,))
        assert (await fake.next("UnSubscribe"))["events"] == {"Twitch": ["Follow"]}


# --- hearing no more ----------------------------------------------------------------------------------------------


async def test_off_takes_back_what_on_registered(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _):
        one, two = Heard(), Heard()
        client.on(["Twitch.Follow", "Twitch.Cheer"], one)
        client.on("Twitch.Follow", two)
        await client.get_info()
        fake.requests_so_far()

        client.off("twitch.follow", one)
        await client.get_info()
        fake.publish("Twitch", "Follow")
        fake.publish("Twitch", "Cheer")
        assert await two.names(1) == ["Twitch.Follow"]
        assert await one.names(1) == ["Twitch.Cheer"]

        client.off("Twitch.Follow")
        assert (await fake.next("UnSubscribe"))["events"] == {"Twitch": ["Follow"]}
        client.off(handler=one)
        assert (await fake.next("UnSubscribe"))["events"] == {"Twitch": ["Cheer"]}
        client.off("Twitch.Follow")  # Nobody is left, and that is no error.
        with pytest.raises(ValueError, match="name the events"):
            client.off()
    async with client:
        await client.get_info()
        assert "Subscribe" not in [request["request"] for request in fake.requests_so_far()]


async def test_a_handler_that_is_taken_off_gets_not_even_what_waits(fake: FakeOriginal) -> None:
    may_go_on = asyncio.Event()
    heard = Heard()

    async def handler(event: Event) -> None:
        heard(event)
        await may_go_on.wait()

    async with connect(fake) as (client, _):
        client.on("Twitch.Follow", handler)
        await client.get_info()
        for _ in range(3):
            fake.publish("Twitch", "Follow")
        assert await heard.names(1) == ["Twitch.Follow"]
        client.off(handler=handler)
        may_go_on.set()
        await client.get_info()
        assert heard.queue.empty()


async def test_unsubscribing_ends_all_listeners_of_the_event_but_no_wildcards(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _), client.watch("Twitch.*") as wild, client.watch("Twitch.Cheer") as watched:
        client.on("Twitch.Cheer", print)
        await client.subscribe("General.Custom", print)
        fake.requests_so_far()
        await client.unsubscribe(["twitch.cheer", "General.Custom", "Kick.Follow"])
        assert [event async for event in watched] == []
        assert (await fake.next("UnSubscribe"))["events"] == {"General": ["Custom"]}
        fake.publish("Twitch", "Cheer")
        assert (await anext(wild)).name == "Twitch.Cheer"


async def test_what_was_unsubscribed_does_not_come_back(fake: FakeOriginal) -> None:
    states = States()
    async with connect(fake, on_state=states) as (client, connection):
        await states.reach(State.CONNECTED)
        await client.subscribe(["Twitch.Follow", "Twitch.Cheer"], print)
        await client.unsubscribe("Twitch.Follow")
        await client.subscribe("General.Custom", print)
        fake.requests_so_far()
        connection.close(1001)
        await states.reach(State.CONNECTED)
        assert (await fake.next("Subscribe"))["events"] == {"Twitch": ["Cheer"], "General": ["Custom"]}


# --- slow listeners -----------------------------------------------------------------------------------------------


async def test_an_iterator_that_falls_behind_says_so(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _), client.watch("Twitch.Follow", limit=3) as events:
        for number in range(5):
            fake.publish("Twitch", "Follow", {"n": number})
        await client.get_info()
        assert [(await anext(events)).data["n"] for _ in range(3)] == [0, 1, 2]
        with pytest.raises(SubscriptionOverflow, match=r"more than 3 events of 'Twitch\.Follow'"):
            await anext(events)
        await fake.next("UnSubscribe")


async def test_a_handler_that_falls_behind_gets_the_newest(
    fake: FakeOriginal, caplog: pytest.LogCaptureFixture
) -> None:
    heard: asyncio.Queue[object] = asyncio.Queue()
    may_go_on = asyncio.Event()

    async def handler(event: Event) -> None:
        await may_go_on.wait()
        heard.put_nowait(event.data["n"])

    async with connect(fake) as (client, _):
        await client.subscribe("Twitch.Follow", handler, limit=2)
        fake.publish("Twitch", "Follow", {"n": 0})
        await client.get_info()
        for number in range(1, 6):
            fake.publish("Twitch", "Follow", {"n": number})
        await client.get_info()
        may_go_on.set()
        assert [await heard.get() for _ in range(3)] == [0, 4, 5]
    assert caplog.text.count("too slow") == 1


async def test_iterators_end_when_the_client_is_closed(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _), client.watch("*") as events:
        waiting = await begin(anext(events, None))
        await client.close()
        assert await waiting is None
        with pytest.raises(ClientClosed):
            async with client.watch("*"):
                pass


async def test_iterators_tell_what_ended_the_client(fake: FakeOriginal) -> None:
    async with connect(fake, reconnect=False) as (client, connection), client.watch("*") as events:
        connection.close(1012)
        with pytest.raises(Exception, match="1012"):
            await anext(events)


async def test_a_client_that_may_not_come_back_in_time_still_keeps_its_handlers(fake: FakeOriginal) -> None:
    states = States()
    async with connect(fake, reconnect=Reconnect(initial_s=0, max_s=0.01), on_state=states) as (client, _):
        heard = Heard()
        client.on("Twitch.Follow", heard)
        for _ in range(3):
            await fake.stop()
            await states.reach(State.DISCONNECTED)
            await fake.start()
            await states.reach(State.CONNECTED)
        fake.publish("Twitch", "Follow")
        assert await heard.names(1) == ["Twitch.Follow"]
