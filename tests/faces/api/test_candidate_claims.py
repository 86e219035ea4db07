"""Candidates that are handed out to vote on: two people are not given the same."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.support.night import Night, decam_night

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def night(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Night]:
    async with decam_night(tmp_path_factory.mktemp("claims")) as opened:
        yield opened


async def given(api: httpx.AsyncClient, limit: int = 2) -> list[Any]:
    answer = await api.post(
        "/candidates/claims", json={"survey": ["timed"], "limit": limit}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["seconds"] > 60
    found: list[Any] = answer.json()["candidates"]
    return found


async def test_two_people_work_through_one_list(night: Night) -> None:
    bob, eve = await night.client("bob"), await night.client("eve")
    every = {"survey": "timed", "unscanned": "true", "limit": "1000"}
    listed = (await bob.get("/candidates", params=every)).json()["candidates"]
    wanted = [one["id"] for one in listed]
    done: list[str] = []
    while True:
        of_bob, of_eve = await given(bob), await given(eve)
        names = [one["id"] for one in (*of_bob, *of_eve)]
        assert len(names) == len(set(names))
        if not names:
            break
        for person, some in ((bob, of_bob), (eve, of_eve)):
            for one in some:
                place = f"/candidates/{one['id']}/votes"
                voted = await person.post(place, json={"vote": "bogus"})
                assert voted.status_code == 201
                done.append(one["id"])
    assert sorted(done) == sorted(wanted)
    assert done[0] == wanted[0]
    for name in done:
        for person in (bob, eve):
            await person.delete(f"/candidates/{name}/votes")


async def test_nobody_is_given_what_another_undoes_and_looks_at_again(
    night: Night,
) -> None:
    bob, eve = await night.client("bob"), await night.client("eve")
    first = (await given(bob, 1))[0]["id"]
    place = f"/candidates/{first}/votes"
    assert (await bob.post(place, json={"vote": "bogus"})).status_code == 201
    assert (await bob.delete(place)).status_code == 204
    assert first not in {one["id"] for one in await given(eve)}
    assert (await given(bob, 1))[0]["id"] == first
    await bob.delete("/candidates/claims")
    assert (await given(eve, 1))[0]["id"] == first
    await eve.delete("/candidates/claims")


async def test_what_is_handed_out_has_all_that_one_looks_at(night: Night) -> None:
    bob, eve = await night.client("bob"), await night.client("eve")
    (one,) = await given(bob, 1)
    detail = (await bob.get(f"/candidates/{one['id']}")).json()
    assert {name: one[name] for name in detail} == detail
    assert one["comments"] == []
    assert [past["id"] for past in one["history"]] == [one["id"]]
    assert one["history"][0]["time_assumed"]
    comment = f"/candidates/{one['id']}/comments"
    written = (await eve.post(comment, json={"text": "Near a spike."})).json()
    assert (await given(bob, 1))[0]["comments"] == [written]
    assert (await bob.delete("/candidates/claims")).status_code == 204
    assert (await given(eve, 1))[0]["id"] == one["id"]
    assert (await given(bob, 1))[0]["id"] != one["id"]
    # Whoever wants it asks for it by name.
    assert (await bob.get(f"/candidates/{one['id']}")).status_code == 200
    for person in (bob, eve):
        await person.delete("/candidates/claims")


@pytest.mark.parametrize("body", [{"limit": 0}, {"limit": 21}, {"min_score": 1}])
async def test_another_claim_is_refused(night: Night, body: dict[str, Any]) -> None:
    bob = await night.client("bob")
    answer = await bob.post("/candidates/claims", json=body)
    assert answer.status_code == 422


async def test_a_visitor_is_handed_nothing(night: Night) -> None:
    guest = await night.client()
    assert (await guest.post("/candidates/claims", json={})).status_code == 401
    assert (await guest.delete("/candidates/claims")).status_code == 401
