"""Cut-outs of one place in all its images, of a sky that the tests hold up."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from gatewright.core.caller import Caller
from gatewright.core.errors import NotFound, TooLarge, Unavailable
from gatewright.core.pages import Page
from gatewright.domains.sky import (
    Circle,
    Content,
    CutoutFormat,
    CutoutRequest,
    Image,
    ImageQuery,
)
from gatewright.operations.stamps import Stamp, StampsRequest, stamps

SIZE = 21


def image(name: str) -> Image:
    return Image(
        name, "s", f"/data/{name}", "1", 0, (), 1.0, 2.0, 0.1, 10, 10, 1.0, 100, name
    )


class Sky:
    """Images whose cut-outs, or failures, the test gives."""

    def __init__(self, *contents: Content | Exception) -> None:
        self.images = [image(f"i{number}") for number in range(len(contents))]
        self._contents = dict(zip(self.images, contents, strict=True))
        self.cut_of: list[str] = []
        self.most_at_once = self._at_once = 0

    async def search(
        self, _caller: Caller, _query: ImageQuery, *, limit: int, cursor: str | None
    ) -> Page[Image]:
        assert limit >= len(self.images)
        assert cursor is None
        return Page(self.images)

    async def cut(
        self, _caller: Caller, image: Image, _request: CutoutRequest
    ) -> Content:
        self.cut_of.append(image.id)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        for _ in range(5):  # others would come in meanwhile
            await asyncio.sleep(0)
        self._at_once -= 1
        found = self._contents[image]
        if isinstance(found, Exception):
            raise found
        return found


def content(size: int = 100) -> Content:
    return Content(size, "application/fits", "a.fits", data=b"a" * size)


async def cut(
    sky: Sky, most: int = 1 << 20, form: CutoutFormat = CutoutFormat.FITS
) -> Sequence[Stamp]:
    asked = CutoutRequest(Circle(1.0, 2.0, 0.0), format=form, padded=True, pixels=SIZE)
    request = StampsRequest(ImageQuery(), asked, most)
    return await stamps(sky, Caller("", frozenset()), request)  # type: ignore[arg-type]


async def test_one_request_has_one_cut_out_made_at_a_time() -> None:
    sky = Sky(*[content() for _ in range(12)])
    found = await cut(sky)
    assert [one.image for one in found] == sky.images
    assert sky.most_at_once == 1


async def test_busy_readers_end_the_request_without_further_cut_outs() -> None:
    sky = Sky(content(), Unavailable("busy"), content(), content())
    with pytest.raises(Unavailable):
        await cut(sky)
    assert sky.cut_of == ["i0", "i1"]


async def test_an_image_that_cannot_be_cut_says_why() -> None:
    first, second = await cut(Sky(NotFound("The file is gone."), content(3)))
    assert (first.data, first.reason) == (b"", "The file is gone.")
    assert (second.data, second.reason) == (b"aaa", "")


async def test_a_spooled_cut_out_is_read_and_closed(tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(b"pixels")
    descriptor = os.open(tmp_path / "cut", os.O_RDONLY)
    spooled = Content(6, "application/fits", "a.fits", descriptor=descriptor)
    (found,) = await cut(Sky(spooled))
    assert found.data == b"pixels"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


async def test_too_large_an_archive_is_refused_before_anything_is_cut() -> None:
    sky = Sky(content(), content())
    with pytest.raises(
        TooLarge, match="fewer “pixels” or “arcsec”, or narrow the search"
    ):
        await cut(sky, most=2 * SIZE * SIZE * 4 - 1)
    assert sky.cut_of == []
    assert len(await cut(sky, most=2 * SIZE * SIZE * 4)) == 2


async def test_cut_outs_are_kept_up_to_the_limit_and_no_further(tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(b"pixels")
    descriptor = os.open(tmp_path / "cut", os.O_RDONLY)
    spooled = Content(6, "image/png", "a.png", descriptor=descriptor)
    sky = Sky(content(95), spooled, content())
    with pytest.raises(TooLarge, match="more than 100 bytes"):
        await cut(sky, 100, CutoutFormat.PNG)
    assert sky.cut_of == ["i0", "i1"]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
