"""Rows of a box are read together where they lie close, and one by one elsewhere."""

import io
import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from tests.backends.fits.skies import cut_bytes, pixels, tan_header, write

from gatewright.backends.fits.files import stat_identity
from gatewright.backends.fits.image_wcs import ImageWcs
from gatewright.backends.fits.rows import Maps, Rows, process_maps
from gatewright.core.errors import Conflict, InvalidContent, NotFound

CLOSE, FAR = (1500, 700), (8000, 60)
"""Widths and heights; rows of the first lie close, and fill more than one piece."""


def region(width: int, height: int) -> str:
    """Return a box of 300 columns, and of all rows but one at each side."""
    wcs = WCS(tan_header(width, height))
    ra, dec = wcs.all_pix2world([width // 2, width // 2 + 299], [1, height - 2], 0)
    ends = (ra.min(), ra.max(), dec.min(), dec.max())
    return f"RANGE {' '.join(repr(float(end)) for end in ends)}"


@pytest.mark.parametrize(("width", "height"), [CLOSE, FAR])
def test_rows_of_a_box(tmp_path: Path, width: int, height: int) -> None:
    data = pixels(width, height, "f4")
    header = tan_header(width, height)
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, header))
    with fits.open(io.BytesIO(cut_bytes(path, region(width, height)))) as hdus:
        cut, moved = hdus[0].data, hdus[0].header
        x = round(header["CRPIX1"] - moved["CRPIX1"])
        y = round(header["CRPIX2"] - moved["CRPIX2"])
        assert cut.shape[0] >= height - 4
        assert 298 <= cut.shape[1] <= 304
        assert np.array_equal(
            cut, data[y : y + cut.shape[0], x : x + cut.shape[1]].astype(">f4")
        )


