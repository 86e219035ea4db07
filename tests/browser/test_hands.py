"""The map and the sky under a mouse's wheel, a drag, and fingers on glass."""

import re
from typing import Any

import pytest
from playwright.async_api import CDPSession, Page, expect
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.browser.waiting import until
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True}
DATA, SKY = "/data/simulated-reanalysis", "/sky/simulated-sky"
RESOLUTION = "(map) => map._map._map.getView().getResolution()"
CENTRE = "(map) => map._map._map.getView().getCenter()"
PICTURE = "gw-map .map, gw-sky canvas"
SCROLLED = "() => Math.round(scrollY)"
Place = tuple[float, float]


async def show_map(page: Page, gateway: RunningGateway) -> Place:
    """Open a map, and return the middle of it in the window."""
    await page.goto(gateway.url + DATA)
    await expect(page.locator("gw-map .ol-zoom")).to_be_visible()
    await expect(page.locator("gw-map .busy")).to_have_count(0)
    return await middle(page, "gw-map .map")


async def show_sky(page: Page, gateway: RunningGateway) -> Place:
    """Open a survey, and return the middle of its picture in the window."""
    await page.goto(f"{gateway.url}{SKY}?fov=0.02")
    await expect(page.locator("gw-sky .strip button").first).to_be_visible()
    ready = "(sky) => Boolean(sky.epoch?.picture)"
    await until(lambda: page.locator("gw-sky").evaluate(ready), bool)
    return await middle(page, "gw-sky canvas")


async def middle(page: Page, selector: str) -> Place:
    place = page.locator(selector)
    await place.scroll_into_view_if_needed()
    box = await place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


