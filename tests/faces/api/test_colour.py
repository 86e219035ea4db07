"""Pictures in colour: three images of one place, compared with astropy."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.visualization import ZScaleInterval, make_lupton_rgb
from astropy.wcs import WCS
from PIL import Image as Picture
from scipy.ndimage import map_coordinates
from tests.support.needs import shared_data
from tests.support.skies import SkyServices, sky_services

from gatewright.core.config import SurveySource

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

RA, DEC, SCALE, SIDE = 200.0, -30.0, 0.4 / 3600, 61
RADIUS = SCALE * SIDE / 2


def frame(folder: Path, name: str, band: str, level: float, **more: Any) -> Any:
    """Write an image of stars, by default on the grid of the picture itself."""
    turn, side, kind = more.get("turn", 0.0), more.get("side", SIDE), more.get("kind")
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [RA, DEC]
    wcs.wcs.crpix = [(side + 1) / 2] * 2
    scale = more.get("scale", SCALE)
    c, s = np.cos(turn) * scale, np.sin(turn) * scale
    wcs.wcs.cd = [[-c, s], [s, c]]
    random = np.random.default_rng(3)
    values = np.full((side, side), level)
    y, x = np.indices(values.shape)
    for ra, dec in random.uniform(-0.8, 0.8, (30, 2)) * RADIUS:
        slope = np.cos(np.radians(DEC))
        column, row = wcs.all_world2pix([[RA + ra / slope, DEC + dec]], 0)[0]
        width = 2 * (2.5 * SCALE / scale) ** 2
        flux = random.uniform(20, 900) * (1 + len(band) + ord(band[0]) % 5)
        values += flux * np.exp(-((x - column) ** 2 + (y - row) ** 2) / width)
    header = wcs.to_header()
    header["FILTER"], header["DATE-OBS"] = band, more.get("date", "2020-01-01T00:00:00")
    header["EXPTIME"] = 30.0
    data = values.astype(kind or "f4")
    fits.PrimaryHDU(data, header).writeto(folder / f"{name}.fits")
    return data.astype("f8"), WCS(header)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("frames")


@pytest.fixture(scope="module")
def frames(folder: Path) -> dict[str, Any]:
    return {
        "i": frame(folder, "i", "i", 20.0),
        "r": frame(folder, "r", "r", -3.0),
        "g": frame(folder, "g", "g", 0.0),
        "turned": frame(folder, "turned", "z", 5.0, turn=0.6, side=121),
        "fine": frame(folder, "fine", "Y", 5.0, scale=SCALE / 2, side=180),
        "high": frame(folder, "high", "u", 1e8, kind="i4"),
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    frames: dict[str, Any], folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SkyServices]:
    made = SurveySource(id="made", images=f"{folder}/*.fits")
    hidden = SurveySource(id="hidden", images=f"{folder}/i.f*", access=["eve"])
    state = tmp_path_factory.mktemp("state")
    async with sky_services(state, [made, hidden]) as opened:
        yield opened


def asked(red: str, green: str, blue: str, **more: Any) -> dict[str, Any]:
    pos = f"CIRCLE {RA} {DEC} {RADIUS}"
    chosen = {"red": red, "green": green, "blue": blue}
    return {"pos": pos, "survey": "made", "pixels": SIDE, **chosen, **more}


def levels(answer: httpx.Response) -> Any:
    """Return the levels of a picture as astropy has them: south first."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    with Picture.open(io.BytesIO(answer.content)) as picture:
        assert picture.mode == "RGB"
        return np.asarray(picture).astype(int)[::-1]


VALUES = {"black": "20 -3 0", "unit": "1 1 1", "stretch": "40", "softening": "6"}


async def test_images_on_the_grid_of_the_picture_are_those_of_astropy(
    api: httpx.AsyncClient, frames: dict[str, Any]
) -> None:
    answer = await api.get("/colour", params=asked("i", "r", "g", **VALUES))
    theirs = make_lupton_rgb(
        *(frames[band][0] for band in "irg"), minimum=[20, -3, 0], stretch=40, Q=6
    )
    assert abs(levels(answer) - theirs.astype(int)).max() <= 1
    with Picture.open(io.BytesIO(answer.content)) as picture:
        named = {n: picture.text[n] for n in ("Red", "Green", "Blue")}  # type: ignore[attr-defined]
    assert named == {"Red": "i.fits", "Green": "r.fits", "Blue": "g.fits"}


@pytest.mark.parametrize("name", ["turned", "fine"])
async def test_other_grids_are_resampled(
    api: httpx.AsyncClient, frames: dict[str, Any], name: str
) -> None:
    values = {**VALUES, "black": "20 -3 5"}
    answer = await api.get(
        "/colour", params=asked("i", "r", f"made~{name}~0", **values)
    )
    data, wcs = frames[name]
    if name == "fine":
        data, wcs = data.reshape(90, 2, 90, 2).mean(axis=(1, 3)), wcs[::2, ::2]
    y, x = np.indices((SIDE, SIDE))
    place = wcs.all_world2pix(*frames["i"][1].all_pix2world(x, y, 0), 0)
    moved = map_coordinates(data, place[::-1], order=5)
    theirs = make_lupton_rgb(
        frames["i"][0], frames["r"][0], moved, minimum=[20, -3, 5], stretch=40, Q=6
    )
    far = abs(levels(answer) - theirs.astype(int))[4:-4, 4:-4]
    assert far.max() <= 8  # Lanczos of three lobes, and a spline
    assert far.mean() < 0.6


