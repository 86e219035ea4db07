"""The JSON of many images, made of columns, is that of the images one by one."""

from collections.abc import AsyncIterator
from dataclasses import fields

import httpx
import msgspec
import pytest
import pytest_asyncio
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from tests.backends.fits.skies import pixels, tan_header, write
from tests.backends.sql.test_image_rows import IMAGES
from tests.support.skies import SkyServices, sky_services

from gatewright.core.config import SurveySource
from gatewright.domains.sky import Image, ImageTable
from gatewright.faces.api.image_answers import image_answer, image_columns, images_json


@given(st.lists(IMAGES, max_size=5), st.none() | st.text(), st.sampled_from(["", "/p"]))
def test_each_byte_is_the_same(
    images: list[Image], following: str | None, prefix: str
) -> None:
    columns = {f.name: [getattr(i, f.name) for i in images] for f in fields(Image)}
    one_by_one = [image_answer(image, prefix) for image in images]
    expected = msgspec.json.encode({"images": one_by_one, "next": following})
    assert (
        images_json(image_columns(ImageTable(columns), prefix), following) == expected
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("sky")
    for survey in ("a", "b", "eve's"):
        (folder / survey).mkdir()
        for number in range(6):
            header = tan_header(40, 30)
            header["OBJECT"] = f"field {number}, {survey}"
            if number != 5:
                header["DATE-OBS"] = f"2020-01-0{number + 1}T01:02:03.123"
                header["EXPTIME"] = 60.1
            name = f"n {number}.{'wt.' if number == 4 else ''}fits"
            frame = fits.PrimaryHDU(pixels(40, 30, "f4"), header)
            write(folder / survey / name, frame)
    sources = [
        SurveySource(
            id="a", images=f"{folder}/a/*.fits", kinds={"*.wt.fits": "weight"}
        ),
        SurveySource(id="b", images=f"{folder}/b/*.fits"),
        SurveySource(id="eves", images=f"{folder}/eve's/*.fits", access=["eve"]),
    ]
    async with sky_services(tmp_path_factory.mktemp("state"), sources) as opened:
        yield opened


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("limit", [1, 4, 100])
@pytest.mark.parametrize(
    "survey", ["survey=a&survey=b", "survey=a", "survey=b&survey=eves"]
)
async def test_a_list_has_what_each_image_says_of_itself(
    api: httpx.AsyncClient, limit: int, survey: str
) -> None:
    found, path = [], f"/images?kind=any&{survey}&limit={limit}"
    while path:
        answer = await api.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        page = answer.json()
        assert len(page["images"]) <= limit
        found += page["images"]
        link = answer.headers.get("link", "")
        assert bool(link) == bool(page["next"])
        assert (page["next"] or "") in link
        path = link[link.find("/images") : link.find(">")] if link else ""
    assert {one["survey"] for one in found} <= {"a", "b"}
    assert len(found) == (12 if "a&" in survey else 6)
    for image in found:
        alone = (await api.get(image["links"]["self"].removeprefix("/api/v1"))).json()
        assert image == alone
    times = [image["t_min"] or 1e300 for image in found]
    assert times == sorted(times)


@pytest.mark.asyncio(loop_scope="module")
async def test_what_one_may_not_see_is_in_no_list(api: httpx.AsyncClient) -> None:
    answer = await api.get("/images?survey=eves")
    assert answer.json() == {"images": [], "next": None}
