"""Helix about users, channels, streams and categories."""

from stagedoor.fake_twitch.clock import seconds_time
from stagedoor.fake_twitch.helix.call import Call, Route
from stagedoor.fake_twitch.people import Channel, Game, User, named
from stagedoor.fake_twitch.refused import Refused
from stagedoor.fake_twitch.support import portrait
from stagedoor.types import JsonObject


def get_users(call: Call) -> JsonObject:
    """Get Users: by id and login, or the token's own."""
    found = [call.world.find(id=one) for one in call.all("id")]
    found += [call.world.find(login=one) for one in call.all("login")]
    if "id" not in call.query and "login" not in call.query:
        if call.token.user is None:
            raise Refused(400, "Must provide an ID, Login or OAuth Token.")
        found = [call.token.user]
    return {"data": [_user(call, one) for one in dict.fromkeys(found) if one is not None]}


def update_user(call: Call) -> JsonObject:
    """Update User: one's description."""
    description = call.query.get("description")
    if description is not None:
        if len(description) > 300:
            raise Refused(400, "The description must not exceed 300 characters.")
        call.world.update_user(call.user, description=description)
    return {"data": [_user(call, call.user)]}


def _user(call: Call, user: User) -> JsonObject:
    body: JsonObject = {
        "id": user.id,
        "login": user.login,
        "display_name": user.name,
        "type": "",
        "broadcaster_type": user.broadcaster_type,
        "description": user.description,
        "profile_image_url": portrait(user),
        "offline_image_url": "",
        "view_count": 0,
        "created_at": seconds_time(user.created_at),
    }
    if user is call.token.user and "user:read:email" in call.token.scopes:
        body["email"] = user.email
    return body


def get_channels(call: Call) -> JsonObject:
    """Get Channel Information."""
    ids = call.all("broadcaster_id")
    if not ids:
        raise Refused(400, 'Missing required parameter "broadcaster_id"')
    found = [call.world.find(id=one) for one in ids]
    return {"data": [_channel(call.world.channel_of(one)) for one in found if one is not None]}


def _channel(channel: Channel) -> JsonObject:
    return {
        **broadcaster(channel.owner),
        "broadcaster_language": channel.language,
        "game_id": channel.game.id if channel.game else "",
        "game_name": channel.game.name if channel.game else "",
        "title": channel.title,
        "delay": 0,
        "tags": list(channel.tags),
        "content_classification_labels": list(channel.labels),
        "is_branded_content": False,
    }


def update_channel(call: Call) -> None:
    """Modify Channel Information."""
    if call.broadcaster() is not call.world.owner:
        raise Refused(403, "This broadcaster does not have permission.")
    if not call.body:
        raise Refused(400, "Request body must not be empty.")
    if "title" in call.body:
        call.text("title", limit=140)
    tags = call.body.get("tags")
    if tags is not None and (not isinstance(tags, list) or len(tags) > 10):
        raise Refused(400, "The maximum number of tags is 10.")
    game = call.body.get("game_id")
    if game not in (None, "", "0") and game not in [one.id for one in call.world.games]:
        raise Refused(400, "The ID in game_id is not valid.")
    labels = call.body.get("content_classification_labels")
    chosen = list(call.world.channel.labels)
    for label in labels if isinstance(labels, list) else []:
        if not isinstance(label, dict) or not isinstance(label.get("id"), str):
            raise Refused(400, "The content classification label is not valid.")
        if label["id"] in chosen:
            chosen.remove(label["id"])
        if label.get("is_enabled") is True:
            chosen.append(label["id"])
    call.world.update_channel(
        title=call.text("title") if "title" in call.body else None,
        game=None if game is None else "" if game == "0" else str(game),
        language=call.text("broadcaster_language") if "broadcaster_language" in call.body else None,
        tags=None if tags is None else [str(tag) for tag in tags],
        labels=None if labels is None else chosen,
    )


def get_streams(call: Call) -> JsonObject:
    """Get Streams: those on the air now, most viewers first."""
    ids, logins, games = call.all("user_id"), call.all("user_login"), call.all("game_id")
    live = []
    for user in call.world.users:
        channel = call.world.channel_of(user)
        if channel.stream is None or (games and (channel.game is None or channel.game.id not in games)):
            continue
        if (ids or logins) and user.id not in ids and user.login not in [login.lower() for login in logins]:
            continue
        live.append(channel)
    live.sort(key=lambda channel: -(channel.stream.viewer_count if channel.stream else 0))
    page, pagination = call.page(live)
    return {"data": [_stream(channel) for channel in page], "pagination": pagination}


def _stream(channel: Channel) -> JsonObject:
    stream = channel.stream
    assert stream is not None
    return {
        "id": stream.id,
        **named("user", channel.owner),
        "game_id": channel.game.id if channel.game else "",
        "game_name": channel.game.name if channel.game else "",
        "type": "live",
        "title": channel.title,
        "viewer_count": stream.viewer_count,
        "started_at": seconds_time(stream.started_at),
        "language": channel.language,
        "thumbnail_url": f"https://static-cdn.jtvnw.net/previews-ttv/live_user_{channel.owner.login}-{{width}}x{{height}}.jpg",
        "tag_ids": [],
        "tags": list(channel.tags),
        "is_mature": False,
    }


def search_channels(call: Call) -> JsonObject:
    """Search Channels by the beginning of a name or a part of the title."""
    wanted = call.one("query").lower()
    live_only = call.query.get("live_only") == "true"
    found = []
    for user in call.world.users:
        channel = call.world.channel_of(user)
        if (user.login.startswith(wanted) or wanted in channel.title.lower()) and (channel.stream or not live_only):
            found.append(channel)
    page, pagination = call.page(found)
    return {"data": [_found_channel(channel) for channel in page], "pagination": pagination}


