"""Processing with weight maps: pixels of no weight are no data, and noise follows."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from tests.support.app import caller
from tests.support.fields import field, tangent
from tests.support.night import made
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Caller, Role
from gatewright.core.config import SurveySource

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIDE = 256
DEAD = (slice(60, 63), slice(100, 103))
"""Rows and columns of hot pixels, which the weight map gives no weight."""
ROUGH = slice(128, SIDE)
"""Columns whose noise is twice as large, and whose weight is a quarter."""
TABLE = "file,time\nlate_ooi_r.fits,2021-01-20\nearly_ooi_r.fits,2021-01-01\n"


def frame(seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the pixels of a frame and their weights, in units of their own."""
    values = np.array(field(seed=seed, shape=(SIDE, SIDE)).values)
    noise = np.random.default_rng(seed + 10).normal(0.0, 8.0 * 3**0.5, values.shape)
    values[:, ROUGH] += noise[:, ROUGH].astype(np.float32)
    weight = np.full((SIDE, SIDE), 100.0, np.float32)
    weight[:, ROUGH] = 25.0
    return values, weight


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    header = tangent().wcs.to_header()
    header["FILTER"], header["GAIN"] = "r", 2.0
    for name in ("bare", "weighted"):
        (folder / name).mkdir()
        for number, night in enumerate(("early", "late"), 1):
            values, weight = frame(number)
            if night == "late":
                values[DEAD] = 3000.0
                weight[DEAD] = 0.0
                weight[5, 5], weight[6, 6] = np.nan, -1.0
            hdu = fits.PrimaryHDU(values, header)
            hdu.writeto(folder / name / f"{night}_ooi_r.fits")
            if name == "weighted":
                hdu = fits.PrimaryHDU(weight, header)
                hdu.writeto(folder / name / f"{night}_oow_r.fits")
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SkyServices]:
    times = folder / "times.csv"
    times.write_text(TABLE)
    surveys = [
        SurveySource(id=name, images=f"{folder}/{name}/*.fits", times=times)
        for name in ("bare", "weighted")
    ]
    async with sky_services(tmp_path_factory.mktemp("state"), surveys) as opened:
        yield opened


@pytest.fixture
def user() -> Caller:
    return caller("bob", Role.OWNER)


async def plane(api: httpx.AsyncClient, found: Any, name: str) -> np.ndarray[Any, Any]:
    place = found["links"]["image"].removeprefix("/api/v1")
    answer = await api.get(place, params={"plane": name})
    assert answer.status_code == 200, answer.text
    with fits.open(io.BytesIO(answer.content)) as file:
        return np.array(file[0].data, float)


async def test_pixels_of_no_weight_are_no_data(api: httpx.AsyncClient) -> None:
    found = await made(api, {"images": ["weighted~late_ooi_r~0"]}, "/coadds")
    values, weight = await plane(api, found, "coadd"), await plane(api, found, "weight")
    dead = np.zeros((SIDE, SIDE), bool)
    dead[DEAD] = dead[5, 5] = dead[6, 6] = True
    assert np.array_equal(np.isnan(values), dead)
    assert np.array_equal(weight == 0, dead)
    other = await made(api, {"images": ["bare~late_ooi_r~0"]}, "/coadds")
    assert np.isfinite(await plane(api, other, "coadd")).all()


async def test_the_weights_of_a_coadd_follow_those_of_its_frame(
    api: httpx.AsyncClient,
) -> None:
    found = await made(api, {"images": ["weighted~early_ooi_r~0"]}, "/coadds")
    values, weight = await plane(api, found, "coadd"), await plane(api, found, "weight")
    left, right = weight[:, : ROUGH.start], weight[:, ROUGH]
    assert np.median(left) / np.median(right) == pytest.approx(4.0, rel=0.02)
    # The border of the two noises is as sharp as it is in the map.
    edge = np.median(weight[:, ROUGH.start - 2 : ROUGH.start + 2], axis=0)
    assert edge[1] / edge[2] == pytest.approx(4.0, rel=0.02)
    factor = found["report"]["noise_factor"]
    for half in (slice(0, ROUGH.start), ROUGH):
        score = (values * np.sqrt(weight))[:, half] * factor
        low, high = np.percentile(score, [16, 84])
        assert (high - low) / 2 == pytest.approx(1.0, abs=0.06)


async def test_hot_pixels_of_no_weight_are_no_discovery(
    api: httpx.AsyncClient,
) -> None:
    number = {}
    for survey in ("bare", "weighted"):
        body = {"science": [f"{survey}~late_ooi_r~0"], "reference": "auto"}
        found = await made(api, body)
        number[survey] = [
            one["snr"]
            for one in found["detections"]
            if np.hypot(one["x"] - 101, one["y"] - 61) < 6 and abs(one["snr"]) > 20
        ]
    assert number["bare"]
    assert not number["weighted"]


async def test_a_light_curve_knows_the_bad_pixels_and_a_lost_map(
    api: httpx.AsyncClient, folder: Path
) -> None:
    ra, dec = (
        float(one[0]) for one in tangent().to_sky(np.array([101.0]), np.array([61.0]))
    )

    async def points(survey: str) -> Any:
        asked = {"pos": f"{ra!r},{dec!r}", "survey": survey}
        answer = await api.get("/lightcurve", params=asked, timeout=120)
        assert answer.status_code == 200, answer.text
        return answer.json()["points"]

    assert [one["reason"] for one in await points("bare")] == [None, None]
    known = [one["reason"] for one in await points("weighted")]
    assert known == [None, "a bad pixel in its middle"]
    hidden = folder / "hidden"
    (folder / "weighted" / "late_oow_r.fits").rename(hidden)
    try:
        early, late = await points("weighted")
    finally:
        hidden.rename(folder / "weighted" / "late_oow_r.fits")
    assert early["reason"] is None
    assert "gone" in late["reason"]
