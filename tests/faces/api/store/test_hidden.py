"""Keys of documents that one may not read are not told by what one may not write."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.support.whole import GUEST, OTHER, OWNER, Whole, whole

URL = "/api/v1/store/private"
MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path) as opened:
        client = await opened.client(OWNER)
        for key in ("shown", "secret"):
            assert (await client.put(f"{URL}/{key}", json=1)).status_code == 201
        readers = {"users": {OTHER: "read"}}
        shared = await client.put(f"{URL}/shown/permissions", json=readers)
        assert shared.is_success
        yield opened


async def told(client: httpx.AsyncClient, key: str) -> list[tuple[int, str]]:
    answers = [
        await client.get(f"{URL}/{key}"),
        await client.put(f"{URL}/{key}", json=2),
        await client.put(f"{URL}/{key}", json=2, headers={"If-Match": "*"}),
        await client.put(f"{URL}/{key}", json=2, headers={"If-None-Match": "*"}),
        await client.patch(f"{URL}/{key}", content="{}", headers=MERGE),
        await client.delete(f"{URL}/{key}"),
        await client.post(f"{URL}/bulk", json={"documents": {key: 2}}),
        await client.put(f"{URL}/{key}/permissions", json={"everyone": "read"}),
    ]
    return [(answer.status_code, answer.json()["detail"]) for answer in answers]


@pytest.mark.parametrize("who", [GUEST, OTHER])
async def test_a_hidden_key_is_as_one_that_is_not_there(
    gateway: Whole, who: str
) -> None:
    """For who may read nothing of the collection, and for who may read a part."""
    client = await gateway.client(who)
    hidden, absent = await told(client, "secret"), await told(client, "absent")
    assert hidden == absent
    assert {status for status, _ in hidden} <= {403, 404}
    owner = await gateway.client(OWNER)
    assert (await owner.get(f"{URL}/secret")).json() == 1
    assert (await owner.get(f"{URL}/absent")).status_code == 404


async def test_who_may_write_still_may(gateway: Whole) -> None:
    owner = await gateway.client(OWNER)
    writers = {"permissions": {"users": {GUEST: "write"}}}
    assert (await owner.put(URL, json=writers)).is_success
    nobody = await owner.put(f"{URL}/secret/permissions", json={"users": {}})
    assert nobody.is_success
    client = await gateway.client(GUEST)
    assert (await client.put(f"{URL}/new", json=3)).status_code == 201
    assert (await client.put(f"{URL}/secret", json=3)).status_code == 404
    reader = await gateway.client(OTHER)
    assert (await reader.put(f"{URL}/shown", json=3)).status_code == 403
