"""Signing in and out through the API, with cookies as a browser keeps them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from tests.support.app import client
from tests.support.identity import OWNER, World
from tests.support.identity import world as open_world

from gatewright.core.caller import OWNER_SCOPES, visitor
from gatewright.core.clock import timestamp
from gatewright.core.errors import GatewayError, MethodNotAllowed, NotSignedIn
from gatewright.faces.api import session, tokens, user
from gatewright.faces.api.document import complete_document
from gatewright.web.context import SCOPE_KEY, RequestContext
from gatewright.web.sign_in import sign_in_by_link

OWN = {"Sec-Fetch-Site": "same-origin", "X-Requested-With": "gatewright"}
ADA = {"user": "ada", "password": "correct horse"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "state") as opened:
        await opened.identity.users.add(opened.owner, "ada", "correct horse")
        yield opened


def cookie_of(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"].split(";")[0].split("=")[1]


async def test_signing_in_and_out(world: World) -> None:
    async with world.client(None, **OWN) as http:
        before = await http.get("/api/v1/session")
        assert before.json() == {
            "user": None,
            "role": None,
            "scopes": ["data:read", "sky:read"],
            "expires_at": None,
        }
        signed = await http.post("/api/v1/session", json=ADA)
        assert signed.status_code == 201
        assert signed.headers["set-cookie"] == (
            f"gw_session={cookie_of(signed)}; Path=/; Max-Age=604800; HttpOnly; "
            "SameSite=Lax"
        )
        assert signed.headers["cache-control"] == "no-store"
        assert len(cookie_of(signed)) == 43
        told = (await http.get("/api/v1/session")).json()
        assert told == signed.json()
        assert (told["user"], told["role"]) == ("ada", "guest")
        assert told["expires_at"] == timestamp(world.clock() + 7 * 86_400)
        assert "exec" not in told["scopes"]
        out = await http.delete("/api/v1/session")
        assert (out.status_code, out.content) == (204, b"")
        assert "Max-Age=0" in out.headers["set-cookie"]
        assert (await http.get("/api/v1/session")).json()["user"] is None
    async with world.client(cookie=f"gw_session={cookie_of(signed)}") as http:
        assert (await http.get("/api/v1/session")).json()["user"] is None
    assert await world.records() == [
        ("", "POST /api/v1/session", 201, "signed in: ada"),
        ("ada", "DELETE /api/v1/session", 204, ""),
    ]


async def test_a_session_that_was_there_does_not_stay(world: World) -> None:
    """Fixation: neither an attacker's live session nor an invented one is used."""
    planted = await world.cookie()
    for value in (planted, "A" * 43):
        async with world.client(None, **OWN, cookie=f"gw_session={value}") as http:
            signed = await http.post("/api/v1/session", json=ADA)
            assert signed.status_code == 201
            assert cookie_of(signed) != value
            assert signed.json()["user"] == "ada"
        async with world.client(cookie=f"gw_session={value}") as http:
            assert (await http.get("/api/v1/session")).json()["user"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_no_other_page_signs_a_browser_in(
    world: World, headers: dict[str, str]
) -> None:
    async with world.client() as http:
        answer = await http.post("/api/v1/session", json=ADA, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"],
)
async def test_only_json_signs_in(world: World, kind: str) -> None:
    async with world.client() as http:
        answer = await http.post(
            "/api/v1/session",
            content=json.dumps(ADA),
            headers={"Content-Type": kind} if kind else {},
        )
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b'{"user": "\\ud800", "password": "x"}', 400),
        (b'{"user": "a\\u0000", "password": "x"}', 400),
        (b'{"user": NaN, "password": 1e400}', 400),
        (b'\xff{"user": "x"}', 400),
        (b"null", 422),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"user": 1, "password": "x"}', 422),
        (b'{"user": "ada"}', 422),
        (b'{"user": "ada", "password": "x", "role": "owner"}', 422),
        (b'{"user": "' + b"a" * 129 + b'", "password": "x"}', 422),
        (b'{"user": "ada", "password": "' + b"x" * 1025 + b'"}', 422),
        (b'{"user": "", "password": ""}', 401),
        (b'{"user": "../x", "password": "x"}', 401),
        ('{"user": "\u202eé", "password": "\u202e"}'.encode(), 401),
    ],
)
async def test_bodies_that_sign_nobody_in(
    world: World, body: bytes, status: int
) -> None:
    async with world.client() as http:
        answer = await http.post(
            "/api/v1/session",
            content=body,
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_too_many_failures(world: World) -> None:
    async with world.client() as http, world.client(address="192.0.2.2") as other:
        for _ in range(3):
            wrong = await http.post("/api/v1/session", json={**ADA, "password": "x"})
            assert wrong.status_code == 401
            assert "name or the password" in wrong.json()["detail"]
        banned = await http.post("/api/v1/session", json=ADA)
        assert (banned.status_code, banned.headers["retry-after"]) == (429, "300")
        assert (await other.post("/api/v1/session", json=ADA)).status_code == 201
        world.clock.go(300)
        assert (await http.post("/api/v1/session", json=ADA)).status_code == 201
        http.cookies.clear()
        await http.post("/api/v1/session", json={"user": "my password", "password": ""})
    notes = [r[2:] for r in await world.records()]
    assert notes == [
        (401, "sign-in refused: ada"),
        (401, "sign-in refused: ada"),
        (401, "sign-in refused: ada"),
        (429, "sign-in refused: ada"),
        (201, "signed in: ada"),
        (201, "signed in: ada"),
        (401, "sign-in refused: a name that is no account"),
    ]


async def test_who_a_token_is(world: World) -> None:
    new = await world.identity.tokens.issue(world.owner)
    async with world.client(authorization=f"Bearer {new.text}") as http:
        told = (await http.get("/api/v1/session")).json()
        assert told["user"] == OWNER
        assert told["scopes"] == sorted(map(str, OWNER_SCOPES))
        assert told["expires_at"] == timestamp(new.token.expires_at)
        out = await http.delete("/api/v1/session")
        assert out.status_code == 409


async def test_my_sessions(world: World) -> None:
    async with world.client(None, **OWN) as one, world.client(None, **OWN) as two:
        await one.post("/api/v1/session", json=ADA)
        await two.post("/api/v1/session", json=ADA)
        sessions = (await one.get("/api/v1/sessions")).json()
        assert sessions["next"] is None
        assert sorted(s["current"] for s in sessions["sessions"]) == [False, True]
        other = next(s["key"] for s in sessions["sessions"] if not s["current"])
        assert (await one.delete(f"/api/v1/sessions/{other}")).status_code == 204
        assert (await one.delete(f"/api/v1/sessions/{other}")).status_code == 404
        assert (await two.get("/api/v1/session")).json()["user"] is None
        assert (await one.get("/api/v1/session")).json()["user"] == "ada"
    async with world.client() as http:
        assert (await http.get("/api/v1/sessions")).status_code == 401
        assert (await http.delete("/api/v1/sessions/x")).status_code == 401


async def test_without_the_audit_middleware(world: World) -> None:
    """The face alone, as its other tests drive it."""
    app = FastAPI()
    app.include_router(session.router)
    async with client(app, world.services, visitor()) as http:
        assert (await http.post("/session", json=ADA)).status_code == 201


def link_request(world: World, method: str = "GET") -> Request:
    context = RequestContext(world.services, visitor(address="192.0.2.1"), "r")
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": "/sign-in",
        "headers": [],
        SCOPE_KEY: context,
        "client": ("192.0.2.1", 1),
    }
    return Request(scope)


