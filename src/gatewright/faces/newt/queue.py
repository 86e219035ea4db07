"""NEWT's ``/queue`` and ``/job``: listing, submitting and deleting jobs."""

import asyncio
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import suppress
from functools import partial
from typing import TypeVar
from urllib.parse import parse_qsl

from starlette.requests import Request

from gatewright.core.caller import Scope
from gatewright.core.errors import InvalidContent, NotFound, TooLarge, Unavailable
from gatewright.core.pages import MAXIMUM_LIMIT, Page, pages
from gatewright.domains.compute import (
    ENDED,
    Job,
    JobFilter,
    JobSpec,
    JobState,
    QueuedJob,
    QueueFilter,
    Stream,
)
from gatewright.faces.newt import job_shapes
from gatewright.faces.newt.forms import read_form
from gatewright.web.context import request_context
from gatewright.web.form_text import unix_lines

Item = TypeVar("Item")

MOST_JOBS = 100_000
"""Most jobs that are gone through for a list, since NEWT has no pages."""
MOST_SCRIPT = 1 << 20
MOST_OUTPUT = 1 << 20
_PAGING = {"index", "limit"}


async def listing(request: Request) -> object:
    """List the waiting and running jobs in classic NEWT's columns.

    The caller's jobs come first, then the jobs of others that the caller may see.
    ``index`` and ``limit`` select a part; any other parameter is the name of a column
    with the value that it must have.
    """
    now = time.time()
    context, system = request_context(request), request.path_params["system"]
    jobs, caller = context.services.jobs, context.caller
    own = await _queue(request)
    listed = await jobs.listed(caller, system, own)
    wanted = {k: v for k, v in request.query_params.items() if k not in _PAGING}
    chosen = QueueFilter(user=wanted.get("user", ""), name=wanted.get("name", ""))
    others: list[QueuedJob] = []
    async for page in _pages(
        lambda cursor: jobs.everyone(caller, system, chosen, MAXIMUM_LIMIT, cursor)
    ):
        others += [one.job for one in page if one.id is None]

    def found() -> list[dict[str, str]]:
        rows = [
            job_shapes.classic(job, rank, now, listed.get(job.id))
            for job, rank in _ranked(own)
        ]
        rows += [job_shapes.classic_of_another(job, system, now) for job in others]
        return [row for row in rows if all(row.get(k) == v for k, v in wanted.items())]

    rows = await asyncio.to_thread(found)
    first = _number(request.query_params, "index", 0)
    return rows[first : first + _number(request.query_params, "limit", len(rows))]


async def completed(request: Request) -> object:
    """List a user's jobs that have ended, newest first, in classic columns.

    Callers see only their own jobs. ``index`` and ``limit`` select a part. NEWT's
    documentation writes them in the path (``/queue/completedjobs/ada&limit=10``) or as
    a query; both are accepted.
    """
    user, _, written = request.path_params["user"].partition("&")
    given = dict(parse_qsl(written)) | dict(request.query_params)
    context = request_context(request)
    context.caller.require(Scope.JOBS_READ)
    await context.services.identity.users.get(context.caller, user)
    first = _number(given, "index", 0)
    end = first + _number(given, "limit", MAXIMUM_LIMIT)
    jobs, caller = context.services.jobs, context.caller
    found: list[Job] = []
    for system in jobs.systems if caller.user == user else ():
        here: list[Job] = []
        async for page in _pages(
            partial(jobs.list, caller, system, JobFilter(ENDED), MAXIMUM_LIMIT)
        ):
            here += page
            if len(here) >= end:
                break
        found += here
    found.sort(key=lambda job: job.submitted_at, reverse=True)
    return [job_shapes.classic(job, None, time.time()) for job in found[first:end]]


async def _pages(
    read: Callable[[str | None], Awaitable[Page[Item]]],
) -> AsyncIterator[Sequence[Item]]:
    """Yield the items of each page of a list.

    Raises
    ------
    TooLarge
        They are more than 100,000.
    """
    count = 0
    async for page in pages(read):
        yield page.items
        count += len(page.items)
        if page.next is not None and count >= MOST_JOBS:
            raise TooLarge(
                f"There are more than {MOST_JOBS} jobs, and NEWT has no pages. "
                "/api/v1/jobs and /api/v1/queue have."
            )


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidContent(f"“{name}” has to be a whole number from 0.")
    return int(text)


async def second_listing(request: Request) -> object:
    """List the caller's waiting and running jobs in NEWT 2.0's columns."""
    now = time.time()
    context, system = request_context(request), request.path_params["system"]
    own = await _queue(request)
    listed = await context.services.jobs.listed(context.caller, system, own)
    return [
        job_shapes.second(job, rank, now, listed.get(job.id))
        for job, rank in _ranked(own)
    ]


