"""Contract tests of the ``Lease`` port.

Subclass :class:`LeaseContract` in a test module and provide the fixtures ``lease_of``
and ``lease_seconds``.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from gatewright.core.lease import Lease

SECONDS = 60.0


class LeaseContract:
    """Tests that every lease passes.

    ``lease_of`` returns the lease of a name as a further process has it;
    ``lease_seconds`` is the time after which a silent holder loses a lease.
    """

    async def test_one_holds_it_and_the_next_comes_after(
        self, lease_of: Callable[[str], Lease]
    ) -> None:
        first, second = lease_of("work"), lease_of("work")
        assert first.name == "work"
        got = asyncio.Event()

        async def wait() -> None:
            async with second.holding():
                got.set()
                assert second.held
                assert not first.held

        async with first.holding():
            assert first.held
            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0.2)
            assert not got.is_set()
            assert not second.held
        async with asyncio.timeout(SECONDS):
            await waiting
        assert [lease.held for lease in (first, second)] == [False, False]

    async def test_never_two_of_many_at_once(
        self, lease_of: Callable[[str], Lease]
    ) -> None:
        inside, most, turns = 0, 0, 0

        async def work(lease: Lease) -> None:
            nonlocal inside, most, turns
            async with lease.holding():
                inside, turns = inside + 1, turns + 1
                most = max(most, inside)
                await asyncio.sleep(0.01)
                inside -= 1

        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*(work(lease_of("work")) for _ in range(5)))
        assert (most, turns) == (1, 5)

    async def test_other_names_are_other_leases(
        self, lease_of: Callable[[str], Lease]
    ) -> None:
        async with asyncio.timeout(SECONDS), AsyncExitStack() as stack:
            for name in ("a", "b", "A"):
                lease = lease_of(name)
                await stack.enter_async_context(lease.holding())
                assert lease.held

    async def test_who_gives_up_waiting_holds_nobody_up(
        self, lease_of: Callable[[str], Lease]
    ) -> None:
        first = lease_of("work")

        async def wait(lease: Lease) -> None:
            async with lease.holding():
                raise AssertionError("it was held")

        async with first.holding():
            waiting = asyncio.create_task(wait(lease_of("work")))
            await asyncio.sleep(0.1)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(SECONDS), lease_of("work").holding():
            pass

    async def test_an_error_of_the_work_is_passed_on_and_the_lease_given_back(
        self, lease_of: Callable[[str], Lease]
    ) -> None:
        for kind in (ValueError, TimeoutError):
            with pytest.raises(kind):
                async with lease_of("work").holding():
                    raise kind
        async with asyncio.timeout(SECONDS), lease_of("work").holding():
            pass

    async def test_it_is_kept_for_longer_than_it_lasts(
        self, lease_of: Callable[[str], Lease], lease_seconds: float
    ) -> None:
        first, second = lease_of("work"), lease_of("work")

        async def wait() -> None:
            async with second.holding():
                assert not first.held

        async with first.holding():
            waiting = asyncio.create_task(wait())
            await asyncio.sleep(2 * lease_seconds)
            assert first.held
            assert not waiting.done()
        async with asyncio.timeout(SECONDS):
            await waiting
