"""Many tabs and many waits of one browser: one stream of events for them all."""

import asyncio

import pytest
from playwright.async_api import BrowserContext, Page, Request, expect
from tests.browser.conftest import OpenPage
from tests.browser.waiting import SECONDS
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

TABS = 10
WAIT_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>wait</title>
<script type="module" src="/kit/gw.js"></script>
<gw-jobs live brief filter="name=waited"></gw-jobs><p id="out"></p>
<script type="module">
import { gateway } from "/kit/gw.js";
const one = async () => {
  const spec = { executable: "true", name: "waited" };
  const job = await gateway.jobs.submit("local", spec);
  return (await gateway.jobs.wait("local", job.id)).state;
};
const states = await Promise.all(Array.from({ length: 10 }, one));
document.getElementById("out").textContent = states.join(" ");
</script></html>
"""


class Streams:
    """The streams of events that a browser has opened, and those that are open."""

    def __init__(self, context: BrowserContext) -> None:
        self.opened: list[Request] = []
        self.open: set[Request] = set()
        context.on("request", self._begun)
        context.on("requestfailed", self._ended)
        context.on("requestfinished", self._ended)

    def _begun(self, request: Request) -> None:
        if request.url.endswith("/events"):
            self.opened.append(request)
            self.open.add(request)

    def _ended(self, request: Request) -> None:
        self.open.discard(request)


async def submit(page: Page, name: str) -> None:
    await page.evaluate(
        """async (name) => {
          await customElements.whenDefined("gw-login");
          const { gateway } = document.querySelector("gw-login");
          await gateway.jobs.submit("local", { executable: "true", name });
        }""",
        name,
    )


async def test_ten_tabs_share_one_stream(
    open_page: OpenPage, signed_in: object, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in)
    context = gate.page.context
    streams = Streams(context)
    pages = [gate.page, *[await context.new_page() for _ in range(TABS - 1)]]
    for page in pages:
        await page.goto(f"{gateway.url}/jobs")
        await expect(page.locator("gw-jobs").first).to_be_visible()
    await submit(pages[-1], "seen-by-all")
    for page in pages:
        await expect(page.get_by_text("seen-by-all").first).to_be_visible()
    assert len(streams.opened) == 1
    await gate.check()


async def test_another_tab_goes_on_when_the_one_with_the_stream_is_closed(
    open_page: OpenPage, signed_in: object, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in)
    context = gate.page.context
    streams = Streams(context)
    first = await context.new_page()
    await first.goto(f"{gateway.url}/jobs")
    await expect(first.locator("gw-jobs").first).to_be_visible()
    async with asyncio.timeout(SECONDS):
        while not streams.open:
            await asyncio.sleep(0.05)
    await gate.page.goto(f"{gateway.url}/jobs")
    await expect(gate.page.locator("gw-jobs").first).to_be_visible()
    assert len(streams.opened) == 1
    await first.close()
    async with asyncio.timeout(SECONDS):
        while len(streams.opened) < 2:
            await asyncio.sleep(0.05)
    await submit(gate.page, "after-the-first")
    await expect(gate.page.get_by_text("after-the-first").first).to_be_visible()
    assert len(streams.opened) == 2


async def test_ten_waits_need_no_connection_of_their_own(
    open_page: OpenPage, signed_in: object, gateway: RunningGateway
) -> None:
    folder = gateway.state / "pages"
    folder.mkdir(exist_ok=True)
    (folder / "wait.html").write_text(WAIT_PAGE, encoding="utf-8")
    gate = await open_page(storage_state=signed_in)
    streams = Streams(gate.page.context)
    await gate.page.goto(f"{gateway.url}/pages/wait.html")
    await expect(gate.page.locator("#out")).to_have_text(" ".join(["completed"] * 10))
    assert len(streams.opened) == 1
    await gate.check()


async def test_a_tab_hears_of_who_signed_in_in_another(
    open_page: OpenPage, signed_in: object, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in)
    context = gate.page.context
    streams = Streams(context)
    other = await context.new_page()
    for page in (gate.page, other):
        await page.goto(f"{gateway.url}/jobs")
        await expect(page.locator("gw-jobs").first).to_be_visible()
    async with asyncio.timeout(SECONDS):
        while not streams.open:
            await asyncio.sleep(0.05)
    await other.evaluate(
        """async () => {
          await customElements.whenDefined("gw-login");
          document.querySelector("gw-login").gateway.live.restart();
        }"""
    )
    async with asyncio.timeout(SECONDS):
        while len(streams.opened) < 2 or len(streams.open) != 1:
            await asyncio.sleep(0.05)
    await submit(other, "after-the-restart")
    for page in (gate.page, other):
        await expect(page.get_by_text("after-the-restart").first).to_be_visible()


LOG_SCRIPT = """#!/bin/sh
echo first
for _ in $(seq 2400); do [ -e seen-by-all-tabs ] && break; sleep 0.1; done
echo last
"""


async def test_ten_tabs_with_a_log_hold_no_connection_for_it(
    open_page: OpenPage, signed_in: object, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in)
    context = gate.page.context
    streams = Streams(context)
    with gateway.client(gateway.token()) as client:
        body = {"script": LOG_SCRIPT, "name": "told-to-all"}
        answer = client.post("/api/v1/jobs/local", json=body).raise_for_status()
        job = answer.json()["id"]
        pages = [gate.page, *[await context.new_page() for _ in range(TABS - 1)]]
        logs = [page.locator("gw-log pre") for page in pages]
        for page, log in zip(pages, logs, strict=True):
            await page.goto(f"{gateway.url}/jobs/local/{job}")
            await expect(log).to_have_text("first\n")
        assert len(streams.opened) == 1
        # Whatever the tabs show, the browser has connections left for more.
        await submit(pages[-1], "beside-the-logs")
        go = client.put("/api/v1/files/local/seen-by-all-tabs", content=b"")
        go.raise_for_status()
    for page, log in zip(pages, logs, strict=True):
        await expect(log).to_have_text("first\nlast\n")
        state = page.locator("gw-log p[role=status]")
        await expect(state).to_have_text("Complete")
    await gate.check()
