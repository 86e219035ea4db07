"""Personal tokens through the API."""

import logging
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.identity import OWNER, World
from tests.support.identity import world as open_world

from gatewright.core.clock import timestamp


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "state") as opened:
        await opened.identity.users.add(opened.owner, "ada", "correct horse")
        yield opened


async def test_a_tokens_life(world: World) -> None:
    owner = await world.token()
    async with world.client(authorization=f"Bearer {owner}") as http:
        made = await http.post(
            "/api/v1/tokens",
            json={"label": "notebook", "scopes": ["data:read"], "expires_in": 3600},
        )
        assert made.status_code == 201
        assert made.headers["cache-control"] == "no-store"
        new = made.json()
        text = new.pop("token")
        assert re.fullmatch(r"gw_[0-9a-z]{26}\.[A-Za-z0-9_-]{43}", text)
        assert new == {
            "key": text[3:29],
            "user": OWNER,
            "label": "notebook",
            "scopes": ["data:read"],
            "created_at": timestamp(world.clock()),
            "expires_at": timestamp(world.clock() + 3600),
            "last_used_at": None,
            "last_used_from": None,
            "parent": owner[3:29],
            "delegated": False,
            "job": None,
        }
        async with world.client(address="192.0.2.7") as script:
            told = await script.get("/api/v1/session", auth=("", text))
            assert told.json()["scopes"] == ["data:read"]
        await world.identity.last_use.settle()
        used = (await http.get(made.headers["location"])).json()
        assert used["last_used_at"] == timestamp(world.clock())
        assert used["last_used_from"] == "192.0.2.7"
        listed = (await http.get("/api/v1/tokens")).json()
        assert {t["key"] for t in listed["tokens"]} == {owner[3:29], new["key"]}
        assert text.split(".")[1] not in str(listed)
        gone = await http.delete(made.headers["location"])
        assert gone.status_code == 204
        assert (await http.delete(made.headers["location"])).status_code == 404
        assert (await http.get(made.headers["location"])).status_code == 404
        assert (await http.get("/api/v1/session", auth=("", text))).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 201),
        ({"scopes": None, "expires_in": None}, 201),
        ({"scopes": []}, 422),
        ({"scopes": ["root"]}, 422),
        ({"scopes": "data:read"}, 422),
        ({"scopes": ["exec"]}, 403),
        ({"scopes": ["files:read:/x"]}, 403),
        ({"scopes": ["files:read:x"]}, 422),
        ({"scopes": ["files:read:/../x"]}, 422),
        ({"scopes": ["data:read"], "admin": True}, 422),
        ({"expires_in": 0}, 422),
        ({"expires_in": -1}, 422),
        ({"expires_in": 10**30}, 422),
        ({"expires_in": 1.5}, 422),
        ({"expires_in": "7d"}, 422),
        ({"expires_in": True}, 422),
        ({"label": "x" * 201}, 422),
        ({"label": "a\u0007"}, 422),
        ({"label": 1}, 422),
        ([], 422),
    ],
)
async def test_which_tokens_can_be_requested(
    world: World, body: Any, status: int
) -> None:
    async with world.client(authorization=f"Bearer {await world.token('ada')}") as http:
        answer = await http.post("/api/v1/tokens", json=body)
    assert answer.status_code == status, answer.text


async def test_an_unknown_scope_is_named_with_the_nearest(world: World) -> None:
    async with world.client(authorization=f"Bearer {await world.token()}") as http:
        answer = await http.post("/api/v1/tokens", json={"scopes": ["data:raed"]})
    assert answer.status_code == 422
    told = answer.json()["detail"]
    assert told.startswith("There is no scope “data:raed”. Did you mean “data:read”?")


async def test_what_is_no_object_is_refused_in_the_words_of_json(world: World) -> None:
    async with world.client(authorization=f"Bearer {await world.token()}") as http:
        answer = await http.post("/api/v1/tokens", json=["read"])
    assert answer.status_code == 422
    assert answer.json()["detail"] == "body: Input should be a JSON object"


