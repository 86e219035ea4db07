"""FITS through real reader processes."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from glob import escape
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from astropy.io import fits
from tests.backends.fits.skies import pixels, tan_header, write

from gatewright.backends.fits import FitsReader
from gatewright.backends.fits.files import open_descriptor
from gatewright.backends.readers import PoolSettings, ReaderPool, open_pool
from gatewright.core.errors import BackendFailed, TimedOut
from gatewright.domains.sky import Survey, SurveyFile
from gatewright.testing.image_reader import ImageReaderContract, content_bytes

pytestmark = pytest.mark.asyncio(loop_scope="module")

SURVEY = Survey("s", "S", "/s")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ReaderPool]:
    settings = PoolSettings(
        programs=("gatewright.backends.fits.program",),
        folders=(),
        spool=tmp_path_factory.mktemp("spool"),
        memory_bytes=1 << 30,
    )
    async with open_pool(settings) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "night"
    made.mkdir()
    data = pixels(2300, 2000, "f4")  # more than a window of 16 MiB
    write(made / "a.fits", fits.PrimaryHDU(data, tan_header(2300, 2000)))
    (made / "notes.txt").write_text("no image")
    return made


class TestFitsReader(ImageReaderContract):
    @pytest.fixture
    def reader(self, pool: ReaderPool) -> FitsReader:
        return FitsReader(pool, 1 << 30)

    @pytest.fixture
    def strict_reader(self, pool: ReaderPool) -> FitsReader:
        return FitsReader(pool, 100_000)

    async def test_a_survey_added_while_the_gateway_runs(
        self, pool: ReaderPool, folder: Path
    ) -> None:
        """Another process indexed it; this one has not heard of its folder."""
        indexed = await self.first(FitsReader(pool, 1 << 30), folder)
        fresh = FitsReader(pool, 1 << 30)
        content = await fresh.cut(indexed, self.around(indexed, 0.0005))
        assert content_bytes(content)

    async def test_many_at_once(self, reader: FitsReader, folder: Path) -> None:
        image = await self.first(reader, folder)
        cuts = [reader.cut(image, self.around(image, 0.001 * n)) for n in range(1, 30)]
        contents = await asyncio.gather(*cuts)
        sizes = [len(content_bytes(content)) for content in contents]
        assert sizes == sorted(sizes)

    async def test_cut_outs_that_are_kept_stay_as_they_are(
        self, reader: FitsReader, folder: Path
    ) -> None:
        """They lie in memory of a reader, which is filled anew once they are gone."""
        image = await self.first(reader, folder)
        regions = [self.around(image, 0.001 * n) for n in range(1, 30)]
        kept = [await reader.cut(image, region) for region in regions]
        again = [content_bytes(await reader.cut(image, region)) for region in regions]
        assert [content_bytes(one) for one in kept] == again

    async def test_links_and_odd_names(self, reader: FitsReader, folder: Path) -> None:
        (folder / "b c;é.fits").write_bytes(b"x")
        (folder / "again.fits").symlink_to(folder / "a.fits")
        (folder / "gone.fits").symlink_to(folder / "nowhere")
        (folder / "folder.fits").mkdir()
        deep = folder / "deep" / "er"
        deep.mkdir(parents=True)
        (deep / "d.fits.gz").write_bytes(b"x")
        names = [file.name for file in await reader.find(str(folder))]
        assert names == ["a.fits", "b c;é.fits", "deep/er/d.fits.gz"]
        found = await reader.find(f"{folder}/**/*.gz")
        assert [file.name for file in found] == ["deep/er/d.fits.gz"]
        scanned = await reader.scan(SURVEY, found[0])
        assert scanned.left_out == ("not a FITS file",)

    async def test_names_that_look_like_patterns(
        self, reader: FitsReader, folder: Path
    ) -> None:
        odd = folder / "deep [r] *"
        odd.mkdir()
        for name in ("[a].fits", "a.fits"):
            (odd / name).hardlink_to(folder / "a.fits")
        for pattern in (str(odd), f"{escape(str(odd))}/*.[fF]*"):
            found = await reader.find(pattern)
            assert [file.name for file in found] == ["[a].fits", "a.fits"]
        (one,) = await reader.find(f"{odd}/[a].fits")
        assert one.name == "[a].fits"
        assert (await reader.scan(SURVEY, one)).images

    async def test_a_folder_behind_a_link(
        self, reader: FitsReader, folder: Path, tmp_path: Path
    ) -> None:
        link = tmp_path / "elsewhere"
        link.symlink_to(folder)
        for pattern in (str(link), f"{link}/*.fits", f"{link}/../elsewhere/a.fits"):
            (found,) = await reader.find(pattern)
            assert found.name == "a.fits"
            assert (await reader.scan(SURVEY, found)).images

    async def test_another_kind_of_answer(
        self, reader: FitsReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def call(*_: object, **__: object) -> dict[str, object]:
            return {"identity": "1-2-3-4", "images": [{"hdu": 0}], "left_out": []}

        monkeypatch.setattr(reader._pool, "call", call)
        with pytest.raises(BackendFailed):
            await reader.scan(SURVEY, SurveyFile("/x", "x", "1-2-3-4"))

    async def test_a_file_that_does_not_open_is_not_waited_for(
        self, reader: FitsReader, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its file system hangs; what is opened too late is closed again."""
        image = await self.first(reader, folder)
        begun, free, opened = threading.Event(), threading.Event(), list[int]()
        submit = reader._opening.submit

        def late(path: str, expected: str) -> int:
            begun.set()
            free.wait(60)
            opened.append(open_descriptor(path, expected))
            return opened[0]

        def begin(*given: Any) -> Any:
            """Submit what is then not cancelled any more, since its thread runs it."""
            opening = submit(*given)
            assert begun.wait(60)
            return opening

        monkeypatch.setattr("gatewright.backends.fits.reader._OPEN_SECONDS", 0.1)
        monkeypatch.setattr("gatewright.backends.fits.reader.open_descriptor", late)
        monkeypatch.setattr(reader._opening, "submit", begin)
        with pytest.raises(TimedOut):
            await reader.open(image)
        free.set()
        deadline = time.monotonic() + 60
        while not opened or _is_open(opened[0], image.path):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)


def _is_open(descriptor: int, path: str) -> bool:
    try:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink()) == path
    except OSError:
        return False
