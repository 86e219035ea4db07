"""The function that runs in the reader processes: drawing a light curve."""

from typing import Any

from gatewright.backends.light_curves.draw import write_curve
from gatewright.backends.readers import Output
from gatewright.domains.processing import CurveMark, CurvePicture

__all__ = ["draw"]


def draw(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Write the picture to the shared memory of the call.

    The arguments are the fields of a ``CurvePicture``, whose marks are lists, and
    ``form`` (``png`` or ``svg``).
    """
    form = arguments.pop("form")
    marks = [CurveMark(*one) for one in arguments.pop("marks")]
    output.write(write_curve(CurvePicture(marks=marks, **arguments), form))
    return {}
