"""One call of each endpoint that answers with a body, in a world where there is something of everything."""

from typing import Any

from stagedoor.fake_twitch import FakeTwitch
from tests.fake_twitch.conftest import Visitor


async def ask_everything(twitch: FakeTwitch, visitor: Visitor) -> list[tuple[str, Any]]:
    """Each answer, with the name that its documented type has."""
    world = twitch.world
    owner, bot, ann = world.owner, world.bot, world.user("Ann")
    world.go_live(viewers=12)
    for name in ("Ann", "Ben", "Cleo"):
        world.follow(name)
        world.chat(name, "Hello")
    world.subscribe("Ann")
    world.gift("Cleo", "Ben")
    world.cheer("Ann", 100)
    world.ban("Hal", reason="spam")
    world.timeout("Ivo", 600)
    world.add_vip("Cleo")
    world.clip("Ann")
    world.goal_begin("follow", 100, current=3)
    world.charity_begin()
    world.charity_donate("Ann", 500)
    world.hype_train_begin("Ann")
    world.hype_train_end()
    world.hype_train_begin("Ben")
    request = world.ask_for_unban("Hal", "Sorry")
    world.ask_for_unban("Ivo", "Please")
    world.next_ad_at = twitch.clock.now() + 600

    one = {"broadcaster_id": owner.id}
    moderated = {**one, "moderator_id": owner.id}
    found: list[tuple[str, Any]] = []

    async def ask(kind: str, method: str, path: str, body: object = None, /, **query: object) -> Any:
        answer = await visitor.call(method, path, body, **query)
        assert answer.status in (200, 202), (kind, answer)
        found.append((kind, answer.body))
        return answer.body["data"]

    async def do(method: str, path: str, body: object = None, /, **query: object) -> None:
        answer = await visitor.call(method, path, body, **query)
        assert answer.status == 204, (path, answer)

    await ask("GetUsersResponse", "GET", "/users", login=["ann", "ben"])
    await ask("UpdateUserResponse", "PUT", "/users", description="Hello")
    await ask("GetChannelInformationResponse", "GET", "/channels", **one)
    await do("PATCH", "/channels", {"title": "Everything"}, **one)
    await ask("GetStreamsResponse", "GET", "/streams")
    await ask("SearchChannelsResponse", "GET", "/search/channels", query="s")
    await ask("SearchCategoriesResponse", "GET", "/search/categories", query="a")
    await ask("GetGamesResponse", "GET", "/games", id="509658")
    await ask("GetTopGamesResponse", "GET", "/games/top")
    await ask("GetChannelFollowersResponse", "GET", "/channels/followers", **one)
    await ask("GetBroadcasterSubscriptionsResponse", "GET", "/subscriptions", **one)

    await ask("GetChattersResponse", "GET", "/chat/chatters", **moderated)
    said = {**one, "sender_id": owner.id, "message": "Hello all"}
    (sent,) = await ask("SendChatMessageResponse", "POST", "/chat/messages", said)
    await do("POST", "/chat/announcements", {"message": "Hear!", "color": "blue"}, **moderated)
    await do("POST", "/whispers", {"message": "psst"}, from_user_id=owner.id, to_user_id=ann.id)
    await do("DELETE", "/moderation/chat", **moderated, message_id=sent["message_id"])
    await ask("GetGlobalEmotesResponse", "GET", "/chat/emotes/global")
    await ask("GetChannelEmotesResponse", "GET", "/chat/emotes", **one)
    await ask("GetUserEmotesResponse", "GET", "/chat/emotes/user", user_id=owner.id)
    await ask("GetGlobalChatBadgesResponse", "GET", "/chat/badges/global")
    await ask("GetChannelChatBadgesResponse", "GET", "/chat/badges", **one)
    await ask("GetChatSettingsResponse", "GET", "/chat/settings", **moderated)
    await ask("UpdateChatSettingsResponse", "PATCH", "/chat/settings", {"slow_mode": True}, **moderated)
    await ask("GetUserChatColorResponse", "GET", "/chat/color", user_id=ann.id)
    await do("PUT", "/chat/color", user_id=owner.id, color="blue")

    await ask("GetBannedUsersResponse", "GET", "/moderation/banned", **one)
    jo, kim = world.user("Jo"), world.user("Kim")
    await ask("BanUserResponse", "POST", "/moderation/bans", {"data": {"user_id": jo.id}}, **moderated)
    timeout = {"data": {"user_id": kim.id, "duration": 60, "reason": "x"}}
    await ask("BanUserResponse", "POST", "/moderation/bans", timeout, **moderated)
    await do("DELETE", "/moderation/bans", **moderated, user_id=jo.id)
    warning = {"data": {"user_id": ann.id, "reason": "Mind your words"}}
    await ask("WarnChatUserResponse", "POST", "/moderation/warnings", warning, **moderated)
    await ask("GetModeratorsResponse", "GET", "/moderation/moderators", **one)
    await do("POST", "/moderation/moderators", **one, user_id=ann.id)
    await do("DELETE", "/moderation/moderators", **one, user_id=ann.id)
    await ask("GetModeratedChannelsResponse", "GET", "/moderation/channels", user_id=owner.id)
    await ask("GetVIPsResponse", "GET", "/channels/vips", **one)
    await do("POST", "/channels/vips", **one, user_id=ann.id)
    await do("DELETE", "/channels/vips", **one, user_id=ann.id)
    await ask("UpdateShieldModeStatusResponse", "PUT", "/moderation/shield_mode", {"is_active": True}, **moderated)
    await ask("GetShieldModeStatusResponse", "GET", "/moderation/shield_mode", **moderated)
    await ask("GetUnbanRequestsResponse", "GET", "/moderation/unban_requests", **moderated, status="pending")
    decided = {**moderated, "unban_request_id": request.id, "status": "approved"}
    await ask("ResolveUnbanRequestsResponse", "PATCH", "/moderation/unban_requests", **decided)
    shoutout = {"from_broadcaster_id": owner.id, "to_broadcaster_id": ann.id, "moderator_id": owner.id}
    await do("POST", "/chat/shoutouts", **shoutout)

    rewards, redemptions = "/channel_points/custom_rewards", "/channel_points/custom_rewards/redemptions"
    wanted = {"title": "Hydrate", "cost": 300, "is_max_per_stream_enabled": True, "max_per_stream": 5}
    (reward,) = await ask("CreateCustomRewardsResponse", "POST", rewards, wanted, **one)
    await ask("UpdateCustomRewardResponse", "PATCH", rewards, {"cost": 350}, **one, id=reward["id"])
    await ask("GetCustomRewardResponse", "GET", rewards, **one)
    made = world.redeem("Ann", "Hydrate", "Cheers")
    asked = {**one, "reward_id": reward["id"]}
    await ask("GetCustomRewardRedemptionResponse", "GET", redemptions, **asked, status="UNFULFILLED")
    fulfilled = {"status": "FULFILLED"}
    await ask("UpdateRedemptionStatusResponse", "PATCH", redemptions, fulfilled, **asked, id=made.id)
    await do("DELETE", rewards, **one, id=reward["id"])

    titles = [{"title": "Tea"}, {"title": "Coffee"}]
    poll = {**one, "title": "Tea or coffee?", "choices": titles, "duration": 60}
    (begun,) = await ask("CreatePollResponse", "POST", "/polls", poll)
    world.poll_vote(world.polls[0], 0)
    await ask("GetPollsResponse", "GET", "/polls", **one)
    await ask("EndPollResponse", "PATCH", "/polls", {**one, "id": begun["id"], "status": "TERMINATED"})
    prediction = {**one, "title": "Tea or coffee?", "outcomes": titles, "prediction_window": 60}
    (begun,) = await ask("CreatePredictionResponse", "POST", "/predictions", prediction)
    world.predict("Ann", world.predictions[0], 0, 100)
    await ask("GetPredictionsResponse", "GET", "/predictions", **one)
    winner = begun["outcomes"][0]["id"]
    resolved = {**one, "id": begun["id"], "status": "RESOLVED", "winning_outcome_id": winner}
    await ask("EndPredictionResponse", "PATCH", "/predictions", resolved)

    await ask("CreateClipResponse", "POST", "/clips", **one)
    await ask("GetClipsResponse", "GET", "/clips", **one)
    await ask("CreateStreamMarkerResponse", "POST", "/streams/markers", {"user_id": owner.id, "description": "Now"})
    await ask("GetBitsLeaderboardResponse", "GET", "/bits/leaderboard")
    await ask("GetCheermotesResponse", "GET", "/bits/cheermotes")
    await ask("GetCreatorGoalsResponse", "GET", "/goals", **one)
    await ask("GetHypeTrainStatusResponse", "GET", "/hypetrain/status", **one)
    await ask("GetCharityCampaignResponse", "GET", "/charity/campaigns", **one)
    await ask("GetCharityCampaignDonationsResponse", "GET", "/charity/donations", **one)
    await ask("StartCommercialResponse", "POST", "/channels/commercial", {**one, "length": 60})
    await ask("GetAdScheduleResponse", "GET", "/channels/ads", **one)
    await ask("SnoozeNextAdResponse", "POST", "/channels/ads/schedule/snooze", **one)
    await ask("StartRaidResponse", "POST", "/raids", from_broadcaster_id=owner.id, to_broadcaster_id=ann.id)
    async with visitor.socket() as socket:
        await socket.welcome()
        topic = {"type": "channel.follow", "version": "2", "condition": visitor.condition("channel.follow")}
        body = {**topic, "transport": {"method": "websocket", "session_id": socket.id}}
        await ask("CreateEventSubSubscriptionResponse", "POST", "/eventsub/subscriptions", body)
        await ask("GetEventSubSubscriptionsResponse", "GET", "/eventsub/subscriptions")
    visitor.token = twitch.issue_token("Ben")
    await ask("CheckUserSubscriptionResponse", "GET", "/subscriptions/user", **one, user_id=world.user("Ben").id)
    visitor.token = twitch.issue_token(bot)
    await ask("GetModeratedChannelsResponse", "GET", "/moderation/channels", user_id=bot.id)
    return found
