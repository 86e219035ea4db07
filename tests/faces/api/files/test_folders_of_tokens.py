"""A token that is narrowed to folders, through a real worker and the kernel."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp
from tests.faces.api.files.conftest import client_of, names

from gatewright.core.caller import Caller, Role


@pytest.fixture
def narrow(home: Path) -> Caller:
    for folder in ("in/deep", "out", "private"):
        (home / folder).mkdir(parents=True)
    (home / "in/data").write_text("mine")
    (home / "private/key").write_text("secret")
    (home / "in/up").symlink_to("..")
    (home / "in/key").symlink_to("../private/key")
    (home / "out/away").symlink_to("../private")
    scopes = frozenset({"files:read:/in", "files:write:/out"})
    return Caller("ada", scopes, role=Role.OWNER)


async def test_what_it_reaches(
    app: ASGIApp, services: Any, home: Path, narrow: Caller
) -> None:
    async with client_of(app, services, narrow) as client:
        assert (await client.get("/files/local/in/data")).text == "mine"
        listed = (await client.get("/files/local/in/")).json()
        told = [entry["name"] for entry in listed["entries"]]
        assert told == ["data", "deep", "key", "up"]
        assert (await client.get("/files/local/in/data?view=tail")).status_code == 200
        assert (await client.put("/files/local/out/x", content=b"1")).status_code == 201
        for path, body in (
            ("out/a/b", {"op": "mkdir", "parents": True}),
            ("in/data", {"op": "copy", "destination": "/out/a/c"}),
            ("out/a/c", {"op": "move", "destination": "/out/c"}),
        ):
            answer = await client.post(f"/files/local/{path}", json=body)
            assert answer.is_success, answer.text
        assert (await client.delete("/files/local/out/x")).status_code == 204
    assert names(home / "out") == [b"a", b"away", b"c"]
    assert (home / "out/c").read_text() == "mine"


@pytest.mark.parametrize(
    "request_line",
    [
        "GET ",
        "GET private/key",
        "HEAD private/key",
        "GET in/key",
        "GET in/up/private/key",
        "GET in/up/",
        "GET in/key?view=tail",
        "GET in/key?view=checksum",
        "GET out/c",
        "GET inner",
        "PUT in/data",
        "PUT x",
        "PUT out/away/x",
        "DELETE out/away/key",
        "DELETE out?recursive=true",
        "DELETE private?recursive=true",
    ],
)
async def test_what_it_does_not_reach(
    app: ASGIApp, services: Any, home: Path, narrow: Caller, request_line: str
) -> None:
    method, _, path = request_line.partition(" ")
    before = sorted(home.rglob("*"))
    async with client_of(app, services, narrow) as client:
        answer = await client.request(method, f"/files/local/{path}")
    assert answer.status_code == 403, answer.text
    assert "secret" not in answer.text
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize(
    ("path", "op", "to"),
    [
        ("out/link", "link", "../private"),
        ("out/away/x", "mkdir", None),
        ("out", "mkdir", None),
        ("in/data", "move", "/out/data"),
        ("in/key", "copy", "/private/copy"),
        ("in/up/private/key", "copy", "/out/copy"),
        ("in/data", "copy", "/out/away/copy"),
        ("private/key", "copy", "/out/copy"),
    ],
)
async def test_what_it_does_not_change(
    app: ASGIApp,
    services: Any,
    home: Path,
    narrow: Caller,
    path: str,
    op: str,
    to: str | None,
) -> None:
    before = sorted(home.rglob("*"))
    name = "target" if op == "link" else "destination"
    body = {"op": op} if to is None else {"op": op, name: to}
    async with client_of(app, services, narrow) as client:
        answer = await client.post(f"/files/local/{path}", json=body)
    assert answer.status_code == 403, answer.text
    assert sorted(home.rglob("*")) == before
    assert (home / "in/data").read_text() == "mine"


@pytest.mark.parametrize("path", ["out", "out/here", "out/deep/up"])
async def test_its_folder_keeps_its_mode(
    app: ASGIApp, services: Any, home: Path, narrow: Caller, path: str
) -> None:
    """Also where a link in the folder leads to the folder itself."""
    (home / "out/deep").mkdir()
    (home / "out/here").symlink_to(".")
    (home / "out/deep/up").symlink_to("..")
    (home / "out").chmod(0o700)
    async with client_of(app, services, narrow) as client:
        body = {"op": "chmod", "mode": "0777"}
        answer = await client.post(f"/files/local/{path}", json=body)
        inner = await client.post("/files/local/out/deep", json=body)
    assert answer.status_code == 403, answer.text
    assert (home / "out").stat().st_mode & 0o777 == 0o700
    assert inner.json()["mode"] == "0777"


async def test_a_folder_that_is_not_there(app: ASGIApp, services: Any) -> None:
    caller = Caller("ada", frozenset({"files:read:/none"}), role=Role.OWNER)
    async with client_of(app, services, caller) as client:
        assert (await client.get("/files/local/none/")).status_code == 404
        told = json.loads((await client.get("/files")).content)
    assert [system["name"] for system in told["systems"]] == ["local"]
