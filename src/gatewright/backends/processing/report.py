"""The JSON report at the end of a product's file."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gatewright.domains.processing.frames import pixel_size
from gatewright.domains.processing.matching import Alignment, Ratio
from gatewright.domains.processing.prepared import Prepared

TRAILER = 8
"""Bytes at the end of the file that hold the length of the report before them."""


def finite(value: Any) -> Any:
    """Return values for JSON: numbers that are not finite become None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [finite(item) for item in value]
    return value


def psf_answer(frame: Prepared) -> dict[str, object]:
    """Return what is said of the point-spread function of a frame."""
    return {
        "fwhm": frame.psf.fwhm,
        "seeing": frame.psf.fwhm * pixel_size(frame.projection, frame.values.shape),
        "stars": frame.psf.used,
        "rejected": dict(frame.psf.rejected),
        "varies": len(frame.psf.planes) > 1,
    }


def ratio_answer(ratio: Ratio) -> dict[str, object]:
    """Return a flux ratio; its error is not finite where it is not known."""
    return {"value": ratio.value, "error": ratio.error, "stars": ratio.stars}


def alignment_answer(alignment: Alignment) -> dict[str, object]:
    """Return offsets between the stars of two frames, in pixels."""
    return {
        "x": list(alignment.adjustment.x),
        "y": list(alignment.adjustment.y),
        "scatter": list(alignment.scatter),
        "stars": alignment.stars,
    }
