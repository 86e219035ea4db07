"""The OpenAPI document's every changing operation leaves its audit record."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.identity import own_identity
from tests.support.whole import GUEST, OWNER, PASSWORD, Whole, whole

from gatewright.domains.identity import AuditRecord

JSON = {"Content-Type": "application/json"}
HELD = {"executable": "/bin/true", "hold": True}


@dataclass
class Recipe:
    """How an operation succeeds."""

    path: str
    """Where, with what was made before in braces."""
    more: dict[str, Any] = field(default_factory=dict)
    """The request's body."""
    cookie: bool = False
    """Whether a session's cookie does it."""


def merge_patch(text: str) -> dict[str, Any]:
    return {
        "content": text,
        "headers": {"Content-Type": "application/merge-patch+json"},
    }


RECIPES: dict[str, Recipe] = {
    "POST /session": Recipe(
        "/session", {"json": {"user": OWNER, "password": PASSWORD}}
    ),
    "DELETE /sessions/{key}": Recipe("/sessions/{session}", cookie=True),
    "DELETE /session": Recipe("/session", cookie=True),
    "POST /tokens": Recipe("/tokens", {"json": {"label": "x"}}),
    "DELETE /tokens/{key}": Recipe("/tokens/{key}"),
    "POST /jobs/{system}": Recipe("/jobs/local", {"json": HELD}),
    "POST /jobs/{system}/{job_id}/release": Recipe("/jobs/local/{id}/release"),
    "POST /jobs/{system}/{job_id}/hold": Recipe("/jobs/local/{held}/hold"),
    "DELETE /jobs/{system}/{job_id}": Recipe("/jobs/local/{held}"),
    "PUT /files/{system}/{path}": Recipe("/files/local/a", {"content": b"x"}),
    "POST /files/{system}/{path}": Recipe(
        "/files/local/folder", {"json": {"op": "mkdir"}}
    ),
    "DELETE /files/{system}/{path}": Recipe("/files/local/a"),
    "POST /command/{system}": Recipe("/command/local", {"json": {"command": ["true"]}}),
    "PUT /store/{collection}": Recipe("/store/c", {"json": {}}),
    "POST /store/{collection}": Recipe("/store/c", {"json": {"n": 1}}),
    "POST /store/{collection}/bulk": Recipe(
        "/store/c/bulk", {"json": {"documents": {"d": 1}}}
    ),
    "PUT /store/{collection}/{key}": Recipe("/store/c/k", {"json": {"n": 1}}),
    "PATCH /store/{collection}/{key}": Recipe("/store/c/k", merge_patch('{"m": 2}')),
    "PUT /store/{collection}/{key}/permissions": Recipe(
        "/store/c/k/permissions", {"json": {"everyone": "read"}}
    ),
    "DELETE /store/{collection}/{key}/permissions": Recipe("/store/c/k/permissions"),
    "DELETE /store/{collection}/{key}": Recipe("/store/c/k"),
    "DELETE /store/{collection}": Recipe("/store/c"),
    "POST /status/incidents": Recipe(
        "/status/incidents", {"json": {"kind": "notice", "title": "Cake"}}
    ),
    "PATCH /status/incidents/{incident}": Recipe(
        "/status/incidents/{id}", {"json": {"update": "Eaten."}}
    ),
    "DELETE /status/incidents/{incident}": Recipe("/status/incidents/{id}"),
    "PATCH /admin/people/{name}": Recipe(
        f"/admin/people/{GUEST}", {"json": {"disabled": False}}
    ),
    "DELETE /admin/people/{name}/sessions/{session}": Recipe(
        f"/admin/people/{OWNER}/sessions/{{session}}", cookie=True
    ),
    "DELETE /admin/tokens/{key}": Recipe("/admin/tokens/{spare}"),
}
"""In an order in which each succeeds."""
PAGE = {"Origin": "http://127.0.0.1:8000", "X-Requested-With": "test"}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path) as opened:
        yield opened


async def records(gateway: Whole) -> list[AuditRecord]:
    audit = own_identity(gateway.services).audit
    return list(await audit._log.after(0, 1000))


