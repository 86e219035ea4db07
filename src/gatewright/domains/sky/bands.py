"""Filters of optical and near-infrared imaging, by their common names.

The edges are the half-transmission wavelengths that are usually quoted: SDSS u g r i z
(Fukugita et al. 1996), y (Pan-STARRS 1, Tonry et al. 2012), Johnson-Cousins U B V R I
(Bessell 1990), J H K (MKO, Tokunaga et al. 2002), Y (Hillenbrand et al. 2002). They
serve to find images by wavelength, not to calibrate them.
"""

import re

from gatewright.domains.sky.regions import Interval

_NANOMETRES = {
    "u": (324.0, 381.0),
    "g": (401.0, 550.0),
    "r": (555.0, 695.0),
    "i": (695.0, 845.0),
    "z": (830.0, 1000.0),
    "y": (918.0, 1001.0),
    "Y": (970.0, 1070.0),
    "J": (1170.0, 1330.0),
    "H": (1490.0, 1780.0),
    "K": (2030.0, 2370.0),
    "Ks": (1990.0, 2310.0),
    "U": (333.0, 398.0),
    "B": (392.0, 488.0),
    "V": (507.0, 595.0),
    "R": (580.0, 720.0),
    "I": (732.0, 881.0),
    "clear": (350.0, 1000.0),
}
_CLEAR = {"clear", "open", "white", "luminance", "c", "l"}
_SLOAN = {"sdss", "sloan", "ps1", "des", "decam", "ztf", "lsst", "hsc", "gaia", "ps"}
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def band_name(filter_name: str) -> str | None:
    """Return the common name of a header's filter; None for one not known.

    ``i DECam SDSS c0003 7835.0 1470.0`` is i, ``SDSS-R`` is r, ``R`` is R.
    """
    words: list[str] = _WORD.findall(filter_name)[:8]
    sloan = any(word.lower() in _SLOAN for word in words)
    for word in words:
        if word.lower() in _CLEAR:
            return "clear"
        if sloan and word.lower() in {"u", "g", "r", "i", "z"}:
            return word.lower()
        if word in _NANOMETRES:
            return word
    return None


def band_wavelengths(band: str | None) -> Interval | None:
    """Return the wavelengths of a band in metres; None for one not known."""
    edges = _NANOMETRES.get(band or "")
    if edges is None:
        return None
    return Interval(edges[0] * 1e-9, edges[1] * 1e-9)
