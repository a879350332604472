"""The Keys page: looking through many keys, opening one, changing it while others do, and the reference beside it."""

import re
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from stagedoor import keys
from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.console.harness import Window, check_accessibility, open_page, sign_in, watched

pytestmark = pytest.mark.asyncio(loop_scope="package")

GROUP_KEY = "viewer-group/subs"
GROUP = {"id": "1", "name": "subs", "bots": False, "members": [{"platform": "twitch", "userId": "7"}]}
TWITCH = "twitch/config"
FOLLOW = "event/Twitch/Follow"
HOSTILE_KEYS = [
    "",
    "hostile/",
    "hostile//twice",
    "hostile/%2F%",
    "hostile/<img src=x onerror=alert(1)>",
    "hostile/\u202egnp.exe",
    "hostile/🦊 of café",
    "hostile/?#&=+ \t",
    "hostile/" + "long" * 120,
]


def value(page: Page) -> Locator:
    """The field of the open key's value."""
    return page.get_by_label("Value", exact=True)


def tree(page: Page) -> Locator:
    return page.get_by_role("tree", name="All keys")


def node(page: Page, name: str) -> Locator:
    return tree(page).get_by_role("treeitem").filter(has=page.get_by_text(name, exact=True))


def heading(page: Page, key: str) -> Locator:
    return page.get_by_label("The open key").get_by_role("heading", name=key, exact=True)


async def open_key(page: Page, key: str) -> None:
    await page.evaluate("key => { location.hash = '#/keys/' + encodeURIComponent(key) }", key)
    await expect(page.get_by_label("The open key")).to_be_visible()


@pytest_asyncio.fixture(loop_scope="package")
async def owner(owner: Client) -> AsyncIterator[Client]:
    """Connect with the owner's grant, and delete afterwards what was not there before."""
    before = set(await owner.list())
    yield owner
    for key in set(await owner.list()) - before:
        await owner.delete(key)


async def test_the_tree_by_mouse(owner: Client, page: Page) -> None:
    await owner.set_many({"tree/a/one": "1", "tree/a/two": "2", "tree/b": "x", "tree/b/below": "y"})
    await open_page(page, "keys")
    await node(page, "tree").click()
    await node(page, "a").click()
    await node(page, "two").click()
    await expect(heading(page, "tree/a/two")).to_be_visible()
    await expect(value(page)).to_have_value("2")
    await expect(node(page, "two")).to_have_attribute("aria-selected", "true")
    assert page.url.endswith("#/keys/tree%2Fa%2Ftwo")
    # What is a key and has some below it opens by its name, and unfolds by its arrow.
    await node(page, "b").click()
    await expect(heading(page, "tree/b")).to_be_visible()
    await expect(node(page, "below")).to_have_count(0)
    await node(page, "b").locator("svg").click()
    await expect(node(page, "below")).to_have_attribute("aria-level", "3")
    await node(page, "tree").click()
    await expect(node(page, "b")).to_have_count(0)


async def test_the_tree_by_keyboard(owner: Client, page: Page) -> None:
    await owner.set_many({"aa/b/c": "deep", "aa/d": "flat"})
    await open_page(page, "keys")
    await expect(node(page, "aa")).to_be_visible()
    await tree(page).focus()
    for key in ("Home", "ArrowRight"):
        await page.keyboard.press(key)
    await expect(node(page, "d")).to_be_visible()
    for key in ("ArrowDown", "ArrowRight"):
        await page.keyboard.press(key)
    await expect(node(page, "c")).to_be_visible()
    for key in ("ArrowRight", "Enter"):
        await page.keyboard.press(key)
    await expect(heading(page, "aa/b/c")).to_be_visible()
    # Out to `b`, which folds, then out to `aa`.
    for key in ("ArrowLeft", "ArrowLeft"):
        await page.keyboard.press(key)
    await expect(node(page, "c")).to_have_count(0)
    for key in ("ArrowLeft", "ArrowLeft"):
        await page.keyboard.press(key)
    await expect(node(page, "aa")).to_have_attribute("aria-expanded", "false")
    await expect(node(page, "d")).to_have_count(0)
    await page.keyboard.press("Space")
    await expect(node(page, "d")).to_be_visible()
    for key in ("End", "Home", "ArrowDown", "ArrowDown", "Enter"):
        await page.keyboard.press(key)
    await expect(heading(page, "aa/d")).to_be_visible()


