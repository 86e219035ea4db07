"""Loads the frames that a call names."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gatewright.backends.plugin import frame_loaders
from gatewright.core.errors import InvalidContent
from gatewright.domains.processing import Circle
from gatewright.domains.processing.frames import Frame

_LOADERS = frame_loaders()


def load_frame(ref: Mapping[str, Any], place: Circle | None, margin: int) -> Frame:
    """Return the frame of a serialised ``FrameRef``, around a circle or whole.

    Raises
    ------
    InvalidContent
        The reader of the file's format cannot load frames.
    """
    name = ref["path"].lower()
    for suffixes, loader in _LOADERS:
        if name.endswith(suffixes):
            frame = loader(ref["path"], ref["identity"], ref["hdu"], place, margin)
            if ref["seeing"] is None:
                return frame
            # From arcseconds to pixels, by the size of a pixel in the middle.
            x, y = (
                side / 2 + np.array([0.0, 1.0, 0.0])
                for side in frame.values.shape[::-1]
            )
            ra, dec = frame.projection.to_sky(x, np.array([y[0], y[0], y[1]]))
            east = (ra[1:] - ra[0] + 180.0) % 360.0 - 180.0
            sides = 3600.0 * np.array(
                [east * np.cos(np.radians(dec[0])), dec[1:] - dec[0]]
            )
            fwhm = ref["seeing"] / float(np.sqrt(abs(np.linalg.det(sides))))
            return replace(frame, fwhm=fwhm)
    raise InvalidContent(
        f"The format of the image “{ref['image']}” cannot be processed, only read."
    )
