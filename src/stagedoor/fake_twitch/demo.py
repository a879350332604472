"""A lively evening in the channel of a fake Twitch, to see stagedoor at work without an audience.

A cast of viewers, each with a manner of speaking, chats, follows, subscribes, cheers, raids, redeems and votes. What
happens, and in which order, follows from the seed alone; how fast, from the pace and the world's clock.
"""

import random
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Final, NamedTuple

from stagedoor.fake_twitch.world import World


class Viewer(NamedTuple):
    """A character: how much it speaks beside the others, and what it says."""

    name: str
    talk: int
    lines: tuple[str, ...]


CAST: Final = (
    Viewer(
        "Marla", 6, ("Evening everyone HeyGuys", "I just got home, what did I miss?", "Tea is ready here <3", "lol")
    ),
    Viewer(
        "Tobbe", 9, ("LUL", "LUL LUL", "no way", "clip it!", "that was close", "again again again", "GG", "PogChamp")
    ),
    Viewer(
        "quietowl",
        2,
        ("The lighting looks good today.", "Third time lucky.", "I have followed this for a year now. Lovely stream."),
    ),
    Viewer(
        "Professor_Pixel",
        3,
        (
            "Fun fact: the first emote was Kappa",
            "Technically that is a 16:9 picture",
            "Have you tried turning the overlay off and on?",
            "I wrote a script for that once. It was a mistake.",
        ),
    ),
    Viewer(
        "NightBusDriver", 4, ("on my break, 20 minutes left", "bus is late again NotLikeThis", "good vibes here VoHiYo")
    ),
    Viewer(
        "Juniper",
        5,
        ("@{owner} you are doing great", "hype!", "<3 <3", "can we have the other song?", "yes!!", "!balance"),
    ),
    Viewer("sir_lurkalot", 1, ("!lurk", "still lurking", "!balance", "!redeem hydrate")),
    Viewer(
        "Kiki",
        5,
        ("!discord", "!commands", "what game is this?", "first time here, hello! HeyGuys", "how old is the cat?"),
    ),
    Viewer("Bramble", 3, ("the cat! the cat!", "Kappa", "sounds like a you problem Kappa", ":)")),
    Viewer(
        "oldtimer1987", 3, ("in my day we had 20 viewers and liked it", "this reminds me of 2014", "nice one {owner}")
    ),
    Viewer(
        "Zofia",
        4,
        (
            "hej wszystkim",
            "PogChamp PogChamp",
            "what a play",
            "my sister says hi",
            "!redeem song the one from last week",
        ),
    ),
    Viewer("Deckard", 3, ("audio is a bit low?", "better now", "what keyboard is that?", "!uptime")),
)
"""The regulars."""

PASSERS_BY: Final = (
    "Amsel", "Birke", "Carbo", "Dachs", "Erle", "Fjord", "Ginko", "Hasel", "Iltis", "Jaspis", "Kiebitz", "Linde",
    "Milan", "Nelke", "Otter", "Pirol", "Quarz", "Robbe", "Salbei", "Tanne", "Ulme", "Veilchen", "Wiesel", "Zander",
)  # fmt: skip
"""Who follows, raids and subscribes besides; numbered when they run out."""

REWARDS: Final = (("Hydrate", 300, False), ("Choose the next song", 1500, True), ("Show the cat", 800, False))

POLLS: Final = (
    ("What next?", ("One more round", "Something new", "The cat")),
    ("Tea or coffee?", ("Tea", "Coffee")),
    ("How long?", ("An hour", "Two hours", "All night")),
)

PREDICTIONS: Final = (("Does it work at the first try?", ("Yes", "No")), ("Who wins?", ("We do", "They do")))

CALM_S: Final = 14.0
"""Between two messages on average while not much goes on."""

BUSY_S: Final = 0.35
"""The same while everybody is excited."""

CALMING: Final = 0.988
"""What is left of the excitement after each message."""

Step = tuple[float, Callable[[], object]]
"""How long to wait, in seconds at pace 1, and what to do then."""


