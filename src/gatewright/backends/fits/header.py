"""FITS headers read card by card, for a tenth of the time that astropy's take.

Source: FITS standard 4.0, sections 4.1 and 4.2 (cards and values) and the conventions
HIERARCH and CONTINUE. Only what is asked for is turned into a value.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gatewright.core.errors import InvalidContent

CARD = 80
Value = str | bool | int | float
"""What a card can say."""

_TEXT = re.compile(r" *'((?:[^']|'')*)'[ ]*(?:/(.*))?$")
_PLAIN = re.compile(r" *([^/']*?) *(?:/(.*))?$")
_WHOLE = re.compile(r"[+-]?\d+$", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([EDed][+-]?\d+)?$", re.ASCII)
_D_EXPONENT = re.compile(rb"^(........= *[+-]?(?:\d+\.?\d*|\.\d+))[Dd]([+-]?\d)")


@dataclass(frozen=True, slots=True)
class Header:
    """The cards of one header, and where each keyword's first card is."""

    raw: bytes
    """The header as it is in the file, END included."""
    places: dict[str, int]
    """Offset of the first card of each keyword; of a HIERARCH card by its words."""

    def __contains__(self, keyword: str) -> bool:
        """Return whether a keyword has a card."""
        return keyword in self.places

    def value(self, keyword: str) -> Value | None:
        """Return a value; None for one that is missing, empty or no FITS value.

        Numbers may have the exponents E and D; an integer stays one.
        """
        return self._parts(keyword)[0]

    def comment(self, keyword: str) -> str:
        """Return the comment of a card; empty where there is none."""
        return self._parts(keyword)[1]

    def text(self, keyword: str) -> str:
        """Return a value as a text without the blanks round it; empty for none."""
        value = self.value(keyword)
        return "" if value is None else str(value).strip()

    def number(self, keyword: str) -> float | None:
        """Return a value as a number; None for none and for anything else."""
        value = self.value(keyword)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value) if abs(value) < 1e300 else None

    def whole(self, keyword: str, missing: int | None = None) -> int:
        """Return a value that must be an integer.

        Raises
        ------
        InvalidContent
            It is none, or is not there and ``missing`` is not given.
        """
        if missing is not None and keyword not in self.places:
            return missing
        value = self.value(keyword)
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidContent(f"{keyword} is not a whole number")
        return value

    def cards(self, wanted: re.Pattern[str]) -> Iterator[bytes]:
        """Yield the cards whose keyword matches, with E in the place of a D exponent.

        wcslib stops reading a number at a D.
        """
        for card in cards(self.raw):
            if wanted.match(card[:8].decode("ascii", "replace").rstrip()):
                yield plain_exponent(card)

    def _parts(self, keyword: str) -> tuple[Value | None, str]:
        """Return value and comment; a long text with its CONTINUE cards."""
        place = self.places.get(keyword)
        if place is None:
            return None, ""
        card = self.raw[place : place + CARD]
        field = card[card.index(b"=") + 1 :].decode("ascii", "replace")
        found = _TEXT.match(field)
        if found is not None:
            text, comment = found.groups()
            while text.endswith("&"):
                place += CARD
                following = self.raw[place : place + CARD].decode("ascii", "replace")
                found = _TEXT.match(following[8:])
                if not following.startswith("CONTINUE") or found is None:
                    break
                text, comment = text[:-1] + found.group(1), found.group(2)
            return text.replace("''", "'").rstrip(), (comment or "").strip()
        found = _PLAIN.match(field)
        if found is None:
            return None, ""
        word, comment = found.groups()
        value: Value | None = None
        if word in {"T", "F"}:
            value = word == "T"
        elif _WHOLE.match(word):
            value = int(word)
        elif _DECIMAL.match(word):
            value = float(word.upper().replace("D", "E"))
        return value, (comment or "").strip()


def parse_header(raw: bytes) -> Header:
    """Return the header of a block of cards."""
    places: dict[str, int] = {}
    decoded = raw.decode("ascii", "replace")
    for place in range(0, len(decoded) - CARD + 1, CARD):
        keyword = decoded[place : place + 8].rstrip()
        if decoded[place + 8] == "=":
            if keyword not in places:
                places[keyword] = place
        elif keyword == "HIERARCH":
            name, equals, _ = decoded[place + 9 : place + CARD].partition("=")
            if equals:
                places.setdefault(name.strip(), place)
        elif keyword == "END" and not decoded[place : place + CARD][3:].strip():
            break
    return Header(raw, places)


def cards(raw: bytes) -> Iterator[bytes]:
    """Yield the cards of a header up to END."""
    for place in range(0, len(raw) - CARD + 1, CARD):
        card = raw[place : place + CARD]
        if card.rstrip() == b"END":
            return
        yield card


def plain_exponent(card: bytes) -> bytes:
    """Return a card whose number has E where it had D for its exponent."""
    return _D_EXPONENT.sub(rb"\1E\2", card)
