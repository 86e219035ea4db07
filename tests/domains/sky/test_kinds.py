"""What images are by their names and headers, for the archives of many telescopes."""

import pytest

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky import (
    ImageKind,
    SurveyRules,
    calibration_level,
    check_rules,
    image_kind,
)

ZTF = "ztf_20180705481609_001735_zg_c01_o_q2_{}.fits"
LEGACY = "legacysurvey-0503p200-{}.fits.fz"
PS1 = "rings.v3.skycell.2571.074.stk.g.unconv{}.fits"
UNWISE = "unwise-3460p121-w1-{}.fits.gz"


@pytest.mark.parametrize(
    ("name", "kind", "level"),
    [
        (ZTF.format("sciimg"), "science", 2),
        (ZTF.format("mskimg"), "mask", 2),
        (ZTF.format("refimg"), "reference", 3),
        (ZTF.format("refunc"), "uncertainty", 2),
        (ZTF.format("refcov"), "exposure", 2),
        (ZTF.format("scimrefdiffimg"), "difference", 3),
        (LEGACY.format("image-r"), "science", 3),
        (LEGACY.format("invvar-r"), "weight", 3),
        (LEGACY.format("model-r"), "other", 3),
        (LEGACY.format("nexp-r"), "exposure", 3),
        (LEGACY.format("maskbits"), "mask", 3),
        (PS1.format(""), "science", 3),
        (PS1.format(".wt"), "weight", 3),
        (PS1.format(".mask"), "mask", 3),
        (PS1.format(".num"), "exposure", 3),
        (PS1.format(".exp"), "exposure", 3),
        (UNWISE.format("img-m"), "science", 3),
        (UNWISE.format("invvar-m"), "weight", 3),
        (UNWISE.format("std-u"), "uncertainty", 3),
        (UNWISE.format("n-m"), "exposure", 3),
        ("c4d_150110_053718_ooi_z_v1.fits.fz", "science", 2),
        ("c4d_150110_053718_oow_z_v1.fits.fz", "weight", 2),
        ("c4d_150110_053718_ood_z_v1.fits.fz", "mask", 2),
        ("hst_10265_01_acs_wfc_f814w_drz.fits", "science", 3),
        ("ogg2m001-ep05-20200101-0001-e91.fits.fz", "science", 2),
        ("ogg2m001-ep05-20200101-0001-e00.fits.fz", "science", 1),
        ("exp-0012.fits", "science", 2),
        ("unmasked.fits", "science", 2),
        ("flatiron.fits", "science", 2),
        ("...", "science", 2),
    ],
)
def test_names_of_files(name: str, kind: str, level: int) -> None:
    found = image_kind(name)
    assert found == kind
    assert calibration_level(found, name) == level


@pytest.mark.parametrize(
    ("extension", "kind"),
    [
        ("SCI", "science"),
        ("ERR", "uncertainty"),
        ("DQ", "mask"),
        ("AREA", "other"),
        ("CON", "other"),
        ("WHT", "weight"),
        ("VAR_POISSON", "uncertainty"),
        ("VAR_RNOISE", "uncertainty"),
        ("CCD3", "science"),
    ],
)
def test_hdus_of_webb(extension: str, kind: str) -> None:
    assert image_kind("jw01063_nrcb4_i2d.fits", extension) == kind


def test_a_science_hdu_is_science_in_a_file_of_any_name() -> None:
    assert image_kind("unmasked_and_mask.fits", "SCI") is ImageKind.SCIENCE
    assert image_kind("unmasked_and_mask.fits") is ImageKind.MASK


@pytest.mark.parametrize(
    ("told", "kind", "level"),
    [
        (["wtmap"], "weight", 2),
        (["dqmask"], "mask", 2),
        (["expmap"], "exposure", 2),
        (["image", "object", "InstCal"], "science", 2),
        (["image", "object", "Stacked"], "science", 3),
        (["object", "raw"], "science", 1),
        (["dome flat"], "calibration", 1),
        (["Bias Frame"], "calibration", 1),
    ],
)
def test_what_headers_tell(told: list[str], kind: str, level: int) -> None:
    found = image_kind("a.fits", "", told)
    assert found == kind
    assert calibration_level(found, "a.fits", told) == level


def test_several_exposures_make_level_three() -> None:
    assert calibration_level(ImageKind.SCIENCE, "a.fits", combined=4.0) == 3


def test_rules_of_a_survey_come_first() -> None:
    rules = {"*.WT.fits": "uncertainty", "ccd?": "mask", "*": "other"}
    assert image_kind("a.wt.fits", "", (), rules) is ImageKind.UNCERTAINTY
    assert image_kind("a.fits", "CCD1", (), rules) is ImageKind.MASK
    assert image_kind("a_weight.fits", "", (), rules) is ImageKind.OTHER
    assert image_kind("a_weight.fits", "", (), {"b*": "mask"}) is ImageKind.WEIGHT


def test_rules_are_checked() -> None:
    good = SurveyRules({"VR": "500-760"}, {"*": "mask"}, {"start": "SHUT"}, 3)
    assert check_rules(good) is good
    assert check_rules(SurveyRules()) == SurveyRules()
    for bad, text in (
        (SurveyRules(filters={"VR": "reddish"}), "no band"),
        (SurveyRules(kinds={"*": "picture"}), "no kind"),
        (SurveyRules(keywords={"begin": "SHUT"}), "filter, start, end, exposure"),
        (SurveyRules(calib_level=5), "0 to 4"),
    ):
        with pytest.raises(InvalidRequest, match=text):
            check_rules(bad)
