"""Surveys of the configuration, and the look at their files when a gateway starts."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from astropy.io import fits
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.inline_pool import InlinePool
from typing_extensions import override

from gatewright.backends.sql.images import SqlImageIndex
from gatewright.composition.sky import open_sky, save_surveys
from gatewright.composition.state import open_database
from gatewright.core.caller import visitor
from gatewright.core.config import Config, Gateway, SurveySource
from gatewright.domains.sky import ImageQuery, Survey, SurveyWatch


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
        sky, watch, _ = await open_sky(config, database, Pool(), stack)
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


async def test_a_survey_that_was_read_before_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(tmp_path, "one", "a.fits")
    settings = config(tmp_path, "one")
    assert await images(settings) == ["one~a~0"]
    waited: list[float] = []

    async def wait(self: SurveyWatch, seconds: float) -> bool:
        waited.append(seconds)
        return True

    monkeypatch.setattr(SurveyWatch, "wait", wait)
    for changed in (settings, renamed(settings, "Another title"), settings):
        async with AsyncExitStack() as stack:
            database = await open_database(changed, stack)
            sky, _, _ = await open_sky(changed, database, Pool(), stack)
            page = await sky.search(visitor(), ImageQuery(), limit=100)
            assert [image.id for image in page.items] == ["one~a~0"]
        waited.append(0.0)
    assert waited == [0.0, 20.0, 0.0, 20.0, 0.0]


def renamed(settings: Config, title: str) -> Config:
    surveys = [one.model_copy(update={"title": title}) for one in settings.surveys]
    return settings.model_copy(update={"surveys": surveys})
