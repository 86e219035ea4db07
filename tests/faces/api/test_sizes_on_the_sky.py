"""Cut-outs whose size is given in arcseconds, against astropy's Cutout2D and WCS."""

import csv
import io
import math
import tarfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from PIL import Image
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.skies import SkyServices, sky_services

from gatewright.core.config import SurveySource

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

RA, DEC = 150.1, 2.2
POS = f"CIRCLE {RA} {DEC} 0"
SCALES = {"near": 0.25, "alike": 0.2508, "turned": 0.2495, "coarse": 0.7}
"""Arcseconds a pixel of each epoch; 0.25 and its neighbours are those of one camera."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the pixels and header of each epoch, by the name of its file."""
    epochs = {}
    for number, (name, scale) in enumerate(SCALES.items()):
        header = tan_header(130, 120, turn=0.4 * number)
        header["CRPIX1"] += 0.3 * number
        for card in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
            header[card] = header.get(card, 0.0) * scale / 0.26
        header["DATE-OBS"] = f"2021-03-{number + 10}T05:00:00"
        epochs[name] = (pixels(130, 120, "f4"), header)
    return epochs


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory, made: dict[str, Any]
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("sky")
    for name, (data, header) in made.items():
        write(folder / f"{name}.fits", fits.PrimaryHDU(data, header))
    source = SurveySource(id="made", images=f"{folder}/*.fits")
    async with sky_services(tmp_path_factory.mktemp("state"), [source]) as opened:
        yield opened


