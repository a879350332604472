"""Helix about channel points, polls and predictions, which only affiliates and partners have."""

import re

from stagedoor.fake_twitch.clock import exact_time, seconds_time
from stagedoor.fake_twitch.helix.call import Call, Route
from stagedoor.fake_twitch.helix.channels import broadcaster
from stagedoor.fake_twitch.refused import Refused
from stagedoor.fake_twitch.world import PICTURE, Poll, Prediction, Redemption, Reward
from stagedoor.types import JsonObject

MAX_REWARDS: int = 50


# -- Rewards -----------------------------------------------------------------------------------------------------------


def get_rewards(call: Call) -> JsonObject:
    """Get Custom Reward."""
    call.affiliate()
    wanted = call.all("id", limit=50)
    found = [one for one in call.world.rewards.values() if not wanted or one.id in wanted]
    if wanted and not found:
        raise Refused(404, "The Custom Reward specified in the id query parameter was not found.")
    return {"data": [_reward(call, one) for one in found]}


def create_reward(call: Call) -> JsonObject:
    """Create Custom Rewards."""
    call.affiliate()
    title = call.text("title", limit=45)
    if any(one.title == title for one in call.world.rewards.values()):
        raise Refused(400, "CREATE_CUSTOM_REWARD_DUPLICATE_REWARD")
    if len(call.world.rewards) >= MAX_REWARDS:
        raise Refused(400, "CREATE_CUSTOM_REWARD_TOO_MANY_REWARDS")
    made = call.world.add_reward(title, call.number("cost", 1, 10**9), **_reward_settings(call))
    return {"data": [_reward(call, made)]}


def update_reward(call: Call) -> JsonObject:
    """Update Custom Reward."""
    call.affiliate()
    reward = _find_reward(call, call.one("id"))
    changes = _reward_settings(call)
    if "title" in call.body:
        changes["title"] = call.text("title", limit=45)
    if "cost" in call.body:
        changes["cost"] = call.number("cost", 1, 10**9)
    call.world.update_reward(reward, **changes)
    return {"data": [_reward(call, reward)]}


def delete_reward(call: Call) -> None:
    """Delete Custom Reward."""
    call.affiliate()
    call.world.remove_reward(_find_reward(call, call.one("id")))


def _find_reward(call: Call, reward_id: str) -> Reward:
    found = call.world.rewards.get(reward_id)
    if found is None:
        raise Refused(404, "The Custom Reward specified in the id query parameter was not found.")
    return found


def _reward_settings(call: Call) -> dict[str, str | bool | int | None]:
    """What a body says of a reward besides title and cost."""
    changes: dict[str, str | bool | int | None] = {}
    for name, own in (
        ("is_enabled", "is_enabled"),
        ("is_paused", "is_paused"),
        ("is_user_input_required", "is_user_input_required"),
        ("should_redemptions_skip_request_queue", "should_skip_queue"),
    ):
        if name in call.body:
            changes[own] = call.body[name] is True
    if "prompt" in call.body:
        changes["prompt"] = call.text("prompt", limit=200, default="")
    if "background_color" in call.body:
        colour = call.text("background_color")
        if re.fullmatch("#[0-9A-Fa-f]{6}", colour) is None:
            raise Refused(400, "The background color is not a valid hex color.")
        changes["background_color"] = colour.upper()
    for switch, value, own in (
        ("is_max_per_stream_enabled", "max_per_stream", "max_per_stream"),
        ("is_max_per_user_per_stream_enabled", "max_per_user_per_stream", "max_per_user_per_stream"),
        ("is_global_cooldown_enabled", "global_cooldown_seconds", "cooldown_s"),
    ):
        if switch in call.body:
            changes[own] = call.number(value, 1, 10**9) if call.body[switch] is True else None
    return changes


def _reward(call: Call, reward: Reward) -> JsonObject:
    def limit(value: int | None, name: str) -> JsonObject:
        return {"is_enabled": value is not None, name: value or 0}

    return {
        **broadcaster(call.world.owner),
        "id": reward.id,
        "title": reward.title,
        "prompt": reward.prompt,
        "cost": reward.cost,
        "image": None,
        "default_image": dict(PICTURE),
        "background_color": reward.background_color,
        "is_enabled": reward.is_enabled,
        "is_user_input_required": reward.is_user_input_required,
        "max_per_stream_setting": limit(reward.max_per_stream, "max_per_stream"),
        "max_per_user_per_stream_setting": limit(reward.max_per_user_per_stream, "max_per_user_per_stream"),
        "global_cooldown_setting": limit(reward.cooldown_s, "global_cooldown_seconds"),
        "is_paused": reward.is_paused,
        "is_in_stock": True,
        "should_redemptions_skip_request_queue": reward.should_skip_queue,
        "redemptions_redeemed_current_stream": None,
        "cooldown_expires_at": None,
    }


