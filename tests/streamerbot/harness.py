"""Streamer.bot sessions without sockets: a stage with a hub, small services, and the connections that come through."""

import base64
from collections.abc import Callable
from typing import Any

import msgspec

from stagedoor import keys
from stagedoor.access import (
    SERVICE,
    Challenge,
    Client,
    Clock,
    Doorkeeper,
    OriginClass,
    OriginPolicy,
    OverlayKeys,
    RememberedApps,
    sign_twice,
)
from stagedoor.errors import RequestFailed
from stagedoor.hub import Catalogue, Hub, MemoryStore, Store, Write
from stagedoor.streamerbot.events import event_key
from stagedoor.streamerbot.reception import Authentication, Reception
from stagedoor.streamerbot.session import Session
from stagedoor.types import JsonObject
from stagedoor.wire import Peer
from tests.kilovolt.harness import FakeClock, FakeWire

INSTANCE = "b63152c5-5bfe-4751-8644-579f7fb4a682"
ACTION = "47da7c2c-1b7e-4ee7-9bbf-306bf18ff1b8"
RUN = "c83dd939-9f86-4435-b07c-b6e7e3eef134"

VECTOR_SALT = bytes(range(32))
VECTOR_CHALLENGE = bytes(range(32, 64))

CREDITS: JsonObject = {
    "events": {"follows": ["Ann"], "raided": ["Zoe"], "hypetrains": ["Eve"]},
    "users": {"moderators": ["Bob"], "groups": []},
    "hypeTrain": {"conductors": ["Eve"], "contributors": ["Dan"]},
    "top": {"allBits": ["Cy"], "channelRewards": ["Hydrate"]},
    "groups": {"Friends": ["Fay"]},
    "custom": {"Art": ["Gil"]},
}


class VectorDoorkeeper(Doorkeeper):
    """Issues the salt and the challenge of the protocol's test vectors."""

    def challenge(self) -> Challenge:
        return Challenge(VECTOR_CHALLENGE, VECTOR_SALT, self.clock.time() + 60)


class Line:
    """One connection: a session and its wire. The greeting has been heard."""

    def __init__(self, stage: "Stage", peer: Peer) -> None:
        self.stage = stage
        self.wire = FakeWire()
        self.session = Session(stage.hub, stage.reception, self.wire, peer)
        self.greeting = self.wire.take()[0]
        self.hello = msgspec.json.decode(self.greeting, type=dict[str, Any])
        self.is_open = True

    async def send(self, text: str) -> None:
        self.session.receive(text)

    async def next(self) -> str:
        return await self.wire.next()

    async def leave(self) -> None:
        if self.is_open:
            self.is_open = False
            self.session.close()
            await self.wire.end()

    # --- for tests that think in requests ---

    def ask(self, request: str, *, id: object = "1", **parameters: object) -> None:  # noqa: A002  (the wire's word)
        """Send a request and wait for nothing."""
        self.session.receive(encode({"request": request, "id": id, **parameters}))

    async def answer(self, request: str, **parameters: object) -> dict[str, Any]:
        """Send a request and return the next message."""
        self.ask(request, **parameters)
        return await self.next_object()

    async def next_object(self) -> dict[str, Any]:
        return msgspec.json.decode(await self.wire.next(), type=dict[str, Any])

    async def authenticate(self, password: str) -> dict[str, Any]:
        """Answer the challenge."""
        return await self.answer("Authenticate", authentication=solve(self.hello, password))

    async def fence(self) -> list[dict[str, Any]]:
        """Everything that comes before the answer to a request that is sent now."""
        self.ask("GetInfo", id="the fence")
        found: list[dict[str, Any]] = []
        while True:
            message = await self.next_object()
            if message.get("id") == "the fence":
                return found
            found.append(message)

    async def events(self) -> list[tuple[str, str, object]]:
        """Source, type and data of every event until now, and nothing else may have come."""
        return [read_event(message) for message in await self.fence()]


