"""The store's part of the API with two people, over a real database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from fastapi import FastAPI
from tests.support.app import caller, client
from tests.support.migrated import put_tables

from gatewright.composition import Services
from gatewright.composition.state import open_database
from gatewright.composition.store import open_store
from gatewright.core.caller import Role
from gatewright.core.concurrency import ConcurrencyLimit
from gatewright.core.config import Config
from gatewright.faces.api import store, store_documents
from gatewright.web.problems import exception_handlers


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    config = Config.model_validate(
        {
            "gateway": {"state": tmp_path / "state"},
            "limits": {"document_bytes": 2000, "store_bytes_per_user": 6500},
        }
    )
    async with AsyncExitStack() as stack:
        await put_tables(tmp_path / "state" / "gateway.sqlite")
        database = await open_database(config, stack)
        documents, listings = await open_store(config, database, stack)
        parts = {"config": config, "store": documents, "listings": listings}
        parts["streams"] = ConcurrencyLimit(100, "streams")
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