class Evening:
    """What happens from the start of the stream on. Endless; the same seed gives the same evening."""

    def __init__(self, world: World, *, seed: int = 1) -> None:
        self._world = world
        self._dice = random.Random(seed)  # noqa: S311 - a play, not a secret
        self._excitement = 0.2
        """From 0, all is calm, to 1, everybody writes at once."""
        self._strangers = 0
        self._begun: list[Iterator[Step]] = []
        """Scripts that begin with the next step."""
        self._last_said: str | None = None

    def steps(self) -> Iterator[Step]:
        """Everything in its order: the chat and all that happens beside it, one script interleaved with the other."""
        now = 0.0
        numbers = count()
        waiting: list[tuple[float, int, Callable[[], object], Iterator[Step]]] = []

        def go_on(script: Iterator[Step]) -> None:
            step = next(script, None)
            if step is not None:
                heappush(waiting, (now + step[0], next(numbers), step[1], script))

        for script in (self._opening(), self._talk(), self._happenings()):
            go_on(script)
        while waiting:
            moment, _, do, script = heappop(waiting)
            yield moment - now, do
            now = moment
            go_on(script)
            while self._begun:
                go_on(self._begun.pop(0))

    def _opening(self) -> Iterator[Step]:
        yield 0.0, lambda: self._world.join(*(viewer.name for viewer in CAST[:5]))
        yield 0.0, self._go_live

    def _talk(self) -> Iterator[Step]:
        while True:
            self._excitement = max(0.05, self._excitement * CALMING)
            mean_s = CALM_S * (BUSY_S / CALM_S) ** self._excitement
            yield self._dice.expovariate(1 / mean_s), self._say

    def _pause(self, mean_s: float) -> float:
        return self._dice.uniform(0.5, 1.5) * mean_s

    def _excite(self, by: float) -> None:
        self._excitement = min(1.0, self._excitement + by)

    def _go_live(self) -> None:
        world = self._world
        for title, cost, takes_text in REWARDS:
            if title not in [reward.title for reward in world.rewards.values()]:
                world.add_reward(title, cost, is_user_input_required=takes_text)
        if world.channel.stream is None:
            world.go_live(viewers=24)

    # -- Chat ----------------------------------------------------------------------------------------------------------

    def _say(self) -> None:
        viewer = self._dice.choices(CAST, [one.talk for one in CAST])[0]
        text = self._dice.choice(viewer.lines).format(owner=self._world.owner.name)
        reply_to = self._last_said if self._dice.random() < 0.08 else None
        self._last_said = self._world.chat(viewer.name, text, reply_to=reply_to)
        stream = self._world.channel.stream
        if stream is not None:
            stream.viewer_count = max(5, stream.viewer_count + self._dice.randint(-2, 2))

    def _viewer(self) -> str:
        return self._dice.choice(CAST).name

    def _stranger(self) -> str:
        number, place = divmod(self._strangers, len(PASSERS_BY))
        self._strangers += 1
        return PASSERS_BY[place] + (str(number + 1) if number else "")

    # -- Everything else -----------------------------------------------------------------------------------------------

    def _happenings(self) -> Iterator[Step]:
        """Endlessly, one thing after the other: in each round everything once, so that nothing is waited for long."""
        kinds = [
            self._follow,
            self._follow,
            self._subscribe,
            self._resubscribe,
            self._gift,
            self._cheer,
            self._cheer,
            self._redeem,
            self._redeem,
            self._raid,
            self._poll,
            self._predict,
            self._hype_train,
            self._moderate,
            self._ads,
        ]
        while True:
            self._dice.shuffle(kinds)
            for kind in kinds:
                yield self._pause(30), lambda kind=kind: self._begun.append(kind())  # type: ignore[misc]

    def _follow(self) -> Iterator[Step]:
        for _ in range(self._dice.randint(1, 3)):
            name = self._stranger()
            yield self._pause(2), lambda name=name: self._world.follow(name)  # type: ignore[misc]
        self._excite(0.05)

    def _subscribe(self) -> Iterator[Step]:
        name = self._stranger()
        tier, prime = self._dice.choice((("1000", False), ("1000", True), ("2000", False)))
        yield 0.0, lambda: self._world.subscribe(name, tier=tier, is_prime=prime)
        self._excite(0.2)

    def _resubscribe(self) -> Iterator[Step]:
        name, months = self._viewer(), self._dice.randint(2, 60)
        text = self._dice.choice(("Still here <3", "Another month PogChamp", "For the cat", ""))
        streak = months if self._dice.random() < 0.5 else None
        yield 0.0, lambda: self._world.resub(name, text, months=months, streak=streak)
        self._excite(0.2)

    def _gift(self) -> Iterator[Step]:
        giver = None if self._dice.random() < 0.15 else self._viewer()
        receivers = [self._stranger() for _ in range(self._dice.choice((1, 1, 5, 5, 10)))]
        yield 0.0, lambda: self._world.gift(giver, *receivers)
        self._excite(0.1 * len(receivers))

    def _cheer(self) -> Iterator[Step]:
        name, bits = self._viewer(), self._dice.choice((1, 50, 100, 100, 500, 1000))
        text = self._dice.choice(("for the cat", "well played", "nice PogChamp", ""))
        yield 0.0, lambda: self._world.cheer(name, bits, text)
        self._excite(bits / 2000)

    def _redeem(self) -> Iterator[Step]:
        world, name = self._world, self._viewer()
        title, _, takes_text = self._dice.choice(REWARDS)
        text = self._dice.choice(("the slow one", "something by ABBA", "your choice")) if takes_text else ""
        made = []
        yield 0.0, lambda: made.append(world.redeem(name, title, text))
        yield self._pause(8), lambda: world.settle(made[0], "fulfilled")

    def _raid(self) -> Iterator[Step]:
        raider, viewers = self._stranger(), self._dice.randint(3, 120)

        def arrive() -> None:
            stream = self._world.channel.stream
            if stream is not None:
                stream.viewer_count += viewers
            self._world.raid(raider, viewers)

        yield 0.0, arrive
        self._excite(0.7)
        for _ in range(min(viewers, 8)):
            name = self._stranger()
            yield self._pause(0.8), lambda name=name: self._world.chat(name, "RAID PogChamp PogChamp")  # type: ignore[misc]
        yield self._pause(5), lambda: self._world.shoutout(raider, viewers=viewers)

    def _poll(self) -> Iterator[Step]:
        world = self._world
        if world.polls and world.polls[0].status == "active":
            return
        title, choices = self._dice.choice(POLLS)
        made = []
        yield 0.0, lambda: made.append(world.poll_begin(title, *choices, seconds=60, points_per_vote=100))
        for _ in range(10):
            choice, points = self._dice.randrange(len(choices)), self._dice.choice((0, 0, 1))
            yield self._pause(6), lambda c=choice, p=points: world.poll_vote(made[0], c, points_votes=p)  # type: ignore[misc]
        yield self._pause(3), lambda: world.poll_end(made[0])

    def _predict(self) -> Iterator[Step]:
        world = self._world
        if world.predictions and world.predictions[0].status in ("active", "locked"):
            return
        title, outcomes = self._dice.choice(PREDICTIONS)
        made = []
        yield 0.0, lambda: made.append(world.prediction_begin(title, *outcomes, seconds=60))
        for _ in range(8):
            name, outcome, points = self._viewer(), self._dice.randrange(len(outcomes)), self._dice.randint(1, 50) * 100
            yield (
                self._pause(6),
                lambda n=name, o=outcome, p=points: world.predict(n, made[0], o, p),  # type: ignore[misc]
            )
        yield self._pause(3), lambda: world.prediction_lock(made[0])
        winner = self._dice.randrange(len(outcomes))
        yield self._pause(40), lambda: world.prediction_end(made[0], winner)
        self._excite(0.4)

    def _hype_train(self) -> Iterator[Step]:
        world = self._world
        if world.hype_train is not None:
            return
        self._excite(0.5)
        first, second = self._viewer(), self._viewer()
        yield 0.0, lambda: world.hype_train_begin(first, 500)
        for _ in range(self._dice.randint(3, 8)):
            name, amount = self._dice.choice((first, second)), self._dice.choice((100, 500, 1000))
            kind = self._dice.choice(("bits", "subscription"))
            yield (
                self._pause(8),
                lambda n=name, a=amount, k=kind: world.hype_train_progress(n, a, kind=k),  # type: ignore[misc]
            )
        yield self._pause(20), world.hype_train_end

    def _moderate(self) -> Iterator[Step]:
        world, name = self._world, self._stranger()
        said = []
        yield 0.0, lambda: said.append(world.chat(name, "BUY FOLLOWERS AT www.example.com"))
        yield self._pause(3), lambda: world.delete_message(said[0], world.bot)
        seconds = self._dice.choice((60, 600, None))
        if seconds is None:
            yield 0.5, lambda: world.ban(name, reason="spam", moderator=world.bot)
        else:
            yield 0.5, lambda: world.timeout(name, seconds, reason="spam", moderator=world.bot)

    def _ads(self) -> Iterator[Step]:
        yield 0.0, lambda: self._world.ad_break(30, is_automatic=True)
        self._excite(-0.1)


async def liven(world: World, *, seed: int = 1, pace: float = 1.0) -> None:
    """Let an evening happen, until cancelled. At ``pace`` 2 everything goes twice as fast."""
    if pace <= 0:
        raise ValueError(f"the pace has to be above 0, not {pace}")
    moment = world.clock.now()
    for wait_s, do in Evening(world, seed=seed).steps():
        moment += wait_s / pace
        await world.clock.sleep_until(moment)
        do()
