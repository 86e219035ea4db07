"""Jobs that Slurm had taken and lost while their person is away.

The worker and its grants are the real ones; the commands are of a made-up Slurm.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.backends.slurm.made import JOB
from tests.backends.slurm.test_absent import NO_JOBS, Site, site
from tests.backends.slurm.test_forged import RECORD
from tests.backends.slurm.test_found import OF_QUEUE, Time, Told
from tests.backends.worker.test_intents import person_key
from tests.backends.worker.test_permit import PERSON, BrokersStarter
from typing_extensions import override

from gatewright.backends.slurm.commands import COMMENT, SUBMIT_LINE, Slurm
from gatewright.backends.slurm.found import Finder
from gatewright.backends.slurm.marks import NativeId
from gatewright.backends.slurm.scheduler import SlurmScheduler
from gatewright.backends.slurm.script import DONE_ALREADY
from gatewright.backends.slurm.statuses import PriorityOrder
from gatewright.backends.worker import Worker
from gatewright.core.errors import NotAllowed, PersonAbsent
from gatewright.core.homes import Homes, one_home
from gatewright.domains.compute import JobState, JobStatus

__all__ = ["site"]
SERVICE = "gw"
LOST = NativeId("100", "01hv", "root", PERSON)
ENDED: dict[str, Any] = {
    "JobID": "100", "JobIDRaw": "100", "User": "root", "State": "FAILED",
    "Submit": "2026-01-01T00:00:00", "Start": "2026-01-01T00:00:01",
    "End": "2026-01-01T00:00:03", "TotalCPU": "00:01", "ElapsedRaw": "2",
    "AllocCPUS": "1", "Comment": "gw:01hv:ada", "ExitCode": "3:0",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Both:
    """The person's worker, which acts only with tickets, and the gateway's own."""

    person: Worker
    own: Worker

    def of(self, user: str) -> Worker:
        return self.own if user == SERVICE else self.person


@asynccontextmanager
async def scheduler(
    site: Site,
    homes: Homes | None = None,
    *,
    has_marks: bool = True,
    column: str = COMMENT,
) -> AsyncIterator[SlurmScheduler]:
    starter = BrokersStarter(person_key())
    both = Both(Worker(starter, ticketer=site.tickets, intents=site.intents), Worker())
    slurm = Slurm(str(site.folder / "bin"))
    home = homes or one_home(site.folder)
    made = SlurmScheduler(slurm, both, SERVICE, home, site.folder, clock=Time(6.0))
    made._finder.has_marks = has_marks
    made._client.mark_column = column
    try:
        yield made
    finally:
        await both.person.close()
        await both.own.close()


async def status(
    site: Site,
    native: NativeId = LOST,
    *,
    has_marks: bool = True,
    column: str = COMMENT,
) -> JobStatus:
    """Return what a gateway that has just begun says of a job."""
    async with scheduler(site, has_marks=has_marks, column=column) as made:
        found = await made.status(PERSON, [str(native)])
    return found[str(native)]


@pytest.fixture
async def left(site: Site) -> Site:
    """Return a site where a job was taken and lost, and its person is absent."""
    await site.cut_short(JOB)
    (site.folder / "accounting").write_text("[]")
    return site


def accounts(site: Site, *rows: dict[str, Any]) -> None:
    (site.folder / "accounting").write_text(json.dumps(rows))


async def test_what_left_no_trace_is_submitted_again(left: Site) -> None:
    assert (await status(left)).state is JobState.NEW
    assert await left.submit(JOB) == [JobState.QUEUED]
    assert len(left.queue) == 1
    # The record has its old number still, and the queue has the new one.
    assert (await status(left, replace(LOST, number="99"))).state is JobState.QUEUED


async def test_it_waits_for_its_person_without_a_grant(left: Site) -> None:
    """The control. One whose grant was made before it named accounting waits too."""
    (grant,) = left.attempts.iterdir()
    kept = grant.read_text()
    name, frames = kept.split(" ")[0], kept.split(" ")[3].split(",")
    older = left.intents.grants.sign(PERSON, name, [*frames[:2], *frames[3:]])
    for other in ("", older):
        grant.write_text(other)
        with pytest.raises(PersonAbsent):
            await status(left)
    left.tickets.absent = False
    assert (await status(left)).state is JobState.NEW


async def test_jobs_are_asked_for_one_by_one(left: Site) -> None:
    """Each has a grant of its own, or none."""
    others = [str(LOST), str(replace(LOST, name="02hv"))]
    async with scheduler(left) as made:
        with pytest.raises(PersonAbsent):
            await made.status(PERSON, others)


@pytest.mark.parametrize("private", [True, False])
async def test_one_that_has_ended_is_not_submitted_again(
    left: Site, *, private: bool
) -> None:
    """What it used is in records that the service may see, or its person alone."""
    accounts(left, ENDED, ENDED | {"JobID": "100.batch", "Comment": ""})
    if private:
        (left.folder / "private").touch()
        with pytest.raises(PersonAbsent):
            await status(left)
        return
    found = await status(left)
    assert (found.state, found.exit_code) == (JobState.FAILED, 3)
    assert found.usage.cpu_seconds == 1.0


@pytest.mark.parametrize(
    "other",
    [
        {"Comment": "gw:02hv:ada"},
        {"Comment": "theirs\nwith a line"},
        {"State": "RUNNING"},
        {"User": "daemon"},
    ],
)
async def test_records_of_other_jobs_of_its_number_are_not_its_own(
    left: Site, other: dict[str, Any]
) -> None:
    (left.folder / "private").touch()
    accounts(left, ENDED | other)
    assert (await status(left)).state is JobState.NEW


@pytest.mark.parametrize(
    "line",
    [
        "sbatch --parsable --ignore-pbs --comment=gw:01hv:ada --job-name=a b --mem=1M",
        "/opt/slurm/bin/sbatch --parsable --hold --comment=gw:01hv:ada",
    ],
)
async def test_a_record_is_recognised_by_the_command_that_submitted_its_job(
    left: Site, line: str
) -> None:
    """At a site that keeps no comments: with the grant, and to the service account."""
    told = {name: value for name, value in ENDED.items() if name != "Comment"}
    accounts(left, {**told, "SubmitLine": line})
    found = await status(left, column=SUBMIT_LINE)
    assert (found.state, found.exit_code) == (JobState.FAILED, 3)
    (left.folder / "private").touch()  # the service account sees nobody's usage
    with pytest.raises(PersonAbsent):
        await status(left, column=SUBMIT_LINE)


@pytest.mark.parametrize(
    "line", ["", "sbatch --wrap=x", "sbatch --comment=gw:02hv:ada", "sbatch --comment="]
)
async def test_a_lost_job_goes_on_where_no_comments_are_kept(
    left: Site, line: str
) -> None:
    """Its number was given to another job since, which is not taken for it."""
    (left.folder / "private").touch()
    for rows in ([], [{**ENDED, "Comment": "", "SubmitLine": line}]):
        accounts(left, *rows)
        assert (await status(left, column=SUBMIT_LINE)).state is JobState.NEW
    assert await left.submit(JOB) == [JobState.QUEUED]


async def test_a_site_that_keeps_no_comments_cannot_tell_whose_a_record_is(
    left: Site,
) -> None:
    with pytest.raises(PersonAbsent):
        await status(left, has_marks=False)
    (left.folder / "accounting").unlink()  # it keeps no accounts at all
    assert (await status(left, has_marks=False)).state is JobState.NEW


async def test_its_claim_shows_that_it_has_begun(left: Site) -> None:
    left.claims.mkdir(parents=True)
    (left.claims / "01hv").write_text("begun 100 0 100\nended 100 3 105\n")
    found = await status(left)
    assert (found.state, found.exit_code) == (JobState.FAILED, 3)
    assert left.queue == NO_JOBS


def gone(account: str = "no-such") -> NativeId:
    return replace(LOST, account=account)


async def test_of_an_account_that_is_gone_it_ends(left: Site) -> None:
    """After an hour: the service that knows accounts may be away."""
    async with scheduler(left) as made:
        time = Time(6.0)
        made._finder._clock = time
        for later in (0.0, 3590.0):
            time.now += later
            with pytest.raises(PersonAbsent):
                await made.status(PERSON, [str(gone())])
        time.now += 20.0
        found = (await made.status(PERSON, [str(gone())]))[str(gone())]
        assert (found.state, found.native_state) == (JobState.FAILED, "LOST")
        assert found.reason.endswith("and its Unix account is gone.")
        accounts(left, ENDED | {"User": "no-such"})
        found = (await made.status(PERSON, [str(gone())]))[str(gone())]
        assert (found.exit_code, found.reason) == (3, "Ended with exit code 3.")
        accounts(left, ENDED | {"User": "no-such", "ExitCode": f"{DONE_ALREADY}:0"})
        found = (await made.status(PERSON, [str(gone())]))[str(gone())]
        assert found.reason.startswith("Another job did the work of this one.")
        with pytest.raises(PersonAbsent):  # an account that is there is waited for
            await made.status(PERSON, [str(gone("daemon"))])


async def test_of_a_home_that_is_gone_it_waits_while_the_account_is_there(
    left: Site,
) -> None:
    async def none(user: str) -> Any:
        raise NotAllowed("There is no Unix account of this name with a home here.")

    async with scheduler(left, none) as made:
        with pytest.raises(NotAllowed):
            await made.status(PERSON, [str(LOST)])


class NotReadable(Told):
    """A cluster whose users are absent, so that no claim file is read."""

    @override
    async def claim(self, user: str, path: str) -> None:
        raise PersonAbsent


@pytest.mark.parametrize(("account", "ends"), [("root", False), ("no-such", True)])
async def test_one_whose_work_another_did_ends_if_its_account_is_gone(
    site: Site, account: str, *, ends: bool
) -> None:
    """It once stayed “completing” for ever."""
    record = replace(RECORD, account=account, comment="gw:01hv:ada")
    told = NotReadable(kept=[record], codes={"22": (DONE_ALREADY, 0)})
    time = Time(1000.0)
    finder = Finder(told, one_home(site.folder), time)
    row = replace(
        OF_QUEUE, number="22", account=account, state="FAILED", comment="gw:01hv:ada"
    )
    rows: Sequence[Any] = [row]
    (status,) = await finder.of_rows("service", rows, PriorityOrder())
    assert (status.state, status.native_state) == (JobState.ACTIVE, "COMPLETING")
    time.now += 3700.0
    (status,) = await finder.of_rows("service", rows, PriorityOrder())
    if ends:
        assert (status.state, status.exit_code) == (JobState.FAILED, DONE_ALREADY)
        assert status.reason.startswith("Another job did the work of this one.")
    else:
        assert status.state is JobState.ACTIVE
