"""The ten DECam frames by URL: from a search to a discovery that two vote on."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio
from tests.support.night import PLACE, Night, decam_night, made

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

DIPOLE = (60, 181)
"""Column and row of the dipole, counted from 1."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def night(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Night]:
    async with decam_night(tmp_path_factory.mktemp("discovery")) as opened:
        yield opened


async def test_from_a_search_to_a_discovery(night: Night) -> None:
    bob, eve = await night.client("bob"), await night.client("eve")
    found = await bob.get("/images", params={"survey": "timed", "pos": PLACE})
    images = found.json()["images"]
    assert len(images) == 10
    assert all(image["time_assumed"] for image in images)

    sides = {}
    for side, day in (("science", "2018-08-10"), ("reference", "2018-08-24")):
        night_of = {"survey": "timed", "time": day}
        body = {"images": night_of, "method": "clipped"}
        coadd = await made(bob, body, "/coadds")
        assert len(coadd["report"]["side"]["images"]) == 5
        sides[side] = {"coadd": coadd["id"]}
    difference = await made(bob, sides)
    assert difference["report"]["psf"]["science"]["stars"] > 3

    asked = {"difference": difference["id"]}
    whole = (await bob.get("/candidates", params=asked)).json()["candidates"]
    near = {**asked, "pos": PLACE}
    (one,) = (await bob.get("/candidates", params=near)).json()["candidates"]
    assert one["snr"] > 8
    assert one["reason"] is None
    # The time of a coadd is the mean of its frames', and told as assumed as theirs.
    assert one["time"].startswith("2018-08-10T05:02:00")
    assert one["time_assumed"]
    dipole = []
    for other in whole:
        detail = (await bob.get(f"/candidates/{other['id']}")).json()
        column, row = detail["x"] + 1, detail["y"] + 1
        if np.hypot(column - DIPOLE[0], row - DIPOLE[1]) < 14:
            dipole.append(other)
    assert dipole
    assert all(other["reason"] is not None for other in dipole)

    start = await night.services.events.start(None)
    for person, other in ((bob, eve), (eve, bob)):
        voted = await person.post(
            f"/candidates/{one['id']}/votes", json={"vote": "real"}
        )
        assert voted.status_code == 201, voted.text
        seen = (await other.get(f"/candidates/{one['id']}")).json()
        assert seen["votes"] == voted.json()["votes"]
    hub = night.services.events
    told = []
    async with asyncio.timeout(60):
        async for event in hub.follow(owner="sky:candidates", after=start):
            told += [] if event is None else [event.data["votes"]]
            if len(told) == 2:
                break
    assert [votes["real"] for votes in told] == [1, 2]  # type: ignore[index]

    curve = await bob.get(
        f"/objects/{one['object']}/lightcurve", params={"survey": "timed"}, timeout=120
    )
    points = curve.json()["points"]
    assert len(points) == 10
    assert all(point["time_assumed"] for point in points)
    flux = np.array([point["flux"] for point in points])
    error = np.array([point["flux_error"] for point in points])
    early, late = flux[:5], flux[5:]
    step = early.mean() - late.mean()
    assert step / (np.sqrt((error**2).sum()) / 5) > 8


async def test_a_coadd_hides_what_is_made_of_it_as_its_images_do(night: Night) -> None:
    """A coadd of two surveys is seen by who sees both, and so is its difference."""
    eve, bob = await night.client("eve"), await night.client("bob")
    both = ["decam_mini~DEC-OBS04a.mini~0", "team~DEC-OBS04b.mini~0"]
    coadd = await made(eve, {"images": both}, "/coadds")
    body = {
        "science": {"coadd": coadd["id"]},
        "reference": ["decam_mini~DEC-OBS18a.mini~0"],
    }
    own = await made(eve, body)
    assert (await bob.get(f"/coadds/{coadd['id']}")).status_code == 404
    assert (await bob.get(f"/differences/{own['id']}")).status_code == 404
    asked = {"difference": own["id"]}
    found = (await eve.get("/candidates", params=asked)).json()["candidates"]
    assert {tuple(one["surveys"]) for one in found} == {("decam_mini", "team")}
    assert (await bob.get("/candidates", params=asked)).json()["candidates"] == []
