"""One audit record for each change, before its answer leaves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.support.identity import OWNER, URL, World
from tests.support.identity import world as open_world

from gatewright.core.errors import InvalidRequest, StorageFull, TooManyRequests
from gatewright.web.audit import AuditTrail
from gatewright.web.problems import exception_handlers
from gatewright.web.templates import Templates


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "state") as opened:
        yield opened


class Small:
    """Does what its path says, and remembers that it did."""

    def __init__(self) -> None:
        self.done = 0
        routes = [Route("/{path:path}", self._answer, methods=["GET", "POST", "PUT"])]
        self.app: ASGIApp = Starlette(
            routes=routes,
            exception_handlers=exception_handlers(),
        )

    async def _answer(self, request: Request) -> Response:
        self.done += 1
        status = int(request.url.path.rsplit("/", 1)[-1])
        if status == 500:
            raise RuntimeError
        return PlainTextResponse("done", status)


async def test_what_a_request_is_for_and_sent_with(world: World) -> None:
    """Its route and app, also if it is refused before its face sees it."""
    token, cookie = await world.token(), await world.cookie()
    key = token[3:29]
    owner = await world.identity.tokens.caller(token)
    job = await world.identity.tokens.delegate(owner, label="é: 1", scopes=["store"])
    page = {"Origin": URL, "X-Requested-With": "x", "Cookie": f"gw_session={cookie}"}
    job_field = {"Authorization": f"Bearer {job.text}"}

    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(status_code=204)(scope, receive, send)

    async with world.client(world.app(small=Small().app, plain=plain)) as http:
        await http.delete(f"/api/v1/tokens/{key[:-1]}", headers=page)
        await http.post("/api/v1/tokens", auth=("x", token), json={"label": "m"})
        await http.post("/api/v1/tokens", headers=job_field, json={})
        await http.post("/api/v1/tokens", headers={"Authorization": "Bearer x"})
        await http.put("/api/v1/tokens")
        await http.put("/api/v1/files/local/a/b%2Fc")
        await http.put("/api/v1/nothing")
        await http.delete("/small/200")
        await http.put("/small/200")
        await http.post("/plain/x")
        await http.post("/nowhere")
    rows = await world.database.read(
        "SELECT status, route, app FROM audit_record ORDER BY number"
    )
    assert [tuple(dict(row).values()) for row in rows] == [
        (404, "/api/v1/tokens/{key}", "browser"),
        (201, "/api/v1/tokens", "token:"),
        (403, "/api/v1/tokens", "job:é: 1"),
        (401, "/api/v1/tokens", ""),
        (405, "/api/v1/tokens", ""),
        (401, "/api/v1/files/{system}/{path}", ""),
        (404, "/api/v1/*", ""),
        (405, "/small/{path}", ""),
        (200, "/small/{path}", ""),
        (204, "/plain/*", ""),
        (404, "", ""),
    ]


@pytest.mark.parametrize("status", [200, 201, 204, 303, 400, 404, 409, 500, 503])
async def test_one_record_for_each_change(world: World, status: int) -> None:
    token = await world.token()
    key = token[3:29]
    async with world.client(world.app(small=Small().app)) as http:
        answer = await http.put(f"/small/%C3%A9/{status}?q=x", auth=("", token))
        await http.get("/small/200", auth=("", token))
        await http.options("/small/200")
    assert answer.status_code == status
    (row,) = await world.database.read("SELECT * FROM audit_record")
    assert (row["account"], row["token"], row["status"]) == (OWNER, key, status)
    assert (row["method"], row["path"]) == ("PUT", f"/small/%C3%A9/{status}")
    assert (row["address"], row["at"]) == ("192.0.2.1", world.clock())
    assert row["request_id"] == answer.headers["x-request-id"]
    assert not await world.database.read("SELECT * FROM audit_intent")


async def test_a_visitors_try_is_recorded(world: World) -> None:
    async with world.client() as http:
        await http.post("/api/v1/tokens", json={})
        await http.put("/api/v1/nothing")
        await http.post("/api/v1/tokens", headers={"Authorization": "Bearer x"})
        cookie = {"Cookie": f"gw_session={await world.cookie()}"}
        await http.post("/api/v1/tokens", headers=cookie)
    assert await world.records() == [
        ("", "POST /api/v1/tokens", 401, ""),
        ("", "PUT /api/v1/nothing", 404, ""),
        ("", "POST /api/v1/tokens", 401, ""),
        ("", "POST /api/v1/tokens", 403, ""),
    ]


async def test_many_at_one_time(world: World) -> None:
    token = await world.token()
    app = world.app(small=Small().app)
    async with world.client(app) as http:
        await asyncio.gather(
            *(http.post("/small/200", auth=("", token)) for _ in range(30))
        )
    verdict = await world.identity.audit.verify()
    assert (verdict.records, verdict.fault) == (30, "")


async def test_nothing_is_done_without_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, small = await world.token(), Small()

    async def full(*_: object) -> None:
        raise StorageFull

    monkeypatch.setattr(world.database, "run", full)
    async with world.client(world.app(small=small.app)) as http:
        answer = await http.post("/small/200", auth=("", token))
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert small.done == 0
        assert (await http.get("/small/200", auth=("", token))).status_code == 200
        assert (await http.post("/small/200", auth=("", "x"))).status_code == 503
        monkeypatch.undo()
        assert (await http.post("/small/200", auth=("", token))).status_code == 200
    assert small.done == 2


async def test_no_answer_leaves_without_its_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, small = await world.token(), Small()

    async def full(*_: object, **__: object) -> None:
        raise StorageFull

    monkeypatch.setattr(world.identity.audit._log, "append", full)
    async with world.client(world.app(small=small.app)) as http:
        for status in (200, 404):
            answer = await http.post(f"/small/{status}", auth=("", token))
            assert answer.status_code == 503
            assert "audit log" in answer.json()["detail"]
    # What was done is known all the same, by what was written before.
    assert small.done == 2
    assert len(await world.database.read("SELECT * FROM audit_intent")) == 2


def raising(error: BaseException) -> Any:
    """Return a middleware that raises."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def fail(scope: Scope, receive: Receive, send: Send) -> None:
            raise error

        return fail

    return wrap


async def test_what_is_raised_on_the_way(world: World) -> None:
    for error, status in (
        (InvalidRequest("no"), 400),
        (RuntimeError(), 500),
        (TooManyRequests("slow"), 429),
    ):
        async with world.client(world.app(raising(error))) as http:
            assert (await http.post("/api/v1/tokens")).status_code == status
    # Above the rate nothing was begun, and a flood does not fill the log.
    assert [r[2] for r in await world.records()] == [400, 500]


async def test_an_error_gives_way_to_a_log_that_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> None:
        raise StorageFull

    monkeypatch.setattr(world.identity.audit._log, "append", full)
    async with world.client(world.app(raising(InvalidRequest("no")))) as http:
        assert (await http.post("/api/v1/tokens")).status_code == 503


async def test_an_answer_that_never_comes(world: World) -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        return

    async def cancelled(scope: Scope, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError

    scope = {"type": "http", "method": "DELETE", "path": "/x é", "headers": []}
    none = Templates({})
    await AuditTrail(silent, world.services, none)(dict(scope), receive, send)
    with pytest.raises(asyncio.CancelledError):
        await AuditTrail(cancelled, world.services, none)(dict(scope), receive, send)
    assert await world.records() == [
        ("", "DELETE /x%20%C3%A9", 0, ""),
        ("", "DELETE /x%20%C3%A9", 500, ""),
    ]
