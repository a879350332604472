"""Helix about what a stream shows: raids, clips, markers, bits, goals, hype trains, charity and ads."""

from stagedoor.fake_twitch.clock import exact_time, seconds_time
from stagedoor.fake_twitch.helix.call import Call, Route
from stagedoor.fake_twitch.helix.channels import broadcaster
from stagedoor.fake_twitch.people import named
from stagedoor.fake_twitch.refused import Refused
from stagedoor.fake_twitch.support import HypeTrain, dollars
from stagedoor.fake_twitch.world import Clip
from stagedoor.types import JsonObject

AD_LENGTHS_S = (30, 60, 90, 120, 150, 180)
AD_PAUSE_S: int = 480


def start_raid(call: Call) -> JsonObject:
    """Start a Raid, which the broadcaster's viewers join."""
    if call.broadcaster("from_broadcaster_id") is not call.world.owner:
        raise Refused(400, "The broadcaster is not streaming.")
    target = call.person(call.one("to_broadcaster_id"), "to_broadcaster_id")
    if target is call.world.owner:
        raise Refused(400, "The IDs in from_broadcaster_id and to_broadcaster_id cannot be the same.")
    stream = call.world.channel.stream
    call.world.raid_out(target, stream.viewer_count if stream else 0)
    return {"data": [{"created_at": exact_time(call.world.clock.now()), "is_mature": False}]}


def cancel_raid(call: Call) -> None:
    """Cancel a Raid; here they arrive at once, so there never is one."""
    call.broadcaster()
    raise Refused(404, "The broadcaster doesn't have a pending raid to cancel.")


def create_clip(call: Call) -> JsonObject:
    """Create Clip of a stream that is on the air."""
    owner = call.person(call.one("broadcaster_id"), "broadcaster_id")
    if call.world.channel_of(owner).stream is None:
        raise Refused(404, "Clipping is not possible for an offline channel.")
    made = call.world.clip(call.user)
    return {"data": [{"id": made.id, "edit_url": f"https://clips.twitch.tv/{made.id}/edit"}]}


def get_clips(call: Call) -> JsonObject:
    """Get Clips: by id or of a broadcaster."""
    wanted = call.all("id")
    if not wanted:
        call.person(call.one("broadcaster_id"), "broadcaster_id")
    is_own = bool(wanted) or call.query["broadcaster_id"] == call.world.owner.id
    page, pagination = call.page([one for one in call.world.clips if is_own and (not wanted or one.id in wanted)])
    return {"data": [_clip(call, one) for one in page], "pagination": pagination}


def _clip(call: Call, clip: Clip) -> JsonObject:
    channel = call.world.channel
    return {
        "id": clip.id,
        "url": f"https://clips.twitch.tv/{clip.id}",
        "embed_url": f"https://clips.twitch.tv/embed?clip={clip.id}",
        "broadcaster_id": channel.owner.id,
        "broadcaster_name": channel.owner.name,
        "creator_id": clip.creator.id,
        "creator_name": clip.creator.name,
        "video_id": "",
        "game_id": channel.game.id if channel.game else "",
        "language": channel.language,
        "title": clip.title,
        "view_count": 0,
        "created_at": seconds_time(clip.created_at),
        "thumbnail_url": f"https://clips-media-assets2.twitch.tv/{clip.id}-preview-480x272.jpg",
        "duration": 30.0,
        "vod_offset": None,
        "is_featured": False,
    }


def create_marker(call: Call) -> JsonObject:
    """Create Stream Marker."""
    call.broadcaster("user_id")
    made = call.world.mark(call.text("description", limit=140, default=""))
    if made is None:
        raise Refused(404, "The user is not streaming live.")
    return {
        "data": [
            {
                "id": made.id,
                "created_at": seconds_time(made.created_at),
                "description": made.description,
                "position_seconds": made.position_s,
            }
        ]
    }


