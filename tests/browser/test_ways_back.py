"""Places that are come back to: after a session's end, by reloading, as another."""

import re

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "a long password that nobody guesses"


async def test_after_a_session_s_end_one_signs_in_again_and_goes_back(
    gate: Gate, gateway: RunningGateway
) -> None:
    gateway.add_user("returner", PASSWORD, role="owner")
    page = gate.page
    gate.expected = ("401",)
    await page.goto(f"{gateway.url}/files")
    await expect(page.locator("gw-files .panel")).to_be_visible()
    await page.context.clear_cookies()
    await page.get_by_role("button", name="Load again").click()
    await page.get_by_role("alert").get_by_role("link", name="Sign in").click()
    await page.get_by_label("User name").fill("returner")
    await page.get_by_label("Password").fill(PASSWORD)
    async with page.expect_event("load"):
        await page.locator("main").get_by_role("button", name="Sign in").click()
    await expect(page.locator(".top gw-login .person")).to_contain_text("returner")
    await page.go_back()
    await expect(page).to_have_url(f"{gateway.url}/files")
    await expect(page.locator("gw-files .panel")).to_be_visible()
    await gate.check()


async def test_a_map_is_there_for_the_next_person_too(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    gateway.add_user("mapper", PASSWORD)
    gate = await open_page()
    page, drawn = gate.page, gate.page.locator("gw-map .map canvas")
    await page.goto(f"{gateway.url}/sign-in")
    await page.get_by_label("User name").fill("mapper")
    await page.get_by_label("Password").fill(PASSWORD)
    async with page.expect_event("load"):
        await page.get_by_role("button", name="Sign in").click()
    await page.goto(f"{gateway.url}/data/simulated-reanalysis?box=10+60+30+20")
    await expect(drawn).not_to_have_count(0)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    await expect(drawn).not_to_have_count(0)
    # South and north were given the other way round.
    box = await page.locator("gw-map").evaluate("(map) => map.bounds")
    assert box == [10, 20, 30, 60]
    await expect(page.locator("gw-timeseries h3")).to_contain_text("20°N to 60°N")
    await gate.check()


async def test_the_address_of_the_sky_keeps_its_band(
    gate: Gate, gateway: RunningGateway
) -> None:
    page, strip = gate.page, gate.page.locator("gw-sky .strip small")
    await page.goto(f"{gateway.url}/sky/simulated-sky")
    await page.get_by_label(re.compile("^Band")).select_option("r")
    await expect(page).to_have_url(re.compile("band=r"))
    await page.reload()
    await expect(page.get_by_label(re.compile("^Band"))).to_have_value("r")
    await expect(strip.first).to_be_visible()
    assert set(await strip.all_inner_texts()) == {"r"}
    await gate.check()


async def test_the_focus_comes_back_from_a_question(
    gate: Gate, gateway: RunningGateway
) -> None:
    page = gate.page
    await page.goto(f"{gateway.url}/files")
    button = page.get_by_role("button", name="New folder")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Name", exact=True)).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(button).to_be_focused()
    await gate.check()


async def test_a_long_series_is_drawn(page: Page, gateway: RunningGateway) -> None:
    """As one of 150 years, every six hours: more than a call may have arguments."""
    await page.goto(f"{gateway.url}/data/simulated-reanalysis?box=10+50")
    await expect(page.locator("gw-timeseries .chart")).to_be_visible()
    # One of its own: the page's is loaded anew by what its map does.
    await page.evaluate(
        """async () => {
          const { seriesOf } = await import("/kit/elements/series.js");
          const values = Array.from({ length: 220_000 }, (_, i) => i % 1000);
          const axes = [{ kind: "time", values: values.map((_, i) => i) }];
          const element = document.createElement("gw-timeseries");
          element.id = "long";
          element.series = seriesOf({ axes, values, units: "Pa" }, "Pa");
          document.querySelector("main").append(element);
        }"""
    )
    await expect(page.locator("#long .chart")).to_have_attribute(
        "aria-label", re.compile("lowest 0, highest 999$")
    )
