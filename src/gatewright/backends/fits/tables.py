"""Look-up tables of distortions, which are stored in HDUs beside an image.

Sources: Calabretta et al., "Representations of distortions in FITS world coordinate
systems" (CPDISj and DPj with WCSDVARR); the detector-to-image correction of the Hubble
Space Telescope (D2IMDISj and D2IMj with D2IMARR). Both are interpreted as by astropy.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from astropy.io import fits

from gatewright.backends.fits.blocks import BLOCK, Block, walk
from gatewright.backends.fits.files import OpenFile, read_exactly
from gatewright.backends.fits.header import Header
from gatewright.core.errors import InvalidContent

_KINDS = {"CPDIS": ("DP", "WCSDVARR"), "D2IMDIS": ("D2IM", "D2IMARR")}
_NAMES = frozenset(name for _, name in _KINDS.values())
_BYTES = 8 << 20
_NO_TABLE = "the table of its distortion is missing"


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A look-up table as it is stored in the file."""

    header: bytes
    """Header as cards, padded to whole blocks."""
    data: bytes
    """Data, padded to whole blocks."""

    def hdu(self) -> fits.ImageHDU:
        """Return the table as an HDU of astropy."""
        return fits.ImageHDU.fromstring(self.header + self.data)


def is_lookup_table(block: Block) -> bool:
    """Return whether an HDU holds a look-up table rather than an image of the sky."""
    return _name(block) in _NAMES


def _name(block: Block) -> str:
    return block.header.text("EXTNAME").upper()


def has_distortion(header: Header) -> bool:
    """Return whether a header refers to a distortion in tables or of kind CQDIS."""
    return any(
        f"{keyword}{axis}" in header
        for keyword in (*_KINDS, "CQDIS")
        for axis in (1, 2)
    )


def lookup_tables(file: OpenFile, header: Header) -> tuple[LookupTable, ...]:
    """Return the look-up tables that an image's distortion needs; usually none.

    Raises
    ------
    InvalidContent
        A table is missing or too large, or the distortion is of another kind.
    """
    if not has_distortion(header):
        return ()
    # The records DPn and D2IMn have several cards of one keyword.
    wanted = set(_wanted(fits.Header.fromstring(header.raw)))
    found: dict[tuple[str, int], LookupTable] = {}
    for block in walk(file.stream, file.size):
        version = block.header.value("EXTVER")
        key = (_name(block), version if type(version) is int and version > 0 else 1)
        if key in wanted and key not in found:
            if not block.is_image or block.data_size > _BYTES:
                raise InvalidContent("the table of its distortion is too large")
            data = read_exactly(file, block.data_offset, block.data_size)
            padded = data + bytes(-len(data) % BLOCK)
            found[key] = LookupTable(block.header.raw, padded)
    if found.keys() != wanted:
        raise InvalidContent(_NO_TABLE)
    return tuple(found[key] for key in sorted(found))


def _wanted(header: fits.Header) -> Iterator[tuple[str, int]]:
    """Yield the name (EXTNAME) and version of each table that a header refers to.

    Raises
    ------
    InvalidContent
        The distortion is of a kind that is not supported.
    """
    if "CQDIS1" in header or "CQDIS2" in header:
        raise InvalidContent("its distortion (CQDIS) is of a kind that is not known")
    for keyword, (record, name) in _KINDS.items():
        for axis in (1, 2):
            kind = header.get(f"{keyword}{axis}")
            if kind is None:
                continue
            if str(kind).strip().lower() != "lookup":
                raise InvalidContent(f"its distortion ({keyword}) is not in a table")
            try:
                along = int(header[f"{record}{axis}.AXIS.{axis}"])
                version = int(header.get(f"{record}{axis}.EXTVER", 1))
            except (KeyError, ValueError, TypeError, OverflowError) as error:
                raise InvalidContent(_NO_TABLE) from error
            if along != axis:
                raise InvalidContent("the table of its distortion has its axes swapped")
            yield name, version