async def test_a_high_pedestal_keeps_its_levels(
    api: httpx.AsyncClient, frames: dict[str, Any]
) -> None:
    values = {**VALUES, "black": "100000000 -3 0"}
    answer = await api.get("/colour", params=asked("u", "r", "g", **values))
    high = frames["high"][0] - 1e8
    theirs = make_lupton_rgb(
        high, frames["r"][0], frames["g"][0], minimum=[0, -3, 0], stretch=40, Q=6
    )
    assert abs(levels(answer) - theirs.astype(int)).max() <= 1


async def test_three_bands_of_real_frames(api: httpx.AsyncClient) -> None:
    shared_data("sky", "legacypipe_decam")
    chosen = {"red": "z", "green": "r", "blue": "g", "survey": "legacypipe"}
    place = {"ra": 110.31196, "dec": 23.91992, "radius": 0.002}
    answer = await api.get("/colour", params={**chosen, **place})
    found = levels(answer)
    assert found.shape[0] == found.shape[1] == 55
    assert len(np.unique(found)) > 100


async def test_beyond_an_image_is_black(api: httpx.AsyncClient) -> None:
    wide = asked("i", "r", "g", pos=f"CIRCLE {RA} {DEC} {RADIUS * 2}")
    del wide["pixels"]
    found = levels(await api.get("/colour", params=wide))
    assert found.shape == (123, 123, 3)
    edge = np.ones((123, 123), bool)
    edge[29:-29, 29:-29] = False
    assert not found[edge].any()
    assert found[50:70, 50:70].any()


async def test_nothing_has_changed(api: httpx.AsyncClient) -> None:
    answer = await api.get("/colour", params=asked("i", "r", "g"))
    tag = {"If-None-Match": answer.headers["etag"]}
    again = await api.get("/colour", params=asked("i", "r", "g"), headers=tag)
    assert again.status_code == 304
    other = await api.get("/colour", params=asked("g", "r", "i"), headers=tag)
    assert other.status_code == 200


async def test_other_formats_and_marks(api: httpx.AsyncClient) -> None:
    wanted = {**asked("i", "r", "g"), "pixels": 120}
    plain = levels(await api.get("/colour", params=wanted))
    webp = await api.get("/colour", params={**wanted, "format": "webp"})
    assert webp.headers["content-type"] == "image/webp"
    with Picture.open(io.BytesIO(webp.content)) as picture:
        assert np.array_equal(np.asarray(picture)[::-1], plain)
    jpeg = await api.get("/colour", params={**wanted, "format": "jpeg"})
    assert jpeg.headers["content-type"] == "image/jpeg"
    marked = levels(await api.get("/colour", params={**wanted, "marks": True}))
    assert 200 < (marked != plain).any(axis=2).sum() < 2000


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"red": "w"}, 404, "No image of the band “w”"),
        ({"red": "made~none~0"}, 404, "no such image"),
        ({"red": "hidden~i~0"}, 404, "no such image"),
        ({"survey": "hidden"}, 404, "No image of the band"),
        ({"pos": "CIRCLE 10 10 0.1"}, 404, "No image of the band"),
        ({"pos": f"CIRCLE {RA} {DEC} 0"}, 422, "how large"),
        ({"pos": f"CIRCLE {RA} {DEC} 10"}, 404, "smaller than a pixel"),
        ({"pos": f"CIRCLE {RA} {DEC} 180"}, 404, "pixel"),
        ({"pos": f"RANGE {RA} {RA + 1} {DEC} {DEC + 1}"}, 422, "CIRCLE"),
        ({"pos": None}, 422, "which place"),
        ({"pixels": "1025"}, 422, "1024"),
        ({"black": "1 2"}, 422, "three numbers"),
        ({"black": "1 2 nan"}, 422, "three numbers"),
        ({"unit": "1 2 0"}, 422, "positive"),
        ({"limits": "zscale"}, 422, "two percentiles"),
        ({"stretch": "0"}, 422, "greater than 0"),
    ],
)
async def test_what_cannot_be_drawn_says_why(
    api: httpx.AsyncClient, more: dict[str, Any], status: int, words: str
) -> None:
    params = {**asked("i", "r", "g"), **more}
    params = {name: value for name, value in params.items() if value is not None}
    answer = await api.get("/colour", params=params)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]


async def test_limits_of_a_cut_out(
    api: httpx.AsyncClient, frames: dict[str, Any]
) -> None:
    path, pos = "/images/made~{}~0/cutout", f"CIRCLE {RA} {DEC} 1"
    shown = {"pos": pos, "format": "png", "stretch": "linear"}

    async def grey(name: str, limits: str) -> Any:
        answer = await api.get(path.format(name), params={**shown, "limits": limits})
        assert answer.status_code == 200, answer.text
        with Picture.open(io.BytesIO(answer.content)) as picture:
            return np.asarray(picture).astype(int)[::-1]

    for name, level in (("i", 20.0), ("high", 1e8)):
        data = frames[name][0] - level
        wanted = np.clip(data / 500.0, 0, 1) * 255
        found = await grey(name, f"value {level:.0f} {level + 500:.0f}")
        assert abs(found - wanted).max() <= 0.51
        low, high = ZScaleInterval().get_limits(data)
        wanted = np.clip((data - low) / (high - low), 0, 1) * 255
        assert abs(await grey(name, "zscale") - wanted).max() <= 0.6
    for limits in ("value 1", "value 2 1", "value -Inf 1", "zscal", "5", "value"):
        refused = await api.get(path.format("i"), params={**shown, "limits": limits})
        assert refused.status_code == 400, limits
        assert "limits" in refused.json()["detail"]
