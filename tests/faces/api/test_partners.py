"""Cut-outs with their weights and masks, on real and made files, read by astropy."""

import csv
import io
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.table import Table
from astropy.wcs import WCS
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.app import caller, client
from tests.support.needs import shared_data
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Role
from gatewright.core.config import SurveySource
from gatewright.faces.api import face

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

RA, DEC = 150.1, 2.2
SIZE = (70, 60)


def planes() -> dict[str, Any]:
    """Return the pixels of an image, its uncertainty and its flags."""
    flags = np.zeros(SIZE[::-1], np.int32)
    flags[20:40, 30:50] = (1 << 30) + 5
    science = pixels(*SIZE, "f4")
    return {"SCI": science, "ERR": np.abs(science) / 7 + 1, "DQ": flags}


def made_files(folder: Path) -> list[SurveySource]:
    header, (science, sigma, flags) = tan_header(*SIZE, turn=0.3), planes().values()
    header["FILTER"], header["DATE-OBS"] = "g", "2021-03-10T05:00:00"
    for name in ("hst", "beside", "tables", "team"):
        (folder / name).mkdir()
    hdus = [fits.PrimaryHDU()]
    for name, data in planes().items():
        hdus.append(fits.ImageHDU(data, header, name))
    write(folder / "hst" / "one_flt.fits", *hdus)
    beside = folder / "beside"
    unsigned = fits.ImageHDU(flags.astype(np.uint16), header)
    write(beside / "a.fits", fits.PrimaryHDU(science, header))
    write(beside / "a.variance.fits", fits.PrimaryHDU(sigma**2, header))
    write(beside / "a.wt.fits", fits.PrimaryHDU(sigma**-2, header))
    write(beside / "a.q.fits", fits.PrimaryHDU(), unsigned)
    write(beside / "alone.fits", fits.PrimaryHDU(science, header))
    other = fits.PrimaryHDU(np.ones((9, 9), "f4"), header)
    write(beside / "alone.weight.fits", other)
    write(folder / "team" / "a.fits", fits.PrimaryHDU(science, header))
    return [
        SurveySource(id="hst", images=str(folder / "hst")),
        SurveySource(id="beside", images=str(beside), kinds={"*.q.fits": "mask"}),
        SurveySource(id="team", images=f"{folder}/team/*", access=["eve"]),
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    surveys = made_files(tmp_path_factory.mktemp("sky"))
    async with sky_services(tmp_path_factory.mktemp("state"), surveys) as opened:
        yield opened


def read(data: bytes) -> fits.HDUList:
    """Return a FITS file that astropy finds without fault, read whole."""
    hdus = fits.open(io.BytesIO(data), lazy_load_hdus=False)
    hdus.verify("exception")
    return hdus


def same_place(cut: fits.Header, whole: fits.Header, corner: tuple[int, int]) -> None:
    """Assert that the WCS of a cut-out is the original's, moved by whole pixels."""
    x, y = np.meshgrid([0.0, 17.3, 40.0], [0.0, 9.9, 40.0])
    sky = WCS(cut).all_pix2world(x.ravel(), y.ravel(), 0)
    back = WCS(whole).all_world2pix(*sky, 0, tolerance=1e-9)
    np.testing.assert_allclose(back[0] - corner[0], x.ravel(), atol=1e-6)
    np.testing.assert_allclose(back[1] - corner[1], y.ravel(), atol=1e-6)


async def test_the_partners_of_an_image_are_extensions_of_one_file(
    api: httpx.AsyncClient,
) -> None:
    url = "/images/hst~one_flt~1/cutout"
    asked: dict[str, Any] = {"pos": f"CIRCLE {RA} {DEC} 0.0012", "partners": "true"}
    answer = await api.get(url, params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/fits"
    hdus = read(answer.content)
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "SCI", "ERR", "MSK"]
    assert {hdu.ver for hdu in hdus[1:]} == {1}
    alone = read((await api.get(url, params={**asked, "partners": "false"})).content)
    np.testing.assert_array_equal(hdus["SCI"].data, alone[0].data)
    wcs = WCS(alone[0].header)
    whole_wcs = WCS(tan_header(*SIZE, turn=0.3))
    x, y = whole_wcs.all_world2pix(*wcs.all_pix2world(0, 0, 0), 0)
    corner = (round(float(x)), round(float(y)))
    height, width = alone[0].data.shape
    part = (slice(corner[1], corner[1] + height), slice(corner[0], corner[0] + width))
    for name, whole in zip(("SCI", "ERR", "MSK"), planes().values(), strict=True):
        np.testing.assert_array_equal(hdus[name].data, whole[part])
        assert hdus[name].data.dtype.itemsize == whole.dtype.itemsize
        same_place(hdus[name].header, tan_header(*SIZE, turn=0.3), corner)
        assert hdus[name].header["FILTER"] == "g"


async def test_padded_masks_keep_their_flags_and_have_all_beyond_the_image(
    api: httpx.AsyncClient,
) -> None:
    header = tan_header(*SIZE, turn=0.3)
    place = WCS(header).all_pix2world(32, 3, 0)
    asked: dict[str, Any] = {"pos": f"CIRCLE {place[0]} {place[1]} 0", "pixels": 41}
    answer = await api.get(
        "/images/hst~one_flt~1/cutout", params={**asked, "partners": "true"}
    )
    hdus = read(answer.content)
    _, sigma, flags = planes().values()
    theirs = Cutout2D(flags, (32, 3), 41, mode="partial", fill_value=-1)
    assert hdus["MSK"].data.dtype == np.dtype(">i4")
    np.testing.assert_array_equal(hdus["MSK"].data, theirs.data)
    assert (1 << 30) + 5 in hdus["MSK"].data
    errors = Cutout2D(sigma, (32, 3), 41, mode="partial", fill_value=np.nan)
    np.testing.assert_array_equal(hdus["ERR"].data, errors.data)
    same_place(hdus["MSK"].header, header, (12, -17))
    # So are those of the mask by itself.
    (alone,) = read(
        (await api.get("/images/hst~one_flt~3/cutout", params=asked)).content
    )
    np.testing.assert_array_equal(alone.data, theirs.data)


async def test_partners_are_files_beside_it_by_the_survey_s_own_names(
    api: httpx.AsyncClient,
) -> None:
    asked: dict[str, Any] = {"pos": f"CIRCLE {RA} {DEC} 0", "pixels": 71}
    answer = await api.get(
        "/images/beside~a~0/cutout", params={**asked, "partners": "true"}
    )
    hdus = read(answer.content)
    assert [hdu.name for hdu in hdus[1:]] == ["SCI", "WHT", "VAR", "MSK"]
    inside = np.isfinite(hdus["SCI"].data)
    product = hdus["WHT"].data[inside] * hdus["VAR"].data[inside]
    np.testing.assert_allclose(product, 1, rtol=1e-5)
    assert 0 < inside.sum() < inside.size
    assert np.array_equal(np.isfinite(hdus["VAR"].data), inside)
    # Unsigned integers of FITS, with an offset.
    assert hdus["MSK"].data.dtype.kind == "u"
    assert set(np.unique(hdus["MSK"].data[~inside])) == {65535}
    assert set(np.unique(hdus["MSK"].data[inside])) == {0, 5}


async def test_an_image_without_partners_is_alone_in_its_file(
    api: httpx.AsyncClient,
) -> None:
    asked = {"pos": f"CIRCLE {RA} {DEC} 0.001", "partners": "true"}
    hdus = read((await api.get("/images/beside~alone~0/cutout", params=asked)).content)
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "SCI"]


