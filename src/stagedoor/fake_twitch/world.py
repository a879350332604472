"""The world of a fake Twitch: its people, and everything that can happen in the owner's channel."""

from dataclasses import dataclass, field
from typing import Final

from stagedoor.fake_twitch.clock import Clock, exact_time
from stagedoor.fake_twitch.people import Stream, User, named
from stagedoor.fake_twitch.support import Support
from stagedoor.types import JsonObject

PICTURE: Final[JsonObject] = {
    f"url_{size}x": f"https://static-cdn.jtvnw.net/custom-reward-images/default-{size}.png" for size in (1, 2, 4)
}
"""Where the picture of a reward without one of its own is, in three sizes."""


@dataclass(slots=True)
class Reward:
    """A custom reward. A limit of None is off."""

    id: str
    title: str
    cost: int
    prompt: str = ""
    is_enabled: bool = True
    is_paused: bool = False
    is_user_input_required: bool = False
    should_skip_queue: bool = False
    max_per_stream: int | None = None
    max_per_user_per_stream: int | None = None
    cooldown_s: int | None = None
    background_color: str = "#9147FF"


@dataclass(slots=True)
class Redemption:
    """A reward that somebody redeemed; ``status`` in small letters, as EventSub writes it."""

    id: str
    reward: Reward
    user: User
    user_input: str
    redeemed_at: float
    status: str = "unfulfilled"


@dataclass(slots=True)
class Choice:
    """One answer of a poll. ``votes`` counts all, ``points_votes`` those that were paid for with points."""

    id: str
    title: str
    votes: int = 0
    points_votes: int = 0


@dataclass(slots=True)
class Poll:
    """A poll; ``status`` in small letters: ``active``, ``completed``, ``terminated``, ``archived``."""

    id: str
    title: str
    choices: list[Choice]
    duration_s: int
    started_at: float
    points_per_vote: int = 0
    status: str = "active"
    ended_at: float | None = None


@dataclass(slots=True)
class Outcome:
    """One outcome of a prediction, with the points that each predictor put on it."""

    id: str
    title: str
    color: str
    points: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Prediction:
    """A prediction; ``status`` in small letters: ``active``, ``locked``, ``resolved``, ``canceled``."""

    id: str
    title: str
    outcomes: list[Outcome]
    window_s: int
    started_at: float
    status: str = "active"
    locked_at: float | None = None
    ended_at: float | None = None
    winner: Outcome | None = None

    def winnings(self, user_id: str) -> int | None:
        """What a predictor won; None while nothing is decided."""
        if self.winner is None:
            return None
        staked = sum(self.winner.points.values())
        pot = sum(sum(outcome.points.values()) for outcome in self.outcomes)
        return pot * self.winner.points[user_id] // staked if user_id in self.winner.points else 0


@dataclass(slots=True)
class Clip:
    """A clip of the channel."""

    id: str
    creator: User
    title: str
    created_at: float


@dataclass(slots=True)
class Marker:
    """A marker in the stream."""

    id: str
    created_at: float
    position_s: int
    description: str


