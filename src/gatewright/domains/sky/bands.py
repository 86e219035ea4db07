"""Translates the filter names of image headers into bands and wavelengths.

A name of which any word is unknown gets no band. A missing band only hides the image
from searches by wavelength; a wrong one would give false results.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky.band_tables import (
    BANDS,
    HUBBLE,
    HUBBLE_LINES,
    INFRARED_WORDS,
    JOHNSON_WORDS,
    LETTERS,
    LINES,
    SLOAN_WORDS,
    WEBB,
    WEBB_LINES,
    Edges,
)
from gatewright.domains.sky.regions import Interval

_OPEN = re.compile(
    r"open|open\d[-\d]*|clear\w*|white|luminance|unfiltered|no ?filter|air|empty|free",
    re.IGNORECASE,
)
_POLARIZER = re.compile(r"POL(\d+\w*|_?UV|_?V|_?L\d*)", re.IGNORECASE)
_SPACE = re.compile(r"F\d{3,4}(W2|BW|W|M|N|LP|X)")
_LABEL = re.compile(r"(\S+) DECam .*?(\d{4,5}\.\d+) +(\d+\.\d+)", re.IGNORECASE)
_NARROW = re.compile(r"(NB|N|IB|IA)[-_ ]?0?([3-9]\d\d)")
_SEPARATORS = re.compile(r"[\s_\-.,:;/#()\[\]]+")
_SERIAL = re.compile(r"\d+|(c|k|g|mp|wc)\d{3,5}", re.IGNORECASE | re.ASCII)
_SUBARU = re.compile(r"W-[JCS]-(?:(B|V|[RI])C?|([UGRIZ])\+)")
_STROMGREN = re.compile(r"(?:str(?:o|oe|ö)?m(?:gren)?)[-_ ]?([uvby])", re.IGNORECASE)
_SLOAN = frozenset("ugrizy")
_JOHNSON = frozenset("UBVRI")
_ATLAS = {"c": "cyan", "o": "orange"}
_WHOLE = frozenset(["cyan", "orange", "FUV", "NUV"])
_RANGE = re.compile(r"(\d+(?:\.\d+)?) ?- ?(\d+(?:\.\d+)?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Band:
    """A photometric band with its wavelength range."""

    name: str
    """Common name, such as g, Ks or F606W."""
    wavelengths: Interval
    """Shortest and longest wavelength that the filter transmits, in metres."""


def find_band(filters: Sequence[str], camera: str = "") -> Band | None:
    """Return the band of all filters in the light path; None if one of them is unknown.

    Of several known filters the narrowest is returned, if it overlaps with each of the
    others, and None otherwise. A path without any coloured filter gives ``clear`` if
    the header names an open position, and None if it names nothing.

    Parameters
    ----------
    filters
        Names of the filters in all wheels, as the header writes them.
    camera
        Telescope and instrument, as the header writes them.
    """
    coloured = coloured_filters(filters)
    if not coloured:
        return _band("clear", BANDS["clear"]) if any(map(_is_open, filters)) else None
    found = [one_band(name, camera) for name in coloured]
    known = [band for band in found if band is not None]
    if len(known) < len(found):
        return None
    narrow = min(known, key=lambda band: band.wavelengths.high - band.wavelengths.low)
    inside = (
        narrow.wavelengths.meets(band.wavelengths.low, band.wavelengths.high)
        for band in known
    )
    return narrow if all(inside) else None


def coloured_filters(filters: Sequence[str]) -> list[str]:
    """Return the names of filters that limit the wavelength, each once.

    Open positions and polarizers are left out.
    """
    return [
        name
        for name in dict.fromkeys(" ".join(text.split()) for text in filters)
        if name and not _is_open(name) and not _POLARIZER.fullmatch(name)
    ]


def _is_open(name: str) -> bool:
    return _OPEN.fullmatch(name.strip()) is not None


def one_band(name: str, camera: str = "") -> Band | None:
    """Return the band of one filter; None for an unknown name.

    ``i DECam SDSS c0003 7835.0 1470.0`` is i, from 710 to 857 nm as the label itself
    says (centre and width in angstrom); ``SDSS-R`` is r, ``R`` is R, and F606W is the
    wide filter of the Hubble cameras. A name like F410M, which both Hubble and Webb
    have, needs ``camera``.
    """
    label = _LABEL.search(name)
    if label is not None:
        centre, width = float(label[2]) / 10.0, float(label[3]) / 10.0
        return _band(label[1], (centre - width / 2, centre + width / 2))
    if _SPACE.fullmatch(name):
        return _space_band(name, camera.upper())
    narrow = _NARROW.fullmatch(name)
    if narrow is not None:
        share = 0.02 if narrow[1].startswith("I") else 0.01
        return _round(name, float(narrow[2]), share)
    stromgren = _STROMGREN.fullmatch(name)
    if stromgren is not None:
        word = f"Stromgren {stromgren[1].lower()}"
        return _band(word, BANDS[word])
    known = _by_words(name, camera.lower())
    return None if known is None else _band(known, BANDS[known])


def _space_band(name: str, camera: str) -> Band | None:
    """Return the band of a filter of Hubble or Webb.

    Hubble's optical filters are named by their wavelength in nm, the infrared ones and
    those of Webb in units of 10 nm.
    """
    webb = any(word in camera for word in ("JWST", "NIRCAM", "NIRISS", "MIRI"))
    hubble = any(word in camera for word in ("HST", "ACS", "WFC3", "WFPC2"))
    found = []
    for wide, lines, unit in ((HUBBLE, HUBBLE_LINES, 1.0), (WEBB, WEBB_LINES, 10.0)):
        if (webb or hubble) and (webb if wide is HUBBLE else hubble):
            continue
        if name in wide:
            found.append(_band(name, wide[name]))
        elif name in lines:
            number = float(name[1:-1])
            # Hubble's infrared camera counts in 10 nm as Webb does.
            found.append(_round(name, number * (10.0 if number < 200 else unit), 0.01))
    return found[0] if len(set(found)) == 1 else None


def _by_words(name: str, camera: str) -> str | None:
    """Return the common name of a filter.

    None unless all words of its name are known.
    """
    squeezed = re.sub(r"[\s_\-\[\]()]", "", name).lower()
    if squeezed in LINES:
        return LINES[squeezed]
    subaru = _SUBARU.fullmatch(name)
    if subaru is not None:
        return subaru[1] or subaru[2].lower()
    if name in _ATLAS:
        return _ATLAS[name] if "atlas" in camera else None
    return name if name in _WHOLE else _by_letter(name)


def _by_letter(name: str) -> str | None:
    """Return the filter of a name such as ``SDSS-R``: one letter and camera words."""
    # HSC's second r and i are r and i.
    plain = re.sub(r"\b[Kk][ _-][Ss]hort\b", "Ks", name)
    plain = re.sub(r"\bHSC-([RI])2\b", r"HSC-\1", plain).replace("+", " ")
    letters: list[str] = []
    systems: set[str] = set()
    for part in filter(None, _SEPARATORS.split(plain)):
        if part in LETTERS or part.lower() in _SLOAN:
            letters.append(part)
        elif part.lower() in SLOAN_WORDS | JOHNSON_WORDS | INFRARED_WORDS:
            systems.add(part.lower())
        elif not (_is_open(part) or _SERIAL.fullmatch(part)):
            return None
    if len(letters) != 1:
        return None
    (letter,) = letters
    if systems & SLOAN_WORDS and letter.lower() in _SLOAN:
        return letter.lower()
    known = LETTERS.get(letter)
    if known is not None and systems & JOHNSON_WORDS:
        return known.upper() if known.upper() in _JOHNSON else None
    return known


def _round(name: str, centre: float, share: float) -> Band:
    return _band(name, (centre * (1 - share), centre * (1 + share)))


def _band(name: str, edges: Edges) -> Band:
    return Band(name, Interval(edges[0] * 1e-9, edges[1] * 1e-9))


def band_name(filter_name: str) -> str | None:
    """Return the common name of a header's filter, such as g; None if it is unknown."""
    found = find_band([filter_name])
    return None if found is None else found.name


def band_wavelengths(band: str | None) -> Interval | None:
    """Return the wavelengths of a band in metres; None for an unknown band."""
    if band in BANDS:
        return _band(band, BANDS[band]).wavelengths
    found = None if band is None else one_band(band)
    return None if found is None else found.wavelengths


def parse_band(text: str, name: str) -> Band | None:
    """Return the band that a setting gives to a filter; None for an empty setting.

    Parameters
    ----------
    text
        Name of a band, or its limits in nanometres such as ``500-760``; empty for none.
    name
        Name of the filter, which the band gets where ``text`` has only limits.

    Raises
    ------
    InvalidRequest
        The text is neither a known band nor a pair of limits.
    """
    if not text.strip():
        return None
    edges = _RANGE.fullmatch(text.strip())
    if edges is not None and 0 < float(edges[1]) < float(edges[2]):
        return _band(name, (float(edges[1]), float(edges[2])))
    wavelengths = band_wavelengths(text.strip())
    if wavelengths is None:
        raise InvalidRequest(
            f"“{text}” is no band that is known here. Give one of {', '.join(BANDS)}, "
            "a filter such as F814W, or edges in nanometres such as 500-760."
        )
    return Band(text.strip(), wavelengths)
