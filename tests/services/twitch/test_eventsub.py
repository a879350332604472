"""EventSub, on sockets that do what a test says and by a clock that it moves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.services.twitch.errors import HelixError, LoginNeeded, TwitchError, Unreachable
from stagedoor.services.twitch.eventsub import MOST_MOVES, REMEMBERED, EventSub
from stagedoor.services.twitch.topics import TOPICS, Topic
from stagedoor.services.twitch.websocket import ConnectionLost
from tests.kilovolt.harness import FakeClock

BASE = "wss://eventsub.example/ws"
NOW = 1_790_000_000.0
CHAT, FOLLOW = TOPICS["channel.chat.message"], TOPICS["channel.follow"]


class Line:
    """A socket; the test is Twitch's end of it."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[str | ConnectionLost] = asyncio.Queue()
        self.is_closed = False

    async def receive(self) -> str:
        message = await self._messages.get()
        if isinstance(message, ConnectionLost):
            self._messages.put_nowait(message)
            raise message
        return message

    async def close(self) -> None:
        self.is_closed = True

    def send(self, text: str) -> None:
        self._messages.put_nowait(text)

    def cut(self, code: int | None = None) -> None:
        self._messages.put_nowait(ConnectionLost("it was cut", code))

    def tell(self, kind: str, payload: object = None, *, id_: str = "", at: float = NOW) -> None:
        moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        metadata = {"message_id": id_, "message_type": kind, "message_timestamp": moment}
        self.send(msgspec.json.encode({"metadata": metadata, "payload": payload or {}}).decode())

    def welcome(self, id_: str = "s1", *, keepalive_s: int | None = 10, at: float = NOW) -> None:
        self.tell("session_welcome", {"session": {"id": id_, "keepalive_timeout_seconds": keepalive_s}}, at=at)

    def move(self, url: str) -> None:
        self.tell("session_reconnect", {"session": {"id": "s1", "reconnect_url": url}})

    def notify(self, word: str, *, id_: str | None = None, at: float = NOW) -> None:
        payload = {"subscription": {"type": CHAT.name}, "event": word}
        self.tell("notification", payload, id_=word if id_ is None else id_, at=at)

    def revoke(self, topic: str, status: str) -> None:
        self.tell("revocation", {"subscription": {"type": topic, "status": status}}, id_=f"revoked {topic}")


class Twitch:
    """Both what is outside and what is tested; nothing waits for anything but the test."""

    def __init__(self, *topics: Topic) -> None:
        self.clock = FakeClock()
        self.now_s = NOW
        self.dialled: list[str] = []
        self.lines: list[Line] = []
        self.is_down = False
        self.asked: list[tuple[str, str]] = []
        """Topics and sessions."""
        self.refusals: dict[str, list[TwitchError]] = {}
        self.before_answer: dict[str, Callable[[], None]] = {}
        """What happens after a topic is taken, and before the answer that tells it."""
        self.heard: list[str] = []
        self.eventsub = EventSub(
            topics or tuple(TOPICS.values()),
            url=BASE,
            connect=self._connect,
            subscribe=self._subscribe,
            deliver=self._hear,
            clock=self.clock,
            now=lambda: self.now_s,
            random=lambda: 0.5,
            changed=lambda: None,
        )
        self.task = asyncio.get_running_loop().create_task(self.eventsub.run())

    async def _connect(self, url: str) -> Line:
        self.dialled.append(url)
        if self.is_down:
            raise ConnectionLost("the network is down")
        self.lines.append(Line())
        return self.lines[-1]

    async def _subscribe(self, topic: Topic, session_id: str) -> None:
        self.asked.append((topic.name, session_id))
        if refusals := self.refusals.get(topic.name):
            raise refusals.pop(0)
        if happen := self.before_answer.pop(topic.name, None):
            happen()
            await self.settle()

    def _hear(self, payload: bytes) -> None:
        self.heard.append(msgspec.json.decode(payload)["event"])

    async def settle(self) -> None:
        """Let everything go on until it waits."""
        for _ in range(300):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Let time pass in steps, in each of which everything goes on until it waits."""
        await self.settle()
        while seconds > 0:
            self.clock.advance(min(seconds, 0.5))
            seconds -= 0.5
            await self.settle()

    async def connect(self, session_id: str = "s1") -> Line:
        """Welcome the newest socket."""
        await self.settle()
        self.lines[-1].welcome(session_id)
        await self.settle()
        return self.lines[-1]

    async def reconnect(self, session_id: str = "s2") -> Line:
        """Let time pass until there is another socket, and welcome it."""
        count = len(self.lines)
        while len(self.lines) == count:
            await self.advance(0.5)
        return await self.connect(session_id)

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    @property
    def how(self) -> str:
        """The connection's state."""
        return self.eventsub.state

    def state(self, topic: Topic) -> tuple[str, str | None]:
        state = self.eventsub.topics[topic.name]
        return state.state, state.reason