class World(Support):
    """Everything that is, with a method for everything that people do.

    Each method changes the world and tells it to all who listen, by the topics of EventSub. People are named by their
    name, or given as :class:`User`; who is not known yet comes into being.
    """

    def __init__(
        self, clock: Clock | None = None, *, owner: str = "Strimertul", bot: str = "StageBot", seed: int = 1
    ) -> None:
        super().__init__(clock or Clock(), owner=owner, bot=bot, seed=seed)
        self.rewards: dict[str, Reward] = {}
        self.redemptions: dict[str, Redemption] = {}
        self.polls: list[Poll] = []
        """The newest first, as are predictions and clips."""
        self.predictions: list[Prediction] = []
        self.clips: list[Clip] = []
        self.markers: list[Marker] = []
        self.next_ad_at: float | None = None
        self.last_ad_at: float | None = None
        self.ad_snoozes = 3

    # -- The stream ----------------------------------------------------------------------------------------------------

    def go_live(self, *, viewers: int = 10) -> Stream:
        """Begin to stream."""
        stream = self.channel.stream = Stream(self.new_number(), self.clock.now(), viewers)
        started = exact_time(stream.started_at)
        self.tell("stream.online", {"id": stream.id, **self._room(), "type": "live", "started_at": started})
        return stream

    def go_offline(self) -> None:
        """Stop streaming."""
        stream, self.channel.stream = self.channel.stream, None
        self.tell("stream.offline", {"id": stream.id if stream else self.new_number(), **self._room()})

    def update_channel(
        self,
        *,
        title: str | None = None,
        game: str | None = None,
        language: str | None = None,
        tags: list[str] | None = None,
        labels: list[str] | None = None,
    ) -> None:
        """Change what the channel says of itself. ``game`` is a category's name or id."""
        channel = self.channel
        channel.title = channel.title if title is None else title
        channel.game = channel.game if game is None else self.game(game) if game else None
        channel.language = channel.language if language is None else language
        channel.tags = channel.tags if tags is None else tags
        channel.labels = channel.labels if labels is None else labels
        self.tell(
            "channel.update",
            {
                **self._room(),
                "title": channel.title,
                "language": channel.language,
                "category_id": channel.game.id if channel.game else "",
                "category_name": channel.game.name if channel.game else "",
                "content_classification_labels": list(channel.labels),
            },
        )

    def ad_break(self, seconds: int = 60, *, is_automatic: bool = False) -> None:
        """Run ads."""
        now = self.last_ad_at = self.clock.now()
        self.tell(
            "channel.ad_break.begin",
            {
                "duration_seconds": seconds,
                "started_at": exact_time(now),
                "is_automatic": is_automatic,
                **self._room(),
                **named("requester_user", self.owner),
            },
        )

    def update_user(self, who: User | str, *, name: str | None = None, description: str | None = None) -> None:
        """Change one's name or description."""
        user = self.user(who)
        if name is not None:
            self.rename(user, name)
        user.description = user.description if description is None else description
        event: JsonObject = {
            **named("user", user),
            "email": user.email,
            "email_verified": user.is_email_verified,
            "description": user.description,
        }
        self.tell("user.update", event, user_id=user.id)

    def clip(self, who: User | str, title: str | None = None) -> Clip:
        """Keep a moment of the stream."""
        clip = Clip(f"Clip{self.new_number()}", self.user(who), title or self.channel.title, self.clock.now())
        self.clips.insert(0, clip)
        return clip

    def mark(self, description: str = "") -> Marker | None:
        """Put a marker in the stream, if there is one."""
        if self.channel.stream is None:
            return None
        now = self.clock.now()
        marker = Marker(self.new_id(), now, int(now - self.channel.stream.started_at), description)
        self.markers.append(marker)
        return marker

    # -- Channel points ------------------------------------------------------------------------------------------------

    def add_reward(self, title: str, cost: int, **settings: str | bool | int | None) -> Reward:
        """Offer a reward; ``settings`` are the other fields of :class:`Reward`."""
        reward = Reward(self.new_id(), title, cost)
        for name, value in settings.items():
            setattr(reward, name, value)
        self.rewards[reward.id] = reward
        self.tell("channel.channel_points_custom_reward.add", self._reward(reward), reward_id=reward.id)
        return reward

    def update_reward(self, reward: Reward, **settings: str | bool | int | None) -> None:
        """Change a reward."""
        for name, value in settings.items():
            setattr(reward, name, value)
        self.tell("channel.channel_points_custom_reward.update", self._reward(reward), reward_id=reward.id)

    def remove_reward(self, reward: Reward) -> None:
        """Offer it no more."""
        del self.rewards[reward.id]
        for redemption in [one for one in self.redemptions.values() if one.reward is reward]:
            del self.redemptions[redemption.id]
        self.tell("channel.channel_points_custom_reward.remove", self._reward(reward), reward_id=reward.id)

    def redeem(self, who: User | str, reward: Reward | str, text: str = "") -> Redemption:
        """Redeem a reward, given or named by its title; ``text`` is what the viewer enters."""
        if not isinstance(reward, Reward):
            found = [one for one in self.rewards.values() if one.title == reward]
            reward = found[0] if found else self.add_reward(reward, 100)
        status = "fulfilled" if reward.should_skip_queue else "unfulfilled"
        redemption = Redemption(self.new_id(), reward, self.user(who), text, self.clock.now(), status)
        self.redemptions[redemption.id] = redemption
        event = self._redemption(redemption)
        self.tell("channel.channel_points_custom_reward_redemption.add", event, reward_id=reward.id)
        if text:
            self.chat(who, text, reward_id=reward.id)
        return redemption

    def settle(self, redemption: Redemption, status: str) -> None:
        """Fulfil a redemption or give the points back: ``fulfilled`` or ``canceled``."""
        redemption.status = status
        event = self._redemption(redemption)
        self.tell("channel.channel_points_custom_reward_redemption.update", event, reward_id=redemption.reward.id)

    def redeem_automatic(
        self, who: User | str, kind: str = "send_highlighted_message", text: str | None = None, *, points: int = 100
    ) -> None:
        """Redeem one of Twitch's own rewards."""
        user = self.user(who)
        emote = {"id": "305954156", "name": "PogChamp"} if kind.endswith("_emote_unlock") else None
        self.tell(
            "channel.channel_points_automatic_reward_redemption.add",
            {
                **self._room(),
                **named("user", user),
                "id": self.new_id(),
                "reward": {"type": kind, "channel_points": points, "emote": emote},
                "message": None if text is None else self.parse(text),
                "redeemed_at": exact_time(self.clock.now()),
            },
        )
        if text is not None and kind == "send_highlighted_message":
            self.chat(user, text, message_type="channel_points_highlighted")

    def _reward(self, reward: Reward) -> JsonObject:
        return {
            "id": reward.id,
            **self._room(),
            "is_enabled": reward.is_enabled,
            "is_paused": reward.is_paused,
            "is_in_stock": True,
            "title": reward.title,
            "cost": reward.cost,
            "prompt": reward.prompt,
            "is_user_input_required": reward.is_user_input_required,
            "should_redemptions_skip_request_queue": reward.should_skip_queue,
            "cooldown_expires_at": None,
            "redemptions_redeemed_current_stream": None,
            "max_per_stream": _limit(reward.max_per_stream, "value"),
            "max_per_user_per_stream": _limit(reward.max_per_user_per_stream, "value"),
            "global_cooldown": _limit(reward.cooldown_s, "seconds"),
            "background_color": reward.background_color,
            "image": None,
            "default_image": dict(PICTURE),
        }

    def _redemption(self, redemption: Redemption) -> JsonObject:
        reward = redemption.reward
        return {
            "id": redemption.id,
            **self._room(),
            **named("user", redemption.user),
            "user_input": redemption.user_input,
            "status": redemption.status,
            "reward": {"id": reward.id, "title": reward.title, "cost": reward.cost, "prompt": reward.prompt},
            "redeemed_at": exact_time(redemption.redeemed_at),
        }

    # -- Polls ---------------------------------------------------------------------------------------------------------

    def poll_begin(self, title: str, *choices: str, seconds: int = 60, points_per_vote: int = 0) -> Poll:
        """Ask the viewers."""
        options = [Choice(self.new_id(), choice) for choice in choices]
        poll = Poll(self.new_id(), title, options, seconds, self.clock.now(), points_per_vote)
        self.polls.insert(0, poll)
        ends = exact_time(poll.started_at + seconds)
        self.tell("channel.poll.begin", {**self._poll(poll, with_votes=False), "ends_at": ends})
        return poll

    def poll_vote(self, poll: Poll, choice: int, votes: int = 1, *, points_votes: int = 0) -> None:
        """Vote for the choice of that index."""
        poll.choices[choice].votes += votes + points_votes
        poll.choices[choice].points_votes += points_votes
        ends = exact_time(poll.started_at + poll.duration_s)
        self.tell("channel.poll.progress", {**self._poll(poll), "ends_at": ends})

    def poll_end(self, poll: Poll, status: str = "completed") -> None:
        """End it: ``completed``, ``terminated`` by somebody, or ``archived``, which hides it too."""
        poll.status, poll.ended_at = status, self.clock.now()
        self.tell("channel.poll.end", {**self._poll(poll), "status": status, "ended_at": exact_time(poll.ended_at)})

    def _poll(self, poll: Poll, *, with_votes: bool = True) -> JsonObject:
        choices: list[JsonObject] = []
        for choice in poll.choices:
            votes = {"bits_votes": 0, "channel_points_votes": choice.points_votes, "votes": choice.votes}
            choices.append({"id": choice.id, "title": choice.title, **(votes if with_votes else {})})
        points = {"is_enabled": poll.points_per_vote > 0, "amount_per_vote": poll.points_per_vote}
        return {
            "id": poll.id,
            **self._room(),
            "title": poll.title,
            "choices": choices,
            "bits_voting": {"is_enabled": False, "amount_per_vote": 0},
            "channel_points_voting": points,
            "started_at": exact_time(poll.started_at),
        }

    # -- Predictions ---------------------------------------------------------------------------------------------------

    def prediction_begin(self, title: str, *outcomes: str, seconds: int = 120) -> Prediction:
        """Let the viewers bet."""
        options = [
            Outcome(self.new_id(), outcome, "pink" if number == 1 and len(outcomes) == 2 else "blue")
            for number, outcome in enumerate(outcomes)
        ]
        prediction = Prediction(self.new_id(), title, options, seconds, self.clock.now())
        self.predictions.insert(0, prediction)
        locks = exact_time(prediction.started_at + seconds)
        self.tell("channel.prediction.begin", {**self._prediction(prediction, with_points=False), "locks_at": locks})
        return prediction

    def predict(self, who: User | str, prediction: Prediction, outcome: int, points: int) -> None:
        """Put points on the outcome of that index."""
        user = self.user(who)
        staked = prediction.outcomes[outcome].points
        staked[user.id] = staked.get(user.id, 0) + points
        locks = exact_time(prediction.started_at + prediction.window_s)
        self.tell("channel.prediction.progress", {**self._prediction(prediction), "locks_at": locks})

    def prediction_lock(self, prediction: Prediction) -> None:
        """Take no more bets."""
        prediction.status, prediction.locked_at = "locked", self.clock.now()
        locked = exact_time(prediction.locked_at)
        self.tell("channel.prediction.lock", {**self._prediction(prediction), "locked_at": locked})

    def prediction_end(self, prediction: Prediction, winner: int | None) -> None:
        """Tell which outcome came true; None gives the points back."""
        prediction.status = "resolved" if winner is not None else "canceled"
        prediction.ended_at = self.clock.now()
        prediction.winner = prediction.outcomes[winner] if winner is not None else None
        self.tell(
            "channel.prediction.end",
            {
                **self._prediction(prediction),
                "winning_outcome_id": prediction.winner.id if prediction.winner else None,
                "status": prediction.status,
                "ended_at": exact_time(prediction.ended_at),
            },
        )

    def _prediction(self, prediction: Prediction, *, with_points: bool = True) -> JsonObject:
        outcomes: list[JsonObject] = []
        for outcome in prediction.outcomes:
            body: JsonObject = {"id": outcome.id, "title": outcome.title, "color": outcome.color}
            if with_points:
                body["users"] = len(outcome.points)
                body["channel_points"] = sum(outcome.points.values())
                body["top_predictors"] = self.top_predictors(prediction, outcome)
            outcomes.append(body)
        return {
            "id": prediction.id,
            **self._room(),
            "title": prediction.title,
            "outcomes": outcomes,
            "started_at": exact_time(prediction.started_at),
        }

    def top_predictors(self, prediction: Prediction, outcome: Outcome) -> list[JsonObject]:
        """The ten who put most on an outcome."""
        best = sorted(outcome.points, key=lambda user_id: -outcome.points[user_id])[:10]
        return [
            {
                **named("user", self.find(id=user_id)),
                "channel_points_won": prediction.winnings(user_id),
                "channel_points_used": outcome.points[user_id],
            }
            for user_id in best
        ]


def _limit(value: int | None, unit: str) -> JsonObject:
    return {"is_enabled": value is not None, unit: value or 0}
