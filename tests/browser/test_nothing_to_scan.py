"""Why no candidate is shown to a person who scans, and what to do next."""

import pytest
from playwright.async_api import expect
from tests.browser.gate import Gate
from tests.browser.test_scan import API, shows, subtracted
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_survey_without_candidates_leads_to_its_differences(
    gate: Gate, gateway: RunningGateway
) -> None:
    page = gate.page
    state = page.locator("gw-scan .state")
    await page.goto(f"{gateway.url}/scan?survey=later-sky")
    await expect(state).to_contain_text("There are no candidates in this survey yet")
    await expect(state).not_to_contain_text("has a vote")
    await gate.check_all_looks()
    link = state.get_by_role("link", name="Subtract images")
    await expect(link).to_have_attribute("href", "/sky/later-sky/difference")
    await gate.check()


async def test_a_difference_that_found_nothing_leads_to_another(
    gate: Gate, gateway: RunningGateway
) -> None:
    page = gate.page
    with gateway.client(gateway.token()) as client:
        name = subtracted(client, (3,), (3,))
        asked = {"difference": name}
        listed = client.get(f"{API}/candidates", params=asked).raise_for_status()
    assert listed.json()["candidates"] == []
    await page.goto(f"{gateway.url}/scan?survey=simulated-sky&difference={name}")
    state = page.locator("gw-scan .state")
    await expect(state).to_contain_text("No candidates in this difference")
    await state.get_by_role("link", name="Subtract images").click()
    await expect(page).to_have_url(f"{gateway.url}/sky/simulated-sky/difference")
    await expect(page.locator("gw-difference form")).to_be_visible()
    await gate.check()


async def test_candidates_that_were_skipped_are_told_from_none(
    gate: Gate, gateway: RunningGateway
) -> None:
    page = gate.page
    with gateway.client(gateway.token()) as client:
        name = subtracted(client, (4,), (0, 5))
        listed = client.get(f"{API}/candidates", params={"difference": name}).json()
        assert listed["candidates"]
        await page.goto(f"{gateway.url}/scan?difference={name}")
        for one in listed["candidates"]:
            await shows(page, one["id"])
            await page.keyboard.press("s")
        state = page.locator("gw-scan .state")
        await expect(state).to_contain_text("Nothing left to scan")
        narrow = f"{gateway.url}/scan?difference={name}&where=snr+%3E+1000000"
        await page.goto(narrow)
        await expect(state).to_contain_text("No candidate fulfils this")
        client.delete(f"{API}/candidates/claims").raise_for_status()
    await gate.check()
