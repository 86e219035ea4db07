"""What the gateway says of itself."""

from pathlib import Path
from typing import Any

import httpx
from tests.support.whole import GUEST, OWNER, whole

STREAM = "/api/v1/events"


async def links(client: httpx.AsyncClient) -> dict[str, Any]:
    return dict((await client.get("/api/v1/")).json()["links"])


async def test_every_link_leads_somewhere(tmp_path: Path) -> None:
    async with whole(tmp_path) as gateway:
        owner, visitor = await gateway.client(OWNER), await gateway.client()
        found = await links(owner)
        assert found["user"] == f"/api/v1/user/{OWNER}"
        assert found.pop("events") == STREAM  # it has no end
        for link in found.values():
            assert (await owner.get(link)).status_code == 200, link
        assert "user" not in await links(visitor)


async def test_systems_are_listed_to_who_may_use_them(tmp_path: Path) -> None:
    async with whole(tmp_path) as gateway:
        for who, status in ((OWNER, 200), (GUEST, 403), ("", 401)):
            client = await gateway.client(who)
            for family in ("files", "command", "jobs", "queue"):
                answer = await client.get(f"/api/v1/{family}")
                assert answer.status_code == status
                if status == 200:
                    names = [one["name"] for one in answer.json()["systems"]]
                    assert (names, answer.json()["next"]) == (["local"], None)
