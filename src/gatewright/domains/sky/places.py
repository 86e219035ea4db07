"""Places on the sky as people write them: coordinates, and names from a table."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gatewright.core.errors import InvalidRequest

SHAPES = ("CIRCLE", "RANGE", "POLYGON")
_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_SPLIT = re.compile(r"[\s,]+")
_DECIMAL = re.compile(rf"[-+]?(?:{_NUMBER})(?:[eE][-+]?\d+)?")
_PARTS = re.compile(
    r"\s*(?P<ra>\+?\d+)(?P<turn>[hHdD°]|\s*:|\s)\s*(?P<ra_min>\d+)(?:[mM']|\s*:|\s)"
    rf"\s*(?P<ra_sec>{_NUMBER})\s*[sS\"]?(?:[\s,]+|(?=[-+]))"
    r"(?P<sign>[-+]?)(?P<dec>\d+)(?:[dD°]|\s*:|\s)\s*(?P<dec_min>\d+)(?:[mM']|\s*:|\s)"
    rf"\s*(?P<dec_sec>{_NUMBER})\s*[sS\"]?(?:[\s,]+(?P<radius>{_NUMBER}))?\s*"
)
_TYPED = {"\N{MINUS SIGN}": "-", "\N{PRIME}": "'", "\N{DOUBLE PRIME}": '"'}
_SHOWN = 60
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Place:
    """A direction, with the radius that was given with it."""

    ra: float
    """Right ascension, ICRS degrees."""
    dec: float
    """Declination, ICRS degrees."""
    radius: float | None = None
    """Radius in degrees; None if none was given."""

    @property
    def region(self) -> str:
        """The place as a region of SIA 2.0; without a radius it is a point."""
        return f"CIRCLE {self.ra!r} {self.dec!r} {self.radius or 0.0!r}"


@dataclass(frozen=True, slots=True)
class Places:
    """Understands what people write for a place."""

    named: Mapping[str, Place] = field(default_factory=dict)
    """Places by name, as :func:`named_places` returns them."""

    def region_text(self, text: str) -> str:
        """Return a place as a region of SIA 2.0 (``CIRCLE ra dec radius``).

        A text that begins with the name of a shape is returned as it is.

        Raises
        ------
        InvalidRequest
            As :meth:`find`.
        """
        if text.strip().startswith(SHAPES):
            return text
        return self.find(text).region

    def find(self, text: str) -> Place:
        """Return the place of coordinates, or of a name of the table.

        Raises
        ------
        InvalidRequest
            The text is neither, or a coordinate is outside its range.
        """
        place = parse_place(text)
        if place is None:
            place = self.named.get(name_key(text))
        if place is None:
            raise InvalidRequest(
                f"“{text.strip()[:_SHOWN]}” is no place: neither coordinates (“ra,dec” "
                "or “ra,dec,radius” in ICRS degrees, 21:12:26.0 -66:00:56, 21h12m26.0s "
                "-66d00m56s), nor a region (“CIRCLE ra dec radius”, “RANGE ra1 ra2 "
                "dec1 dec2”, “POLYGON ra1 dec1 ...”), nor a name in this gateway's "
                "table of places."
            )
        return place


NO_NAMES = Places()
"""Understands coordinates only."""


def parse_place(text: str) -> Place | None:
    """Return the place of coordinates, or None for a text that is something else.

    Coordinates are two decimal numbers, right ascension and declination in degrees, or
    sexagesimal: ``21:12:26.0 -66:00:56``, ``21 12 26.0 -66 00 56`` or ``21h12m26.0s
    -66d00m56s``, where the first is in hours, unless its unit is ``d`` or ``°``. A
    radius in degrees may follow.

    Raises
    ------
    InvalidRequest
        A coordinate or the radius is outside its range.
    """
    if len(text) > _LONGEST:
        return None
    for printed, typed in _TYPED.items():
        text = text.replace(printed, typed)
    words = _SPLIT.split(text.strip())
    if len(words) in {2, 3} and all(map(_DECIMAL.fullmatch, words)):
        ra, dec, *more = map(float, words)
        return _checked(ra, dec, more[0] if more else None)
    found = _PARTS.fullmatch(text)
    if found is None:
        return None
    part = {
        name: float(found[name])
        for name in ("ra_min", "ra_sec", "dec", "dec_min", "dec_sec")
    }
    sixtieths = [number for name, number in part.items() if name != "dec"]
    if any(number >= 60.0 for number in sixtieths):
        raise InvalidRequest("Minutes and seconds of a place are below 60.")
    ra = float(found["ra"]) + part["ra_min"] / 60.0 + part["ra_sec"] / 3600.0
    if found["turn"].lower() not in {"d", "°"}:
        if ra >= 24.0:
            raise InvalidRequest("A right ascension is below 24 hours.")
        ra *= 15.0
    dec = part["dec"] + part["dec_min"] / 60.0 + part["dec_sec"] / 3600.0
    radius = found["radius"]
    return _checked(
        ra,
        -dec if found["sign"] == "-" else dec,
        None if radius is None else float(radius),
    )


def _checked(ra: float, dec: float, radius: float | None) -> Place:
    if not 0.0 <= ra <= 360.0:
        raise InvalidRequest("A right ascension is 0 to 360 degrees.")
    if not -90.0 <= dec <= 90.0:
        raise InvalidRequest("A declination is -90 to 90 degrees.")
    if radius is not None and not 0.0 <= radius <= 180.0:
        raise InvalidRequest("A radius is 0 to 180 degrees.")
    return Place(ra, dec, radius)


def name_key(name: str) -> str:
    """Return what names of the same place have in common: case and spaces do not count.

    ``M 31``, ``m31`` and ``M  31`` are one name.
    """
    return "".join(name.split()).casefold()


def named_places(rows: Iterable[Mapping[str, str]]) -> Mapping[str, Place]:
    """Return the places of a table with ``name``, ``ra`` and ``dec``, by name key.

    Coordinates are decimal degrees or sexagesimal; ``radius`` in degrees may be there.

    Raises
    ------
    InvalidRequest
        A row is incomplete or has a wrong coordinate, a name stands twice with
        different places, or a name reads as coordinates or as a region.
    """
    found: dict[str, Place] = {}
    for number, row in enumerate(rows, start=2):
        name, ra, dec, radius = (
            (row.get(column) or "").strip()
            for column in ("name", "ra", "dec", "radius")
        )
        try:
            place = parse_place(f"{ra}, {dec} {radius}".strip())
            itself = name.startswith(SHAPES) or parse_place(name) is not None
        except InvalidRequest as error:
            raise InvalidRequest(f"Line {number}: {error.text}") from error
        if not name or place is None:
            raise InvalidRequest(f"Line {number}: it needs a name, ra and dec.")
        if itself:
            raise InvalidRequest(
                f"Line {number}: the name “{name}” reads as a place itself."
            )
        if found.setdefault(name_key(name), place) != place:
            raise InvalidRequest(
                f"Line {number}: the name “{name}” stands for two places."
            )
    return found
