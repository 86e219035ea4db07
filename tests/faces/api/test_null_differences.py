"""Two exposures of one sky differ by noise alone, on real frames without a star.

Three g frames of the Bok telescope, of 23 minutes, on chips of their own: 60 x 60
pixels in which nothing is bright, so that the width of a star is the header's.
"""

import asyncio
import io
from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from tests.support.app import caller
from tests.support.fields import one_star
from tests.support.needs import shared_collection
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Caller, Role
from gatewright.core.config import SurveySource

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

NAMES = ["043617_ooi_g_v1-ccd2", "044416_ooi_g_v1-ccd2", "045914_ooi_g_v1-ccd3"]
STAR = (20.3, 40.4)
FWHM = 4.6
ERROR = 2.4
"""Error of a star's flux in the difference, electrons in a second."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("null")
    frames = folder / "frames"
    frames.mkdir()
    for name in NAMES:
        _copy(shared_collection("sky", "bass_mzls_epochs"), frames, name)
    survey = SurveySource(id="bok", images=f"{frames}/*.fits")
    async with sky_services(folder, [survey]) as opened:
        yield opened


def _copy(source: Path, folder: Path, name: str) -> None:
    """Put a frame in a folder, as it is and with a star of 8 sigma."""
    with fits.open(source / f"ksb_160704_{name}.fits") as file:
        file.writeto(folder / f"{name}.fits")
        light = one_star(file[1].data.shape, *STAR, 8 * ERROR, FWHM)
        file[1].data = (file[1].data + light).astype(np.float32)
        file.writeto(folder / f"{name}-star.fits")


@pytest.fixture
def user() -> Caller:
    return caller("bob", Role.OWNER)


async def _difference(api: httpx.AsyncClient, science: str, reference: str) -> Any:
    body = {"science": [f"bok~{science}~1"], "reference": [f"bok~{reference}~1"]}
    answer = await api.post("/differences", json=body, timeout=120)
    assert answer.status_code in {201, 202}, answer.text
    place = answer.headers["location"].removeprefix("/api/v1")
    found = answer.json()
    for _ in range(300):
        if found["state"] != "working":
            break
        await asyncio.sleep(0.2)
        found = (await api.get(place)).json()
    assert found["state"] == "ready", found
    return found


async def _score(api: httpx.AsyncClient, found: Any) -> Any:
    place = found["links"]["image"].removeprefix("/api/v1")
    answer = await api.get(place, params={"plane": "score"})
    with fits.open(io.BytesIO(answer.content)) as file:
        values = file[0].data.astype(float)
    return values[np.isfinite(values)]


async def test_each_pair_differs_by_noise_alone(api: httpx.AsyncClient) -> None:
    together = []
    for science, reference in permutations(NAMES, 2):
        found = await _difference(api, science, reference)
        # Noise of 3,300 pixels passes five sigma 0.002 times: Poisson 99 % is none.
        assert found["detections"] == []
        psf = found["report"]["psf"]["science"]
        assert psf["stars"] == 0
        assert psf["fwhm"] == pytest.approx(FWHM, rel=0.2)
        assert found["report"]["flux_ratio"]["stars"] == 0
        assert found["report"]["flux_ratio"]["error"] is None
        score = await _score(api, found)
        # A star's function covers 2 pi (1.41 x 1.95)^2 = 48 pixels.
        independent = score.size / 48
        assert abs(score.mean()) < max(0.02, 1 / np.sqrt(independent))
        assert abs(score.std() - 1) < max(0.03, 1 / np.sqrt(2 * independent))
        together.append(score)
    every = np.concatenate(together)
    assert abs(every.mean()) < 0.02
    assert 0.97 < every.std() < 1.03


async def test_a_star_of_eight_sigma_is_found_alone(api: httpx.AsyncClient) -> None:
    for science, reference in permutations(NAMES, 2):
        found = await _difference(api, f"{science}-star", reference)
        assert len(found["detections"]) == 1
        one = found["detections"][0]
        assert one["aside"] is None
        assert one["snr"] > 5
        assert np.hypot(one["x"] - STAR[0], one["y"] - STAR[1]) < 1.5
        assert abs(one["flux"] - 8 * ERROR) < 3.5 * one["flux_error"]
