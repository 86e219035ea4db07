"""The map, the series and the sky, with values checked by another implementation."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from playwright.async_api import Locator, Page, expect
from tests.browser.canned import Canned, canned_gate
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.browser.waiting import until
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

DATA = "/api/v1/datasets/simulated-reanalysis/subset"
COLOURS = """(canvas) => {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  const data = context.getImageData(0, 0, copy.width, copy.height).data;
  const found = new Set();
  for (let i = 0; i < data.length; i += 404)
    if (data[i + 3]) found.add(`${data[i]} ${data[i + 1]} ${data[i + 2]}`);
  return found.size;
}"""

RECORD_LABELS = """
window.labels = [];
const write = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, ...rest) {
  const { a, e } = this.getTransform();
  const { actualBoundingBoxLeft: left, actualBoundingBoxRight: right } =
    this.measureText(text);
  const [from, to] = [a * (x - left) + e, a * (x + right) + e];
  const cut = [0, this.canvas.width].some((edge) => from < edge && edge < to);
  window.labels.push({ text, cut });
  return write.call(this, text, x, ...rest);
};
"""
"""Notes what is written on canvases, and whether an edge cuts it off."""

AT_REST = """async (map) => {
  while (map._map._map.getView().getAnimating())
    await new Promise(requestAnimationFrame);
}"""
"""Waits until a map does not move."""


@pytest.fixture(scope="module")
def client(gateway: RunningGateway) -> Iterator[httpx.Client]:
    with gateway.client() as found:
        yield found


async def is_drawn(canvas: Locator, least: int) -> None:
    """Wait until a canvas has more colours than that: one that is not drawn has one."""
    await until(lambda: canvas.evaluate(COLOURS), lambda found: found > least)


async def point_at(element: Locator, across: float, down: float) -> None:
    """Move the pointer to a place of an element: shares of its width and height."""
    box = await element.bounding_box()
    assert box is not None
    place: Any = {"x": box["width"] * across, "y": box["height"] * down}
    await element.hover(position=place)


async def test_the_map_draws_the_field_and_shows_the_value_under_the_pointer(
    gate: Gate, gateway: RunningGateway, client: httpx.Client
) -> None:
    page = gate.page
    await page.goto(f"{gateway.url}/data/simulated-reanalysis?member=3")
    await page.locator("gw-map").evaluate(
        """async (map) => {
          while (!map.field || !map.renderRoot.querySelector(".map canvas"))
            await new Promise(requestAnimationFrame);
        }"""
    )
    await is_drawn(page.locator("gw-map .map canvas").first, 50)
    await point_at(page.locator("gw-map .map"), 1 / 3, 1 / 3)
    readout = page.locator("gw-map .value")
    await expect(readout).to_have_text(re.compile("Pa$"))
    text = await readout.inner_text()
    found = re.fullmatch(r"([\d.]+)°([NS]) ([\d.]+)°([EW]) +(\S+) Pa", text)
    assert found, text
    lat = float(found[1]) * (1 if found[2] == "N" else -1)
    lon = float(found[3]) * (1 if found[4] == "E" else -1)
    asked: dict[str, Any] = {"var": "prmsl", "time": "1987-10-13T00:00:00", "member": 3}
    answer = client.get(DATA, params={**asked, "lat": lat, "lon": lon, "format": "csv"})
    value = float(answer.text.splitlines()[1].split(",")[-1])
    assert float(found[5]) == pytest.approx(value, rel=1e-4)
    await gate.check()


async def test_a_box_drawn_on_the_map_gives_its_series_and_its_subset(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    await page.goto(f"{gateway.url}/data/simulated-reanalysis")
    await expect(page.locator("gw-map .ol-zoom")).to_be_visible()
    await page.get_by_role("button", name="Select a box").click()
    box = await page.locator("gw-map .map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 4
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 60, y + 50, steps=5)
    await page.mouse.up()
    await expect(page.locator("gw-timeseries .uplot")).to_be_visible()
    west, south, east, north = map(
        float, (await page.locator("gw-map").get_attribute("box") or "").split()
    )
    assert west < east
    assert south < north
    await expect(page).to_have_url(re.compile("box="))
    series = await page.locator("gw-timeseries").evaluate("(e) => e.series")
    asked = {"var": "prmsl", "lat": f"{south}:{north}", "lon": f"{west}:{east}"}
    answer = client.get(DATA, params={**asked, "format": "json"}).json()
    one = answer["variables"]["prmsl"]
    values = np.array(one["values"]).reshape(one["shape"])
    weights = np.cos(np.radians(answer["coordinates"]["lat"]["values"]))
    means = np.average(values.mean(axis=3), axis=2, weights=weights)
    np.testing.assert_allclose(series["mean"], means.mean(axis=1), rtol=1e-9)
    np.testing.assert_allclose(
        np.subtract(series["high"], series["mean"]),
        means.std(axis=1, ddof=1),
        rtol=1e-6,
    )
    link = page.get_by_role("link", name="Download NetCDF-4")
    url = await link.get_attribute("href") or ""
    assert client.get(url).content[:8] == b"\x89HDF\r\n\x1a\n"


async def test_the_map_has_coastlines_and_finer_ones_once_it_is_close(
    page: Page, gateway: RunningGateway
) -> None:
    async with page.expect_response("**/coast-110m.js"):
        await page.goto(f"{gateway.url}/data/simulated-reanalysis?box=-20+30+40+60")
    closer = page.locator("gw-map .ol-zoom-in")
    await expect(closer).to_be_visible()
    async with page.expect_response("**/coast-50m.js"):
        for _ in range(3):
            await closer.click()
            await page.locator("gw-map").evaluate(AT_REST)


@pytest.mark.parametrize("box", ["", "?box=120+-30+-120+30"])
async def test_no_longitude_on_the_map_loses_its_figures_at_an_edge(
    page: Page, gateway: RunningGateway, box: str
) -> None:
    await page.add_init_script(RECORD_LABELS)
    await page.goto(f"{gateway.url}/data/simulated-reanalysis{box}")
    await page.locator("gw-map").evaluate(
        """async (map) => {
          while (!map._map?._field) await new Promise(requestAnimationFrame);
          labels.length = 0;
          map._map._map.render();
          while (!labels.some(({text}) => text === "60°W"))
            await new Promise(requestAnimationFrame);
        }"""
    )
    labels = await page.evaluate("labels.filter(({text}) => /[EW]$|^180/.test(text))")
    assert {"60°W", "60°E"} <= {label["text"] for label in labels}
    assert not [label["text"] for label in labels if label["cut"]]


async def test_the_map_is_moved_and_a_point_chosen_by_keys(
    page: Page, gateway: RunningGateway
) -> None:
    await page.goto(f"{gateway.url}/data/simulated-reanalysis")
    await expect(page.locator("gw-map .ol-zoom")).to_be_visible()
    await page.locator("gw-map .map").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("gw-map")).to_have_attribute("box", "0 0")
    await expect(page.locator("gw-timeseries .uplot")).to_be_visible()
    await page.keyboard.press("ArrowRight")
    await page.locator("gw-map").evaluate(
        """async (map) => {
          while (map._map._map.getView().getCenter()[0] < 10)
            await new Promise(requestAnimationFrame);
        }"""
    )


async def test_a_box_is_written_without_a_pointer(
    page: Page, gateway: RunningGateway
) -> None:
    await page.goto(f"{gateway.url}/data/simulated-reanalysis")
    await page.get_by_text("Write the box in degrees").click()
    for name, value in {"West": -20, "South": 40, "East": 10, "North": 60}.items():
        await page.get_by_label(name, exact=True).fill(str(value))
    await page.get_by_role("button", name="Select", exact=True).click()
    await expect(page.locator("gw-map")).to_have_attribute("box", "-20 40 10 60")
    await expect(page.locator("gw-timeseries .uplot")).to_be_visible()


async def test_all_members_are_those_and_not_their_mean(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    await page.goto(f"{gateway.url}/data/simulated-reanalysis?box=10+50")
    facts, link = page.locator("gw-subset dl"), page.locator("gw-subset a.primary")
    await expect(facts).to_contain_text("mean")
    await page.get_by_label("All times, levels and members").check()
    await expect(facts).not_to_contain_text("mean")
    address = await link.get_attribute("href") or ""
    answer = client.get(address.replace("netcdf4", "json")).raise_for_status().json()
    assert answer["variables"]["prmsl"]["dimensions"][:2] == ["time", "member"]
    assert len(answer["coordinates"]["member"]["values"]) == 10


async def test_a_field_of_many_months_is_that_of_the_first(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    """An axis that is neither place, time, level nor member has no slider."""
    lat = {"name": "lat", "kind": "lat", "units": "", "values": [60.0, 0.0, -60.0]}
    lon = {"name": "lon", "kind": "lon", "units": "", "values": [0.0, 120.0, 240.0]}
    month = {"name": "month", "kind": None, "units": "", "values": [1, 7]}
    names = ["month", "lat", "lon"]
    z = {"name": "z", "title": "Height", "units": "m", "dimensions": names}
    canned = Canned()
    described = {"id": "months", "variables": [z], "axes": [lat, lon]}
    canned.on("GET", "/datasets/months", described)
    field = {
        "variables": {"z": {**z, "values": [*range(9), *range(90, 99)]}},
        "coordinates": {"month": month, "lat": lat, "lon": lon},
    }
    canned.on("GET", "/datasets/months/subset", field)
    gate = await canned_gate(open_page, canned)
    await gate.page.goto(f"{gateway.url}/data/months")
    shown = gate.page.locator("gw-map")
    await expect(shown).to_contain_text("month 1, the first of 2")
    await expect(shown.get_by_role("img", name="Colours from 0 to 8 m")).to_be_visible()
    await gate.check()


async def test_the_sky_is_drawn_and_the_pointer_has_the_right_coordinates(
    gate: Gate, gateway: RunningGateway, client: httpx.Client
) -> None:
    page = gate.page
    await page.goto(f"{gateway.url}/sky/simulated-sky?fov=0.02")
    canvas = page.locator("gw-sky canvas")
    await expect(page.locator("gw-sky .strip button").first).to_be_visible()
    await canvas.evaluate(
        """async (canvas) => {
          const sky = canvas.getRootNode().host;
          while (!sky.epoch?.picture) await new Promise(requestAnimationFrame);
          await sky.updateComplete;
        }"""
    )
    await is_drawn(canvas, 20)
    image = await page.locator("gw-sky").evaluate("(e) => e.shown.id")
    ra, dec = await page.locator("gw-sky").evaluate("(e) => e.centre")
    asked = {"pos": f"CIRCLE {ra} {dec} 0.015", "format": "fits"}
    answer = client.get(f"/api/v1/images/{image}/cutout", params=asked)
    with fits.open(BytesIO(answer.content)) as hdus:
        wcs = WCS(hdus[0].header)
    x, y = await page.locator("gw-sky").evaluate(
        "(e, [ra, dec]) => e.epoch.wcs.toPixel(ra, dec)", [ra + 0.003, dec - 0.002]
    )
    right = wcs.all_world2pix(ra + 0.003, dec - 0.002, 1)
    assert (x, y) == pytest.approx((float(right[0]), float(right[1])), abs=1e-4)
    await point_at(canvas, 1 / 4, 1 / 4)
    readout = page.locator("gw-sky .readout")
    await expect(readout).to_contain_text("from the centre")
    told = await readout.locator("span").nth(1).inner_text()
    here = SkyCoord(*map(float, told.split()), unit="deg")
    centre = SkyCoord(ra, dec, unit="deg")
    east, north = centre.spherical_offsets_to(here)
    assert east.deg == pytest.approx(0.005, abs=1e-4)
    assert north.deg == pytest.approx(0.005, abs=1e-4)
    await gate.check()


async def test_the_sky_is_shown_in_colour(page: Page, gateway: RunningGateway) -> None:
    await page.goto(f"{gateway.url}/sky/simulated-sky")
    await expect(page.locator("gw-sky .strip button").first).to_be_visible()
    await page.locator("gw-sky").get_by_label("Picture").select_option("colour")
    canvas = page.locator("gw-sky canvas")
    words = re.compile("in colour: i, r, g")
    await expect(canvas).to_have_attribute("aria-label", words, timeout=60_000)
    await canvas.evaluate(
        """async (canvas) => {
          const coloured = () => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, 720, 720);
            let many = 0;
            for (let i = 0; i < data.length; i += 4) {
              many += Math.abs(data[i] - data[i + 2]) > 30;
            }
            return many > 100;
          };
          while (!coloured()) await new Promise(requestAnimationFrame);
        }"""
    )
    await is_drawn(canvas, 20)


async def test_the_sky_is_shown_in_each_colour_map(
    page: Page, gateway: RunningGateway, client: httpx.Client
) -> None:
    await page.goto(f"{gateway.url}/sky/simulated-sky")
    await expect(page.locator("gw-sky .strip button").first).to_be_visible()
    choice = page.locator("gw-sky").get_by_label("Colours")
    offered = "(one) => [...one.options].map((option) => option.value || 'gray')"
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    told = paths["/images/{image}/cutout"]["get"]["parameters"]
    (schema,) = (one["schema"] for one in told if one["name"] == "cmap")
    known = schema["anyOf"][0]["enum"]
    assert set(await choice.evaluate(offered)) == set(known)
    await choice.select_option("viridis")
    canvas = page.locator("gw-sky canvas")
    # The darkest colour of viridis is violet, and all of the sky has it.
    await canvas.evaluate(
        """async (canvas) => {
          const violet = () => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, 720, 720);
            let many = 0;
            for (let i = 0; i < data.length; i += 4) {
              many += data[i + 2] > data[i + 1] + 40 && data[i + 2] < 120;
            }
            return many > 1000;
          };
          while (!violet()) await new Promise(requestAnimationFrame);
        }"""
    )
    pictures = "(all) => all.every((one) => one.src.includes('cmap=viridis'))"
    assert await page.locator("gw-sky .strip img").evaluate_all(pictures)
    await page.locator("gw-sky").get_by_label("Picture").select_option("colour")
    await expect(choice).to_have_count(0)


async def test_all_images_of_a_place_are_blinked_through(
    page: Page, gateway: RunningGateway
) -> None:
    await page.goto(f"{gateway.url}/sky/simulated-sky")
    await expect(page.locator("gw-sky .strip button").first).to_be_visible()
    button = page.locator("gw-sky").get_by_role("button", name="Blink through all")
    film = page.locator("gw-sky img.film")
    await button.click()
    await expect(film).to_be_visible(timeout=60_000)
    await expect(button).to_have_attribute("aria-pressed", "true")
    wide = "(one) => one.decode().then(() => one.naturalWidth)"
    assert await film.evaluate(wide) == 256
    # Another view ends it.
    await page.locator("gw-sky").get_by_label("Zoom in").click()
    await expect(film).to_have_count(0)


async def test_the_sky_blinks_steps_and_zooms_by_keys(
    page: Page, gateway: RunningGateway
) -> None:
    await page.goto(f"{gateway.url}/sky/simulated-sky")
    await expect(page.locator("gw-sky .strip button").nth(1)).to_be_visible()
    canvas = page.locator("gw-sky canvas")
    await canvas.focus()
    await page.keyboard.press("ArrowRight")
    second = page.locator("gw-sky .strip button").nth(1)
    await expect(second).to_have_attribute("aria-current", "true")
    await expect(page).to_have_url(re.compile("image="))
    await expect(canvas).to_have_attribute("aria-label", re.compile(" · i · "))
    words = await canvas.get_attribute("aria-label") or ""
    await page.keyboard.down("b")
    await expect(canvas).not_to_have_attribute("aria-label", words)
    await page.keyboard.up("b")
    await expect(canvas).to_have_attribute("aria-label", words)
    before = await page.locator("gw-sky").evaluate("(e) => e.fov")
    await page.keyboard.press("+")
    after = await page.locator("gw-sky").evaluate("(e) => e.fov")
    assert after == pytest.approx(before / 2, rel=0.01)