@pytest.fixture
async def make() -> AsyncIterator[Callable[..., Twitch]]:
    made: list[Twitch] = []

    def make_one(*topics: Topic) -> Twitch:
        made.append(Twitch(*topics))
        return made[-1]

    yield make_one
    for twitch in made:
        await twitch.close()


@pytest.fixture
async def twitch(make: Callable[..., Twitch]) -> Twitch:
    return make(CHAT, FOLLOW)


# --- topics ---


async def test_all_topics_are_subscribed_to_in_their_order_chat_first(make: Callable[..., Twitch]) -> None:
    twitch = make()
    await twitch.connect("abc")
    assert twitch.asked == [(name, "abc") for name in TOPICS]
    assert twitch.asked[0][0] == "channel.chat.message"
    assert {state.state for state in twitch.eventsub.topics.values()} == {"enabled"}


async def test_a_refused_topic_stops_none_of_the_others(make: Callable[..., Twitch]) -> None:
    # strimertül's defect 21: one refused topic aborts the rest, in random order
    twitch = make()
    names = list(TOPICS)
    twitch.refusals = {
        names[0]: [HelixError(403, "subscription missing proper authorization")],
        names[1]: [HelixError(400, "invalid subscription type and version")],
        names[2]: [HelixError(409, "subscription already exists")],
        names[3]: [HelixError(401, "Missing scope")],
    }
    await twitch.connect()
    states = [twitch.eventsub.topics[name].state for name in names]
    assert states[:5] == ["unavailable", "refused", "enabled", "refused", "enabled"]
    assert set(states[5:]) == {"enabled"}
    assert twitch.eventsub.topics[names[1]].reason == "invalid subscription type and version"


async def test_what_is_not_for_this_channel_is_not_asked_again(twitch: Twitch) -> None:
    twitch.refusals = {CHAT.name: [HelixError(403, "no")], FOLLOW.name: [HelixError(400, "no")]}
    (await twitch.connect()).cut()
    await twitch.reconnect("s2")
    assert twitch.asked[2:] == [(FOLLOW.name, "s2")]
    assert (twitch.state(CHAT), twitch.state(FOLLOW)) == (("unavailable", "no"), ("enabled", None))


@pytest.mark.parametrize(
    "error",
    [
        HelixError(429, "too many"),
        Unreachable("the network is down"),
        HelixError(400, "websocket transport session does not exist or has already disconnected"),
    ],
    ids=["429", "unreachable", "moved"],
)
async def test_a_topic_that_twitch_cannot_take_now_is_asked_again(twitch: Twitch, error: TwitchError) -> None:
    # strimertül's defect 14: a network error while subscribing ends the process
    twitch.refusals = {CHAT.name: [error, error]}
    line = await twitch.connect()
    assert twitch.state(CHAT)[0] == "waiting"
    await twitch.advance(1)
    line.tell("session_keepalive")
    await twitch.advance(2)
    assert twitch.asked == [(name, "s1") for name in (CHAT.name, FOLLOW.name, CHAT.name, CHAT.name)]
    assert twitch.state(CHAT) == twitch.state(FOLLOW) == ("enabled", None)


