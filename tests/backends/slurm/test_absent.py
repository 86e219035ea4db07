"""A job whose person has gone before Slurm had it, by the commands of a made-up Slurm.

The worker and its grants are the real ones; the commands keep a queue in a file.
"""

import json
import stat
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.backends.slurm.made import JOB, LATE, PROGRAM
from tests.backends.slurm.test_forged import RECORD
from tests.backends.slurm.test_found import OF_QUEUE, Time
from tests.backends.worker.test_intents import person_key
from tests.backends.worker.test_permit import KEY, PERSON, BrokersStarter, Tickets
from typing_extensions import override

from gatewright.backends.authn.intents import GrantedIntent, IntentGrants
from gatewright.backends.broker import KeyGranter
from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.commands import QUEUE_FIELDS, Slurm
from gatewright.backends.slurm.found import Finder
from gatewright.backends.slurm.marks import mark_of
from gatewright.backends.slurm.rows import AccountingRow
from gatewright.backends.slurm.statuses import PriorityOrder
from gatewright.backends.slurm.submitting import Attempts, Submitter
from gatewright.backends.worker import IntentTicket, OneWorker, Worker
from gatewright.core.errors import InvalidContent, PersonAbsent, TimedOut, Unavailable
from gatewright.core.homes import one_home
from gatewright.domains.compute import (
    Condition,
    JobState,
    JobStatus,
    NativeDependency,
    Submission,
)

NO_JOBS: list[dict[str, Any]] = []


class Kept:
    """Grants of authn in the process of the test."""

    def __init__(self, granter: KeyGranter, tickets: Tickets) -> None:
        self.granter = granter
        self.tickets = tickets
        self.grants = IntentGrants(granter, self, Time(1000.0))
        self.ended: list[GrantedIntent] = []
        self.away = False

    async def add(self, ended: Sequence[GrantedIntent], now: float) -> None:
        self.ended += ended

    async def has(self, intent: GrantedIntent) -> bool:
        return intent.name in {one.name for one in self.ended}

    async def sign(self, name: str, frames: Sequence[str]) -> str:
        await self.tickets()  # raises if the person is absent
        return self.grants.sign(PERSON, name, frames)

    async def ticket(self, grant: str) -> IntentTicket:
        intent = await self.grants.lasting(grant)
        if intent is None:
            raise PersonAbsent
        end = time.monotonic() + 60
        return self.granter.intent_ticket(intent.user, end, intent.frames)

    async def end(self, grants: Sequence[str]) -> None:
        if self.away:
            raise Unavailable
        await self.grants.end(grants)


@dataclass(frozen=True, slots=True)
class Site:
    """A made-up Slurm, a home, and what the gateway keeps there."""

    folder: Path
    tickets: Tickets
    intents: Kept

    @property
    def queue(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((self.folder / "queue").read_text())
        return found

    @property
    def attempts(self) -> Path:
        return self.folder / "attempts"

    @property
    def claims(self) -> Path:
        return self.folder / ".gatewright" / "slurm"

    def away(self, *, is_away: bool) -> None:
        path = self.folder / "away"
        path.touch() if is_away else path.unlink()

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[Submitter]:
        """Yield the submitter of a gateway that has just begun, with a new worker."""
        worker = Worker(
            BrokersStarter(person_key()), ticketer=self.tickets, intents=self.intents
        )
        client = Client(OneWorker(worker), Slurm(str(self.folder / "bin")))
        finder = Finder(client, one_home(self.folder), Time(6.0))
        attempts = Attempts(self.folder, Time(6.0))
        try:
            yield Submitter(client, finder, attempts, Time(6.0))
        finally:
            await worker.close()

    async def submit(self, *jobs: Submission) -> list[JobState | type]:
        """Submit jobs by a gateway that has just begun; return states or errors."""
        async with self.gateway() as submitter:
            found = await submitter.submit(PERSON, jobs)
        return [one.state if isinstance(one, JobStatus) else type(one) for one in found]

    async def cut_short(self, *jobs: Submission) -> None:
        """Submit jobs while the controller is away; then their person goes."""
        self.tickets.absent = False
        self.away(is_away=True)
        with pytest.raises(TimedOut):
            await self.submit(*jobs)
        self.away(is_away=False)
        self.tickets.absent = True


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "bin").mkdir()
    for name in ("sacct", "sbatch", "scancel", "squeue"):
        path = tmp_path / "bin" / name
        text = PROGRAM.format(python=sys.executable, folder=str(tmp_path), late=LATE)
        path.write_text(text)
        path.chmod(stat.S_IRWXU)
    (tmp_path / "queue").write_text("[]")
    (tmp_path / "key").write_bytes(KEY)
    granter = KeyGranter(tmp_path / "key")
    tickets = Tickets(granter)
    return Site(tmp_path, tickets, Kept(granter, tickets))


