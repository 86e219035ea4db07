"""A client of the native API on the ``services`` of a test's module."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.support.app import client

from gatewright.core.caller import Caller, visitor
from gatewright.faces.api import face


@pytest.fixture
def user() -> Caller:
    """Return whose requests those of ``api`` are; modules choose another."""
    return visitor()


@pytest_asyncio.fixture(loop_scope="module")
async def api(services: Any, user: Caller) -> AsyncIterator[httpx.AsyncClient]:
    async with client(face.build(services), services, user) as made:
        yield made
