"""Writes FITS cut-outs: an adjusted header, and the rows of pixels unchanged."""

import math
from collections.abc import Iterator

from gatewright.backends.fits.blocks import BLOCK
from gatewright.backends.fits.box import Box
from gatewright.backends.fits.cards import cutout_header, table_header
from gatewright.backends.fits.source import Source, fill, pieces
from gatewright.backends.readers import Output


def fits_size(source: Source, box: Box) -> tuple[bytes, int, int]:
    """Return a cut-out's header, the size of its data, and the size of the whole.

    Sizes are in bytes.
    """
    header = cutout_header(
        source.own, source.primary, box, source.name, extended=bool(source.tables)
    )
    length = math.prod(box.lengths) * source.kind.itemsize
    size = len(header) + -(-length // BLOCK) * BLOCK
    return header, length, size + sum(map(len, _tables(source, box)))


def _tables(source: Source, box: Box) -> Iterator[bytes]:
    """Yield the headers and data of the distortion tables."""
    for table in source.tables:
        yield table_header(table.header, box)
        yield table.data


def fits_parts(
    source: Source, box: Box, header: bytes, length: int
) -> Iterator[bytes | bytearray]:
    """Yield the bytes of a cut-out: header, rows, padding, distortion tables."""
    yield header
    yield from pieces(source, box)
    yield bytes(-length % BLOCK)
    yield from _tables(source, box)


def write_fits(
    source: Source, box: Box, header: bytes, length: int, output: Output
) -> None:
    """Write what :func:`fits_parts` yields to the window of a call.

    The rows are copied from the file straight into it.
    """
    output.write(header)
    fill(source, box, output.room(length))
    output.write(bytes(-length % BLOCK))
    for part in _tables(source, box):
        output.write(part)