def elements(*indices: int) -> list[Submission]:
    array = replace(JOB, array_id="7")
    return [replace(array, uuid=f"u{i}", array_index=i) for i in indices]


async def test_it_is_submitted_once_while_its_person_is_absent(site: Site) -> None:
    await site.cut_short(JOB)
    assert site.queue == NO_JOBS
    assert await site.submit(JOB) == [JobState.QUEUED]
    (job,) = site.queue
    assert job["Comment"] == "gw:01hv:ada"
    assert job["script"].startswith("#!/bin/sh\n")
    # Again, by a gateway that died before it wrote down the number: it is found.
    assert await site.submit(JOB) == [JobState.QUEUED]
    assert site.queue == [job]


async def test_without_a_grant_it_waits(site: Site) -> None:
    """The control: one of a gateway from before, say, or of which the file was lost."""
    await site.cut_short(JOB)
    (grant,) = site.attempts.iterdir()
    kept = grant.read_text()
    for other in ("", "x", kept.replace("01hv", "02hv"), kept[:-1], "\u00e9"):
        grant.write_text(other)
        with pytest.raises(PersonAbsent):
            await site.submit(JOB)
    assert site.queue == NO_JOBS
    grant.write_text(kept)
    assert await site.submit(JOB) == [JobState.QUEUED]


async def test_another_command_than_the_person_sent_is_not_run(site: Site) -> None:
    """Nor that of another of the person's jobs, by its grant."""
    second = replace(JOB, uuid="02hv", id="8")
    await site.cut_short(JOB, second)
    sent = JOB.spec
    dependency = NativeDependency("21/01hv/root/ada", Condition.AFTER_OK, "6")
    for altered in (
        replace(JOB, spec=replace(sent, executable="/bin/false")),
        replace(JOB, spec=replace(sent, environment={"A": "b"})),
        replace(JOB, name="other"),
        replace(JOB, stdout_path="/w/other.out"),
        replace(JOB, dependencies=(dependency,)),
    ):
        with pytest.raises(PersonAbsent):
            await site.submit(altered)
    first = site.attempts / "01hv"
    kept = first.read_text()
    first.write_text((site.attempts / "02hv").read_text())
    with pytest.raises(PersonAbsent):
        await site.submit(JOB)
    first.write_text(kept)
    assert site.queue == NO_JOBS
    assert await site.submit(JOB, second) == [JobState.QUEUED] * 2
    # With the person, the altered command is run, and left behind from then on.
    third = replace(JOB, uuid="03hv")
    await site.cut_short(third)
    await site.cut_short(replace(third, name="other"))
    assert await site.submit(replace(third, name="other")) == [JobState.QUEUED]
    assert site.queue[-1]["options"]["job-name"] == "other"


async def test_the_elements_of_an_array_are_looked_for_by_their_claims(
    site: Site,
) -> None:
    jobs = elements(3, 1, 2)
    await site.cut_short(*jobs)
    name = mark_of(jobs[0]).name
    site.claims.mkdir(parents=True)
    for index in (1, 2, 3):
        (site.claims / f"{name}_{index}").write_text(f"begun 9{index} 0 100\n")
    (site.claims / f"{name}_2").write_text("begun 92 0 100\nended 92 3 105\n")
    assert await site.submit(*jobs) == [
        JobState.ACTIVE,
        JobState.ACTIVE,
        JobState.FAILED,
    ]
    assert site.queue == NO_JOBS
    (site.claims / f"{name}_1").unlink()
    with pytest.raises(PersonAbsent):  # a part of them is another command
        await site.submit(*jobs)
    for path in site.claims.iterdir():
        path.unlink()
    assert await site.submit(*reversed(jobs)) == [JobState.QUEUED] * 3
    (job,) = site.queue
    assert job["options"]["array"] == "1-3"


async def test_one_that_has_ended_is_asked_for_no_more(site: Site) -> None:
    """Its state is told by the next look, which is not the person's."""
    await site.cut_short(JOB)
    other = {**dict.fromkeys(QUEUE_FIELDS.split(","), "0"), "UserName": "root"}
    site.tickets.absent = True
    assert await site.submit(JOB) == [JobState.QUEUED]
    (job,) = site.queue
    rows = [other | {"Comment": "gw:09:ada"}, job | {"State": "COMPLETED"}]
    (site.folder / "queue").write_text(json.dumps(rows))
    assert await site.submit(JOB) == [JobState.ACTIVE]


