"""New jobs while Slurm's controller is away, by the commands of a made-up Slurm."""

from dataclasses import replace

import pytest
from tests.backends.slurm.made import JOB, LATE
from tests.backends.slurm.test_absent import Site, site
from tests.backends.slurm.test_lost import scheduler

from gatewright.core.errors import Unavailable
from gatewright.domains.compute import JobSpec, Snapshot

__all__ = ["site"]


async def test_they_are_refused_without_asking_it(site: Site) -> None:
    site.tickets.absent = False
    here = str(site.folder)
    job = replace(
        JOB,
        spec=JobSpec(executable="/bin/true"),
        directory=here,
        stdout_path=f"{here}/out",
        stderr_path=f"{here}/out",
    )
    away = site.folder / "away"
    async with scheduler(site) as made:
        await made.check(job)
        away.write_text("Unable to contact slurm controller (connect failure)")
        assert await made.look() is None
        asked = (site.folder / "asked").read_text()
        with pytest.raises(Unavailable, match="does not answer") as told:
            await made.check(job)
        assert told.value.retry_after == 5.0
        assert (site.folder / "asked").read_text() == asked
        # A look that was broken off, or was late, says too little.
        away.write_text(LATE)
        assert await made.look() is None
        await made.check(job)
        # One that gets an answer ends it.
        away.write_text("Unable to contact slurm controller (connect failure)")
        assert await made.look() is None
        with pytest.raises(Unavailable):
            await made.check(job)
        await made._looks.keep(Snapshot(as_of=6.0, jobs=()))
        await made.check(job)