async def test_a_new_key_shows_up_in_the_tree(owner: Client, page: Page) -> None:
    await owner.set_many({"grown/a": "1", "grown/c/deep": "1"})
    await open_page(page, "keys")
    await node(page, "grown").click()
    await node(page, "c").click()
    await expect(node(page, "deep")).to_be_visible()
    await page.get_by_role("button", name="New key").click()
    name = page.get_by_role("dialog").get_by_label("Name")
    await name.fill("grown/b")
    await page.keyboard.press("Escape")
    await page.get_by_role("alertdialog", name="Leave without saving?").get_by_role("button", name="Cancel").click()
    await expect(name).to_have_value("grown/b")
    await name.press("Enter")
    await expect(page.get_by_text("There is no such key.")).to_be_visible()
    await value(page).fill("new")
    await page.get_by_role("button", name="Save").click()
    await expect(node(page, "b")).to_be_visible()
    # What was unfolded stays so, and in its place.
    await expect(node(page, "deep")).to_have_attribute("aria-level", "3")
    await page.get_by_role("button", name="Delete").click()
    await expect(node(page, "b")).to_have_count(0)
    await expect(node(page, "deep")).to_be_visible()


async def test_a_search_by_keyboard(owner: Client, page: Page) -> None:
    await owner.set_many({f"deep/Needle/{n}": f"value {n}" for n in range(3)} | {"deep/hay": "x"})
    await open_page(page, "keys")
    await page.get_by_role("searchbox", name="Search keys").focus()
    await page.keyboard.type("needle/")
    await expect(page.get_by_role("status").filter(has_text="3 keys")).to_be_visible()
    results = page.get_by_role("listbox", name="Keys that match")
    await expect(results.get_by_role("option")).to_have_count(3)
    await check_accessibility(page)
    await results.focus()
    for key in ("ArrowDown", "Enter"):
        await page.keyboard.press(key)
    await expect(heading(page, "deep/Needle/1")).to_be_visible()
    await page.get_by_role("searchbox", name="Search keys").fill("no key is called so")
    await expect(page.get_by_text("No key matches.")).to_be_visible()
    await page.get_by_role("searchbox", name="Search keys").fill("")
    await expect(tree(page)).to_be_visible()


async def test_many_keys_are_fetched_only_as_far_as_they_are_looked_at(browser: Browser, own_server: Server) -> None:
    asked: list[dict[str, object]] = []

    def note(text: str | bytes) -> None:
        message = msgspec.json.decode(text)
        if message["command"] == "kcall" and message["data"]["key"] == keys.BROWSE:
            asked.append(msgspec.json.decode(message["data"]["data"]))

    async with Client(own_server.url, token=own_server.control_token) as owner:
        await owner.set_many({f"many/{n:05}": "x" for n in range(20_000)})
    async with watched(browser) as window:
        page = window.page
        page.on("websocket", lambda socket: socket.on("framesent", note))
        await sign_in(page, own_server, "keys")
        await expect(node(page, "many")).to_contain_text("over 1,000")
        await page.get_by_role("searchbox", name="Search keys").fill("many/")
        results = page.get_by_role("listbox", name="Keys that match")
        await expect(page.get_by_role("status").filter(has_text="so far; scroll down for more")).to_be_visible()
        assert len([request for request in asked if request.get("search")]) == 1
        await results.focus()
        for pages in range(2, 26):
            await page.keyboard.press("End")
            await expect(page.get_by_role("status").filter(has_text=f"{pages * 200:,} so far;")).to_be_visible()
        searches = [request for request in asked if request.get("search")]
        assert len(searches) == 25
        assert await page.locator("[role=option]").count() < 60
        # The first pages were let go of, so they are asked for again.
        await page.keyboard.press("Home")
        await expect(results.get_by_text("many/00000", exact=True)).to_be_visible()
        searches = [request for request in asked if request.get("search")]
        assert len(searches) == 26
        assert "after" not in searches[-1]
        # Another search begins anew, and the tree has asked for little.
        await page.get_by_role("searchbox", name="Search keys").fill("many/19999")
        await expect(page.get_by_role("status").filter(has_text="1 key")).to_be_visible()
        await page.get_by_role("searchbox", name="Search keys").fill("")
        await node(page, "many").click()
        await expect(node(page, "00000")).to_be_visible()
        assert len([request for request in asked if request.get("prefix") == "many/"]) == 1
        assert await page.locator("[role=treeitem]").count() < 80


