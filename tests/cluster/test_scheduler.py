"""The contract of schedulers against a real Slurm."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.cluster.conftest import Cluster
from typing_extensions import override

from gatewright.backends.slurm.plugin import SlurmOptions, open_scheduler
from gatewright.domains.compute import JobState, Scheduler
from gatewright.testing.followed import Followed
from gatewright.testing.plugins import setting_for
from gatewright.testing.scheduler import SchedulerContract


class TestSlurm(SchedulerContract):
    # The cluster of the tests knows a job's processes by their group (a site has
    # cgroups), samples memory once a second, and counts limits in minutes.
    ends_orphans = False
    sample_seconds = 3.0
    seconds = 180.0
    limit_seconds = 240.0
    cluster: Cluster

    @override
    async def hasten(self, followed: Followed, native_id: str) -> None:
        """Move the end that follows from the limit: Slurm looks twice a minute."""
        await followed.until_state(native_id, JobState.ACTIVE)
        number = native_id.partition("/")[0]
        limit = self.cluster.run("squeue", "-h", "-j", number, "-o", "%l")
        assert limit.strip() == "1:00"
        self.cluster.run("scontrol", "update", f"JobId={number}", "EndTime=now+1")

    @override
    @asynccontextmanager
    async def starting_none(self) -> AsyncIterator[None]:
        node = "scontrol", "update", "NodeName=localhost"
        self.cluster.run(*node, "State=DRAIN", "Reason=test")
        try:
            yield
        finally:
            self.cluster.run(*node, "State=RESUME")

    @pytest.fixture
    async def scheduler(
        self, cluster: Cluster, tmp_path: Path
    ) -> AsyncIterator[Scheduler]:
        self.cluster = cluster
        async with (
            setting_for(
                SlurmOptions, tmp_path, conf=str(cluster.conf), interval=0.5
            ) as setting,
            open_scheduler(setting) as opened,
        ):
            yield opened
            cluster.clear()

    @pytest.fixture
    def directory(self, tmp_path: Path) -> Path:
        return tmp_path / "home"
