"""The page of variables: seeing them change, changing, adding and deleting them, in a real browser."""

import json

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.console.harness import check_accessibility, open_page, sign_in, watched

pytestmark = pytest.mark.asyncio(loop_scope="package")

HOSTILE = "<img src=x onerror=alert(1)> \u202eevil/%"


@pytest_asyncio.fixture(loop_scope="package", autouse=True)
async def leave_nothing(owner: Client, server: Server) -> None:
    """Begin without variables."""
    assert server.console_port
    for prefix in ("global/", "user-global/"):
        for key in await owner.get_all(prefix):
            await owner.delete(key)


async def put(owner: Client, name: str, value: object, **more: object) -> None:
    """Set a variable as programs do."""
    await owner.call("global/@set", json.dumps({"name": name, "value": value, **more}))


async def value_of(owner: Client, key: str) -> object:
    """Read a variable's value."""
    return json.loads(await owner.get(key))["value"]


async def test_they_are_shown_live_and_found(page: Page, owner: Client) -> None:
    await open_page(page, "variables")
    await expect(page.get_by_text("There are no variables yet")).to_be_visible()
    await check_accessibility(page)
    await put(owner, "deaths", 3)
    await put(owner, "mood", "good", persisted=False)
    await put(owner, "points", 7, platform="twitch", userId="42", userLogin="ada", userName="Ada")
    await put(owner, HOSTILE, HOSTILE)
    rows = page.get_by_role("option")
    await expect(rows.filter(has_text="deaths")).to_contain_text("3")
    await expect(rows.filter(has_text="points")).to_contain_text("twitch: Ada")
    await expect(rows.filter(has_text="evil")).to_contain_text("<img src=x")
    await check_accessibility(page)
    await put(owner, "deaths", 4)
    await expect(rows.filter(has_text="deaths")).to_contain_text("4")
    await page.get_by_role("searchbox").fill("ada")
    await expect(page.get_by_text("1 of 4 variables")).to_be_visible()
    await page.get_by_role("searchbox").fill("")
    await page.get_by_role("combobox", name="Show").select_option("Temporary")
    await expect(page.get_by_text("1 of 4 variables")).to_be_visible()
    await expect(rows.filter(has_text="mood")).to_be_visible()


async def test_one_is_counted_set_and_deleted(page: Page, owner: Client) -> None:
    await put(owner, "deaths", 3)
    await open_page(page, "variables")
    await expect(page.get_by_text("1 variable", exact=True)).to_be_visible()
    await page.get_by_role("option", name="deaths").click()
    dialog = page.get_by_role("dialog", name="deaths")
    await dialog.get_by_role("button", name="Add 1").click()
    await expect(dialog.get_by_role("spinbutton", name="Value")).to_have_value("4")
    await dialog.get_by_label("Step").fill("10")
    await dialog.get_by_role("button", name="Take 10 away").click()
    await expect(dialog.get_by_role("spinbutton", name="Value")).to_have_value("-6")
    await expect(dialog.get_by_text("Last written")).to_be_visible()
    await check_accessibility(page)
    await dialog.get_by_label("Kind of Value").select_option("JSON")
    await dialog.get_by_role("textbox", name="Value").fill('{"a": [}')
    await expect(dialog.get_by_role("button", name="Set")).to_be_disabled()
    await dialog.get_by_role("textbox", name="Value").fill('{"a": []}')
    await dialog.get_by_role("button", name="Set").click()
    await expect(page.get_by_text("Saved")).to_be_visible()
    assert await value_of(owner, "global/persisted/deaths") == {"a": []}
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("There are no variables yet")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("option", name="deaths")).to_be_visible()


async def test_an_edit_survives_what_others_write(page: Page, owner: Client) -> None:
    await put(owner, "title", "old")
    await open_page(page, "variables/global/persisted/title")
    field = page.get_by_role("textbox", name="Value")
    await put(owner, "title", "newer")
    await expect(field).to_have_value("newer")
    await field.fill("mine")
    await put(owner, "title", "theirs")
    await expect(page.get_by_text("The value was changed meanwhile.")).to_be_visible()
    await expect(field).to_have_value("mine")
    await check_accessibility(page)
    await page.keyboard.press("Escape")
    question = page.get_by_role("alertdialog", name="Leave without saving?")
    await question.get_by_role("button", name="Cancel").click()
    await expect(field).to_have_value("mine")
    await page.get_by_role("button", name="Take the new one").click()
    await expect(field).to_have_value("theirs")
    await owner.call("global/@delete", json.dumps({"name": "title"}))
    await expect(page.get_by_text("This variable was deleted.")).to_be_visible()


async def test_one_is_added_by_keyboard_alone(page: Page, owner: Client) -> None:
    await put(owner, "other", 1)
    await open_page(page, "variables")
    await page.get_by_role("button", name="New variable").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("textbox", name="Name").focus()
    await page.keyboard.type("points")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.type("many")
    await page.get_by_label("Belongs to a viewer").focus()
    await page.keyboard.press("Space")
    await page.get_by_label("User id").focus()
    await page.keyboard.type("42")
    await check_accessibility(page)
    await page.keyboard.press("Escape")
    question = page.get_by_role("alertdialog", name="Leave without saving?")
    await expect(question).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(question).to_have_count(0)
    await expect(page.get_by_label("User id")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="points")).to_be_visible()
    assert await value_of(owner, "user-global/persisted/twitch/42/points") == "many"
    await page.keyboard.press("Escape")
    listed = page.get_by_role("listbox", name="Variables")
    await listed.focus()
    await page.keyboard.press("Home")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="other")).to_be_visible()


async def test_of_a_hundred_thousand_only_those_in_view_are_drawn(browser: Browser, own_server: Server) -> None:
    async with Client(own_server.url, token=own_server.control_token) as owner:
        for start in range(0, 100_000, 5_000):
            names = range(start, start + 5_000)
            await owner.set_many({f"global/persisted/v{n:06}": f'{{"value": {n}}}' for n in names})
        async with watched(browser) as window:
            await sign_in(window.page, own_server, "variables")
            await expect(window.page.get_by_text("100,000 variables")).to_be_visible()
            await window.page.get_by_role("listbox").focus()
            await window.page.keyboard.press("End")
            await expect(window.page.get_by_role("option", name="v099999")).to_be_visible()
            await put(owner, "v099999", "changed")
            await expect(window.page.get_by_role("option", name="v099999")).to_contain_text("changed")
            await put(owner, "w", "new")
            await window.page.get_by_role("searchbox").fill("12345")
            await expect(window.page.get_by_text("1 of 100,001 variables")).to_be_visible()
            await window.page.get_by_role("searchbox").fill("")
            await expect(window.page.get_by_text("100,001 variables")).to_be_visible()
            assert await window.page.get_by_role("option").count() < 100


async def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Browser, server: Server, owner: Client) -> None:
    await put(owner, "n" * 200, "v" * 500, platform="twitch", userId="4" * 50, userName="N" * 100)
    async with watched(browser, width=360) as window:
        await sign_in(window.page, server, "variables")
        await expect(window.page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
        assert await window.page.evaluate("document.documentElement.scrollWidth") == 360
        await window.page.get_by_role("listbox").get_by_role("option").click()
        await expect(window.page.get_by_role("dialog")).to_be_visible()
        assert await window.page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(window.page)
