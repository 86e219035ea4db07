"""Writes the cut-outs of an image and its partners as extensions of a FITS file."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from gatewright.backends.fits.blocks import BLOCK
from gatewright.backends.fits.box import Box
from gatewright.backends.fits.cards import cutout_header, table_header
from gatewright.backends.fits.header import parse_header
from gatewright.backends.fits.padded import stamp_cards, stamp_data, stamp_kind
from gatewright.backends.fits.source import Source, pieces
from gatewright.backends.fits.tables import LookupTable
from gatewright.core.errors import InvalidContent
from gatewright.domains.sky import ImageKind, extension_name, primary_hdu

Part = bytes | bytearray


def together(
    sources: Sequence[tuple[Source, ImageKind, Box]],
    *,
    padded: bool,
    version: int | None,
) -> tuple[int, Iterator[Part]]:
    """Return the size in bytes of the extensions, and an iterator over their bytes.

    A primary HDU comes first, unless they have a ``version``. Tables of distortions
    come last, each once.

    Parameters
    ----------
    sources
        The image and its partners, with what their pixels are, and which are cut out.
    padded
        Whether they are stamps, which have pixels beyond the image.
    version
        EXTVER of all; None for 1, in a file of their own.

    Raises
    ------
    InvalidContent
        A partner has other pixels than the image, or the distortion of an image is in
        tables, which have their own versions.
    """
    first, _, flat = sources[0]
    size = 0
    made: list[Iterator[Part]] = []
    if version is None:
        made.append(iter([primary_hdu()]))
        size = BLOCK
    for source, kind, box in sources:
        if (source.wcs.width, source.wcs.height) != (first.wcs.width, first.wcs.height):
            raise InvalidContent(f"{source.name} has other pixels than {first.name}.")
        stored = source.kind
        if padded:
            stored = stamp_kind(source, flags=kind is ImageKind.MASK)
        names = (parse_header(source.own).text("EXTNAME"), source.name)
        header = cutout_header(
            stamp_cards(source, stored) if padded else source.own,
            source.primary,
            box,
            source.name,
            extension=(extension_name(kind, *names), version or 1),
        )
        length = math.prod(box.lengths) * stored.itemsize
        size += len(header) + -(-length // BLOCK) * BLOCK
        made.append(_extension(header, source, box, stored if padded else None, length))
    tables: dict[tuple[str, object], LookupTable] = {}
    for source, _, _ in sources:
        for table in source.tables:
            told = parse_header(table.header)
            tables.setdefault((told.text("EXTNAME"), told.value("EXTVER")), table)
    if tables and version is not None:
        raise InvalidContent(
            "Its distortion is in tables, which cannot stand in one file with those of "
            "others. Ask for format=fits."
        )
    for table in tables.values():
        data = table_header(table.header, flat) + table.data
        size += len(data)
        made.append(iter([data]))
    return size, chain.from_iterable(made)


def _extension(
    header: bytes,
    source: Source,
    box: Box,
    stamp: np.dtype[np.generic] | None,
    length: int,
) -> Iterator[Part]:
    yield header
    if stamp is None:
        yield from pieces(source, box)
    else:
        yield stamp_data(source, box, stamp)
    yield bytes(-length % BLOCK)
