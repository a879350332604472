"""The page of the chat: commands, timers and alerts, made, tried, changed and lost, in a real browser."""

import json
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from stagedoor.keys import ALERTS_CONFIG, CHAT_ACTIVITY, COMMANDS, TIMERS_CONFIG
from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.console.harness import check_accessibility, open_page, sign_in, watched

pytestmark = pytest.mark.asyncio(loop_scope="package")

HOSTILE = "<img src=x onerror=alert(1)> \u202eevil/%"


@pytest_asyncio.fixture(loop_scope="package", autouse=True)
async def leave_nothing(owner: Client) -> AsyncIterator[None]:
    """Begin and end without commands, timers and alerts."""
    await forget(owner)
    yield
    await forget(owner)


async def forget(owner: Client) -> None:
    """Delete what the page shows."""
    for key in (COMMANDS, TIMERS_CONFIG, ALERTS_CONFIG, CHAT_ACTIVITY):
        if await owner.get(key):
            await owner.delete(key)


async def stored(owner: Client, key: str) -> dict[str, object]:
    """Read a key that holds an object."""
    value: dict[str, object] = json.loads(await owner.get(key))
    return value


def row(page: Page, name: str) -> Locator:
    """Find a command or a timer in its list."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("link", name=name, exact=True))


async def test_a_command_is_made_tried_switched_renamed_and_deleted(page: Page, owner: Client) -> None:
    await open_page(page, "chat")
    await expect(page.get_by_text("There are no commands yet")).to_be_visible()
    await page.get_by_role("link", name="New command").click()
    dialog = page.get_by_role("dialog", name="A new command")
    await expect(dialog.get_by_label("What is typed")).to_be_focused()
    await dialog.get_by_label("What is typed").fill("!so")
    answer = dialog.get_by_role("textbox", name="Answer")
    await answer.fill("Go and see\n{{ usr . }}")
    await expect(dialog.get_by_text('function "usr" is not defined')).to_be_visible()
    await dialog.get_by_role("button", name="Show line 2").click()
    assert (
        await answer.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)") == "{{ usr . }}"
    )
    await answer.fill("{{ user . }} greets ")
    await dialog.get_by_text("What can I put in?").click()
    await dialog.get_by_role("button", name="Insert {{ param 1 . }}").click()
    await dialog.get_by_label("Try it on this message").fill("!so Ada")
    await expect(dialog.get_by_text("Cool_User greets Ada")).to_be_visible()
    await dialog.get_by_label("Who may use it").select_option("VIPs and above")
    await dialog.get_by_label("The answer is").select_option("A reply to the message")
    await dialog.get_by_label("Until anybody may use it again").fill("2.5")
    await check_accessibility(page)
    await dialog.get_by_role("button", name="Save").click()
    so = row(page, "!so")
    await expect(so).to_contain_text("VIPs and above")
    await expect(so).to_contain_text("{{ user . }} greets {{ param 1 . }}")
    await expect(dialog).to_be_hidden()
    command = {
        "description": "",
        "access_level": "vip",
        "response": "{{ user . }} greets {{ param 1 . }}",
        "enabled": True,
        "response_type": "reply",
        "cooldown": 2.5,
    }
    assert await stored(owner, COMMANDS) == {"!so": command}

    await owner.set_json(COMMANDS, {"!so": {**command, "note": 7}, "!old": {"access_level": "subscribers"}})
    await expect(row(page, "!old")).to_contain_text("Subscribers and above")
    await so.get_by_role("checkbox").uncheck()
    await expect(so.get_by_text("Off", exact=True)).to_be_visible()
    await so.get_by_role("link", name="Edit !so").click()
    dialog = page.get_by_role("dialog", name="!so")
    await dialog.get_by_label("What is typed").fill("!OLD")
    await expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    await dialog.get_by_label("What is typed").fill("!see")
    await dialog.get_by_label("Until anybody may use it again").fill("")
    await dialog.get_by_role("button", name="Save").click()
    await expect(row(page, "!see")).to_be_visible()
    kept = {name: member for name, member in command.items() if name != "cooldown"}
    assert await stored(owner, COMMANDS) == {
        "!see": {**kept, "enabled": False, "note": 7},
        "!old": {"access_level": "subscribers"},
    }

    await page.get_by_role("searchbox").fill("greets")
    await expect(page.get_by_text("1 of 2 commands")).to_be_visible()
    await page.get_by_role("button", name="Delete !see").click()
    await expect(page.get_by_text("!see was deleted.")).to_be_visible()
    assert list(await stored(owner, COMMANDS)) == ["!old"]
    await page.get_by_role("button", name="Undo").click()
    await expect(row(page, "!see")).to_be_visible()
    await check_accessibility(page)


async def test_a_command_is_made_by_keyboard_alone_also_with_an_error_if_one_insists(page: Page, owner: Client) -> None:
    await open_page(page, "chat")
    await page.get_by_role("link", name="New command").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.get_by_label("What is typed").focus()
    await page.keyboard.type("good bot")
    await page.get_by_role("textbox", name="Answer").focus()
    await page.keyboard.type("{{ param -1 . }}")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("alertdialog", name="Leave without saving?")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_label("What is typed").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alertdialog", name="Save it with this error?")).to_contain_text("param")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(row(page, "good bot")).to_be_visible()
    assert list(await stored(owner, COMMANDS)) == ["good bot"]


async def test_an_edit_of_a_command_survives_what_others_write(page: Page, owner: Client) -> None:
    await owner.set_json(COMMANDS, {"!a": {"response": "old", "enabled": True}})
    await open_page(page, "chat/commands/!a")
    answer = page.get_by_role("textbox", name="Answer")
    await expect(answer).to_have_value("old")
    await owner.set_json(COMMANDS, {"!a": {"response": "newer", "enabled": True}})
    await expect(answer).to_have_value("newer")
    await answer.fill("mine")
    await owner.set_json(COMMANDS, {"!a": {"response": "theirs", "enabled": False}, "!b": {}})
    await expect(page.get_by_text("This was changed elsewhere")).to_be_visible()
    await expect(answer).to_have_value("mine")
    await page.get_by_role("button", name="Keep mine").click()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    commands = await stored(owner, COMMANDS)
    assert list(commands) == ["!a", "!b"]
    assert commands["!a"] == {"response": "mine", "enabled": True, "access_level": "everyone", "response_type": "chat"}


async def test_what_is_wrong_with_commands_is_told_and_what_cannot_be_read_is_left_alone(
    page: Page, owner: Client
) -> None:
    await owner.set_json(COMMANDS, {"!bad": {"response": "{{ nosuch }}", "enabled": True}, "!odd": 5})
    await open_page(page, "chat")
    await expect(row(page, "!bad")).to_contain_text('line 1: function "nosuch" is not defined')
    await expect(row(page, "!odd")).to_contain_text("Does not work")
    await expect(row(page, "!odd").get_by_role("checkbox")).to_be_disabled()
    await owner.set(COMMANDS, "[1, 2")
    await expect(page.get_by_role("region", name="What is stored", exact=True)).to_have_text("[1, 2")
    await page.get_by_role("button", name="Begin anew").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Begin anew").click()
    await expect(page.get_by_text("There are no commands yet")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("region", name="What is stored", exact=True)).to_have_text("[1, 2")
    assert await owner.get(COMMANDS) == "[1, 2"


async def test_a_timer_is_made_changed_and_deleted(page: Page, owner: Client) -> None:
    await owner.set_json(TIMERS_CONFIG, {"timers": {}, "more": True})
    await open_page(page, "chat/timers")
    await page.get_by_role("link", name="New timer").click()
    dialog = page.get_by_role("dialog", name="A new timer")
    await dialog.get_by_label("Name").fill("socials")
    await dialog.get_by_role("spinbutton", name="Every").fill("1.5")
    await dialog.get_by_label("Unit of time").select_option("hours")
    await dialog.get_by_label("Messages of viewers").fill("12")
    await dialog.get_by_label("Only while the channel is live").check()
    await dialog.get_by_role("textbox", name="Message 1").fill("Clips!")
    await dialog.get_by_role("button", name="Add a message").click()
    await dialog.get_by_role("textbox", name="Message 2").fill("Chat!")
    await dialog.get_by_role("button", name="Move Message 2 up").click()
    await expect(dialog.get_by_role("textbox", name="Message 1")).to_be_focused()
    await check_accessibility(page)
    await dialog.get_by_role("button", name="Save").click()
    socials = row(page, "socials")
    await expect(socials).to_contain_text("Every 90 minutes, at least 12 messages in 5 minutes")
    await expect(socials).to_contain_text("Only live")
    timer = {
        "enabled": True,
        "minimum_chat_activity": 12,
        "minimum_delay": 5400,
        "messages": ["Chat!", "Clips!"],
        "only_live": True,
        "name": "socials",
    }
    assert await stored(owner, TIMERS_CONFIG) == {"timers": {"socials": timer}, "more": True}

    await socials.get_by_role("checkbox").uncheck()
    await expect(socials.get_by_text("Off", exact=True)).to_be_visible()
    await socials.get_by_role("link", name="socials", exact=True).click()
    dialog = page.get_by_role("dialog", name="socials")
    await expect(dialog.get_by_role("spinbutton", name="Every")).to_have_value("90")
    await dialog.get_by_label("Unit of time").select_option("seconds")
    await dialog.get_by_role("spinbutton", name="Every").fill("59")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_be_visible()
    await dialog.get_by_role("spinbutton", name="Every").fill("60")
    await dialog.get_by_label("Name").fill("clips")
    await dialog.get_by_role("button", name="Save").click()
    await expect(row(page, "clips")).to_contain_text("Every minute")
    timers = (await stored(owner, TIMERS_CONFIG))["timers"]
    assert timers == {"clips": {**timer, "enabled": False, "minimum_delay": 60, "name": "clips"}}

    await page.get_by_role("button", name="Delete clips").click()
    await expect(page.get_by_text("There are no timers yet")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(row(page, "clips")).to_be_visible()
    await owner.set_json(TIMERS_CONFIG, {"timers": {"clips": {"minimum_delay": "soon"}}})
    await expect(page.get_by_text("timers → clips → minimum_delay")).to_be_visible()


async def test_the_chat_of_five_minutes_is_shown_oldest_first(page: Page, owner: Client) -> None:
    # Whatever minute it is when somebody looks: all are the same but one, which is somewhere.
    await owner.set_json(CHAT_ACTIVITY, [2, 2, 2, 2, 1204])
    await open_page(page, "chat/timers")
    await expect(page.get_by_text("1,212 messages")).to_be_visible()
    bars = page.get_by_role("list", name="Messages by the minute").get_by_role("listitem")
    await expect(bars).to_have_count(5)
    before = int(time.time() // 60)
    shown = [(await bars.nth(place).inner_text()).startswith("1,204") for place in range(5)]
    # The minute of the place 4 is a minute ago when the minute that is under way has the place 0.
    expected = {(4 - minute) % 5 for minute in (before, int(time.time() // 60))}
    assert shown.count(True) == 1
    assert shown.index(True) in expected


async def test_an_alert_is_written_tried_and_saved_with_what_nobody_here_knows(page: Page, owner: Client) -> None:
    await owner.set_json(ALERTS_CONFIG, {"raid": {"enabled": False, "colour": "red"}, "more": [1]})
    await open_page(page, "chat/alerts")
    await page.get_by_role("link", name="Raid").click()
    await page.get_by_role("button", name="Add a message").first.click()
    await page.get_by_role("textbox", name="Message 1").fill("Hello ")
    await page.get_by_text("What can I put in?").click()
    await page.get_by_role("button", name="Insert {{ .FromBroadcasterUserName }}").click()
    tried = page.get_by_role("region", name="Try it")
    await expect(tried.get_by_text("Hello Cool_User")).to_be_visible()
    await expect(tried.get_by_text("Switched off")).to_be_visible()
    await page.get_by_label("Greet raids in chat").check()
    await page.get_by_role("button", name="Add an occasion").click()
    occasions = page.get_by_role("region", name="For special occasions")
    await occasions.get_by_label("Viewers, at least").fill("100")
    await occasions.get_by_role("textbox", name="Message 1").fill("{{ .Viewers }} raiders!")
    await expect(tried.get_by_text("Hello Cool_User")).to_be_visible()
    await tried.get_by_label("Viewers").fill("100")
    await expect(tried.get_by_text("100 raiders!")).to_be_visible()
    await expect(tried.get_by_text("From occasion 1")).to_be_visible()
    await occasions.get_by_role("button", name="Add a message").click()
    await occasions.get_by_role("textbox", name="Message 2").fill("{{ .Nothing }}")
    await expect(tried.get_by_text("One of these 2 would be drawn")).to_be_visible()
    await expect(tried.get_by_text("It would fail")).to_be_visible()
    await occasions.get_by_role("button", name="Remove Message 2").click()
    await check_accessibility(page)
    await page.get_by_role("link", name="Cheer").click()
    await page.get_by_label("Thank for bits in chat").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Control+s")
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    assert await stored(owner, ALERTS_CONFIG) == {
        "raid": {
            "enabled": True,
            "colour": "red",
            "messages": ["Hello {{ .FromBroadcasterUserName }}"],
            "variations": [{"min_viewers": 100, "messages": ["{{ .Viewers }} raiders!"]}],
        },
        "more": [1],
        "cheer": {"enabled": True},
    }


async def test_variations_for_gifts_and_subscriptions_have_conditions_of_their_own(page: Page, owner: Client) -> None:
    # strimertül's defect 33: its window could not edit variations.
    await open_page(page, "chat/alerts/gift_sub")
    tried = page.get_by_role("region", name="Try it")
    await page.get_by_label("Thank givers in chat").check()
    await page.get_by_role("button", name="Add an occasion").click()
    occasions = page.get_by_role("region", name="For special occasions")
    await occasions.get_by_role("textbox", name="Message 1").fill("Who was it?")
    await occasions.get_by_label("When").select_option("the giver is unknown")
    await expect(tried.get_by_text("Nothing would be said")).to_be_visible()
    await tried.get_by_label("Anonymous").check()
    await expect(tried.get_by_text("Who was it?")).to_be_visible()
    await page.get_by_role("link", name="Subscription").click()
    await page.get_by_role("button", name="Add an occasion").click()
    await occasions.get_by_role("textbox", name="Message 1").fill("{{ .StreakMonths }} months: {{ .Message }}")
    await tried.get_by_label("Months in a row").fill("12")
    await expect(tried.get_by_text("12 months: Love the stream!")).to_be_visible()
    threshold = occasions.get_by_role("spinbutton", name="At least")
    await threshold.fill("1.5")
    await page.get_by_role("button", name="Save").click()
    await expect(threshold).to_be_focused()
    assert await owner.get(ALERTS_CONFIG) == ""
    await threshold.fill("12")
    await tried.get_by_label("Subscription").select_option("Given by somebody")
    await expect(tried.get_by_text("Nothing would be said")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    assert await stored(owner, ALERTS_CONFIG) == {
        "gift_sub": {"enabled": True, "variations": [{"messages": ["Who was it?"], "is_anonymous": True}]},
        "subscription": {
            "variations": [{"min_streak": 12, "messages": ["{{ .StreakMonths }} months: {{ .Message }}"]}]
        },
    }


async def test_changes_to_other_alerts_are_taken_and_to_the_same_one_asked_about(page: Page, owner: Client) -> None:
    await owner.set_json(ALERTS_CONFIG, {"follow": {"enabled": True, "messages": ["a"]}})
    await open_page(page, "chat/alerts")
    message = page.get_by_role("textbox", name="Message 1")
    await message.fill("mine")
    await owner.set_json(ALERTS_CONFIG, {"follow": {"enabled": True, "messages": ["a"]}, "cheer": {"enabled": True}})
    await expect(page.get_by_role("link", name="Cheer On")).to_be_visible()
    await expect(message).to_have_value("mine")
    await owner.set_json(ALERTS_CONFIG, {"follow": {"enabled": True, "messages": ["theirs"]}})
    await expect(page.get_by_text("The same alert was changed elsewhere")).to_be_visible()
    await expect(page.get_by_role("button", name="Save")).to_be_disabled()
    await page.get_by_role("button", name="Take the change").click()
    await expect(message).to_have_value("theirs")
    await message.fill("again mine")
    await page.get_by_role("link", name="Timers").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()
    await expect(message).to_have_value("again mine")
    await owner.set(ALERTS_CONFIG, '{"follow": 5}')
    await expect(page.get_by_role("region", name="What is stored", exact=True)).to_have_text('{"follow": 5}')
    await expect(page.get_by_text("$.follow")).to_be_visible()
    assert await owner.get(ALERTS_CONFIG) == '{"follow": 5}'


async def test_on_a_phone_hostile_texts_are_texts_and_nothing_is_wider_than_the_screen(
    browser: Browser, server: Server, owner: Client
) -> None:
    long = HOSTILE + "x" * 300
    await owner.set_json(COMMANDS, {long: {"description": long, "response": long, "access_level": long}})
    await owner.set_json(TIMERS_CONFIG, {"timers": {long: {"enabled": True, "messages": [long] * 5}}})
    await owner.set_json(ALERTS_CONFIG, {"raid": {"messages": [long], "variations": [{"messages": [long]}]}})
    async with watched(browser, width=360) as window:
        page = window.page
        await sign_in(page, server, "chat")
        for path, opened in {"chat": "Edit <img", "chat/timers": "Edit <img", "chat/alerts/raid": ""}.items():
            await open_page(page, path)
            await expect(page.get_by_text("onerror=alert").first).to_be_visible()
            assert await page.evaluate("document.documentElement.scrollWidth") == 360
            if opened:
                await page.get_by_role("link", name=opened).click()
                await expect(page.get_by_role("dialog")).to_be_visible()
                assert await page.evaluate("document.documentElement.scrollWidth") == 360
                dialog = page.locator("dialog .body")
                assert await dialog.evaluate("body => body.scrollWidth === body.clientWidth")
                await page.keyboard.press("Escape")
                await expect(page.get_by_role("dialog")).to_be_hidden()
