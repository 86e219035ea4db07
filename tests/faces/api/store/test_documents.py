"""Documents over HTTP."""

import asyncio

import httpx
import pytest

MERGE = {"Content-Type": "application/merge-patch+json"}


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
