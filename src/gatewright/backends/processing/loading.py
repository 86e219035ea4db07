"""Loads the frames that a call names."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gatewright.backends.plugin import frame_loaders
from gatewright.core.errors import InvalidContent
from gatewright.domains.processing import Circle
from gatewright.domains.processing.frames import Frame
from gatewright.domains.processing.references import pixel_size

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
            fwhm = ref["seeing"] / pixel_size(frame.projection, frame.values.shape)
            return replace(frame, fwhm=fwhm)
    raise InvalidContent(
        f"The format of the image “{ref['image']}” cannot be processed, only read."
    )
