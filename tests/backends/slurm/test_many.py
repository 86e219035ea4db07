"""Many jobs in one request, of which the last wait for their turn.

The worker is the real one; the commands are of a made-up Slurm.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.backends.slurm.made import JOB
from tests.backends.slurm.test_absent import Site, site
from tests.backends.slurm.test_found import Time
from typing_extensions import override

from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.commands import Call, Slurm
from gatewright.backends.slurm.found import Finder
from gatewright.backends.slurm.submitting import Attempts, Submitter
from gatewright.backends.worker import OneWorker, open_worker
from gatewright.core.homes import one_home
from gatewright.domains.compute import JobStatus

__all__ = ["site"]
JOBS = [replace(JOB, uuid=f"u{number}", id=str(number)) for number in range(24)]
"""They were recorded at 5.0, and submitted one second later."""


class Late(Client):
    """Slurm as it is asked by a gateway whose clock goes on with the first job."""

    def __init__(self, *arguments: Any, time: Time, then: float) -> None:
        super().__init__(*arguments)
        self.time = time
        self.then = then

    @override
    async def submit(self, user: str, call: Call) -> str:
        number = await super().submit(user, call)
        self.time.now = self.then
        return number


@asynccontextmanager
async def submitter(site: Site, then: float) -> AsyncIterator[Submitter]:
    time = Time(6.0)
    async with open_worker() as worker:
        slurm = Slurm(str(site.folder / "bin"))
        client = Late(OneWorker(worker), slurm, time=time, then=then)
        finder = Finder(client, one_home(site.folder), time)
        yield Submitter(client, finder, Attempts(site.folder, time), time)


@pytest.mark.parametrize("then", [15.0, 100.0], ids=["in their lease", "after it"])
async def test_each_is_looked_for_only_once_another_may_have_submitted_it(
    site: Site, then: float
) -> None:
    async with submitter(site, then) as own:
        found = await own.submit("ada", JOBS)
    assert all(isinstance(one, JobStatus) for one in found), found
    told = [job["Comment"] for job in site.queue]
    assert sorted(told) == sorted(f"gw:{job.uuid}:ada" for job in JOBS)
    asked = (site.folder / "asked").read_text().split()
    assert asked.count("sbatch") == len(JOBS)
    assert ("squeue" in asked) == (then > 20), "5.0, and 15 s and a bit for each job"
