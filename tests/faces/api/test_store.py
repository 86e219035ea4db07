"""The document store over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from tests.support.app import caller, client

from gatewright.composition import Services
from gatewright.composition.state import open_database
from gatewright.composition.store import open_store
from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.config import Config
from gatewright.core.turns import Turns
from gatewright.domains.store import Change
from gatewright.faces.api import store, store_documents
from gatewright.web.problems import exception_handlers

MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    config = Config.model_validate(
        {
            "gateway": {"state": tmp_path / "state"},
            "limits": {"document_bytes": 2000, "store_bytes_per_user": 6500},
        }
    )
    async with AsyncExitStack() as stack:
        database = await open_database(config, stack)
        documents, listings = await open_store(config, database, stack)
        parts = {"config": config, "store": documents, "listings": listings}
        parts["streams"] = Turns(100, "streams")
        yield cast("Services", SimpleNamespace(**parts))


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """Return the store's part of the API, which is quick to make."""
    app = FastAPI(exception_handlers=exception_handlers())
    app.include_router(store.router)
    app.include_router(store_documents.router)
    return app


@pytest.fixture
async def ada(app: FastAPI, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, services, caller("ada")) as opened:
        yield opened


@pytest.fixture
async def ben(app: FastAPI, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, services, caller("ben", Role.GUEST, "astro")) as opened:
        yield opened


