"""Guests and visitors see what they may use, and nothing else of a page."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.browser.test_documented_pages import publish
from tests.browser.waiting import until
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "a long password that nobody guesses"
ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "first-application.md"
_PAGE = re.compile(r"<<'PAGE'\n(.*?)^PAGE$", re.MULTILINE | re.DOTALL)

NEEDS = ("gw-files", "gw-jobs", "gw-job-form", "gw-documents", "gw-tokens", "gw-status")
ALL = """<!doctype html><html lang="en"><meta charset="utf-8"><title>All</title>
<script type="module" src="/kit/gw.js"></script>
<link rel="stylesheet" href="/kit/gw.css"><main class="gw-page"><h1>All</h1>
<gw-files upload></gw-files><gw-jobs live></gw-jobs><gw-job-form></gw-job-form>
<gw-documents></gw-documents><gw-tokens></gw-tokens><gw-status></gw-status>
<gw-job job="1"></gw-job><gw-log job="1"></gw-log>
<section data-gw-scope="jobs:submit"><h2>For the owner</h2></section>
<gw-datasets></gw-datasets></main></html>
"""
HEIGHTS = """() => Object.fromEntries([...document.querySelectorAll("main > *")]
  .map((one) => [one.localName, one.getBoundingClientRect().height]))"""


@pytest.fixture(scope="module")
def guest(gateway: RunningGateway) -> str:
    gateway.add_user("visitor-of-storms", PASSWORD)
    return "visitor-of-storms"


async def sign_in(page: Page, name: str) -> None:
    await page.get_by_label("User name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def test_a_guest_sees_the_map_of_the_tutorial_and_no_form(
    open_page: OpenPage, gateway: RunningGateway, guest: str, client: httpx.Client
) -> None:
    _, whole = _PAGE.findall(TUTORIAL.read_text(encoding="utf-8"))
    gate = await open_page()
    gate.expected = ("404",)  # of a note that nobody has written yet
    page = gate.page
    client.delete("/api/v1/store/storms")
    await page.goto(publish(gateway, "guests.html", whole))
    await expect(page.get_by_role("form", name="Sign in")).to_be_visible()
    for _ in range(2):
        await expect(page.locator("gw-map .ol-zoom")).to_be_visible()
        for name in ("gw-job-form", "gw-jobs", "gw-files"):
            element = page.locator(name)
            await expect(element).to_have_attribute("denied", "")
            await expect(element).to_have_text("")
        await expect(page.get_by_role("alert")).to_have_count(0)
        if not await page.locator("gw-login .person").count():
            await sign_in(page, guest)
            await expect(page.locator("gw-login .person")).to_contain_text(guest)
    note = page.get_by_label("Note for the group")
    await note.fill("mine first")
    await expect(page.locator(".gw-store-note")).to_contain_text("does not exist yet")
    assert client.get("/api/v1/store/storms").status_code == 404
    answer = client.put("/api/v1/store/storms/note", json="the owner's")
    assert answer.status_code == 201
    await gate.check()


async def test_what_one_may_not_use_takes_no_room_and_asks_for_nothing(
    open_page: OpenPage, gateway: RunningGateway, guest: str
) -> None:
    gate = await open_page()
    page = gate.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{gateway.url}/sign-in")
    await sign_in(page, guest)
    await expect(page.locator(".top gw-login .person")).to_contain_text(guest)
    asked.clear()
    await page.goto(publish(gateway, "all.html", ALL))
    await expect(page.locator("gw-datasets li")).not_to_have_count(0)
    await expect(page.locator("gw-job-form")).to_have_attribute("denied", "")
    for name in ("gw-documents", "gw-tokens"):  # a guest has these
        await expect(page.locator(name)).not_to_have_attribute("denied", "")
        await expect(page.locator(f"{name} .state").first).to_be_visible()
    heights = await until(
        lambda: page.evaluate(HEIGHTS), lambda found: found["section"] == 0
    )
    gone = {"gw-files", "gw-jobs", "gw-job-form", "gw-status", "gw-job", "gw-log"}
    assert {name for name in gone if heights[name]} == set()
    paths = [url.partition("/api/v1/")[2] for url in asked if "/api/v1/" in url]
    refused = [path for path in paths if path.startswith(("jobs", "files", "queue"))]
    assert refused == []
    await gate.check_all_looks()


async def test_a_page_asks_visitors_to_sign_in_where_nothing_else_does(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    gate = await open_page()
    page = gate.page
    await page.goto(publish(gateway, "all.html", ALL))
    for name in NEEDS:
        words = page.locator(name).get_by_role("link", name="Sign in")
        await expect(words).to_be_visible()
    await expect(page.get_by_text("For the owner")).to_be_hidden()
    await expect(page.get_by_role("alert")).to_have_count(0)
    await gate.check_all_looks()


async def test_the_portal_says_what_a_guest_account_has_not(
    open_page: OpenPage, gateway: RunningGateway, guest: str
) -> None:
    gate = await open_page()
    page = gate.page
    await page.goto(f"{gateway.url}/sign-in")
    await sign_in(page, guest)
    await expect(page.locator(".top gw-login .person")).to_contain_text(guest)
    for view in ("files", "jobs", "jobs/local/new"):
        await page.goto(f"{gateway.url}/{view}")
        await expect(page.locator("main")).to_contain_text("Your account has no")
        await expect(page.locator("main form")).to_have_count(0)
    await gate.check_all_looks()


async def test_a_token_to_read_only_shows_no_buttons_to_change(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    gate = await open_page()
    page = gate.page
    token = gateway.token("files:read", "jobs:read", "account:read")
    with gateway.client(gateway.token()) as client:
        client.put("/api/v1/files/local/seen.txt", content=b"x").raise_for_status()
    await page.goto(publish(gateway, "all.html", ALL))
    await page.evaluate(
        """async (token) => {
          const { gateway } = await import("/kit/gw.js");
          await gateway.auth.useToken(token);
        }""",
        token,
    )
    files = page.locator("gw-files")
    await expect(files.locator("tr.row").first).to_be_visible()
    await expect(files.get_by_role("button", name="Upload")).to_have_count(0)
    await expect(files.get_by_role("button", name="New folder")).to_have_count(0)
    await expect(files.get_by_role("button", name="Delete")).to_have_count(0)
    await expect(page.locator("gw-job-form")).to_have_attribute("denied", "")
    await expect(page.locator("gw-tokens form")).to_have_count(0)
    await expect(page.locator("gw-tokens tr.row").first).to_be_visible()


async def test_a_used_link_leads_on_who_is_signed_in(
    gate: Gate, gateway: RunningGateway
) -> None:
    page = gate.page
    await page.goto(gateway.sign_in_url)
    await expect(page).to_have_url(f"{gateway.url}/")
    await expect(page.locator(".top gw-login .person")).to_contain_text("demo")
    await gate.check()
