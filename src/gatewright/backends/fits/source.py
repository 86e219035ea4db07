"""Reads the pixels of one image; the parsed headers are cached."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from gatewright.backends.fits.blocks import Block
from gatewright.backends.fits.box import Box
from gatewright.backends.fits.cube import Cube, image_axes, image_cube
from gatewright.backends.fits.files import (
    open_descriptor,
    open_image_file,
    read_exactly,
)
from gatewright.backends.fits.header import parse_header
from gatewright.backends.fits.image_wcs import ImageWcs, make_image_wcs
from gatewright.backends.fits.quiet import quiet
from gatewright.backends.fits.rows import Rows, process_maps
from gatewright.backends.fits.scan import find_block
from gatewright.backends.fits.tables import LookupTable, lookup_tables
from gatewright.core.errors import InvalidContent

_PIECE = 8 << 20
_SAMPLE = 1000
_TYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


@dataclass(frozen=True, slots=True)
class Source:
    """One image of a file, with its parsed headers."""

    path: str
    """Path of the file."""
    identity: str
    """Identity of the file, which is checked when pixels are read."""
    block: Block
    """The image's HDU; for a compressed image, the HDU of the table."""
    own: bytes
    """Header of the image, as cards."""
    primary: bytes
    """Primary header of the file, as cards."""
    wcs: ImageWcs
    """WCS of the first two axes."""
    kind: np.dtype[np.generic]
    """Type of a stored pixel, big-endian."""
    scaling: tuple[float, float, int | None]
    """BSCALE, BZERO, and BLANK (None if absent)."""
    cube: Cube
    """Axes after the second."""
    packed: bool
    """Whether the whole file is compressed (gzip, bzip2)."""
    tables: tuple[LookupTable, ...] = ()
    """Look-up tables of the distortion."""

    @property
    def is_plain(self) -> bool:
        """Whether neither the image nor the whole file is compressed."""
        return not (self.packed or self.block.is_compressed_image)

    @property
    def name(self) -> str:
        """Name of the file, with the number of the HDU unless it is the primary."""
        suffix = f"[{self.block.number}]" if self.block.number else ""
        return self.path.rpartition("/")[2] + suffix


@lru_cache(maxsize=64)
def load(path: str, identity: str, hdu: int) -> Source:
    """Return an image of a file.

    Raises
    ------
    NotFound, Conflict
        The file is gone, or has changed since it was indexed.
    InvalidContent
        The file has no such image, or the image is damaged.
    """
    with open_image_file(path, identity) as file, quiet():
        first, block = find_block(file, hdu)
        header = block.header
        if block.is_compressed_image:
            # As if it were not compressed, as astropy has it.
            try:
                with fits.open(path, memmap=False, lazy_load_hdus=True) as hdus:
                    hdu_there = hdus[block.number]
                    known = isinstance(hdu_there, fits.CompImageHDU)
                    raw = hdu_there.header.tostring().encode("ascii", "replace")
            except Exception as error:  # astropy raises many kinds for bad tables
                raise InvalidContent("its compressed image is damaged") from error
            if not known:
                raise InvalidContent("its compressed image is damaged")
            header = parse_header(raw)
        bits = header.whole("BITPIX", 0)
        if bits not in _TYPES:
            raise InvalidContent("The image has no possible BITPIX.")
        slope = header.number("BSCALE") if "BSCALE" in header else 1.0
        zero = header.number("BZERO") if "BZERO" in header else 0.0
        if slope is None or zero is None:
            raise InvalidContent("BSCALE or BZERO is no number.")
        blank = header.whole("BLANK") if "BLANK" in header else None
        tables = lookup_tables(file, header)
        width, height = image_axes(header)[:2]
        return Source(
            path,
            identity,
            block,
            header.raw,
            first.header.raw,
            make_image_wcs(header, width, height, tables),
            np.dtype(_TYPES[bits]),
            (slope, zero, blank),
            image_cube(header),
            file.packed,
            tables,
        )


def pieces(source: Source, box: Box, rows: int | None = None) -> Iterator[bytearray]:
    """Yield the stored pixels of a box, some rows at a time.

    ``rows`` is the number of rows in a piece; by default as many as fit in 8 MiB.

    Raises
    ------
    NotFound, Conflict
        The file is gone, or has changed since it was indexed.
    InvalidContent
        The file is truncated or damaged.
    """
    if not source.block.is_compressed_image:
        yield from (_unpacked if source.packed else _plain)(source, box, rows)
        return
    columns = slice(box.x0, box.x1)
    with open_image_file(source.path, source.identity), quiet():
        try:
            options = {"memmap": False, "do_not_scale_image_data": True}
            with fits.open(source.path, **options) as hdus:
                pixels = hdus[source.block.number].section
                for plane, first, last in _turns(source, box, rows):
                    part = pixels[(*plane[::-1], slice(first, last), columns)]
                    yield bytearray(np.asarray(part).astype(source.kind).tobytes())
        except Exception as error:  # astropy raises many kinds for bad tables
            raise InvalidContent("The compressed image is damaged.") from error


