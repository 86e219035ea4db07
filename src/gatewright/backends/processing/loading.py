"""Loads the frames that a call names, for threads that work on several at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np

from gatewright.backends.plugin import frame_loaders
from gatewright.core.errors import Conflict, GatewayError, InvalidContent, NotFound
from gatewright.domains.processing import Circle, OutsideFrame
from gatewright.domains.processing.frames import (
    Frame,
    Numbers,
    Pixels,
    Projection,
    pixel_size,
)

_LOADERS = frame_loaders()
_LOADING = Lock()
"""One frame is loaded at a time, since astropy changes the warnings of the process."""


@dataclass(frozen=True, slots=True)
class OneAtATime:
    """A projection that several threads may use, one after another.

    wcslib changes the values of a projection for the time of a call.
    """

    projection: Projection
    """The projection."""
    lock: Lock
    """Held during each call."""

    def to_sky(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Return the right ascensions and declinations of pixels, ICRS degrees."""
        with self.lock:
            return self.projection.to_sky(x, y)

    def to_pixels(self, ra: Numbers, dec: Numbers) -> tuple[Numbers, Numbers]:
        """Return the pixels of directions, which are ICRS degrees."""
        with self.lock:
            return self.projection.to_pixels(ra, dec)


def load_frame(ref: Mapping[str, Any], place: Circle | None, margin: int) -> Frame:
    """Return the frame of a serialised ``FrameRef``, around a circle or whole.

    With a weight map, the frame has its variance, and pixels of no weight are bad.

    Errors name the image: requests are for many.

    Raises
    ------
    OutsideFrame
        The circle contains no pixel of the image.
    InvalidContent
        The reader of the file's format cannot load frames, or the weight map has other
        pixels than the image.
    """
    try:
        frame = _loaded(ref, place, margin)
    except OutsideFrame as error:
        name = ref["image"]
        raise OutsideFrame(f"The region has no pixel of the image “{name}”.") from error
    except (Conflict, InvalidContent, NotFound) as error:
        raise _named(error, ref["image"]) from error
    frame = replace(frame, projection=OneAtATime(frame.projection, Lock()))
    if ref["weight"] is not None:
        try:
            weight = _weights(ref["weight"], frame, place, margin)
        except (Conflict, NotFound) as error:
            raise _named(error, ref["weight"]["image"]) from error
        known = weight > 0  # False where it is NaN
        variance = np.where(known, 1.0 / np.where(known, weight, 1.0), np.inf)
        frame = replace(frame, bad=~known, variance=variance.astype(np.float32))
    if ref["seeing"] is None:
        return frame
    fwhm = ref["seeing"] / pixel_size(frame.projection, frame.values.shape)
    return replace(frame, fwhm=fwhm)


def _named(error: GatewayError, image: str) -> GatewayError:
    """Return an error of one image with its name, for a request for many."""
    return type(error)(f"Of the image “{image}”: {error.text}")


def _weights(
    ref: Mapping[str, Any], frame: Frame, place: Circle | None, margin: int
) -> Pixels:
    """Return the weights of the pixels of a frame.

    The headers of an image and its map may differ in their last digits, so that a
    circle touches a column more in one of them: the map is laid on the frame by its
    coordinates, and read whole if it lacks a part of the frame.

    Raises
    ------
    InvalidContent
        The map does not have all pixels of the frame.
    """
    height, width = frame.values.shape
    middle = np.array([float(width // 2)]), np.array([float(height // 2)])
    for around in (place, None):
        found = _loaded(ref, around, margin)
        x, y = found.projection.to_pixels(*frame.projection.to_sky(*middle))
        if np.isfinite(x + y).all():
            left, low = (
                round(float(x[0])) - width // 2,
                round(float(y[0])) - height // 2,
            )
            part = found.values[max(0, low) :, max(0, left) :][:height, :width]
            if min(left, low) >= 0 and part.shape == frame.values.shape:
                return part
    raise InvalidContent(
        f"The weight map of the image “{frame.name}” has other pixels than it."
    )


def _loaded(ref: Mapping[str, Any], place: Circle | None, margin: int) -> Frame:
    """Return the pixels of a frame or of a weight map as its reader loads them."""
    name = ref["path"].lower()
    for suffixes, loader in _LOADERS:
        if name.endswith(suffixes):
            with _LOADING:
                return loader(ref["path"], ref["identity"], ref["hdu"], place, margin)
    raise InvalidContent(
        f"The format of the image “{ref['image']}” cannot be processed, only read."
    )
