"""The changes of a collection, by asking and as a stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.support.app import caller

from gatewright.composition import Services
from gatewright.domains.store import Change


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
