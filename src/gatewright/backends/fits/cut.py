"""Cut-outs as FITS: a header made from a template, and the rows as they are."""

import math
from collections.abc import Iterator

from gatewright.backends.fits.blocks import BLOCK
from gatewright.backends.fits.box import Box
from gatewright.backends.fits.cards import cutout_header, table_header
from gatewright.backends.fits.source import Source, pieces


def fits_size(source: Source, box: Box) -> tuple[bytes, int, int]:
    """Return the header of a cut-out, the bytes of its data, and of the whole."""
    header = cutout_header(
        source.own, source.primary, box, source.name, extended=bool(source.tables)
    )
    length = math.prod(box.lengths) * source.kind.itemsize
    size = len(header) + -(-length // BLOCK) * BLOCK
    return header, length, size + sum(map(len, _tables(source, box)))


def _tables(source: Source, box: Box) -> Iterator[bytes]:
    """Yield headers and numbers of the tables of the distortion."""
    for table in source.tables:
        yield table_header(table.header, box)
        yield table.data


def fits_parts(
    source: Source, box: Box, header: bytes, length: int
) -> Iterator[bytes | bytearray]:
    """Yield the bytes of a cut-out: header, rows, zeros up to a block, tables."""
    yield header
    yield from pieces(source, box)
    yield bytes(-length % BLOCK)
    yield from _tables(source, box)
