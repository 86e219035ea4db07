"""Every page in every look, against the real gateway."""

import re

import pytest
from playwright.async_api import expect
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

READY = {
    "/": "gw-status li",
    "/files": "gw-files .state, gw-files tr.row",
    "/jobs": "gw-jobs .state, gw-jobs tr.row",
    "/jobs/local/new": "gw-job-form form",
    "/queue": "gw-queue .state, gw-queue tr.row",
    "/data": "gw-datasets img",
    "/data/simulated-reanalysis?box=-20+30+40+60": "gw-timeseries .uplot",
    "/sky": "gw-surveys img",
    "/sky/simulated-sky": "gw-sky .strip button",
    "/sky/simulated-sky/coverage": "gw-coverage img",
    "/sky/simulated-sky/coadd": "gw-coadd form",
    "/sky/simulated-sky/difference": "gw-difference form",
    "/scan": "gw-scan .votes",
    "/objects": "gw-candidates .state, gw-candidates tr.row",
    "/classifiers": "gw-surveys img",
    "/store": "gw-documents .state, gw-documents tr.row",
    "/account": "gw-tokens .state, gw-tokens tr.row",
    "/docs/api": "details.operation",
    "/kit/examples/campaign.html": "gw-timeseries .uplot",
    "/kit/examples/supernova.html": "gw-difference form",
}


@pytest.mark.parametrize("path", READY)
async def test_a_page_is_well_in_every_look(
    path: str, gate: Gate, gateway: RunningGateway
) -> None:
    if "campaign" in path:
        # A browser says each 404 on its console, and a field's first document is one.
        with gateway.client(gateway.token()) as client:
            client.put("/api/v1/store/campaign/title", json="x").raise_for_status()
    await gate.page.goto(gateway.url + path)
    await expect(gate.page.locator(READY[path]).first).to_be_visible()
    await gate.check_all_looks()


@pytest.mark.parametrize("path", ["/", "/sign-in", "/files", "/data"])
async def test_a_visitor_s_page_is_well_in_every_look(
    path: str, open_page: OpenPage, gateway: RunningGateway
) -> None:
    gate = await open_page()
    await gate.page.goto(gateway.url + path)
    await expect(gate.page.locator("main.place")).to_be_visible()
    await gate.check_all_looks()


async def test_a_lost_page_says_so(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    gate = await open_page()
    gate.expected = ("404",)
    answer = await gate.page.goto(f"{gateway.url}/nowhere")
    assert answer is not None
    assert answer.status == 404
    await expect(gate.page.locator("h1")).to_have_text(re.compile("nothing at this"))
    await gate.check_all_looks()
