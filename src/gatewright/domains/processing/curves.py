"""What the picture of a light curve shows: its points, and the words beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.core.errors import NotFound
from gatewright.domains.processing.model import LightCurve

AXES = ("flux", "magnitude")
"""What may be upwards in a picture."""


@dataclass(frozen=True, slots=True)
class CurveMark:
    """One measurement in a picture."""

    mjd: float
    """Time, MJD UTC."""
    value: float | None
    """Flux or magnitude; None for a magnitude of which there is only a limit."""
    error: float
    """Error of ``value`` (one sigma)."""
    limit: float | None
    """Upper limit of the flux at 5 sigma, or its magnitude; None for what is seen."""
    series: str
    """Band, which has a colour and a mark of its own."""
    sure: bool = True
    """Whether it can be compared with the others: its scale is known."""


@dataclass(frozen=True, slots=True)
class CurvePicture:
    """A picture of a light curve."""

    title: str
    """First line above the picture."""
    subtitle: str
    """Second line above the picture."""
    time_axis: str
    """Words below the axis of time."""
    value_axis: str
    """Words beside the other axis, with the units."""
    downwards: bool
    """Whether values grow downwards, as magnitudes do: bright is above."""
    marks: Sequence[CurveMark] = ()
    """The measurements."""


def curve_picture(
    curve: LightCurve, title: str, surveys: str, axis: str | None
) -> CurvePicture:
    """Return what the picture of a light curve shows.

    ``axis`` is one of :data:`AXES`; by default magnitudes where a point has one.
    ``surveys`` names where the images are from, such as “simulated sky”.

    Raises
    ------
    NotFound
        Magnitudes are asked for, and no point has one.
    """
    calibrated = [point for point in curve.points if point.calibration is not None]
    if axis == "magnitude" and not calibrated:
        raise NotFound(
            "No image here has a zero point, so that there are no magnitudes. Draw the "
            "flux: axis=flux."
        )
    if axis is None:
        axis = "magnitude" if calibrated else "flux"
    faint = axis == "magnitude"
    measured = [one for one in curve.points if one.reason is None]
    drawn = [
        one
        for one in measured
        if one.mjd is not None and (one.calibration is not None or not faint)
    ]
    # Magnitudes count in each frame's own units: the scale does not matter.
    marks = [
        CurveMark(
            float(one.mjd or 0.0),
            one.magnitude if faint else one.flux,
            (one.magnitude_error or 0.0) if faint else one.flux_error,
            one.magnitude_limit if faint else one.upper_limit,
            one.band or "unknown band",
            sure=faint or not one.untied,
        )
        for one in drawn
    ]
    seen = sum(one.limit is None for one in marks)
    told = [f"{len(curve.points)} images", f"{seen} with a detection"]
    for number, words in (
        (len(marks) - seen, "with an upper limit"),
        (len(curve.points) - len(measured), "not measured"),
        (sum(one.mjd is None for one in measured), "without a time"),
        (
            sum(one.calibration is None for one in measured) if faint else 0,
            "without a zero point",
        ),
    ):
        if number:
            told.append(f"{number} {words}")
    systems = sorted({one.calibration.system for one in drawn if one.calibration})
    value_axis = f"Magnitude ({', '.join(systems)})"
    if not faint:
        value_axis = f"Flux (units of {curve.units_of})"
    time_axis, assumed = "Time (UTC)", sum(one.assumed for one in drawn)
    if assumed:
        whose = "all" if assumed == len(drawn) else f"{assumed} of {len(drawn)}"
        time_axis += f", assumed for {whose} images by a table of the survey"
    subtitle = f"{surveys}: {', '.join(told)}"
    return CurvePicture(title, subtitle, time_axis, value_axis, faint, marks)
