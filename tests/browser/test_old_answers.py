"""Answers that come late, after a newer question was answered."""

from dataclasses import dataclass, field

import httpx
import pytest
from playwright.async_api import Page, Route, expect
from tests.browser.gate import FRAMES, Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass  # Playwright keeps its own attributes with a handler
class Late:
    """The first answer to a question, held back until a test lets it come."""

    page: Page
    held: list[Route] = field(default_factory=list)

    async def hold(self, pattern: str) -> None:
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