async def test_without_a_login_nothing_more_is_asked(twitch: Twitch) -> None:
    twitch.refusals = {CHAT.name: [LoginNeeded("streamer", "over")]}
    await twitch.connect()
    assert twitch.asked == [(CHAT.name, "s1")]
    assert twitch.state(CHAT)[0] == "waiting"


async def test_a_failure_that_nobody_meant_stops_none_of_the_others(twitch: Twitch) -> None:
    twitch.refusals = {CHAT.name: [TwitchError("a bug")]}
    await twitch.connect()
    assert (twitch.state(CHAT)[0], twitch.state(FOLLOW)[0]) == ("refused", "enabled")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (
            "authorization_revoked",
            "the permission was taken back at Twitch, or the account has a new password: log in again",
        ),
        ("user_removed", "the account is no longer at Twitch: log in with another one"),
        ("version_removed", "Twitch tells it in another form now: a newer version of stagedoor may know that one"),
        ("beta_over", "Twitch has stopped to tell it (beta_over), and is asked again with the next connection"),
        ("", "Twitch has stopped to tell it, and is asked again with the next connection"),
    ],
)
async def test_a_revoked_topic_is_shown_at_once_and_in_plain_words(twitch: Twitch, status: str, reason: str) -> None:
    line = await twitch.connect()
    line.revoke(FOLLOW.name, status)
    line.revoke("channel.unheard_of", status)
    await twitch.settle()
    assert twitch.state(FOLLOW) == ("revoked", reason)
    assert twitch.state(CHAT) == ("enabled", None)
    assert len(twitch.asked) == 2, "it is not asked for again at once: that would go round and round"


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        # Whether the login still holds is found out by asking, and maybe it does.
        ("authorization_revoked", [CHAT.name, FOLLOW.name]),
        ("beta_over", [CHAT.name, FOLLOW.name]),
        # Neither is another in another session.
        ("user_removed", [CHAT.name]),
        ("version_removed", [CHAT.name]),
    ],
)
async def test_a_revoked_topic_is_asked_for_again_where_that_can_help(
    twitch: Twitch, status: str, asked: list[str]
) -> None:
    line = await twitch.connect()
    line.revoke(FOLLOW.name, status)
    line.cut()
    await twitch.settle()
    assert twitch.state(FOLLOW)[0] == "revoked"
    await twitch.reconnect("s2")
    assert twitch.asked[2:] == [(name, "s2") for name in asked]
    assert twitch.state(FOLLOW)[0] == ("enabled" if FOLLOW.name in asked else "revoked")


async def test_a_topic_that_is_revoked_before_the_answer_came_is_not_shown_as_heard(twitch: Twitch) -> None:
    twitch.before_answer[FOLLOW.name] = lambda: twitch.lines[0].revoke(FOLLOW.name, "authorization_revoked")
    await twitch.connect()
    await twitch.settle()
    assert twitch.state(FOLLOW)[0] == "revoked"


# --- sessions ---


async def test_twitch_is_tried_for_as_long_as_it_takes_and_always_at_the_base_address(
    make: Callable[..., Twitch],
) -> None:
    # strimertül's defect 22, conformance 12: a failed dial ends EventSub for good
    twitch = make(CHAT)
    twitch.is_down = True
    tries: list[int] = []
    for second in range(601):
        await twitch.settle()
        tries += [second] * (len(twitch.dialled) - len(tries))
        await twitch.advance(1)
    assert tries == [0, 1, 3, 7, 15, 31, 63, *range(123, 601, 60)]
    assert twitch.how == "offline"
    assert twitch.eventsub.problem == "the network is down"

    twitch.is_down = False
    await twitch.reconnect()
    assert twitch.how == "connected"
    assert set(twitch.dialled) == {BASE}


async def test_a_session_that_held_is_followed_by_a_short_pause(make: Callable[..., Twitch]) -> None:
    twitch = make(CHAT)
    twitch.is_down = True
    await twitch.advance(40)
    twitch.is_down = False
    line = await twitch.reconnect()
    for _ in range(6):
        await twitch.advance(10)
        line.tell("session_keepalive")
    line.cut()
    await twitch.settle()
    count = len(twitch.dialled)
    await twitch.advance(1)
    assert len(twitch.dialled) == count + 1


