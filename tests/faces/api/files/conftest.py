"""Files over HTTP, through a real worker process."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp
from tests.support.app import AsCaller, caller
from tests.support.workers import resources_of

from gatewright.backends.worker import open_worker
from gatewright.composition.files import open_files
from gatewright.core.caller import Caller
from gatewright.core.config import Config, Limits, System
from gatewright.faces.api import command, files
from gatewright.web.problems import exception_handlers

LIMITS = Limits(upload_bytes=8 << 20, command_seconds=60, command_output_bytes=1000)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
async def services(home: Path) -> AsyncIterator[Any]:
    system = System.model_validate({"name": "local", "root": home, "home": home})
    config = Config(systems=[system], limits=LIMITS)
    async with open_worker() as worker, AsyncExitStack() as stack:
        files, commands = await open_files(config, resources_of(worker), stack)
        yield SimpleNamespace(
            config=config, worker=worker, files=files, commands=commands
        )


@pytest.fixture
def app(services: Any) -> ASGIApp:
    """Return the part of the API that is tested, which is quickly made."""
    app = FastAPI(exception_handlers=exception_handlers())
    app.include_router(files.router)
    app.include_router(command.router)
    return app


def client_of(app: ASGIApp, services: Any, who: Caller) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(AsCaller(app, services, who))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


@pytest.fixture
async def client(app: ASGIApp, services: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, services, caller()) as client:
        yield client


def names(folder: Path) -> list[bytes]:
    return sorted(os.fsencode(path.name) for path in folder.iterdir())
