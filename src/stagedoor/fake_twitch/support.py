"""What viewers of a fake Twitch do for the channel: follow, subscribe, cheer, raid, and what grows from it."""

from dataclasses import dataclass, field
from typing import Final

from stagedoor.fake_twitch.chatroom import EMOTES, Chatroom
from stagedoor.fake_twitch.clock import Clock, exact_time
from stagedoor.fake_twitch.people import Subscriber, User, named
from stagedoor.types import JsonObject

HYPE_TRAIN_S: Final = 300.0
HYPE_TRAIN_GOALS: Final = (1600, 3400, 5500, 7800, 10800)


@dataclass(slots=True)
class HypeTrain:
    """A hype train on its way, or the last one."""

    id: str
    started_at: float
    expires_at: float
    level: int = 1
    total: int = 0
    bits: dict[str, int] = field(default_factory=dict)
    subs: dict[str, int] = field(default_factory=dict)

    @property
    def progress(self) -> int:
        """What has been given since this level began."""
        return self.total - sum(HYPE_TRAIN_GOALS[: self.level - 1])

    @property
    def goal(self) -> int:
        """What this level takes."""
        return HYPE_TRAIN_GOALS[min(self.level, len(HYPE_TRAIN_GOALS)) - 1]


@dataclass(slots=True)
class Goal:
    """A creator goal; ``kind`` is EventSub's word: ``follow``, ``subscription``, ``new_subscription_count``…"""

    id: str
    kind: str
    description: str
    current: int
    target: int
    started_at: float


@dataclass(slots=True)
class Donation:
    """A gift to the charity, in hundredths of a dollar."""

    id: str
    user: User
    cents: int


@dataclass(slots=True)
class Charity:
    """A charity campaign; amounts in hundredths of a dollar."""

    id: str
    name: str
    target_cents: int
    current_cents: int = 0
    donations: list[Donation] = field(default_factory=list)


