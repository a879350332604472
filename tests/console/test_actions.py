"""The page of actions: making, editing, running, keeping and losing them, in a real browser."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.console.harness import check_accessibility, open_page, sign_in, watched

pytestmark = pytest.mark.asyncio(loop_scope="package")

HOSTILE = "<img src=x onerror=alert(1)> \u202eevil"
Put = Callable[..., Awaitable[None]]


@pytest_asyncio.fixture(loop_scope="package", autouse=True)
async def leave_nothing(owner: Client, server: Server) -> None:
    """Begin without actions."""
    assert server.console_port
    for key in await owner.get_all("action/"):
        await owner.delete(key)


@pytest.fixture
def put(owner: Client) -> Put:
    """Write an action."""

    async def put(action: str, name: str, **members: object) -> None:
        await owner.set(f"action/{action}", json.dumps({"id": action, "name": name, **members}))

    return put


async def stored(owner: Client, wanted: str) -> dict[str, object]:
    """Read an action."""
    action: dict[str, object] = json.loads(await owner.get(f"action/{wanted}"))
    return action


def head(page: Page, title: str) -> Locator:
    """Find the button that opens a step or a trigger."""
    return page.locator("button[aria-expanded]", has_text=title)


async def only(owner: Client) -> dict[str, object]:
    """Read the only action that there is."""
    ((_, text),) = (await owner.get_all("action/")).items()
    action: dict[str, object] = json.loads(text)
    return action


async def test_an_action_is_made_edited_and_run(page: Page, owner: Client) -> None:
    await open_page(page, "actions")
    await expect(page.get_by_text("There are no actions yet")).to_be_visible()
    await check_accessibility(page)
    await page.get_by_role("button", name="New action").click()
    await page.get_by_label("Name").fill("Raid")
    await check_accessibility(page)
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("heading", name="Raid", level=1)).to_be_visible()

    await page.get_by_role("button", name="Add a step").click()
    await check_accessibility(page)
    await page.get_by_role("button", name="Set argument").click()
    steps = page.get_by_role("region", name="Steps")
    await steps.get_by_role("textbox", name="Name").fill("greeting")
    await steps.get_by_role("textbox", name="Value").fill("Hello %user%")
    await page.get_by_role("button", name="Add a trigger").click()
    await page.get_by_role("button", name="Custom event").click()
    await page.get_by_role("combobox", name="Event").fill("raid")
    await expect(page.get_by_role("status").filter(has_text="Not saved yet")).to_be_visible()
    await check_accessibility(page)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    action = await only(owner)
    assert action["steps"] == [{"type": "setArgument", "name": "greeting", "value": "Hello %user%"}]
    assert action["triggers"] == [{"type": "customEvent", "eventName": "raid"}]

    await page.get_by_role("button", name="Run", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Add").click()
    await dialog.get_by_label("Name", exact=True).fill("user")
    await dialog.get_by_label("Name", exact=True).press("Tab")
    await dialog.get_by_label("user", exact=True).fill("Ada")
    await dialog.get_by_role("button", name="Run").click()
    await expect(dialog.get_by_text("Done", exact=True)).to_be_visible()
    await expect(dialog.get_by_text("greeting = Hello Ada")).to_be_visible()
    await check_accessibility(page)
    await dialog.get_by_role("button", name="Close").last.click()
    await expect(page.get_by_role("region", name="Latest runs").get_by_text("Done", exact=True)).to_be_visible()


async def test_it_all_goes_by_keyboard_alone(page: Page, owner: Client, put: Put) -> None:
    await put("a1", "Count", steps=[{"type": "log", "message": "one"}, {"type": "delay", "ms": 0}])
    await open_page(page, "actions")
    await page.get_by_role("link", name="Count").focus()
    await page.keyboard.press("Enter")
    first = head(page, "1. Log")
    await expect(first).to_be_visible()
    await first.focus()
    await page.keyboard.press("Alt+ArrowDown")
    moved = head(page, "2. Log")
    await expect(moved).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_label("Message").focus()
    await page.keyboard.press("End")
    await page.keyboard.type("!")
    await page.get_by_role("button", name="Remove: 1. Delay").focus()
    await page.keyboard.press("Enter")
    await expect(head(page, "1. Log")).to_be_focused()
    await page.get_by_role("button", name="Duplicate: 1. Log").focus()
    await page.keyboard.press("Space")
    await expect(head(page, "2. Log")).to_be_focused()
    await page.keyboard.press("Control+s")
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    assert (await stored(owner, "a1"))["steps"] == [
        {"type": "log", "message": "one!"},
        {"type": "log", "message": "one!"},
    ]


async def test_the_form_and_the_json_are_one_edit_and_unknown_steps_are_kept(
    page: Page, owner: Client, put: Put
) -> None:
    mystery = {"type": "mystery", "deep": {"x": [1]}}
    await put("a1", "Odd", steps=[mystery, {"type": "log", "message": "a"}], surprise=1)
    await open_page(page, "actions/a1")
    await expect(page.get_by_text("1. Unknown kind: mystery")).to_be_visible()
    await page.get_by_label("Group").fill("Mine")
    await page.get_by_role("button", name="JSON", exact=True).click()
    text = page.get_by_label("The action as JSON")
    changed = {
        "id": "a1",
        "name": "Odd",
        "surprise": 1,
        "group": "Mine",
        "steps": [mystery, {"type": "log", "message": "a"}],
    }
    assert json.loads(await text.input_value()) == changed
    await text.fill("{")
    await expect(page.get_by_text("This is no JSON: line 1, column 2.")).to_be_visible()
    await expect(page.get_by_role("button", name="Form")).to_be_disabled()
    await expect(page.get_by_role("button", name="Save")).to_be_disabled()
    await check_accessibility(page)
    changed["steps"] = [mystery, {"type": "log", "message": "b"}]
    await text.fill(json.dumps(changed))
    await page.get_by_role("button", name="Form").click()
    await head(page, "2. Log").click()
    await expect(page.get_by_label("Message")).to_have_value("b")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    assert await stored(owner, "a1") == changed


async def test_problems_stand_where_they_are(page: Page, put: Put) -> None:
    await put(
        "a1", "Wrong", steps=[{"type": "delay", "ms": 5, "randomTo": 1}, {"type": "broadcast"}, {"type": "delay"}]
    )
    await open_page(page, "actions")
    await expect(page.get_by_text("Does not run")).to_be_visible()
    await expect(page.get_by_role("button", name="Run Wrong")).to_be_disabled()
    await check_accessibility(page)
    await page.get_by_role("link", name="Wrong").click()
    third = page.get_by_role("listitem").filter(has_text="3. Delay")
    await expect(third.get_by_text("This is missing.")).to_be_visible()
    await head(page, "3. Delay").click()
    field = third.get_by_label("Milliseconds")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await field.fill("90000000")
    await expect(third.get_by_text("at most 86400000")).to_be_visible()
    await check_accessibility(page)
    await field.fill("10")
    # What only the server knows comes when the form has nothing more to say.
    first = page.get_by_role("listitem").filter(has_text="1. Delay")
    await expect(first.get_by_text("`randomTo` is less than `ms`")).to_be_visible()


async def test_leaving_with_an_edit_asks(page: Page, put: Put) -> None:
    await put("a1", "Mine")
    await open_page(page, "actions/a1")
    await page.get_by_label("Group").fill("New")
    await page.get_by_role("link", name="All actions").click()
    question = page.get_by_role("alertdialog", name="Leave without saving?")
    await check_accessibility(page)
    await question.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_label("Group")).to_have_value("New")
    assert page.url.endswith("#/actions/a1")
    await page.get_by_role("link", name="All actions").click()
    await question.get_by_role("button", name="Leave").click()
    await expect(page.get_by_role("heading", name="Actions", level=1)).to_be_visible()
    assert page.url.endswith("#/actions")


async def test_an_edit_survives_what_others_do(page: Page, owner: Client, put: Put) -> None:
    await put("a1", "Ours")
    await open_page(page, "actions/a1")
    await put("a1", "Theirs")
    await expect(page.get_by_role("heading", name="Theirs")).to_be_visible()
    await page.get_by_label("Group").fill("Mine")
    await put("a1", "Theirs again")
    await expect(page.get_by_text("was changed elsewhere")).to_be_visible()
    await expect(page.get_by_label("Group")).to_have_value("Mine")
    await check_accessibility(page)
    # Until it is said what becomes of the change, nothing is saved over it.
    save = page.get_by_role("button", name="Save", exact=True)
    await expect(save).to_be_disabled()
    await page.keyboard.press("Control+s")
    await page.get_by_role("button", name="Keep mine").click()
    await expect(save).to_be_enabled()
    assert await stored(owner, "a1") == {"id": "a1", "name": "Theirs again"}
    await page.keyboard.press("Control+s")
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    assert await stored(owner, "a1") == {"id": "a1", "name": "Theirs", "group": "Mine"}
    await page.get_by_label("Group").fill("Mine too")
    await put("a1", "Theirs again")
    await page.get_by_role("button", name="Take the change").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Theirs again")
    await page.get_by_label("Group").fill("Mine")
    await owner.delete("action/a1")
    await page.get_by_role("button", name="Write it again").click()
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    assert await stored(owner, "a1") == {"id": "a1", "name": "Theirs again", "group": "Mine"}


async def test_the_list_deletes_duplicates_disables_and_finds(page: Page, owner: Client, put: Put) -> None:
    await put("a1", "Alpha", group="Greek")
    await put("b1", HOSTILE)
    await open_page(page, "actions")
    await expect(page.get_by_role("heading", name="Greek")).to_be_visible()
    await expect(page.locator("bdi", has_text="<img src=x onerror=alert(1)>")).to_be_visible()
    await page.get_by_role("checkbox", name="Enabled: Alpha").uncheck()
    await expect(page.get_by_text("Disabled", exact=True)).to_be_visible()
    assert (await stored(owner, "a1"))["enabled"] is False
    await page.get_by_role("searchbox").fill("gree")
    await expect(page.get_by_text("1 of 2 actions")).to_be_visible()
    await page.get_by_role("button", name="Delete Alpha").click()
    await expect(page.get_by_text("No action is called that.")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("link", name="Alpha")).to_be_visible()
    await page.get_by_role("button", name="Duplicate Alpha").click()
    await expect(page.get_by_role("heading", name="Alpha (2)")).to_be_visible()
    assert len(await owner.get_all("action/")) == 3


async def test_files_go_out_and_come_back(page: Page, owner: Client, put: Put, tmp_path: Path) -> None:
    await put("a1", "Alpha", steps=[{"type": "log", "message": "é"}])
    await put("b1", "Beta")
    before = await owner.get_all("action/")
    await open_page(page, "actions")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export all").click()
    path = await (await download.value).path()
    assert [action["id"] for action in json.loads(path.read_text())] == ["a1", "b1"]
    await owner.delete("action/b1")
    await owner.set("action/a1", json.dumps({"name": "Changed"}))
    await page.locator("input[type=file]").set_input_files(path)
    await page.get_by_role("alertdialog").get_by_role("button", name="Replace").click()
    await expect(page.get_by_text("2 actions were imported.")).to_be_visible()
    after = await owner.get_all("action/")
    assert {key: json.loads(text) for key, text in after.items()} == {
        key: json.loads(text) for key, text in before.items()
    }
    broken = tmp_path / "broken.json"
    broken.write_text('[{"name": "x"}, {"name": "y", "steps": [{"type": "nothing"}]}]')
    await page.locator("input[type=file]").set_input_files(broken)
    await expect(page.get_by_role("alert").filter(has_text="Action 2 of the file is not valid")).to_be_visible()
    assert await owner.get_all("action/") == after


async def test_a_run_is_followed_step_by_step(page: Page, owner: Client, put: Put) -> None:
    await put(
        "a1",
        "Slow",
        steps=[{"type": "delay", "ms": 1500}, {"type": "setGlobal", "name": "x", "value": "y", "mode": "increment"}],
    )
    await open_page(page, "actions/a1")
    await owner.call("action/@run", json.dumps({"action": {"id": "a1"}, "args": {"who": HOSTILE}}))
    runs = page.get_by_role("region", name="Latest runs")
    await expect(runs.get_by_text("Running", exact=True)).to_be_visible()
    await runs.locator("summary").first.click()
    await expect(runs.get_by_role("listitem").filter(has_text="Delay")).to_be_visible()
    await expect(runs.get_by_text("Failed", exact=True)).to_be_visible()
    await expect(runs.get_by_text("can be changed by a number only").first).to_be_visible()
    await check_accessibility(page)


async def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Browser, server: Server, put: Put) -> None:
    await put("a1", "N" * 200, group="G" * 100, steps=[{"type": "setKey", "key": "k" * 300, "value": {"v": "w" * 300}}])
    async with watched(browser, width=360) as window:
        await sign_in(window.page, server, "actions")
        await expect(window.page.get_by_role("link", name="NNN")).to_be_visible()
        assert await window.page.evaluate("document.documentElement.scrollWidth") == 360
        await open_page(window.page, "actions/a1")
        await head(window.page, "1. Set key").click()
        await expect(window.page.get_by_role("textbox", name="Key")).to_be_visible()
        assert await window.page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(window.page)


async def test_the_forms_speak_italian(browser: Browser, server: Server, put: Put) -> None:
    await put("a1", "Uno", steps=[{"type": "sendMessage", "platform": "twitch", "message": "x"}])
    async with watched(browser, locale="it-IT") as window:
        await sign_in(window.page, server, "actions/a1")
        await head(window.page, "1. Invia un messaggio").click()
        await expect(window.page.get_by_role("textbox", name="Messaggio")).to_have_value("x")
