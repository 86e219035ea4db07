"""Loads the frames that a call names, for threads that work on several at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from gatewright.backends.plugin import frame_loaders
from gatewright.core.errors import InvalidContent
from gatewright.domains.processing import Circle
from gatewright.domains.processing.frames import Frame, Numbers, Projection
from gatewright.domains.processing.references import pixel_size

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

    Raises
    ------
    InvalidContent
        The reader of the file's format cannot load frames.
    """
    name = ref["path"].lower()
    for suffixes, loader in _LOADERS:
        if name.endswith(suffixes):
            with _LOADING:
                frame = loader(ref["path"], ref["identity"], ref["hdu"], place, margin)
            projection = OneAtATime(frame.projection, Lock())
            frame = replace(frame, projection=projection)
            if ref["seeing"] is None:
                return frame
            fwhm = ref["seeing"] / pixel_size(frame.projection, frame.values.shape)
            return replace(frame, fwhm=fwhm)
    raise InvalidContent(
        f"The format of the image “{ref['image']}” cannot be processed, only read."
    )
