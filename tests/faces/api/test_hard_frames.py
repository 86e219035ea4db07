"""Processing of frames that cannot be measured, overlap nothing, or lie at a pole."""

import io
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import astropy.units as u
import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS
from tests.support.app import caller
from tests.support.fields import Sky, field, tangent
from tests.support.night import made
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Caller, Role
from gatewright.core.config import SurveySource

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIDE = 200
DATES = ("2021-01-01T00:00:00", "2021-01-11T12:00:00")
STEP = 2.0
"""Arcseconds of a pixel of the images at the pole."""


def header(sky: Any, date: str = DATES[0]) -> fits.Header:
    cards: fits.Header = sky.to_header()
    cards["FILTER"], cards["EXPTIME"], cards["GAIN"] = "r", 60.0, 2.0
    cards["DATE-OBS"] = date
    return cards


def polar(ra: float, dec: float) -> Any:
    sky = WCS(naxis=2)
    sky.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    sky.wcs.crval = [ra, dec]
    sky.wcs.crpix = [SIDE / 2, SIDE / 2]
    sky.wcs.cdelt = [-STEP / 3600, STEP / 3600]
    return sky


def stars(seed: int, sky: Any = None) -> np.ndarray[Any, Any]:
    place = None if sky is None else Sky(sky)
    frame = field(seed=seed, shape=(SIDE, SIDE), stars=12, place=place)
    return np.asarray(frame.values)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hard")
    here = tangent().wcs
    images = {
        "good": (stars(1), header(here, DATES[0])),
        "other": (stars(2), header(here, DATES[1])),
        "flat": (np.full((SIDE, SIDE), 3.0, np.float32), header(here)),
        "cube": (np.stack([stars(3), stars(4)]), header(here)),
        "elsewhere": (stars(5), header(polar(30.0, 5.0))),
        "pole": (stars(6), header(polar(0.0, -90.0))),
        "near": (stars(7), header(polar(77.0, 89.97))),
    }
    for name, (values, cards) in images.items():
        fits.PrimaryHDU(values, cards).writeto(folder / f"{name}.fits")
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SkyServices]:
    survey = SurveySource(id="hard", images=f"{folder}/*.fits")
    async with sky_services(tmp_path_factory.mktemp("state"), [survey]) as opened:
        yield opened


@pytest.fixture
def user() -> Caller:
    return caller("bob", Role.OWNER)


def named(*names: str) -> list[str]:
    return [f"hard~{name}~0" for name in names]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/coadds", {"images": named("flat")}, "has no noise"),
        ("/coadds", {"images": named("good", "flat")}, "has no noise"),
        ("/coadds", {"images": named("cube")}, "2 planes"),
        (
            "/differences",
            {"science": named("good"), "reference": named("cube")},
            "2 planes",
        ),
        (
            "/differences",
            {"science": named("good"), "reference": named("elsewhere")},
            "Choose images that overlap",
        ),
    ],
)
async def test_a_frame_that_cannot_be_used_is_named(
    api: httpx.AsyncClient, path: str, body: dict[str, Any], words: str
) -> None:
    answer = await api.post(path, json=body, timeout=120)
    assert answer.status_code == 422, answer.text
    assert words in answer.json()["detail"]


async def curve(api: httpx.AsyncClient) -> dict[str, Any]:
    ra, dec = (
        float(one[0]) for one in tangent().to_sky(np.array([100.0]), np.array([90.0]))
    )
    asked = {"pos": f"{ra!r},{dec!r}", "survey": "hard"}
    answer = await api.get("/lightcurve", params=asked, timeout=120)
    assert answer.status_code == 200, answer.text
    return {one["image"].split("~")[1]: one for one in answer.json()["points"]}


async def test_a_light_curve_goes_on_without_the_frames_that_cannot_be_measured(
    api: httpx.AsyncClient, folder: Path
) -> None:
    points = await curve(api)
    assert set(points) == {"good", "other", "flat", "cube"}
    assert "has no noise" in points["flat"]["reason"]
    assert "2 planes" in points["cube"]["reason"]
    assert points["good"]["flux"] is not None
    assert points["other"]["flux"] is not None
    before = (folder / "other.fits").stat()
    os.utime(folder / "other.fits", ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    try:
        points = await curve(api)
    finally:
        os.utime(folder / "other.fits", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "changed" in points["other"]["reason"]
    assert points["other"]["flux"] is None
    assert points["good"]["flux"] is not None


async def plane(api: httpx.AsyncClient, found: Any) -> tuple[Any, fits.Header]:
    answer = await api.get(found["links"]["image"].removeprefix("/api/v1"))
    assert answer.status_code == 200, answer.text
    with fits.open(io.BytesIO(answer.content)) as file:
        return file[0].data.copy(), file[0].header.copy()


@pytest.mark.parametrize(
    ("path", "name", "centre", "ra", "dec", "radius"),
    [
        ("/coadds", "pole", (0.0, -90.0), 0.0, -90.0, 0.02),
        ("/coadds", "pole", (0.0, -90.0), 130.0, -89.98, 0.02),
        # A difference is cut to its image, while a coadd has the whole region.
        ("/differences", "near", (77.0, 89.97), 250.0, 89.99, 0.03),
        ("/differences", "near", (77.0, 89.97), 77.0, 89.97, 170.0),
        ("/coadds", "near", (77.0, 89.97), 77.0, 89.97, None),
    ],
)
async def test_the_box_of_a_circle_near_a_pole_is_that_of_its_pixels(
    api: httpx.AsyncClient,
    path: str,
    name: str,
    centre: tuple[float, float],
    ra: float,
    dec: float,
    radius: float | None,
) -> None:
    sides = ("images",) if path == "/coadds" else ("science", "reference")
    body: dict[str, Any] = {side: named(name) for side in sides}
    if radius is not None:
        body["pos"] = f"CIRCLE {ra} {dec} {radius}"
    values, cards = await plane(api, await made(api, body, path))
    whole = polar(*centre)
    rows, columns = np.indices((SIDE, SIDE))
    apart = whole.pixel_to_world(columns, rows).separation(
        SkyCoord(ra * u.deg, dec * u.deg)
    )
    within = apart.deg <= (180.0 if radius is None else radius)
    for number, axis in ((1, within.any(axis=0)), (2, within.any(axis=1))):
        inside = np.flatnonzero(axis)
        first = whole.wcs.crpix[number - 1] - cards[f"CRPIX{number}"]
        last = first + values.shape[2 - number] - 1
        # The circle touches a pixel whose centre is up to half a pixel beyond it.
        assert inside[0] - 1 <= first <= inside[0]
        assert inside[-1] <= last <= inside[-1] + 1


async def test_a_coadd_has_the_mean_time_of_its_exposures_alone(
    api: httpx.AsyncClient,
) -> None:
    found = await made(api, {"images": named("good", "other")}, "/coadds")
    _, cards = await plane(api, found)
    middle = np.mean(Time(DATES, scale="utc").mjd) + 30.0 / 86400
    assert cards["MJD-AVG"] == pytest.approx(middle, abs=1e-8)
    assert cards["TIMESYS"] == "UTC"
    assert not [one for one in cards if one in {"DATE-OBS", "MJD-OBS", "DATE-BEG"}]
