"""What a FITS header tells about an image, in the words of the index.

Times are taken as UTC whatever TIMESYS says: the difference is at most 70 s.
"""

import math
import re
from dataclasses import dataclass

from astropy.io import fits

from gatewright.domains.sky import (
    ImageKind,
    band_name,
    band_wavelengths,
    header_mjd,
)

_EARLIEST, _LATEST = -30_000.0, 150_000.0
_TEXT = 120
_CALIBRATIONS = ("bias", "zero", "dark", "flat", "arc", "lamp")
_WEIGHT = re.compile(r"(^|[_.-])(oow|ow|wtmap|weight|wht|ivar|var|err|sigma)([_.-]|$)")
_MASK = re.compile(r"(^|[_.-])(ood|od|dqmask|mask|msk|flags?|dq|bpm)([_.-]|$)")


@dataclass(frozen=True, slots=True)
class Headers:
    """The header of an image and that of its file."""

    own: fits.Header
    """Header of the image."""
    primary: fits.Header
    """Primary header, which says what all images of the file share."""

    def card(self, *keywords: str) -> tuple[object, str]:
        """Return value and comment of the first keyword that is there."""
        for keyword in keywords:
            for header in (self.own, self.primary):
                try:
                    if keyword in header:
                        return header[keyword], header.comments[keyword]
                except (ValueError, KeyError, fits.VerifyError):
                    continue
        return None, ""

    def text(self, *keywords: str) -> str | None:
        """Return a text without control characters; None for none."""
        value, _ = self.card(*keywords)
        plain = "".join(c for c in str(value or "") if c.isprintable()).strip()
        return plain[:_TEXT] or None

    def number(self, *keywords: str) -> float | None:
        """Return a finite number, also one that is written as a text."""
        value, _ = self.card(*keywords)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None


def describe(headers: Headers, name: str, scale: float) -> dict[str, object]:
    """Return the fields of an image that its headers tell.

    Parameters
    ----------
    headers
        Header of the image and of the file.
    name
        Name of the file.
    scale
        Arcseconds of a pixel.
    """
    exposure = _exposure(headers)
    t_min, t_max = _times(headers, exposure)
    filter_name = headers.text("FILTER", "FILTER1", "FILTNAM", "BAND")
    band = band_name(headers.text("BAND") or filter_name or "")
    edges = band_wavelengths(band)
    return {
        "kind": str(_kind(headers, name)),
        "t_min": t_min,
        "t_max": t_max,
        "exposure": exposure,
        "filter": filter_name,
        "band": band,
        "em_min": edges.low if edges else None,
        "em_max": edges.high if edges else None,
        "depth": _within(headers.number("MAGLIM", "MAGLIMIT", "LIMMAG"), 0.0, 40.0),
        "seeing": _seeing(headers, scale),
        "facility": headers.text("TELESCOP", "OBSERVAT"),
        "instrument": headers.text("INSTRUME"),
        "target": headers.text("OBJECT"),
        "observation": headers.text("OBSID", "OBS_ID") or name,
    }


def _within(value: float | None, low: float, high: float) -> float | None:
    return value if value is not None and low < value < high else None


def _exposure(headers: Headers) -> float | None:
    """Return seconds; the scans of Schmidt plates write minutes in EXPOSURE."""
    seconds = headers.number("EXPTIME")
    if seconds is None:
        _, comment = headers.card("EXPOSURE")
        seconds = headers.number("EXPOSURE")
        if seconds is not None and "minute" in comment.lower():
            seconds *= 60.0
    return seconds if seconds is not None and 0.0 <= seconds < 1e9 else None


def _times(
    headers: Headers, exposure: float | None
) -> tuple[float | None, float | None]:
    """Return beginning and end; a bare date is the whole of its day."""
    start, exact = _start(headers)
    if start is None or not _EARLIEST < start < _LATEST:
        return None, None
    end = headers.number("MJD-END")
    if end is None:
        found = header_mjd(headers.text("DATE-END") or "")
        end = found[0] if found else None
    if end is None or not start <= end < _LATEST:
        end = start + (exposure or 0.0) / 86400.0 if exact else start + 1.0
    return start, end


def _start(headers: Headers) -> tuple[float | None, bool]:
    mjd = headers.number("MJD-OBS", "MJD-BEG")
    if mjd is not None:
        return mjd, True
    date = headers.text("DATE-OBS", "DATE-BEG") or ""
    clock = headers.text("TIME-OBS", "UT", "UTSTART", "UTC-OBS", "UTC") or ""
    return header_mjd(date, clock) or (None, False)


def _seeing(headers: Headers, scale: float) -> float | None:
    """Return arcseconds; FWHM only where its comment says in which unit it is."""
    value, (_, comment) = headers.number("SEEING"), headers.card("SEEING")
    if value is None:
        value, (_, comment) = headers.number("FWHM"), headers.card("FWHM")
        if not re.search(r"pix|arcsec", comment, re.IGNORECASE):
            return None
    if value is not None and "pix" in comment.lower():
        value *= scale
    return _within(value, 0.0, 120.0)


def _kind(headers: Headers, name: str) -> ImageKind:
    words = [name, headers.text("EXTNAME") or "", headers.text("PRODTYPE") or ""]
    for word in map(str.lower, words):
        if _WEIGHT.search(word):
            return ImageKind.WEIGHT
        if _MASK.search(word):
            return ImageKind.MASK
    kind = (headers.text("OBSTYPE", "IMAGETYP") or "").lower()
    if any(word in kind for word in _CALIBRATIONS):
        return ImageKind.CALIBRATION
    return ImageKind.SCIENCE