class Stage:
    """A hub, a door, and the connections that come through it. Services answer as little as they can."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        mode: str = "on",
        password: str = "a password for the tests",
        guests_may_speak: bool = False,
        offers_challenge: bool = False,
        vectors: bool = False,
        platforms: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self.fake_clock = FakeClock()
        self.clock = clock or self.fake_clock
        self.hub = Hub(store or MemoryStore(), Catalogue(keys.SPECS))
        kind = VectorDoorkeeper if vectors else Doorkeeper
        self.apps = RememberedApps(self.clock.time, lambda: None)
        self.overlay_keys = OverlayKeys(self.clock.time, lambda: None)
        self.doorkeeper = kind(
            self.clock, password=password, apps=self.apps, overlay_keys=self.overlay_keys, sign=sign_twice
        )
        self.reception = Reception(
            self.doorkeeper,
            instance_id=INSTANCE,
            guests_may_speak=guests_may_speak,
            offers_challenge=offers_challenge,
        )
        self.reception.change(Authentication(mode), password)
        self.owner = Client(self.hub, SERVICE)
        self.lines: list[Line] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        """What the services were asked."""
        self.retire: dict[str, Callable[[], None]] = {}
        """Ends a service."""
        self._serve_requests(platforms=platforms)

    def connect(self, *, address: str = "127.0.0.1", origin: str | None = None) -> Line:
        must_prove = OriginPolicy().classify(origin) is OriginClass.OPAQUE
        line = Line(self, Peer(address, origin, must_prove))
        self.lines.append(line)
        return line

    def happen(self, source: str, type_: str, data: object = None) -> None:
        """Let an event happen."""
        self.write(event_key(source, type_), encode({} if data is None else data))

    def write(self, key: str, value: str | None) -> None:
        """Write a key; the store of most tests is in memory, so that it is done at once."""
        self.owner.write([Write(key, value)], _raise)

    async def close(self) -> None:
        for line in self.lines:
            await line.leave()
        await self.hub.close()

    # --- services ---

    def _serve_requests(self, *, platforms: bool) -> None:
        answers: dict[str, JsonObject] = {
            keys.ACTION_LIST: {"actions": [{"id": ACTION, "name": "Wave"}], "count": 1},
            keys.CODE_TRIGGER_LIST: {"triggers": [], "count": 0},
            keys.COMMAND_LIST: {"commands": [], "count": 0},
            keys.VIEWERS_ACTIVE: {"viewers": [], "count": 0},
            keys.CREDITS_GET: CREDITS,
            keys.CREDITS_SAMPLE: CREDITS,
            keys.CREDITS_CLEAR: {},
            keys.FIRST_WORDS_CLEAR: {},
            keys.PRONOUNS_GET: {"userLogin": "ann", "pronoun": {"pronounSubject": "They"}},
        }
        if platforms:
            answers |= {f"platform/{name}/@send-message": {} for name in ("twitch", "kick", "trovo", "youtube")}
        for key, answer in answers.items():
            self._serve(key, answer)
        self.retire[keys.ACTION_RUN] = self.owner.serve(keys.ACTION_RUN, self._run_action)
        self.retire[keys.CODE_TRIGGER_EXECUTE] = self.owner.serve(keys.CODE_TRIGGER_EXECUTE, self._execute_trigger)

    def _serve(self, key: str, answer: JsonObject) -> None:
        async def handle(value: str) -> str:
            self.asked.append((key, _decode(value)))
            return encode(answer)

        self.retire[key] = self.owner.serve(key, handle)

    async def _run_action(self, value: str) -> str:
        """Run an action: ``Wave`` is there, ``Break`` is a bug; one that is waited for ends at once."""
        request = _decode(value)
        self.asked.append((keys.ACTION_RUN, request))
        action, arguments = request["action"], request.get("args", {})
        if action.get("name") == "Break":
            raise RuntimeError("a bug in the service")
        if action.get("id") != ACTION and action.get("name") != "Wave":
            raise RequestFailed("Action not found")
        if "sbClientResponse" in arguments:
            self.happen("Custom", "Event", {"eventName": arguments["sbClientResponse"], "args": arguments})
        return encode({"args": arguments, "actionId": ACTION, "runningActionId": RUN})

    async def _execute_trigger(self, value: str) -> str:
        request = _decode(value)
        self.asked.append((keys.CODE_TRIGGER_EXECUTE, request))
        if request["triggerName"] != "wave":
            raise RequestFailed("Code trigger not found")
        return "{}"


def encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _decode(text: str) -> dict[str, Any]:
    return msgspec.json.decode(text, type=dict[str, Any])


def _raise(error: Exception | None) -> None:
    if error is not None:
        raise error


def read_event(message: dict[str, Any]) -> tuple[str, str, object]:
    """Take an event's envelope apart, which has exactly these members."""
    assert list(message) == ["timeStamp", "event", "data"]
    name = message["event"]
    assert list(name) == ["source", "type"]
    return name["source"], name["type"], message["data"]


def solve(hello: dict[str, Any], password: str) -> str:
    """The right answer to the challenge in a greeting."""
    offered = hello["authentication"]
    challenge, salt = base64.b64decode(offered["challenge"]), base64.b64decode(offered["salt"])
    return base64.b64encode(sign_twice(password, challenge, salt)).decode()