class Hand:
    """Fingers on the glass, as the browser hears of them."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    async def move(self, *ways: tuple[Place, Place], steps: int = 8) -> None:
        """Put a finger on each first place, draw it to the second, and lift all."""
        await self._send("touchStart", [start for start, _ in ways])
        for step in range(1, steps + 1):
            part = step / steps
            await self._send("touchMove", [_between(*way, part) for way in ways])
        await self._send("touchEnd", [])

    async def _send(self, kind: str, places: list[Place]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        event: dict[str, Any] = {"type": kind, "touchPoints": points}
        await self._session.send("Input.dispatchTouchEvent", event)


def _between(start: Place, end: Place, part: float) -> Place:
    (x0, y0), (x1, y1) = start, end
    return x0 + (x1 - x0) * part, y0 + (y1 - y0) * part


async def hand_on(page: Page) -> Hand:
    return Hand(await page.context.new_cdp_session(page))


async def test_the_wheel_zooms_the_map_about_the_pointer(
    gate: Gate, gateway: RunningGateway
) -> None:
    page, element = gate.page, gate.page.locator("gw-map")
    x, y = await show_map(page, gateway)
    before = await element.evaluate(RESOLUTION)
    place = (
        "(map, [x, y]) => map._map._map.getEventCoordinate({clientX: x, clientY: y})"
    )
    at = [x + 100, y + 20]
    await page.mouse.move(x, y)
    await page.mouse.move(*at)
    under = await element.evaluate(place, at)
    scrolled = await page.evaluate(SCROLLED)
    await page.mouse.wheel(0, -300)
    after = await until(
        lambda: element.evaluate(RESOLUTION), lambda found: found < before
    )
    assert after == pytest.approx(before / 2, rel=0.01)
    assert await element.evaluate(place, at) == pytest.approx(under, abs=before)
    assert await page.evaluate(SCROLLED) == scrolled
    await gate.check()


@pytest.mark.parametrize("show", [show_map, show_sky])
async def test_the_page_scrolls_on_over_a_picture_that_comes_under_the_pointer(
    show: Any, page: Page, gateway: RunningGateway
) -> None:
    await page.set_viewport_size({"width": 1280, "height": 300})
    await show(page, gateway)
    element = page.locator("gw-map, gw-sky")
    seen = "(one) => one.fov ?? one._map._map.getView().getResolution()"
    before = await element.evaluate(seen)
    await page.evaluate("() => scrollTo(0, 0)")
    box = await page.locator(PICTURE).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] - 20  # above the picture
    await page.mouse.move(x, y)
    for wanted in (60, 120, 180):
        await page.mouse.wheel(0, 60)
        await until(lambda: page.evaluate(SCROLLED), wanted.__le__)
    assert await is_under(page, x, y)
    assert await element.evaluate(seen) == before
    await page.mouse.move(x + 5, y)  # and now it is meant
    await page.mouse.wheel(0, -60)
    await until(lambda: element.evaluate(seen), before.__ne__)
    assert await page.evaluate(SCROLLED) >= 180


async def is_under(page: Page, x: float, y: float) -> bool:
    """Return whether the picture is at a place of the window."""
    box = await page.locator(PICTURE).bounding_box()
    assert box is not None
    across = box["x"] < x < box["x"] + box["width"]
    return across and box["y"] < y < box["y"] + box["height"]


async def test_the_map_is_drawn_along_by_the_mouse(
    gate: Gate, gateway: RunningGateway
) -> None:
    page, element = gate.page, gate.page.locator("gw-map")
    x, y = await show_map(page, gateway)
    start = await element.evaluate(CENTRE)
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x - 120, y, steps=6)
    await page.mouse.up()
    await until(lambda: element.evaluate(CENTRE), lambda found: found[0] > start[0])
    assert await element.get_attribute("box") in {None, ""}
    await gate.check()


async def test_the_sky_is_drawn_along_by_the_mouse_and_stays_under_it(
    gate: Gate, gateway: RunningGateway
) -> None:
    page, element = gate.page, gate.page.locator("gw-sky")
    x, y = await show_sky(page, gateway)
    ra, dec = await element.evaluate("(sky) => sky.centre")
    width = await element.evaluate("(sky) => sky._canvas.clientWidth")
    await element.evaluate(
        """(sky) => {
          window.points = 0;
          sky.addEventListener("gw-point", () => (window.points += 1));
        }"""
    )
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 60, y + 40, steps=6)
    await page.mouse.up()
    scale = 0.02 / width
    wanted = (ra + 60 * scale, dec + 40 * scale)  # within 2.2 degrees of the equator
    centre = await until(
        lambda: element.evaluate("(sky) => sky.centre"), lambda one: one != [ra, dec]
    )
    assert centre == pytest.approx(wanted, abs=2e-5)
    await expect(page).to_have_url(re.compile(re.escape(f"{centre[0]:.6f}"[:8])))
    assert await page.evaluate("() => window.points") == 0
    await page.mouse.click(x, y)
    assert await page.evaluate("() => window.points") == 1
    await gate.check()


async def test_the_wheel_zooms_the_sky_about_the_pointer(
    gate: Gate, gateway: RunningGateway
) -> None:
    page, element = gate.page, gate.page.locator("gw-sky")
    x, y = await show_sky(page, gateway)
    await page.mouse.move(x, y)
    await page.mouse.move(x + 90, y - 60)
    readout = page.locator("gw-sky .readout span").nth(1)
    await expect(page.locator("gw-sky .readout")).to_contain_text("from the centre")
    under = [float(one) for one in (await readout.inner_text()).split()]
    await page.mouse.wheel(0, -300)
    fov = "(sky) => sky.fov"
    await until(lambda: element.evaluate(fov), lambda found: found == 0.01)
    await page.mouse.move(x + 91, y - 60)
    await page.mouse.move(x + 90, y - 60)
    now = [float(one) for one in (await readout.inner_text()).split()]
    assert now == pytest.approx(under, abs=3e-5)
    await expect(page).to_have_url(re.compile("fov=0.01"))
    await gate.check()


async def test_the_sky_stays_where_images_are(
    gate: Gate, gateway: RunningGateway
) -> None:
    page, element = gate.page, gate.page.locator("gw-sky")
    x, y = await show_sky(page, gateway)
    for _ in range(12):  # more than the width of the survey
        await page.mouse.move(x, y)
        await page.mouse.down()
        await page.mouse.move(x + 300, y, steps=3)
        await page.mouse.up()
        if "reaches there" in await page.locator("gw-sky .which").inner_text():
            break
    await expect(page.locator("gw-sky .which")).to_contain_text("reaches there")
    assert await element.evaluate("(sky) => sky.images.length") > 0
    await expect(page.locator("gw-sky canvas")).to_be_visible()
    await gate.check()


async def test_two_fingers_zoom_the_map_and_one_draws_it_along(
    open_page: OpenPage, signed_in: Any, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in, **PHONE)
    page, element = gate.page, gate.page.locator("gw-map")
    x, y = await show_map(page, gateway)
    hand = await hand_on(page)
    before = await element.evaluate(RESOLUTION)
    await hand.move(((x - 20, y), (x - 90, y)), ((x + 20, y), (x + 90, y)))
    await until(lambda: element.evaluate(RESOLUTION), lambda found: found < before / 2)
    start = await element.evaluate(CENTRE)
    scrolled = await page.evaluate(SCROLLED)
    await hand.move(((x, y), (x - 80, y)))
    await until(lambda: element.evaluate(CENTRE), lambda found: found[0] > start[0])
    assert await page.evaluate(SCROLLED) == scrolled
    await gate.check()


async def test_two_fingers_zoom_the_sky_and_one_draws_it_along(
    open_page: OpenPage, signed_in: Any, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in, **PHONE)
    page, element = gate.page, gate.page.locator("gw-sky")
    # In a low window the page could be scrolled, also while the next images are read.
    await page.set_viewport_size({"width": 360, "height": 420})
    x, y = await show_sky(page, gateway)
    hand = await hand_on(page)
    ra, dec = await element.evaluate("(sky) => sky.centre")
    scrolled = await page.evaluate(SCROLLED)
    assert scrolled > 60
    await hand.move(((x, y), (x - 60, y + 60)))
    moved = await until(
        lambda: element.evaluate("(sky) => sky.centre"),
        lambda found: found[0] < ra and found[1] > dec,
    )
    assert moved[1] - dec == pytest.approx(ra - moved[0], rel=0.05)
    assert await page.evaluate(SCROLLED) == scrolled
    await hand.move(((x - 40, y), (x - 80, y)), ((x + 40, y), (x + 80, y)))
    fov = "(sky) => sky.fov"
    found = await until(lambda: element.evaluate(fov), lambda one: one < 0.02)
    assert found == pytest.approx(0.01, rel=0.1)
    await gate.check()


@pytest.mark.parametrize("show", [show_map, show_sky])
async def test_a_finger_beside_a_picture_scrolls_the_page(
    show: Any, open_page: OpenPage, signed_in: Any, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in, **PHONE)
    page = gate.page
    await show(page, gateway)
    await page.evaluate("() => scrollTo(0, 0)")
    hand = await hand_on(page)
    box = await page.locator("gw-map .head, gw-sky form").first.bounding_box()
    assert box is not None
    y = box["y"] + 4
    await hand.move(((8, y), (8, y - 90)), steps=20)
    await until(lambda: page.evaluate(SCROLLED), lambda found: found > 20)


async def test_the_sky_blinks_while_a_button_is_held(
    page: Page, gateway: RunningGateway
) -> None:
    await page.goto(f"{gateway.url}{SKY}")
    await expect(page.locator("gw-sky .strip button").nth(1)).to_be_visible()
    which = page.locator("gw-sky .which")
    words = await which.inner_text()
    button = page.get_by_role("button", name="Blink", exact=True)
    await button.hover()
    await page.mouse.down()
    await expect(which).not_to_have_text(words)
    await page.mouse.up()
    await expect(which).to_have_text(words)
    await button.focus()
    await page.keyboard.down("Enter")
    await expect(which).not_to_have_text(words)
    await page.keyboard.up("Enter")
    await expect(which).to_have_text(words)
