"""Sliders say what is drawn, whatever the way in which a value was written."""

from typing import Any

import numpy as np
import pytest
from playwright.async_api import Page, expect
from tests.browser.canned import Canned, canned_gate
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

LAT = {"name": "lat", "kind": "lat", "units": "", "values": [60.0, 0.0, -60.0]}
LON = {"name": "lon", "kind": "lon", "units": "", "values": [0.0, 120.0, 240.0]}


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("time=1987-10-14T12:00", "time", "1987-10-14 12:00"),
        ("time=1987-10-14T12:00:00", "time", "1987-10-14 12:00"),
        ("time=1987-10-14T13:37:00", "time", "1987-10-14 12:00"),
        ("variable=air&level=850.0", "level", "850 hPa"),
        ("member=03", "member", "3"),
    ],
)
async def test_a_label_says_what_is_drawn(
    page: Page, gateway: RunningGateway, query: str, field: str, words: str
) -> None:
    await page.goto(f"{gateway.url}/data/simulated-reanalysis?{query}")
    slider = page.locator(f"gw-map #{field}")
    await expect(slider).to_have_attribute("aria-valuetext", words)
    drawn = await page.locator("gw-map").evaluate(
        """async (map, field) => {
          while (!map.field) await new Promise(requestAnimationFrame);
          return String(map.drawn[field]);
        }""",
        field,
    )
    index = int(await slider.input_value())
    value = await page.locator("gw-map").evaluate(
        "(map, [name, i]) => String(map.shown.axes.find((a) => a.name === name)"
        ".values[i])",
        [field, index],
    )
    assert value == drawn


async def test_the_label_follows_a_slider_that_is_moved(
    page: Page, gateway: RunningGateway
) -> None:
    await page.goto(f"{gateway.url}/data/simulated-reanalysis")
    slider = page.locator("gw-map #time")
    await expect(slider).to_have_attribute("aria-valuetext", "1987-10-13 00:00")
    await slider.evaluate(
        """(input) => {
          input.value = "3";
          input.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    await expect(slider).not_to_have_attribute("aria-valuetext", "1987-10-13 00:00")
    assert await page.locator("gw-map").evaluate("(map) => map.time") == ""


async def test_a_date_is_written_beside_the_slider(
    gate: Gate, gateway: RunningGateway
) -> None:
    page = gate.page
    await page.goto(f"{gateway.url}/data/simulated-reanalysis")
    date = page.locator("gw-map").get_by_label("Date")
    await date.fill("1987-10-14T10:00")
    await date.blur()
    slider = page.locator("gw-map #time")
    await expect(slider).to_have_attribute("aria-valuetext", "1987-10-14 12:00")
    await expect(date).to_have_value("1987-10-14T12:00")
    await gate.check()


async def test_any_other_axis_has_a_slider(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    month: dict[str, Any] = {
        "name": "month", "kind": "other", "parameter": "month", "units": "",
        "values": ["January", "July"],
    }  # fmt: skip
    names = ["month", "lat", "lon"]
    z = {"name": "z", "title": "Height", "units": "m", "dimensions": names}
    canned = Canned()
    described = {"id": "months", "variables": [z], "axes": [month, LAT, LON]}
    canned.on("GET", "/datasets/months", described)
    field = {
        "variables": {"z": {**z, "values": [*range(9)]}},
        "coordinates": {"month": {**month, "values": ["July"]}, "lat": LAT, "lon": LON},
    }
    canned.on("GET", "/datasets/months/subset", field)
    gate = await canned_gate(open_page, canned)
    await gate.page.goto(f"{gateway.url}/data/months?at=month%3DJuly")
    slider = gate.page.locator("gw-map #month")
    await expect(slider).to_have_attribute("aria-valuetext", "July")
    shown = gate.page.locator("gw-map")
    assert await shown.evaluate("(map) => map.subset().month") == "July"
    await slider.press("Home")
    await expect(gate.page).to_have_url(f"{gateway.url}/data/months?at=month%3DJanuary")
    assert await shown.evaluate("(map) => map.subset().month") == "January"
    await gate.check()


async def test_a_time_without_values_is_chosen_by_position(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    steps: dict[str, Any] = {
        "name": "time", "kind": "other", "parameter": "time", "units": "",
        "values": [0.0, 1.0, 2.0], "by_position": True,
    }  # fmt: skip
    z = {"name": "z", "title": "", "units": "m", "dimensions": ["time", "lat", "lon"]}
    canned = Canned()
    described = {"id": "steps", "variables": [z], "axes": [steps, LAT, LON]}
    canned.on("GET", "/datasets/steps", described)
    field = {
        "variables": {"z": {**z, "values": [*range(9)]}},
        "coordinates": {"time": {**steps, "values": [0.0]}, "lat": LAT, "lon": LON},
    }
    canned.on("GET", "/datasets/steps/subset", field)
    gate = await canned_gate(open_page, canned)
    await gate.page.goto(f"{gateway.url}/data/steps")
    shown, slider = gate.page.locator("gw-map"), gate.page.locator("gw-map #time")
    await expect(slider).to_have_attribute("aria-valuetext", "0")
    assert await shown.evaluate("(map) => map.subset().time") == "index:0"
    await slider.press("End")
    await expect(gate.page).to_have_url(
        f"{gateway.url}/data/steps?at=time%3Dindex%253A2"
    )
    assert await shown.evaluate("(map) => map.subset().time") == "index:2"
    await expect(slider).to_have_attribute("aria-valuetext", "2")
    await gate.check()


async def test_the_series_of_a_box_is_that_of_numpy_and_can_be_saved(
    gate: Gate, gateway: RunningGateway
) -> None:
    page = gate.page
    await page.goto(f"{gateway.url}/data/simulated-reanalysis?box=-20+40+25+65")
    series = page.locator("gw-timeseries")
    await series.get_by_text("As a table").click()
    async with page.expect_download() as saving:
        await series.get_by_role("button", name="Save as CSV").click()
    download = await saving.value
    assert download.suggested_filename == "prmsl.csv"
    table = np.genfromtxt(
        await download.path(), delimiter=",", names=True, dtype=None, encoding="utf-8"
    )
    with gateway.client() as client:
        asked = {"var": "prmsl", "lat": "40:65", "lon": "-20:25", "format": "json"}
        url = "/api/v1/datasets/simulated-reanalysis/subset"
        answer = client.get(url, params=asked).raise_for_status().json()
    found = answer["variables"]["prmsl"]
    values = np.array(found["values"]).reshape(found["shape"])
    weights = np.cos(np.deg2rad(answer["coordinates"]["lat"]["values"]))
    means = np.average(values.mean(axis=3), axis=2, weights=weights)
    assert table["mean"] == pytest.approx(means.mean(axis=1), abs=1e-6)
    spread = means.std(axis=1, ddof=1)
    assert table["standard_deviation"] == pytest.approx(spread, abs=1e-6)
    cells = series.locator("details tbody tr").first.locator("td")
    assert await cells.nth(1).inner_text() == f"{means.mean(axis=1)[0]:.1f}"
