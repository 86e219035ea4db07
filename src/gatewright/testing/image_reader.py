"""Contract tests of readers of images.

Subclass :class:`ImageReaderContract` in a test module and provide the fixtures
``reader`` (an :class:`gatewright.domains.sky.ImageReader`), ``strict_reader`` (one that
allows only tiny cut-outs) and ``folder`` (a folder with one image file).
"""

import os
from pathlib import Path

import pytest

from gatewright.core.errors import Conflict, NotFound, TooLarge
from gatewright.domains.sky import (
    Circle,
    Content,
    CutoutFormat,
    CutoutRequest,
    Image,
    ImageReader,
    Stretch,
    Survey,
)


def content_bytes(content: Content) -> bytes:
    """Return the bytes of a content, and close its file."""
    if content.descriptor is None:
        assert content.size == len(content.data)
        return bytes(content.data)
    try:
        data = os.pread(content.descriptor, content.size + 1, 0)
    finally:
        os.close(content.descriptor)
    assert content.size == len(data)
    return data


def file_bytes(image: Image) -> bytes:
    """Return the bytes of an image's file."""
    return Path(image.path).read_bytes()


def change(image: Image) -> None:
    """Append a byte to an image's file."""
    Path(image.path).write_bytes(file_bytes(image) + b" ")


def remove(image: Image) -> None:
    """Remove the file of an image."""
    Path(image.path).unlink()


class ImageReaderContract:
    """Tests that every reader of images passes."""

    async def first(self, reader: ImageReader, folder: Path) -> Image:
        (file,) = await reader.find(str(folder))
        scanned = await reader.scan(Survey("survey", "Survey", str(folder)), file)
        assert scanned.file == file
        return scanned.images[0]

    def around(self, image: Image, radius: float, **more: object) -> CutoutRequest:
        region = Circle(image.ra, image.dec, radius)
        return CutoutRequest(region, **more)  # type: ignore[arg-type]

    async def test_find_and_scan(self, reader: ImageReader, folder: Path) -> None:
        image = await self.first(reader, folder)
        assert image.survey == "survey"
        assert image.file_size == len(file_bytes(image))
        assert len(image.polygon) >= 4

    async def test_nothing_to_find(self, reader: ImageReader, folder: Path) -> None:
        assert list(await reader.find(str(folder / "none"))) == []
        assert list(await reader.find(str(folder / "*.nothing"))) == []

    async def test_cut(self, reader: ImageReader, folder: Path) -> None:
        image = await self.first(reader, folder)
        small = await reader.cut(image, self.around(image, 0.0005))
        large = await reader.cut(image, self.around(image, 1.0))
        assert small.media_type == large.media_type
        assert len(content_bytes(small)) < len(content_bytes(large))
        asked = self.around(
            image, 1.0, format=CutoutFormat.PNG, size=64, stretch=Stretch("linear")
        )
        picture = await reader.cut(image, asked)
        assert picture.media_type == "image/png"
        assert content_bytes(picture).startswith(b"\x89PNG")

    async def test_no_overlap(self, reader: ImageReader, folder: Path) -> None:
        image = await self.first(reader, folder)
        away = CutoutRequest(Circle((image.ra + 10) % 360, image.dec, 0.1))
        with pytest.raises(NotFound):
            await reader.cut(image, away)

    async def test_too_large(self, strict_reader: ImageReader, folder: Path) -> None:
        image = await self.first(strict_reader, folder)
        with pytest.raises(TooLarge):
            await strict_reader.cut(image, self.around(image, 1.0))

    async def test_the_whole_file(self, reader: ImageReader, folder: Path) -> None:
        image = await self.first(reader, folder)
        content = await reader.open(image)
        assert content_bytes(content) == file_bytes(image)

    async def test_a_changed_file(self, reader: ImageReader, folder: Path) -> None:
        image = await self.first(reader, folder)
        change(image)
        with pytest.raises(Conflict):
            await reader.cut(image, self.around(image, 0.0005))
        with pytest.raises(Conflict):
            await reader.open(image)
        remove(image)
        with pytest.raises(NotFound):
            await reader.cut(image, self.around(image, 0.0005))
        with pytest.raises(NotFound):
            await reader.open(image)
