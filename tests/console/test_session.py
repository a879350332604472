"""Coming in with a link, staying in, going out: in a real browser against the real server."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.console.harness import Window, check_accessibility, new_link, open_page, sign_in, watched

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def begin_an_edit(page: Page, server: Server) -> None:
    """Change an action and do not save it."""
    async with Client(server.url, token=server.control_token) as owner:
        await owner.set("action/a1", '{"id": "a1", "name": "Ours"}')
    await open_page(page, "actions/a1")
    await page.get_by_label("Group").fill("Mine")


async def test_a_link_signs_in_and_leaves_no_code_in_the_address(browser: Browser, server: Server) -> None:
    async with watched(browser) as window:
        await window.page.goto(await new_link(server))
        await expect(window.page.get_by_role("navigation")).to_be_visible()
        assert window.page.url == f"{server.console_url}/#/"
        assert await window.context.cookies() == []
        await window.page.reload()
        await expect(window.page.get_by_role("navigation")).to_be_visible()


async def test_a_link_is_good_once(browser: Browser, server: Server) -> None:
    link = await new_link(server)
    async with watched(browser) as first, watched(browser) as second:
        await first.page.goto(link)
        await expect(first.page.get_by_role("navigation")).to_be_visible()
        await second.page.goto(link)
        await expect(second.page.get_by_role("heading")).to_have_text(re.compile("used already"))
        await check_accessibility(second.page)


async def test_without_a_pass_the_page_says_how_to_come_in(browser: Browser, server: Server) -> None:
    async with watched(browser) as window:
        await window.page.goto(server.console_url)
        await expect(window.page.get_by_text("stagedoor console", exact=True)).to_be_visible()


async def test_a_made_up_pass_is_thrown_away(browser: Browser, server: Server) -> None:
    async with watched(browser) as window:
        await window.page.goto(server.console_url)
        await window.page.evaluate("localStorage.setItem('stagedoor.pass', 'made up')")
        await window.page.reload()
        await expect(window.page.get_by_role("heading", name="You are signed out")).to_be_visible()
        assert await window.page.evaluate("localStorage.getItem('stagedoor.pass')") is None


async def test_signing_out_in_one_tab_signs_out_the_others(window: Window, server: Server) -> None:
    other = await window.context.new_page()
    await other.goto(server.console_url)
    await expect(other.get_by_role("navigation")).to_be_visible()
    token = await window.page.evaluate("localStorage.getItem('stagedoor.pass')")
    await window.page.get_by_role("button", name="Sign out").click()
    for page in (window.page, other):
        await expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    answer = await other.evaluate(
        "token => fetch('/pass', {method: 'DELETE', headers: {Authorization: `Bearer ${token}`}}).then(a => a.status)",
        token,
    )
    assert answer == 401, "the pass must be worthless"


async def kept_pass(page: Page) -> str | None:
    """Read the pass that the browser keeps."""
    token: str | None = await page.evaluate("localStorage.getItem('stagedoor.pass')")
    return token


async def test_a_link_in_another_tab_takes_no_edit_away_and_leaves_no_second_pass(
    browser: Browser, own_server: Server
) -> None:
    async with watched(browser) as window:
        page = window.page
        await sign_in(page, own_server)
        await begin_an_edit(page, own_server)
        before = await kept_pass(page)
        other = await window.context.new_page()
        async with other.expect_response(lambda answer: answer.request.method == "DELETE") as given_back:
            await other.goto(await new_link(own_server))
        assert (await given_back.value).status == 204
        await expect(other.get_by_role("navigation")).to_be_visible()
        assert await kept_pass(page) == before
        await other.close()
        await expect(page.get_by_label("Group")).to_have_value("Mine")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()


async def test_a_link_in_the_same_tab_asks_before_an_edit_goes(browser: Browser, own_server: Server) -> None:
    async with watched(browser) as window:
        page = window.page
        await sign_in(page, own_server)
        await begin_an_edit(page, own_server)
        question = page.get_by_role("alertdialog", name="Leave without saving?")
        async with page.expect_response(lambda answer: answer.request.method == "DELETE"):
            await page.goto(await new_link(own_server))
        await question.get_by_role("button", name="Cancel").click()
        await expect(page.get_by_label("Group")).to_have_value("Mine")
        assert page.url.endswith("#/actions/a1")
        await page.goto(await new_link(own_server))
        await question.get_by_role("button", name="Leave").click()
        await expect(page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()


async def test_a_link_takes_the_place_of_a_pass_that_is_good_no_more(browser: Browser, own_server: Server) -> None:
    async with watched(browser) as window:
        await window.page.goto(own_server.console_url)
        await window.page.evaluate("localStorage.setItem('stagedoor.pass', 'made up')")
        await window.page.goto("about:blank")
        await sign_in(window.page, own_server)
        assert await kept_pass(window.page) != "made up"


async def test_signing_out_asks_before_an_edit_goes(browser: Browser, own_server: Server) -> None:
    async with watched(browser) as window:
        page = window.page
        await sign_in(page, own_server)
        await begin_an_edit(page, own_server)
        question = page.get_by_role("alertdialog", name="Leave without saving?")
        await page.get_by_role("button", name="Sign out").click()
        await question.get_by_role("button", name="Cancel").click()
        await expect(page.get_by_label("Group")).to_have_value("Mine")
        await page.get_by_role("button", name="Sign out").click()
        await question.get_by_role("button", name="Leave").click()
        await expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()


async def test_it_says_that_the_server_went_and_comes_back_by_itself(browser: Browser, own_server: Server) -> None:
    async with watched(browser) as window:
        await sign_in(window.page, own_server)
        await own_server.stop()
        await expect(window.page.get_by_text("connection to stagedoor is lost")).to_be_visible()
        await own_server.start()
        await expect(window.page.get_by_text("Connected again.")).to_be_visible()
        await expect(window.page.get_by_text("connection to stagedoor is lost")).to_have_count(0)


async def test_theme_and_language_are_remembered(page: Page) -> None:
    await page.get_by_role("button", name="Preferences").click()
    await page.get_by_label("Dark").check()
    await check_accessibility(page)
    await page.get_by_label("Language").select_option("it")
    await page.get_by_role("button", name="Chiudi").click()
    await page.reload()
    await expect(page.get_by_role("button", name="Esci")).to_be_visible()
    assert await page.locator("html").get_attribute("data-theme") == "dark"
    assert await page.locator("html").get_attribute("lang") == "it"


async def test_on_a_phone_the_menu_opens(browser: Browser, server: Server) -> None:
    async with watched(browser, width=360) as window:
        await sign_in(window.page, server)
        await expect(window.page.get_by_role("button", name="Sign out")).to_be_hidden()
        await window.page.get_by_role("button", name="Menu").click()
        await expect(window.page.get_by_role("button", name="Sign out")).to_be_visible()
        assert await window.page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(window.page)


async def test_on_a_phone_the_menu_opens_wherever_the_page_is_scrolled_to(browser: Browser, server: Server) -> None:
    async with watched(browser, width=360) as window:
        page = window.page
        await sign_in(page, server, "about")
        await page.get_by_text("When something is wrong").scroll_into_view_if_needed()
        await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        await page.get_by_role("button", name="Menu").click()
        await expect(
            page.get_by_role("navigation", name="Pages").get_by_role("link", name="Twitch")
        ).to_be_in_viewport()
        # What it covers must not have the focus.
        await page.locator("main").focus()
        await expect(page.get_by_role("navigation", name="Pages")).to_be_hidden()


async def test_an_address_of_no_page_leads_back(page: Page) -> None:
    await open_page(page, "nowhere")
    await expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    await page.get_by_role("link", name="To the first page").click()
    await expect(page).to_have_title(re.compile("^Dashboard"))


async def test_no_page_fails_when_the_server_goes_and_comes_back(browser: Browser, own_server: Server) -> None:
    async with watched(browser) as window:
        page = window.page
        await sign_in(page, own_server)
        names = (
            await page.get_by_role("navigation")
            .get_by_role("link")
            .evaluate_all("links => links.map(link => link.hash.slice(2))")
        )
        assert len(names) > 5
        tabs = [page]
        for name in [*names, "welcome", "keys/stagedoor%2Fapps", "keys/reference/"]:
            tabs.append(await window.context.new_page())
            await tabs[-1].goto(f"{own_server.console_url}/#/{name}")
            await expect(tabs[-1].locator("main h1")).to_have_count(1)
        # As one who leaves the windows open: all that a page asks by itself fails, and is asked anew.
        await own_server.stop()
        for tab in tabs:
            await expect(tab.get_by_text("connection to stagedoor is lost")).to_be_visible()
        await own_server.start()
        for tab in tabs:
            await expect(tab.get_by_text("connection to stagedoor is lost")).to_have_count(0)
            await expect(tab.locator("main h1")).to_have_count(1)


async def test_signing_out_needs_no_server(browser: Browser, own_server: Server) -> None:
    async with watched(browser) as window:
        await sign_in(window.page, own_server)
        await own_server.stop()
        async with window.page.expect_event("requestfailed"):
            await window.page.get_by_role("button", name="Sign out").click()
        await expect(window.page.get_by_role("heading", name="You are signed out")).to_be_visible()
        assert await window.page.evaluate("localStorage.getItem('stagedoor.pass')") is None
