"""Light curves as pictures with axes: their marks are where the numbers say."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.time import Time
from PIL import Image
from tests.support.app import caller
from tests.support.mosaics import CENTRE, sky_stars, write_strip
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Caller, Role
from gatewright.core.config import CatalogueSource, SurveySource

pytestmark = pytest.mark.asyncio(loop_scope="module")

SVG = "{http://www.w3.org/2000/svg}"
FIRST = "#2166ac"
"""Colour of the first band."""
ZERO = 27.0
TIMES = "file,time\nlate.fits,2021-02-03T06:00:00Z\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("curves")
    write_strip(folder / "strip")
    (folder / "times.csv").write_text(TIMES)
    ra, dec, flux = sky_stars()
    lines = [
        f"{a},{d},{ZERO - 2.5 * np.log10(f)},0.01"
        for a, d, f in zip(ra, dec, flux, strict=True)
    ]
    (folder / "stars.csv").write_text("\n".join(["ra,dec,r,e", *lines]))
    source = {
        "file": folder / "stars.csv", "system": "AB", "ra": "ra", "dec": "dec",
        "bands": {"r": ("r", "e")},
    }  # fmt: skip
    surveys = [
        SurveySource(
            id="strip",
            title="Simulated strip <not observations>",
            images=f"{folder}/strip/*.fits",
            times=folder / "times.csv",
            catalogue=CatalogueSource.model_validate(source),
        ),
        SurveySource(id="plain", images=f"{folder}/strip/part*.fits"),
    ]
    async with sky_services(folder / "state", surveys) as opened:
        yield opened


@pytest.fixture
def user() -> Caller:
    return caller("bob", Role.OWNER)


def star() -> str:
    """Return the place of a bright star near the middle of the strip."""
    ra, dec, flux = sky_stars()
    near = np.hypot(ra - CENTRE[0], dec - CENTRE[1]) < 0.006
    best = np.flatnonzero(near)[np.argmax(flux[near])]
    return f"CIRCLE {ra[best]} {dec[best]} 0"


async def answer(api: httpx.AsyncClient, **asked: str) -> httpx.Response:
    return await api.get("/lightcurve", params=asked, timeout=120)


class Drawn:
    """The axes of an SVG picture, and what is on them."""

    def __init__(self, text: str) -> None:
        self.root = ET.fromstring(text)  # our own
        self.words = [one.text or "" for one in self.root.iter(f"{SVG}text")]
        self.x, self.y = (self._scale(axis) for axis in "xy")

    def _scale(self, axis: str) -> Any:
        """Return what turns a position in the picture to a number, from the ticks."""
        ticks = []
        for group in self.root.iter(f"{SVG}g"):
            if re.fullmatch(f"{axis}tick_\\d+", group.get("id", "")):
                text = " ".join(one.text or "" for one in group.iter(f"{SVG}text"))
                at = next(group.iter(f"{SVG}use")).get(axis)
                ticks.append((float(at or 0), text.strip()))
        values = [
            Time(text).mjd if axis == "x" else float(text.replace("\u2212", "-"))
            for _, text in ticks
        ]
        return np.polynomial.Polynomial.fit([at for at, _ in ticks], values, 1)

    def points(self, colour: str) -> list[tuple[float, float]]:
        """Return time and value of the filled marks of a colour, without the legend."""
        for group in self.root.iter(f"{SVG}g"):
            if (group.get("id") or "").startswith("legend"):
                for one in group.iter(f"{SVG}use"):
                    one.set("style", "")
        filled = f"fill: {colour}; stroke: {colour}"
        return [
            (
                float(self.x(float(one.get("x", 0)))),
                float(self.y(float(one.get("y", 0)))),
            )
            for one in self.root.iter(f"{SVG}use")
            if (one.get("style") or "").startswith(filled)
        ]


async def test_magnitudes_are_drawn_where_they_are(api: httpx.AsyncClient) -> None:
    asked = {"pos": star(), "survey": "strip"}
    curve = (await answer(api, **asked)).json()
    found = await answer(api, **asked, format="svg")
    assert found.status_code == 200, found.text
    assert found.headers["content-type"] == "image/svg+xml"
    assert found.headers["content-disposition"].startswith("attachment")
    drawn = Drawn(found.text)
    points = [one for one in curve["points"] if one["magnitude"] is not None]
    assert len(points) >= 3
    shown = drawn.points(FIRST)
    for point in points:
        apart = [
            np.hypot((mjd - point["mjd"]) / 0.1, (value - point["magnitude"]) / 0.01)
            for mjd, value in shown
        ]
        assert min(apart) < 1
    # Bright is above.
    assert drawn.y.deriv()(0) > 0
    assert "Magnitude (AB)" in drawn.words
    assert "r" in drawn.words
    told = next(one for one in drawn.words if "images" in one and ":" in one)
    assert told.startswith("Simulated strip <not observations>: ")
    assert "1 without a zero point" in told
    axis = next(one for one in drawn.words if one.startswith("Time (UTC)"))
    measured = len(points)
    assert axis == (
        f"Time (UTC), assumed for 1 of {measured} images by a table of the survey"
    )


async def test_fluxes_have_limits_and_unknown_scales_are_marked(
    api: httpx.AsyncClient,
) -> None:
    asked = {"pos": star(), "survey": "strip"}
    curve = (await answer(api, **asked)).json()
    found = await answer(api, **asked, format="svg", axis="flux")
    drawn = Drawn(found.text)
    shown = drawn.points(FIRST)
    assert f"Flux (units of {curve['units_of']})" in drawn.words
    for point in curve["points"]:
        if point["flux"] is not None and point["scale_error"] is not None:
            apart = [
                np.hypot((x - point["mjd"]) / 0.1, (y / point["flux"] - 1) / 0.01)
                for x, y in shown
            ]
            assert min(apart) < 1
    # The empty image shares no star with the others.
    assert curve["untied"] == 1
    assert "r, scale unknown" in drawn.words
    assert "upper limit, 5 sigma" in drawn.words


async def test_a_png_is_shown_by_the_browser(
    api: httpx.AsyncClient,
) -> None:
    found = await answer(api, pos=star(), survey="plain", format="png")
    assert found.status_code == 200, found.text
    assert found.headers["content-type"] == "image/png"
    assert found.headers["content-disposition"].startswith("inline")
    with Image.open(io.BytesIO(found.content)) as picture:
        assert picture.size == (900, 520)
        assert picture.info["Title"].startswith("Light curve at RA 1")
        assert picture.info["Description"].startswith("plain: 1 images, 1 with")
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    blue = np.all(pixels == (0x21, 0x66, 0xAC), axis=1)
    assert blue.sum() > 20


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"axis": "flux"}, 400, "“axis” changes pictures"),
        ({"axis": "flux", "format": "csv"}, 400, "“axis” changes pictures"),
        ({"axis": "colour", "format": "png"}, 422, ""),
        ({"axis": "magnitude", "format": "png"}, 404, "no magnitudes"),
        ({"format": "gif"}, 422, ""),
    ],
)
async def test_pictures_that_cannot_be_drawn_say_why(
    api: httpx.AsyncClient, more: dict[str, str], status: int, words: str
) -> None:
    found = await answer(api, pos=star(), survey="plain", **more)
    assert found.status_code == status, found.text
    assert words in found.json()["detail"]
