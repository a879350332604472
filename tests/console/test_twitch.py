"""The page of Twitch in a real browser, before a server of its own that has a fake Twitch behind it."""

import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from stagedoor import keys
from stagedoor.fake_twitch import FakeTwitch
from stagedoor.kilovolt import Client
from stagedoor.strimertul import write
from stagedoor.types import JsonObject
from tests.conftest import Server
from tests.console.harness import Window, check_accessibility, open_page, sign_in, watched
from tests.services.twitch.stage import stored

pytestmark = pytest.mark.asyncio(loop_scope="package")

HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.exe"
LONG = "x" * 300


@pytest_asyncio.fixture(loop_scope="package", scope="module")
async def twitch() -> AsyncIterator[FakeTwitch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stagedoor.fake_twitch.login.DEVICE_POLL_S", 1)
        async with FakeTwitch() as twitch:
            yield twitch


@pytest_asyncio.fixture(loop_scope="package", scope="module")
async def serving(tmp_path_factory: pytest.TempPathFactory, twitch: FakeTwitch) -> AsyncIterator[Server]:
    urls = twitch.urls
    addresses = (
        *("--twitch-auth-url", urls.auth),
        *("--twitch-api-url", urls.api),
        *("--twitch-eventsub-url", urls.eventsub),
        *("--twitch-subscriptions-url", urls.subscriptions),
    )
    server = Server(tmp_path_factory.mktemp("twitch") / "data", *addresses, console=True)
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(loop_scope="package")
async def server(serving: Server) -> Server:
    """Serve without anything of Twitch stored, whatever was tried before."""
    async with Client(serving.url, token=serving.control_token) as owner:
        for account in ("streamer", "bot"):
            await owner.call_json(keys.TWITCH_LOG_OUT, {"account": account})
        for key in (keys.TWITCH_CONFIG, keys.BOT_CONFIG, keys.STREAM_INFO):
            await owner.delete(key)
        await owner.set_json(keys.EVENTSUB_HISTORY, [])
    return serving


def part(page: Page, title: str) -> Locator:
    """Find a part of the page by its title."""
    return page.get_by_role("region", name=title, exact=True)


def state(page: Page) -> Locator:
    """Find where the page tells how the connection is."""
    return page.locator("main .status")


async def set_up(owner: Client, twitch: FakeTwitch, *, is_public: bool = False) -> None:
    """Store an application, and switch Twitch on."""
    credentials = (
        {"api_client_id": twitch.public_client_id}
        if is_public
        else {"api_client_id": twitch.client_id, "api_client_secret": twitch.client_secret}
    )
    await owner.set_json(keys.TWITCH_CONFIG, {"enabled": True, **credentials})


async def answer_at_twitch(window: Window, link: Locator, button: str, account: str) -> Page:
    """Follow a link to Twitch in a new tab, and answer as an account."""
    async with window.context.expect_page() as opening:
        await link.click()
    tab = await opening.value
    await tab.get_by_label("Account").select_option(account)
    await tab.get_by_role("button", name=button, exact=True).click()
    return tab


async def test_from_nothing_to_a_channel_that_is_heard(window: Window, server: Server, twitch: FakeTwitch) -> None:
    page = window.page
    await page.get_by_role("link", name="Twitch").click()
    await expect(state(page)).to_contain_text("Switched off")
    guide = page.get_by_role("group").filter(has_text="How to make one")
    await expect(guide).to_contain_text(f"http://localhost:{server.port}/twitch/callback")
    await page.get_by_text("What your accounts are asked to allow").click()
    await expect(page.get_by_text("hear of hype trains")).to_be_visible()
    await check_accessibility(page)

    await page.get_by_label("Client ID").fill("nobody")
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.get_by_text("Twitch does not take it:")).to_contain_text("invalid client")
    await page.get_by_label("Client ID").fill(f" {twitch.public_client_id}")
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.get_by_text("Twitch knows this application.")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.get_by_role("switch", name="Connect to Twitch").check()
    await expect(state(page)).to_contain_text("Login needed")

    await page.get_by_role("link", name="To the accounts").click()
    channel = part(page, "Your channel")
    await expect(channel.get_by_role("button", name=re.compile("^Log in on Twitch.s page$"))).to_have_count(
        0
    )  # it has no secret
    await channel.get_by_role("button", name="Log in with a code").click()
    code = channel.locator("code")
    await expect(code).to_be_visible()
    assert await code.inner_text() in {asked.user_code for asked in twitch.tokens.device_codes.values()}
    await expect(channel).to_contain_text("Good for 29:")
    await check_accessibility(page)
    tab = await answer_at_twitch(
        window, channel.get_by_role("link", name="Open Twitch"), "Allow", twitch.world.owner.login
    )
    await tab.close()
    await expect(channel).to_contain_text(f"Logged in as {twitch.world.owner.name}.")
    await expect(state(page)).to_contain_text("Connected")
    await check_accessibility(page)

    await page.get_by_role("link", name="What is heard").click()
    await expect(page.get_by_role("listitem").filter(has_text="channel.follow")).to_contain_text("Heard")
    await page.get_by_role("searchbox", name="Search").fill("raid")
    await expect(page.get_by_text("channel.raid")).to_be_visible()
    await expect(page.get_by_text("channel.follow")).to_have_count(0)
    await check_accessibility(page)

    await page.get_by_role("link", name="Accounts").click()
    await channel.get_by_role("button", name="Log out").click()
    sure = page.get_by_role("alertdialog", name=f"Log out “{twitch.world.owner.name}”?")
    await sure.get_by_role("button", name="Log out").click()
    await expect(channel).to_contain_text("Nobody is logged in.")
    await expect(state(page)).to_contain_text("Login needed")


