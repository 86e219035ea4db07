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

Box = tuple[slice, slice]
"""Rows and columns."""


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
    angle = np.linspace(0, 2 * np.pi, 64)
    dec = np.clip(place.dec + place.radius * np.sin(angle), -90, 90)
    cos = max(1e-6, math.cos(math.radians(place.dec)))
    ra = place.ra + place.radius * np.cos(angle) / cos
    x, y = projection.to_pixels(ra, dec)
    known = np.isfinite(x + y)
    if not known.any():
        raise NotFound("The region contains no pixel of the science image.")
    edges = [
        (
            max(0, math.floor(v[known].min() + 0.5)),
            min(n, math.ceil(v[known].max() + 0.5)),
        )
        for v, n in ((y, height), (x, width))
    ]
    (top, bottom), (left, right) = edges
    if top >= bottom or left >= right:
        raise NotFound("The region contains no pixel of the science image.")
    return slice(top, bottom), slice(left, right)


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
    east = (ra[1:] - ra[0] + 180.0) % 360.0 - 180.0
    apart = np.hypot(east * np.cos(np.radians(dec[0])), dec[1:] - dec[0])
    middle = {"ra": float(ra[0]) % 360.0, "dec": float(dec[0])}
    return middle | {"radius": float(apart.max()) * 1.05}
