"""What is drawn over a picture of the sky: objects and footprints, where they are."""

import re
from typing import Any

import httpx
import pytest
from astropy.wcs import WCS
from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.browser.test_scan import API, subtracted
from tests.browser.waiting import until
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

RA, DEC, FOV = 150.0993, 2.2007, 0.065
PAGE = f"/sky/simulated-sky?target={RA}+{DEC}&fov={FOV}"


@pytest.fixture(scope="module")
def objects(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """Objects of the field by their ids: each its most significant candidate."""
    subtracted(client, (3, 4), (0, 5))
    asked = {"pos": f"CIRCLE {RA} {DEC} {FOV}", "survey": "simulated-sky"}
    listed = client.get(f"{API}/candidates", params={**asked, "limit": 500}).json()
    found: dict[str, dict[str, Any]] = {}
    for one in listed["candidates"]:
        found.setdefault(one["object"], one)
    assert len(found) >= 3
    return found


def on_picture(ra: float, dec: float) -> tuple[float, float]:
    """Return a place in hundredths of the picture, from its upper left."""
    projection = WCS(naxis=2)
    projection.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    projection.wcs.crval = [RA, DEC]
    projection.wcs.crpix = [50, 50]
    projection.wcs.cdelt = [-FOV / 100, -FOV / 100]
    x, y = projection.all_world2pix(ra, dec, 1)
    return float(x), float(y)


async def shown(page: Page, *kinds: str) -> Locator:
    """Switch overlays on, and return the picture when they are there."""
    await expect(page.locator("gw-sky .strip button").first).to_be_visible()
    for kind in kinds:
        await page.get_by_role("checkbox", name=kind).check()
    return page.locator("gw-sky canvas")


async def point_at(
    page: Page, canvas: Locator, x: float, y: float
) -> tuple[float, float]:
    """Move the pointer to a place in hundredths of the picture; return it in pixels."""
    await canvas.scroll_into_view_if_needed()
    box = await canvas.bounding_box()
    assert box is not None
    at = box["x"] + x * box["width"] / 100, box["y"] + y * box["height"] / 100
    await page.mouse.move(*at)
    return at


async def test_objects_are_drawn_where_they_are_named_and_opened(
    gate: Gate, gateway: RunningGateway, objects: dict[str, dict[str, Any]]
) -> None:
    page = gate.page
    await page.goto(gateway.url + PAGE)
    canvas = await shown(page, "Objects")
    marks = page.locator("gw-sky circle.object")
    await expect(marks).to_have_count(len(objects))
    for mark in await marks.all():
        one = objects[await mark.get_attribute("data-of") or ""]
        at = [float(await mark.get_attribute(name) or "nan") for name in ("cx", "cy")]
        assert at == pytest.approx(on_picture(one["ra"], one["dec"]), abs=0.02)
    name, best = next(iter(objects.items()))
    x, y = on_picture(best["ra"], best["dec"])
    await point_at(page, canvas, x + 1, y)
    words = page.locator("gw-sky .readout strong")
    await expect(words).to_contain_text(f"{best['snr']:.1f} sigma")
    named = page.locator("gw-sky .over .named")
    await expect(named).to_have_attribute("data-of", name)
    await point_at(page, canvas, 2, 50)
    await expect(named).to_have_count(0)
    # By keys, the links below the picture name the same marks.
    link = page.get_by_role("list", name="Objects here").get_by_role("link").first
    await page.mouse.move(0, 0)
    await link.focus()
    await expect(named).to_have_attribute("data-of", name)
    await expect(words).to_have_text(await link.inner_text())
    await gate.check_all_looks()
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.mouse.click(*await point_at(page, canvas, x, y))
    await expect(page).to_have_url(re.compile(f"/objects/{name}"))
    await expect(page.locator("gw-object h2")).to_be_visible()
    await gate.check()


async def test_footprints_are_named_on_their_edge_and_with_their_image(
    gate: Gate, gateway: RunningGateway, client: httpx.Client
) -> None:
    page = gate.page
    await page.goto(f"{gateway.url}{PAGE}&band=r")
    canvas = await shown(page, "Footprints")
    asked = {"survey": "simulated-sky", "band": "r"}
    images = client.get(f"{API}/images", params=asked).json()["images"]
    outlines = page.locator("gw-sky path.footprint")
    await expect(outlines).to_have_count(len(images))
    # The outermost edge in the north is that of one image alone.
    north = max(images, key=lambda one: max(dec for _, dec in one["footprint"]))
    corner = max(north["footprint"], key=lambda place: place[1])
    await point_at(page, canvas, *on_picture(*corner))
    named = page.locator("gw-sky .over .named")
    await expect(named).to_have_count(1)
    words = page.locator("gw-sky .readout strong")
    await expect(words).to_contain_text("simulated-sky~sim-")
    await page.mouse.move(0, 0)
    await expect(named).to_have_count(0)
    await page.locator("gw-sky .strip button").nth(2).focus()
    await expect(named).to_have_attribute("data-of", images[2]["id"])
    await expect(words).to_contain_text(images[2]["id"])
    await gate.check()


async def test_the_picture_looks_as_before_when_one_comes_back(
    gate: Gate, gateway: RunningGateway, objects: dict[str, dict[str, Any]]
) -> None:
    page = gate.page
    await page.goto(gateway.url + PAGE)
    await shown(page, "Objects", "Footprints")
    picture = page.locator("gw-sky").get_by_label("Picture")
    await picture.select_option("log")
    await expect(page).to_have_url(re.compile("stretch=log"))
    await page.get_by_role("link", name="Stack images").click()
    await expect(page.get_by_role("form", name="Make a coadd")).to_be_visible()
    await page.get_by_role("link", name="Look").click()
    await expect(picture).to_have_value("log")
    assert objects
    for kind in ("Objects", "Footprints"):
        await expect(page.get_by_role("checkbox", name=kind)).to_be_checked()
    await expect(page.locator("gw-sky circle.object").first).to_be_attached()
    await page.get_by_role("checkbox", name="Objects").uncheck()
    await expect(page.locator("gw-sky circle.object")).to_have_count(0)
    await expect(page.locator("gw-sky path.footprint").first).to_be_attached()
    stretch = "(sky) => sky.stretch"
    assert await page.locator("gw-sky").evaluate(stretch) == "log"
    await gate.check()


async def test_objects_that_cannot_be_read_say_why_and_are_read_again(
    open_page: OpenPage, signed_in: Any, gateway: RunningGateway
) -> None:
    gate = await open_page(storage_state=signed_in)
    gate.expected = ("503",)
    page, failing = gate.page, True

    async def candidates(route: Any) -> None:
        if failing:
            told = {"title": "Unavailable", "detail": "Try again in a minute."}
            await route.fulfill(status=503, json=told)
        else:
            await route.fulfill(json={"candidates": [], "next": None})

    await page.route("**/api/v1/candidates?**", candidates)
    await page.goto(gateway.url + PAGE)
    await shown(page, "Objects")
    alert = page.locator("gw-sky").get_by_role("alert")
    await expect(alert).to_contain_text("Try again in a minute.")
    failing = False
    await alert.get_by_role("button", name="Try again").click()
    none = page.get_by_text("No object was found here")
    await expect(none).to_be_visible()
    await until(alert.count, lambda many: many == 0)
    await gate.check()
