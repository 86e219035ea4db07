"""Accounts through the API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.identity import OWNER, World
from tests.support.identity import world as open_world

from gatewright.core.clock import timestamp


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "state") as opened:
        for name in ("ada", "ben"):
            await opened.identity.users.add(opened.owner, name, "correct horse")
        await opened.identity.users.join(opened.owner, "ada", "sky")
        yield opened


async def test_oneself_and_the_owner(world: World) -> None:
    async with world.client(authorization=f"Bearer {await world.token('ada')}") as http:
        ada = await http.get("/api/v1/user/ada")
        assert ada.json() == {
            "name": "ada",
            "role": "guest",
            "groups": ["sky"],
            "created_at": timestamp(world.clock()),
            "has_password": True,
        }
        for name in ("ben", OWNER, "nobody", "%00", "%2e%2e", "%ED%A0%80", "a" * 300):
            answer = await http.get(f"/api/v1/user/{name}")
            assert answer.status_code == 404, name
    async with world.client(authorization=f"Bearer {await world.token()}") as http:
        assert (await http.get("/api/v1/user/ada")).json() == ada.json()
        assert (await http.get("/api/v1/user/nobody")).status_code == 404
    async with world.client() as http:
        assert (await http.get("/api/v1/user/ada")).status_code == 401
        assert (await http.get("/api/v1/user/nobody")).status_code == 401
