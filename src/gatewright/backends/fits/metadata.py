"""Derives the fields of an image in the index from its FITS headers."""

import re
from collections.abc import Sequence

from gatewright.backends.fits.header_times import exposure_seconds, exposure_times
from gatewright.backends.fits.headers import Headers
from gatewright.domains.sky import (
    ImageKind,
    SurveyRules,
    calibration_level,
    coloured_filters,
    find_band,
    image_kind,
    parse_band,
)

_FILTER = ("FILTER", "FILTNAME", "FILTNAM", "WFFBAND", "FPA.FILTERID", "FPA.FILTER")
_WHEELS = (
    ("FILTER1", "FILTER2", "FILTER3"),
    ("FILTNAM1", "FILTNAM2"),
    ("FILTER01", "FILTER02"),
    ("ALFLTNM", "FAFLTNM", "FBFLTNM"),
    ("ESO INS FILT1 NAME", "ESO INS FILT2 NAME", "ESO INS FILT3 NAME"),
)
_UNWISE = re.compile(r"unwise-.*-w([1-4])-")
_WISE_FWHM = {"1": 6.1, "2": 6.4, "3": 6.5, "4": 12.0}
"""FWHM of a star in the bands of WISE, arcseconds (Wright et al. 2010, AJ 140, 1868);
the telescope is in space, and the headers of its coadds do not say it."""


def describe(
    headers: Headers, name: str, scale: float, rules: SurveyRules
) -> dict[str, object]:
    """Return the fields of an image that its headers give; unknown ones are None.

    Times are MJD in UTC, ``exposure`` is in seconds, ``em_min`` and ``em_max`` are
    wavelengths in metres, ``depth`` is in magnitudes, ``seeing`` in arcseconds.

    Parameters
    ----------
    headers
        Header of the image and primary header of the file.
    name
        Name of the file.
    scale
        Pixel scale in arcseconds per pixel.
    rules
        The survey's own meanings of keywords, filters and kinds.
    """
    exposure = exposure_seconds(headers, rules)
    t_min, t_max = exposure_times(headers, exposure, rules)
    told = [
        text
        for keyword in ("PRODTYPE", "OBSTYPE", "IMAGETYP", "PROCTYPE")
        if (text := headers.text(keyword))
    ]
    kind = image_kind(name, headers.own.text("EXTNAME"), told, rules.kinds)
    level = calibration_level(kind, name, told, headers.number("NCOMBINE") or 1.0)
    if rules.calib_level is not None and kind is ImageKind.SCIENCE:
        level = rules.calib_level
    facility = headers.text("TELESCOP", "OBSERVAT")
    instrument = headers.text("INSTRUME")
    filters = _filters(headers, name, rules)
    written = "+".join(coloured_filters(filters)) or next(iter(filters), None)
    if written is not None and written in rules.filters:
        band = parse_band(rules.filters[written], written)
    else:
        camera = " ".join(filter(None, [headers.text("TELESCOP"), instrument]))
        band = find_band(filters, camera)
    # FWHM is taken only where its comment says the unit.
    seeing = next(
        (
            value * scale if "pix" in comment.lower() else value
            for keyword in ("SEEING", "FWHM")
            for value, comment in headers.numbers(keyword)
            if keyword == "SEEING" or re.search("pix|arcsec", comment.lower())
        ),
        None,
    )
    unwise = _UNWISE.search(name)
    if seeing is None and unwise is not None:
        seeing = _WISE_FWHM[unwise[1]]
    return {
        "kind": str(kind),
        "calib_level": level,
        "t_min": t_min,
        "t_max": t_max,
        "exposure": exposure,
        "filter": written,
        "band": band.name if band else None,
        "em_min": band.wavelengths.low if band else None,
        "em_max": band.wavelengths.high if band else None,
        "depth": _within(headers.number("MAGLIM", "MAGLIMIT", "LIMMAG"), 0.0, 40.0),
        "seeing": _within(seeing, 0.0, 120.0),
        "facility": facility,
        "instrument": instrument,
        "target": headers.text("OBJECT"),
        "observation": headers.text("OBSID", "OBS_ID") or name,
    }


def _within(value: float | None, low: float, high: float) -> float | None:
    return value if value is not None and low < value < high else None


def _filters(headers: Headers, name: str, rules: SurveyRules) -> list[str]:
    """Return the names of all filters in the light path."""
    if "filter" in rules.keywords:
        return _texts(headers, [rules.keywords["filter"]])
    alone = _texts(headers, _FILTER)[:1]
    if "JWST" in (headers.text("TELESCOP") or ""):
        return alone + _texts(headers, ["PUPIL"])
    wheels = [alone, *(_texts(headers, wheel) for wheel in _WHEELS)]
    for wheel in wheels:
        if coloured_filters(wheel):
            return wheel
    for value, comment in headers.cards("BAND"):
        wise = re.search(r"wise", f"{comment} {name}", re.IGNORECASE)
        if isinstance(value, str):
            return [value.strip()]
        if wise and value in {1, 2, 3, 4}:
            return [f"W{int(value)}"]
    unwise = _UNWISE.search(name)
    if unwise is not None:
        return [f"W{unwise[1]}"]
    return next(filter(None, wheels), [])


def _texts(headers: Headers, keywords: Sequence[str]) -> list[str]:
    return list(filter(None, map(headers.text, keywords)))
