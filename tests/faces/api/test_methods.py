"""Every resource answers HEAD as GET, and a refused method names those there are."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.app import caller
from tests.support.app import client as client_of
from tests.support.asgi import ask, scope_of
from tests.support.identity import OWNER, World
from tests.support.identity import world as open_world

from gatewright.core.config import Config
from gatewright.faces.api import application
from gatewright.web.described_api import DescribedApi

METHODS = {"get", "put", "post", "patch", "delete", "head"}
DESCRIBED = application(Config())
APP = DescribedApi(DESCRIBED)
PATHS: dict[str, Any] = DESCRIBED.openapi()["paths"]
SHADOWED = {
    "/candidates/claims": "/candidates/{candidate}",
    "/jobs/{system}/bulk": "/jobs/{system}/{job_id}",
    "/store/usage": "/store/{collection}",
    "/store/{collection}/bulk": "/store/{collection}/{key}",
    "/store/{collection}/changes": "/store/{collection}/{key}",
}
"""Paths that another one's pattern has too, and which."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "state") as opened:
        yield opened


def methods_of(path: str) -> set[str]:
    found = set(PATHS[path]) & METHODS
    return {m.upper() for m in found | ({"head"} if "get" in found else set())}


@pytest.mark.parametrize("path", sorted(set(PATHS) - set(SHADOWED)))
async def test_allow_names_every_method_of_the_resource(path: str) -> None:
    answer = await ask(APP, scope_of("OPTIONS", re.sub(r"[{}]", "", path)))
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == methods_of(path)


@pytest.mark.parametrize("path", sorted(SHADOWED))
async def test_allow_names_the_methods_of_all_that_has_the_path(path: str) -> None:
    answer = await ask(APP, scope_of("OPTIONS", re.sub(r"[{}]", "", path)))
    wanted = methods_of(path) | methods_of(SHADOWED[path])
    assert set(answer.headers["allow"].split(", ")) == wanted


@pytest.mark.parametrize(
    "path", ["/", "/session", "/sessions", "/tokens", "/user/olga"]
)
async def test_head_is_answered_as_get(world: World, path: str) -> None:
    async with client_of(APP, world.services, caller(OWNER)) as http:
        got, head = await http.get(path), await http.head(path)
    assert (got.status_code, head.status_code) == (200, 200)
    for name in ("content-length", "content-type"):
        assert head.headers[name] == got.headers[name]


async def test_head_needs_the_scope_of_get(world: World) -> None:
    token = await world.token(OWNER, "data:read")
    async with world.client(Authorization=f"Bearer {token}") as http:
        assert (await http.head("/api/v1/tokens")).status_code == 403
    async with world.client() as http:
        assert (await http.head("/api/v1/tokens")).status_code == 401
