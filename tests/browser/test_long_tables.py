"""Long tables, columns that are made wider, and uploads that go on."""

import asyncio
import json
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Request, Route, expect
from tests.browser.canned import VISITOR, Canned, canned_gate, problem
from tests.browser.conftest import OpenPage
from tests.browser.gate import FRAMES, Gate
from tests.browser.waiting import SECONDS, until
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

MANY = 5000
STARTED = "2026-11-22T14:01:00.000Z"


def entry(number: int) -> dict[str, Any]:
    name = f"f{number:05}"
    return {
        "name": name, "path": f"/many/{name}", "type": "file", "size": number,
        "modified_at": STARTED, "mode": "0644", "owner": "demo", "group": "demo",
    }  # fmt: skip


def many_files(canned: Canned, count: int = MANY) -> None:
    """Answer for a folder as the gateway does, page after page."""

    def answer(request: Request, query: dict[str, str]) -> Any:
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        assert 1 <= limit <= 1000
        end = min(start + limit, count)
        entries = [entry(number) for number in range(start, end)]
        return 200, {"entries": entries, "next": str(end) if end < count else None}

    canned.on("GET", "/files/local/many/", answer)
    canned.on("GET", "/files/local/", {"entries": [entry(0)], "next": None})


async def test_a_folder_of_thousands_is_paged_through_and_scrolled(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    many_files(canned)
    gate = await canned_gate(open_page, canned)
    page = gate.page
    await page.goto(f"{gateway.url}/files/local/many")
    more = page.get_by_role("button", name="Show more")
    for shown in (200, 400, 800, 1600, 2600, 3600, 4600):
        await expect(page.get_by_text(f"{shown:,} entries shown")).to_be_visible()
        await more.click()
    await expect(page.get_by_text("5,000 entries", exact=True)).to_be_visible()
    await expect(more).to_have_count(0)
    rows = page.locator("gw-files tr.row")
    assert await rows.count() < 600
    table = page.get_by_role("table")
    await expect(table).to_have_attribute("aria-rowcount", str(MANY + 1))
    # However fast one scrolls, a frame has few rows to draw.
    there = await page.evaluate(_SCROLL)
    assert len(there) > 30
    assert max(there) <= 600, there
    last = page.get_by_role("button", name="f04999", exact=True)
    await expect(last).to_be_in_viewport()
    await page.evaluate("() => scrollTo(0, document.documentElement.scrollHeight / 2)")
    await expect(page.locator("gw-files tbody.gap")).not_to_have_count(0)
    seen = page.locator("gw-files tr.row").filter(visible=True)
    await expect(page.locator(":focus")).to_have_count(0)
    middle: str = await until(lambda: page.evaluate(_MIDDLE), bool)
    assert 1500 < int(middle[1:]) < 3500
    assert await seen.count() < 600
    index = page.locator("tr", has=page.get_by_role("button", name=middle, exact=True))
    await expect(index).to_have_attribute("aria-rowindex", str(int(middle[1:]) + 2))
    await gate.check()


async def test_an_old_answer_does_not_take_the_place_of_a_newer_one(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    gate = await canned_gate(open_page, Canned())
    page = gate.page
    held: list[Route] = []

    async def answer(route: Route) -> None:
        if held:
            await route.fulfill(json={"entries": [entry(1), entry(2)], "next": None})
        else:
            held.append(route)

    await page.route("**/api/v1/files/local/many/*", answer)
    await page.goto(f"{gateway.url}/files/local/many")
    await page.get_by_role("button", name="Load again").click()
    await expect(page.locator("gw-files tr.row")).to_have_count(2)
    old = held[0].request
    async with page.expect_event("requestfinished", lambda one: one == old):
        await held[0].fulfill(json={"entries": [entry(1)], "next": None})
    await page.evaluate(FRAMES)
    await expect(page.locator("gw-files tr.row")).to_have_count(2)
    await gate.check()


_SCROLL = """async () => {
  const there = [];
  const { shadowRoot } = document.querySelector("gw-files");
  scrollTo(0, 0);
  const end = () => document.documentElement.scrollHeight - innerHeight;
  while (scrollY < end() - 1 && there.length < 200) {
    scrollBy(0, 4000);
    await new Promise(requestAnimationFrame);
    there.push(shadowRoot.querySelectorAll("tr.row").length);
  }
  return there;
}"""
_MIDDLE = """() => {
  const { shadowRoot } = document.querySelector("gw-files");
  const found = shadowRoot.elementFromPoint(700, 400)?.closest("tr.row");
  return found?.querySelector("[data-row] span").textContent ?? "";
}"""


async def test_the_keys_go_through_a_long_table_and_to_its_ends(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    many_files(canned, 1000)
    gate = await canned_gate(open_page, canned)
    page = gate.page
    await page.goto(f"{gateway.url}/files/local/many")
    for shown in (200, 400, 800):
        await expect(page.get_by_text(f"{shown} entries shown")).to_be_visible()
        await page.get_by_role("button", name="Show more").click()
    await expect(page.get_by_text("1,000 entries", exact=True)).to_be_visible()
    await page.get_by_role("button", name="f00000", exact=True).focus()
    for key, name in (
        ("End", "f00999"), ("ArrowUp", "f00998"), ("Home", "f00000"),
        ("ArrowDown", "f00001"),
    ):  # fmt: skip
        await page.keyboard.press(key)
        found = page.get_by_role("button", name=name, exact=True)
        await expect(found).to_be_focused()
        await expect(found).to_be_in_viewport()
    # What has the focus stays in the page, wherever one scrolls.
    await page.evaluate("() => scrollTo(0, 20_000)")
    await expect(page.get_by_role("button", name="f00500", exact=True)).to_be_attached()
    focused = page.get_by_role("button", name="f00001", exact=True)
    await expect(focused).to_be_focused()


def grip(page: Page, word: str) -> Locator:
    return page.get_by_role("separator", name=f"Width of {word}")


async def width(page: Page, word: str) -> float:
    box = await page.get_by_role("columnheader", name=word, exact=True).bounding_box()
    assert box is not None
    return box["width"]


async def comes_to(page: Page, word: str, wanted: float, near: float = 3) -> None:
    """Wait until a column is as wide as that, in pixels."""
    await until(lambda: width(page, word), lambda now: abs(now - wanted) <= near)


async def test_columns_are_made_wider_by_pointer_and_keys_and_stay_so(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    many_files(canned, 20)
    gate = await canned_gate(open_page, canned)
    page = gate.page
    await page.goto(f"{gateway.url}/files/local/many")
    await expect(page.locator("gw-files tr.row")).to_have_count(20)
    await expect(page.locator(":not(:defined)")).to_have_count(0)
    size, changed = await width(page, "Size"), await width(page, "Changed")
    total = sum([await width(page, word) for word in ("Name", "Size", "Changed")])
    handle = await grip(page, "Size").bounding_box()
    assert handle is not None
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 20, y)
    await page.mouse.move(x + 40, y)
    await page.mouse.up()
    await comes_to(page, "Size", size + 40)
    await comes_to(page, "Changed", changed - 40)
    await page.reload()
    await expect(page.locator("gw-files tr.row")).to_have_count(20)
    await comes_to(page, "Size", size + 40)
    await grip(page, "Name").focus()
    await page.keyboard.press("ArrowDown")
    await expect(grip(page, "Size")).to_be_focused()
    before = int(await grip(page, "Size").get_attribute("aria-valuenow") or 0)
    await page.keyboard.press("ArrowLeft")
    await expect(grip(page, "Size")).to_have_attribute("aria-valuenow", f"{before - 2}")
    for _ in range(60):
        await page.keyboard.press("ArrowLeft")
    await expect(grip(page, "Size")).to_have_attribute("aria-valuenow", "4")
    together = sum([await width(page, word) for word in ("Name", "Size", "Changed")])
    assert together == pytest.approx(total, abs=3)
    await gate.check_all_looks()
    await page.set_viewport_size({"width": 1280, "height": 800})
    await grip(page, "Size").focus()
    await page.keyboard.press("Enter")
    await comes_to(page, "Size", size, near=1)
    kept = await page.evaluate("() => localStorage.getItem('gw-columns-files')")
    assert kept is None


@pytest.mark.parametrize(
    "kept", ["{", "null", "[1,2]", '["a",1,1,1,1,1]', "[0,0,0,0,0,0]"]
)
async def test_widths_that_make_no_sense_are_not_used(
    kept: str, open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    many_files(canned, 3)
    gate = await canned_gate(open_page, canned)
    await gate.page.add_init_script(
        f"localStorage.setItem('gw-columns-files', {json.dumps(kept)})"
    )
    await gate.page.goto(f"{gateway.url}/files/local/many")
    await expect(gate.page.locator("gw-files tr.row")).to_have_count(3)
    await comes_to(gate.page, "Size", 104, near=1)
    await gate.check()


class Gathering:
    """Takes uploads, and answers each when the test says so."""

    def __init__(self) -> None:
        self.waiting: dict[str, Any] = {}

    async def __call__(self, route: Any) -> None:
        if route.request.method != "PUT":
            await route.fallback()
            return
        self.waiting[route.request.url.rsplit("/", 1)[1]] = route

    async def have(self, count: int) -> None:
        async with asyncio.timeout(SECONDS):
            while len(self.waiting) < count:
                await asyncio.sleep(0.02)

    async def finish(self, name: str) -> None:
        await self.waiting.pop(name).fulfill(status=201, json={})


async def uploading(
    open_page: OpenPage, canned: Canned, gateway: RunningGateway
) -> tuple[Gate, Gathering]:
    """Open a folder of three files whose uploads the test answers."""
    many_files(canned, 3)
    gate = await canned_gate(open_page, canned)
    uploads = Gathering()
    await gate.page.route("**/api/v1/files/**", uploads)
    await gate.page.goto(f"{gateway.url}/files/local/many")
    return gate, uploads


async def choose(page: Page, *names: str) -> None:
    files: list[Any] = [
        {"name": name, "mimeType": "text/plain", "buffer": b"text"} for name in names
    ]
    await page.locator("gw-files input[type=file]").set_input_files(files)


async def test_uploads_go_on_while_another_view_is_shown(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    canned.on("GET", "/jobs/local", {"jobs": [], "next": None})
    gate, uploads = await uploading(open_page, canned, gateway)
    page = gate.page
    names = [f"new-{i}.txt" for i in range(5)]
    await choose(page, *names)
    await uploads.have(3)
    tray = page.get_by_label("Uploads")
    await expect(tray.get_by_role("status")).to_have_text("Uploading, 5 files to go")
    await expect(tray.get_by_text("Waiting, 4 B")).to_have_count(2)
    rail = page.get_by_role("navigation", name="Places")
    await rail.get_by_role("link", name="Jobs").click()
    await expect(page.get_by_text("No jobs yet")).to_be_visible()
    await expect(tray.locator(".one")).to_have_count(5)
    await gate.check_all_looks()
    await uploads.finish(names[0])
    await uploads.have(3)
    assert set(uploads.waiting) == set(names[1:4])
    await tray.get_by_role("button", name="Stop uploading new-4.txt").click()
    for name in names[1:4]:
        await uploads.finish(name)
    await expect(tray.get_by_role("status")).to_have_text("5 uploads")
    await expect(tray.locator(".word.done")).to_have_count(4)
    await expect(tray.get_by_text("Stopped; nothing was kept")).to_have_count(1)
    assert not uploads.waiting
    await tray.get_by_role("button", name="Clear").click()
    await expect(tray).to_have_count(0)
    await gate.check()


async def test_the_folder_is_read_again_when_the_last_upload_failed(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    gate, uploads = await uploading(open_page, canned, gateway)
    gate.expected = ("507",)
    page = gate.page
    await expect(page.locator("gw-files tr.row")).to_have_count(3)
    await choose(page, "whole.txt", "too-much.txt")
    await uploads.have(2)
    await uploads.finish("whole.txt")
    await expect(page.locator(".word.done")).to_have_count(1)
    many_files(canned, 4)
    refused = problem(507, "storage-full", "Storage full", "There is no room left.")
    await uploads.waiting.pop("too-much.txt").fulfill(status=507, json=refused[1])
    await expect(page.locator(".word.failed")).to_have_text("There is no room left.")
    await expect(page.locator("gw-files tr.row")).to_have_count(4)
    await gate.check()


async def test_signing_out_stops_uploads_and_forgets_their_names(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    gate, uploads = await uploading(open_page, canned, gateway)
    page = gate.page
    await choose(page, *(f"secret-{i}.txt" for i in range(5)))
    await uploads.have(3)

    def sign_out(*_: Any) -> Any:
        canned.on("GET", "/session", VISITOR)
        return 204, b""

    canned.on("DELETE", "/session", sign_out)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("form", name="Sign in")).to_be_visible()
    await expect(page.get_by_text("secret-0.txt")).to_have_count(0)
    assert set(uploads.waiting) == {"secret-0.txt", "secret-1.txt", "secret-2.txt"}
    await gate.check()


async def test_a_page_of_its_own_has_the_list_of_uploads_in_its_files(
    gate: Gate, gateway: RunningGateway
) -> None:
    gate.expected = ("404",)  # the field's document is not there
    page = gate.page
    await page.goto(f"{gateway.url}/kit/examples/campaign.html")
    files = page.locator("gw-files")
    # It shows the home until the page has made its folder.
    await expect(files).to_have_attribute("path", re.compile("/campaign$"))
    await expect(files.locator(".state, tr.row").first).to_be_visible()
    await files.evaluate("(one) => { [one.upload, one.readonly] = [true, false]; }")
    await choose(page, "by-page.txt")
    tray = page.get_by_label("Uploads")
    await expect(tray).to_have_count(1)
    await expect(tray.locator(".word.done")).to_have_text("4 B")
    name = page.get_by_role("button", name="by-page.txt", exact=True)
    await expect(name).to_be_visible()
