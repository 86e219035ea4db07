"""Filters of real cameras: the right band or none."""

import pytest

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky import (
    Band,
    band_wavelengths,
    coloured_filters,
    find_band,
    parse_band,
)


@pytest.mark.parametrize(
    ("name", "band", "inside", "outside"),
    [
        ("zd DECam k1038", "z", 900, 1600), ("bokr", "r", 620, 900),
        ("gp", "g", 480, 620), ("rp", "r", 620, 480), ("ip", "i", 760, 480),
        ("zs", "z", 870, 480), ("ZTF_r", "r", 620, 480), ("SDSS r'", "r", 620, 480),
        ("r_SDSS", "r", 620, 480), ("sdssg", "g", 480, 620), ("uSDSS", "u", 355, 480),
        ("HSC-G", "g", 480, 620), ("HSC-R2", "r", 620, 480),
        ("i.MP9702", "i", 760, 480),
        ("g.00000", "g", 480, 620), ("w.00000", "w", 620, 900),
        ("OPEN r", "r", 620, 480),
        ("R_SPECIAL", "R", 650, 480), ("V_Bes 530_80", "V", 547, 480),
        ("Bessell V", "V", 547, 480), ("johnson v", None, 0, 0), ("Rc", "R", 650, 480),
        ("Ks", "Ks", 2150, 1600), ("K_short", "Ks", 2150, 1600), ("h", "H", 1600, 650),
        ("W1", "W1", 3400, 650), ("NUV", "NUV", 230, 350), ("g_G0301", "g", 480, 620),
        ("H-alpha", "Halpha", 656.3, 1600), ("Halpha", "Halpha", 656.3, 1600),
        ("H_alpha_6563", "Halpha", 656.3, 1600), ("[OIII]", "OIII", 500.7, 656),
        ("Stromgren y", "Stromgren y", 547, 950), ("W-J-V", "V", 547, 950),
        ("W-C-RC", "R", 650, 480), ("W-S-I+", "i", 760, 480),
        ("NB0921", "NB0921", 921, 656), ("N964", "N964", 964, 656),
        ("IA427", "IA427", 427, 656), ("F606W", "F606W", 606, 1600),
        ("F814W", "F814W", 814, 1600), ("F160W", "F160W", 1600, 800),
        ("F200W", "F200W", 2000, 200), ("F444W", "F444W", 4440, 444),
        ("F1130W", "F1130W", 11_300, 1130), ("F658N", "F658N", 658, 1600),
        ("F126N", "F126N", 1260, 126), ("F187N", "F187N", 1870, 187),
        ("VR DECam c0007 6300.0 2600.0", "VR", 520, 900),
        ("N964 DECam c0008 9645.0 94.0", "N964", 964.5, 656),
        ("i DECam SDSS c0003 7835.0 1470.0", "i", 783, 656),
    ],
)  # fmt: skip
def test_known_filters(
    name: str, band: str | None, inside: float, outside: float
) -> None:
    found = find_band([name])
    if band is None:
        assert found is None
        return
    assert found is not None
    assert found.name == band
    low, high = found.wavelengths.low * 1e9, found.wavelengths.high * 1e9
    assert low <= inside <= high
    assert not low <= outside <= high


@pytest.mark.parametrize(
    "name",
    [
        "c", "o", "C", "L", "v", "b", "q", "none", "multi", "B+V", "gri", "g+r",
        "Ha_6649",
        "Gaia G", "G", "NB118", "F410M", "F999W", "F999X", "Luminous", "12", "RG610",
        "r something", "", "Bessell g", "H2 1-0",
    ],
)  # fmt: skip
def test_filters_that_say_too_little_have_no_band(name: str) -> None:
    assert find_band([name]) is None


@pytest.mark.parametrize(
    ("filters", "camera", "band"),
    [
        (["Open", "V_Bes"], "", "V"),
        (["CLEAR1L", "F814W"], "HST ACS", "F814W"),
        (["F606W", "CLEAR2L"], "HST ACS", "F606W"),
        (["F606W", "POL0V"], "HST ACS", "F606W"),
        (["F410M"], "HST WFC3", "F410M"),
        (["F150W2", "F164N"], "JWST NIRCAM", "F164N"),
        (["CLEAR", "F200W"], "JWST NIRISS", "F200W"),
        (["F606W"], "JWST NIRCAM", None),
        (["RG610", "r_G0303"], "Gemini", None),
        (["B", "R"], "", None),
        (["r", "r"], "", "r"),
        (["open1-6", "CLEAR"], "", "clear"),
        (["Luminance"], "", "clear"),
        (["c"], "ATLAS", "cyan"),
        (["o"], "ATLAS-HKO", "orange"),
        (["orange"], "", "orange"),
        ([], "", None),
    ],
)
def test_wheels_and_cameras(filters: list[str], camera: str, band: str | None) -> None:
    found = find_band(filters, camera)
    assert (found and found.name) == band


def test_a_medium_filter_has_the_wavelength_of_its_telescope() -> None:
    hubble, webb = find_band(["F410M"], "HST WFC3"), find_band(["F410M"], "JWST NIRCAM")
    assert hubble is not None
    assert webb is not None
    assert hubble.wavelengths.high < 5e-7
    assert webb.wavelengths.low > 3e-6


def test_openings_change_no_colour() -> None:
    assert coloured_filters(["Open", " V_Bes ", "V_Bes", ""]) == ["V_Bes"]


def test_bands_of_a_setting() -> None:
    assert parse_band("", "VR") is None
    red = parse_band(" 500-760 ", "VR")
    assert isinstance(red, Band)
    assert red.name == "VR"
    assert (red.wavelengths.low, red.wavelengths.high) == pytest.approx((5e-7, 7.6e-7))
    named = parse_band("F814W", "odd")
    assert named is not None
    assert named.wavelengths == band_wavelengths("F814W")
    for text in ("760-500", "0-5", "reddish", "500", "5e2-6e2"):
        with pytest.raises(InvalidRequest, match="no band"):
            parse_band(text, "VR")
