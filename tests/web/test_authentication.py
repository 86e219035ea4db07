"""Who a request is from, over a small real application."""

import base64
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from tests.support.identity import OWNER, URL, World
from tests.support.identity import world as open_world

from gatewright.core.errors import Unavailable
from gatewright.web.audit import AuditTrail
from gatewright.web.authentication import Authentication
from gatewright.web.context import request_context
from gatewright.web.dispatch import Dispatch
from gatewright.web.exchange import exchange_of
from gatewright.web.middleware.answers import Answers
from gatewright.web.middleware.rate_limit import Buckets, RateLimit
from gatewright.web.problems import exception_handlers
from gatewright.web.templates import Templates

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "MKCOL"]
UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "MKCOL"]
OWN = {"Sec-Fetch-Site": "same-origin", "X-Requested-With": "gatewright"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "state") as opened:
        yield opened


async def _who(request: Request) -> Response:
    context = request_context(request)
    caller = context.caller
    assert exchange_of(request.scope).user == caller.user
    if request.url.path.endswith("/refused"):
        caller.require("admin")
    return JSONResponse(
        {
            "user": caller.user,
            "token": bool(caller.token),
            "address": caller.address,
            "same_id": context.request_id == caller.request_id,
        }
    )


def small() -> ASGIApp:
    routes = [Route("/{path:path}", _who, methods=METHODS)]
    return Starlette(routes=routes, exception_handlers=exception_handlers())


def client(world: World, **headers: str) -> httpx.AsyncClient:
    app = world.app(small=small(), newt=small())
    return world.client(app, **headers)


async def test_a_visitor(world: World) -> None:
    async with client(world) as http:
        told = (await http.get("/small/x")).json()
    assert told == {
        "user": "",
        "token": False,
        "address": "192.0.2.1",
        "same_id": True,
    }


async def test_a_token(world: World) -> None:
    token = await world.token()
    async with client(world) as http:
        for method in METHODS:
            answer = await http.request(
                method, "/small/x", headers={"Authorization": f"Bearer {token}"}
            )
            assert answer.status_code == 200
        for auth in (("ada", token), ("", token), (token, "")):
            told = (await http.get("/small/x", auth=auth)).json()
            assert (told["user"], told["token"]) == (OWNER, True)


async def test_a_token_goes_before_a_cookie(world: World) -> None:
    await world.identity.users.add(world.owner, "ada", "password")
    token, cookie = await world.token("ada"), await world.cookie()
    async with client(world, cookie=f"gw_session={cookie}") as http:
        good = await http.post(
            "/small/x", headers={"Authorization": f"Bearer {token}", "Origin": "null"}
        )
        bad = await http.get("/small/x", headers={"Authorization": f"Bearer {token}x"})
    assert good.json()["user"] == "ada"
    assert bad.status_code == 401


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer",
        b"Bearer gw_x",
        b"Bearer \xe9\xff",
        b"Bearer " + b"x" * 60_000,
        b"Basic !",
        b"Basic " + base64.b64encode(b"ada:password"),
        b"Basic " + base64.b64encode(b"\xff\xff"),
        b"Digest x",
        b"\xff",
    ],
)
async def test_bad_credentials(world: World, value: bytes) -> None:
    async with client(world) as http:
        for method in ("GET", "POST"):
            request = http.build_request(method, "/small/x")
            request.headers = httpx.Headers(
                [*request.headers.raw, (b"Authorization", value)]
            )
            answer = await http.send(request)
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == "not-signed-in"


async def test_a_revoked_and_an_ended_token(world: World) -> None:
    revoked = await world.identity.tokens.issue(world.owner)
    ended = await world.identity.tokens.issue(world.owner, seconds=10)
    await world.identity.tokens.revoke(world.owner, revoked.token.key)
    world.clock.go(10)
    async with client(world) as http:
        for new in (revoked, ended):
            answer = await http.get("/small/x", auth=("", new.text))
            assert answer.status_code == 401
            assert new.text not in answer.text


@pytest.mark.parametrize(
    ("headers", "offered"),
    [
        ({"User-Agent": "oc4.9.0"}, True),
        ({"User-Agent": "Mozilla/5.0"}, False),
        ({"Sec-Fetch-Mode": "cors"}, False),
        ({"X-Requested-With": "gatewright"}, False),
    ],
)
async def test_basic_is_offered_to_programs(
    world: World, headers: dict[str, str], *, offered: bool
) -> None:
    async with client(world) as http:
        for path in ("/small/refused", "/small/x"):
            auth = {} if path.endswith("refused") else {"Authorization": "Bearer x"}
            answer = await http.get(path, headers=headers | auth)
            assert answer.status_code == 401
            challenges = answer.headers.get_list("www-authenticate")
            assert challenges[0] == 'Bearer realm="gatewright"'
            assert any(c.startswith("Basic") for c in challenges) is offered


