"""Maps of where a survey's images are, over HTTP, with real reader processes."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import numpy as np
import pytest
import pytest_asyncio
import shapely  # type: ignore[import-untyped]
from astropy.io import fits
from astropy.wcs import WCS
from matplotlib import colormaps
from PIL import Image as Picture
from tests.backends.fits.skies import write
from tests.support.app import caller, client
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import visitor
from gatewright.core.config import SurveySource
from gatewright.faces.api import face

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

SIDE = 0.5
SEAM = [(359.9, 0.0, "g", 1), (0.1, 0.0, "g", 2), (0.1, 0.2, "r", 3)]
"""Right ascension, declination, filter and day of images beside the 0 meridian."""


def image(
    folder: Path, name: str, place: tuple[float, float, str, int], side: float = SIDE
) -> None:
    """Write an image of some degrees, along the tangent plane at its middle."""
    ra, dec, band, day = place
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [ra, dec], [10.5, 10.5]
    wcs.wcs.cdelt = [-side / 20, side / 20]
    header = wcs.to_header()
    header["FILTER"], header["EXPTIME"] = band, 60.0
    header["DATE-OBS"] = f"2020-01-{day:02}T00:00:00"
    folder.mkdir(exist_ok=True)
    write(folder / f"{name}.fits", fits.PrimaryHDU(np.zeros((20, 20), "f4"), header))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("sky")
    for number, place in enumerate(SEAM):
        image(folder / "seam", f"s{number}", place)
    for number in range(6):
        image(folder / "pole", f"p{number}", (60.0 * number, 89.8, "i", 1))
    for number, ra in enumerate((0, 90, 180, 270)):
        image(folder / "sky", f"a{number}", (ra, 10.0 * number, "V", 1))
    for number, ra in enumerate((3, 123, 243)):
        image(folder / "specks", f"d{number}", (ra, 5.0, "V", 1), 0.001)
    image(folder / "team", "t", (10.0, 10.0, "g", 1))
    surveys = [
        SurveySource(id="seam", images=f"{folder}/seam/*.fits", title="A <b>seam</b>"),
        SurveySource(id="pole", images=f"{folder}/pole/*.fits"),
        SurveySource(id="sky", images=f"{folder}/sky/*.fits"),
        SurveySource(id="specks", images=f"{folder}/specks/*.fits"),
        SurveySource(id="nothing", images=f"{folder}/absent/*.fits"),
        SurveySource(id="team", images=f"{folder}/team/*.fits", access=["eve"]),
    ]
    async with sky_services(folder, surveys) as opened:
        yield opened


def overlap(places: list[tuple[float, float, str, int]]) -> dict[int, float]:
    """Return the area by number of images, by shapely, in the plane at RA 0, Dec 0.

    So near the tangent point, a square degree of the plane is one of the sky to 1e-4.
    """
    boxes = [
        shapely.box(*(x - SIDE / 2, dec - SIDE / 2, x + SIDE / 2, dec + SIDE / 2))
        for ra, dec, *_ in places
        for x in [(ra + 180) % 360 - 180]
    ]
    parts = shapely.get_parts(
        shapely.node(shapely.union_all([b.boundary for b in boxes]))
    )
    areas: dict[int, float] = {}
    for cell in shapely.get_parts(shapely.polygonize(parts)):
        depth = sum(box.contains(cell.representative_point()) for box in boxes)
        areas[depth] = areas.get(depth, 0.0) + cell.area
    return areas


async def numbers(
    api: httpx.AsyncClient, survey: str, **query: str
) -> dict[str, object]:
    asked = {"format": "json", **query}
    answer = await api.get(f"/surveys/{survey}/coverage", params=asked)
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


def depths(told: dict[str, object]) -> dict[int, float]:
    found = told["depths"]
    assert isinstance(found, list)
    return {one["images"]: one["area"] for one in found}


async def test_the_areas_of_overlaps_across_right_ascension_0(
    api: httpx.AsyncClient,
) -> None:
    told = await numbers(api, "seam")
    assert depths(told) == pytest.approx(overlap(SEAM), rel=0.01)
    assert told["most"] == 3
    assert told["area"] == pytest.approx(sum(overlap(SEAM).values()), rel=0.01)
    assert told["whole_sky"] is False
    assert told["counted"] == "outlines"
    assert told["images"] == 3
    assert told["bands"] == {"g": 2, "r": 1}
    assert told["text"] == "3 images in g and r, from 2020-01-01 to 2020-01-03."
    ra = told["ra"]
    assert isinstance(ra, float)
    assert (ra + 180.0) % 360.0 == pytest.approx(180.0, abs=0.02)


async def test_a_band_and_a_time_choose_images(api: httpx.AsyncClient) -> None:
    green = await numbers(api, "seam", band="g")
    assert depths(green) == pytest.approx(overlap(SEAM[:2]), rel=0.01)
    assert green["text"] == "2 images in g, from 2020-01-01 to 2020-01-02."
    late = await numbers(api, "seam", time="2020-01-02/2020-01-03")
    assert depths(late) == pytest.approx(overlap(SEAM[1:]), rel=0.01)
    one = await numbers(api, "seam", band="r", time="2020-01-03")
    assert one["text"] == "1 image in r, of 2020-01-03."
    none = await numbers(api, "seam", kind="mask")
    assert (none["images"], none["depths"], none["text"]) == (0, [], "No images.")


async def test_the_picture_has_the_colour_of_each_number(
    api: httpx.AsyncClient,
) -> None:
    answer = await api.get("/surveys/seam/coverage")
    assert answer.headers["content-type"] == "image/png"
    picture = Picture.open(io.BytesIO(answer.content))
    assert picture.text["Title"] == "A <b>seam</b>"  # type: ignore[attr-defined]
    pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    colours = (
        np.array([colormaps["viridis"](n / 3)[:3] for n in (1, 2, 3)]) * 255
    ).round()
    shown = [(np.abs(pixels - colour).max(axis=1) <= 1).sum() for colour in colours]
    areas = overlap(SEAM)
    for number in (1, 2):  # lines of coordinates and outlines cover some of each
        share = shown[number - 1] / shown[number]
        assert share == pytest.approx(areas[number] / areas[number + 1], rel=0.15)


async def test_east_is_left_and_north_is_up(api: httpx.AsyncClient) -> None:
    answer = await api.get("/surveys/seam/coverage", params={"time": "2020-01-03"})
    both = await api.get("/surveys/seam/coverage")
    assert answer.content != both.content
    pixels = np.asarray(Picture.open(io.BytesIO(both.content)).convert("RGB"))
    area = pixels[62:-118, 92:-56]  # the map without what is written about it
    most = np.array(colormaps["viridis"](1.0)[:3]) * 255
    rows, columns = np.nonzero(np.abs(area - most).max(axis=2) <= 1)
    # All three overlap north of the equator and between the middles, east of the mean.
    first = np.array(colormaps["viridis"](1 / 3)[:3]) * 255
    one_rows, one_columns = np.nonzero(np.abs(area - first).max(axis=2) <= 1)
    assert columns.mean() < area.shape[1] * 0.6
    # What one image covers alone: the north-east corner of the third, and the west.
    north = one_rows < np.percentile(one_rows, 20)
    assert one_columns[north].mean() < columns.mean()
    assert one_columns.max() > columns.max()
    assert rows.min() > one_rows.min()


async def test_a_pole_is_no_seam(api: httpx.AsyncClient) -> None:
    told = await numbers(api, "pole")
    # Each of the six squares, turned by 60 degrees, holds the pole.
    assert told["most"] == 6
    assert told["dec"] == pytest.approx(90.0, abs=0.01)
    squares = []
    for turn in np.radians(60.0 * np.arange(6)):
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * SIDE / 2 + (0.0, 0.2)
        across, up = corners.T
        c, s = np.cos(turn), np.sin(turn)
        squares.append(
            shapely.Polygon(np.column_stack([across * c - up * s, across * s + up * c]))
        )
    whole = shapely.union_all(squares).area
    assert told["area"] == pytest.approx(whole, rel=0.01)
    assert depths(told)[6] == pytest.approx(
        shapely.intersection_all(squares).area, rel=0.05
    )


async def test_a_survey_all_over_the_sky(api: httpx.AsyncClient) -> None:
    told = await numbers(api, "sky")
    assert told["whole_sky"] is True
    assert told["images"] == 4
    assert told["area"] == pytest.approx(
        4 * SIDE**2, rel=0.3
    )  # squares of 0.24 degrees
    picture = await api.get("/surveys/sky/coverage")
    pixels = np.asarray(Picture.open(io.BytesIO(picture.content)).convert("RGB"))
    full = np.array(colormaps["viridis"](1.0)[:3]) * 255
    found = np.abs(pixels[:450].astype(float) - full).max(axis=2) <= 1
    assert found.sum() >= 4


async def test_images_too_small_for_their_map_are_dots_without_an_area(
    api: httpx.AsyncClient,
) -> None:
    told = await numbers(api, "specks")
    assert told["whole_sky"] is True
    assert told["images"] == 3
    assert (told["most"], told["area"], told["depths"]) == (None, None, [])
    picture = await api.get("/surveys/specks/coverage")
    pixels = np.asarray(Picture.open(io.BytesIO(picture.content)).convert("RGB"))
    full = np.array(colormaps["viridis"](1.0)[:3]) * 255
    found = np.abs(pixels[:450].astype(float) - full).max(axis=2) <= 1
    assert found.sum() >= 3 * 20


async def test_a_survey_without_images_says_so(api: httpx.AsyncClient) -> None:
    told = await numbers(api, "nothing")
    assert (told["images"], told["most"], told["area"], told["depths"]) == (0, 0, 0, [])
    answer = await api.get("/surveys/nothing/coverage", params={"format": "svg"})
    assert answer.status_code == 200
    assert "no images" in answer.text


async def test_an_svg_is_a_file_to_save_whose_words_are_words(
    api: httpx.AsyncClient,
) -> None:
    answer = await api.get("/surveys/seam/coverage", params={"format": "svg"})
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-disposition"].startswith("attachment")
    root = ET.fromstring(answer.content)  # our own
    words = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "A <b>seam</b>" in words
    assert "Right ascension (ICRS, degrees), increasing to the left" in words
    assert not [one for one in root.iter() if one.tag.endswith("script")]


async def test_a_map_that_has_not_changed_is_not_sent_again(
    api: httpx.AsyncClient,
) -> None:
    first = await api.get("/surveys/pole/coverage")
    headers = {"If-None-Match": first.headers["etag"]}
    assert (await api.get("/surveys/pole/coverage", headers=headers)).status_code == 304


async def test_a_survey_of_others_has_no_map(services: Any) -> None:
    app = face.build(services)
    for form in ("png", "svg", "json"):
        url = f"/surveys/team/coverage?format={form}"
        async with client(app, services, visitor()) as api:
            assert (await api.get(url)).status_code == 404
        async with client(app, services, caller("eve")) as api:
            assert (await api.get(url)).status_code == 200


async def test_what_is_no_band_time_or_form_is_refused(api: httpx.AsyncClient) -> None:
    for query in ({"time": "noon"}, {"kind": "art"}, {"format": "gif"}, {"pos": "1 2"}):
        answer = await api.get("/surveys/seam/coverage", params=query)
        assert answer.status_code in {400, 422}, answer.text
    assert (await api.get("/surveys/absent/coverage")).status_code == 404
