"""Several readers of images as one: who reads which file."""

from collections.abc import Sequence

import pytest
from tests.domains.sky.test_service import image

from gatewright.core.errors import InvalidContent
from gatewright.domains.sky import (
    Circle,
    ColourRequest,
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


class Painting(Named):
    """A reader that can combine images in colour, too."""

    async def colour(
        self, images: tuple[Image, Image, Image], request: ColourRequest
    ) -> Content:
        return Content(0, "", f"painted by {self.name}")


async def test_three_images_of_one_format_that_can_are_combined_in_colour() -> None:
    readers = ImageReaders(
        [
            ((".grey",), Named("grey")),
            ((".other",), Painting("other")),
            ((".fits",), Painting("fits")),
        ]
    )
    asked = ColourRequest(Circle(1, 2, 3))

    async def painted(*paths: str) -> str:
        one, two, three = (image("s", path) for path in paths)
        return (await readers.colour((one, two, three), asked)).name

    assert await painted("a.fits", "b.dat", "c.FITS") == "painted by fits"
    assert await painted("a.other", "a.other", "a.other") == "painted by other"
    for paths in (("a.grey", "b.grey", "c.grey"), ("a.fits", "b.fits", "c.other")):
        with pytest.raises(InvalidContent, match="cannot be combined"):
            await painted(*paths)


class Together(Named):
    """A reader that can cut an image and its partners together, too."""

    async def cut_together(
        self, images: Sequence[Image], request: CutoutRequest
    ) -> Content:
        return Content(len(images), "", f"cut together by {self.name}")


async def test_an_image_and_its_partners_of_one_format_that_can_are_cut_together() -> (
    None
):
    readers = ImageReaders(
        [((".grey",), Named("grey")), ((".fits",), Together("fits"))]
    )
    asked = CutoutRequest(Circle(1, 2, 3))
    for paths in (["a.fits"], ["a.fits", "b.dat", "c.FITS"]):
        images = [image("s", path) for path in paths]
        made = await readers.cut_together(images, asked)
        assert (made.size, made.name) == (len(paths), "cut together by fits")
    for paths in (["a.grey"], ["a.fits", "b.grey"]):
        with pytest.raises(InvalidContent, match="without “partners”"):
            await readers.cut_together([image("s", path) for path in paths], asked)
