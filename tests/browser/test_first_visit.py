"""What a first visit transfers."""

import re
from typing import Any

import pytest
from playwright.async_api import Request, expect
from tests.browser.conftest import OpenPage
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

READY = {
    "/jobs": "gw-jobs .state, gw-jobs tr.row",
    "/jobs/local/new": "gw-job-form form",
    "/files": "gw-files .state, gw-files tr.row",
    "/data/simulated-reanalysis": "gw-map .ol-zoom",
    "/sky/simulated-sky": "gw-sky .strip button",
}


@pytest.mark.parametrize("path", READY)
async def test_a_first_visit_transfers_little(
    path: str, open_page: OpenPage, signed_in: Any, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in)
    requests: list[Request] = []

    def note(request: Request) -> None:
        requests.append(request)

    gate.page.on("requestfinished", note)
    await gate.page.goto(gateway.url + path)
    await expect(gate.page.locator(".top gw-login .person")).to_be_visible()
    await expect(gate.page.locator(READY[path]).first).to_be_visible()
    own = [
        one
        for one in requests
        if re.search(r"/kit/(?!.*/(ol|uplot|coast-\w+)\.js)", one.url)
    ]
    sizes = {one.url: await transferred(one) for one in own}
    assert len(sizes) > 20
    assert sum(sizes.values()) <= 60_000, sizes


async def transferred(request: Request) -> int:
    """Return the size of an answer's body as it was sent, which is compressed.

    Chromium's own figure (``responseBodySize``) is below zero for some icons.
    """
    answer = await request.response()
    assert answer is not None
    headers = await answer.all_headers()
    return int(headers["content-length"])
