"""The frames of a reference: sharp, deep, and compared by their own pixels."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.wcs.utils import proj_plane_pixel_area
from tests.support.fields import field, ready, tangent

from gatewright.domains.processing import Product, ProductKind, ProductState
from gatewright.domains.processing.frames import pixel_size
from gatewright.domains.processing.prepared import prepare
from gatewright.domains.processing.references import (
    Quality,
    choose_frames,
    measure_qualities,
)


def test_seeing_and_depth_are_those_of_the_pixels() -> None:
    given = [(3.5, 8.0, 1.0), (4.2, 8.0, 1.0), (3.5, 16.0, 1.0), (3.5, 8.0, 0.5)]
    frames = [
        ready(seed=seed, fwhm=fwhm, noise=noise, scale=scale)
        for seed, (fwhm, noise, scale) in enumerate(given)
    ]
    found = measure_qualities(frames)
    for (fwhm, noise, scale), one in zip(given, found, strict=True):
        assert one is not None
        assert one.seeing == pytest.approx(0.3 * fwhm, rel=0.05)
        # 5 sigma of a Gaussian star in white noise: King 1983, PASP 95, 163.
        sigma = fwhm / 2.3548
        depth = 5 * noise / scale * np.sqrt(4 * np.pi) * sigma
        assert one.depth == pytest.approx(depth, rel=0.1)


def test_a_frame_without_a_star_is_not_compared() -> None:
    # Its header tells the seeing, so that it can be prepared.
    empty = prepare(replace(field(stars=0, seed=4), fwhm=3.5))
    frames = [empty, ready(seed=1)]
    nothing, one = measure_qualities(frames)
    assert nothing is None
    assert one is not None
    assert list(measure_qualities([])) == []


@pytest.mark.parametrize("kind", ["TAN", "SIP", "TPV"])
def test_the_size_of_a_pixel_is_astropy_s(kind: str) -> None:
    sky = tangent(turn=33.0, kind=kind)
    # In the middle, where the distortions of these projections are small.
    wanted = 3600.0 * np.sqrt(proj_plane_pixel_area(sky.wcs))
    assert pixel_size(sky, (256, 256)) == pytest.approx(wanted, rel=1e-3)


def test_the_deepest_of_the_sharp_ones_are_taken() -> None:
    frames = {
        "blurred": Quality(1.6, 1.0),
        "sharpest": Quality(1.0, 15.0),
        "shallow": Quality(1.2, 20.5),
        "deepest": Quality(1.45, 10.0),
        "as-deep": Quality(1.4, 10.0),
        "fourth": Quality(1.1, 19.0),
    }
    names, left_out = choose_frames(frames, 3)
    assert names == ["as-deep", "deepest", "sharpest"]
    assert set(left_out) == {"blurred", "shallow", "fourth"}
    assert left_out["blurred"] == (
        'Its seeing is 1.60", more than 1.5 times the best, 1.00".'
    )
    assert "2.05 times that of the deepest, more than 2." in left_out["shallow"]
    assert left_out["fourth"] == "The 3 that are taken are deeper."


def test_one_frame_is_a_reference_too() -> None:
    assert choose_frames({"only": Quality(9.0, 9.0)}, 10) == (["only"], {})


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        (["coadd:c-1"], "c-1"),
        (["deep~1~0"], None),
        (["coadd:c-1", "deep~1~0"], None),
        (None, None),
    ],
)
def test_a_difference_names_the_coadd_that_was_subtracted(
    reference: object, version: str | None
) -> None:
    request = {"reference": reference}
    state, kind = ProductState.READY, ProductKind.DIFFERENCE
    product = Product("d-1", kind, state, request, ["deep"], "ada", 0.0)
    assert product.reference == version
