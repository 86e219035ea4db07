"""Coadds of a whole region from frames that overlap each other little."""

import asyncio
import io
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.wcs import WCS
from tests.support.app import caller
from tests.support.fields import SKY
from tests.support.mosaics import (
    CENTRE,
    NOISE,
    PIXEL,
    SCALES,
    SIDE,
    placed,
    reach,
    sky_stars,
    write_strip,
)
from tests.support.needs import program
from tests.support.night import made
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Caller, Role
from gatewright.core.config import SurveySource

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

PARTS = [f"strip~part{number}~0" for number in range(3)]
LONELY = "strip~lonely~0"
RADIUS = 220
"""Radius of the region, pixels: wider than the frames are high."""
POS = f"CIRCLE {CENTRE[0]} {CENTRE[1]} {RADIUS * PIXEL}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mosaics") / "strip"
    write_strip(folder)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SkyServices]:
    surveys = [SurveySource(id="strip", images=f"{folder}/*.fits")]
    async with sky_services(tmp_path_factory.mktemp("state"), surveys) as opened:
        yield opened


@pytest.fixture
def user() -> Caller:
    return caller("bob", Role.OWNER)


async def plane(api: httpx.AsyncClient, found: Any, name: str) -> Any:
    place = found["links"]["image"].removeprefix("/api/v1")
    answer = await api.get(place, params={"plane": name})
    assert answer.status_code == 200, answer.text
    with fits.open(io.BytesIO(answer.content)) as file:
        return file[0].data.astype(float), file[0].header


@pytest.mark.parametrize("method", ["mean", "clipped", "psf-matched"])
async def test_a_mosaic_covers_the_region_on_one_flux_scale(
    api: httpx.AsyncClient, folder: Path, method: str
) -> None:
    body = {"images": [*PARTS, LONELY], "pos": POS, "method": method}
    found = await made(api, body, "/coadds")
    side = found["report"]["side"]
    assert side["images"] == PARTS
    assert side["outside"] == [LONELY]
    assert side["untied"] == []
    assert side["grid"] == {"kind": "tangent-plane", "pixel": 0.3}
    # The third shares no star with the first: the second ties them.
    for one, scale in zip(side["inputs"], SCALES, strict=True):
        ratio = one["flux_ratio"]
        assert abs(ratio["value"] - scale) <= 4 * ratio["error"]
        assert ratio["error"] < 0.02
    values, header = await plane(api, found, "coadd")
    weight, _ = await plane(api, found, "weight")
    assert values.shape == (2 * RADIUS + 1, 2 * RADIUS + 1)
    assert (header["CTYPE1"], header["CRVAL1"]) == ("RA---TAN", CENTRE[0])
    inside = np.max(
        [reach(header, values.shape, folder / f"part{n}.fits") for n in range(3)],
        axis=0,
    )
    empty = np.isnan(values)
    assert not empty[inside > 3].any()
    assert empty[inside < -1].all()
    assert (weight[empty] == 0).all()
    assert (weight[~empty] > 0).all()
    assert found["report"]["pixels"] == {"all": values.size, "empty": int(empty.sum())}
    assert 0.2 < empty.mean() < 0.6
    # Stars all over the strip have their fluxes in units of the first frame.
    ra, dec, flux = sky_stars()
    x, y = WCS(header).all_world2pix(ra, dec, 0)
    rows, columns = np.indices(values.shape)
    errors = []
    for at_x, at_y, light in zip(x, y, flux, strict=True):
        near = np.hypot(columns - at_x, rows - at_y) < 8
        if light > 2e4 and near.sum() > 190 and inside[near].min() > 5:
            others = np.hypot(x - at_x, y - at_y)
            if np.sort(others)[1] > 22:
                errors.append((values[near].sum() / light - 1, at_x))
    assert len(errors) > 8
    assert np.abs([error for error, _ in errors]).max() < 0.04
    left = [error for error, at in errors if at < RADIUS]
    right = [error for error, at in errors if at > RADIUS]
    assert abs(np.mean(left) - np.mean(right)) < 0.02


