"""Writes a product's file: a FITS image for each plane, then a JSON report."""

import errno
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from astropy.io import fits

from gatewright.backends.processing.report import TRAILER, finite
from gatewright.backends.readers import Output
from gatewright.core.errors import NotFound, TooLarge
from gatewright.domains.processing import Circle
from gatewright.domains.processing.frames import Projection
from gatewright.domains.sky import Circle as Region
from gatewright.domains.sky import geometry

Box = tuple[slice, slice]
"""Rows and columns."""
_RIM = 128
_TIMES = ("DATE-", "MJD-", "TIMESYS", "TSTART", "TSTOP", "TELAPSE", "XPOSURE")
_NO_PIXEL = "The region contains no pixel of the science image."


def cropped(projection: Projection, shape: Sequence[int], place: Circle | None) -> Box:
    """Return the rows and columns of an image that a circle touches.

    Without a circle, all rows and columns are returned.

    Raises
    ------
    NotFound
        The circle touches no pixel.
    """
    height, width = shape
    if place is None:
        return slice(0, height), slice(0, width)
    region = Region(place.ra, place.dec, place.radius)
    x, y = projection.to_pixels(*geometry.degrees(region.outline(_RIM)))
    if not np.isfinite(x + y).all():
        # The projection does not have all of a circle that is wider than itself.
        held = _held(region, projection, height, width)
        y, x = (one.astype(np.float64) for one in np.nonzero(held))
    if not len(x):
        raise NotFound(_NO_PIXEL)
    # Pixel n covers n - 0.5 to n + 0.5.
    (top, bottom), (left, right) = (
        (
            max(0, math.floor(v.min() + 0.5)),
            min(n, math.floor(v.max() + 0.5) + 1),
        )
        for v, n in ((y, height), (x, width))
    )
    if top >= bottom or left >= right:
        raise NotFound(_NO_PIXEL)
    return slice(top, bottom), slice(left, right)


def dated(cards: str, frames: Sequence[Mapping[str, Any]]) -> str:
    """Return FITS cards with the mean time of serialised frames, as MJD-AVG.

    Other times are left out: those of one frame would be taken for those of a coadd,
    and a survey may have a table of times because its headers are wrong. Without a time
    of each frame there is no MJD-AVG.
    """
    header = fits.Header.fromstring(cards)
    for keyword in [one for one in header if one.startswith(_TIMES)]:
        header.remove(keyword, ignore_missing=True)
    times = [frame["mjd"] for frame in frames if frame["mjd"] is not None]
    if len(times) == len(frames):
        assumed = any(frame["assumed"] for frame in frames)
        told = "[d] mean of the exposures, UTC" + assumed * ", assumed"
        header["MJD-AVG"] = (sum(times) / len(times), told)
        header["TIMESYS"] = ("UTC", "time scale")
    return str(header.tostring(endcard=False))


def _held(
    region: Region, projection: Projection, height: int, width: int
) -> np.ndarray:
    """Return for each pixel, row by row, whether its centre lies in a region."""
    columns = np.arange(width, dtype=np.float64)
    return np.array(
        [
            region.holds(
                geometry.unit_vectors(
                    *projection.to_sky(columns, np.full(width, float(row)))
                )
            )
            for row in range(height)
        ]
    )


def write_planes(
    output: Output,
    planes: Mapping[str, np.ndarray],
    cards: str,
    projection: Projection,
    box: Box,
    extra: Mapping[str, float],
    told: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the planes of a box, one HDU each, and the report, to the call's file.

    Raises
    ------
    TooLarge
        The file would be larger than an answer may be.
    """
    header = fits.Header.fromstring(cards)
    header["CRPIX1"] -= box[1].start
    header["CRPIX2"] -= box[0].start
    header.update(extra)
    hdus = fits.HDUList()
    for number, (name, values) in enumerate(planes.items()):
        kind = fits.ImageHDU if number else fits.PrimaryHDU
        hdu = kind(np.ascontiguousarray(values[box], np.float32), header)
        hdu.name = str(name).upper()
        hdus.append(hdu)
    packed = io.BytesIO()
    hdus.writeto(packed)
    all_told = {
        **told,
        **_middle(projection, box),
        "planes": {str(name): n for n, name in enumerate(planes)},
    }
    text = json.dumps(finite(all_told), allow_nan=False).encode()
    file, _ = output.required_files()
    try:
        for part in (packed.getbuffer(), text, len(text).to_bytes(TRAILER, "big")):
            file.write(part)
        file.flush()
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        raise TooLarge(
            f"This would have {packed.tell() >> 10} KiB, and the gateway makes no "
            "answer that large. Request a smaller region with “pos”."
        ) from error
    return {}


def _middle(projection: Projection, box: Box) -> dict[str, float]:
    """Return the centre of a box and the radius that contains it, degrees."""
    rows, columns = box
    x = np.array([0.5, 0.0, 1.0, 0.0, 1.0]) * (columns.stop - columns.start)
    y = np.array([0.5, 0.0, 0.0, 1.0, 1.0]) * (rows.stop - rows.start)
    ra, dec = projection.to_sky(x + columns.start - 0.5, y + rows.start - 0.5)
    corners = geometry.unit_vectors(ra, dec)
    apart = np.degrees(geometry.angle(corners[1:], corners[0]))
    middle = {"ra": float(ra[0]) % 360.0, "dec": float(dec[0])}
    return middle | {"radius": float(apart.max()) * 1.05}
