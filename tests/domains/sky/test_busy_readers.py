"""Files of surveys that no reader had time for: they are read later, not forgotten."""

from collections.abc import Sequence

import pytest
from tests.domains.sky.test_service import SURVEYS, Index, Reader, file
from typing_extensions import override

from gatewright.core.errors import Unavailable
from gatewright.domains.sky import Ingest, ScannedFile, Survey, SurveyFile

BUSY = "The readers are busy with large requests."


class Busy(Reader):
    """A reader that is busy for some of the times that it is asked."""

    def __init__(self, times: int, *files: SurveyFile) -> None:
        super().__init__(*files)
        self.times = times

    @override
    async def scan(self, survey: Survey, file: SurveyFile) -> ScannedFile:
        if self.times:
            self.times -= 1
            raise Unavailable(BUSY)
        return await super().scan(survey, file)


async def scanned(index: Index, reader: Reader) -> tuple[int, Sequence[str]]:
    """Scan once, and return the number of images and the reasons why some are not."""
    report = await Ingest(index, reader, again_after=0.0).run(SURVEYS[0])
    assert report is not None
    return report.images, [item.reason for item in report.left_out]


async def test_a_file_is_tried_again_while_the_readers_are_busy() -> None:
    index = Index(*SURVEYS)
    images, reasons = await scanned(index, Busy(3, file("a")))
    assert (images, BUSY in str(reasons)) == (1, False)


@pytest.mark.parametrize("identity", ["1-1-1-1", "1-1-2-2"])
async def test_a_file_that_no_reader_had_time_for_is_read_at_the_next_scan(
    identity: str,
) -> None:
    """It was recorded as read, and its images were missing until it changed."""
    index, reader = Index(*SURVEYS), Busy(0, file("a"))
    if identity != "1-1-1-1":  # a known file that has changed
        await scanned(index, reader)
        reader.files = [file("a", identity)]
    reader.times = 1000
    assert await scanned(index, reader) == (0, [f"{BUSY} The next scan reads it."])
    reader.times = 0
    images, _ = await scanned(index, reader)
    assert images == 1
    assert index.known == {"/a": identity}
