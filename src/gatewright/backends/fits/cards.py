"""Makes the header of a cut-out, card by card, from the header of its image.

Only cards that hold pixel positions change, so that the WCS and its distortions stay
valid: TAN, SIP, TPV and plate solutions count from a reference pixel, which moves by
whole pixels (FITS standard 4.0, section 8.1; SIP: Shupe et al. 2005). Look-up tables of
a distortion are kept; they too count pixels of the image.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from gatewright.backends.fits.blocks import BLOCK
from gatewright.backends.fits.box import Box
from gatewright.backends.fits.header import CARD, cards, plain_exponent
from gatewright.core.errors import InvalidContent

_STRUCTURE = re.compile(
    r"(SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|EXTEND|GROUPS|INHERIT|NEXTEND"
    r"|CHECKSUM|DATASUM|ZHECKSUM|ZDATASUM|END|DATASEC|TRIMSEC|BIASSEC)$"
)
_PLACE = re.compile(r"(CRPIX|CNPIX|LTV)([1-9])([A-Z]?)$")
_LENGTH = re.compile(r"NAXIS([1-9]\d*)$")
_TABLE_PLACE = re.compile(r"(CRVAL)([12])()$")
_WCS = re.compile(
    r"(WCSAXES|WCSNAME|CTYPE\d|CUNIT\d|CRVAL\d|CRPIX\d|CDELT\d|CROTA\d|CD\d_\d|PC\d_\d"
    r"|P[VS]\d_\d+|LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|EPOCH|LT[VM]\d(_\d)?"
    r"|WAT\d_\d+|CNPIX\d|PLT.*|AMD[XY]\d+|PPO\d|[AB]P?_(\d_\d|ORDER|DMAX)"
    r"|(CPDIS|CPERR|DP|D2IMDIS|D2IMERR|D2IM)\d)[A-Z]?$"
)
_SUMS = {"CHECKSUM", "DATASUM"}
_COMMENTARY = {"COMMENT", "HISTORY", "", "CONTINUE"}
_NAMES = {"EXTNAME", "EXTVER", "EXTLEVEL"}
_UNSHARED = {*_NAMES, "BSCALE", "BZERO", "BLANK", "BUNIT"}


def cutout_header(
    own: bytes,
    primary: bytes,
    box: Box,
    source: str,
    *,
    extended: bool = False,
    extension: tuple[str, int] | None = None,
) -> bytes:
    """Return the header of a cut-out, padded to whole blocks.

    Parameters
    ----------
    own, primary
        Header of the image, and primary header of its file. Cards that only the primary
        header has are included, except for its WCS.
    box
        Pixels that are cut out.
    source
        Name of the image, for a HISTORY card.
    extended
        Whether other HDUs follow.
    extension
        EXTNAME and EXTVER of the cut-out as an extension; None for a primary HDU.

    Raises
    ------
    InvalidContent
        A reference pixel is not a number.
    """
    form = _form(own, primary, extension, extended=extended)
    lines = []
    for fixed, card in form.cards:
        lines.append(fixed)
        if card is not None:
            lines.append(card.of(box))
    lines += _missing_reference(form.missing, box)
    lines.append(form.shared)
    if not (source.isascii() and source.isprintable()):
        source = "".join(c if " " <= c <= "~" else "?" for c in source)
    history = f"Cut out of {source}, pixels {box.section()}, by Gatewright."
    for place in range(0, len(history), CARD - 8):
        line = f"HISTORY {history[place : place + CARD - 8]}"
        lines.append(line.ljust(CARD).encode())
    return _whole_blocks(lines)


@dataclass(frozen=True, slots=True)
class _Length:
    """A card with the length of an axis."""

    axis: int
    """Number of the axis, from 0."""
    card: bytes
    """The card as the image has it."""

    def of(self, box: Box) -> bytes:
        """Return the card of a box's length; an axis that it has not stays as it is."""
        if self.axis >= len(box.lengths):
            return self.card
        length = str(box.lengths[self.axis])
        return make_card(f"NAXIS{self.axis + 1}", length, "length of data axis")


@dataclass(frozen=True, slots=True)
class _Position:
    """A card with a pixel position, parsed once for all cut-outs of an image."""

    axis: int
    """Number of the axis, from 0."""
    card: bytes
    """The card as the image has it."""
    keyword: str
    """Its keyword."""
    value: Decimal | None
    """Its value; None if that is no number, or one beyond every image."""
    comment: str
    """Its comment."""

    def of(self, box: Box) -> bytes:
        """Return the card with its position counted from the corner of a box.

        Raises
        ------
        InvalidContent
            The position is not a number.
        """
        shift = box.starts[self.axis] if self.axis < len(box.starts) else 0
        if self.axis >= len(box.starts) or (not shift and self.axis > 1):
            return self.card
        if self.value is None:
            raise InvalidContent("A reference pixel of this image is no number.")
        # The corner of a plate counts in its own scan, so it moves the other way.
        own_scan = self.keyword.startswith("CNPIX")
        moved = self.value + shift if own_scan else self.value - shift
        return make_card(self.keyword, str(moved), self.comment)


def _position(card: bytes, places: re.Pattern[str]) -> _Position | None:
    """Return the position in a card whose keyword matches; None in any other card."""
    keyword = _keyword(card)
    match = places.match(keyword)
    if match is None or card[8:9] != b"=":
        return None
    text, _, comment = card[9:].decode("ascii", "replace").partition("/")
    value: Decimal | None
    try:
        value = Decimal(text.strip().strip("'").upper().replace("D", "E"))
    except InvalidOperation:
        value = None
    if value is not None and not (value.is_finite() and abs(value.adjusted()) <= 30):
        value = None
    return _Position(int(match[2]) - 1, card, keyword, value, comment.strip())


