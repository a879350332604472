"""The Streamer.bot door: events to many sessions, requests, logins; what publishing and following an event costs."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.chat import SHORT_CHAT_MESSAGE, Event, broadcast, chat_message
from benchmarks.client import Client
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, compare
from benchmarks.load import Logins, Pushes, RoundTrips, apply
from benchmarks.plan import Plan
from benchmarks.protocols import PROTOCOLS
from benchmarks.server import PASSWORD, Server

EVENT_TARGET: Final = 0.85
REQUEST_TARGET: Final = 0.6

_VARIABLE: Final = "deaths"
_UNFOLLOWED_KEY: Final = "event/Bench/ChatMessage"
"""A plugin's event, of which no service wants to hear."""


def measure_events(plan: Plan, server: Server, bare: Server) -> Iterator[Figure]:
    """Measure events delivered, also against a floor that joins what one read brought. The writer speaks Kilovolt."""
    for event in (broadcast(), chat_message()):
        size = _size_on_the_wire(server, event)
        for subscribers in plan.subscribers:
            target = EVENT_TARGET if subscribers >= 100 else None
            floors = (("bare", f"/publish/{size}", target), ("bare, joined", f"/joined/publish/{size}", None))
            for counterpart, path, bound in floors:
                yield compare(
                    "h",
                    f"{event.name} of {size:,} bytes to {subscribers:,}",
                    ours=partial(apply, _events(plan, server, event, subscribers)),
                    theirs=partial(apply, _bare_events(plan, bare, event, subscribers, path)),
                    rounds=plan.rounds,
                    counterpart_name=counterpart,
                    target=bound,
                )


def measure_requests(plan: Plan, server: Server, bare: Server) -> Iterator[Figure]:
    """Measure requests that are answered from what is in memory, against answers of the same length."""
    with Client(server.url, server.password) as client:
        entry = {"value": 1234, "lastWrite": "2026-01-05T20:15:00.123+01:00"}
        client.fill({f"global/persisted/{_VARIABLE}": json.dumps(entry)})
    connections, in_flight = plan.request_point
    for name, parameters in (("GetInfo", {}), ("GetGlobal", {"variable": _VARIABLE, "persisted": True})):
        message = PROTOCOLS["streamerbot"].request(name, **parameters)
        ours = RoundTrips(
            url=_url(server),
            password=server.password,
            server_pid=server.pid,
            seconds=plan.seconds,
            connections=connections,
            in_flight=in_flight,
            message=message.decode(),
            protocol="streamerbot",
        )
        theirs = _bare_round_trips(ours, bare, _reply_size(ours))
        yield compare(
            "i",
            f"{name} {connections}x{in_flight}",
            ours=partial(apply, ours),
            theirs=partial(apply, theirs),
            rounds=plan.rounds,
            target=REQUEST_TARGET,
        )


def measure_authentication(plan: Plan, server: Server, bare: Server) -> Iterator[Figure]:
    """Measure connecting, authenticating and closing; the floor answers constants to the same client."""
    ours = Logins(
        url=_url(server),
        password=server.password or "",
        server_pid=server.pid,
        seconds=plan.seconds,
        protocol="streamerbot",
    )
    theirs = Logins(
        url=bare.at("/streamerbot/login"),
        password=PASSWORD,
        server_pid=bare.pid,
        seconds=plan.seconds,
        protocol="streamerbot",
    )
    yield compare(
        "j",
        "connect, authenticate, close",
        ours=partial(apply, ours),
        theirs=partial(apply, theirs),
        rounds=plan.rounds,
    )


def measure_publishing(plan: Plan, server: Server, bare: Server) -> Iterator[Figure]:
    """Measure chat messages completed and published on request, and what the services add to one that is written."""
    connections, in_flight = plan.emit_point
    emit = {"source": "Twitch", "type": "ChatMessage", "data": SHORT_CHAT_MESSAGE}
    ours = RoundTrips(
        url=server.url,
        password=server.password,
        server_pid=server.pid,
        seconds=plan.seconds,
        connections=connections,
        in_flight=in_flight,
        message=PROTOCOLS["kilovolt"].request("kcall", key="stagedoor/@emit", data=json.dumps(emit)).decode(),
    )
    yield compare(
        "k",
        f"chat messages completed by stagedoor/@emit {connections}x{in_flight}",
        ours=partial(apply, ours),
        theirs=partial(apply, _bare_round_trips(ours, bare, _reply_size(ours))),
        rounds=plan.rounds,
    )
    followed = chat_message()
    unfollowed = followed._replace(key=_UNFOLLOWED_KEY)
    yield compare(
        "k",
        "a chat message to 1, followed by services",
        ours=partial(apply, _events(plan, server, followed, 1)),
        theirs=partial(apply, _events(plan, server, unfollowed, 1)),
        rounds=plan.rounds,
        counterpart_name="by none",
    )


def _events(plan: Plan, server: Server, event: Event, subscribers: int) -> Pushes:
    return Pushes(
        url=server.url,
        hear_url=_url(server),
        password=server.password,
        server_pid=server.pid,
        seconds=plan.seconds,
        key=event.key,
        subscribers=subscribers,
        values=event.values,
        protocol="streamerbot",
    )


def _bare_events(plan: Plan, bare: Server, event: Event, subscribers: int, path: str) -> Pushes:
    return Pushes(
        url=bare.at(path),
        hear_url=bare.at("/hear"),
        password=None,
        server_pid=bare.pid,
        seconds=plan.seconds,
        key=event.key,
        subscribers=subscribers,
        values=event.values,
    )


def _bare_round_trips(ours: RoundTrips, bare: Server, size: int) -> RoundTrips:
    return RoundTrips(
        url=bare.at(f"/answer/{size}"),
        password=None,
        server_pid=bare.pid,
        seconds=ours.seconds,
        connections=ours.connections,
        in_flight=ours.in_flight,
        message=ours.message,
        protocol=ours.protocol,
    )


def _reply_size(load: RoundTrips) -> int:
    """Ask once, to know the length of the reply's text."""
    with Client(load.url, load.password, load.protocol) as client:
        return len(client.exchange(load.message.encode()))


def _size_on_the_wire(server: Server, event: Event) -> int:
    """Publish once, to know the length of the message that a session gets."""
    with Client(_url(server), server.password, "streamerbot") as hearer, Client(server.url, server.password) as writer:
        hearer.subscribe(event.key)
        writer.ask("kset", key=event.key, data=event.values[0])
        return len(hearer.receive())


def _url(server: Server) -> str:
    if server.streamerbot_url is None:
        raise BenchmarkError("the server has no Streamer.bot door")
    return server.streamerbot_url