def get_redemptions(call: Call) -> JsonObject:
    """Get Custom Reward Redemption: by id, or all of one status."""
    call.affiliate()
    reward = _find_reward(call, call.one("reward_id"))
    wanted = call.all("id", limit=50)
    status = call.query.get("status", "").lower()
    if not wanted and status not in ("canceled", "fulfilled", "unfulfilled"):
        raise Refused(400, 'Missing required parameter "status"')
    found = [one for one in call.world.redemptions.values() if one.reward is reward]
    found = [one for one in found if (one.id in wanted if wanted else one.status == status)]
    found.sort(key=lambda one: one.redeemed_at, reverse=call.query.get("sort") == "NEWEST")
    page, pagination = call.page(found, limit=50)
    return {"data": [_redemption(call, one) for one in page], "pagination": pagination}


def update_redemptions(call: Call) -> JsonObject:
    """Update Redemption Status of those that wait."""
    call.affiliate()
    reward = _find_reward(call, call.one("reward_id"))
    call.one("id")
    wanted = call.all("id", limit=50)
    status = call.text("status")
    if status not in ("FULFILLED", "CANCELED"):
        raise Refused(400, "The value in the status field is not valid.")
    waiting = [one for one in call.world.redemptions.values() if one.reward is reward and one.status == "unfulfilled"]
    found = [one for one in waiting if one.id in wanted]
    if not found:
        raise Refused(404, "The custom reward redemptions with the specified IDs were not found.")
    for one in found:
        call.world.settle(one, status.lower())
    return {"data": [_redemption(call, one) for one in found]}


def _redemption(call: Call, redemption: Redemption) -> JsonObject:
    reward, user = redemption.reward, redemption.user
    return {
        **broadcaster(call.world.owner),
        "id": redemption.id,
        "user_id": user.id,
        "user_login": user.login,
        "user_name": user.name,
        "reward": {"id": reward.id, "title": reward.title, "prompt": reward.prompt, "cost": reward.cost},
        "user_input": redemption.user_input,
        "status": redemption.status.upper(),
        "redeemed_at": seconds_time(redemption.redeemed_at),
    }


# -- Polls -------------------------------------------------------------------------------------------------------------


def get_polls(call: Call) -> JsonObject:
    """Get Polls, the newest first."""
    call.affiliate()
    wanted = call.all("id", limit=20)
    page, pagination = call.page([one for one in call.world.polls if not wanted or one.id in wanted], limit=20)
    return {"data": [_poll(call, one) for one in page], "pagination": pagination}


def create_poll(call: Call) -> JsonObject:
    """Create Poll; one at a time."""
    call.affiliate()
    title, choices = call.text("title", limit=60), _titles(call, "choices", 5)
    seconds = call.number("duration", 15, 1800)
    if any(one.status == "active" for one in call.world.polls):
        raise Refused(400, "Illegal state: a poll is already active.")
    points = 0
    if call.body.get("channel_points_voting_enabled") is True:
        points = call.number("channel_points_per_vote", 1, 1_000_000)
    made = call.world.poll_begin(title, *choices, seconds=seconds, points_per_vote=points)
    return {"data": [_poll(call, made)]}


def end_poll(call: Call) -> JsonObject:
    """End Poll: TERMINATED still shows it, ARCHIVED does not."""
    call.affiliate()
    poll = next((one for one in call.world.polls if one.id == call.text("id")), None)
    if poll is None:
        raise Refused(404, "The poll was not found.")
    status = call.text("status")
    if status not in ("TERMINATED", "ARCHIVED") or poll.status != "active":
        raise Refused(400, "The poll must be active to end it.")
    call.world.poll_end(poll, status.lower())
    return {"data": [_poll(call, poll)]}


def _poll(call: Call, poll: Poll) -> JsonObject:
    return {
        "id": poll.id,
        **broadcaster(call.world.owner),
        "title": poll.title,
        "choices": [
            {
                "id": one.id,
                "title": one.title,
                "votes": one.votes,
                "channel_points_votes": one.points_votes,
                "bits_votes": 0,
            }
            for one in poll.choices
        ],
        "bits_voting_enabled": False,
        "bits_per_vote": 0,
        "channel_points_voting_enabled": poll.points_per_vote > 0,
        "channel_points_per_vote": poll.points_per_vote,
        "status": poll.status.upper(),
        "duration": poll.duration_s,
        "started_at": exact_time(poll.started_at),
        "ended_at": None if poll.ended_at is None else exact_time(poll.ended_at),
    }


# -- Predictions -------------------------------------------------------------------------------------------------------


