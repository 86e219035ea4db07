"""The light curve of a star over twelve epochs of WISE, by URL."""

import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.wcs import WCS
from tests.support.app import caller, client
from tests.support.needs import shared_collection
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Role
from gatewright.core.config import SurveySource
from gatewright.faces.api import face

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = shared_collection("sky", "unwise_12epochs")
    surveys = [
        SurveySource(id=f"w{band}", images=f"{folder}/e0*-w{band}-img-m.fits")
        for band in (1, 2)
    ]
    async with sky_services(tmp_path_factory.mktemp("unwise"), surveys) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def api(services: Any) -> AsyncIterator[httpx.AsyncClient]:
    user = caller("bob", Role.OWNER)
    async with client(face.build(services), services, user) as made:
        yield made


DATES = [
    *("2010-06-14", "2010-12-17", "2013-12-21", "2014-06-14", "2014-12-18"),
    *("2015-06-08", "2015-12-17", "2016-06-01", "2016-12-17", "2017-05-30"),
    *("2017-12-17", "2018-05-24"),
]
"""Middles of the exposures of each epoch (MJDMIN and MJDMAX), not of its processing."""


async def test_the_brightest_star_is_constant_within_its_stated_errors(
    api: httpx.AsyncClient,
) -> None:
    """It is two pixels from the edge; the frames are too small to measure a PSF from.

    Scatter, stated errors and reduced chi-square are printed (``pytest -s``).
    """
    folder = shared_collection("sky", "unwise_12epochs")
    sums, wcs = [], WCS()
    for epoch in range(12):
        name = f"e{epoch:03}_unwise-1866p257-w1-img-m.fits"
        with fits.open(folder / name) as file:
            values, wcs = file[0].data, WCS(file[0].header)
        row, column = np.unravel_index(values.argmax(), values.shape)
        assert (row, column) == (16, 22)
        sums.append(float(values[row - 2 : row + 3, column - 2 : column + 3].sum()))
    ra, dec = (float(v) for v in wcs.all_pix2world(22.15, 16.0, 0))
    pos = f"CIRCLE {ra!r} {dec!r} 0.001"
    answer = await api.get(
        "/lightcurve", params={"pos": pos, "survey": "w1"}, timeout=300
    )
    assert answer.status_code == 200, answer.text
    points = answer.json()["points"]
    assert [point["time"][:10] for point in points] == DATES
    assert {point["time_assumed"] for point in points} == {False}
    assert {point["band"] for point in points} == {"W1"}
    # The headers have a zero point, and no catalogue confirms it.
    assert {point["system"] for point in points} == {"instrumental"}
    flux, error = (
        np.array([point[name] for point in points]) for name in ("flux", "flux_error")
    )
    mean = np.average(flux, weights=error**-2)
    scatter = flux.std(ddof=1)
    reduced = (((flux - mean) / error) ** 2).sum() / (len(flux) - 1)
    sys.stdout.write(
        f"\nW1 flux {mean:.0f}, scatter {scatter:.0f} ({100 * scatter / mean:.1f} %), "
        f"stated error {error.mean():.0f}, reduced chi-square {reduced:.2f}\n"
    )
    # 99.9 % of chi-square with 11 degrees of freedom, divided by these.
    assert 0.166 < reduced < 2.84
    assert scatter < 0.03 * mean
    # The pixels themselves: a square of five holds nearly all that is in the frame.
    share = np.array(sums) / flux
    assert 0.75 < share.mean() < 1.1
    assert share.std() < 0.03