async def test_a_link_signs_in_once_with_its_record(world: World) -> None:
    code = await world.identity.make_sign_in_link(OWNER)
    kinds: list[type[GatewayError] | str] = []
    for method in ("HEAD", "GET", "GET"):
        request = link_request(world, method)
        try:
            new = await sign_in_by_link(request, request.scope[SCOPE_KEY], code)
            kinds.append(new.user.name)
        except GatewayError as error:
            kinds.append(type(error))
    assert kinds == [MethodNotAllowed, OWNER, NotSignedIn]
    assert await world.records() == [
        ("", "GET /sign-in", 303, f"signed in by link: {OWNER}"),
        ("", "GET /sign-in", 401, "sign-in by link refused"),
    ]


async def test_the_cookie_of_a_secure_gateway(tmp_path: Path) -> None:
    url = "https://gateway.example"
    async with open_world(tmp_path, url=url) as world:
        await world.identity.users.add(world.owner, "ada", "correct horse")
        async with world.client(host="gateway.example", origin=url) as http:
            signed = await http.post("/api/v1/session", json=ADA)
    field = signed.headers["set-cookie"]
    assert field.startswith("__Host-gw_session=")
    assert field.endswith("; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure")


def test_the_document_names_the_credentials(world: World) -> None:
    app = FastAPI()
    for router in (session.router, tokens.router, user.router):
        app.include_router(router)
    complete_document(app, world.services.config)
    document = app.openapi()
    assert app.openapi() is document
    schemes = document["components"]["securitySchemes"]
    assert {s["type"] for s in schemes.values()} == {"http", "apiKey"}
    assert schemes["session"]["name"] == "gw_session"
    ways: list[dict[str, list[str]]] = [{name: []} for name in schemes]
    assert document["security"] == [*ways, {}]
    body = document["paths"]["/session"]["post"]["requestBody"]["content"]
    reference = {"$ref": "#/components/schemas/Credentials"}
    assert body["application/json"]["schema"] == reference
    credentials = document["components"]["schemas"]["Credentials"]
    assert set(credentials["properties"]) == {"user", "password"}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["description"], path
