"""Points are neither made nor lost, whoever does what at once; on a store on disk, of which the writes take their time.

Each round begins several things in the same turn, so that most find others under way, and waits for all. Somebody else
writes balances, the queue and goals at any time. What is there in the end is what was there before, and what came from
outside: awards, added points, and the differences that foreign writes have made to what they replaced.

strimertül's defects 9 and 13: what is kept in memory disagrees with what is stored, and is changed by many at once.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client
from stagedoor.errors import StoreError
from stagedoor.hub import Change, Hub, LmdbStore, MemoryStore, Store, Write
from stagedoor.keys import GOALS, LEFT_POINTS, POINTS, REDEEM_QUEUE, REWARDS
from stagedoor.services.loyalty.awards import give
from stagedoor.services.loyalty.books import Books, Page, give_back
from stagedoor.services.loyalty.commands import contribute, redeem
from stagedoor.services.loyalty.older import OlderLists, Undone
from stagedoor.services.loyalty.people import Logins, Person
from stagedoor.services.loyalty.records import find, read_record, whole
from stagedoor.services.loyalty.requests import add_points, create_redeem, refund_redeem, remove_redeem
from stagedoor.types import JsonObject
from tests.hub.shaky_store import ShakyStore
from tests.services.harness import encode, open_hub
from tests.services.loyalty.harness import HYDRATE, KARAOKE

LOGINS = ("ada", "bob", "cleo")
START = 250
FOREIGN = "foreign/ev/write"


class Bank:
    """The books, and what they must come to."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.logins = Logins()
        self.client = Client(hub, SERVICE, self._hear)
        self.foreign = Client(hub, SERVICE)
        self.books = Books(self.client, self.logins, now=lambda: 1_790_000_000.0)
        self.state: dict[str, str] = {}
        self.before: int | None = None
        """What there was when the foreign batch began that is being heard."""
        self.outside = 0
        """What came from outside."""
        self.older = OlderLists()
        self.remembered = ""
        """The goals as somebody has read them who will write them back."""
        self.mending: list[asyncio.Future[None]] = []
        self.client.subscribe_prefix("loyalty/")
        self.client.subscribe(FOREIGN)

    def _hear(self, change: Change) -> None:
        """Keep what is visible. A foreign batch begins and ends with a mark."""
        if change.key == FOREIGN:
            if change.value == "begin":
                self.before = self.total()
            else:
                assert self.before is not None
                self.outside += self.total() - self.before
                self.before = None
            return
        if change.key.startswith(POINTS):
            self.logins.hear(change)
            self.older.hear_balance(change)
        elif change.key == GOALS and self.older.hear_goals(self.state.get(GOALS, ""), change):
            assert self.before is not None, "what the books write themselves is never older"
            self.mending.append(asyncio.ensure_future(self._give_back(self.older.take(change.number))))
        self.state[change.key] = change.value

    def total(self) -> int:
        """All points that there are: on balances, paid for what waits, saved for goals."""
        balances = sum(
            whole(find(read_record(key, text), "points"))
            for key, text in self.state.items()
            if key.startswith((POINTS, LEFT_POINTS))
        )
        queue = msgspec.json.decode(self.state.get(REDEEM_QUEUE) or "null") or []
        goals = msgspec.json.decode(self.state.get(GOALS) or "[]")
        prices = sum(entry["reward"]["price"] for entry in queue)
        saved = sum(goal["contributed"] for goal in goals)
        return balances + int(prices) + int(saved)

    async def start(self) -> None:
        balances = [Write(POINTS + login, encode({"points": START})) for login in LOGINS]
        await self.client.put_all(
            [Write(REWARDS, encode([HYDRATE])), Write(GOALS, encode([KARAOKE | {"total": 300}])), *balances]
        )

    def queue(self) -> list[JsonObject]:
        return msgspec.json.decode(self.hub.get(REDEEM_QUEUE) or "null", type=list[JsonObject] | None) or []

    # --- what happens ---

    async def redeem(self, person: Person) -> None:
        await self._turn(lambda page: redeem(page, person, "hydrate", "points"), person)

    async def contribute(self, person: Person, text: str) -> None:
        await self._turn(lambda page: contribute(page, person, text, "points"), person)

    async def _turn(self, command: Callable[[Page], object], person: Person) -> None:
        def decide(page: Page) -> None:
            page.welcome(person)
            command(page)

        await self.books.turn(decide)

    async def add(self, login: str, points: int) -> None:
        try:
            await self.books.turn(lambda page: add_points(page, encode({"username": login, "points": points})))
        except ValueError:
            return
        self.outside += points

    async def award(self, people: list[Person], points: int) -> None:
        await self.books.turn(partial(give, [(person, points) for person in people]))
        self.outside += points * len(people)

    async def create(self, login: str, when: str) -> None:
        entry = {"username": login, "reward": {"id": "hydrate"}, "when": when}
        await self.books.turn(lambda page: create_redeem(page, encode(entry)))
        self.outside += 100

    async def refund(self, index: int) -> None:
        queue = self.queue()
        if queue:
            entry = encode(queue[index % len(queue)])
            await self._ask(lambda page: refund_redeem(page, entry))

    async def remove(self, index: int) -> None:
        queue = self.queue()
        if queue and await self._ask(lambda page: remove_redeem(page, encode(queue[index % len(queue)]))):
            self.outside -= 100

    async def _give_back(self, undone: Undone) -> None:
        """Undo what an older list has undone, which :meth:`_hear` counts as a difference that came from outside."""
        await self.books.turn(partial(give_back, undone))
        self.outside += sum(sum(givers.values()) for givers in undone.values())

    async def remember(self) -> None:
        """Read the goals."""
        self.remembered = self.hub.get(GOALS)

    async def write_back(self) -> None:
        """Write what was read."""
        if self.remembered:
            await self.write(GOALS, msgspec.json.decode(self.remembered))

    async def settle(self) -> list[BaseException | None]:
        """Wait until all that was undone is given back; returns how that ended."""
        mending, self.mending = self.mending, []
        return await asyncio.gather(*mending, return_exceptions=True)

    async def _ask(self, ask: Callable[[Page], object]) -> bool:
        try:
            await self.books.turn(ask)
        except ValueError:
            return False
        return True

    async def write(self, key: str, value: object) -> None:
        """Write as somebody else, and note what it replaced when it is heard."""
        writes = [Write(FOREIGN, "begin"), Write(key, encode(value)), Write(FOREIGN, "end")]
        await self.foreign.put_all(writes)


