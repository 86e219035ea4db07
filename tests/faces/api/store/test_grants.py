"""Rights on documents are given to people who are there."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.identity import own_identity
from tests.support.whole import GUEST, OTHER, OWNER, whole

from gatewright.backends.sql.database import Statement, Work
from gatewright.backends.sql.grantees import SqlGrantees
from gatewright.domains.identity import operator

URL = "/api/v1/store/shared"


@pytest.fixture
async def owner(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with whole(tmp_path) as gateway:
        users = own_identity(gateway.services).users
        await users.join(operator(OWNER), OTHER, "observers")
        client = await gateway.client(OWNER)
        assert (await client.put(f"{URL}/a", json=1)).status_code == 201
        yield client


@pytest.mark.parametrize(
    ("permissions", "nobody"),
    [
        ({"users": {"nosuch": "read"}}, "account “nosuch”"),
        ({"users": {GUEST: "read", "nosuch": "write"}}, "account “nosuch”"),
        ({"users": {"observers": "read"}}, "account “observers”"),
        ({"groups": {"nosuch": "read"}}, "group “nosuch”"),
        ({"groups": {GUEST: "read"}}, f"group “{GUEST}”"),
    ],
)
async def test_rights_for_nobody_are_refused(
    owner: httpx.AsyncClient, permissions: Any, nobody: str
) -> None:
    """Or who made an account of that name later would have them."""
    before = (await owner.get(URL, params={"view": "collection"})).json()
    for answer in (
        await owner.put(URL, json={"permissions": permissions}),
        await owner.put(f"{URL}/a/permissions", json=permissions),
        await owner.put("/api/v1/store/fresh", json={"permissions": permissions}),
    ):
        assert answer.status_code == 422
        assert nobody in answer.json()["detail"]
    assert (await owner.get(URL, params={"view": "collection"})).json() == before
    assert (await owner.get(f"{URL}/a/permissions")).json() is None
    assert (await owner.get("/api/v1/store/fresh")).status_code == 404


async def test_rights_for_people_and_groups_that_are_there(
    owner: httpx.AsyncClient,
) -> None:
    there = {"users": {GUEST: "write"}, "groups": {"observers": "read"}}
    assert (await owner.put(URL, json={"permissions": there})).status_code == 200
    assert (await owner.put(f"{URL}/a/permissions", json=there)).status_code == 200


async def test_an_account_that_is_made_anew_has_no_rights_of_the_old_one(
    tmp_path: Path,
) -> None:
    async with whole(tmp_path) as gateway:
        users, admin = own_identity(gateway.services).users, operator(OWNER)
        client, guest = await gateway.client(OWNER), await gateway.client(GUEST)
        there = {"users": {GUEST: "read", OTHER: "read"}}
        assert (await client.put(f"{URL}/a", json=1)).is_success
        assert (await client.put(f"{URL}/b", json=2)).is_success
        assert (await client.put(URL, json={"permissions": there})).is_success
        assert (await client.put(f"{URL}/b/permissions", json=there)).is_success
        assert (await guest.get(f"{URL}/a")).json() == 1
        assert (await guest.put("/api/v1/store/own/a", json="mine")).is_success
        await users.remove(admin, GUEST)
        await users.add(admin, GUEST, "another long password")
        anew, other = await gateway.client(GUEST), await gateway.client(OTHER)
        for path in ("/a", "/b", ""):
            assert (await anew.get(f"{URL}{path}")).status_code == 404
            assert (await other.get(f"{URL}{path}")).status_code == 200
        told = (await client.get(f"{URL}/b/permissions")).json()
        assert told["users"] == {OTHER: "read"}
        assert (await anew.get("/api/v1/store/own/a")).json() == "mine"


async def test_rights_end_with_accounts_that_another_process_removes(
    tmp_path: Path,
) -> None:
    """As authn does in multi-user mode: or who gets the name later would have them."""
    async with whole(tmp_path) as gateway:
        client = await gateway.client(OWNER)
        there = {"users": {GUEST: "read", OTHER: "read"}, "groups": {}}
        assert (await client.put(f"{URL}/a", json=1)).is_success
        assert (await client.put(URL, json={"permissions": there})).is_success
        assert (await client.put(f"{URL}/a/permissions", json=there)).is_success
        database: Any = gateway.services.events.log
        asked = []

        async def created_at(name: str) -> float | None:
            asked.append(name)
            return None if name == GUEST else 0.0

        assert await SqlGrantees(database._database, created_at).end_removed() > 0
        assert {GUEST, OTHER} <= set(asked)
        guest, other = await gateway.client(GUEST), await gateway.client(OTHER)
        assert (await guest.get(f"{URL}/a")).status_code == 404
        assert (await other.get(f"{URL}/a")).json() == 1


async def test_rights_end_with_an_account_that_is_removed_and_made_at_once(
    tmp_path: Path,
) -> None:
    """No check sees that the name was gone; but it is younger than its rights."""
    async with whole(tmp_path) as gateway:
        client, guest = await gateway.client(OWNER), await gateway.client(GUEST)
        there = {"users": {GUEST: "read", OTHER: "read"}, "groups": {}}
        assert (await client.put(f"{URL}/a", json=1)).is_success
        assert (await client.put(URL, json={"permissions": there})).is_success
        assert (await client.put(f"{URL}/a/permissions", json=there)).is_success
        assert (await guest.put("/api/v1/store/own/a", json="mine")).is_success
        database: Any = gateway.services.events.log
        made = time.time()

        async def created_at(name: str) -> float | None:
            return made if name == GUEST else 0.0

        grantees = SqlGrantees(database._database, created_at)
        assert await grantees.end_removed() > 0
        assert (await guest.get(f"{URL}/a")).status_code == 404
        other = await gateway.client(OTHER)
        assert (await other.get(f"{URL}/a")).json() == 1
        told = (await client.get(f"{URL}/a/permissions")).json()
        assert told["users"] == {OTHER: "read"}
        assert (await guest.get("/api/v1/store/own/a")).json() == "mine"
        # What the new account is given stays.
        assert (await client.put(URL, json={"permissions": there})).is_success
        assert (await client.put(f"{URL}/a/permissions", json=there)).is_success
        assert await grantees.end_removed() > 0
        assert (await guest.get(f"{URL}/a")).json() == 1


async def test_rights_of_before_times_were_recorded_are_kept(tmp_path: Path) -> None:
    """They are dated by the first check, and end with their account as others do."""
    async with whole(tmp_path) as gateway:
        client, guest = await gateway.client(OWNER), await gateway.client(GUEST)
        there = {"users": {GUEST: "read"}, "groups": {}}
        assert (await client.put(f"{URL}/a", json=1)).is_success
        assert (await client.put(f"{URL}/a/permissions", json=there)).is_success
        database: Any = gateway.services.events.log
        await database._database.run(undated)
        made, now = 50.0, 100.0

        async def created_at(name: str) -> float | None:
            return made if name == GUEST else 0.0

        grantees = SqlGrantees(database._database, created_at, lambda: now)
        assert await grantees.end_removed() > 0
        assert (await guest.get(f"{URL}/a")).json() == 1
        made, now = 150.0, 200.0
        assert await grantees.end_removed() > 0
        assert (await guest.get(f"{URL}/a")).status_code == 404


def undated() -> Work[None]:
    yield Statement("UPDATE store_grants SET given_at = NULL")


async def test_rights_stay_where_all_accounts_are_lost(tmp_path: Path) -> None:
    """Such as with an authn whose database is new: they could not be given again."""
    async with whole(tmp_path) as gateway:
        client = await gateway.client(OWNER)
        there = {"users": {GUEST: "read"}, "groups": {}}
        assert (await client.put(f"{URL}/a", json=1)).is_success
        assert (await client.put(f"{URL}/a/permissions", json=there)).is_success
        database: Any = gateway.services.events.log

        async def created_at(name: str) -> float | None:
            return None

        assert await SqlGrantees(database._database, created_at).end_removed() > 0
        guest = await gateway.client(GUEST)
        assert (await guest.get(f"{URL}/a")).json() == 1
