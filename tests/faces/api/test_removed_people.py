"""Who gets the name of a removed account is not taken for its former person."""

from pathlib import Path

from tests.support.identity import own_identity
from tests.support.whole import GUEST, OTHER, OWNER, whole

from gatewright.domains.discovery import Finding, Origin
from gatewright.domains.identity import operator

API = "/api/v1"
PLACE = f"{API}/candidates/d-1.1"


async def test_what_a_removed_person_said_stays_theirs(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    survey = {
        "id": "night",
        "images": f"{tmp_path}/images/*.fits",
        "access": "public",
    }
    async with whole(tmp_path, {"surveys": [survey]}) as gateway:
        finding = Finding(1, 10.0, 20.0, 1.0, 1.0, 9.0, 1.0, 1.0)
        discovery = gateway.services.images.discovery
        await discovery.record(Origin("d-1", ["night"]), [finding])
        first, other = await gateway.client(GUEST), await gateway.client(OTHER)
        vote = await first.post(f"{PLACE}/votes", json={"vote": "real"})
        assert vote.is_success, vote.text
        comment = await first.post(f"{PLACE}/comments", json={"text": "Bright."})
        label = await first.post(f"{PLACE}/labels", json={"class": "SN Ia"})
        mine = {"where": "snr > 8"}
        assert (await first.put(f"{API}/filters/mine", json=mine)).status_code == 201
        users, admin = own_identity(gateway.services).users, operator(OWNER)
        await users.remove(admin, GUEST)
        await users.add(admin, GUEST, "another long password")
        anew = await gateway.client(GUEST)
        (kept,) = (await anew.get(f"{PLACE}/votes")).json()["votes"]
        assert kept["person"].startswith(f"{GUEST} (removed 2")
        assert kept["vote"] == "real"
        assert (await anew.get(PLACE)).json()["mine"] is None
        (words,) = (await anew.get(f"{PLACE}/comments")).json()["comments"]
        (given,) = (await anew.get(f"{PLACE}/labels")).json()["labels"]
        assert {words["person"], given["person"]} == {kept["person"]}
        for path in (
            f"comments/{comment.json()['id']}",
            f"labels/{label.json()['id']}",
        ):
            assert (await anew.delete(f"{PLACE}/{path}")).status_code == 404
        assert (await anew.get(f"{API}/filters/mine")).status_code == 404
        assert (await anew.get(f"{API}/filters")).json()["filters"] == []
        again = await anew.post(f"{PLACE}/votes", json={"vote": "bogus"})
        assert again.is_success, again.text
        counted = (await other.get(PLACE)).json()["votes"]
        assert (counted["real"], counted["bogus"]) == (1, 1)
        await anew.delete(f"{PLACE}/votes")
        listed = (await other.get(f"{PLACE}/votes")).json()["votes"]
        assert listed == [kept]