async def test_the_bot_logs_in_by_keyboard_and_a_denied_login_can_begin_again(
    window: Window, server: Server, twitch: FakeTwitch
) -> None:
    page = window.page
    async with Client(server.url, token=server.control_token) as owner:
        await set_up(owner, twitch, is_public=True)
    await open_page(page, "twitch/accounts")
    bot = part(page, "Bot")
    await expect(bot.get_by_role("button", name="Log in with a code")).to_be_enabled()
    await page.locator("main").focus()
    for _ in range(7):  # the page's five parts, the channel's login, the bot's login
        await page.keyboard.press("Tab")
    await expect(bot.get_by_role("button", name="Log in with a code")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(bot).to_contain_text("private window")
    await expect(bot.get_by_role("heading", name="Bot", exact=True)).to_be_focused()
    await answer_at_twitch(window, bot.get_by_role("link", name="Open Twitch"), "Deny", twitch.world.bot.login)
    await expect(bot.get_by_role("alert")).to_contain_text("The login has failed:")
    await bot.get_by_role("button", name="Try again").press("Enter")
    await bot.get_by_role("button", name="Cancel the login").press("Enter")
    await expect(bot.get_by_role("heading", name="Bot", exact=True)).to_be_focused()
    await expect(bot.get_by_role("button", name="Log in with a code")).to_be_visible()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await answer_at_twitch(window, bot.get_by_role("link", name="Open Twitch"), "Allow", twitch.world.bot.login)
    await expect(bot).to_contain_text(f"Logged in as {twitch.world.bot.name}.")


async def test_twitchs_page_comes_back_when_there_is_a_secret(
    window: Window, server: Server, twitch: FakeTwitch
) -> None:
    page = window.page
    async with Client(server.url, token=server.control_token) as owner:
        await set_up(owner, twitch)
        # The stored secret is tried with whatever client id is to be saved beside it, and the page does not know it.
        await open_page(page, "twitch")
        await page.get_by_role("button", name="Test connection").click()
        await expect(page.get_by_text("Twitch knows this application.")).to_be_visible()
        await page.get_by_label("Client ID").fill(twitch.public_client_id)
        await page.get_by_role("button", name="Test connection").click()
        await expect(page.locator(".notice.danger").filter(has_text="invalid client secret")).to_be_visible()
        await page.get_by_role("button", name="Cancel", exact=True).click()
        await open_page(page, "twitch/accounts")
        channel = part(page, "Your channel")
        await channel.get_by_role("button", name=re.compile("^Log in on Twitch.s page$")).click()
        link = channel.get_by_role("link", name="Open Twitch")
        tab = await answer_at_twitch(window, link, "Allow", twitch.world.owner.login)
        await expect(tab.get_by_role("heading", name="Logged in")).to_be_visible()
        await expect(channel).to_contain_text(f"Logged in as {twitch.world.owner.name}.")

        # A login that is over, for example by a new password, says so, and why.
        tokens = stored(twitch.issue_token(scopes=["user:read:chat"]), twitch)
        await owner.set(keys.AUTH_KEYS, write(tokens))
        await expect(channel).to_contain_text("stagedoor cannot:")
        await expect(channel.get_by_role("listitem").filter(has_text="hear of follows")).to_be_visible()
        tokens.access_token = tokens.refresh_token = "gone"
        await owner.set(keys.AUTH_KEYS, write(tokens))
        await expect(channel).to_contain_text("Login needed")
        await expect(state(page)).to_contain_text("Login needed")


async def test_the_secret_is_kept_shown_and_removed(page: Page, server: Server, twitch: FakeTwitch) -> None:
    async with Client(server.url, token=server.control_token) as owner:
        await owner.set_json(
            keys.TWITCH_CONFIG, {"api_client_id": "mine", "api_client_secret": "hidden-words", "other": 1}
        )
        await open_page(page, "twitch")
        client_id, secret = page.get_by_label("Client ID"), page.get_by_label("Client secret")
        await expect(client_id).to_have_value("mine")
        await expect(page.locator("main")).not_to_contain_text("hidden-words")
        await expect(secret).to_have_value("")
        await page.get_by_role("button", name="Show").click()
        await expect(page.get_by_text("hidden-words")).to_be_visible()
        await client_id.fill("yours")
        await page.get_by_role("link", name="Bot", exact=True).click()
        await page.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()
        await expect(client_id).to_have_value("yours")

        await owner.set_json(
            keys.TWITCH_CONFIG, {"api_client_id": "theirs", "api_client_secret": "hidden-words", "other": 2}
        )
        await expect(page.get_by_text("Meanwhile it was changed elsewhere.")).to_be_visible()
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("Saved.")).to_be_visible()
        saved = {"api_client_id": "yours", "api_client_secret": "hidden-words", "other": 2}
        assert await owner.get_json(keys.TWITCH_CONFIG, dict[str, object]) == saved

        await page.get_by_label("Remove the stored secret").check()
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_label("Remove the stored secret")).to_have_count(0)
        saved["api_client_secret"] = ""
        assert await owner.get_json(keys.TWITCH_CONFIG, dict[str, object]) == saved