async def pause_after(twitch: Twitch, session: str) -> float:
    """Begin a session and cut it; tell how long it takes until another one is tried."""
    (await twitch.connect(session)).cut()
    began = twitch.clock.time()
    count = len(twitch.lines)
    while len(twitch.lines) == count:
        await twitch.advance(0.5)
    return twitch.clock.time() - began


async def test_sessions_that_had_their_topics_are_followed_by_short_pauses_however_short_they_were(
    twitch: Twitch,
) -> None:
    pauses = [await pause_after(twitch, f"s{turn}") for turn in range(8)]
    assert pauses == [1, 2, 4, 5, 5, 5, 5, 5]


async def test_sessions_that_are_welcomed_and_get_no_topics_are_followed_by_longer_and_longer_pauses(
    twitch: Twitch,
) -> None:
    pauses = []
    for turn in range(5):
        twitch.refusals = {CHAT.name: [HelixError(429, "too many")]}
        pauses.append(await pause_after(twitch, f"s{turn}"))
    assert pauses == [1, 2, 4, 8, 16]


async def test_a_silent_session_is_replaced_by_another(twitch: Twitch) -> None:
    line = await twitch.connect()
    await twitch.advance(14.5)
    line.tell("session_keepalive")
    await twitch.advance(14.5)
    assert (twitch.how, len(twitch.lines)) == ("connected", 1)
    await twitch.advance(0.5)
    assert twitch.how == "connecting"
    assert twitch.eventsub.problem == "nothing was heard for 15 s"
    assert line.is_closed
    await twitch.reconnect("s2")
    assert twitch.asked[2:] == [(CHAT.name, "s2"), (FOLLOW.name, "s2")]


@pytest.mark.parametrize("word", ["", "{", '{"metadata":{"message_type":"session_keepalive"},"payload":{}}'])
async def test_what_begins_without_a_welcome_is_given_up(twitch: Twitch, word: str) -> None:
    await twitch.settle()
    line = twitch.lines[0]
    if word:
        line.send(word)
        await twitch.settle()
    else:
        await twitch.advance(10)
    assert line.is_closed
    await twitch.reconnect()
    assert twitch.how == "connected"


async def test_the_end_closes_the_sockets(twitch: Twitch) -> None:
    # strimertül's defect 22: sockets leak until Twitch takes no more of them
    line = await twitch.connect()
    line.move("wss://other.example/")
    await twitch.settle()
    await twitch.close()
    assert len(twitch.lines) == 2
    assert all(line.is_closed for line in twitch.lines)


# --- moving ---


async def test_a_session_that_moves_loses_nothing_and_hears_nothing_twice(twitch: Twitch) -> None:
    # strimertül's defect 22, conformance 12: the old socket is read until the new one has welcomed us
    old = await twitch.connect()
    old.notify("1")
    old.move("wss://other.example/?key=1")
    old.notify("2")
    await twitch.settle()
    assert twitch.dialled == [BASE, "wss://other.example/?key=1"]
    assert twitch.heard == ["1", "2"]
    old.notify("3")
    await twitch.settle()
    new = await twitch.connect("s2")
    new.notify("3")
    new.notify("4")
    await twitch.settle()
    old.notify("5")
    await twitch.settle()
    assert twitch.heard == ["1", "2", "3", "4", "5"]
    assert [line.is_closed for line in twitch.lines] == [False, False]
    await twitch.advance(2)
    assert [line.is_closed for line in twitch.lines] == [True, False]
    assert len(twitch.asked) == 2  # the subscriptions have moved along


async def test_a_session_moves_again_and_again(twitch: Twitch) -> None:
    line = await twitch.connect()
    for turn in range(5):
        line.move(f"wss://{turn}.example/")
        line = await twitch.connect(f"s{turn}")
        line.notify(str(turn))
        await twitch.settle()
    await twitch.advance(2)
    assert twitch.heard == ["0", "1", "2", "3", "4"]
    assert [line.is_closed for line in twitch.lines] == [True] * 5 + [False]


