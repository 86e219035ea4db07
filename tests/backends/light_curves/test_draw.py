"""Pictures of light curves that a request seldom gives."""

from gatewright.backends.light_curves.draw import write_curve
from gatewright.domains.processing import CurveMark, CurvePicture


def test_a_light_curve_without_a_value_says_so() -> None:
    shown = CurvePicture("Here", "Survey", "Time (UTC)", "Flux", downwards=False)
    assert b"no values" in write_curve(shown, "svg")
    assert write_curve(shown, "png").startswith(b"\x89PNG")


def test_one_limit_alone_has_axes_and_a_legend() -> None:
    mark = CurveMark(59000.25, None, 0.0, 21.5, "r")
    shown = CurvePicture(
        "Here", "Survey", "Time (UTC)", "Magnitude (AB)", downwards=True, marks=[mark]
    )
    text = write_curve(shown, "svg").decode()
    assert "upper limit, 5 sigma" in text
    assert "2020-05-31" in text
    assert "21.5" in text