people = st.builds(
    lambda number, login: Person(f"id-{number}", login, login.title()), st.integers(0, 3), st.sampled_from(LOGINS)
)
whens = st.sampled_from(["2026-05-01T19:00:00+05:30", "2026-05-01T13:30:00Z", "2026-05-01T13:30:00.5Z"])
happenings = st.one_of(
    st.tuples(st.just("redeem"), people),
    st.tuples(st.just("redeem"), people),
    st.tuples(st.just("contribute"), people, st.sampled_from(["", "all", "30", "-5", "karaoke 120"])),
    st.tuples(st.just("add"), st.sampled_from(LOGINS), st.integers(-200, 200)),
    st.tuples(st.just("award"), st.lists(people, max_size=4), st.integers(1, 20)),
    st.tuples(st.just("create"), st.sampled_from(LOGINS), whens),
    st.tuples(st.just("refund"), st.integers(0, 3)),
    st.tuples(st.just("refund"), st.integers(0, 3)),
    st.tuples(st.just("remove"), st.integers(0, 3)),
    st.tuples(
        st.just("write"),
        st.sampled_from([POINTS + login for login in LOGINS]),
        st.builds(lambda points: {"points": points, "note": "theirs"}, st.integers(0, 400)),
    ),
    st.tuples(st.just("remember")),
    st.tuples(st.just("write_back")),
    st.tuples(st.just("write"), st.just(REDEEM_QUEUE), st.none()),
    st.tuples(st.just("write"), st.just(GOALS), st.just([KARAOKE | {"total": 300, "contributed": 20}])),
)
rounds = st.lists(st.lists(happenings, min_size=1, max_size=8), min_size=1, max_size=5)


async def play(store: Store, whole_game: list[list[tuple[str, *tuple[object, ...]]]]) -> None:
    bank = Bank(open_hub(store))
    try:
        await bank.start()
        for round_ in whole_game:
            begun: list[Awaitable[None]] = [getattr(bank, name)(*arguments) for name, *arguments in round_]
            await asyncio.gather(*begun)
            assert not any(await bank.settle())
            check(bank)
    finally:
        await bank.hub.close()


def check(bank: Bank) -> None:
    assert bank.total() == START * len(LOGINS) + bank.outside
    for key, text in bank.state.items():
        assert bank.hub.get(key) == text
        if key.startswith((POINTS, LEFT_POINTS)):
            assert whole(find(read_record(key, text), "points")) >= 0
    (goal,) = msgspec.json.decode(bank.state[GOALS])
    assert goal["contributed"] <= goal["total"]


@settings(max_examples=30)
@given(rounds)
def test_points_are_conserved(whole_game: list[list[tuple[str, *tuple[object, ...]]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(LmdbStore(Path(folder) / "store"), whole_game))


@settings(max_examples=40)
@given(rounds, st.integers(0, 2), st.integers(1, 2))
def test_a_disk_that_fails_changes_nothing_halfway(
    whole_game: list[list[tuple[str, *tuple[object, ...]]]], good: int, failures: int
) -> None:
    """What fails is not there at all, and neither is what was built on it."""

    async def fail() -> None:
        store = ShakyStore(MemoryStore())
        bank = Bank(open_hub(store))
        try:
            await bank.start()
            for number, round_ in enumerate(whole_game):
                if number == good:
                    store.failures = failures
                begun = [getattr(bank, name)(*arguments) for name, *arguments in round_]
                outcomes = [*await asyncio.gather(*begun, return_exceptions=True), *await bank.settle()]
                assert all(outcome is None or isinstance(outcome, StoreError) for outcome in outcomes)
                check(bank)
        finally:
            await bank.hub.close()

    asyncio.run(fail())