async def test_an_edit_is_checked_before_it_is_saved(owner: Client, page: Page) -> None:
    await owner.set_json(GROUP_KEY, GROUP)
    await open_key(page, GROUP_KEY)
    await expect(value(page)).to_have_value(re.compile('"name": "subs"'))
    await value(page).fill('{"id": "1",}')
    await expect(page.get_by_text("This is no JSON: line 1, column 12.")).to_be_visible()
    await expect(value(page)).to_have_attribute("aria-invalid", "true")
    await page.keyboard.press("Control+s")
    await expect(page.get_by_role("alertdialog")).to_contain_text("line 1, column 12")
    await check_accessibility(page)
    await page.get_by_role("button", name="Cancel").click()
    assert await owner.get_json(GROUP_KEY) == GROUP
    await value(page).fill(msgspec.json.encode(GROUP | {"members": 5}).decode())
    await expect(page.locator("code", has_text="/members")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Cancel").click()
    assert await owner.get_json(GROUP_KEY) == GROUP
    await value(page).fill(msgspec.json.encode(GROUP | {"name": "friends"}).decode())
    await value(page).press("Control+s")
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert await owner.get_json(GROUP_KEY) == GROUP | {"name": "friends"}


async def test_numbers_and_order_stay_as_they_were_written(owner: Client, page: Page) -> None:
    await owner.set("exact", r'{"2":1.0,"1":12345678901234567890,"e":"\u00e9 \"{[,:"}')
    await open_key(page, "exact")
    await expect(value(page)).to_have_value('{\n  "2": 1.0,\n  "1": 12345678901234567890,\n  "e": "\\u00e9 \\"{[,:"\n}')
    await value(page).press("Control+End")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.type(', "more": []')
    await value(page).press("Meta+s")
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert await owner.get("exact") == r'{"2":1.0,"1":12345678901234567890,"e":"\u00e9 \"{[,:","more":[]}'


async def test_a_change_from_elsewhere_shows_at_once_and_can_be_taken_back(owner: Client, page: Page) -> None:
    await owner.set("live", "one")
    await open_key(page, "live")
    await expect(value(page)).to_have_value("one")
    await owner.set("live", "two")
    await expect(value(page)).to_have_value("two")
    await expect(page.get_by_role("status").filter(has_text="Changed at")).to_be_visible()
    changes = page.get_by_role("region", name="Changes since you opened it")
    await expect(changes.get_by_role("listitem")).to_have_count(2)
    await changes.get_by_role("button", name="Restore the value of").last.click()
    await expect(value(page)).to_have_value("one")
    assert await owner.get("live") == "one"
    await page.get_by_role("button", name="Undo").click()
    await expect(value(page)).to_have_value("two")
    await owner.set("live", "")
    await expect(changes.get_by_text("empty")).to_be_visible()
    await expect(page.get_by_text("There is no such key.")).to_have_count(0)
    await owner.delete("live")
    await expect(changes.get_by_text("deleted")).to_be_visible()
    await expect(page.get_by_text("There is no such key.")).to_be_visible()
    await check_accessibility(page)


async def test_an_edit_is_kept_when_others_write(owner: Client, page: Page) -> None:
    await owner.set("shared", "theirs")
    await open_key(page, "shared")
    await value(page).fill("mine")
    await owner.set("shared", "theirs, too")
    await expect(page.get_by_role("alert")).to_contain_text("theirs, too")
    await expect(value(page)).to_have_value("mine")
    await check_accessibility(page)
    # It is there after a look at another key, too.
    await open_key(page, "other")
    await open_key(page, "shared")
    await expect(value(page)).to_have_value("mine")
    # Until it is said what becomes of the change, nothing is saved over it.
    save = page.get_by_role("button", name="Save", exact=True)
    await expect(save).to_be_disabled()
    await value(page).press("Control+s")
    await page.get_by_role("button", name="Keep my edit").click()
    await expect(page.get_by_role("alert")).to_have_count(0)
    await expect(save).to_be_enabled()
    assert await owner.get("shared") == "theirs, too"
    await owner.set("shared", "theirs at last")
    await page.get_by_role("button", name="Take the new value").click()
    await expect(value(page)).to_have_value("theirs at last")
    await value(page).fill("mine after all")
    await value(page).press("Control+s")
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert await owner.get("shared") == "mine after all"


async def test_deleting_can_be_undone(owner: Client, page: Page) -> None:
    await owner.set("gone", '{"all":"of it"}')
    await open_key(page, "gone")
    await value(page).fill("an edit")
    await page.get_by_role("button", name="Delete").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Deleted: gone")).to_be_visible()
    assert "gone" not in await owner.list("gone")
    await page.get_by_role("button", name="Undo").click()
    await expect(value(page)).to_have_value("an edit")
    await page.get_by_role("button", name="Discard the edit").click()
    await expect(value(page)).to_have_value('{\n  "all": "of it"\n}')
    assert await owner.get("gone") == '{"all":"of it"}'


async def test_an_event_is_sent_and_heard(owner: Client, page: Page) -> None:
    await open_key(page, FOLLOW)
    await page.get_by_role("button", name="Fill in an example").click()
    await expect(page.get_by_label("What to send")).to_have_value(re.compile("pixel_panda"))
    await page.get_by_label("What to send").fill('{"user":"Ada"}')
    heard = page.get_by_role("region", name="Heard since you opened it")
    await page.get_by_label("What to send").press("Control+Enter")
    await expect(heard.get_by_role("listitem").filter(has_text='{"user":"Ada"}')).to_be_visible()
    for number in range(120):
        await owner.set(FOLLOW, f'{{"number":{number}}}')
    await expect(heard.get_by_text('{"number":119}')).to_be_visible()
    await expect(heard.get_by_role("listitem")).to_have_count(100)
    await heard.get_by_role("button", name="Use what was heard at").first.click()
    await expect(page.get_by_label("What to send")).to_have_value('{\n  "number": 119\n}')


async def test_a_request_is_called_and_answers(page: Page) -> None:
    await open_key(page, keys.BROWSE)
    argument = page.get_by_label("What to ask, as JSON")
    await argument.fill('{"prefix":"stagedoor/console","limit":1}')
    await page.get_by_role("button", name="Call").click()
    await expect(page.get_by_role("region", name="Answer")).to_contain_text('"stagedoor/console-passes"')
    await check_accessibility(page)
    await argument.fill('{"group":true,"search":"x"}')
    await argument.press("Control+Enter")
    await expect(page.get_by_text("groups cannot be searched")).to_be_visible()
    await open_key(page, "nobody/@serves")
    await page.get_by_role("button", name="Call").click()
    await expect(page.locator(".notice.danger")).to_be_visible()


async def test_secrets_are_withheld_and_survive_what_is_done(owner: Client, page: Page) -> None:
    config = {"enabled": True, "api_client_id": "id", "api_client_secret": "never tell"}
    await owner.set_json(TWITCH, config)
    await open_key(page, keys.CONSOLE_PASSES)
    await expect(page.get_by_text("its value is withheld")).to_be_visible()
    await expect(page.get_by_label("The open key").get_by_role("textbox")).to_have_count(0)
    await open_key(page, TWITCH)
    await expect(page.get_by_text("Withheld here: api_client_secret.")).to_be_visible()
    await expect(value(page)).to_have_value(re.compile('"api_client_secret": ""'))
    assert "never tell" not in await page.content()
    await value(page).fill(msgspec.json.encode(config | {"api_client_secret": "", "api_client_id": "new"}).decode())
    await value(page).press("Control+s")
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert await owner.get_json(TWITCH) == config | {"api_client_id": "new"}
    await page.get_by_role("button", name="Restore the value of").last.click()
    await expect(value(page)).to_have_value(re.compile('"api_client_id": "id"'))
    assert await owner.get_json(TWITCH) == config
    await page.get_by_role("button", name="Delete").click()
    warning = page.get_by_role("alertdialog", name="Delete this key with its secret?")
    await warning.get_by_role("button", name="Cancel").click()
    assert await owner.get_json(TWITCH) == config
    await page.get_by_role("button", name="Delete").click()
    await expect(warning).to_contain_text("api_client_secret is deleted for good.")
    await warning.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("There is no such key.")).to_be_visible()
    await page.get_by_role("button", name="Undo").last.click()
    await expect(value(page)).to_have_value(re.compile('"api_client_id": "id"'))
    assert await owner.get_json(TWITCH) == {"enabled": True, "api_client_id": "id"}
    assert "never tell" not in await page.content()


