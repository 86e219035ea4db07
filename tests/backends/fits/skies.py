"""FITS images made for tests."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, Sip

from gatewright.backends.fits.program import cut
from gatewright.backends.readers import Output


def tan_header(
    width: int, height: int, *, turn: float = 0.0, flip: bool = False
) -> fits.Header:
    """Return a header whose middle is at ra 150.1, dec 2.2, 0.26 arcsec a pixel."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.1, 2.2]
    wcs.wcs.crpix = [width / 2 + 0.37, height / 2 - 0.21]
    scale, c, s = 0.26 / 3600, np.cos(turn), np.sin(turn)
    parity = 1 if flip else -1
    wcs.wcs.cd = [[parity * scale * c, scale * s], [-parity * scale * s, scale * c]]
    header = wcs.to_header()
    for key in ("PC1_1", "PC1_2", "PC2_1", "PC2_2", "CDELT1", "CDELT2"):
        header.remove(key, ignore_missing=True)
    for (i, j), value in np.ndenumerate(wcs.wcs.cd):
        header[f"CD{i + 1}_{j + 1}"] = value
    return header


def sip_header(width: int, height: int) -> fits.Header:
    """Return a header with distortion as polynomials (SIP)."""
    header = tan_header(width, height, turn=0.3)
    wcs = WCS(header)
    a, b = np.zeros((3, 3)), np.zeros((3, 3))
    a[2, 0], a[1, 1], b[0, 2] = 2e-6, -1e-6, 3e-6
    wcs.sip = Sip(a, b, None, None, wcs.wcs.crpix)
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
    made = wcs.to_header(relax=True)
    for key in ("PC1_1", "PC1_2", "PC2_1", "PC2_2", "CDELT1", "CDELT2"):
        made.remove(key, ignore_missing=True)
    for key in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
        made[key] = header[key]
    return made


def tpv_header(width: int, height: int) -> fits.Header:
    """Return a header with distortion as polynomials (TPV)."""
    header = tan_header(width, height, turn=-0.8)
    header["CTYPE1"], header["CTYPE2"] = "RA---TPV", "DEC--TPV"
    header["PV1_1"], header["PV1_4"], header["PV1_7"] = 1.0003, 2e-4, -1e-3
    header["PV2_1"], header["PV2_5"] = 0.9998, 1e-4
    return header


def pixels(width: int, height: int, kind: str) -> Any:
    """Return pixels with a gradient and noise."""
    random = np.random.default_rng(7)
    values = np.add.outer(np.arange(height) * 3.0, np.arange(width) * 0.5)
    values = values % 120 + random.uniform(0, 5, (height, width))
    return values.astype(kind)


def write(path: Path, *hdus: Any) -> str:
    """Write HDUs, the first as the primary one, and return the path."""
    fits.HDUList(list(hdus)).writeto(path, overwrite=True)
    return str(path)


def ask(path: str, region: str, **more: Any) -> dict[str, Any]:
    """Return the arguments of a cut-out."""
    return {
        "path": path, "identity": "", "hdu": 0, "region": region, "format": "fits",
        "stretch": ["asinh", 0.5, 99.5], "size": None, "orientation": "native",
        "marks": False, "caption": "", "aligned": False, "limits": "percentile",
        "colours": "gray", "kind": "science", "arcsec": None,
        "maximum": 1 << 40, "plane": None, "padded": False, "pixels": None, **more,
    }  # fmt: skip


def cut_bytes(path: str, region: str, **more: Any) -> bytes:
    """Return a cut-out, made in this process; in shared memory it is the same."""
    asked = ask(path, region, **more)
    data: bytes = cut(asked, Output())["data"]
    output = Output(window=memoryview(bytearray(b"x" * len(data))))
    assert cut(asked, output) == {"size": len(data)}
    assert output.length == len(data)
    assert output.window == data
    return data