async def test_the_entity_tag_depends_on_partners(api: httpx.AsyncClient) -> None:
    url = "/images/hst~one_flt~1/cutout"
    asked = {"pos": f"CIRCLE {RA} {DEC} 0.001"}
    tags = [
        (await api.get(url, params={**asked, "partners": one})).headers["etag"]
        for one in ("true", "false")
    ]
    assert tags[0] != tags[1]
    same = {"If-None-Match": tags[0]}
    answer = await api.get(url, params={**asked, "partners": "true"}, headers=same)
    assert answer.status_code == 304


LEGACY: dict[str, Any] = {"pos": "CIRCLE 110.312 23.920 0", "survey": "legacypipe"}
KINDS = {"SCI": "ooi", "WHT": "oow", "MSK": "ood"}


def legacy(image: str, extension: str) -> tuple[Any, fits.Header]:
    """Return the pixels and header of the original file of an extension."""
    folder = shared_data("sky", "legacypipe_decam")
    name = image.split("~")[-2].replace("_ooi_", f"_{KINDS[extension]}_")
    (path,) = folder.rglob(f"{name}.fits")
    return fits.getdata(path, 1), fits.getheader(path, 1)


def is_what_was_cut(hdu: Any, image: str, side: int) -> None:
    """Assert that an extension is what astropy cuts of the survey's own file."""
    data, header = legacy(image, hdu.name)
    at = WCS(header).all_world2pix(110.312, 23.920, 0)
    fill = -1 if hdu.name == "MSK" else np.nan
    theirs = Cutout2D(data, at, side, mode="partial", fill_value=fill)
    np.testing.assert_array_equal(hdu.data, theirs.data)
    # An offset by whole pixels, of a distorted WCS.
    x, y = (int(np.floor(one + 0.5)) - side // 2 for one in at)
    same_place(hdu.header, header, (x, y))


async def test_an_archive_has_each_epoch_with_its_weight_and_mask(
    api: httpx.AsyncClient,
) -> None:
    shared_data("sky", "legacypipe_decam")
    asked = {**LEGACY, "pixels": 25, "partners": "true"}
    answer = await api.get("/cutouts", params=asked)
    assert answer.status_code == 200, answer.text
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        files = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    rows = list(csv.DictReader(io.StringIO(files.pop("index.csv").decode())))
    assert len(rows) == len(files) == 6
    for row in rows:
        hdus = read(files[row["file"]])
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "SCI", "WHT", "MSK"]
        for hdu in hdus[1:]:
            is_what_was_cut(hdu, row["image"], 25)
        weight, mask = row["partners"].split()
        assert "_oow_" in weight
        assert "_ood_" in mask


