"""NEWT in the whole application."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.whole import Whole, whole


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Whole]:
    """The whole application with an owner and two guests."""
    notice = {"state": str(tmp_path / "state"), "message_of_the_day": "Hi"}
    async with whole(tmp_path, {"gateway": notice}) as opened:
        yield opened