async def machines(request: Request) -> object:
    """Return for each system how many of the caller's jobs are waiting and running."""
    context = request_context(request)
    found = {}
    for system in context.services.jobs.systems:
        queue = await context.services.jobs.queue(context.caller, system)
        active = sum(job.state is JobState.ACTIVE for job in queue.jobs)
        waiting = len(queue.jobs) - active
        found[system] = {"status": "up", "running": active, "waiting": waiting}
    return found


async def _queue(request: Request) -> list[Job]:
    context = request_context(request)
    system = request.path_params["system"]
    queue = await context.services.jobs.queue(context.caller, system)
    return list(queue.jobs)


def _ranked(jobs: list[Job]) -> Iterator[tuple[Job, int | None]]:
    """Yield jobs with their position among those that wait, counted from 1."""
    place = 0
    for job in jobs:
        waits = job.state in {JobState.NEW, JobState.QUEUED}
        place += waits
        yield job, place if waits else None


async def submit(request: Request) -> str:
    """Submit the script in a form and return the job's id."""
    context = request_context(request)
    context.caller.require(Scope.JOBS_SUBMIT)
    system = request.path_params["system"]
    form = await read_form(request)
    script = unix_lines(form.get("jobscript", "")) or await _script_file(request, form)
    (job,) = await context.services.jobs.submit(
        context.caller, system, [JobSpec(script=script)]
    )
    return job.id


async def classic_submit(request: Request) -> object:
    """Submit a job; respond as classic NEWT does."""
    return {"status": "OK", "error": "", "jobid": await submit(request)}


async def second_submit(request: Request) -> object:
    """Submit a job; respond as NEWT 2.0 does."""
    return {"jobid": await submit(request)}


async def _script_file(request: Request, form: Mapping[str, str]) -> str:
    """Return the text of the file that ``jobfile`` names, read as the caller."""
    name = form.get("jobfile")
    if not name:
        raise InvalidContent("Send “jobscript”, the text, or “jobfile”, its path.")
    context = request_context(request)
    files, system = context.services.files, request.path_params["system"]
    path = await files.resolve(context.caller, system, name.encode())
    opened = await files.open(context.caller, system, path)
    try:
        if opened.descriptor is None:
            raise InvalidContent("“jobfile” is not a file.")
        if opened.entry.size > MOST_SCRIPT:
            raise TooLarge(f"A script may have at most {MOST_SCRIPT} bytes.")
        return (await opened.read(0, MOST_SCRIPT)).decode()
    except UnicodeDecodeError as error:
        raise InvalidContent("“jobfile” is not UTF-8 text.") from error
    finally:
        opened.close()


async def _job(request: Request) -> Job:
    context = request_context(request)
    job_id, system = request.path_params["id"], request.path_params["system"]
    return await context.services.jobs.get(context.caller, system, job_id)


async def one(request: Request) -> object:
    """Return one job in classic NEWT's columns, even if it has ended."""
    job = await _job(request)
    return job_shapes.classic(job, None, time.time(), await _listed(request, job))


async def accounting(request: Request) -> object:
    """Return a job's accounting record."""
    job = await _job(request)
    return job_shapes.accounting(job, time.time(), await _listed(request, job))


async def _listed(request: Request, job: Job) -> QueuedJob | None:
    """Return how the scheduler lists a job; None if it does not, or does not answer."""
    context = request_context(request)
    with suppress(Unavailable):
        found = await context.services.jobs.listed(context.caller, job.system, [job])
        return found.get(job.id)
    return None


async def second_one(request: Request) -> object:
    """Return one job as NEWT 2.0 does, with the last part of its output."""
    job, context = await _job(request), request_context(request)
    output = ""
    with suppress(NotFound):
        file = await context.services.jobs.output(
            context.caller, job.system, job.id, Stream.OUTPUT
        )
        try:
            data = await file.read(max(file.size - MOST_OUTPUT, 0), MOST_OUTPUT)
            output = data.decode("utf-8", "replace")
        finally:
            file.close()
    return job_shapes.record(job, time.time(), output)


async def classic_delete(request: Request) -> object:
    """Cancel a job; respond as classic NEWT does."""
    job = await _cancel(request)
    return {"status": "OK", "output": f"job {job.id}: {job.state}", "error": ""}


async def second_delete(request: Request) -> object:
    """Cancel a job; respond as NEWT 2.0 does."""
    job = await _cancel(request)
    return {"output": f"job {job.id}: {job.state}"}


async def _cancel(request: Request) -> Job:
    context = request_context(request)
    job_id, system = request.path_params["id"], request.path_params["system"]
    return await context.services.jobs.cancel(context.caller, system, job_id)