async def test_one_file_has_all_epochs_with_their_partners(
    api: httpx.AsyncClient,
) -> None:
    shared_data("sky", "legacypipe_decam")
    asked = {**LEGACY, "arcsec": 6, "partners": "true", "format": "mef"}
    answer = await api.get("/cutouts", params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/fits"
    hdus = read(answer.content)
    table = Table.read(hdus["INDEX"])
    assert len(table) == 6
    assert list(table["time"]) == sorted(table["time"])
    names = [(hdu.name, hdu.ver) for hdu in hdus[1:-1]]
    assert names == [
        (name, number) for number in range(1, 7) for name in ("SCI", "WHT", "MSK")
    ]
    for row in table:
        number = row["extver"]
        for name in KINDS:
            hdu = hdus[name, number]
            assert hdu.shape == (23, 23)
            is_what_was_cut(hdu, row["image"], 23)
    assert len({hdu.name for hdu in hdus}) == 5


async def test_one_file_says_why_where_an_image_has_no_pixels(tmp_path: Path) -> None:
    folder = tmp_path / "sky"
    folder.mkdir()
    for name in "abc":
        header = tan_header(*SIZE)
        header["DATE-OBS"] = f"2021-03-1{'abc'.index(name)}T05:00:00"
        image = fits.PrimaryHDU(pixels(*SIZE, "f4"), header)
        write(folder / f"{name}.fits", image)
    source = SurveySource(id="some", images=str(folder))
    asked: dict[str, Any] = {"pos": f"CIRCLE {RA} {DEC} 0", "format": "mef"}
    async with sky_services(tmp_path, [source]) as services:
        (folder / "b.fits").unlink()
        app, who = face.build(services), caller("bob", Role.GUEST)  # type: ignore[arg-type]
        async with client(app, services, who) as made:  # type: ignore[arg-type]
            answer = await made.get("/cutouts", params={**asked, "survey": "some"})
    hdus = read(answer.content)
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "SCI", "SCI", "INDEX"]
    rows = list(Table.read(hdus["INDEX"]))
    assert [row["extver"] for row in rows] == [1, 0, 2]
    assert [row["image"] for row in rows] == [f"some~{name}~0" for name in "abc"]
    assert [bool(row["reason"]) for row in rows] == [False, True, False]
    assert hdus["SCI", 2].header["DATE-OBS"] == "2021-03-12T05:00:00"
    assert hdus["SCI", 2].shape == (63, 63)


@pytest.mark.parametrize(
    ("url", "more", "words"),
    [
        ("/cutouts", {"format": "png"}, "format=fits or mef"),
        ("/cutouts", {"format": "apng"}, "format=fits or mef"),
        ("/images/hst~one_flt~1/cutout", {"format": "png"}, "format=fits"),
        ("/images/hst~one_flt~1/cutout", {"partners": "some"}, "partners"),
        ("/images/hst~one_flt~1/cutout", {"plane": "2"}, "plane"),
    ],
)
async def test_what_cannot_be_had_with_partners_is_refused(
    api: httpx.AsyncClient, url: str, more: dict[str, Any], words: str
) -> None:
    asked = {"pos": f"CIRCLE {RA} {DEC} 0", "partners": "true", **more}
    answer = await api.get(url, params=asked)
    assert answer.status_code in {400, 422}, answer.text
    assert words in answer.json()["detail"]


async def test_what_one_may_not_see_has_no_partners_either(
    api: httpx.AsyncClient,
) -> None:
    asked = {"pos": f"CIRCLE {RA} {DEC} 0", "partners": "true", "survey": "team"}
    assert (await api.get("/cutouts", params=asked)).status_code == 404
    del asked["survey"]
    answer = await api.get("/images/team~a~0/cutout", params=asked)
    assert answer.status_code == 404


async def test_the_partners_count_among_the_bytes_of_an_archive(
    api: httpx.AsyncClient,
) -> None:
    shared_data("sky", "legacypipe_decam")
    # Six images of 200x200 floats are within 2 MB, but not with their partners.
    asked = {**LEGACY, "pixels": 200}
    assert (await api.get("/cutouts", params=asked)).status_code == 200
    answer = await api.get("/cutouts", params={**asked, "partners": "true"})
    assert answer.status_code == 413, answer.text


async def test_a_file_of_partners_that_is_too_large_is_refused(
    api: httpx.AsyncClient,
) -> None:
    asked: dict[str, Any] = {"pos": f"CIRCLE {RA} {DEC} 0", "pixels": 700}
    url = "/images/hst~one_flt~1/cutout"
    assert (await api.get(url, params=asked)).status_code == 200
    answer = await api.get(url, params={**asked, "partners": "true"})
    assert answer.status_code == 413, answer.text
    assert answer.json()["estimate_bytes"] > answer.json()["limit_bytes"]