async def test_hostile_keys_and_values_are_text(owner: Client, window: Window) -> None:
    page = window.page
    text = '<img src=x onerror="document.title=1"> ‮ {{x}} 🦊\n' + "wide" * 5000
    await owner.set_many(dict.fromkeys(HOSTILE_KEYS, text))
    await open_page(page, "keys")
    await node(page, "hostile").click()
    await expect(tree(page).get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    await expect(tree(page).get_by_text("U+202Egnp.exe")).to_be_visible()
    await tree(page).get_by_text("%2F%", exact=True).click()
    await expect(heading(page, "hostile/%2F%")).to_be_visible()
    await page.get_by_role("searchbox", name="Search keys").fill("hostile/")
    await expect(page.get_by_role("option").filter(has_text="onerror")).not_to_have_count(0)
    for key in HOSTILE_KEYS:
        await open_key(page, key)
        await expect(value(page)).to_have_value(text)
        await owner.set(key, f"{key} changed")
        await expect(value(page)).to_have_value(f"{key} changed")
        assert await page.evaluate("document.documentElement.scrollWidth") == 1280
    await expect(page.locator("main img")).to_have_count(0)
    await check_accessibility(page)


async def test_the_reference(owner: Client, page: Page) -> None:
    await owner.set_json(GROUP_KEY, GROUP)
    await open_key(page, GROUP_KEY)
    await page.get_by_role("link", name="In the reference").click()
    await expect(page.get_by_role("heading", name="viewer-group/<name>")).to_be_visible()
    await expect(page.get_by_text("everybody who was let in").first).to_be_visible()
    await expect(page.get_by_role("listitem").filter(has_text="members list of object").first).to_be_visible()
    await expect(page.get_by_role("region", name="Example")).to_contain_text('"name": "Friends"')
    await check_accessibility(page)
    await page.get_by_role("button", name="Show its keys").click()
    results = page.get_by_role("listbox", name="Keys that match")
    await expect(results.get_by_role("option")).to_have_count(1)
    await expect(results).to_contain_text(GROUP_KEY)
    await page.get_by_role("button", name="Show all keys again").click()
    await expect(tree(page)).to_be_visible()
    await page.get_by_role("link", name="Reference", exact=True).click()
    await page.get_by_role("searchbox", name="Search the reference").fill("browses no such thing")
    await expect(page.get_by_text("0 entries")).to_be_visible()
    await page.get_by_role("searchbox", name="Search the reference").fill("@browse")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name=keys.BROWSE)).to_be_visible()
    await expect(page.get_by_role("region", name="What it could answer")).to_contain_text('"more": true')
    await page.get_by_role("link", name="Open this key").click()
    await expect(page.get_by_role("button", name="Call")).to_be_visible()