def get_bits_leaderboard(call: Call) -> JsonObject:
    """Get Bits Leaderboard of all times."""
    count = call.query.get("count", "10")
    if not count.isdecimal() or not 1 <= int(count) <= 100:
        raise Refused(400, "The value of the count query parameter is not valid.")
    best = sorted(call.world.cheered.items(), key=lambda pair: -pair[1])
    data: list[JsonObject] = []
    for rank, (user_id, bits) in enumerate(best, 1):
        if call.query.get("user_id") in (None, user_id):
            data.append({**named("user", call.world.find(id=user_id)), "rank": rank, "score": bits})
    data = data[: int(count)]
    return {"data": data, "date_range": {"started_at": "", "ended_at": ""}, "total": len(data)}


def get_cheermotes(call: Call) -> JsonObject:
    """Get Cheermotes: the plain one."""

    def images(kind: str, theme: str, ending: str) -> dict[str, str]:
        place = f"https://d3aqoihi2n8ty8.cloudfront.net/actions/cheer/{theme}/{kind}/{{tier}}"
        return {size: f"{place}/{size}.{ending}" for size in ("1", "1.5", "2", "3", "4")}

    tiers: list[JsonObject] = []
    for bits, colour in ((1, "#979797"), (100, "#9c3ee8"), (1000, "#1db2a5"), (5000, "#0099fe"), (10000, "#f43021")):
        themes: JsonObject = {}
        for theme in ("dark", "light"):
            made = {"animated": images("animated", theme, "gif"), "static": images("static", theme, "png")}
            themes[theme] = {
                kind: {size: url.format(tier=bits) for size, url in sizes.items()} for kind, sizes in made.items()
            }
        tiers.append(
            {
                "min_bits": bits,
                "id": str(bits),
                "color": colour,
                "images": themes,
                "can_cheer": True,
                "show_in_bits_card": True,
            }
        )
    cheer: JsonObject = {
        "prefix": "Cheer",
        "tiers": tiers,
        "type": "global_first_party",
        "order": 1,
        "last_updated": "2018-05-22T00:06:04Z",
        "is_charitable": False,
    }
    return {"data": [cheer]}


def get_goals(call: Call) -> JsonObject:
    """Get Creator Goals."""
    owner = call.broadcaster()
    goals = call.world.goals if owner is call.world.owner else []
    return {
        "data": [
            {
                "id": one.id,
                **broadcaster(owner),
                "type": "follower" if one.kind == "follow" else one.kind,
                "description": one.description,
                "current_amount": one.current,
                "target_amount": one.target,
                "created_at": seconds_time(one.started_at),
            }
            for one in goals
        ]
    }


def get_hype_train(call: Call) -> JsonObject:
    """Get Hype Train Status: the one on its way, and the record."""
    call.affiliate()
    train, record = call.world.hype_train, call.world.hype_train_record
    best: JsonObject | None = None
    if record is not None:
        best = {"level": record.level, "total": record.total, "achieved_at": exact_time(record.started_at)}
    current = None if train is None else _train(call, train)
    return {"data": [{"current": current, "all_time_high": best, "shared_all_time_high": None}]}


def _train(call: Call, train: HypeTrain) -> JsonObject:
    return {
        "id": train.id,
        **named("broadcaster_user", call.world.owner),
        "level": train.level,
        "total": train.total,
        "progress": train.progress,
        "goal": train.goal,
        "top_contributions": call.world.top_contributions(train),
        "shared_train_participants": None,
        "started_at": exact_time(train.started_at),
        "expires_at": exact_time(train.expires_at),
        "type": "regular",
        "is_shared_train": False,
    }


def get_charity(call: Call) -> JsonObject:
    """Get Charity Campaign."""
    owner, charity = call.affiliate(), call.world.charity
    if charity is None:
        return {"data": []}
    return {
        "data": [
            {
                "id": charity.id,
                **broadcaster(owner),
                "charity_name": charity.name,
                "charity_description": f"What {charity.name} does",
                "charity_logo": "https://abc.cloudfront.net/ppgf/1000/100.png",
                "charity_website": "https://www.example.com",
                "current_amount": dollars(charity.current_cents),
                "target_amount": dollars(charity.target_cents),
            }
        ]
    }