async def test_a_session(world: World) -> None:
    cookie = await world.cookie()
    async with client(world, cookie=f"gw_session={cookie}") as http:
        for method in METHODS:
            answer = await http.request(method, "/small/x", headers=OWN)
            assert answer.status_code == 200
            assert method == "HEAD" or answer.json()["user"] == OWNER


async def test_an_ended_session_is_a_visitors(world: World) -> None:
    cookie = await world.cookie()
    world.clock.go(9 * 3600)
    for value in (cookie, "x", "x" * 43, "é"):
        async with client(world) as http:
            field = {b"Cookie": f"gw_session={value}".encode()}
            told = await http.get("/small/x", headers=field)
            assert told.json()["user"] == ""


FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"{URL}:8080"},
    {"Origin": "https://gateway.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
]
BODIES: list[dict[str, Any]] = [
    {},
    {"data": {"a": "b"}},
    {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
    {"json": {}},
    {"files": {"file": b"x"}},
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("method", UNSAFE)
async def test_changes_from_elsewhere_are_refused(
    world: World, method: str, body: dict[str, Any]
) -> None:
    cookie = await world.cookie()
    async with client(world, cookie=f"gw_session={cookie}") as http:
        for fields in (*FOREIGN, {}, {"Sec-Fetch-Site": "none"}):
            for more in ({}, {"X-Requested-With": "x"}):
                headers = {**body.get("headers", {}), **fields, **more}
                answer = await http.request(
                    method, "/small/x", **{**body, "headers": headers}
                )
                assert answer.status_code == 403, headers
                assert answer.json()["code"] == "not-allowed"
        answer = await http.request(
            method, "/small/x", **{**body, "headers": {"Sec-Fetch-Site": "same-origin"}}
        )
        assert answer.status_code == 403
        own = {"Origin": URL, "X-Requested-With": "x"}
        for fields in (own, OWN):
            headers = {**body.get("headers", {}), **fields}
            answer = await http.request(
                method, "/small/x", **{**body, "headers": headers}
            )
            assert answer.json()["user"] == OWNER


async def test_reading_from_elsewhere_is_a_visitors(world: World) -> None:
    cookie = await world.cookie()
    async with client(world, cookie=f"gw_session={cookie}") as http:
        for fields in FOREIGN:
            told = (await http.get("/small/x", headers=fields)).json()
            assert told["user"] == ""
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        assert (await http.get("/small/x", headers=link)).json()["user"] == OWNER


async def test_newts_cookie_counts_below_newt(world: World) -> None:
    cookie, stale = await world.cookie(), "x" * 43
    async with client(world, cookie=f"newt_sessionid={cookie}") as http:
        assert (await http.get("/newt/x")).json()["user"] == OWNER
        assert (await http.get("/small/x")).json()["user"] == ""
        assert (await http.post("/newt/x")).status_code == 403
        assert (await http.post("/newt/x", headers=OWN)).status_code == 200
    both = f"newt_sessionid={stale}; gw_session={cookie}"
    async with client(world, cookie=both) as http:
        assert (await http.get("/newt/x")).json()["user"] == OWNER


async def test_a_secure_gateway_takes_its_own_cookie_only(tmp_path: Path) -> None:
    async with open_world(tmp_path, url="https://gateway.example") as world:
        cookie = await world.cookie()
        for name, user in (("__Host-gw_session", OWNER), ("gw_session", "")):
            async with client(world, cookie=f"{name}={cookie}") as http:
                assert (await http.get("/small/x")).json()["user"] == user


async def test_a_database_that_does_not_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise Unavailable("away")

    token = await world.token()
    monkeypatch.setattr(world.database, "read", fail)
    async with client(world) as http:
        answer = await http.get("/small/x", auth=("", token))
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_refused_credentials_are_paced(world: World) -> None:
    """Each leaves an audit record, so that a flood of them would fill the disk."""
    buckets = Buckets(0.001, 30)
    paced = partial(RateLimit, buckets=buckets, refusal=True)
    app: ASGIApp = RateLimit(Dispatch({"/small": small()}), buckets)
    app = Authentication(app, world.services, paced)
    app = Answers(AuditTrail(app, world.services, Templates({})))
    wrong, right = f"Bearer gw_{'0' * 26}.{'x' * 43}", f"Bearer {await world.token()}"
    async with world.client(app) as http:
        answers = [
            await http.delete("/small/x", headers={"Authorization": wrong})
            for _ in range(6)
        ]
        fine = await http.delete("/small/x", headers={"Authorization": right})
        reads = await http.get("/small/x")
    assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 3
    assert (fine.status_code, reads.status_code) == (200, 200)
    statuses = [status for _, _, status, _ in await world.records()]
    assert statuses == [401] * 3 + [200]
