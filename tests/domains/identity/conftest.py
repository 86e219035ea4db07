"""Identity over a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.identity import World
from tests.support.identity import world as open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "state") as opened:
        yield opened
