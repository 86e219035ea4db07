"""The look at the files of the surveys, in turn with other processes."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from typing_extensions import override

from gatewright.core.background import Background
from gatewright.core.errors import Unavailable
from gatewright.domains.sky import (
    Coverage,
    Ingest,
    IngestReport,
    Reading,
    Survey,
    SurveyWatch,
)
from gatewright.domains.sky import watch as watch_module


class Slow(Ingest):
    """Waits until it is told to go on, or is another process's turn."""

    def __init__(self, *reports: IngestReport | Exception | None) -> None:
        self.reports = list(reports)
        self.go = asyncio.Event()
        self.runs = 0

    @override
    async def run(
        self, survey: Survey, told: Callable[[Reading], object] = id
    ) -> IngestReport | None:
        told(Reading(64, 10_000))
        await self.go.wait()
        self.runs += 1
        report = self.reports.pop(0) if self.reports else None
        if isinstance(report, Exception):
            raise report
        return report


SURVEY = Survey("one", "One", "/one")
REPORT = IngestReport("one", 1, 1, 1, 0, ())


class Looked:
    """An index whose surveys another process may have looked at."""

    def __init__(self, *times: float | None, surveys: int = 1) -> None:
        self.times = list(times)
        self.count = surveys

    async def surveys(self) -> list[Survey]:
        if self.count < 0:
            raise Unavailable("away")
        return [SURVEY] * self.count

    async def coverage(self, survey: str) -> Coverage:
        scanned_at = self.times.pop(0) if self.times else None
        return Coverage(0, {}, {}, None, None, 0, 0.0, scanned_at=scanned_at)


def watching(index: Looked, ingest: Slow, pause: float = 300.0) -> SurveyWatch:
    return SurveyWatch(index, ingest, pause)  # type: ignore[arg-type]


async def test_not_ready_while_it_looks() -> None:
    ingest = Slow(REPORT)
    watch = watching(Looked(), ingest)
    looking = asyncio.create_task(watch.look())
    assert not await watch.wait(0.01)
    with pytest.raises(Unavailable, match="64 of 10000 files of one"):
        await watch.ready()
    ingest.go.set()
    assert await watch.wait(60)
    await watch.ready()
    await looking


async def test_another_process_looks() -> None:
    ingest = Slow(None, None)
    ingest.go.set()
    watch = watching(Looked(None, 1e12), ingest)
    await watch.look()
    await watch.ready()
    assert ingest.runs == 1


async def test_it_looks_again_and_the_later_the_longer_a_look_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ingest = Slow(*[REPORT] * 3)
    ingest.go.set()
    watch = watching(Looked(), ingest, 0.0)
    times = iter([0.0, 7.0, 10.0, 10.0])
    monkeypatch.setattr(watch_module, "time", SimpleNamespace(monotonic=times.__next__))
    assert await watch.look() == 140.0
    assert await watch.look() == 0.0
    assert ingest.runs == 2


async def test_a_survey_that_fails_does_not_stop_the_others() -> None:
    ingest = Slow(Unavailable("away"), ValueError("odd"), REPORT)
    ingest.go.set()
    watch = watching(Looked(surveys=3), ingest)
    await watch.look()
    assert not ingest.reports
    await watch.ready()


async def test_a_database_that_did_not_answer_is_asked_again() -> None:
    index = Looked(surveys=-1)
    watch = watching(index, Slow())
    async with Background("looking", watch.look), asyncio.timeout(60):
        assert not await watch.wait(0.01)
        index.count = 0
        assert await watch.wait(60)
