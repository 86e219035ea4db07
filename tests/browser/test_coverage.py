"""The map of a survey on its tab, and what is said where there is none."""

from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.canned import Canned, canned_gate, problem
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_page_of_a_survey_shows_where_its_images_are(
    gate: Gate, gateway: RunningGateway
) -> None:
    await gate.page.goto(f"{gateway.url}/sky/simulated-sky/coverage")
    coverage = gate.page.locator("gw-coverage")
    await expect(coverage.locator("figcaption")).to_contain_text("images in")
    picture = coverage.locator("img")
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("naturalWidth", 900)


async def test_a_survey_without_images_and_a_failure(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    told: dict[str, Any] = {"images": 0, "area": 0, "most": 0, "text": "No images."}
    answers: list[Any] = [
        problem(413, "too-large", "Too large", "Choose a shorter range of times."),
        (200, told | {"counted": "outlines", "depths": []}),
    ]
    canned.on("GET", "/surveys/bare/coverage", lambda *_: answers.pop(0))
    canned.on("GET", "/surveys/bare", {"id": "bare", "title": "Bare", "bands": {}})
    canned.on("GET", "/images", {"images": [], "next": None})
    gate = await canned_gate(open_page, canned)
    gate.expected = ("413",)
    await gate.page.goto(f"{gateway.url}/sky/bare/coverage")
    coverage = gate.page.locator("gw-coverage")
    alert = coverage.get_by_role("alert")
    await expect(alert).to_contain_text("shorter range of times")
    await alert.get_by_role("button", name="Try again").click()
    await expect(coverage.get_by_text("No images", exact=True)).to_be_visible()