async def test_a_mosaic_is_that_of_swarp(
    api: httpx.AsyncClient, folder: Path, tmp_path: Path
) -> None:
    found = await made(api, {"images": PARTS, "pos": POS}, "/coadds")
    values, header = await plane(api, found, "coadd")
    for number, scale in enumerate(SCALES):
        with fits.open(folder / f"part{number}.fits") as file:
            file[0].header["FLXSCALE"] = 1 / scale
            file[0].data -= np.float32(SKY)
            file.writeto(tmp_path / f"part{number}.fits")
    wanted = WCS(header).to_header()
    wanted["NAXIS"] = 2
    wanted["NAXIS1"], wanted["NAXIS2"] = values.shape[1], values.shape[0]
    wanted.tofile(tmp_path / "coadd.head", sep="\n", padding=False)
    options = {
        "RESAMPLING_TYPE": "LANCZOS3", "SUBTRACT_BACK": "N", "COMBINE_TYPE": "AVERAGE",
        "FSCALASTRO_TYPE": "NONE", "VERBOSE_TYPE": "QUIET", "WRITE_XML": "N",
        "NTHREADS": "1",
    }  # fmt: skip
    subprocess.run(
        [program("SWarp", "swarp"), *(f"part{n}.fits" for n in range(3)),
         *(word for name, value in options.items() for word in (f"-{name}", value))],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    theirs = fits.getdata(tmp_path / "coadd.fits").astype(float)
    deep = np.array(
        [reach(header, values.shape, folder / f"part{n}.fits") for n in range(3)]
    )
    # Where one frame alone reaches, weights do not matter.
    for number, scale in enumerate(SCALES):
        others = np.delete(deep, number, axis=0).max(axis=0)
        alone = (deep[number] > 8) & (others < -8) & (np.abs(theirs) < 200)
        assert alone.sum() > 3000
        apart = (values - theirs)[alone]
        # The offsets from the stars move the frames by a small part of a pixel.
        assert np.std(apart) < 0.3 * NOISE / scale
        assert abs(np.mean(apart)) < 0.1 * NOISE / scale


async def test_a_region_within_the_first_frame_keeps_its_pixels(
    api: httpx.AsyncClient, folder: Path
) -> None:
    ra, dec = placed(0).to_sky(np.array([120.0]), np.array([110.0]))
    pos = f"CIRCLE {ra[0]} {dec[0]} {50 * PIXEL}"
    found = await made(api, {"images": PARTS[:1], "pos": pos}, "/coadds")
    values, header = await plane(api, found, "coadd")
    corner = WCS(header).all_pix2world(np.zeros(1), np.zeros(1), 0)
    x, y = (round(float(part[0])) for part in placed(0).to_pixels(*corner))
    own = fits.getdata(folder / "part0.fits")[y : y + len(values), x:]
    own = own[:, : values.shape[1]] - np.float32(SKY)
    assert np.std(values - own) < 0.05 * NOISE
    assert found["report"]["pixels"]["empty"] == 0
    # One image is padded to a region that it does not hold.
    wide = await made(api, {"images": PARTS[:1], "pos": POS}, "/coadds")
    values, _ = await plane(api, wide, "coadd")
    assert values.shape == (2 * RADIUS + 1, 2 * RADIUS + 1)
    assert wide["report"]["pixels"]["empty"] > values.size / 2


async def test_images_that_nothing_ties_are_named(api: httpx.AsyncClient) -> None:
    ra, dec = placed(4).to_sky(np.array([0.0]), np.array([SIDE / 2]))
    pos = f"CIRCLE {ra[0]} {dec[0]} {RADIUS * PIXEL}"
    found = await made(api, {"images": [*PARTS, LONELY], "pos": pos}, "/coadds")
    side = found["report"]["side"]
    assert side["outside"] == PARTS[:2]
    assert side["untied"] == [LONELY]
    assert "share no star" in side["untied_reason"]
    assert side["inputs"][1]["flux_ratio"] == {"value": 1.0, "error": None, "stars": 0}


async def test_a_mosaic_is_a_reference(api: httpx.AsyncClient) -> None:
    coadd = await made(api, {"images": PARTS, "pos": POS}, "/coadds")
    body = {"science": ["strip~late~0"], "reference": {"coadd": coadd["id"]}}
    found = await made(api, body)
    ratio = found["report"]["flux_ratio"]
    assert ratio["stars"] > 10
    assert abs(ratio["value"] - 0.9) < 4 * ratio["error"]
    assert [one for one in found["detections"] if one["aside"] is None] == []


async def refusal(api: httpx.AsyncClient, body: dict[str, Any]) -> tuple[int, str]:
    """Ask for a coadd that cannot be made; return the status and why.

    The status is 202 if that became known only after the answer.
    """
    answer = await api.post("/coadds", json=body, timeout=120)
    found = answer.json()
    if answer.status_code != 202:
        return answer.status_code, found["detail"]
    place = answer.headers["location"].removeprefix("/api/v1")
    while found["state"] == "working":
        await asyncio.sleep(0.2)
        found = (await api.get(place)).json()
    assert found["state"] == "failed"
    return 202, found["reason"]


@pytest.mark.parametrize(
    ("images", "pos", "status", "words"),
    [
        (PARTS, "CIRCLE 150 2 20", 413, "MiB of memory, and a process has"),
        (PARTS, "CIRCLE 150 2 31", 413, "30 degrees at most"),
        (PARTS, "CIRCLE 10 10 0.01", 404, "no pixel of these 3 images"),
        (PARTS[:1], "CIRCLE 10 10 0.01", 404, "“strip~part0~0”"),
    ],
)
async def test_regions_that_cannot_be_made_say_why(
    api: httpx.AsyncClient, images: list[str], pos: str, status: int, words: str
) -> None:
    code, text = await refusal(api, {"images": images, "pos": pos})
    assert code in {status, 202}
    assert words in text


async def test_a_file_that_changed_is_named(
    api: httpx.AsyncClient, folder: Path
) -> None:
    path = folder / "changing.fits"
    path.write_bytes(path.read_bytes() + bytes(2880))
    body = {"images": [*PARTS, "strip~changing~0"], "pos": POS}
    code, text = await refusal(api, body)
    assert code in {409, 202}
    assert "Of the image “strip~changing~0”" in text


async def test_a_light_curve_counts_images_that_nothing_ties(
    api: httpx.AsyncClient,
) -> None:
    pos = f"CIRCLE {CENTRE[0]} {CENTRE[1]} 0"
    asked = {"pos": pos, "survey": "strip"}
    answer = await api.get("/lightcurve", params=asked, timeout=120)
    assert answer.status_code == 200, answer.text
    curve = answer.json()
    assert curve["untied"] == 1
    points = {point["image"]: point for point in curve["points"]}
    assert curve["units_of"] == PARTS[1]
    assert points["strip~blank~0"]["scale_error"] is None
    assert points["strip~blank~0"]["flux"] is not None
    late = points["strip~late~0"]
    assert abs(late["scale"] - 0.9 / SCALES[1]) < 4 * late["scale_error"]
