"""What administrators see and change of everybody, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.identity import OWNER, World
from tests.support.identity import world as open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
async def boss(world: World) -> AsyncIterator[httpx.AsyncClient]:
    await world.identity.users.add(world.owner, "ada", "password")
    client = world.client(Authorization=f"Bearer {await world.token()}")
    async with client:
        yield client


@pytest.fixture
async def ada(world: World, boss: httpx.AsyncClient) -> AsyncIterator[Any]:
    client = world.client(Authorization=f"Bearer {await world.token('ada')}")
    async with client:
        yield client


async def test_people_with_their_last_use(
    world: World, boss: httpx.AsyncClient, ada: httpx.AsyncClient
) -> None:
    first = (await boss.get("/api/v1/admin/people", params={"limit": 1})).json()
    (person,) = first["people"]
    assert (person["name"], person["role"], person["source"]) == (
        "ada", "guest", "local",
    )  # fmt: skip
    assert (person["seen_at"], person["disabled_at"]) == (None, None)
    rest = await boss.get("/api/v1/admin/people", params={"cursor": first["next"]})
    assert [one["name"] for one in rest.json()["people"]] == [OWNER]
    assert (await ada.get("/api/v1/tokens")).status_code == 200
    await world.identity.last_use.settle()
    again = (await boss.get("/api/v1/admin/people")).json()["people"][0]
    assert again["seen_at"] == "2027-01-15T08:00:00.000Z"
    assert "password" not in str(first).replace("has_password", "")


async def test_a_disabled_person_is_signed_out_everywhere(
    world: World, boss: httpx.AsyncClient, ada: httpx.AsyncClient
) -> None:
    cookie = f"gw_session={await world.cookie('ada')}"
    url = "/api/v1/admin/people/ada"
    shown = (await boss.get(f"{url}/sessions")).json()["sessions"]
    assert [one["current"] for one in shown] == [False]
    changed = await boss.patch(url, json={"disabled": True})
    assert changed.json()["disabled_at"] == "2027-01-15T08:00:00.000Z"
    assert (await ada.get("/api/v1/tokens")).status_code == 401
    async with world.client(Cookie=cookie) as browser:
        assert (await browser.get("/api/v1/sessions")).status_code == 401
    asked = {"user": "ada", "password": "password"}
    async with world.client() as visitor:
        refused = await visitor.post("/api/v1/session", json=asked)
    assert refused.status_code == 403
    assert "disabled" in refused.json()["detail"]
    assert (await boss.patch(url, json={"disabled": False})).status_code == 200
    assert (await ada.get("/api/v1/tokens")).status_code == 200


async def test_sessions_and_tokens_of_others_are_ended(
    world: World, boss: httpx.AsyncClient, ada: httpx.AsyncClient
) -> None:
    await world.cookie("ada")
    url = "/api/v1/admin/people/ada/sessions"
    (shown,) = (await boss.get(url)).json()["sessions"]
    assert (await boss.delete(f"{url}/{shown['key']}")).status_code == 204
    assert (await boss.get(url)).json()["sessions"] == []
    assert (await boss.delete(f"{url}/{shown['key']}")).status_code == 404
    assert (await boss.get(url.replace("ada", "nobody"))).status_code == 404
    listed = await boss.get("/api/v1/admin/tokens", params={"user": "ada"})
    (token,) = listed.json()["tokens"]
    assert (token["user"], "token" in token) == ("ada", False)
    everybody = (await boss.get("/api/v1/admin/tokens")).json()["tokens"]
    assert {one["user"] for one in everybody} == {"ada", OWNER}
    url = f"/api/v1/admin/tokens/{token['key']}"
    assert (await boss.delete(url)).status_code == 204
    assert (await ada.get("/api/v1/tokens")).status_code == 401
    assert (await boss.delete(url)).status_code == 404


async def test_what_administrators_do_is_found_in_the_audit_log(
    boss: httpx.AsyncClient, ada: httpx.AsyncClient
) -> None:
    await boss.patch("/api/v1/admin/people/ada", json={"disabled": False})
    await boss.patch("/api/v1/admin/people/nobody", json={"disabled": True})
    await ada.post("/api/v1/tokens", json={"label": "x"})
    url = "/api/v1/admin/audit"

    async def paths(**wanted: str) -> list[str]:
        found = (await boss.get(url, params=wanted)).raise_for_status().json()
        assert found["next"] is None
        return [one["path"].removeprefix("/api/v1") for one in found["records"]]

    assert await paths() == [
        "/tokens", "/admin/people/nobody", "/admin/people/ada",
    ]  # fmt: skip
    assert await paths(user=OWNER, outcome="done") == ["/admin/people/ada"]
    assert await paths(path="/api/v1/admin", outcome="refused") == [
        "/admin/people/nobody"
    ]
    assert await paths(method="POST") == await paths(method="post") == ["/tokens"]
    assert await paths(user="", method="", outcome="") == await paths()
    assert await paths(route="/api/v1/admin/people/{name}", outcome="done") == [
        "/admin/people/ada"
    ]
    assert await paths(route="/api/v1/tokens", app="token") == ["/tokens"]
    assert await paths(route="", app="") == await paths()
    assert await paths(app="job") == []
    begin = "2027-01-15T08:00:00Z"
    assert await paths(to=begin) == []
    assert len(await paths(**{"from": "2027-01-15T09:00:00+01:00"})) == 3
    page = (await boss.get(url, params={"limit": 2})).json()
    rest = await boss.get(url, params={"limit": 2, "cursor": page["next"]})
    (record,) = rest.json()["records"]
    assert (record["number"], record["user"], record["outcome"]) == (1, OWNER, "done")
    assert record["note"] == "enabled: ada"
    assert record["route"] == "/api/v1/admin/people/{name}"
    assert record["app"] == "token:"
    for wrong in ({"from": "soon"}, {"outcome": "sold"}, {"who": "ada"}):
        assert (await boss.get(url, params=wrong)).status_code == 422, wrong


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "people"),
        ("PATCH", "people/ada"),
        ("GET", "people/ada/sessions"),
        ("DELETE", "people/ada/sessions/x"),
        ("GET", "tokens"),
        ("DELETE", "tokens/x"),
        ("GET", "audit"),
        ("GET", "health"),
    ],
)
async def test_only_administrators_administer(
    world: World, ada: httpx.AsyncClient, method: str, path: str
) -> None:
    url, body = f"/api/v1/admin/{path}", {"json": {"disabled": True}}
    more: dict[str, Any] = body if method == "PATCH" else {}
    assert (await ada.request(method, url, **more)).status_code == 403
    narrow = await world.token(OWNER, "account:read", "account:manage")
    async with world.client(Authorization=f"Bearer {narrow}") as client:
        assert (await client.request(method, url, **more)).status_code == 403
    async with world.client() as visitor:
        assert (await visitor.request(method, url, **more)).status_code == 401