async def test_an_end_while_a_session_is_given_up_is_the_end(twitch: Twitch) -> None:
    async def take_time_to_end(topic: Topic, session_id: str) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for _ in range(20):
                await asyncio.sleep(0)

    twitch.eventsub._subscribe = take_time_to_end
    line = await twitch.connect()
    line.cut()
    for _ in range(10):
        await asyncio.sleep(0)
    twitch.task.cancel()
    await twitch.settle()
    assert twitch.task.cancelled()


async def test_a_session_that_does_nothing_but_move_is_given_up(twitch: Twitch) -> None:
    line = await twitch.connect()
    for turn in range(MOST_MOVES):
        line.move(f"wss://{turn}.example/")
        line = await twitch.connect(f"s{turn}")
    line.move("wss://again.example/")
    for _ in range(5):  # so many sockets take their time to be closed
        await twitch.settle()
    assert len(twitch.dialled) == 1 + MOST_MOVES
    assert (twitch.how, twitch.eventsub.problem) == ("connecting", "Twitch moved the session 100 times within a minute")
    await twitch.reconnect()
    assert twitch.dialled[-1] == BASE
    assert all(line.is_closed for line in twitch.lines[:-1])


async def test_an_old_socket_that_ends_early_does_no_harm(twitch: Twitch) -> None:
    old = await twitch.connect()
    old.move("wss://other.example/")
    old.cut()
    await twitch.settle()
    new = await twitch.connect("s2")
    new.notify("1")
    await twitch.settle()
    assert twitch.heard == ["1"]
    assert twitch.how == "connected"


async def test_while_an_address_to_move_to_fails_the_old_socket_tells_everything_once(twitch: Twitch) -> None:
    old = await twitch.connect()
    twitch.is_down = True
    old.move("wss://other.example/")
    for second in range(7):
        old.notify(f"before {second}")
        await twitch.advance(1)
    assert twitch.dialled == [BASE, *["wss://other.example/"] * 4]
    assert twitch.heard == [f"before {second}" for second in range(7)]
    assert twitch.how == "connected"
    twitch.is_down = False
    new = await twitch.reconnect("s2")
    new.notify("before 6")
    new.notify("after")
    await twitch.settle()
    assert twitch.heard[6:] == ["before 6", "after"]
    assert twitch.dialled[5:] == ["wss://other.example/"]
    assert len(twitch.asked) == 2  # the subscriptions have moved along
    await twitch.advance(2)
    assert [line.is_closed for line in twitch.lines] == [True, False]


async def test_an_address_to_move_to_that_does_not_welcome_us_is_tried_again(twitch: Twitch) -> None:
    old = await twitch.connect()
    old.move("wss://other.example/")
    await twitch.settle()
    twitch.lines[1].cut()
    old.notify("1")
    await twitch.settle()
    assert twitch.lines[1].is_closed
    new = await twitch.reconnect("s2")
    new.notify("2")
    await twitch.settle()
    assert twitch.heard == ["1", "2"]
    assert twitch.dialled == [BASE, *["wss://other.example/"] * 2]


async def test_an_address_to_move_to_that_fails_until_the_old_socket_ends_leads_back_to_the_base_address(
    twitch: Twitch,
) -> None:
    # strimertül's defect 22: with the address to move to it ends for good
    old = await twitch.connect()
    twitch.is_down = True
    old.move("wss://other.example/")
    await twitch.advance(0.5)
    assert twitch.dialled == [BASE, "wss://other.example/"]
    old.notify("1")
    old.cut(4004)
    await twitch.settle()
    assert twitch.how == "connecting"
    assert old.is_closed
    twitch.is_down = False
    await twitch.reconnect("s2")
    assert twitch.dialled[2:] == [BASE]
    assert twitch.asked[2:] == [(CHAT.name, "s2"), (FOLLOW.name, "s2")]
    assert twitch.heard == ["1"]