class TestDocuments:
    async def test_a_life(self, ada: httpx.AsyncClient) -> None:
        made = await ada.put("/store/c/a%20b", content='{"x": 1.10, "y": 1}')
        assert made.status_code == 201
        assert made.headers["location"] == "/api/v1/store/c/a%20b"
        etag = made.headers["etag"]
        assert made.json() == {
            "key": "a b",
            "etag": etag,
            "bytes": 19,
            "created": True,
            "expires_at": None,
        }
        got = await ada.get("/store/c/a%20b")
        assert (got.status_code, got.text) == (200, '{"x": 1.10, "y": 1}')
        assert got.headers["content-type"] == "application/json"
        assert got.headers["etag"] == etag
        assert got.headers["cache-control"] == "private, no-cache"
        assert "last-modified" in got.headers
        head = await ada.head("/store/c/a%20b")
        assert (head.status_code, head.headers["content-length"]) == (200, "19")
        patched = await ada.patch(
            "/store/c/a%20b",
            content='{"y": null, "z": 12345678901234567890123}',
            headers={**MERGE, "If-Match": etag},
        )
        assert patched.status_code == 200
        assert patched.headers["etag"] != etag
        text = (await ada.get("/store/c/a%20b")).text
        assert text == '{"x":1.10,"z":12345678901234567890123}'
        replaced = await ada.put("/store/c/a%20b", content="[1]")
        assert (replaced.status_code, replaced.json()["created"]) == (200, False)
        assert "location" not in replaced.headers
        gone = await ada.delete("/store/c/a%20b")
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await ada.get("/store/c/a%20b")).status_code == 404

    async def test_conditions(self, ada: httpx.AsyncClient) -> None:
        create = {"If-None-Match": "*"}
        etag = (await ada.put("/store/c/k", content="1", headers=create)).headers[
            "etag"
        ]
        taken = await ada.put("/store/c/k", content="2", headers=create)
        assert taken.status_code == 412
        other = {"If-Match": '"0"'}
        for answer in (
            await ada.put("/store/c/k", content="2", headers=other),
            await ada.patch("/store/c/k", content="2", headers={**MERGE, **other}),
            await ada.delete("/store/c/k", headers=other),
            await ada.put("/store/c/none", content="2", headers={"If-Match": "*"}),
        ):
            assert answer.status_code == 412
            assert answer.json()["code"] == "precondition-failed"
        same = await ada.get("/store/c/k", headers={"If-None-Match": f'"x", {etag}'})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["etag"] == etag
        changed = await ada.get("/store/c/k", headers={"If-None-Match": '"x"'})
        assert changed.status_code == 200
        assert (
            await ada.put("/store/c/k", content="2", headers={"If-Match": "x"})
        ).status_code == 400
        matched = await ada.delete("/store/c/k", headers={"If-Match": f"{etag}"})
        assert matched.status_code == 204

    async def test_keys_that_are_made(self, ada: httpx.AsyncClient) -> None:
        made = await ada.post("/store/c", json={"x": 1})
        assert made.status_code == 201
        assert made.headers["location"] == f"/api/v1/store/c/{made.json()['key']}"
        got = await ada.get(made.headers["location"].removeprefix("/api/v1"))
        assert got.json() == {"x": 1}
        keys = [
            (await ada.post("/store/c?keys=number", json=n)).json()["key"]
            for n in range(3)
        ]
        assert keys == ["0", "1", "2"]

    async def test_many(self, ada: httpx.AsyncClient) -> None:
        body = '{"documents": {"a": 1.10, "é": {"x": [ 1 ]}}}'
        answer = await ada.post(
            "/store/c/bulk", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 200
        assert [one["key"] for one in answer.json()["documents"]] == ["a", "é"]
        assert (await ada.get("/store/c/é")).text == '{"x": [ 1 ]}'
        bad: list[object] = [
            {"documents": {"b": 1, "a/b": 1}},
            {"documents": {}},
            {"documents": {f"k{n}": 1 for n in range(1001)}},
            {"documents": [1]},
            {"documents": {"b": 1}, "more": 1},
            [],
        ]
        for wrong in bad:
            refused = await ada.post("/store/c/bulk", json=wrong)
            assert refused.status_code == 422, wrong
        double = '{"documents": {"b": 1, "b": 2}}'
        assert (await ada.post("/store/c/bulk", content=double)).status_code == 422
        assert (await ada.get("/store/c/b")).status_code == 404
        many = {f"k{n}": "x" * 500 for n in range(200)}
        full = await ada.post("/store/c/bulk", json={"documents": many})
        assert full.status_code == 507
        assert (await ada.get("/store/c/k1")).status_code == 404

    async def test_expiry(self, ada: httpx.AsyncClient) -> None:
        made = await ada.put("/store/c/k?expires_in=3600", content="1")
        assert made.json()["expires_at"] is not None
        got = await ada.get("/store/c/k")
        assert got.headers["sunset"].endswith("GMT")
        kept = await ada.patch(
            "/store/c/k?expires_in=never", content="2", headers=MERGE
        )
        assert kept.json()["expires_at"] is None
        assert "sunset" not in (await ada.get("/store/c/k")).headers
        await ada.put("/store/c/short?expires_in=0.001", content="1")
        await asyncio.sleep(0.01)
        assert (await ada.get("/store/c/short")).status_code == 404
        for wrong in ("0", "-1", "nan", "inf", "1e400", "x", "1e10", ""):
            answer = await ada.put(f"/store/c/k?expires_in={wrong}", content="1")
            assert answer.status_code == 422, wrong

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 400),
            (b"NaN", 400),
            (b"1e400", 400),
            (b'"\\ud800"', 400),
            (b'"\xff"', 400),
            (b'{"a":1,"a":1}', 422),
            (b'"\\u0000"', 422),
            (b"[" * 900 + b"]" * 900, 422),
            (b'"' + b"x" * 1998 + b'"', 201),
            (b'"' + b"x" * 1999 + b'"', 413),
        ],
    )
    async def test_bodies(
        self, ada: httpx.AsyncClient, body: bytes, status: int
    ) -> None:
        assert (await ada.put("/store/c/k", content=body)).status_code == status
        await ada.put("/store/c/l", content="{}")
        answer = await ada.patch("/store/c/l", content=body, headers=MERGE)
        assert answer.status_code == (200 if status == 201 else status)
        assert (await ada.post("/store/c", content=body)).status_code == status

    @pytest.mark.parametrize(
        "path",
        [
            "/store/c/a%ff", "/store/c/a%00", "/store/c/%0a", "/store/c/changes",
            "/store/c/bulk", "/store/c/" + "x" * 256, "/store/.c/k", "/store/usage/k",
            "/store/c%0a/k", "/store/%ff/k", "/store/c/%ed%a0%80",
        ],
    )  # fmt: skip
    async def test_names_that_are_none(self, ada: httpx.AsyncClient, path: str) -> None:
        answer = await ada.put(path, content="1")
        assert answer.status_code in {400, 422}
        for verb in ("GET", "PATCH", "DELETE"):
            again = await ada.request(verb, path, content="1", headers=MERGE)
            assert 200 <= again.status_code < 500

    @pytest.mark.parametrize(
        "key", ["a%2Fb", "%2F", "a%2Fpermissions", "a%2F%2Fb%2Fc", "%2E%2E", "%0A", ""]
    )
    async def test_a_key_that_no_document_has_is_refused_in_words(
        self, ada: httpx.AsyncClient, key: str
    ) -> None:
        await ada.put("/store/c/a", content="1")
        for verb in ("PUT", "PATCH", "DELETE", "GET"):
            if (verb, key) in {("GET", ""), ("PATCH", "a%2Fpermissions")}:
                continue  # the collection itself, and what has no such method
            answer = await ada.request(
                verb, f"/store/c/{key}", content="1", headers=MERGE if key else {}
            )
            assert (answer.status_code, "1 to 255 bytes" in answer.text) == (422, True)
        assert [d["key"] for d in (await ada.get("/store/c")).json()["documents"]] == [
            "a"
        ]
        bulk = await ada.post("/store/c/bulk", json={"documents": {"a/b": 1}})
        assert bulk.status_code == 422

    async def test_a_path_below_a_document_is_nowhere(
        self, ada: httpx.AsyncClient
    ) -> None:
        await ada.put("/store/c/a", content="1")
        assert (await ada.get("/store/c/a/b")).status_code == 404
        assert (await ada.put("/store/c/a/permissions/b")).status_code == 404
        there = await ada.get("/store/c/", follow_redirects=True)
        assert [d["key"] for d in there.json()["documents"]] == ["a"]

    async def test_the_wrong_type(self, ada: httpx.AsyncClient) -> None:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for answer in (
            await ada.put("/store/c/k", content="1", headers=form),
            await ada.post("/store/c", content="1", headers=form),
            await ada.post("/store/c/bulk", content="1", headers=form),
            await ada.patch("/store/c/k", content="1", headers={"Content-Type": "a/b"}),
            await ada.put("/store/c", content="1", headers=form),
        ):
            assert answer.status_code == 415