@dataclass(frozen=True, slots=True)
class _Form:
    """What the headers of all cut-outs of an image have in common."""

    cards: tuple[tuple[bytes, _Length | _Position | None], ...]
    """Cards that remain as they are, each time with the card after them that depends on
    the box; the last of those is None."""
    missing: tuple[tuple[int, str], ...]
    """Axis, and letter of the WCS, of each reference pixel that is omitted for being 0.
    """
    shared: bytes
    """Cards of the primary header."""


@lru_cache(maxsize=64)
def _form(
    own: bytes, primary: bytes, extension: tuple[str, int] | None, *, extended: bool
) -> _Form:
    """Return the form of headers; the arguments are those of :func:`cutout_header`."""
    all_cards = list(cards(own))
    kept = [card for card in all_cards if not _STRUCTURE.match(_keyword(card))]
    if extension:
        kept = [card for card in kept if _keyword(card) not in _NAMES]
    first = make_card("SIMPLE", "T", "conforms to FITS standard")
    lines = [make_card("XTENSION", "'IMAGE   '", "") if extension else first]
    lines += [c for c in all_cards if re.fullmatch(r"BITPIX|NAXIS\d*", _keyword(c))]
    if extended:
        lines.append(make_card("EXTEND", "T", "the tables of the distortion follow"))
    if extension:
        name, version = extension
        lines += [
            make_card("PCOUNT", "0", "no further data"),
            make_card("GCOUNT", "1", "one image"),
            make_card("EXTNAME", f"'{name:<8}'", "what the pixels are"),
            make_card("EXTVER", str(version), "number of the image"),
        ]
    # wcslib reads the exponent E only, and takes 0.01 for 1.0D-2.
    lines += [plain_exponent(c) if _WCS.match(_keyword(c)) else c for c in kept]
    parts: list[tuple[bytes, _Length | _Position | None]] = []
    fixed: list[bytes] = []
    for card in lines:
        length = _LENGTH.match(_keyword(card))
        changes = (
            _Length(int(length[1]) - 1, card) if length else _position(card, _PLACE)
        )
        if changes is None:
            fixed.append(card)
        else:
            parts.append((b"".join(fixed), changes))
            fixed = []
    parts.append((b"".join(fixed), None))
    shared = b""
    if primary != own:
        shared = b"".join(_shared(primary, {_name(card) for card in kept}))
    return _Form(tuple(parts), tuple(_missing(kept)), shared)


def table_header(own: bytes, box: Box) -> bytes:
    """Return the header of a distortion table, adjusted to the pixels of a box.

    Raises
    ------
    InvalidContent
        A reference value is not a number.
    """
    lines = list(cards(own))
    names = {_keyword(card) for card in lines}
    for axis, start in enumerate((box.x0, box.y0), start=1):
        if f"CRVAL{axis}" not in names:
            lines.append(make_card(f"CRVAL{axis}", f"{-start}.0", "reference value"))
    moved = []
    for card in lines:
        position = _position(card, _TABLE_PLACE) if _keyword(card) in names else None
        moved.append(card if position is None else position.of(box))
    return _whole_blocks([card for card in moved if _keyword(card) not in _SUMS])


def _whole_blocks(lines: Iterable[bytes]) -> bytes:
    text = b"".join(lines) + b"END".ljust(CARD)
    return text.ljust(-(-len(text) // BLOCK) * BLOCK)


def _keyword(card: bytes) -> str:
    return card[:8].rstrip().decode("ascii", "replace")


def make_card(keyword: str, value: str, comment: str) -> bytes:
    """Return a card in fixed format: 80 bytes, with ``?`` for what is not ASCII."""
    # Texts begin in column 11, as the fixed format has it.
    placed = value.ljust(20) if value.startswith("'") else value.rjust(20)
    card = f"{keyword:<8}= {placed} / {comment}"[:CARD].ljust(CARD)
    return card.encode("ascii", "replace")


def _missing(kept: list[bytes]) -> Iterator[tuple[int, str]]:
    """Yield axis and letter of each WCS whose reference pixel the cards omit."""
    names = {_keyword(card) for card in kept}
    for name in sorted(names):
        match = re.fullmatch(r"CTYPE([1-9])([A-Z]?)", name)
        if match is not None and f"CRPIX{match.group(1)}{match.group(2)}" not in names:
            yield int(match.group(1)), match.group(2)


def _missing_reference(missing: Iterable[tuple[int, str]], box: Box) -> Iterator[bytes]:
    """Yield cards for reference pixels that the header omits because they are 0."""
    for axis, letter in missing:
        shift = box.starts[axis - 1] if axis <= len(box.starts) else 0
        if shift:
            yield make_card(f"CRPIX{axis}{letter}", f"{-shift}.0", "reference pixel")


def _shared(primary: bytes, known: set[str]) -> Iterator[bytes]:
    """Yield the cards of the primary header that apply to all images of the file.

    Cards of its structure, WCS and comments, and those in ``known``, are left out.
    """
    shared = False
    for card in cards(primary):
        keyword = _keyword(card)
        if keyword != "CONTINUE":  # the rest of a long text goes with its beginning
            shared = (
                not (_STRUCTURE.match(keyword) or _WCS.match(keyword))
                and keyword not in _COMMENTARY | _UNSHARED
                and _name(card) not in known
                and (card[8:10] == b"= " or keyword == "HIERARCH")
            )
        if shared:
            yield card


def _name(card: bytes) -> str:
    """Return the keyword of a card, or the words after HIERARCH."""
    keyword = _keyword(card)
    if keyword != "HIERARCH":
        return keyword
    return card.split(b"=", 1)[0].rstrip().decode("ascii", "replace")