async def test_beside_a_key_stands_what_it_holds(page: Page) -> None:
    about = page.get_by_role("region", name="What it holds, with an example")
    await open_key(page, keys.CHECK_SCOPES)
    await expect(page.get_by_text("read by: only you · written by: only you")).to_be_visible()
    await about.get_by_text("What it holds, with an example").click()
    await expect(about.get_by_text("list of text")).to_be_visible()
    await expect(about.get_by_role("region", name="To ask, for example")).to_contain_text('"read_only": true')
    await expect(about.get_by_role("region", name="What it could answer")).to_contain_text('"read:loyalty/*"')
    await check_accessibility(page)
    await page.get_by_role("button", name="Fill in an example").click()
    await page.get_by_role("button", name="Call").click()
    answer = page.get_by_role("region", name="Answer", exact=True)
    await expect(answer).to_contain_text('"read:loyalty/*"')
    await open_key(page, keys.AUTH_KEYS)
    await about.get_by_text("What it holds, with an example").click()
    await expect(about.get_by_text("No example is shown: the value is a secret.")).to_be_visible()


async def test_text_that_is_no_json_is_sent_as_it_is(owner: Client, page: Page) -> None:
    await open_key(page, keys.SEND_CHAT_MESSAGE)
    await page.get_by_role("button", name="Fill in an example").click()
    await expect(page.get_by_label("What to send")).to_have_value("hello chat")
    async with owner.watch(keys.SEND_CHAT_MESSAGE) as asked:
        await page.get_by_role("button", name="Call").click()
        assert (await anext(asked)).value == "hello chat"


async def test_on_a_phone(browser: Browser, server: Server, owner: Client) -> None:
    await owner.set_json("phone/" + "long" * 100, {"wide": "x" * 2000})
    async with watched(browser, width=360) as window:
        page = window.page
        await sign_in(page, server, "keys")
        await node(page, "phone").click()
        await page.get_by_role("searchbox", name="Search keys").fill("phone/")
        await page.get_by_role("option").first.click()
        await expect(value(page)).to_have_value(re.compile("wide"))
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(page)
        await page.get_by_role("link", name="All keys").click()
        await expect(page.get_by_role("option").first).to_be_visible()
        await page.get_by_role("searchbox", name="Search keys").fill("")
        await expect(tree(page)).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(page)
        await open_page(page, "keys/reference/viewer%2F%3Cplatform%3E%2F%3Cid%3E")
        await expect(page.get_by_role("heading", name="viewer/<platform>/<id>")).to_be_visible()
        await expect(page.get_by_role("link", name="All of the reference")).to_be_in_viewport()
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
