"""Permissions of a document and scopes of a token."""

import httpx
from fastapi import FastAPI
from tests.support.app import client

from gatewright.composition import Services
from gatewright.core.caller import Caller, Role, visitor


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