def fill(source: Source, box: Box, room: memoryview) -> None:
    """Fill memory with the stored pixels of a box; it has exactly their size.

    Those of a file that is not compressed are copied once, from the file to there.

    Raises
    ------
    NotFound, Conflict, InvalidContent
        As :func:`pieces`.
    """
    place, line = 0, box.width * source.kind.itemsize
    if not source.is_plain:
        for piece in pieces(source, box):
            room[place : place + len(piece)] = piece
            place += len(piece)
        return
    with _stored_rows(source) as stored:
        for plane, first, last in _turns(source, box, box.height):
            end = place + line * (last - first)
            row = source.cube.number(plane) * source.wcs.height + first
            stored.fill(room[place:end], row, box.x0 * source.kind.itemsize, line)
            place = end


def _plain(source: Source, box: Box, rows: int | None) -> Iterator[bytearray]:
    """Yield the pixels of a box of a file that is not compressed."""
    size, height = source.kind.itemsize, source.wcs.height
    with _stored_rows(source) as stored:
        for plane, first, last in _turns(source, box, rows):
            row = source.cube.number(plane) * height + first
            yield stored.read(row, box.x0 * size, box.width * size, last - first)


@contextmanager
def _stored_rows(source: Source) -> Iterator[Rows]:
    """Open the file of an image, and yield the rows of all its planes."""
    descriptor = open_descriptor(source.path, source.identity)
    try:
        yield Rows(
            descriptor,
            source.identity,
            source.block.data_offset,
            source.wcs.width * source.kind.itemsize,
            source.wcs.height * source.cube.planes,
            process_maps(),
        )
    finally:
        os.close(descriptor)


def _unpacked(source: Source, box: Box, rows: int | None) -> Iterator[bytearray]:
    """Yield the pixels of a box of a file that is compressed as a whole."""
    size = source.kind.itemsize
    with open_image_file(source.path, source.identity) as file:
        for plane, first, last in _turns(source, box, rows):
            row = source.cube.number(plane) * source.wcs.height
            offsets = (
                source.block.data_offset + (n * source.wcs.width + box.x0) * size
                for n in range(row + first, row + last)
            )
            parts = (read_exactly(file, each, box.width * size) for each in offsets)
            yield bytearray().join(parts)


def _turns(
    source: Source, box: Box, rows: int | None
) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Yield plane, first row, and row after the last, for each piece."""
    step = rows or max(1, _PIECE // (box.width * source.kind.itemsize))
    slowest_first = reversed([range(first, end) for first, end in box.further])
    for plane in itertools.product(*slowest_first):
        for first in range(box.y0, box.y1, step):
            yield plane[::-1], first, min(box.y1, first + step)


def physical(
    source: Source, raw: bytearray, width: int, minus: float = 0.0
) -> NDArray[np.float32]:
    """Return stored pixels as physical values of shape (rows, ``width``).

    BSCALE and BZERO are applied; BLANK becomes NaN. ``minus`` is subtracted before the
    values are rounded to 32 bits.
    """
    pixels = np.frombuffer(raw, dtype=source.kind).reshape(-1, width)
    slope, zero, blank = source.scaling
    values: NDArray[np.float32]
    with np.errstate(over="ignore", invalid="ignore"):
        if (slope, zero, minus) == (1.0, 0.0, 0.0):
            values = pixels.astype(np.float32)
        else:
            values = (pixels * slope + (zero - minus)).astype(np.float32)
    if blank is not None and source.kind.kind in "iu":
        values[pixels == blank] = np.nan
    return values


def pedestal(source: Source, raw: bytearray) -> float:
    """Return the median of some stored pixels, as a physical value.

    Subtract it before values are rounded to 32 bits where only their differences
    matter: 32 bits resolve 8 units at a level of 1e8. It is 0 for values that 32 bits
    hold exactly.
    """
    pixels = np.frombuffer(raw, dtype=source.kind)
    slope, zero, blank = source.scaling
    exact = source.kind.kind == "f" or source.kind.itemsize < 4
    if exact and source.kind.itemsize < 8 and (slope, zero) == (1.0, 0.0):
        return 0.0
    some = pixels[:: max(1, len(pixels) // _SAMPLE)]
    if blank is not None and source.kind.kind in "iu":
        some = some[some != blank]
    values = some * slope + zero
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else 0.0
