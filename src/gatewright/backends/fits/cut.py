"""Cut-outs as FITS: a header made from a template, and the rows as they are."""

from collections.abc import Iterator

from gatewright.backends.fits.blocks import BLOCK
from gatewright.backends.fits.box import Box
from gatewright.backends.fits.cards import cutout_header
from gatewright.backends.fits.source import Source, pieces


def fits_size(source: Source, box: Box) -> tuple[bytes, int, int]:
    """Return the header of a cut-out, the bytes of its data, and of the whole."""
    header = cutout_header(source.own, source.primary, box, source.name)
    length = box.width * box.height * source.kind.itemsize
    return header, length, len(header) + -(-length // BLOCK) * BLOCK


def fits_parts(
    source: Source, box: Box, header: bytes, length: int
) -> Iterator[bytes | bytearray]:
    """Yield the bytes of a cut-out: header, rows, zeros up to a whole block."""
    yield header
    yield from pieces(source, box)
    yield bytes(-length % BLOCK)
