"""Objects over HTTP: merged and split by hand, and that undone."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.night import DEC, PLACE, RA, Night, decam_night, made

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def night(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Night]:
    async with decam_night(tmp_path_factory.mktemp("objects")) as opened:
        yield opened


async def test_a_split_is_seen_by_others_and_undone_by_them(night: Night) -> None:
    bob, eve = await night.client("bob"), await night.client("eve")
    single = {
        "science": ["timed~DEC-OBS04a.mini~0"],
        "reference": ["timed~DEC-OBS18a.mini~0"],
        "pos": f"CIRCLE {RA} {DEC} 0.003",
    }
    await made(bob, single)
    near = {"pos": PLACE, "survey": "timed"}
    first, *others = (await bob.get("/candidates", params=near)).json()["candidates"]
    assert others
    assert {one["object"] for one in others} == {first["object"]}
    changes = f"/objects/{first['object']}/changes"
    assert (await eve.get(changes)).json() == {"changes": [], "next": None}
    answer = await bob.post(changes, json={"split": [first["id"]]})
    assert answer.status_code == 201, answer.text
    change = answer.json()
    assert (change["kind"], change["candidates"]) == ("split", [first["id"]])
    new = (await eve.get(change["links"]["target"].removeprefix("/api/v1"))).json()
    assert [one["id"] for one in new["candidates"]] == [first["id"]]
    assert (await eve.get(changes)).json()["changes"] == [change]
    again = await eve.post(f"/objects/{new['id']}/changes", json={"split": ["x"]})
    assert again.status_code == 422
    undo = change["links"]["self"].removeprefix("/api/v1")
    assert (await eve.delete(undo)).status_code == 204
    assert (await bob.delete(undo)).status_code == 409
    assert (await bob.get(f"/objects/{new['id']}")).status_code == 404
    whole = (await bob.get(f"/objects/{first['object']}")).json()
    assert first["id"] in {one["id"] for one in whole["candidates"]}
    (told,) = (await bob.get(changes)).json()["changes"]
    assert told["undone_by"] == "eve"
    merged = await bob.post(changes, json={"merge": first["object"]})
    assert merged.status_code == 422
    both = {"merge": "x", "split": ["y"]}
    assert (await bob.post(changes, json=both)).status_code == 422
    guest = await night.client()
    assert (await guest.post(changes, json=both)).status_code == 422
    assert (await guest.post(changes, json={"merge": "x"})).status_code == 401
    assert (await guest.get(changes)).status_code == 401
