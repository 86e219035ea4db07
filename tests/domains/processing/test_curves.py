"""What the picture of a light curve says, in words and marks."""

from dataclasses import replace

import pytest

from gatewright.core.errors import NotFound
from gatewright.domains.processing import (
    Calibration,
    LightCurve,
    LightPoint,
    curve_picture,
)

ZERO = Calibration("AB", 25.0, 0.01, 0.02, 9, {}, "Stars", "0" * 64, 0, "1")
SEEN = LightPoint(
    "s~a~0", 59000.0, False, "r", 100.0, 5.0, None, 1.0, 0.0, None, 20.0, 0.05, None,
    ZERO,
)  # fmt: skip
LIMIT = replace(
    SEEN, mjd=59001.0, assumed=True, band=None, flux=3.0, upper_limit=28.0,
    magnitude=None, magnitude_error=None, magnitude_limit=21.4,
)  # fmt: skip
BARE = replace(SEEN, mjd=59002.0, calibration=None, magnitude=None)
UNTIED = replace(BARE, scale_error=float("inf"))
GONE = replace(BARE, reason="The file is gone.", flux=float("nan"))
TIMELESS = replace(SEEN, mjd=None)


def test_magnitudes_are_the_usual_where_there_are_some() -> None:
    curve = LightCurve(1.0, 2.0, "s~a~0", [SEEN, LIMIT, BARE, GONE, TIMELESS])
    shown = curve_picture(curve, "Here", "Survey", None)
    assert shown.downwards
    assert shown.value_axis == "Magnitude (AB)"
    assert [(one.value, one.limit, one.series) for one in shown.marks] == [
        (20.0, None, "r"),
        (None, 21.4, "unknown band"),
    ]
    assert shown.subtitle == (
        "Survey: 5 images, 1 with a detection, 1 with an upper limit, 1 not measured, "
        "1 without a time, 1 without a zero point"
    )
    assert shown.time_axis == (
        "Time (UTC), assumed for 1 of 2 images by a table of the survey"
    )


def test_fluxes_are_drawn_of_all_and_an_unknown_scale_is_marked() -> None:
    curve = LightCurve(1.0, 2.0, "s~a~0", [SEEN, UNTIED])
    shown = curve_picture(curve, "Here", "Survey", "flux")
    assert not shown.downwards
    assert shown.value_axis == "Flux (units of s~a~0)"
    assert [one.sure for one in shown.marks] == [True, False]
    assert shown.subtitle == "Survey: 2 images, 2 with a detection"
    assert shown.time_axis == "Time (UTC)"
    assumed = replace(SEEN, assumed=True)
    alone = curve_picture(LightCurve(1.0, 2.0, "s~a~0", [assumed]), "", "", None)
    assert "assumed for all images" in alone.time_axis


def test_magnitudes_that_nothing_gives_are_refused() -> None:
    curve = LightCurve(1.0, 2.0, "s~a~0", [BARE])
    assert not curve_picture(curve, "Here", "Survey", None).downwards
    with pytest.raises(NotFound, match="axis=flux"):
        curve_picture(curve, "Here", "Survey", "magnitude")