def get_donations(call: Call) -> JsonObject:
    """Get Charity Campaign Donations."""
    call.affiliate()
    charity = call.world.charity
    page, pagination = call.page(charity.donations if charity else [])
    data: list[JsonObject] = []
    for one in page:
        campaign = charity.id if charity else ""
        data.append({"id": one.id, "campaign_id": campaign, **named("user", one.user), "amount": dollars(one.cents)})
    return {"data": data, "pagination": pagination}


def start_commercial(call: Call) -> JsonObject:
    """Start Commercial, at most once in eight minutes."""
    call.affiliate()
    length = call.number("length", 1, 180)
    if call.world.channel.stream is None:
        raise Refused(400, "The broadcaster must be streaming live in order to run a commercial.")
    now, last = call.world.clock.now(), call.world.last_ad_at
    if last is not None and now - last < AD_PAUSE_S:
        raise Refused(429, "You may not run another commercial yet.")
    length = min(AD_LENGTHS_S, key=lambda known: abs(known - length))
    call.world.ad_break(length)
    return {"data": [{"length": length, "message": "", "retry_after": AD_PAUSE_S}]}


def get_ad_schedule(call: Call) -> JsonObject:
    """Get Ad Schedule. The times are empty where there is none."""
    call.affiliate()
    world = call.world

    def time(moment: float | None) -> str:
        return "" if moment is None else seconds_time(moment)

    return {
        "data": [
            {
                "snooze_count": world.ad_snoozes,
                "snooze_refresh_at": "",
                "next_ad_at": time(world.next_ad_at),
                "duration": 60,
                "last_ad_at": time(world.last_ad_at),
                "preroll_free_time": 0,
            }
        ]
    }


def snooze_ad(call: Call) -> JsonObject:
    """Snooze Next Ad by five minutes."""
    call.affiliate()
    world = call.world
    if world.next_ad_at is None or world.channel.stream is None:
        raise Refused(400, "The channel is not currently live or has no upcoming ad to snooze.")
    if world.ad_snoozes == 0:
        raise Refused(429, "The broadcaster has no snoozes left.")
    world.ad_snoozes -= 1
    world.next_ad_at += 300
    refresh_at = seconds_time(world.clock.now() + 3600)
    next_at = seconds_time(world.next_ad_at)
    return {"data": [{"snooze_count": world.ad_snoozes, "snooze_refresh_at": refresh_at, "next_ad_at": next_at}]}


SHOW_ROUTES = (
    Route("POST", "/raids", start_raid, ("channel:manage:raids",)),
    Route("DELETE", "/raids", cancel_raid, ("channel:manage:raids",), success=204),
    Route("POST", "/clips", create_clip, ("clips:edit", "channel:manage:clips"), success=202),
    Route("GET", "/clips", get_clips),
    Route("POST", "/streams/markers", create_marker, ("channel:manage:broadcast",)),
    Route("GET", "/bits/leaderboard", get_bits_leaderboard, ("bits:read",)),
    Route("GET", "/bits/cheermotes", get_cheermotes),
    Route("GET", "/goals", get_goals, ("channel:read:goals",)),
    Route("GET", "/hypetrain/status", get_hype_train, ("channel:read:hype_train",)),
    Route("GET", "/charity/campaigns", get_charity, ("channel:read:charity",)),
    Route("GET", "/charity/donations", get_donations, ("channel:read:charity",)),
    Route("POST", "/channels/commercial", start_commercial, ("channel:edit:commercial",)),
    Route("GET", "/channels/ads", get_ad_schedule, ("channel:read:ads",)),
    Route("POST", "/channels/ads/schedule/snooze", snooze_ad, ("channel:manage:ads",)),
)
