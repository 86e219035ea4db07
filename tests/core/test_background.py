"""Work beside the requests begins again after whatever happens, and says how it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from typing_extensions import override

from gatewright.core import background as background_module
from gatewright.core.background import Background
from gatewright.core.errors import Unavailable
from gatewright.core.lease import LeaseLost

SECONDS = 60.0


class Work:
    """Does what it is told at each turn: fails, or pauses for some seconds."""

    def __init__(self, *turns: Exception | float) -> None:
        self.turns = list(turns)
        self.done = asyncio.Event()

    async def __call__(self) -> float:
        if not self.turns:
            self.done.set()
            await asyncio.sleep(SECONDS)
        turn = self.turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn


class OneLease:
    """A lease that is lost as often as the test says."""

    name = "work"
    held = True

    def __init__(self, losses: int = 0) -> None:
        self.losses = losses
        self.taken = 0

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[None]:
        self.taken += 1
        if self.losses:
            self.losses -= 1
            raise LeaseLost(self.name)
        yield


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_module, "_FIRST_PAUSE", 0.001)


async def test_it_repeats_its_work_and_is_ready() -> None:
    work = Work(0.0, 0.001, 0.0)
    async with Background("sweeping", work) as background, asyncio.timeout(SECONDS):
        await work.done.wait()
        await background.ready()
    assert work.turns == []


async def test_it_begins_again_after_whatever_happens_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work(Unavailable("The disk is away."), ValueError("odd"), 0.0)
    async with Background("sweeping", work) as background, asyncio.timeout(SECONDS):
        await background.ready()
        await work.done.wait()
        with pytest.raises(Unavailable, match="sweeping"):
            await background.ready()
    assert "The disk is away." in caplog.text
    assert "ValueError: odd" in caplog.text


async def test_a_repeated_failure_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work(*[Unavailable("away")] * 3, OSError("odd"), Unavailable("away"))
    async with Background("sweeping", work), asyncio.timeout(SECONDS):
        await work.done.wait()
    assert [r.getMessage() for r in caplog.records] == [
        "sweeping begins again: away",
        "sweeping begins again: OSError: odd",
        "sweeping begins again: away",
    ]


async def test_it_is_ready_again_when_it_has_gone_on_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background_module, "_UNSTEADY_SECONDS", 0.0)
    work = Work(OSError(), OSError())
    async with Background("sweeping", work) as background, asyncio.timeout(SECONDS):
        await work.done.wait()
        await background.ready()
    assert work.turns == []


async def test_pauses_grow_from_failure_to_failure_up_to_the_longest() -> None:
    pauses: list[float] = []

    class Told(Background):
        @override
        async def _recover(self, error: Exception, text: str) -> None:
            await super()._recover(error, text)
            pauses.append(self._pause)

    work = Work(*[OSError()] * 5)
    async with Told("sweeping", work, most_pause=0.004), asyncio.timeout(SECONDS):
        await work.done.wait()
    assert pauses == [0.001, 0.002, 0.004, 0.004, 0.004]


async def test_with_a_lease_it_works_only_while_it_has_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work, lease = Work(0.0), OneLease(losses=2)
    background = Background("sweeping", work, lease=lease)
    async with background, asyncio.timeout(SECONDS):
        await work.done.wait()
        await background.ready()  # to lose a lease is no failure
    assert lease.taken == 3
    assert "another process may take it over" in caplog.text


async def test_it_ends_with_its_block() -> None:
    work = Work()
    async with Background("sweeping", work) as background:
        await asyncio.wait_for(work.done.wait(), SECONDS)
        task = background._task
    assert task is not None
    assert task.cancelled()
