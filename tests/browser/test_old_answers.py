"""Answers that come late, after a newer question was answered."""

import re
from dataclasses import dataclass, field

import httpx
import pytest
from playwright.async_api import Page, Route, expect
from tests.browser.gate import FRAMES, Gate
from tests.browser.waiting import until
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass  # Playwright keeps its own attributes with a handler
class Late:
    """The first answer to a question, held back until a test lets it come."""

    page: Page
    held: list[Route] = field(default_factory=list)

    async def hold(self, pattern: str | re.Pattern[str]) -> None:
        await self.page.route(pattern, self._answer)

    async def _answer(self, route: Route) -> None:
        if self.held or route.request.method != "GET":
            await route.continue_()
        else:
            self.held.append(route)

    async def comes(self, response: httpx.Response) -> None:
        """Answer now, and wait until the page has had time to show it."""
        old = self.held[0].request
        async with self.page.expect_event("requestfinished", lambda one: one == old):
            await self.held[0].fulfill(
                status=response.status_code,
                headers=dict(response.headers),
                body=response.content,
            )
        await self.page.evaluate(FRAMES)


async def test_an_older_document_does_not_take_the_place_of_the_one_that_is_open(
    gate: Gate, gateway: RunningGateway
) -> None:
    page, late = gate.page, Late(gate.page)
    with gateway.client(gateway.token()) as client:
        for key in ("older", "newer"):
            client.put(f"/api/v1/store/late/{key}", json=key).raise_for_status()
        await page.goto(f"{gateway.url}/store/late")
        await late.hold("**/api/v1/store/late/older")
        await page.get_by_role("button", name="older").click()
        await expect(page.get_by_role("heading", name="older")).to_be_visible()
        await page.go_back()
        await page.get_by_role("button", name="newer").click()
        text = page.get_by_label("Document (JSON)")
        await expect(text).to_have_value('"newer"')
        await late.comes(client.get("/api/v1/store/late/older"))
    await expect(text).to_have_value('"newer"')
    await gate.check()


async def test_an_older_list_of_tokens_does_not_hide_a_new_one(
    gate: Gate, gateway: RunningGateway
) -> None:
    page, late = gate.page, Late(gate.page)
    await late.hold("**/api/v1/tokens")
    with gateway.client(gateway.token()) as client:
        before = client.get("/api/v1/tokens")
    await page.goto(f"{gateway.url}/account")
    await page.get_by_label("What it is for").fill("the newest")
    await page.get_by_role("button", name="Make the token").click()
    revoke = page.get_by_role("button", name="Revoke the newest")
    await expect(revoke).to_be_visible()
    await late.comes(before)
    await expect(revoke).to_be_visible()
    await gate.check()


async def test_a_blink_lasts_as_long_as_its_key(
    page: Page, gateway: RunningGateway
) -> None:
    """An image that comes while B is held is shown when B is let go."""
    sky, late = page.locator("gw-sky"), Late(page)

    async def shows(image: str) -> None:
        await until(lambda: sky.evaluate(_DRAWN), lambda drawn: drawn == image)

    await page.goto(f"{gateway.url}/sky/simulated-sky")
    await expect(page.locator("gw-sky .strip button").nth(2)).to_be_visible()
    first, second, third = await sky.evaluate(
        "(sky) => sky.images.slice(0, 3).map((one) => one.id)"
    )
    await shows(first)
    await late.hold(re.compile(rf"/images/{third}/cutout\?.*format=png"))
    await page.locator("gw-sky canvas").focus()
    await page.keyboard.press("ArrowRight")
    await shows(second)
    await page.keyboard.press("ArrowRight")
    await until(lambda: sky.evaluate("(sky) => sky.shown.id"), lambda one: one == third)
    await page.keyboard.down("b")
    with gateway.client() as client:
        await late.comes(client.get(late.held[0].request.url))
    await sky.evaluate("async (sky) => { await sky._epoch(sky.shown); }")
    await page.evaluate(FRAMES)
    assert await sky.evaluate(_DRAWN) == second
    await page.keyboard.up("b")
    await shows(third)


_DRAWN = "(sky) => sky.epoch?.image.id"
