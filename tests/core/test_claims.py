"""A claim is renewed while its work runs, and health hears when it cannot be."""

import asyncio

import pytest

from gatewright.core.claims import Claims
from gatewright.core.errors import Unavailable

SECONDS = 60.0


class Record:
    """Until when a claim counts, as the database has it."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.until: list[float] = []
        self.renewed = asyncio.Event()

    async def renew(self, until: float) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("The database is away.")
        self.until.append(until)
        if len(self.until) == 3:
            self.renewed.set()


async def test_a_claim_is_renewed_until_its_work_is_over() -> None:
    record, claims = Record(), Claims(lambda: 1000.0, seconds=0.02)
    assert claims.until() == 1000.02
    async with asyncio.timeout(SECONDS), claims.renewed("a scan", record.renew):
        await record.renewed.wait()
        await claims.ready()
    many = len(record.until)
    await asyncio.sleep(0.1)
    assert record.until == [1000.02] * many


async def test_a_claim_that_was_just_made_is_not_renewed_at_once() -> None:
    record = Record()
    async with Claims().renewed("a scan", record.renew):
        await asyncio.sleep(0.05)
    assert record.until == []


async def test_a_failed_renewal_is_repeated_and_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    record, claims = Record(failures=2), Claims(seconds=0.02)
    async with asyncio.timeout(SECONDS):
        async with claims.renewed("the scan of night", record.renew):
            await record.renewed.wait()
            with pytest.raises(Unavailable, match="the scan of night"):
                await claims.ready()
    await claims.ready()  # what is over needs no claim
    assert [r.getMessage() for r in caplog.records] == [
        "renewing the claim on the scan of night begins again: The database is away."
    ]


async def test_the_end_of_the_work_is_what_its_block_ends_with() -> None:
    record, claims = Record(failures=100), Claims(seconds=0.02)
    with pytest.raises(ValueError, match="no star"):
        async with claims.renewed("a training", record.renew):
            raise ValueError("no star")
    entered = asyncio.Event()

    async def work() -> None:
        async with claims.renewed("a training", record.renew):
            entered.set()
            await asyncio.sleep(SECONDS)

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await claims.ready()