class Support(Chatroom):
    """The channel's supporters."""

    def __init__(self, clock: Clock, *, owner: str, bot: str, seed: int) -> None:
        super().__init__(clock, owner=owner, bot=bot, seed=seed)
        self.gifted: dict[str, int] = {}
        self.cheered: dict[str, int] = {}
        """Bits by user id."""
        self.hype_train: HypeTrain | None = None
        self.hype_train_record: HypeTrain | None = None
        self.goals: list[Goal] = []
        self.charity: Charity | None = None

    # -- Following and subscribing -------------------------------------------------------------------------------------

    def follow(self, who: User | str) -> None:
        """Follow the channel."""
        user = self.user(who)
        self.channel.followers[user.id] = self.clock.now()
        people = {**named("user", user), **self._room()}
        self.tell("channel.follow", {**people, "followed_at": exact_time(self.clock.now())})

    def subscribe(self, who: User | str, *, tier: str = "1000", is_prime: bool = False) -> None:
        """Subscribe for the first time."""
        user = self.user(who)
        self.channel.subscribers[user.id] = Subscriber(tier)
        self._subscribed(user, tier, is_gift=False)
        how = "with Prime" if is_prime else f"at Tier {tier[0]}"
        what = {"sub_tier": tier, "is_prime": is_prime, "duration_months": 1}
        self.notify(user, "sub", f"{user.name} subscribed {how}.", what)

    def resub(
        self,
        who: User | str,
        text: str = "",
        *,
        months: int = 2,
        streak: int | None = None,
        tier: str = "1000",
        is_prime: bool = False,
    ) -> None:
        """Share the anniversary of a subscription. ``months`` counts all, ``streak`` those in a row, if shared."""
        user = self.user(who)
        self.channel.subscribers[user.id] = Subscriber(tier, months)
        self.tell(
            "channel.subscription.message",
            {
                **named("user", user),
                **self._room(),
                "tier": tier,
                "message": {"text": text, "emotes": _emote_places(text)},
                "cumulative_months": months,
                "streak_months": streak,
                "duration_months": 1,
            },
        )
        self.notify(
            user,
            "resub",
            f"{user.name} subscribed at Tier {tier[0]}. They've subscribed for {months} months!",
            {
                "cumulative_months": months,
                "duration_months": 1,
                "streak_months": streak,
                "sub_tier": tier,
                "is_prime": is_prime,
                "is_gift": False,
                "gifter_is_anonymous": None,
                **named("gifter_user", None),
            },
            text=text,
        )

    def gift(self, who: User | str | None, *to: User | str, tier: str = "1000") -> None:
        """Give subscriptions to people; nobody as ``who`` is an anonymous gift."""
        giver = self.user(who) if who is not None else None
        total: int | None = None
        if giver is not None:
            total = self.gifted[giver.id] = self.gifted.get(giver.id, 0) + len(to)
        self.tell(
            "channel.subscription.gift",
            {
                **named("user", giver),
                **self._room(),
                "total": len(to),
                "tier": tier,
                "cumulative_total": total,
                "is_anonymous": giver is None,
            },
        )
        name = giver.name if giver is not None else "An anonymous user"
        batch = None
        if len(to) > 1:
            batch = self.new_number()
            sentence = f"{name} is gifting {len(to)} Tier {tier[0]} Subs to {self.owner.name}'s community!"
            what: JsonObject = {"id": batch, "total": len(to), "sub_tier": tier, "cumulative_total": total}
            self.notify(giver, "community_sub_gift", sentence, what)
        for one in to:
            receiver = self.user(one)
            self.channel.subscribers[receiver.id] = Subscriber(tier, gifter=giver, is_gift=True)
            self._subscribed(receiver, tier, is_gift=True)
            self.notify(
                giver,
                "sub_gift",
                f"{name} gifted a Tier {tier[0]} sub to {receiver.name}!",
                {
                    "duration_months": 1,
                    "cumulative_total": total if batch is None else None,
                    **named("recipient_user", receiver),
                    "sub_tier": tier,
                    "community_gift_id": batch,
                },
            )

    def end_subscription(self, who: User | str) -> None:
        """Let a subscription run out."""
        user = self.user(who)
        had = self.channel.subscribers.pop(user.id, None) or Subscriber()
        people = {**named("user", user), **self._room()}
        self.tell("channel.subscription.end", {**people, "tier": had.tier, "is_gift": had.is_gift})

    def _subscribed(self, user: User, tier: str, *, is_gift: bool) -> None:
        self.tell("channel.subscribe", {**named("user", user), **self._room(), "tier": tier, "is_gift": is_gift})

    def watch_streak(self, who: User | str, streams: int, text: str = "") -> None:
        """Share how many streams in a row one has watched."""
        user = self.user(who)
        sentence = f"{user.name} watched {streams} consecutive streams and sparked a watch streak!"
        self.notify(user, "watch_streak", sentence, {"streak_count": streams, "channel_points_awarded": 450}, text=text)

    # -- Bits ----------------------------------------------------------------------------------------------------------

    def cheer(self, who: User | str | None, bits: int, text: str = "") -> None:
        """Cheer; nobody as ``who`` is an anonymous cheer, which says nothing in chat."""
        user = self.user(who) if who is not None else None
        said = f"Cheer{bits} {text}".strip()
        self.tell(
            "channel.cheer",
            {
                "is_anonymous": user is None,
                **named("user", user),
                **self._room(),
                "message": said,
                "bits": bits,
            },
        )
        if user is None:
            return
        self.cheered[user.id] = self.cheered.get(user.id, 0) + bits
        self._use_bits(user, bits, "cheer", said)
        self.chat(user, said, bits=bits)

    def power_up(self, who: User | str, bits: int, kind: str = "celebration", text: str | None = None) -> None:
        """Pay for a power-up: ``message_effect``, ``celebration`` or ``gigantify_an_emote``."""
        self._use_bits(self.user(who), bits, "power_up", text, kind)

    def _use_bits(self, user: User, bits: int, use: str, text: str | None, power_up: str | None = None) -> None:
        what: JsonObject | None = None
        if power_up is not None:
            emote = {"id": EMOTES["PogChamp"], "name": "PogChamp"} if power_up == "gigantify_an_emote" else None
            effect = "cosmic-abyss" if power_up == "message_effect" else None
            what = {"type": power_up, "emote": emote, "message_effect_id": effect}
        self.tell(
            "channel.bits.use",
            {
                **self._room(),
                **named("user", user),
                "bits": bits,
                "type": use,
                "message": None if text is None else self.parse(text, bits=bits),
                "power_up": what,
                "custom_power_up": None,
            },
        )

    # -- Raids ---------------------------------------------------------------------------------------------------------

    def raid(self, who: User | str, viewers: int) -> None:
        """Arrive from another channel with its viewers."""
        raider = self.user(who)
        self._raided(raider, self.owner, viewers)
        self.notify(
            raider,
            "raid",
            f"{viewers} raiders from {raider.name} have joined!",
            {**named("user", raider), "viewer_count": viewers, "profile_image_url": portrait(raider)},
        )

    def raid_out(self, to: User | str, viewers: int, *, moderator: User | str | None = None) -> None:
        """Send the owner's viewers to another channel."""
        target = self.user(to)
        self._raided(self.owner, target, viewers)
        self._moderate(moderator, "raid", {**named("user", target), "viewer_count": viewers})

    def _raided(self, raider: User, target: User, viewers: int) -> None:
        people = {**named("from_broadcaster_user", raider), **named("to_broadcaster_user", target)}
        where = {"from_broadcaster_user_id": raider.id, "to_broadcaster_user_id": target.id}
        self.tell("channel.raid", {**people, "viewers": viewers}, **where)

    def shoutout(self, to: User | str, *, viewers: int = 0, moderator: User | str | None = None) -> None:
        """Recommend another channel."""
        target, by = self.user(to), self.user(moderator) if moderator is not None else self.owner
        now = self.clock.now()
        self.tell(
            "channel.shoutout.create",
            {
                **self._room(),
                **named("to_broadcaster_user", target),
                **named("moderator_user", by),
                "viewer_count": viewers,
                "started_at": exact_time(now),
                "cooldown_ends_at": exact_time(now + 120),
                "target_cooldown_ends_at": exact_time(now + 3600),
            },
        )

    def receive_shoutout(self, who: User | str, *, viewers: int = 0) -> None:
        """Be recommended by another channel."""
        people = {**self._room(), **named("from_broadcaster_user", self.user(who))}
        event = {**people, "viewer_count": viewers, "started_at": exact_time(self.clock.now())}
        self.tell("channel.shoutout.receive", event)

    # -- Hype trains ---------------------------------------------------------------------------------------------------

    def hype_train_begin(self, who: User | str = "Conductor", amount: int = 500) -> HypeTrain:
        """Set a hype train going by somebody's bits."""
        now = self.clock.now()
        self.hype_train = train = HypeTrain(self.new_id(), now, now + HYPE_TRAIN_S)
        self._contribute(train, self.user(who), amount, "bits")
        best = self.hype_train_record or train
        record = {"all_time_high_level": best.level, "all_time_high_total": best.total}
        self.tell("channel.hype_train.begin", {**self._train(train), **self._train_way(train), **record})
        return train

    def hype_train_progress(self, who: User | str = "Conductor", amount: int = 500, *, kind: str = "bits") -> None:
        """Drive it on by ``bits``, by a ``subscription`` or by something ``other``."""
        train = self.hype_train or self.hype_train_begin()
        self._contribute(train, self.user(who), amount, kind)
        train.expires_at = self.clock.now() + HYPE_TRAIN_S
        self.tell("channel.hype_train.progress", {**self._train(train), **self._train_way(train)})

    def hype_train_end(self) -> None:
        """Let it arrive."""
        train, self.hype_train = self.hype_train or self.hype_train_begin(), None
        if self.hype_train_record is None or train.total > self.hype_train_record.total:
            self.hype_train_record = train
        now = self.clock.now()
        ends = {"ended_at": exact_time(now), "cooldown_ends_at": exact_time(now + 3600)}
        self.tell("channel.hype_train.end", {**self._train(train), **ends})

    def _contribute(self, train: HypeTrain, user: User, amount: int, kind: str) -> None:
        given = train.subs if kind == "subscription" else train.bits
        given[user.id] = given.get(user.id, 0) + amount
        train.total += amount
        while train.progress >= train.goal and train.level < len(HYPE_TRAIN_GOALS):
            train.level += 1

    def top_contributions(self, train: HypeTrain) -> list[JsonObject]:
        """Who gave most, of each kind."""
        found: list[JsonObject] = []
        for kind, given in (("bits", train.bits), ("subscription", train.subs)):
            if given:
                best = max(given, key=lambda user_id: given[user_id])
                found.append({**named("user", self.find(id=best)), "type": kind, "total": given[best]})
        return found

    def _train(self, train: HypeTrain) -> JsonObject:
        return {
            "id": train.id,
            **self._room(),
            "total": train.total,
            "top_contributions": self.top_contributions(train),
            "level": train.level,
            "shared_train_participants": None,
            "started_at": exact_time(train.started_at),
            "is_shared_train": False,
            "type": "regular",
        }

    def _train_way(self, train: HypeTrain) -> JsonObject:
        return {"progress": train.progress, "goal": train.goal, "expires_at": exact_time(train.expires_at)}

    # -- Goals and charity ---------------------------------------------------------------------------------------------

    def goal_begin(self, kind: str = "follow", target: int = 100, *, current: int = 0, description: str = "") -> Goal:
        """Set a goal."""
        goal = Goal(self.new_id(), kind, description, current, target, self.clock.now())
        self.goals.append(goal)
        self.tell("channel.goal.begin", self._goal(goal))
        return goal

    def goal_progress(self, goal: Goal, current: int) -> None:
        """Come nearer to it, or less near."""
        goal.current = current
        self.tell("channel.goal.progress", self._goal(goal))

    def goal_end(self, goal: Goal) -> None:
        """End it, achieved or not."""
        self.goals.remove(goal)
        is_achieved = goal.current >= goal.target
        end = {"is_achieved": is_achieved, "ended_at": exact_time(self.clock.now())}
        self.tell("channel.goal.end", {**self._goal(goal), **end})

    def _goal(self, goal: Goal) -> JsonObject:
        return {
            "id": goal.id,
            **self._room(),
            "type": goal.kind,
            "description": goal.description,
            "current_amount": goal.current,
            "target_amount": goal.target,
            "started_at": exact_time(goal.started_at),
        }

    def charity_begin(self, name: str = "Example Charity", target_cents: int = 100_000) -> Charity:
        """Collect for a charity."""
        self.charity = charity = Charity(self.new_id(), name, target_cents)
        started = {"started_at": exact_time(self.clock.now())}
        self.tell("channel.charity_campaign.start", {**self._campaign(charity), **started})
        return charity

    def charity_donate(self, who: User | str, cents: int) -> None:
        """Give to it."""
        charity = self.charity or self.charity_begin()
        user = self.user(who)
        donation = Donation(self.new_id(), user, cents)
        charity.donations.append(donation)
        charity.current_cents += cents
        campaign = _charity(charity)
        self.tell(
            "channel.charity_campaign.donate",
            {
                "id": donation.id,
                "campaign_id": charity.id,
                **self._room(),
                **named("user", user),
                **campaign,
                "amount": dollars(cents),
            },
        )
        self.notify(
            user,
            "charity_donation",
            f"{user.name}: Donated USD {cents / 100:.2f} to support {charity.name}",
            {"charity_name": charity.name, "amount": {"value": cents, "decimal_place": 2, "currency": "USD"}},
        )
        self.tell("channel.charity_campaign.progress", self._campaign(charity))

    def charity_end(self) -> None:
        """Stop collecting."""
        charity, self.charity = self.charity or self.charity_begin(), None
        stopped = {"stopped_at": exact_time(self.clock.now())}
        self.tell("channel.charity_campaign.stop", {**self._campaign(charity), **stopped})

    def _campaign(self, charity: Charity) -> JsonObject:
        amounts = {"current_amount": dollars(charity.current_cents), "target_amount": dollars(charity.target_cents)}
        return {"id": charity.id, **self._room(), **_charity(charity), **amounts}


def dollars(cents: int) -> JsonObject:
    """An amount of money as charity campaigns write it."""
    return {"value": cents, "decimal_places": 2, "currency": "USD"}


def portrait(user: User) -> str:
    """The address of somebody's picture."""
    return f"https://static-cdn.jtvnw.net/jtv_user_pictures/{user.login}-profile_image-300x300.png"


def _charity(charity: Charity) -> JsonObject:
    return {
        "charity_name": charity.name,
        "charity_description": f"What {charity.name} does",
        "charity_logo": "https://abc.cloudfront.net/ppgf/1000/100.png",
        "charity_website": "https://www.example.com",
    }


def _emote_places(text: str) -> list[JsonObject]:
    """Where emotes stand in a resubscription's message, the last character included."""
    places: list[JsonObject] = []
    at = 0
    for word in text.split(" "):
        if word in EMOTES:
            places.append({"begin": at, "end": at + len(word) - 1, "id": EMOTES[word]})
        at += len(word) + 1
    return places
