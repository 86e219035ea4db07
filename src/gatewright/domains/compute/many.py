"""Cancels many jobs at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.core.errors import InvalidContent
from gatewright.domains.compute.model import JobFilter, JobState
from gatewright.domains.compute.ports import JobTable
from gatewright.domains.compute.submitting import JobSystem


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What became of an order to cancel many jobs."""

    jobs: Sequence[str]
    """Ids of the jobs that were canceled, oldest first."""
    left: Sequence[str]
    """Ids of those that match and are just being submitted: they go on."""


async def cancel_matching(
    on: JobSystem, table: JobTable, user: str, chosen: JobFilter
) -> Cancellation:
    """Cancel the jobs of a user that match a filter and have not ended.

    Raises
    ------
    InvalidContent
        The filter takes all jobs: whoever wants that names the states.
    """
    if chosen == JobFilter():
        raise InvalidContent(
            "Say which jobs to cancel: “state”, “name” or “since”. All of them are "
            "state=queued&state=held&state=active."
        )
    jobs = [
        job
        for job in await table.open_jobs(on.system.name, user)
        if job.state in (chosen.states or {job.state})
        and chosen.name in {None, job.name}
        and job.submitted_at >= (chosen.since or 0.0)
    ]
    there = [job for job in jobs if job.state is not JobState.NEW]
    native_ids = [job.native_id for job in there if job.native_id is not None]
    if native_ids:
        await on.scheduler.cancel(user, native_ids)
        await on.records.refresh(user, native_ids)
    left = [job.id for job in jobs if job.state is JobState.NEW]
    return Cancellation([job.id for job in there], left)
