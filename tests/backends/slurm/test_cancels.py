"""Orders to cancel jobs that were given while Slurm was away.

The worker and its grants are the real ones; the commands are of a made-up Slurm.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from tests.backends.slurm.made import JOB
from tests.backends.slurm.test_absent import Site, site
from tests.backends.slurm.test_found import Time
from tests.backends.slurm.test_lost import LOST, scheduler
from tests.backends.worker.test_permit import PERSON

from gatewright.backends.slurm.cancels import Cancels
from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.commands import Slurm
from gatewright.backends.slurm.marks import NativeId
from gatewright.backends.slurm.scheduler import Lost
from gatewright.backends.worker import OneWorker, Worker
from gatewright.core.errors import GatewayError, NotAllowed, TimedOut, Unavailable
from gatewright.domains.compute import JobState

__all__ = ["site"]
SECOND = replace(LOST, number="101", name="02hv")


@pytest.fixture
async def taken(site: Site) -> Site:
    """Return a site where Slurm has two jobs of a person."""
    site.tickets.absent = False
    second = replace(JOB, uuid="02hv", id="8")
    for job in (JOB, second):
        assert await site.submit(job) == [JobState.QUEUED]
    return site


def kept(site: Site) -> list[Path]:
    return sorted((site.folder / "cancels").glob("*"))


def states(site: Site) -> list[str]:
    return [job["State"] for job in site.queue]


async def ordered(site: Site, *natives: NativeId) -> str:
    """Order the end of jobs while Slurm is away, and have their person leave."""
    site.away(is_away=True)
    async with scheduler(site) as made:
        with pytest.raises(GatewayError) as told:
            await made.cancel(PERSON, list(map(str, natives)))
    site.away(is_away=False)
    site.tickets.absent = True
    return told.value.text


async def carried_out(site: Site) -> None:
    """Have another gateway carry out what was ordered."""
    async with scheduler(site) as made:
        assert await made._cancels.carry_out() == 5.0


async def test_it_is_carried_out_when_its_person_has_left(taken: Site) -> None:
    """The other job is the control, of which no order was given."""
    assert "The order is kept" in await ordered(taken, LOST)
    await carried_out(taken)
    assert states(taken) == ["CANCELLED", "PENDING"]
    # It stays until the end of the job is recorded; its grant ends with it.
    (path,) = kept(taken)
    (_, grant) = path.read_text().split("\n")
    async with scheduler(taken) as made:
        await made.forget([str(SECOND), str(replace(LOST, number="100_1"))])
        assert kept(taken) == [path]
        # It was submitted again meanwhile, under another number.
        await made.forget([str(replace(LOST, number="105"))])
    assert kept(taken) == []
    assert f"c100{LOST.name}" in {one.name for one in taken.intents.ended}
    assert await taken.intents.grants.lasting(grant) is None


async def test_whoever_follows_the_jobs_carries_it_out(taken: Site) -> None:
    await ordered(taken, LOST)
    async with scheduler(taken) as made, aclosing(made.changes()) as changes:
        following = asyncio.ensure_future(anext(changes))
        async with asyncio.timeout(60):
            while states(taken) != ["CANCELLED", "PENDING"]:
                await asyncio.sleep(0.01)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    assert states(taken) == ["CANCELLED", "PENDING"]


async def test_an_order_that_slurm_takes_is_not_kept(taken: Site) -> None:
    async with scheduler(taken) as made:
        await made.cancel(PERSON, [str(LOST)])
    assert states(taken) == ["CANCELLED", "PENDING"]
    assert kept(taken) == []


async def test_scancel_may_be_the_one_that_gets_no_answer(
    taken: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late(self: Client, user: str, numbers: Sequence[str]) -> None:
        raise TimedOut("Slurm does not answer.")

    async with scheduler(taken) as made:
        with monkeypatch.context() as patched:
            patched.setattr(Client, "cancel", late)
            with pytest.raises(TimedOut, match="The order is kept"):
                await made.cancel(PERSON, [str(LOST)])
        await made._cancels.carry_out()
    assert states(taken) == ["CANCELLED", "PENDING"]


async def test_the_grant_of_one_order_is_of_no_use_for_another_job(
    taken: Site,
) -> None:
    """Nor is a file that has none, or names another job than its content."""
    await ordered(taken, LOST)
    (path,) = kept(taken)
    text = path.read_text()
    grant = text.partition("\n")[2]
    path.write_text(f"{LOST}\n")
    await carried_out(taken)
    path.write_text(f"{SECOND}\n{grant}")
    await carried_out(taken)
    path.unlink()
    path.with_name("02hv-101").write_text(f"{SECOND}\n{grant}")
    await carried_out(taken)
    assert states(taken) == ["PENDING", "PENDING"]
    path.write_text(text)
    await carried_out(taken)
    assert states(taken) == ["CANCELLED", "PENDING"]


async def test_a_job_of_the_number_that_is_another_s_is_left_alone(
    taken: Site,
) -> None:
    """A controller that was killed gives numbers again."""
    await ordered(taken, replace(LOST, number="101"))
    await carried_out(taken)
    assert states(taken) == ["PENDING", "PENDING"]


async def test_what_was_lost_first_is_not_submitted_again(taken: Site) -> None:
    await ordered(taken, LOST)
    (taken.folder / "queue").write_text("[]")
    (taken.folder / "accounting").write_text("[]")
    for absent in (True, False):
        taken.tickets.absent = absent
        async with scheduler(taken) as made:
            found = await made.status(PERSON, [str(LOST)])
            other = await made.status(PERSON, [str(SECOND)])
        assert found[str(LOST)].state is JobState.CANCELED
        assert found[str(LOST)].ended_at == 6.0
        assert other[str(SECOND)].state is JobState.NEW
    async with scheduler(taken) as made:
        with pytest.raises(Lost):
            await made.cancel(PERSON, [str(SECOND)])
    assert [path.name for path in kept(taken)] == ["01hv-100"]


async def test_an_order_that_cannot_be_kept_is_not_promised(
    taken: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(name: str, frames: Sequence[str]) -> str:
        raise Unavailable

    monkeypatch.setattr(taken.intents, "sign", away)
    assert "kept" not in await ordered(taken, LOST)
    assert kept(taken) == []


async def test_one_person_s_gateway_needs_no_grants(site: Site) -> None:
    await site.cut_short(JOB)
    site.tickets.absent = False
    assert await site.submit(JOB) == [JobState.QUEUED]
    worker = Worker()
    client = Client(OneWorker(worker), Slurm(str(site.folder / "bin")))
    orders = Cancels(client, site.folder, 5.0, Time(6.0))
    try:
        assert await orders.keep([LOST])
        await orders.carry_out()
        assert states(site) == ["CANCELLED"]
        await orders.forget(PERSON, [LOST, SECOND])
    finally:
        await worker.close()
    assert kept(site) == []


async def test_no_order_is_kept_if_one_of_them_has_no_grant(tmp_path: Path) -> None:
    class OneGrant:
        grants = ["a grant"]  # noqa: RUF012  # for one test

        async def sign(self, name: str, frames: Sequence[str]) -> str:
            if not self.grants:
                raise Unavailable
            return self.grants.pop()

    class People:
        people = OneGrant()

        def intents(self, user: str) -> OneGrant:
            return self.people

        def digests_to_cancel(self, native: NativeId) -> list[str]:
            return []

    cancels = Cancels(cast("Client", People()), tmp_path, 1.0, lambda: 0.0)
    assert not await cancels.keep([LOST, SECOND])
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize("error", [Unavailable(), TimedOut(), NotAllowed("No.")])
async def test_the_end_of_a_job_is_reported_though_its_grant_cannot_be_ended(
    taken: Site, monkeypatch: pytest.MonkeyPatch, error: GatewayError
) -> None:
    """There is nothing left that the grant could cancel."""
    assert "kept" in await ordered(taken, LOST)

    async def away(grants: Sequence[str]) -> None:
        assert grants
        raise error

    monkeypatch.setattr(taken.intents, "end", away)
    async with scheduler(taken) as made:
        await made.forget([str(LOST)])
    assert kept(taken) == []
