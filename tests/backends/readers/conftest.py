"""A pool of readers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.support.readers import settings

from gatewright.backends.readers import ReaderPool, open_pool


@pytest_asyncio.fixture
async def pool(tmp_path: Path) -> AsyncIterator[ReaderPool]:
    async with open_pool(settings(tmp_path)) as opened:
        yield opened