class TestLists:
    async def test_pages_and_queries(self, ada: httpx.AsyncClient) -> None:
        for n in range(5):
            await ada.put(f"/store/c/k{n}", content=f'{{"n": {n}, "x": 1.10}}')
        first = await ada.get("/store/c?limit=2")
        assert [d["key"] for d in first.json()["documents"]] == ["k0", "k1"]
        assert '"document":{"n": 0, "x": 1.10}' in first.text
        entry = first.json()["documents"][0]
        assert entry["modified_by"] == "ada"
        assert entry["etag"] == (await ada.get("/store/c/k0")).headers["etag"]
        assert 'rel="next"' in first.headers["link"]
        path = first.headers["link"].partition(">")[0].removeprefix("<")
        second = await ada.get(path)
        assert [d["key"] for d in second.json()["documents"]] == ["k2", "k3"]
        found = await ada.get("/store/c?query=n:ge:1&query=n:lt:3&prefix=k")
        assert [d["key"] for d in found.json()["documents"]] == ["k1", "k2"]
        assert found.json()["next"] is None
        assert "advice" not in found.json()

    @pytest.mark.parametrize(
        "query",
        [
            "query=x", "query=a:like:1", "query=a:eq:1e400", "limit=0", "limit=x",
            "limit=1001", "cursor=x", "cursor=e30", "prefix=%0a", "view=x",
        ],
    )  # fmt: skip
    async def test_what_is_no_query(self, ada: httpx.AsyncClient, query: str) -> None:
        await ada.put("/store/c/k", content="1")
        assert (await ada.get(f"/store/c?{query}")).status_code in {400, 422}

    async def test_a_sorted_list_with_some_fields_and_its_count(
        self, ada: httpx.AsyncClient
    ) -> None:
        stars = {
            "vega": '{"mag": 0.03, "pos": {"ra": 279.230, "dec": 38.8}, "a.b": 1}',
            "sun": '{"mag": -26.7, "pos": {"ra": 1.0}}',
            "dark": '{"name": "no magnitude"}',
            "deneb": '{"mag": 1.25}',
        }
        for key, text in stars.items():
            await ada.put(f"/store/c/{key}", content=text)
        url = "/store/c?sort=-mag&fields=mag&fields=pos.ra&count=true&limit=2"
        first = await ada.get(url)
        assert [d["key"] for d in first.json()["documents"]] == ["deneb", "vega"]
        assert '"document":{"mag":0.03,"pos":{"ra":279.230}}' in first.text
        assert first.json()["count"] == 4
        path = first.headers["link"].partition(">")[0].removeprefix("<")
        second = (await ada.get(path)).json()
        assert [d["key"] for d in second["documents"]] == ["sun", "dark"]
        assert (second["next"], second["count"]) == (None, 4)
        dotted = await ada.get("/store/c", params={"query": r"a\.b:eq:1"})
        assert [d["key"] for d in dotted.json()["documents"]] == ["vega"]
        counted = await ada.get("/store/c?query=mag:exists:true&count=true&limit=1")
        assert counted.json()["count"] == 3
        assert "count" not in (await ada.get("/store/c")).json()
        of_keys = "sort=mag&cursor=WyJhIl0"
        for wrong in ("sort=", "sort=-", "fields=", "count=x", of_keys):
            assert (await ada.get(f"/store/c?{wrong}")).status_code in {400, 422}, wrong

    async def test_collections(
        self, ada: httpx.AsyncClient, ben: httpx.AsyncClient
    ) -> None:
        made = await ada.put("/store/c", json={"indexes": ["n"]})
        assert made.status_code == 201
        assert made.headers["location"] == "/api/v1/store/c"
        assert made.json()["indexes"] == ["n"]
        assert (await ada.put("/store/c")).status_code == 200
        again = await ada.put("/store/c", headers={"If-None-Match": "*"})
        assert again.status_code == 412
        asked = {"users": {"ben": "read"}, "groups": {"g": "write"}, "everyone": "read"}
        changed = await ada.put("/store/c", json={"permissions": asked})
        asked["users"] = {"ada": "admin", "ben": "read"}
        assert changed.json()["permissions"] == asked
        view = (await ben.get("/store/c?view=collection")).json()
        assert (view["right"], "permissions" in view) == ("read", False)
        (one,) = (await ben.get("/store")).json()["collections"]
        assert (one["name"], one["owner"], one["documents"]) == ("c", "ada", 0)
        for wrong in (
            {"indexes": [f"f{n}" for n in range(17)]},
            {"indexes": [""]},
            {"indexes": "n"},
            {"permissions": {"everyone": "admin"}},
            {"permissions": {"users": {"a:b": "read"}}},
            {"permissions": {"users": {f"u{n}": "read" for n in range(1001)}}},
            {"else": 1},
        ):
            assert (await ada.put("/store/c", json=wrong)).status_code == 422, wrong
        assert (await ben.delete("/store/c")).status_code == 403
        assert (await ada.delete("/store/c")).status_code == 204
        assert (await ada.get("/store/c")).status_code == 404

    async def test_usage(self, ada: httpx.AsyncClient) -> None:
        await ada.put("/store/c/k", content="123")
        answer = (await ada.get("/store/usage")).json()
        assert answer == {"documents": 1, "bytes": 3, "limit_bytes": 6500}
        for n in range(4):
            answer = await ada.put(f"/store/c/l{n}", json="x" * 1700)
        assert answer.status_code == 507
        assert answer.json()["quota"] == 6500