def get_predictions(call: Call) -> JsonObject:
    """Get Predictions, the newest first."""
    call.affiliate()
    wanted = call.all("id", limit=25)
    page, pagination = call.page([one for one in call.world.predictions if not wanted or one.id in wanted], limit=25)
    return {"data": [_prediction(call, one) for one in page], "pagination": pagination}


def create_prediction(call: Call) -> JsonObject:
    """Create Prediction; one at a time."""
    call.affiliate()
    title, outcomes = call.text("title", limit=45), _titles(call, "outcomes", 10)
    seconds = call.number("prediction_window", 30, 1800)
    if any(one.status in ("active", "locked") for one in call.world.predictions):
        raise Refused(400, "prediction event already active, only one allowed at a time")
    return {"data": [_prediction(call, call.world.prediction_begin(title, *outcomes, seconds=seconds))]}


def end_prediction(call: Call) -> JsonObject:
    """End Prediction: lock it, resolve it by its winning outcome, or cancel it."""
    call.affiliate()
    prediction = next((one for one in call.world.predictions if one.id == call.text("id")), None)
    if prediction is None:
        raise Refused(404, "The prediction was not found.")
    match call.text("status"), prediction.status:
        case "LOCKED", "active":
            call.world.prediction_lock(prediction)
        case "CANCELED", "active" | "locked":
            call.world.prediction_end(prediction, None)
        case "RESOLVED", "active" | "locked":
            ids = [one.id for one in prediction.outcomes]
            winner = call.text("winning_outcome_id")
            if winner not in ids:
                raise Refused(400, "The winning_outcome_id is not valid.")
            call.world.prediction_end(prediction, ids.index(winner))
        case _:
            raise Refused(400, "The prediction's status cannot be changed so.")
    return {"data": [_prediction(call, prediction)]}


def _prediction(call: Call, prediction: Prediction) -> JsonObject:
    outcomes: list[JsonObject] = []
    for one in prediction.outcomes:
        top = call.world.top_predictors(prediction, one)
        outcomes.append(
            {
                "id": one.id,
                "title": one.title,
                "users": len(one.points),
                "channel_points": sum(one.points.values()),
                "top_predictors": [{**best, "channel_points_won": best["channel_points_won"] or 0} for best in top]
                or None,
                "color": one.color.upper(),
            }
        )
    locked_at, ended_at = prediction.locked_at, prediction.ended_at
    return {
        "id": prediction.id,
        **broadcaster(call.world.owner),
        "title": prediction.title,
        "winning_outcome_id": prediction.winner.id if prediction.winner else None,
        "outcomes": outcomes,
        "prediction_window": prediction.window_s,
        "status": prediction.status.upper(),
        "created_at": exact_time(prediction.started_at),
        "ended_at": None if ended_at is None else exact_time(ended_at),
        "locked_at": None if locked_at is None else exact_time(locked_at),
    }


def _titles(call: Call, name: str, most: int) -> list[str]:
    """The titles of the choices of a poll or prediction."""
    given = call.body.get(name)
    if not isinstance(given, list) or not 2 <= len(given) <= most:
        raise Refused(400, f'The "{name}" field must contain between 2 and {most} items.')
    titles = [one.get("title") if isinstance(one, dict) else None for one in given]
    if not all(isinstance(title, str) and 1 <= len(title) <= 25 for title in titles):
        raise Refused(400, f'Each title in "{name}" must have between 1 and 25 characters.')
    return [str(title) for title in titles]


_READ_POINTS = ("channel:read:redemptions", "channel:manage:redemptions")
_POINTS = ("channel:manage:redemptions",)
_REDEMPTIONS = "/channel_points/custom_rewards/redemptions"
_READ_POLLS = ("channel:read:polls", "channel:manage:polls")
_READ_PREDICTIONS = ("channel:read:predictions", "channel:manage:predictions")

POINTS_ROUTES = (
    Route("GET", "/channel_points/custom_rewards", get_rewards, _READ_POINTS),
    Route("POST", "/channel_points/custom_rewards", create_reward, _POINTS),
    Route("PATCH", "/channel_points/custom_rewards", update_reward, _POINTS),
    Route("DELETE", "/channel_points/custom_rewards", delete_reward, _POINTS, success=204),
    Route("GET", _REDEMPTIONS, get_redemptions, _READ_POINTS),
    Route("PATCH", _REDEMPTIONS, update_redemptions, _POINTS),
    Route("GET", "/polls", get_polls, _READ_POLLS),
    Route("POST", "/polls", create_poll, ("channel:manage:polls",)),
    Route("PATCH", "/polls", end_poll, ("channel:manage:polls",)),
    Route("GET", "/predictions", get_predictions, _READ_PREDICTIONS),
    Route("POST", "/predictions", create_prediction, ("channel:manage:predictions",)),
    Route("PATCH", "/predictions", end_prediction, ("channel:manage:predictions",)),
)
