"""Axes to choose from."""

import numpy as np
import numpy.typing as npt

from gatewright.domains.arrays import (
    Axis,
    AxisKind,
    Selected,
    counted_from,
    time_units,
)

Numbers = npt.NDArray[np.float64]


def axis(kind: AxisKind, units: str = "") -> Axis:
    return Axis(kind, "d", "d", units, time_units(units))


LATITUDE = axis(AxisKind.LATITUDE, "degrees_north")
LONGITUDE = axis(AxisKind.LONGITUDE, "degrees_east")
TIME = axis(AxisKind.TIME, "hours since 2000-01-01")


def values(selected: Selected, numbers: Numbers) -> list[float]:
    chosen = [numbers[p.start : p.stop : p.stride] for p in selected.ranges]
    found: list[float] = counted_from(np.concatenate(chosen), selected.west).tolist()
    return found