async def test_an_address_to_move_to_that_was_used_leads_back_to_the_base_address_at_once(twitch: Twitch) -> None:
    """The welcome was lost: the subscriptions are where nobody reads, and the old socket is only kept alive."""
    old = await twitch.connect()
    old.move("wss://other.example/")
    await twitch.settle()
    twitch.lines[1].cut()
    while len(twitch.lines) < 3:
        await twitch.advance(0.5)
    twitch.lines[2].cut(4007)
    await twitch.reconnect("s2")
    assert twitch.dialled == [BASE, *["wss://other.example/"] * 2, BASE]
    assert [line.is_closed for line in twitch.lines] == [True, True, True, False]
    assert twitch.asked[2:] == [(CHAT.name, "s2"), (FOLLOW.name, "s2")]


async def test_the_end_while_an_address_to_move_to_fails_closes_the_sockets(twitch: Twitch) -> None:
    old = await twitch.connect()
    twitch.is_down = True
    old.move("wss://other.example/")
    await twitch.settle()
    await twitch.close()
    assert old.is_closed
    assert twitch.task.cancelled()


# --- messages ---


async def test_a_message_that_comes_twice_is_heard_once(twitch: Twitch) -> None:
    line = await twitch.connect()
    for word in ("1", "2", "1", "3", "2"):
        line.notify(word)
    await twitch.settle()
    assert twitch.heard == ["1", "2", "3"]


async def test_two_copies_at_a_time_do_not_both_pass(twitch: Twitch) -> None:
    # strimertül notes a message after it was processed
    old = await twitch.connect()
    old.move("wss://other.example/")
    new = await twitch.connect("s2")
    old.notify("1")
    new.notify("1")
    await twitch.settle()
    assert twitch.heard == ["1"]


async def test_what_is_remembered_of_messages_does_not_grow(twitch: Twitch) -> None:
    line = await twitch.connect()
    for number in range(REMEMBERED + 1):
        line.notify(str(number))
    await twitch.settle()
    line.notify("1")
    line.notify("0")
    while len(twitch.heard) < REMEMBERED + 2:
        await twitch.settle()
    assert twitch.heard[-1] == "0"
    assert len(twitch.eventsub._seen) == REMEMBERED


@pytest.mark.parametrize(("age_s", "heard"), [(599, ["1"]), (601, []), (-30, ["1"])])
async def test_what_is_too_old_does_not_count(twitch: Twitch, age_s: float, heard: list[str]) -> None:
    line = await twitch.connect()
    line.notify("1", at=NOW - age_s)
    await twitch.settle()
    assert twitch.heard == heard


@pytest.mark.parametrize("skew_s", [-7200, 7200])
async def test_who_has_a_wrong_clock_is_not_deaf(twitch: Twitch, skew_s: float) -> None:
    await twitch.settle()
    (line,) = twitch.lines
    line.welcome(at=NOW - skew_s)
    line.notify("new", at=NOW - skew_s)
    line.notify("old", at=NOW - skew_s - 700)
    await twitch.settle()
    assert twitch.heard == ["new"]


@pytest.mark.parametrize("jump_s", [-7200, 7200])
async def test_who_puts_a_clock_right_is_not_deaf(twitch: Twitch, jump_s: float) -> None:
    line = await twitch.connect()
    twitch.now_s += jump_s
    line.notify("new")
    line.notify("old", at=NOW - 700)
    await twitch.settle()
    assert twitch.heard == ["new"]


_MESSAGE = (
    r'\{"metadata":\{"message_type":"(notification|revocation|session_reconnect|session_welcome|x)"'
    r'(,"message_id":"\w*")?(,"message_timestamp":"[0-9T:Z-]*")?\},'
    r'"payload":(\{\}|null|1|\{"session":\{\}\}|\{"subscription":\{"type":"x"\}\})\}'
)


@given(st.lists(st.one_of(st.text(), st.from_regex(_MESSAGE, fullmatch=True)), max_size=5))
async def test_nothing_that_twitch_can_say_ends_a_session(words: list[str]) -> None:
    twitch = Twitch(CHAT)
    line = await twitch.connect()

    def hear(payload: bytes) -> None:
        twitch.heard.append(payload.decode())

    twitch.eventsub._deliver = hear
    for word in words:
        line.send(word)
    line.notify("after", id_="the last")
    await twitch.settle()
    assert "after" in twitch.heard[-1]
    assert twitch.how == "connected"
    await twitch.close()