async def stamps(api: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    """Return the stamps of all epochs as astropy reads them, by the epoch's name."""
    asked: dict[str, Any] = {"pos": POS, "survey": "made", **more}
    answer = await api.get("/cutouts", params=asked)
    assert answer.status_code == 200, answer.text
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        files = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    rows = csv.DictReader(io.StringIO(files["index.csv"].decode()))
    found = {row["image"].split("~")[1]: files[row["file"]] for row in rows}
    return {name: fits.open(io.BytesIO(data))[0] for name, data in found.items()}


@pytest.mark.parametrize("arcsec", [10, 10.3, 5.25, 0.1])
async def test_stamps_have_so_many_arcseconds_of_sky(
    api: httpx.AsyncClient, made: dict[str, Any], arcsec: float
) -> None:
    found = await stamps(api, arcsec=arcsec)
    assert set(found) == set(SCALES)
    for name, hdu in found.items():
        data, header = made[name]
        height, side = hdu.data.shape
        assert height == side
        scale = proj_plane_pixel_scales(WCS(hdu.header))[0] * 3600
        # As much as asked, to the slack of scales that differ by 1 %, and no two
        # pixels more.
        assert arcsec * 0.99 <= side * scale < arcsec * 1.01 + 2 * scale
        at = WCS(header).all_world2pix(RA, DEC, 0)
        theirs = Cutout2D(data, at, side, mode="partial", fill_value=np.nan)
        np.testing.assert_array_equal(hdu.data, theirs.data)
        # The place is in the middle pixel.
        middle = WCS(hdu.header).all_world2pix(RA, DEC, 0)
        np.testing.assert_allclose(middle, [side // 2] * 2, atol=0.5 + 1e-9)


@pytest.mark.parametrize("arcsec", [10.25, 10.26, 12.0, 7.75])
async def test_epochs_of_one_camera_have_stamps_of_one_size(
    api: httpx.AsyncClient, arcsec: float
) -> None:
    shapes = {
        name: hdu.data.shape for name, hdu in (await stamps(api, arcsec=arcsec)).items()
    }
    assert shapes["near"] == shapes["alike"] == shapes["turned"]
    assert shapes["coarse"] < shapes["near"]


async def test_a_whole_number_of_pixels_is_not_rounded_up(
    api: httpx.AsyncClient,
) -> None:
    assert (await stamps(api, arcsec=41 * 0.25))["near"].data.shape == (41, 41)


async def test_one_image_takes_arcseconds_too(
    api: httpx.AsyncClient, made: dict[str, Any]
) -> None:
    for name in ("near", "coarse"):
        url = f"/images/made~{name}~0/cutout"
        # The radius of the circle does not matter then.
        asked: dict[str, Any] = {"pos": f"CIRCLE {RA} {DEC} 0.001", "arcsec": 9.9}
        answer = await api.get(url, params=asked)
        assert answer.status_code == 200, answer.text
        (hdu,) = fits.open(io.BytesIO(answer.content))
        data, header = made[name]
        side = 2 * math.ceil((9.9 / SCALES[name] - 1) / 2) + 1
        at = WCS(header).all_world2pix(RA, DEC, 0)
        theirs = Cutout2D(data, at, side, mode="partial", fill_value=np.nan)
        np.testing.assert_array_equal(hdu.data, theirs.data)
        picture = await api.get(url, params={**asked, "format": "png"})
        assert Image.open(io.BytesIO(picture.content)).size == (side, side)


async def test_the_blink_is_as_wide_as_is_said(api: httpx.AsyncClient) -> None:
    asked: dict[str, Any] = {"pos": POS, "survey": "made", "format": "apng"}
    answer = await api.get("/cutouts", params={**asked, "arcsec": 10})
    assert answer.status_code == 200, answer.text
    by_radius = {**asked, "pos": f"CIRCLE {RA} {DEC} {5 / 3600!r}", "pixels": 41}
    same = await api.get("/cutouts", params=by_radius)
    pictures = []
    for one in (answer, same):
        with Image.open(io.BytesIO(one.content)) as film:
            assert getattr(film, "n_frames", 1) == 4
            pictures.append(np.asarray(film))
    assert pictures[0].shape == (41, 41)
    assert np.array_equal(pictures[0], pictures[1])


WRONG = ["0", "1e-320", "-1", "nan", "inf", "648001", "1e300", "20arcsec", "x"]


@pytest.mark.parametrize("url", ["/cutouts", "/images/made~near~0/cutout"])
@pytest.mark.parametrize("arcsec", WRONG)
async def test_a_size_that_is_none_is_refused(
    api: httpx.AsyncClient, url: str, arcsec: str
) -> None:
    answer = await api.get(url, params={"pos": POS, "arcsec": arcsec})
    assert answer.status_code == 422, answer.text
    assert "arcsec" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"arcsec": 10, "pixels": 41}, 422, "not as both"),
        ({"arcsec": 600}, 413, "pixels"),
        ({"arcsec": 648_000}, 413, "pixels"),
    ],
)
@pytest.mark.parametrize("url", ["/cutouts", "/images/made~near~0/cutout"])
async def test_a_size_that_is_said_twice_or_too_large_is_refused(
    api: httpx.AsyncClient, url: str, more: dict[str, Any], status: int, words: str
) -> None:
    asked: dict[str, Any] = {"pos": POS, **more} | (
        {"survey": "made"} if url == "/cutouts" else {}
    )
    answer = await api.get(url, params=asked)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]


async def test_a_blink_has_one_size(api: httpx.AsyncClient) -> None:
    asked: dict[str, Any] = {
        "pos": f"CIRCLE {RA} {DEC} 0.001",
        "format": "apng",
        "arcsec": 10,
    }
    answer = await api.get("/cutouts", params=asked)
    assert answer.status_code == 422, answer.text
    assert "radius" in answer.json()["detail"]


async def test_a_region_that_is_no_circle_has_no_size(api: httpx.AsyncClient) -> None:
    asked: dict[str, Any] = {"pos": "RANGE 150 150.2 2.1 2.3", "arcsec": 10}
    answer = await api.get("/images/made~near~0/cutout", params=asked)
    assert answer.status_code == 422, answer.text
    assert "CIRCLE" in answer.json()["detail"]
