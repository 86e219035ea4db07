"""A classifier trained by a button, its report, and the way back to it."""

import pytest
from playwright.async_api import expect
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

TRAINING_MS = 900_000


async def test_a_button_trains_a_classifier_and_its_report_is_shown(
    gate: Gate, gateway: RunningGateway
) -> None:
    page = gate.page
    await page.goto(gateway.url + "/classifiers/simulated-sky")
    element = page.locator("gw-classifier")
    await expect(element).to_contain_text("No classifier yet")
    again = element.get_by_role("button", name="Train again with votes")
    await expect(again).to_be_disabled()
    await element.get_by_role("button", name="Train by injected stars").click()
    await expect(element.get_by_role("progressbar")).to_be_visible()
    await expect(element.locator("tbody tr")).to_contain_text(
        "in use", timeout=TRAINING_MS
    )
    await element.get_by_role("button", name="Report").click()
    report = element.locator("[part=report]")
    await expect(report).to_contain_text("Missed at 1 % false positives")
    await expect(report).to_contain_text("injected; none is a candidate")
    await expect(again).to_be_enabled()
    await gate.check()