async def test_the_bots_limits_are_saved_and_nothing_that_cannot_be_read_is_written_over(
    page: Page, server: Server
) -> None:
    async with Client(server.url, token=server.control_token) as owner:
        await owner.set_json(keys.BOT_CONFIG, {"username": "helper", "chat_history": 7})
        await open_page(page, "twitch/bot")
        history, cooldown = page.get_by_label("Messages to remember"), page.get_by_label("Seconds between two commands")
        await expect(history).to_have_value("7")
        await expect(cooldown).to_have_value("2")
        await page.get_by_role("switch", name="Enable the bot").press("Space")
        await expect(page.get_by_role("switch", name="Enable the bot")).to_be_checked()
        await history.fill("1001")
        await expect(page.get_by_text("A whole number from 0 to 1,000.")).to_be_visible()
        await expect(page.get_by_role("button", name="Save")).to_be_disabled()
        await check_accessibility(page)
        await history.fill("20")
        await cooldown.fill("0.5")
        await cooldown.press("Enter")
        await expect(page.get_by_text("Saved.")).to_be_visible()
        assert await owner.get_json(keys.BOT_CONFIG, dict[str, object]) == {
            "username": "helper",
            "chat_history": 20,
            "command_cooldown": 0.5,
        }
        config = await owner.get_json(keys.TWITCH_CONFIG, dict[str, object])
        assert config == {"enable_bot": True}

        # Over an object, that object would stay in force.
        await owner.delete(keys.BOT_CONFIG)
        await owner.set(keys.BOT_CONFIG, "no JSON")
        await expect(page.get_by_role("alert")).to_contain_text("twitch/bot-config cannot be read")
        await expect(history).to_have_count(0)


