"""Cubes over HTTP, with real reader processes: found, cut out, and shown by plane."""

import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.wcs import WCS
from tests.backends.fits.skies import sip_header
from tests.backends.fits.test_picture import decode
from tests.support.skies import SkyServices, sky_services

from gatewright.core.config import SurveySource

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
    pytest.mark.filterwarnings("ignore:cdfix made the change:Warning"),
]

LIGHT = 299_792_458.0
SMALL = "CIRCLE+150.1+2.2+0.002"
CUBE = "/images/radio~cube~{hdu}"
SHAPE = (2, 5, 300, 400)


def header() -> fits.Header:
    """Return the header of a cube of 5 frequencies and 2 polarizations, with SIP."""
    made = sip_header(400, 300)
    for number, cards in (
        (3, {"CTYPE": "FREQ", "CRVAL": 1.4e9, "CDELT": 1e7, "CRPIX": 1.0}),
        (4, {"CTYPE": "STOKES", "CRVAL": 1.0, "CDELT": 1.0, "CRPIX": 1.0}),
    ):
        for name, value in cards.items():
            made[f"{name}{number}"] = value
        made[f"CD{number}_{number}"] = cards["CDELT"]
    made["CUNIT3"], made["WCSAXES"] = "Hz", 4
    made["DATE-OBS"], made["EXPTIME"] = "2020-01-01T00:00:00", 864.0
    return made


def values() -> Any:
    """Return pixels that no two planes share."""
    random = np.random.default_rng(11)
    numbers = random.integers(0, 1000, SHAPE).astype("i4")
    return numbers + 1000 * np.arange(10, dtype="i4").reshape(2, 5, 1, 1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("cubes")
    (folder / "radio").mkdir()
    packed = fits.CompImageHDU(
        values(), header(), compression_type="RICE_1", tile_shape=(1, 1, 50, 50)
    )
    hdus = fits.HDUList([fits.PrimaryHDU(values(), header()), packed])
    hdus.writeto(folder / "radio" / "cube.fits")
    source = SurveySource(id="radio", images=str(folder / "radio"))
    async with sky_services(folder, [source]) as opened:
        yield opened


async def test_the_description_of_a_cube(api: httpx.AsyncClient) -> None:
    answer = await api.get("/images?survey=radio&band=0.20+0.21")
    plain, packed = answer.json()["images"]
    assert (plain["hdu"], packed["hdu"]) == (0, 1)
    for image in (plain, packed):
        assert (image["width"], image["height"]) == (400, 300)
        assert (image["planes"], image["samples"]) == (10, 5)
        assert image["polarizations"] == "/I/Q/"
        edges = [LIGHT / 1.445e9, LIGHT / 1.395e9]
        assert [image["em_min"], image["em_max"]] == pytest.approx(edges, rel=1e-9)
    alone = (await api.get(CUBE.format(hdu=0))).json()
    assert {**alone, "links": None} == {**plain, "links": None}
    elsewhere = await api.get("/images?survey=radio&band=0.22+0.23")
    assert elsewhere.json()["images"] == []


@pytest.mark.parametrize("hdu", [0, 1])
@pytest.mark.parametrize("plane", [1, 7, 10])
async def test_a_plane_as_fits(api: httpx.AsyncClient, hdu: int, plane: int) -> None:
    url = f"{CUBE.format(hdu=hdu)}/cutout?pos={SMALL}&plane={plane}"
    answer = await api.get(url)
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert len(answer.content) % 2880 == 0
    with fits.open(io.BytesIO(answer.content)) as hdus:
        hdus.verify("exception")
        part, cards = hdus[0].data, hdus[0].header
        section = "".join(hdus[0].header["HISTORY"]).split("[")[-1].split("]")[0]
    (x0, x1), (y0, y1) = (map(int, s.split(":")) for s in section.split(",")[:2])
    polarization, frequency = divmod(plane - 1, 5)
    assert part.shape == (1, 1, y1 - y0 + 1, x1 - x0 + 1)
    wanted = values()[polarization, frequency, y0 - 1 : y1, x0 - 1 : x1]
    assert np.array_equal(part[0, 0], wanted)
    x, y = (a.ravel() for a in np.mgrid[0 : x1 - x0 : 9, 0 : y1 - y0 : 9])
    back = WCS(header(), naxis=2).all_world2pix(
        *WCS(cards, naxis=2).all_pix2world(x, y, 0), 0
    )
    for found, pixel, offset in zip(back, (x, y), (x0 - 1, y0 - 1), strict=True):
        assert np.abs(found - pixel - offset).max() < 1e-6
    for number, place in ((3, frequency), (4, polarization)):
        value = (
            cards[f"CRVAL{number}"]
            + (1 - cards[f"CRPIX{number}"]) * (cards[f"CD{number}_{number}"])
        )
        step = header()[f"CD{number}_{number}"]
        assert value == header()[f"CRVAL{number}"] + place * step


async def test_all_planes_or_too_many_bytes(api: httpx.AsyncClient) -> None:
    every = await api.get(f"{CUBE.format(hdu=0)}/cutout?pos={SMALL}")
    with fits.open(io.BytesIO(every.content)) as hdus:
        assert hdus[0].data.shape[:2] == (2, 5)
    large = f"{CUBE.format(hdu=0)}/cutout?pos=CIRCLE+150.1+2.2+1"
    assert (await api.get(large)).status_code == 413
    one = await api.get(f"{large}&plane=3")
    with fits.open(io.BytesIO(one.content)) as hdus:
        assert np.array_equal(hdus[0].data[0, 0], values()[0, 2])


async def test_a_plane_as_a_picture(api: httpx.AsyncClient) -> None:
    url = f"{CUBE.format(hdu=0)}/cutout?pos=CIRCLE+150.1+2.2+1&format=png"
    url += "&orientation=native&stretch=linear&limits=0,100&plane="
    shown = {}
    for plane in (1, 8):
        answer = await api.get(f"{url}{plane}")
        assert int(answer.headers["content-length"]) == len(answer.content)
        shown[plane], _ = decode(answer.content)
        assert shown[plane].shape == (300, 400)
        data = values()[divmod(plane - 1, 5)][::-1].astype(float)
        levels = (data - data.min()) / (data.max() - data.min()) * 255
        assert np.abs(shown[plane] - levels).max() <= 1
    small = await api.get(f"{url}8&size=40")
    assert max(decode(small.content)[0].shape) == 40
    assert not np.array_equal(shown[1], shown[8])
    tags = [(await api.get(f"{url}{p}")).headers["etag"] for p in (1, 8)]
    assert tags[0] != tags[1]


@pytest.mark.parametrize(
    ("plane", "status"),
    [("0", 422), ("-1", 422), ("x", 422), ("1.5", 422), ("11", 400), ("9" * 30, 422)],
)
@pytest.mark.parametrize("form", ["fits", "png"])
async def test_planes_that_are_not_there(
    api: httpx.AsyncClient, plane: str, status: int, form: str
) -> None:
    url = f"{CUBE.format(hdu=0)}/cutout?pos={SMALL}&format={form}&plane={plane}"
    answer = await api.get(url)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
