"""Surveys of the configuration, and the look at their files when a gateway starts."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from astropy.io import fits
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.inline_pool import InlinePool
from typing_extensions import override

from gatewright.backends.sql.images import SqlImageIndex
from gatewright.composition.sky import SurveyWatch, open_sky, save_surveys
from gatewright.composition.state import open_database
from gatewright.core.caller import visitor
from gatewright.core.config import Config, Gateway, SurveySource
from gatewright.core.errors import Unavailable
from gatewright.domains.sky import (
    Coverage,
    ImageQuery,
    Ingest,
    IngestReport,
    Survey,
)


class Pool(InlinePool):
    """Readers in this process, which see all folders."""

    @override
    def publish(self, *folders: Path) -> None:
        self.published = [*getattr(self, "published", []), *folders]


def config(folder: Path, *names: str) -> Config:
    surveys = [
        SurveySource(id=name, images=f"{folder}/{name}/*.fits") for name in names
    ]
    return Config(gateway=Gateway(state=folder / "state"), surveys=surveys)


def night(folder: Path, name: str, *files: str) -> None:
    (folder / name).mkdir(exist_ok=True)
    for file in files:
        image = fits.PrimaryHDU(pixels(20, 20, "i2"), tan_header(20, 20))
        write(folder / name / file, image)


async def images(config: Config) -> list[str]:
    """Open the gateway's sky and return the ids of its images."""
    async with AsyncExitStack() as stack:
        database = await open_database(config, stack)
        sky, watch = await open_sky(config, database, Pool(), stack)
        assert await watch.wait(60)
        await watch.ready()
        page = await sky.search(visitor(), ImageQuery(), limit=100)
        return sorted(image.id for image in page.items)


async def test_the_index_follows_the_files_and_the_configuration(
    tmp_path: Path,
) -> None:
    night(tmp_path, "one", "a.fits", "b.fits")
    night(tmp_path, "two", "c.fits")
    both = config(tmp_path, "one", "two")
    assert await images(both) == ["one~a~0", "one~b~0", "two~c~0"]
    (tmp_path / "one" / "b.fits").unlink()
    night(tmp_path, "one", "d.fits")
    assert await images(both) == ["one~a~0", "one~d~0", "two~c~0"]
    assert await images(config(tmp_path, "one")) == ["one~a~0", "one~d~0"]
    assert await images(config(tmp_path)) == []


async def test_surveys_of_the_command_stay(tmp_path: Path) -> None:
    settings = config(tmp_path, "one")
    async with AsyncExitStack() as stack:
        index = SqlImageIndex(await open_database(settings, stack))
        await index.save_survey(Survey("added", "Added", "/x"))
        await save_surveys(index, settings.surveys)
        await save_surveys(index, [])
        assert [survey.id for survey in await index.surveys()] == ["added"]


class Slow(Ingest):
    """Waits until it is told to go on, or is another process's turn."""

    def __init__(self, *reports: IngestReport | Exception | None) -> None:
        self.reports = list(reports)
        self.go = asyncio.Event()
        self.runs = 0

    @override
    async def run(self, survey: Survey) -> IngestReport | None:
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
    watch.start()
    assert not await watch.wait(0.01)
    with pytest.raises(Unavailable):
        await watch.ready()
    ingest.go.set()
    assert await watch.wait(60)
    await watch.ready()
    await watch.stop()


async def test_stopped_while_it_looks() -> None:
    watch = watching(Looked(), Slow())
    await watch.stop()
    watch.start()
    await asyncio.sleep(0)
    await watch.stop()
    with pytest.raises(Unavailable):
        await watch.ready()


async def test_another_process_looks() -> None:
    ingest = Slow(None, None)
    ingest.go.set()
    watch = watching(Looked(None, 1e12), ingest)
    watch.start()
    assert await watch.wait(60)
    await watch.stop()
    assert ingest.runs == 1


async def test_it_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # Else it would pause the longer, the longer a look took on a busy machine.
    monkeypatch.setattr("gatewright.composition.sky._SHARE", 0.0)
    ingest = Slow(*[REPORT] * 1000)
    ingest.go.set()
    watch = watching(Looked(), ingest, 0.0)
    watch.start()
    async with asyncio.timeout(60):
        while ingest.runs < 3:
            await asyncio.sleep(0.001)
    await watch.stop()
    runs = ingest.runs
    await asyncio.sleep(0.01)
    assert ingest.runs == runs >= 3  # and no longer, once it is stopped


async def test_a_survey_that_fails_does_not_stop_the_others() -> None:
    ingest = Slow(Unavailable("away"), ValueError("odd"), REPORT)
    ingest.go.set()
    watch = watching(Looked(surveys=3), ingest)
    watch.start()
    assert await watch.wait(60)
    assert not ingest.reports
    await watch.ready()
    await watch.stop()


async def test_a_database_that_is_away() -> None:
    watch = watching(Looked(surveys=-1), Slow())
    watch.start()
    assert await watch.wait(60)
    await watch.stop()