async def test_a_token_of_a_folder_of_files(world: World) -> None:
    """It comes back as it is kept, and makes none that reaches further."""
    body = {"scopes": ["files:read:/a b//é", "account:manage", "account:read"]}
    async with world.client(authorization=f"Bearer {await world.token()}") as http:
        made = (await http.post("/api/v1/tokens", json=body)).json()
    scope = "files:read:/a%20b/%C3%A9"
    assert made["scopes"] == ["account:manage", "account:read", scope]
    async with world.client(authorization=f"Bearer {made['token']}") as http:
        told = (await http.get("/api/v1/session")).json()
        assert told["scopes"] == made["scopes"]
        for asked, status in (
            (scope, 201),
            (f"{scope}/x", 403),
            ("files:read:/a%20b", 403),
            ("files:read", 403),
            ("files:write:/a%20b/%C3%A9", 403),
        ):
            answer = await http.post("/api/v1/tokens", json={"scopes": [asked]})
            assert answer.status_code == status, asked


async def test_pages(world: World) -> None:
    token = await world.token("ada")
    for _ in range(4):
        await world.token("ada")
    seen: list[str] = []
    async with world.client(authorization=f"Bearer {token}") as http:
        url = "/api/v1/tokens?limit=2"
        while url:
            answer = await http.get(url)
            page = answer.json()
            seen += [t["key"] for t in page["tokens"]]
            assert ("next" in answer.links) is (page["next"] is not None)
            url = answer.links.get("next", {}).get("url", "")
        for bad in ("limit=0", "limit=x", "limit=99999999999999999999", "cursor=x"):
            answer = await http.get(f"/api/v1/tokens?{bad}")
            assert answer.status_code in {400, 422}
    assert len(seen) == len(set(seen)) == 5


async def test_nobody_reaches_the_tokens_of_another(world: World) -> None:
    owner, ada = await world.token(), await world.token("ada")
    async with world.client(authorization=f"Bearer {ada}") as http:
        for key in (owner[3:29], "x", "%00", "%ED%A0%80", "a" * 300):
            for method in ("GET", "DELETE"):
                answer = await http.request(method, f"/api/v1/tokens/{key}")
                assert answer.status_code == 404
    async with world.client() as http:
        for method in ("GET", "POST"):
            answer = await http.request(method, "/api/v1/tokens", json={})
            assert answer.status_code == 401
    narrow = await world.token("ada", "data:read")
    async with world.client(authorization=f"Bearer {narrow}") as http:
        for method in ("GET", "POST"):
            answer = await http.request(method, "/api/v1/tokens", json={})
            assert answer.status_code == 403


async def test_a_canary_is_found_nowhere(
    world: World, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No secret is in a table, a log or an answer, whatever is done with it."""
    caplog.set_level(logging.DEBUG)
    token, cookie = await world.token(), await world.cookie()
    code = await world.identity.make_sign_in_link(OWNER)
    password = "canary-password-17"
    secrets = [token[30:], cookie, code, password]
    async with world.client() as http:
        for method in ("GET", "POST", "DELETE", "PUT"):
            for path in ("/api/v1/session", "/api/v1/tokens", "/api/v1/nothing"):
                for headers in (
                    {"Authorization": f"Bearer {token}"},
                    {"Authorization": f"Bearer {token}x"},
                    {"Authorization": f"Digest {token}"},
                    {"Cookie": f"gw_session={cookie}"},
                ):
                    answer = await http.request(method, path, headers=headers)
                    assert not [s for s in secrets if s in answer.text]
        body = {"user": password, "password": password}
        for sent in (body, {**body, "user": OWNER}, {**body, "x": password}):
            answer = await http.post("/api/v1/session", json=sent)
            assert password not in answer.text
        await world.identity.users.set_password(world.owner, "ada", password)
    await world.identity.last_use.settle()
    logged = caplog.text + "".join(capfd.readouterr())
    assert not [s for s in secrets if s in logged]
    for file in world.state.iterdir():
        assert not [s for s in secrets if s.encode() in file.read_bytes()]
    found = subprocess.run(
        ["grep", "-c", OWNER, world.state / "gateway.sqlite-wal"],
        check=False,
        capture_output=True,
    )
    assert int(found.stdout) > 0, "the search would find what is there"
