"""The epochs of a place as one animated picture, aligned and dated."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image
from scipy.ndimage import center_of_mass
from tests.backends.fits.skies import tan_header, write
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

RA, DEC, SCALE = 150.1, 2.2, 0.26 / 3600
STAR = (RA - 6 * SCALE, DEC + 9 * SCALE)
EPOCHS = [(0.0, False), (0.7, False), (2.5, True), (4.0, False)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("sky")
    for number, (turn, flip) in enumerate(EPOCHS):
        header = tan_header(150, 140, turn=turn, flip=flip)
        header["CRPIX1"] += 0.3 * number
        wcs = WCS(header)
        y, x = np.indices((140, 150))
        column, row = wcs.all_world2pix([STAR], 0)[0]
        data = np.exp(-((x - column) ** 2 + (y - row) ** 2) / 12)
        if number != 2:
            header["DATE-OBS"] = f"2021-03-{number + 10}T05:00:00"
        header["FILTER"], header["EXPTIME"] = "g", 30.0
        write(folder / f"e{number}.fits", fits.PrimaryHDU(data.astype("f4"), header))
    table = folder / "times.csv"
    table.write_text("file,time\ne2.fits,2021-03-12T05:00:00\n", encoding="utf-8")
    made = SurveySource(id="made", images=f"{folder}/*.fits", times=table)
    far = SurveySource(id="far", images=f"{folder}/e0.f*", access=["eve"])
    async with sky_services(tmp_path_factory.mktemp("state"), [made, far]) as opened:
        yield opened


def asked(**more: Any) -> dict[str, Any]:
    pos = f"CIRCLE {RA} {DEC} 0"
    return {"pos": pos, "survey": "made", "format": "apng", "pixels": 81, **more}


def frames(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/apng"
    with Image.open(io.BytesIO(answer.content)) as picture:
        found = []
        for number in range(picture.n_frames):  # type: ignore[attr-defined]
            picture.seek(number)
            found.append(np.asarray(picture))
        return found


async def test_a_star_stays_where_it_is(api: httpx.AsyncClient) -> None:
    found = frames(
        await api.get("/cutouts", params=asked(stretch="linear", limits="0 100"))
    )
    assert len(found) == 4
    for levels in found:
        assert levels.shape == (81, 81)
        star = levels.astype(float)
        star[:20] = 0  # the date
        row, column = center_of_mass(np.where(star > 20, star, 0))
        # North is up, and west is right.
        assert (row, column) == pytest.approx((40 - 9, 40 + 6), abs=0.05)


async def test_each_epoch_has_its_date(api: httpx.AsyncClient) -> None:
    found = frames(await api.get("/cutouts", params=asked(pixels=160)))
    words = [levels[:22] for levels in found]
    for number, one in enumerate(words):
        assert (one[:, :70] > 150).any()
        assert all(not np.array_equal(one, other) for other in words[:number])
    # The assumed time is longer, as it says so.
    ends = [np.flatnonzero((one > 150).any(axis=0)).max() for one in words]
    assert ends[2] > max(ends[0], ends[1], ends[3]) + 20


async def test_a_circle_says_how_wide_it_is(api: httpx.AsyncClient) -> None:
    pos = f"CIRCLE {RA} {DEC} {81 * SCALE}"
    more = {"stretch": "linear", "limits": "0 100", "seconds": 0.1}
    answer = await api.get("/cutouts", params=asked(pos=pos, **more))
    for levels in frames(answer):
        star = np.where(levels > 20, levels.astype(float), 0)
        row, column = center_of_mass(star[20:60, 20:60])
        assert (row, column) == pytest.approx((20 - 4.5, 20 + 3), abs=0.1)
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.info["duration"] == 100


async def test_epochs_without_the_place_are_left_out(api: httpx.AsyncClient) -> None:
    shared_data("sky", "decam_mini")
    place = {"pos": "CIRCLE 318.108333 -66.015556 0", "survey": "decam_mini"}
    found = frames(await api.get("/cutouts", params=asked(**place, pixels=63)))
    assert len(found) == 10
    assert len({levels.tobytes() for levels in found}) == 10


async def test_epochs_that_cannot_be_shown_are_named_with_the_reason(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "sky"
    folder.mkdir()
    for number in range(3):
        header = tan_header(150, 140)
        header["DATE-OBS"] = f"2021-03-{number + 10}T05:00:00"
        header["FILTER"] = "g"
        data = np.full((140, 150), 1 + number, "f4")
        write(folder / f"e{number}.fits", fits.PrimaryHDU(data, header))
    survey = SurveySource(id="made", images=str(folder))
    async with sky_services(tmp_path, [survey]) as services:
        app, who = face.build(services), caller("bob", Role.GUEST)  # type: ignore[arg-type]
        async with client(app, services, who) as api:  # type: ignore[arg-type]
            whole = await api.get("/cutouts", params=asked())
            (folder / "e1.fits").unlink()
            answer = await api.get("/cutouts", params=asked())
            tar = await api.get("/cutouts", params=asked(format="fits"))
    assert len(frames(whole)) == 3
    assert whole.headers["gatewright-left-out"] == "0"
    assert len(frames(answer)) == 2
    assert answer.headers["gatewright-left-out"] == "1"
    assert tar.headers["gatewright-left-out"] == "1"
    with Image.open(io.BytesIO(answer.content)) as picture:
        (told,) = json.loads(picture.text["Left out"])  # type: ignore[attr-defined]
    assert told["image"] == "made~e1~0"
    assert told["time"].startswith("2021-03-11T05:00:00")
    assert told["band"] == "g"
    assert "file" in told["reason"]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"pos": "CIRCLE 10 10 0"}, 404),
        ({"survey": "far"}, 404),
        ({"seconds": "0"}, 422),
        ({"pos": f"CIRCLE {RA} {DEC} 40"}, 404),
    ],
)
async def test_what_cannot_be_shown_says_why(
    api: httpx.AsyncClient, more: dict[str, Any], status: int
) -> None:
    answer = await api.get("/cutouts", params=asked(**more))
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
