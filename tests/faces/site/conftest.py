"""The site in the whole application."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.whole import Whole, whole


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    """The whole application, with a title that needs escaping."""
    folder = tmp_path_factory.mktemp("site")
    own = {"state": str(folder / "state"), "title": "Ada & Bob's <gateway>"}
    async with whole(folder, {"gateway": own}) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def close_clients(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Let go of the clients that a test has opened."""
    yield
    if "gateway" in request.fixturenames:
        await request.getfixturevalue("gateway").stack.aclose()
