"""Pictures of one image in colours, against matplotlib's tables of the same names."""

import io
from collections.abc import AsyncIterator
from typing import Any, get_args

import httpx
import matplotlib as mpl
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from PIL import Image
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.skies import SkyServices, sky_services

from gatewright.core.config import SurveySource
from gatewright.domains.sky import ColourMap

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = {"gray", "viridis", "magma", "inferno", "cividis"}
CUT = "/images/made~a~0/cutout"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("sky")
    for name in "ab":
        image = fits.PrimaryHDU(pixels(90, 80, "f4"), tan_header(90, 80))
        write(folder / f"{name}.fits", image)
    made = SurveySource(id="made", images=f"{folder}/*.fits")
    async with sky_services(tmp_path_factory.mktemp("state"), [made]) as opened:
        yield opened


def asked(**more: Any) -> dict[str, Any]:
    return {"pos": "CIRCLE 150.1 2.2 0.002", "format": "png", **more}


async def drawn(api: httpx.AsyncClient, url: str, **more: Any) -> Any:
    """Return the pixels of a picture, as levels if it is grey, else as colours."""
    picture = await opened(api, url, **more)
    return np.asarray(picture if picture.mode == "L" else picture.convert("RGB"))


async def opened(api: httpx.AsyncClient, url: str, **more: Any) -> Image.Image:
    """Return a picture as Pillow reads it."""
    answer = await api.get(url, params=asked(**more))
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


@pytest.mark.parametrize("name", get_args(ColourMap))
async def test_a_picture_has_the_colours_of_its_map(
    api: httpx.AsyncClient, name: str
) -> None:
    grey = await drawn(api, CUT)
    assert grey.ndim == 2
    assert len(np.unique(grey)) > 100
    found = await drawn(api, CUT, cmap=name)
    if name.startswith("gray"):
        assert np.array_equal(found, 255 - grey if name.endswith("_r") else grey)
    else:
        wanted = mpl.colormaps[name](grey, bytes=True)[..., :3]
        np.testing.assert_array_equal(found, wanted)


async def test_a_picture_in_a_colour_map_holds_its_levels_and_a_palette(
    api: httpx.AsyncClient,
) -> None:
    """A byte of each pixel is compressed, not three."""
    grey = await drawn(api, CUT)
    picture = await opened(api, CUT, cmap="viridis")
    assert picture.mode == "P"
    assert "transparency" not in picture.info
    np.testing.assert_array_equal(np.asarray(picture), grey)
    assert picture.info["Source"] == "a.fits"
    smaller = await opened(api, CUT, cmap="viridis", size=20)
    assert (smaller.mode, smaller.size) == ("P", (20, 20))
    marked = await opened(api, CUT, cmap="viridis", marks="true")
    assert marked.mode == "RGB"


async def test_the_maps_are_those_of_the_field_and_each_is_reversed_too() -> None:
    assert set(get_args(ColourMap)) == NAMES | {f"{name}_r" for name in NAMES}


@pytest.mark.parametrize(("form", "error"), [("webp", 0), ("jpeg", 12)])
async def test_other_forms_have_the_colours_too(
    api: httpx.AsyncClient, form: str, error: int
) -> None:
    grey = await drawn(api, CUT)
    wanted = mpl.colormaps["magma"](grey, bytes=True)[..., :3].astype(int)
    found = await drawn(api, CUT, cmap="magma", format=form)
    assert np.abs(found - wanted).mean() <= error


async def test_marks_are_white_and_dark_on_colours(api: httpx.AsyncClient) -> None:
    plain = await drawn(api, CUT, cmap="viridis")
    marked = await drawn(api, CUT, cmap="viridis", marks="true")
    changed = marked[(plain != marked).any(axis=-1)]
    assert (changed == 255).all(axis=-1).any()
    assert (changed == 0).all(axis=-1).any()


async def test_all_epochs_have_the_colours(api: httpx.AsyncClient) -> None:
    more: dict[str, Any] = {
        "format": "apng",
        "survey": "made",
        "pixels": 41,
        "pos": "150.1,2.2,0",
    }
    frames = []
    for name in ("gray", "inferno"):
        answer = await api.get("/cutouts", params={**more, "cmap": name})
        assert answer.status_code == 200, answer.text
        with Image.open(io.BytesIO(answer.content)) as film:
            assert getattr(film, "n_frames", 1) == 2
            film.seek(1)
            frames.append(np.asarray(film))
    # The words with the date, above, are white in both pictures.
    grey, coloured = (frame[20:] for frame in frames)
    wanted = mpl.colormaps["inferno"](grey, bytes=True)[..., :3]
    np.testing.assert_array_equal(coloured, wanted)


@pytest.mark.parametrize("url", [CUT, "/cutouts", "/differences/x/image"])
@pytest.mark.parametrize("name", ["jet", "Viridis", "", "viridis_r_r"])
async def test_an_unknown_map_is_refused_with_the_names_of_those_there_are(
    api: httpx.AsyncClient, url: str, name: str
) -> None:
    answer = await api.get(url, params={**asked(), "cmap": name})
    if url.startswith("/differences"):
        answer = await api.get(url, params={"format": "png", "cmap": name})
    assert answer.status_code == 422, answer.text
    detail = answer.json()["detail"]
    assert "cmap" in detail
    for known in get_args(ColourMap):
        assert f"'{known}'" in detail


@pytest.mark.parametrize(
    ("url", "form"), [(CUT, "fits"), ("/cutouts", "fits"), ("/cutouts", "mef")]
)
@pytest.mark.parametrize(
    "look",
    [
        {"cmap": "viridis"},
        {"cmap": "gray"},
        {"stretch": "log"},
        {"limits": "zscale"},
        {"marks": "true"},
        {"cmap": "viridis", "stretch": "asinh"},
    ],
)
async def test_fits_pixels_have_no_look(
    api: httpx.AsyncClient, url: str, form: str, look: dict[str, str]
) -> None:
    plain = {"pos": asked()["pos"], "format": form}
    assert (await api.get(url, params=plain)).status_code == 200
    assert (await api.get(url, params={**plain, "marks": "false"})).status_code == 200
    answer = await api.get(url, params={**plain, **look})
    assert answer.status_code == 400, answer.text
    named = " and ".join(f"“{name}”" for name in sorted(look, reverse=True))
    assert answer.json()["detail"].startswith(f"{named} change pictures")


async def test_how_long_epochs_are_shown_is_for_animated_pictures(
    api: httpx.AsyncClient,
) -> None:
    plain = {"pos": asked()["pos"], "format": "png", "seconds": "1"}
    answer = await api.get("/cutouts", params=plain)
    assert answer.status_code == 400
    assert "apng" in answer.json()["detail"]


async def test_a_picture_in_other_colours_has_another_entity_tag(
    api: httpx.AsyncClient,
) -> None:
    tags = [
        (await api.get(CUT, params=asked(cmap=name))).headers["etag"]
        for name in ("gray", "viridis", "viridis_r")
    ]
    assert len(set(tags)) == 3
