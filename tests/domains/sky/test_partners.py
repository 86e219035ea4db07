"""Which weights, uncertainties and masks belong to an image."""

from dataclasses import replace
from pathlib import PurePath

import pytest
from tests.domains.sky.test_service import image

from gatewright.domains.sky import Image, ImageKind
from gatewright.domains.sky.kinds import extension_name, image_kind
from gatewright.domains.sky.partners import partners_of, role_words


def at(path: str, hdu: int = 0, **more: object) -> Image:
    """Return an image of a file, of the kind that its name tells."""
    one = image("s", path)
    kind = more.pop("kind", image_kind(PurePath(path).name))
    name = f"{path}~{hdu}"
    told = {"id": name, "path": f"/{path}", "hdu": hdu, "kind": kind, **more}
    return replace(one, **told)  # type: ignore[arg-type]


def found(science: Image, *others: Image, **rules: str) -> list[str]:
    """Return the ids of an image's partners among others."""
    patterns = {f"*.{word}.fits": kind for word, kind in rules.items()}
    made = partners_of([science], others, role_words(patterns))
    return [one.id for one in made[science.id]]


@pytest.mark.parametrize(
    ("science", "partners"),
    [
        ("c4d_181104_ooi_g.fits", ["c4d_181104_oow_g.fits", "c4d_181104_ood_g.fits"]),
        ("unwise-w1-img-m.fits", ["unwise-w1-invvar-m.fits.gz"]),
        ("stk.g.unconv.fits", ["stk.g.unconv.wt.fits", "stk.g.unconv.mask.fits"]),
        ("ztf_q2_sciimg.fits", ["ztf_q2_mskimg.fits"]),
        ("images/a.fits", ["weights/a.weight.fits", "masks/a.mask.fits"]),
        ("ls-image-g.fits.fz", ["ls-invvar-g.fits.fz"]),
        ("a.fits", ["a.rms.fits"]),
    ],
)
def test_files_whose_names_differ_by_what_the_pixels_are(
    science: str, partners: list[str]
) -> None:
    away = ["b.wt.fits", "c4d_181105_oow_g.fits", "unwise-w2-invvar-m.fits.gz"]
    others = [at(name) for name in (*reversed(partners), *away)]
    assert found(at(science), *others) == [f"{name}~0" for name in partners]


def test_the_names_of_a_survey_s_own_kinds() -> None:
    quality = at("a.q.fits", kind=ImageKind.MASK)
    assert found(at("a.sky.fits"), quality) == []
    assert found(at("a.sky.fits"), quality, q="mask", sky="science") == ["a.q.fits~0"]
    # Other kinds, and words with numbers, tell nothing.
    assert found(at("a.sky.fits"), quality, q="other", sky="science") == []
    assert found(at("a1.fits"), at("a2.wt.fits"), a1="science", a2="mask") == []


def test_hdus_of_the_same_file() -> None:
    mask, errors = ImageKind.MASK, ImageKind.UNCERTAINTY
    file = [
        at("a.fits", 2, kind=errors),
        at("a.fits", 3, kind=mask),
        at("a.fits", 5, kind=errors),
        at("a.fits", 6, kind=mask),
        at("a.fits", 7, kind=errors),
        at("a.mask.fits"),
    ]
    assert found(at("a.fits", 1), *file) == ["a.fits~2", "a.fits~3"]
    assert found(at("a.fits", 4), *file) == ["a.fits~5", "a.fits~6"]
    # Of another file the HDU of the same number.
    masks = [at("a.mask.fits", number) for number in (1, 2, 3)]
    assert found(at("a.fits", 2), *masks) == ["a.mask.fits~2"]


@pytest.mark.parametrize(
    "change",
    [
        {"width": 11},
        {"height": 9},
        {"planes": 3},
        {"band": "r"},
        {"t_min": 59000.1},
        {"ra": 10.5 + 11 / 3600},
        {"polygon": ()},
    ],
)
def test_what_has_other_pixels_time_or_band_is_no_partner(
    change: dict[str, object],
) -> None:
    science = replace(at("a.fits"), band="g", t_min=59000.0, scale=100.0)
    mask = replace(at("a.mask.fits"), band="g", t_min=59000.0)
    assert found(science, mask) == ["a.mask.fits~0"]
    assert found(science, replace(mask, **change)) == []  # type: ignore[arg-type]


def test_what_is_not_known_or_assumed_does_not_differ() -> None:
    science = replace(at("a.fits"), band="g", t_min=59000.0)
    mask = replace(at("a.mask.fits"), planes=1)
    assert found(science, mask)
    assert found(replace(science, planes=4), mask)
    assert found(replace(science, time_assumed=True), replace(mask, t_min=1.0))
    assert found(replace(science, ra=359.99999), replace(mask, ra=-0.00001))


def test_a_mask_has_a_weight_but_not_itself_beside_it() -> None:
    mask, weight = at("a.mask.fits"), at("a.wt.fits")
    assert found(mask, mask, weight) == ["a.wt.fits~0"]


def test_of_two_files_that_could_be_it_none_is() -> None:
    science = at("a.fits")
    assert found(science, at("a.mask.fits"), at("a.flags.fits")) == []
    assert found(science, at("a.mask.fits"), at("a.flags.fits"), at("a.wt.fits")) == [
        "a.wt.fits~0"
    ]


@pytest.mark.parametrize(
    ("kind", "names", "wanted"),
    [
        (ImageKind.SCIENCE, ("", "a.fits"), "SCI"),
        (ImageKind.WEIGHT, ("", "a.wt.fits"), "WHT"),
        (ImageKind.MASK, ("DQ", "a.fits"), "MSK"),
        (ImageKind.UNCERTAINTY, ("ERR", "a.fits"), "ERR"),
        (ImageKind.UNCERTAINTY, ("VAR_POISSON", "a.fits"), "VAR"),
        (ImageKind.UNCERTAINTY, ("", "a.variance.fits"), "VAR"),
        (ImageKind.UNCERTAINTY, ("ERR", "var-star.fits"), "ERR"),
        (ImageKind.UNCERTAINTY, ("", "var-star.err.fits"), "ERR"),
        (ImageKind.UNCERTAINTY, ("VAR", "err-a.fits"), "VAR"),
        (ImageKind.UNCERTAINTY, ("", "a.fits"), "ERR"),
    ],
)
def test_the_extension_is_named_as_the_field_does(
    kind: ImageKind, names: tuple[str, str], wanted: str
) -> None:
    assert extension_name(kind, *names) == wanted
