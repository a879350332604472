"""Loyalty points. The names are strimertül's where it has them."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import COUNT, FLAG, TEXT, example, record, schema_of
from stagedoor.strimertul import Goal, LoyaltyConfig, Points, PointsConfig, Redeem, Reward
from stagedoor.types import JsonObject

LOYALTY: Final = "loyalty/"
LOYALTY_CONFIG: Final = "loyalty/config"
REWARDS: Final = "loyalty/rewards"
GOALS: Final = "loyalty/goals"
POINTS: Final = "loyalty/points/"
LEFT_POINTS: Final = "loyalty/left-points/"
REDEEM_QUEUE: Final = "loyalty/redeem-queue"
NEW_REDEEM: Final = "loyalty/ev/new-redeem"
LAST_AWARD: Final = "loyalty/last-award"
COOLDOWNS: Final = "loyalty/cooldowns"

CREATE_REDEEM: Final = "loyalty/@create-redeem"
REMOVE_REDEEM: Final = "loyalty/@remove-redeem"
REFUND_REDEEM: Final = "loyalty/@refund-redeem"
ADD_POINTS: Final = "loyalty/@add-points"
TOP_POINTS: Final = "loyalty/@top"
SAVE_GOAL: Final = "loyalty/@save-goal"
REMOVE_GOAL: Final = "loyalty/@remove-goal"
RESTORE_GOAL: Final = "loyalty/@restore-goal"
REMOVE_REWARD: Final = "loyalty/@remove-reward"
RESTORE_REWARD: Final = "loyalty/@restore-reward"

_INTEGER: Final[JsonObject] = {"type": "integer"}

_REWARD: Final = Reward(enabled=True, id="hydrate", name="Hydrate!", price=100, cooldown=60)
_REDEEM: Final = example(
    Redeem(
        username="ada",
        display_name="Ada",
        reward=_REWARD,
        when="2026-05-01T19:00:00.123456+02:00",
        request_text="please",
    )
)
_GOAL: Final = Goal(
    enabled=True, id="karaoke", name="Karaoke night", total=10_000, contributed=150, contributors={"ada": 150}
)


_ID: Final = record(["id"], id=TEXT)
_TAKEN_OUT: Final = record(["index", "removed"], index=COUNT, removed={"type": "object"})


def _taken_out(removed: Reward | Goal) -> str:
    return example({"index": 0, "removed": removed})


def _request(pattern: str, summary: str, schema: JsonObject, sample: str, *, answer: str) -> KeySpec:
    return KeySpec(
        pattern=pattern,
        kind=Kind.REQUEST,
        summary=summary,
        schema=schema,
        example=sample,
        answer=answer,
        owner="loyalty",
        writers=Audience.PROVEN,
    )


def _state(pattern: str, summary: str, schema: JsonObject, sample: str, *, is_bookkeeping: bool = False) -> KeySpec:
    return KeySpec(
        pattern=pattern,
        kind=Kind.STATE,
        summary=summary,
        schema=schema,
        example=sample,
        owner="loyalty",
        writers=Audience.PROVEN,
        is_bookkeeping=is_bookkeeping,
    )


SPECS: Final = (
    _state(
        LOYALTY_CONFIG,
        "The switch, the currency, how points are earned, and who earns none.",
        schema_of(LoyaltyConfig),
        example(LoyaltyConfig(enabled=True, currency="wishes", points=PointsConfig(600, 10, 10), banlist=["somebot"])),
    ),
    _state(REWARDS, "What points buy.", schema_of(list[Reward] | None), example([_REWARD])),
    _state(
        GOALS, "What viewers save for together, and how far they are.", schema_of(list[Goal] | None), example([_GOAL])
    ),
    _state(f"{POINTS}<login>", "A viewer's balance.", schema_of(Points), example(Points(120))),
    _state(
        f"{LEFT_POINTS}<account id>",
        "The balance of a viewer whose login belongs to somebody else now; it waits for their new one.",
        schema_of(Points),
        example(Points(120, "1234", "Ada")),
    ),
    _state(
        REDEEM_QUEUE,
        "What was bought and waits for the streamer, oldest first.",
        schema_of(list[Redeem] | None),
        f"[{_REDEEM}]",
    ),
    _state(
        LAST_AWARD,
        "When points were last given to all who were there, in Unix seconds.",
        {"type": "number"},
        "1790000000",
        is_bookkeeping=True,
    ),
    _state(
        COOLDOWNS,
        "Until when rewards cannot be bought again, in Unix seconds, by id.",
        {"type": "object", "additionalProperties": {"type": "number"}},
        example({"hydrate": 1_790_000_060}),
        is_bookkeeping=True,
    ),
    KeySpec(
        pattern=NEW_REDEEM,
        kind=Kind.EVENT,
        summary="A reward was bought.",
        schema=schema_of(Redeem),
        example=_REDEEM,
        owner="loyalty",
        writers=Audience.PROVEN,
    ),
    _request(
        CREATE_REDEEM,
        "Adds to the queue; no points are taken.",
        schema_of(Redeem),
        _REDEEM,
        answer=_REDEEM,
    ),
    _request(
        REMOVE_REDEEM,
        "Takes one out of the queue, by when, who and what. No points come back.",
        schema_of(Redeem),
        _REDEEM,
        answer=example({}),
    ),
    _request(
        REFUND_REDEEM,
        "Takes one out of the queue and gives its price back.",
        schema_of(Redeem),
        _REDEEM,
        answer=example({"username": "ada", "points": 220}),
    ),
    _request(
        ADD_POINTS,
        "Gives points to a viewer, or takes them. Answers the balance.",
        record(["username", "points"], username=TEXT, points=_INTEGER),
        example({"username": "ada", "points": -50}),
        answer=example({"username": "ada", "points": 70}),
    ),
    _request(
        TOP_POINTS,
        "Tells who has most points, 10 unless told otherwise, and how many have any.",
        record([], limit={"type": "integer", "minimum": 1, "maximum": 100}),
        example({"limit": 10}),
        answer=example({"viewers": [{"login": "ada", "display_name": "Ada", "points": 120}], "count": 1}),
    ),
    _request(
        SAVE_GOAL,
        "Makes a goal or changes one, and leaves what was saved for it as it is.",
        record(
            ["id"],
            enabled=FLAG,
            id=TEXT,
            name=TEXT,
            description=TEXT,
            image=TEXT,
            total=COUNT,
        ),
        example({"enabled": True, "id": "karaoke", "name": "Karaoke night", "total": 10_000}),
        answer=example(_GOAL),
    ),
    _request(
        REMOVE_GOAL,
        "Takes a goal out of the list, and what was saved for it with it. Answers what puts it back.",
        _ID,
        example({"id": "karaoke"}),
        answer=_taken_out(_GOAL),
    ),
    _request(
        RESTORE_GOAL,
        "Puts back what `loyalty/@remove-goal` has taken out: as it was, to its place.",
        _TAKEN_OUT,
        _taken_out(_GOAL),
        answer=example({}),
    ),
    _request(
        REMOVE_REWARD,
        "Takes a reward out of the list. Answers what puts it back.",
        _ID,
        example({"id": "hydrate"}),
        answer=_taken_out(_REWARD),
    ),
    _request(
        RESTORE_REWARD,
        "Puts back what `loyalty/@remove-reward` has taken out: as it was, to its place.",
        _TAKEN_OUT,
        _taken_out(_REWARD),
        answer=example({}),
    ),
)
