"""Derives the image header of a tile-compressed image from that of its table.

Source: FITS standard 4.0, section 10.1.1.
"""

import re

from gatewright.backends.fits.header import CARD, Header, cards, parse_header
from gatewright.core.errors import InvalidContent

_KINDS = frozenset(
    ["RICE_1", "RICE_ONE", "GZIP_1", "GZIP_2", "PLIO_1", "HCOMPRESS_1", "NOCOMPRESS"]
)
_TABLE = re.compile(
    r"(XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|THEAP"
    r"|T(TYPE|FORM|UNIT|DISP|NULL|SCAL|ZERO|DIM)\d+|CHECKSUM|DATASUM"
    r"|Z(IMAGE|CMPTYPE|TENSION|SIMPLE|EXTEND|BLOCKED|PCOUNT|GCOUNT|TILE\d+|NAME\d+"
    r"|VAL\d+|QUANTIZ|DITHER0|HECKSUM|DATASUM|MASKCMP|SCALE|ZERO|BLANK))$"
)
_NO_NAME = ("EXTNAME", "COMPRESSED_IMAGE")
_SHAPE = re.compile(r"Z(BITPIX|NAXIS\d*)$")


def image_header(header: Header) -> Header:
    """Return the header of the image that a binary table holds compressed.

    Raises
    ------
    InvalidContent
        The compression is unknown, or the shape of the image is missing.
    """
    if header.text("ZCMPTYPE") not in _KINDS or "ZNAXIS" not in header:
        raise InvalidContent("its compressed image is damaged")
    shape, rest = [], []
    for card in cards(header.raw):
        keyword = card[:8].decode("ascii", "replace").rstrip()
        if _SHAPE.match(keyword):
            shape.append(keyword[1:].ljust(8).encode() + card[8:])
        elif not _TABLE.match(keyword) and (keyword, header.text(keyword)) != _NO_NAME:
            rest.append(card)
    kind = b"XTENSION= 'IMAGE   '".ljust(CARD)
    return parse_header(b"".join([kind, *shape, *rest, b"END".ljust(CARD)]))