@pytest.mark.parametrize(("width", "height"), [CLOSE, FAR])
def test_rows_that_the_file_has_lost(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "a.fits"
    data = pixels(width, height, "f4")
    write(path, fits.PrimaryHDU(data, tan_header(width, height)))
    path.write_bytes(path.read_bytes()[: -20 * width])
    with pytest.raises(InvalidContent):
        cut_bytes(str(path), region(width, height))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Return a function that opens a file of so many bytes, each with its own value."""
    made: list[int] = []

    def opener(size: int, name: str = "a") -> int:
        path = tmp_path / name
        path.write_bytes(np.random.default_rng(size).bytes(size))
        made.append(os.open(path, os.O_RDONLY))
        return made[-1]

    yield opener
    for each in made:
        os.close(each)


@pytest.mark.parametrize("most", [0, 1 << 30])
@pytest.mark.parametrize(("stride", "count"), [(6000, 700), (32_000, 60), (1, 9)])
@pytest.mark.parametrize("start", [0, 2880, 4096, 5761])
def test_rows_are_those_of_the_file_mapped_or_not(
    opened: Callable[..., int], start: int, stride: int, count: int, most: int
) -> None:
    file = opened(start + stride * count + 77)
    whole = np.frombuffer(os.pread(file, stride * count, start), np.uint8)
    whole = whole.reshape(count, stride)
    maps = Maps(most)
    for known in ("told", ""):
        rows = Rows(file, known, start, stride, count, maps)
        for row, first, length, some in (
            (0, 0, stride, count),
            (count // 2, stride // 3, max(1, stride // 2), count - count // 2),
            (count - 1, stride - 1, 1, 1),
        ):
            wanted = whole[row : row + some, first : first + length].tobytes()
            assert rows.read(row, first, length, some) == wanted
    assert len(maps) == (0 if most == 0 or stride == 1 else 2)


@pytest.mark.parametrize("most", [0, 1 << 30])
@pytest.mark.parametrize(("stride", "count"), [(6000, 700), (32_000, 60)])
def test_a_file_that_is_too_short_is_told_and_not_mapped(
    opened: Callable[..., int], stride: int, count: int, most: int
) -> None:
    maps = Maps(most)
    rows = Rows(opened(stride * count - 1), "told", 0, stride, count, maps)
    for length in (stride - 1, stride):
        assert len(rows.read(0, 0, length, count - 1)) == length * (count - 1)
        with pytest.raises(InvalidContent, match="ends too soon"):
            rows.read(0, stride - length, length, count)
    assert len(maps) == 0


def test_maps_used_last_are_kept_within_their_bytes(
    opened: Callable[..., int],
) -> None:
    files = [opened(9000, name) for name in "abc"]
    maps = Maps(20_000)

    def told(number: int) -> mmap.mmap:
        found = maps.part(files[number], f"{number}", 0, 9000)
        assert found is not None
        return found[0]

    first, second = told(0), told(1)
    assert told(0) is first
    told(2)  # drops the second
    assert told(0) is first
    assert told(1) is not second
    assert len(maps) == 2
    # Two parts of one file have maps of their own, and one that is too large has none.
    assert maps.part(files[0], "0", 4096, 4904) != (first, 0)
    assert maps.part(files[0], "0", 0, 20_001) is None


def test_few_files_are_held_open(opened: Callable[..., int]) -> None:
    maps = Maps(1 << 30)
    for number in range(50):
        assert maps.part(opened(100, f"{number}"), f"{number}", 0, 100) is not None
    assert len(maps) == 32


def test_maps_take_a_share_of_a_limited_address_space(
    monkeypatch: pytest.MonkeyPatch, opened: Callable[..., int]
) -> None:
    """Their bytes are not taken from what a damaged file is kept within."""
    limit = (256 << 20, 256 << 20)
    monkeypatch.setattr("resource.getrlimit", lambda _: limit)
    process_maps.cache_clear()
    try:
        maps = process_maps()
    finally:
        process_maps.cache_clear()
    file = opened(33 << 20)
    assert maps.part(file, "told", 0, 33 << 20) is None
    assert maps.part(file, "told", 0, 32 << 20) is not None


def test_a_file_is_read_again_where_it_was_replaced(tmp_path: Path) -> None:
    """The map of the old file is not used for the new one, nor for none."""
    path, region = tmp_path / "a.fits", "CIRCLE 150.1 2.2 0.0005"
    header = tan_header(90, 90)

    def cut(known: str) -> Any:
        with fits.open(io.BytesIO(cut_bytes(str(path), region, identity=known))) as f:
            return f[0].data.mean()

    known = []
    for value in (1.0, 2.0):
        other = tmp_path / "b.fits"
        write(other, fits.PrimaryHDU(np.full((90, 90), value, "f4"), header))
        other.replace(path)
        known.append(stat_identity(path.stat()))
        assert cut(known[-1]) == value
        assert cut(known[-1]) == value
        if value == 2.0:
            with pytest.raises(Conflict):
                cut(known[0])
    path.unlink()
    with pytest.raises(NotFound):
        cut(known[1])


def test_cards_follow_the_box_and_the_file(tmp_path: Path) -> None:
    """What is kept of a header serves other boxes, but not another header."""
    path, told = tmp_path / "a.fits", []
    for name in ("before", "after"):
        header = tan_header(90, 90)
        header["OBJECT"] = name
        write(path, fits.PrimaryHDU(pixels(90, 90, "f4"), header))
        known = stat_identity(path.stat())
        for dec in (2.2, 2.2007):
            data = cut_bytes(str(path), f"CIRCLE 150.1 {dec} 0.0005", identity=known)
            made = fits.Header.fromstring(data)
            told.append((made["OBJECT"], round(header["CRPIX2"] - made["CRPIX2"])))
    first, second = told[0][1], told[1][1]
    assert second - first in {9, 10}
    assert told == [(name, y) for name in ("before", "after") for y in (first, second)]


@pytest.mark.parametrize("count", [1, 7, 5000])
def test_few_places_are_those_of_astropy(count: int) -> None:
    """Also those that the projection does not have."""
    header = tan_header(200, 100, turn=0.3)
    peer = WCS(header)
    ours = ImageWcs(WCS(header), None, None, 200, 100)
    random = np.random.default_rng(count)
    x, y = random.uniform(-50, 250, count), random.uniform(-50, 150, count)
    assert np.array_equal(ours.to_sky(x, y), peer.all_pix2world(x, y, 0))
    ra, dec = random.uniform(0, 360, count), random.uniform(-90, 90, count)
    told = np.array(peer.all_world2pix(ra, dec, 0, quiet=True))
    assert np.array_equal(ours.to_pixels(ra, dec), told, equal_nan=True)
    assert count == 1 or np.isnan(told).any()
