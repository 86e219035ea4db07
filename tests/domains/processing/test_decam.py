"""The ten DECam frames of the shared archive: from frames to what changed."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from tests.support.fields import one_star
from tests.support.needs import shared_data
from tests.support.recovery import read_frame

from gatewright.domains.processing import Aside
from gatewright.domains.processing.coadd import Load, coadd
from gatewright.domains.processing.detecting import detect
from gatewright.domains.processing.differencing import subtract_frames
from gatewright.domains.processing.frames import Frame, NumpyFourier
from gatewright.domains.processing.photometry import measure
from gatewright.domains.processing.prepared import Prepared, prepare

FOURIER = NumpyFourier()
PLACE = (318.108333, -66.015556)


def _group(number: int) -> list[Prepared]:
    paths = sorted(shared_data("sky", "decam_mini").glob(f"DEC-OBS{number:02}*.fits"))
    return [prepare(read_frame(path)) for path in paths]


def _given(frame: Prepared) -> Prepared:
    return frame


def _loads(frames: Sequence[Prepared]) -> list[Load]:
    return [partial(_given, frame) for frame in frames]


def _coadd(frames: list[Prepared]) -> Prepared:
    first = frames[0]
    shape = (first.values.shape[0], first.values.shape[1])
    return coadd(_loads(frames), first.projection, shape, "clipped", FOURIER).frame


def test_the_residual_is_found_and_the_dipole_is_kept_aside() -> None:
    early, late = _group(4), _group(18)
    found = detect(subtract_frames(_coadd(early), _coadd(late), FOURIER))
    ra, dec = PLACE
    new = [
        d
        for d in found
        if np.hypot((d.ra - ra) * np.cos(np.radians(dec)), d.dec - dec) < 1.5 / 3600
    ]
    assert len(new) == 1
    assert new[0].snr > 8
    assert new[0].aside is None
    assert np.hypot(new[0].x - 129, new[0].y - 128) < 1.5
    beside = [d for d in found if np.hypot(d.x - 59, d.y - 180) < 14]
    assert beside
    assert all(d.aside is not None for d in beside)
    assert Aside.DIPOLE in {d.aside for d in beside}


def test_an_exposure_less_the_next_is_noise_until_a_star_is_put_in() -> None:
    a, b = (
        read_frame(shared_data("sky", "decam_mini") / f"DEC-OBS04{letter}.mini.fits")
        for letter in "ab"
    )
    found = subtract_frames(prepare(a), prepare(b), FOURIER)
    score = found.score[~found.bad]
    assert abs(score.mean()) < 0.02
    assert 0.97 < score.std() < 1.03
    before = detect(found)
    # Noise alone passes five sigma 0.04 times in 65,536 pixels: Poisson 99 % is one.
    assert len(before) <= 1
    assert [d for d in before if d.aside is None] == []
    psf = prepare(a).psf
    error = float(np.median(found.error))
    star = (200.4, 60.7)
    light = one_star((256, 256), *star, 8 * error, psf.fwhm)
    added = Frame(
        a.values + light.astype(np.float32),
        a.projection,
        gain=a.gain,
        saturation=a.saturation,
    )
    after = detect(subtract_frames(prepare(added), prepare(b), FOURIER))
    near = [d for d in after if np.hypot(d.x - star[0], d.y - star[1]) < 2.5]
    assert len(near) == 1
    assert near[0].aside is None


def test_an_exposure_less_itself_is_exactly_zero() -> None:
    (one,) = [
        prepare(read_frame(shared_data("sky", "decam_mini") / "DEC-OBS18c.mini.fits"))
    ]
    found = subtract_frames(one, one, FOURIER)
    assert not found.values.any()
    assert not found.score.any()


def test_its_light_curve_is_steady_within_a_group_and_falls_between_them() -> None:
    frames = _group(4) + _group(18)
    found = measure(_loads(frames), *PLACE)
    assert all(point.seen for point in found)
    early, late = (np.array([p.flux for p in part]) for part in (found[:5], found[5:]))
    assert early.min() > 1.3 * late.max()
    assert late.std() < 0.1 * late.mean()
