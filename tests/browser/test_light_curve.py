"""A light curve in flux and in magnitudes, in the picture, the table and the file."""

import csv
import io
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.async_api import Page, Route, expect
from tests.browser.gate import Gate
from tests.browser.test_documented_pages import publish
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUPERNOVA, DARK = "150.0886 2.1986", "150.119 2.2045"
"""A supernova in its galaxy, and a place where nothing shines."""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Light curve</title>
<link rel="stylesheet" href="/kit/gw.css">
<script type="module" src="/kit/gw.js"></script>
</head><body><main><h1>Light curve</h1>
<gw-light-curve target="PLACE" survey="simulated-sky" band="r"></gw-light-curve>
</main></body></html>"""
DRAWN = """(picture) => ({
  axis: picture.querySelector("text.axis").textContent,
  ticks: [...picture.querySelectorAll("text[text-anchor=end]")].map((one) => [
    Number(one.getAttribute("y")) - 4, Number(one.textContent)]),
  circles: [...picture.querySelectorAll("circle")].map((one) => [
    Number(one.getAttribute("cx")), Number(one.getAttribute("cy"))]),
  limits: [...picture.querySelectorAll("path")].map((one) =>
    one.getAttribute("d").match(/[-\\d.]+/g).map(Number).slice(0, 2)),
})"""


def points_at(client: httpx.Client, place: str) -> list[dict[str, Any]]:
    """Return the points of a place as the API gives them."""
    asked = {
        "pos": f"CIRCLE {place} 0.001",
        "survey": "simulated-sky",
        "band": "r",
    }
    answer = client.get("/api/v1/lightcurve", params=asked, timeout=300)
    found: list[dict[str, Any]] = answer.raise_for_status().json()["points"]
    return found


async def values(page: Page, name: str) -> list[float]:
    """Return the values of circles or limits, read from the axis beside them."""
    drawn = await page.locator("svg.curve").evaluate(DRAWN)
    heights, numbers = np.array(drawn["ticks"]).T
    slope, start = np.polyfit(heights, numbers, 1)
    return [float(start + slope * y) for _, y in sorted(drawn[name])]


@pytest.mark.parametrize(("place", "is_seen"), [(SUPERNOVA, True), (DARK, False)])
async def test_the_same_points_in_flux_and_in_magnitudes(
    gate: Gate,
    gateway: RunningGateway,
    client: httpx.Client,
    tmp_path: Path,
    place: str,
    is_seen: bool,
) -> None:
    points = points_at(client, place)
    seen = [one for one in points if one["magnitude"] is not None]
    unseen = [one for one in points if one["magnitude_limit"] is not None]
    assert len(points) == 6
    assert len(seen) + len(unseen) == 6
    assert len(seen) > 3 if is_seen else len(unseen) > 3
    for one in points:
        # The simulation's own, which the images' headers have as MAGZERO.
        assert one["zero_point"] == pytest.approx(29.0, abs=5 * one["zero_point_error"])
    page = gate.page
    text = PAGE.replace("PLACE", place)
    await page.goto(publish(gateway, "light-curve.html", text))
    axis = page.locator("svg.curve text.axis")
    await expect(axis).to_have_text("Flux (counts)")
    fluxes = [one["flux"] for one in points]
    near = 0.01 * max(map(abs, fluxes))
    assert await values(page, "circles") == pytest.approx(fluxes, abs=near)
    await page.get_by_role("button", name="Magnitude", exact=True).click()
    await expect(axis).to_have_text("Magnitude (AB)")
    magnitudes = [one["magnitude"] for one in seen]
    assert await values(page, "circles") == pytest.approx(magnitudes, abs=0.01)
    limits = [one["magnitude_limit"] for one in unseen]
    assert await values(page, "limits") == pytest.approx(limits, abs=0.01)
    # Bright is above.
    drawn = await page.locator("svg.curve").evaluate(DRAWN)
    numbers = [number for _, number in sorted(drawn["ticks"])]
    assert numbers == sorted(numbers)
    legend = page.locator("gw-light-curve .legend")
    await expect(legend).to_contain_text(
        "Magnitudes (AB) by Simulated stars (not observations)"
    )
    await page.get_by_text("As a table").click()
    cells = page.locator("gw-light-curve tbody tr td:nth-child(6)")
    shown = [
        f"> {one['magnitude_limit']:.2f} AB"
        if one["magnitude"] is None
        else f"{one['magnitude']:.3f} ± {one['magnitude_error']:.3f} AB"
        for one in points
    ]
    await expect(cells).to_have_text(shown)
    async with page.expect_download() as coming:
        await page.get_by_role("button", name="Save as CSV").click()
    path = tmp_path / "curve.csv"
    await (await coming.value).save_as(path)
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    for row, one in zip(rows, points, strict=True):
        assert row["system"] == "AB"
        for name in ("magnitude", "magnitude_error", "magnitude_limit", "zero_point"):
            known = one[name]
            assert (float(row[name]) if row[name] else None) == known
    await gate.check_all_looks()


async def test_points_without_a_magnitude_are_counted_and_left_out(
    gate: Gate, gateway: RunningGateway, client: httpx.Client
) -> None:
    points = points_at(client, SUPERNOVA)
    lost = {"zero_point", "magnitude", "magnitude_error", "magnitude_limit"}
    number = 1

    async def fewer(route: Route) -> None:
        answer = await route.fetch()
        curve = await answer.json()
        for one in curve["points"][:number]:
            one.update(dict.fromkeys(lost), system="instrumental")
        await route.fulfill(response=answer, json=curve)

    page = gate.page
    await page.route("**/api/v1/lightcurve?**", fewer)
    text = PAGE.replace("PLACE", SUPERNOVA)
    await page.goto(publish(gateway, "light-curve.html", text))
    await page.get_by_role("button", name="Magnitude", exact=True).click()
    legend = page.locator("gw-light-curve .legend")
    await expect(legend).to_contain_text("1 measured without a magnitude, not drawn")
    drawn = await page.locator("svg.curve").evaluate(DRAWN)
    assert len(drawn["circles"]) + len(drawn["limits"]) == len(points) - 1
    number = len(points)
    await page.reload()
    await expect(page.locator("svg.curve text.axis")).to_have_text("Flux (counts)")
    await expect(page.get_by_role("group", name="Axis")).to_have_count(0)
    heads = page.locator("gw-light-curve th")
    await expect(heads.filter(has_text="Magnitude")).to_have_count(0)
    await gate.check()