async def test_an_event_that_is_made_up_is_told_to_everybody(page: Page, server: Server) -> None:
    await open_page(page, "twitch/try")
    async with (
        Client(server.url, token=server.control_token) as owner,
        owner.watch(keys.EVENTSUB_EVENT) as told,
        owner.watch("event/Twitch/Raid") as raids,
    ):
        await page.get_by_role("searchbox", name="Search").fill("raid")
        await page.get_by_role("link", name="Another channel raids this one").click()
        await expect(page.get_by_label("Viewers")).to_have_value("42")
        await page.get_by_label("Channel that comes").fill("Bell_Tower")
        await page.get_by_label("Viewers").fill("7")
        await page.get_by_role("button", name="Let it happen").click()
        notification = json.loads((await anext(told)).value)
        event = notification["event"]
        assert (event["from_broadcaster_user_name"], event["viewers"]) == ("Bell_Tower", 7)
        assert event["from_broadcaster_user_login"] == "bell_tower"
        assert json.loads((await anext(raids)).value)["viewers"] == 7
        lately = part(page, "What Twitch told lately")
        await expect(lately).to_contain_text("Nothing yet")
        await owner.set_json(keys.EVENTSUB_HISTORY, [notification])
        for item in (part(page, "What you let happen").get_by_role("listitem"), lately.get_by_role("listitem")):
            await expect(item).to_contain_text("Bell_Tower raids with 7 viewers")
        await check_accessibility(page)

        await part(page, "What you let happen").get_by_role("button", name="Again").click()
        assert json.loads((await anext(told)).value)["event"]["viewers"] == 7
        await lately.get_by_role("button", name="Replay").click()
        assert json.loads((await anext(told)).value)["event"]["viewers"] == 7
        for _ in range(2):
            await anext(raids)

        # As JSON, by keyboard.
        await page.get_by_role("radio", name="Form").focus()
        await page.keyboard.press("ArrowRight")
        data = page.get_by_role("textbox", name="The event")
        await data.fill("[]")
        await expect(page.get_by_role("button", name="Let it happen")).to_be_disabled()
        await data.fill('{"viewers": 9}')
        await page.get_by_role("button", name="Let it happen").press("Enter")
        assert json.loads((await anext(told)).value)["event"]["viewers"] == 9
        await anext(raids)

        # The dashboard tells of it; from there, too, it can happen once more.
        await open_page(page, "")
        await page.get_by_role("button", name="Clear").click()
        await owner.call_json(keys.TWITCH_SIMULATE, {"topic": "channel.raid", "event": {"viewers": 11}})
        await anext(raids)
        await page.get_by_role("option").filter(has_text="raids with 11 viewers").click()
        dialog = page.get_by_role("dialog", name="Twitch.Raid")
        await expect(dialog.get_by_role("link", name="To the Twitch page")).to_be_visible()
        await dialog.get_by_role("button", name="Send again").click()
        assert json.loads((await anext(raids)).value)["viewers"] == 11


async def test_what_twitch_tells_no_more_is_shown_at_once(
    browser: Browser, page: Page, server: Server, twitch: FakeTwitch
) -> None:
    async with Client(server.url, token=server.control_token) as owner:
        await set_up(owner, twitch)
        await owner.set(keys.AUTH_KEYS, write(stored(twitch.issue_token(twitch.world.owner), twitch)))
    await open_page(page, "twitch/topics")
    chat, follows = (
        page.get_by_role("listitem").filter(has=page.get_by_text(topic, exact=True))
        for topic in ("channel.chat.message", "channel.follow")
    )
    await expect(chat).to_contain_text("Heard")
    await expect(follows).to_contain_text("Heard")
    twitch.faults.revoke("channel.follow", "version_removed")
    await expect(follows).to_contain_text("Withdrawn")
    await expect(follows).to_contain_text("Twitch tells it in another form now: a newer version of stagedoor")
    twitch.faults.revoke("channel.chat.message", "user_removed")
    await expect(chat).to_contain_text("The account is no longer at Twitch: log in with another one")
    await expect(state(page)).to_contain_text("nothing is heard of the chat")
    await check_accessibility(page)
    async with watched(browser, width=360, locale="it-IT") as window:
        await sign_in(window.page, server, "twitch/topics")
        await expect(window.page.get_by_text("forse una versione più nuova")).to_be_visible()
        await expect(window.page.get_by_text("non è più su Twitch: accedi con un altro")).to_be_visible()
        assert await window.page.evaluate("document.documentElement.scrollWidth") == 360


async def test_an_anonymous_gift_names_nobody(page: Page, server: Server) -> None:
    await open_page(page, "twitch/try/channel.subscription.gift")
    async with Client(server.url, token=server.control_token) as owner, owner.watch(keys.EVENTSUB_EVENT) as told:
        await page.get_by_label("Anonymous").check()
        await page.get_by_role("button", name="Let it happen").click()
        event = json.loads((await anext(told)).value)["event"]
        assert (event["is_anonymous"], event["user_name"]) == (True, None)
        happened = part(page, "What you let happen").get_by_role("listitem")
        await expect(happened).to_contain_text("Somebody gave 3 subscriptions away")


