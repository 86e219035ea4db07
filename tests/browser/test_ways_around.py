"""Documents, the keyboard, the palette, and the page of the API."""

import re

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_document_that_changed_elsewhere_is_not_overwritten(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    url = "/api/v1/store/notes/one"
    client.put(url, json={"by": "first"}).raise_for_status()
    await page.goto(f"{gateway.url}/store/notes/one")
    text = page.get_by_label("Document (JSON)")
    await expect(text).to_have_value(re.compile("first"))
    await text.fill('{"by": "page"}')
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text(["Saved"])
    client.put(url, json={"by": "script"}).raise_for_status()
    await text.fill('{"by": "page again"}')
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Somebody else changed this")).to_be_visible()
    assert client.get(url).json() == {"by": "script"}


async def test_a_walk_by_keyboard_alone(page: Page, gateway: RunningGateway) -> None:
    await page.goto(gateway.url)
    await expect(page.locator("gw-status li")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    await page.goto(f"{gateway.url}/jobs/local/new")
    script = page.get_by_label("Script", exact=True)
    await script.focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.type("#!/bin/sh\necho by keyboard\n")
    await page.keyboard.press("Tab")
    await page.keyboard.type("typed")
    for _ in range(3):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/jobs/local/\d+"))
    await expect(page.locator("gw-log pre")).to_contain_text("by keyboard")
    opener = page.get_by_role("button", name="typed", exact=True)
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(opener).to_have_attribute("aria-expanded", "false")


async def test_the_palette_leads_to_a_place_by_a_few_letters(
    page: Page, gateway: RunningGateway
) -> None:
    await page.goto(gateway.url)
    await expect(page.locator("gw-status li")).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.get_by_label("Go to", exact=True).fill("reanalysis")
    await expect(page.locator(".palette li")).to_have_count(1)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{gateway.url}/data/simulated-reanalysis")


async def test_the_api_page_tries_an_operation(
    gate: Gate, gateway: RunningGateway
) -> None:
    page = gate.page
    await page.goto(f"{gateway.url}/docs/api")
    await page.get_by_label("Find an operation").fill("who am i")
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    await page.locator("summary").click()
    await page.get_by_role("button", name="Try it").click()
    await expect(page.locator(".answer")).to_contain_text('"user": "demo"')
    await gate.check()


async def test_a_code_menu_says_the_same_request(
    page: Page, gateway: RunningGateway
) -> None:
    await page.goto(f"{gateway.url}/data/simulated-reanalysis")
    await page.locator("gw-subset gw-code summary").click()
    code = page.locator("gw-subset gw-code pre")
    await expect(code).to_contain_text("curl --fail-with-body 'http://127.0.0.1")
    await page.get_by_role("button", name="Python").click()
    await expect(code).to_contain_text("requests.request(")
    await page.keyboard.press("Escape")
    await expect(code).to_have_count(0)
