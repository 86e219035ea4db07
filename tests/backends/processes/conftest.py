"""A scheduler of processes with its spool in a new folder, and a home for its jobs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.backends.processes.support import scheduler_on

from gatewright.backends.processes import ProcessScheduler, Settings


@pytest.fixture
def settings() -> Settings:
    """Return the settings of ``scheduler``; modules choose others."""
    return Settings()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
async def scheduler(
    tmp_path: Path, settings: Settings
) -> AsyncIterator[ProcessScheduler]:
    made = scheduler_on(tmp_path, settings=settings)
    yield made
    await made.close()