async def test_the_dashboard_tells_of_the_stream_and_hides_its_viewers(page: Page, server: Server) -> None:
    async with Client(server.url, token=server.control_token) as owner:
        await expect(part(page, "Connected")).to_be_visible()
        await expect(part(page, "Stream")).to_have_count(0)
        await owner.set_json(keys.TWITCH_CONFIG, {"enabled": True})
        stream = part(page, "Stream")
        await expect(stream).to_contain_text("Offline")
        await expect(page.get_by_role("listitem").filter(has_text="not set up yet")).to_contain_text("To Twitch")
        live = {"user_login": "robin", "title": "Pots", "game_name": "Pottery", "viewer_count": 1234}
        await owner.set_json(keys.STREAM_INFO, [{**live, "started_at": "2026-05-01T17:00:00Z"}])
        for text in ("LIVE", "Pots", "Pottery", "1,234 viewers"):
            await expect(stream).to_contain_text(text)
        await stream.get_by_role("button", name="Hide the number of viewers").press("Enter")
        await expect(stream).not_to_contain_text("1,234")
        await page.reload()
        await expect(stream).to_contain_text("Viewers hidden")
        await stream.get_by_role("button", name="Show the number of viewers").click()
        await expect(stream).to_contain_text("1,234 viewers")


async def test_hostile_texts_on_a_phone(browser: Browser, server: Server) -> None:
    async with watched(browser, width=360) as window:
        page = window.page
        page.on("dialog", lambda dialog: window.faults.append(dialog.message))
        await sign_in(page, server)
        async with Client(server.url, token=server.control_token) as owner:
            account: JsonObject = {"id": "1", "login": LONG, "name": f"{HOSTILE}{LONG}", "picture": "", "scopes": []}
            account |= {"missingScopes": [LONG], "validatedAt": None, "state": "ok", "problem": HOSTILE}
            topics = [{"topic": "channel.follow", "version": "2", "state": "refused", "reason": f"{HOSTILE}{LONG}"}]
            status = {"state": "offline", "problem": LONG, "since": 1, "streamer": account, "bot": account, "queue": 2}
            notification = {"subscription": {"type": LONG}, "event": {"user_name": HOSTILE, "message": LONG}}
            stream = {"user_login": f"x/{LONG}", "title": f"{HOSTILE}{LONG}", "game_name": LONG, "viewer_count": 1}
            login: JsonObject = {"flow": "device", "verificationUri": "javascript:alert(1)", "userCode": LONG}
            login |= {"state": "waiting", "expiresAt": 1, "problem": None}
            values: dict[str, object] = {
                keys.TWITCH_CONFIG: {"api_client_id": LONG, "api_client_secret": LONG},
                keys.STREAM_INFO: [stream],
                keys.EVENTSUB_HISTORY: [notification, None, 3, {"subscription": {}}],
                keys.TWITCH_LOGINS: {"bot": login},
            }
            for key, value in values.items():
                await owner.set_json(key, value)
            for path, shown in {
                "twitch": "Test connection",
                "twitch/accounts": LONG[:50],
                "twitch/bot": "It speaks as",
                "twitch/topics": LONG[:50],
                "twitch/try": HOSTILE[:20],
            }.items():
                # The service tells how it is after a change of its settings.
                await owner.set_json(keys.TWITCH_STATUS, {**status, "topics": topics})
                await open_page(page, path)
                await expect(page.locator("main")).to_contain_text(shown)
                await expect(page.locator("main .status")).to_contain_text(LONG)
                assert await page.locator("main img").count() == 0
                assert await page.evaluate("document.documentElement.scrollWidth") == 360, path
            await open_page(page, "twitch/accounts")
            await expect(part(page, "Bot").get_by_text("Waiting for Twitch")).to_be_visible()
            await expect(page.get_by_role("link", name="Open Twitch")).to_have_count(0)
            # With another state, the service tells how it is once more.
            await owner.set_json(keys.TWITCH_CONFIG, {"enabled": True})
            await expect(state(page)).to_contain_text("Not set up yet")