async def test_its_grant_ends_with_it(site: Site) -> None:
    await site.cut_short(JOB)
    kept = (site.attempts / "01hv").read_text()
    async with site.gateway() as submitter:
        site.intents.away = True
        await submitter.forget(PERSON, ["01hv", "no-such"])
        assert (site.attempts / "01hv").read_text() == kept
        site.intents.away = False
        await submitter.forget(PERSON, ["01hv", "no-such"])
    assert [one.name for one in site.intents.ended] == ["01hv"]
    assert not list(site.attempts.iterdir())
    # A gateway that was taken over has kept a copy.
    (site.attempts / "01hv").write_text(kept)
    with pytest.raises(PersonAbsent):
        await site.submit(JOB)
    assert site.queue == NO_JOBS


async def test_the_end_of_anothers_job_with_its_name_changes_nothing(
    site: Site,
) -> None:
    """Whoever sees the queue can give a job of their own the mark of another's."""
    await site.cut_short(JOB)
    async with site.gateway() as submitter:
        await submitter.forget("mallory", ["01hv"])
    assert not site.intents.ended
    assert await site.submit(JOB) == [JobState.QUEUED]
    assert Attempts(site.folder, Time(6.0)).grants("mallory", ["01hv"]) == []


async def test_the_grant_of_one_that_was_surely_not_taken_ends_at_once(
    site: Site,
) -> None:
    """Its person is told so, and it is not to be run later. A second try waits on."""
    (site.folder / "away").write_text("Unable to contact slurm controller")
    with pytest.raises(Unavailable):
        await site.submit(JOB)
    assert [one.name for one in site.intents.ended] == ["01hv"]
    assert not list(site.attempts.iterdir())
    second = replace(JOB, uuid="02hv")
    (site.folder / "away").write_text("")
    with pytest.raises(TimedOut):
        await site.submit(second)
    (site.folder / "away").write_text("Unable to contact slurm controller")
    with pytest.raises(TimedOut):
        await site.submit(second)
    assert [one.name for one in site.intents.ended] == ["01hv"]


async def test_the_grant_of_one_that_is_refused_ends_at_once(site: Site) -> None:
    (site.folder / "refuses").touch()
    assert await site.submit(JOB) == [InvalidContent]
    assert [one.name for one in site.intents.ended] == ["01hv"]
    assert not list(site.attempts.iterdir())


async def test_while_the_controller_is_stopped_a_submission_stays_unknown(
    site: Site,
) -> None:
    await site.cut_short(JOB)
    site.away(is_away=True)
    with pytest.raises(TimedOut):
        await site.submit(JOB)
    site.away(is_away=False)
    assert await site.submit(JOB) == [JobState.QUEUED]


@dataclass
class Counting(Client):
    """A cluster whose accounting has a job that found its work done by another."""

    worker: Worker

    def __post_init__(self) -> None:
        super().__init__(OneWorker(self.worker), Slurm())

    @override
    async def accounting(
        self, user: str, numbers: Sequence[str]
    ) -> list[AccountingRow]:
        return [replace(RECORD, account="root", comment="gw:01hv:ada")]

    @override
    async def exit_codes(
        self, user: str, numbers: Sequence[str]
    ) -> dict[str, tuple[int, int]]:
        return {}


@pytest.mark.parametrize("has_grant", [True, False])
async def test_which_of_two_jobs_did_the_work_is_found_out_without_the_person(
    site: Site, *, has_grant: bool
) -> None:
    """The control has no grant, and waits. The claim file is the person's own."""
    await site.cut_short(JOB)
    if not has_grant:
        (site.attempts / "01hv").write_text("")
    site.claims.mkdir(parents=True)
    (site.claims / "01hv").write_text("begun 21 0 100\nended 21 3 105\n")
    worker = Worker(
        BrokersStarter(person_key()), ticketer=site.tickets, intents=site.intents
    )
    attempts = Attempts(site.folder, Time(6.0))
    finder = Finder(
        Counting(worker), one_home(site.folder), Time(1000.0), attempts.grants
    )
    row = replace(OF_QUEUE, number="22", state="FAILED", comment="gw:01hv:ada")
    try:
        (status,) = await finder.of_rows("service", [row], PriorityOrder())
    finally:
        await worker.close()
    if has_grant:
        assert (status.state, status.exit_code) == (JobState.FAILED, 3)
        assert (status.started_at, status.ended_at) == (100.0, 105.0)
    else:
        assert (status.state, status.native_state) == (JobState.ACTIVE, "COMPLETING")
