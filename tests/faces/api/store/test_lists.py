"""Lists of documents and of collections, queries and usage."""

import httpx
import pytest


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
