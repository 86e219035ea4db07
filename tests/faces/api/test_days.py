"""A search by day or month finds the images of it, and none of the next."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.time import Time
from tests.support.fields import tangent
from tests.support.skies import SkyServices, sky_services

from gatewright.core.config import SurveySource

pytestmark = pytest.mark.asyncio(loop_scope="module")

DATES = ("2018-03-31", "2018-04-01", "2018-04-02")
"""Of the images without a time of day, and of the midnight at which one begins."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder: Path = tmp_path_factory.mktemp("days")
    for date in (*DATES, f"{DATES[1]}T00:00:00"):
        cards = tangent().wcs.to_header()
        cards["DATE-OBS"], cards["EXPTIME"] = date, 30.0
        name = "midnight" if ":" in date else date
        values = np.zeros((8, 8), np.float32)
        fits.PrimaryHDU(values, cards).writeto(folder / f"{name}.fits")
    surveys = [SurveySource(id="days", images=f"{folder}/*.fits")]
    async with sky_services(tmp_path_factory.mktemp("state"), surveys) as opened:
        yield opened


@pytest.mark.parametrize(
    ("time", "found"),
    [
        ("2018-03-30", set()),
        ("2018-03-31", {DATES[0]}),
        ("2018-04-01", {DATES[1], "midnight"}),
        ("2018-04-02", {DATES[2]}),
        ("2018-04-03", set()),
        ("2018-03", {DATES[0]}),
        ("2018-04", {DATES[1], DATES[2], "midnight"}),
        ("2018-03-31/2018-04-01", {DATES[0], DATES[1], "midnight"}),
        ("2018-05", set()),
    ],
)
async def test_an_image_is_found_on_its_own_day_alone(
    api: httpx.AsyncClient, time: str, found: set[str]
) -> None:
    asked = {"survey": "days", "time": time}
    images = (await api.get("/images", params=asked)).json()["images"]
    assert {image["id"].split("~")[1] for image in images} == found


async def test_a_date_without_a_time_is_the_whole_day(api: httpx.AsyncClient) -> None:
    image = (await api.get(f"/images/days~{DATES[1]}~0")).json()
    day = Time(DATES[1], scale="utc").mjd
    assert image["t_min"] == day
    assert image["t_max"] == pytest.approx(day + 1, abs=1e-11)
    assert image["ended_at"] == "2018-04-01T23:59:59.999Z"
