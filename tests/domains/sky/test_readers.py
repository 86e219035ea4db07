"""Several readers of images as one: who reads which file."""

from collections.abc import Sequence

import pytest
from tests.domains.sky.test_service import image

from gatewright.domains.sky import (
    Circle,
    Content,
    CutoutRequest,
    Image,
    ImageReaders,
    ScannedFile,
    Survey,
    SurveyFile,
)


class Named:
    """A reader that finds some files, and signs what it does."""

    def __init__(self, name: str, *paths: str) -> None:
        self.name = name
        self.files = [SurveyFile(path, path, "1") for path in paths]

    async def find(self, pattern: str) -> Sequence[SurveyFile]:
        return self.files

    async def scan(self, survey: Survey, file: SurveyFile) -> ScannedFile:
        return ScannedFile(file, (), [self.name])

    async def cut(self, image: Image, request: CutoutRequest) -> Content:
        return Content(0, "", f"cut by {self.name}")

    async def open(self, image: Image) -> Content:
        return Content(0, "", f"opened by {self.name}")


@pytest.mark.parametrize(
    ("path", "who"), [("a.OTHER", "other"), ("a.fits", "fits"), ("a.dat", "fits")]
)
async def test_the_ending_of_a_name_says_who_reads_it(path: str, who: str) -> None:
    other = Named("other", "/z.other", "/a.fits", "/b.dat")
    readers = ImageReaders(
        [((".other",), other), ((".fits",), Named("fits", "/z.other", "/b.dat"))]
    )
    assert [file.path for file in await readers.find("*")] == ["/b.dat", "/z.other"]
    file = SurveyFile(f"/{path}", path, "1")
    assert (await readers.scan(Survey("s", "s", "*"), file)).left_out == [who]
    request = CutoutRequest(Circle(1, 2, 3))
    assert (await readers.cut(image("s", path), request)).name == f"cut by {who}"
    assert (await readers.open(image("s", path))).name == f"opened by {who}"
