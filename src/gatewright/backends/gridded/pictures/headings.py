"""The title and subtitle of a picture: what it shows, and for which coordinates."""

from gatewright.backends.gridded.cut import Cut, Series
from gatewright.backends.gridded.pictures.picture import Heading
from gatewright.backends.gridded.pictures.ticks import degrees
from gatewright.backends.gridded.write_text import axis_texts
from gatewright.domains.arrays import AxisKind

_ON_EARTH = (AxisKind.LATITUDE, AxisKind.LONGITUDE)


def heading(cut: Cut, series: Series, left_out: list[str]) -> Heading:
    """Return the title, the subtitle and the title of the values of a picture.

    ``left_out`` are sentences about values that are not drawn.
    """
    variable = series.variable
    long = variable.text("long_name") or variable.text("standard_name")
    name = long.replace("_", " ") if long else variable.name
    title = name
    hows = [how.name for how in cut.order.statistics]
    if hows:
        title += f", {', '.join(hows)} of {cut.members(variable)} members"
    sizes = zip(series.dimensions, series.shape, strict=True)
    fixed = [one for one, size in sizes if size == 1] + cut.scalars([series])
    words = [_fixed(cut, one) for one in fixed]
    words += [
        degrees(kind, float(where.reshape(-1)[0]))
        for kind, (_, where) in zip(
            _ON_EARTH, cut.places(series, repeated=False), strict=False
        )
        if where.size == 1
    ]
    units = variable.text("units")
    return Heading(
        title,
        "  ·  ".join([word for word in words if word] + left_out),
        f"{name} ({units})" if units not in {"", "1"} else name,
    )


def _fixed(cut: Cut, name: str) -> str:
    """Return the single value of an axis as text, such as 30°W or plev 500 hPa."""
    axis = cut.axes.get(name)
    text = axis_texts(cut, name)[0]
    if axis is not None and axis.time is not None:
        return text.removesuffix("T00:00:00").removesuffix(":00").replace("T", " ")
    if axis is not None and axis.kind in _ON_EARTH and text:
        return degrees(axis.kind, float(text))
    units = axis.units if axis is not None and axis.units not in {"", "1"} else ""
    return f"{name} {text} {units}".rstrip()