def _found_channel(channel: Channel) -> JsonObject:
    return {
        "broadcaster_language": channel.language,
        "broadcaster_login": channel.owner.login,
        "display_name": channel.owner.name,
        "game_id": channel.game.id if channel.game else "",
        "game_name": channel.game.name if channel.game else "",
        "id": channel.owner.id,
        "is_live": channel.stream is not None,
        "tag_ids": [],
        "tags": list(channel.tags),
        "thumbnail_url": portrait(channel.owner),
        "title": channel.title,
        "started_at": seconds_time(channel.stream.started_at) if channel.stream else "",
    }


def search_categories(call: Call) -> JsonObject:
    """Search Categories by a part of their name."""
    wanted = call.one("query").lower()
    page, pagination = call.page([game for game in call.world.games if wanted in game.name.lower()])
    return {
        "data": [{"box_art_url": _box_art(one, "52x72"), "name": one.name, "id": one.id} for one in page],
        "pagination": pagination,
    }


def get_games(call: Call) -> JsonObject:
    """Get Games by id or exact name."""
    ids, names = call.all("id"), call.all("name")
    if not ids and not names and not call.all("igdb_id"):
        raise Refused(400, "The request must specify the id or name or igdb_id query parameter.")
    return {"data": [_game(one) for one in call.world.games if one.id in ids or one.name in names]}


def get_top_games(call: Call) -> JsonObject:
    """Get Top Games."""
    page, pagination = call.page(call.world.games)
    return {"data": [_game(one) for one in page], "pagination": pagination}


def _game(game: Game) -> JsonObject:
    return {"id": game.id, "name": game.name, "box_art_url": _box_art(game, "{width}x{height}"), "igdb_id": ""}


def _box_art(game: Game, size: str) -> str:
    return f"https://static-cdn.jtvnw.net/ttv-boxart/{game.id}-{size}.jpg"


def get_followers(call: Call) -> JsonObject:
    """Get Channel Followers. Whoever does not moderate the channel learns their number alone."""
    channel = call.world.channel_of(call.person(call.one("broadcaster_id"), "broadcaster_id"))
    may_see = "moderator:read:followers" in call.token.scopes and call.world.is_moderator(call.user, channel)
    total = len(channel.followers)
    if not may_see:
        return {"data": [], "pagination": {}, "total": total}
    newest = sorted(channel.followers.items(), key=lambda pair: -pair[1])
    wanted = call.query.get("user_id")
    page, pagination = call.page([pair for pair in newest if wanted in (None, pair[0])])
    data = [{**named("user", call.world.find(id=one)), "followed_at": seconds_time(when)} for one, when in page]
    return {"data": data, "pagination": pagination, "total": total}


def get_subscriptions(call: Call) -> JsonObject:
    """Get Broadcaster Subscriptions."""
    owner = call.broadcaster()
    subscribers = call.world.channel_of(owner).subscribers
    wanted = call.all("user_id")
    page, pagination = call.page([one for one in subscribers.items() if not wanted or one[0] in wanted])
    data: list[JsonObject] = []
    for user_id, subscriber in page:
        gifter = subscriber.gifter
        data.append(
            {
                **broadcaster(owner),
                "gifter_id": gifter.id if gifter else "",
                "gifter_login": gifter.login if gifter else "",
                "gifter_name": gifter.name if gifter else "",
                "is_gift": subscriber.is_gift,
                "plan_name": f"Channel Subscription ({owner.login})",
                "tier": subscriber.tier,
                **named("user", call.world.find(id=user_id)),
            }
        )
    points = sum({"1000": 1, "2000": 2, "3000": 6}[one.tier] for one in subscribers.values())
    return {"data": data, "pagination": pagination, "total": len(subscribers), "points": points}


def check_subscription(call: Call) -> JsonObject:
    """Check User Subscription: whether the token's user subscribes to a channel."""
    owner = call.person(call.one("broadcaster_id"), "broadcaster_id")
    if call.one("user_id") != call.user.id:
        raise Refused(401, "The ID in user_id must match the user ID found in the request's OAuth token.")
    subscriber = call.world.channel_of(owner).subscribers.get(call.user.id)
    if subscriber is None:
        raise Refused(404, f"{call.user.login} has no subscription to {owner.login}")
    data: JsonObject = {**broadcaster(owner), "is_gift": subscriber.is_gift, "tier": subscriber.tier}
    if subscriber.gifter is not None:
        gifter = subscriber.gifter
        data |= {"gifter_id": gifter.id, "gifter_login": gifter.login, "gifter_name": gifter.name}
    return {"data": [data]}


def broadcaster(user: User) -> JsonObject:
    """A broadcaster as Helix names one: without the ``_user`` of EventSub."""
    return named("broadcaster", user)


CHANNEL_ROUTES = (
    Route("GET", "/users", get_users),
    Route("PUT", "/users", update_user, ("user:edit",)),
    Route("GET", "/channels", get_channels),
    Route("PATCH", "/channels", update_channel, ("channel:manage:broadcast",), success=204),
    Route("GET", "/channels/followers", get_followers),
    Route("GET", "/streams", get_streams),
    Route("GET", "/search/channels", search_channels),
    Route("GET", "/search/categories", search_categories),
    Route("GET", "/games", get_games),
    Route("GET", "/games/top", get_top_games),
    Route("GET", "/subscriptions", get_subscriptions, ("channel:read:subscriptions",)),
    Route("GET", "/subscriptions/user", check_subscription, ("user:read:subscriptions",)),
)
