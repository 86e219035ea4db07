"""The scheduler of this machine against the contract of all schedulers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatewright.backends.processes import LocalLauncher, ProcessScheduler
from gatewright.domains.compute import Capabilities
from gatewright.testing.scheduler import SchedulerContract


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
async def scheduler(tmp_path: Path) -> AsyncIterator[ProcessScheduler]:
    made = ProcessScheduler(
        tmp_path / "spool",
        Capabilities(cores=2, memory_bytes=1 << 30, queues=("default",)),
        LocalLauncher(),
        grace_seconds=0.5,
    )
    yield made
    await made.close()


class TestProcesses(SchedulerContract):
    """All of the contract, on real processes."""