class TestChanges:
    async def test_by_asking(self, ada: httpx.AsyncClient) -> None:
        await ada.put("/store/c/a", content="1")
        etag = (await ada.put("/store/c/b", content="1")).headers["etag"]
        await ada.delete("/store/c/a")
        answer = (await ada.get("/store/c/changes")).json()
        kinds = [(c["key"], c["kind"], c["etag"]) for c in answer["changes"]]
        assert kinds == [("b", "put", etag), ("a", "delete", None)]
        since = answer["last"]
        waiting = asyncio.create_task(
            ada.get(f"/store/c/changes?since={since}&wait=20")
        )
        await asyncio.sleep(0.01)
        await ada.put("/store/c/z", content="1")
        more = (await waiting).json()
        assert [change["key"] for change in more["changes"]] == ["z"]
        old = await ada.get("/store/c/changes?since=5")
        assert (old.status_code, old.json()["last"]) == (409, more["last"])
        for wrong in ("since=-1", "since=x", "since=1e3", "wait=31", "wait=nan"):
            answer = await ada.get(f"/store/c/changes?{wrong}")
            assert answer.status_code == 422, wrong

    async def test_as_a_stream(
        self,
        services: Services,
        ada: httpx.AsyncClient,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await ada.put("/store/c/a", content="1")
        lines: list[str] = []
        following = services.listings.follow(caller("ada"), "c", 0)
        assert (await anext(following)).key == "a"
        headers = {"Accept": "text/event-stream", "Last-Event-ID": "5"}
        answer = await ada.get("/store/c/changes", headers=headers)
        assert answer.status_code == 409

        came_back = {**headers, "Last-Event-ID": "6"}
        answer = await ada.get("/store/c/changes?since=0", headers=came_back)
        assert answer.status_code == 409

        follow, gone = services.listings.follow, asyncio.Event()

        async def watched(*arguments: Any) -> AsyncIterator[Change]:
            async for change in follow(*arguments):
                yield change
                if change.deleted:
                    gone.set()

        async def listen() -> None:
            # The transport gives the answer when it ends: with the collection.
            answer = await ada.get(
                "/store/c/changes?since=0", headers={"Accept": "text/event-stream"}
            )
            lines.extend(answer.text.splitlines())

        monkeypatch.setattr(services.listings, "follow", watched)
        listening = asyncio.create_task(listen())
        await ada.put("/store/c/b", content="1")
        await ada.delete("/store/c/a")
        async with asyncio.timeout(60):
            await gone.wait()
        await services.store.drop_collection(caller("ada"), "c")
        async with asyncio.timeout(60):
            await listening
        kinds = [line for line in lines if line.startswith("event: ")]
        assert kinds[0] == "event: document.put"
        assert "event: document.deleted" in kinds
        data = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
        assert {change["key"] for change in data} == {"a", "b"}


class TestPermissions:
    async def test_a_document_of_its_own(
        self, ada: httpx.AsyncClient, ben: httpx.AsyncClient
    ) -> None:
        await ada.put("/store/c/k", content="1")
        path = "/store/c/k/permissions"
        assert (await ada.get(path)).json() is None
        assert (await ben.get(path)).status_code == 404
        asked = {"users": {}, "groups": {"astro": "read"}, "everyone": None}
        assert (await ada.put(path, json=asked)).json() == asked
        assert (await ada.get(path)).json() == asked
        assert (await ben.get("/store/c/k")).text == "1"
        assert (await ben.get(path)).status_code == 403
        assert (await ben.put("/store/c/k", content="2")).status_code == 403
        assert (await ada.delete(path)).status_code == 204
        assert (await ben.get("/store/c/k")).status_code == 404

    async def test_scopes(
        self, app: FastAPI, services: Services, ada: httpx.AsyncClient
    ) -> None:
        await ada.put("/store/c/k", content="1")
        await ada.put("/store/d/k", content="1")
        narrow = Caller("ada", frozenset({"store:c"}), role=Role.OWNER)
        async with client(app, services, narrow) as one:
            assert (await one.get("/store/c/k")).status_code == 200
            assert (await one.get("/store/d/k")).status_code == 403
            assert (await one.get("/store/usage")).status_code == 403
            names = [c["name"] for c in (await one.get("/store")).json()["collections"]]
            assert names == ["c"]
        none = Caller("ada", frozenset({"data:read"}), role=Role.OWNER)
        async with client(app, services, none) as other:
            assert (await other.get("/store")).status_code == 403
        async with client(app, services, visitor()) as nobody:
            for path in ("/store", "/store/c", "/store/c/k", "/store/c/changes"):
                answer = await nobody.get(path)
                assert answer.status_code == 401
                assert "www-authenticate" in answer.headers


async def test_the_documents_are_documented(ada: httpx.AsyncClient) -> None:
    paths = (await ada.get("/openapi.json")).json()["paths"]
    ours = {path: set(verbs) for path, verbs in paths.items() if "/store" in path}
    assert ours == {
        "/store": {"get"},
        "/store/usage": {"get"},
        "/store/{collection}": {"get", "put", "post", "delete"},
        "/store/{collection}/bulk": {"post"},
        "/store/{collection}/changes": {"get"},
        "/store/{collection}/{key}": {"get", "put", "patch", "delete"},
        "/store/{collection}/{key}/permissions": {"get", "put", "delete"},
    }
    for verbs in ours:
        for operation in paths[verbs].values():
            assert operation["summary"]
            assert operation["description"]