async def unsafe_operations(client: httpx.AsyncClient) -> set[str]:
    document = (await client.get("/api/v1/openapi.json")).json()
    return {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
        if method in {"post", "put", "patch", "delete"}
    }


async def test_each_operation_that_succeeds_has_one_record(gateway: Whole) -> None:
    token, browser = await gateway.client(OWNER), await gateway.client(**PAGE)
    made: dict[str, str] = {}
    await hold_one_that_cannot_start(token, made)
    made["spare"] = (await token.post("/api/v1/tokens", json={})).json()["key"]
    for operation, recipe in RECIPES.items():
        if recipe.cookie:
            await sign_in(browser, made)
        before = len(await records(gateway))
        client = browser if recipe.cookie else token
        path = f"/api/v1{recipe.path.format(**made)}"
        if "/hold" in path:
            await client.post(path.replace("/hold", "/release"))
            before += 1
        method = operation.partition(" ")[0]
        answer = await client.request(method, path, **recipe.more)
        assert answer.status_code < 300, f"{operation}: {answer.text}"
        found = (await records(gateway))[before:]
        assert [(r.entry.method, r.entry.path) for r in found] == [(method, path)]
        entry = found[0].entry
        assert (entry.user, entry.status) == (OWNER, answer.status_code)
        app = "browser" if recipe.cookie else "token:test"
        route = f"/api/v1{operation.partition(' ')[2]}"
        assert (entry.route, entry.app) == (route, app)
        remember(made, operation, answer)
    assert (await own_identity(gateway.services).audit.verify()).fault == ""


async def hold_one_that_cannot_start(
    token: httpx.AsyncClient, made: dict[str, str]
) -> None:
    """Submit a job that waits for another held one: released it does not start yet."""
    first = (await token.post("/api/v1/jobs/local", json=HELD)).json()["id"]
    after = {"dependencies": [{"job": first, "condition": "after_any"}]}
    held = await token.post("/api/v1/jobs/local", json=HELD | after)
    made["held"] = held.json()["id"]


async def sign_in(browser: httpx.AsyncClient, made: dict[str, str]) -> None:
    asked = {"user": OWNER, "password": PASSWORD}
    assert (await browser.post("/api/v1/session", json=asked)).status_code == 201
    sessions = (await browser.get("/api/v1/sessions")).json()["sessions"]
    made["session"] = sessions[0]["key"]


def remember(made: dict[str, str], operation: str, answer: httpx.Response) -> None:
    kept = ("POST /tokens", "POST /jobs/{system}", "POST /status/incidents")
    if operation in kept:
        values = answer.json()
        made.update({k: v for k, v in values.items() if isinstance(v, str)})


async def test_an_operation_that_is_refused_has_one_record_too(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    operations = await unsafe_operations(client)
    assert operations >= set(RECIPES)
    for operation in sorted(operations):
        method, _, template = operation.partition(" ")
        path = f"/api/v1{template}".replace("{", "no-").replace("}", "")
        before = len(await records(gateway))
        answer = await client.request(method, path, content=b"{}", headers=JSON)
        (record,) = (await records(gateway))[before:]
        assert (record.entry.method, record.entry.path) == (method, path)
        assert record.entry.route == f"/api/v1{template}"
        assert record.entry.status == answer.status_code
        assert record.entry.request_id == answer.headers["x-request-id"]


async def test_newt_s_sign_out_by_get_has_its_record(gateway: Whole) -> None:
    client = await gateway.client()
    form = {"username": OWNER, "password": PASSWORD}
    assert (await client.post("/newt/auth", data=form)).json()["auth"] is True
    before = len(await records(gateway))
    assert (await client.get("/newt/logout")).json()["auth"] is False
    (record,) = (await records(gateway))[before:]
    assert (record.entry.user, record.entry.path) == (OWNER, "/newt/logout")
    assert (record.entry.status, record.entry.note) == (200, "signed out by link")
    assert (record.entry.route, record.entry.app) == ("/newt/logout", "program")
    assert (await client.get("/newt/logout")).status_code == 200
    assert len(await records(gateway)) == before + 1  # a visitor's changes nothing
