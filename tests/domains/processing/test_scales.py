"""Flux scales of frames that are tied by chains of shared stars."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gatewright.domains.processing.scales import Stars, joint_scales

PIXEL = 0.3 / 3600.0
STARS = 60
TRUTH = np.array([1.0, 0.8, 1.25, 0.6, 1.7])


def strip(
    seed: int, *, overlap: int = 8, error: float = 0.02, odd: int | None = None
) -> list[Stars]:
    """Return frames along a strip, of which each shares stars with its neighbours.

    ``odd`` is a star that is three times as bright in every second frame.
    """
    rng = np.random.default_rng(seed)
    fixed = np.random.default_rng(1)
    ra = 150.0 + np.arange(STARS) * 30 * PIXEL
    dec = 2.0 + fixed.uniform(-1, 1, STARS) * 100 * PIXEL
    flux = 10 ** fixed.uniform(3.5, 5, STARS)
    frames = []
    step = (STARS - overlap) // len(TRUTH)
    for number, scale in enumerate(TRUTH):
        part = slice(number * step, number * step + step + overlap)
        own = scale * flux[part]
        if odd is not None and number % 2 and part.start <= odd < part.stop:
            own[odd - part.start] *= 3.0
        sigma = error * scale * flux[part]
        frames.append(
            Stars(
                ra[part] + rng.normal(0, 0.1 * PIXEL, len(own)),
                dec[part] + rng.normal(0, 0.1 * PIXEL, len(own)),
                own + rng.normal(0, 1, len(own)) * sigma,
                sigma,
                np.ones(len(own), bool),
                PIXEL,
            )
        )
    return frames


def least_squares(frames: list[Stars]) -> NDArray[np.float64]:
    """Return the scales by NumPy's solver, of all scales and fluxes at once."""
    rows, right = [], []
    names = sorted({round((ra - 150.0) / PIXEL / 30) for f in frames for ra in f.ra})
    for number, frame in enumerate(frames):
        weight = 1 / np.hypot(frame.error / frame.flux, 0.003)
        for ra, flux, root in zip(frame.ra, frame.flux, weight, strict=True):
            row = np.zeros(len(frames) + len(names))
            row[number] = root
            row[len(frames) + names.index(round((ra - 150.0) / PIXEL / 30))] = root
            rows.append(row)
            right.append(root * np.log(flux))
    rows.append(np.eye(1, len(rows[0]))[0] * 1e6)
    found = np.linalg.lstsq(np.array(rows), np.array([*right, 0.0]), rcond=None)[0]
    return np.asarray(np.exp(found[: len(frames)]))


def test_a_chain_ties_frames_that_share_no_star_with_the_first() -> None:
    frames = strip(3)
    found = joint_scales(frames)
    values = np.array([one.value for one in found])
    errors = np.array([one.error for one in found])
    assert found[0].value == 1.0
    assert found[0].error == 0.0
    assert all(one.tied for one in found)
    # Each link of the chain adds its error.
    assert (np.diff(errors / values) > 0).all()
    assert errors[1] == pytest.approx(0.8 * 0.02 * np.sqrt(2 / 8), rel=0.6)
    assert np.abs((values / least_squares(frames) - 1)[1:] / errors[1:]).max() < 0.5


def test_the_errors_are_those_of_many_trials() -> None:
    pulls = []
    for seed in range(60):
        found = joint_scales(strip(seed, error=0.01))
        pulls.append(
            [(one.value - truth) / one.error for one, truth in
             zip(found[1:], TRUTH[1:], strict=True)]
        )  # fmt: skip
    each = np.array(pulls)
    assert np.abs(each.mean(axis=0)).max() < 0.5
    assert 0.7 < each.std() < 1.2


def test_a_variable_star_does_not_change_the_scales() -> None:
    plain, odd = joint_scales(strip(5)), joint_scales(strip(5, odd=10))
    for one, other in zip(plain[1:], odd[1:], strict=True):
        assert abs(one.value - other.value) < one.error


def test_frames_that_no_chain_ties_are_told() -> None:
    frames = strip(7)
    found = joint_scales([frames[0], frames[3], frames[1], frames[4]])
    assert [one.tied for one in found] == [True, False, True, False]
    assert [one.stars for one in found][1::2] == [0, 0]
    assert found[2].value == pytest.approx(0.8, rel=0.05)
    # The two others are tied to each other, if not to the first.
    assert found[1].value == 1.0
    assert found[3].value == pytest.approx(1.7 / 0.6, rel=0.05)
    none = Stars(*(np.empty(0),) * 4, np.empty(0, bool), PIXEL)
    assert [one.tied for one in joint_scales([none, frames[0], none])] == [
        True, False, False,
    ]  # fmt: skip


def test_galaxies_alone_tie_nothing() -> None:
    first, second = strip(9)[:2]
    blurred = [
        Stars(f.ra, f.dec, f.flux, f.error, np.zeros(len(f.ra), bool), PIXEL)
        for f in (first, second)
    ]
    assert not joint_scales(blurred)[1].tied
