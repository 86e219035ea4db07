"""Stars put into frames, and what became of them."""

from dataclasses import replace

import numpy as np
from tests.support.fields import field

from gatewright.domains.processing.detecting import detect
from gatewright.domains.processing.differencing import subtract_frames
from gatewright.domains.processing.frames import NumpyFourier
from gatewright.domains.processing.injecting import (
    Stars,
    choose_stars,
    inject,
    recover,
)
from gatewright.domains.processing.prepared import prepare

NOWHERE = (np.empty(0), np.empty(0))


def _random() -> np.random.Generator:
    return np.random.default_rng(5)


def test_places_are_apart_inside_and_partly_on_sources() -> None:
    frame = prepare(field(shape=(400, 400), stars=40))
    hosts = frame.sources.x, frame.sources.y
    stars = choose_stars(frame, hosts, 30, _random())
    assert len(stars.x) == 30
    apart = np.hypot(stars.x[:, None] - stars.x, stars.y[:, None] - stars.y)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 6 * frame.psf.fwhm
    assert min(stars.x.min(), stars.y.min()) > 2 * frame.psf.fwhm
    assert stars.flux.max() <= 32 * stars.flux.min()
    host = np.hypot(stars.x[:, None] - hosts[0], stars.y[:, None] - hosts[1])
    assert 4 <= np.count_nonzero(host.min(axis=1) < 2 * frame.psf.fwhm) <= 22
    again = choose_stars(frame, hosts, 30, _random())
    assert np.array_equal(again.x, stars.x)


def test_there_are_fewer_where_there_is_no_room_and_none_on_what_is_bad() -> None:
    frame = prepare(field(stars=12))
    assert len(choose_stars(frame, NOWHERE, 500, _random()).x) < 200
    spoiled = replace(frame, bad=np.ones_like(frame.bad))
    assert len(choose_stars(spoiled, NOWHERE, 5, _random()).x) == 0


def test_an_injected_star_is_one_of_the_frame() -> None:
    frame = field(seed=1)
    ready = prepare(frame)
    stars = Stars(np.array([100.3, 2.0]), np.array([90.7, 250.0]), np.array([3e4, 3e4]))
    more = inject(frame, ready, stars, _random()).values - frame.values
    assert divmod(int(more[:200].argmax()), 256) == (91, 100)
    assert abs(more[60:120, 70:130].sum() - 3e4) < 5 * np.sqrt(3e4 / 2) + 300
    assert more[240:, :10].max() > 100
    assert not more[120:220, 140:].any()


def test_it_is_found_with_its_flux_and_lost_pixels_are_reported() -> None:
    frame, other = field(seed=1), field(seed=2)
    ready = prepare(frame)
    error = 8 / np.sqrt((ready.psf.at(128, 128) ** 2).sum())
    stars = Stars(
        np.array([100.3, 40.0, 200.0]),
        np.array([90.7, 200.2, 30.0]),
        np.array([40.0, 40.0, 0.5]) * error,
    )
    with_them = inject(frame, ready, stars, _random())
    with_them.values[120, 180] += 3000
    science, reference = prepare(with_them), prepare(other)
    found = subtract_frames(science, reference, NumpyFourier())
    detections = detect(found)
    what = recover(found, detections, stars, 1)
    assert what.found[2] is None
    for star in (0, 1):
        place = what.found[star]
        assert place is not None
        assert np.hypot(detections[place].x - stars.x[star], 0) < 0.3
        assert 15 < what.expected[star] < 45
        assert abs(what.flux[star] - stars.flux[star]) < 5 * what.error[star]
    others = [(round(detections[n].x), round(detections[n].y)) for n in what.others]
    assert (180, 120) in others
    assert len(others) == len(detections) - 2
    turned = subtract_frames(reference, science, NumpyFourier())
    gone = recover(turned, detect(turned), stars, -1)
    assert gone.found[0] is not None
    assert gone.found[2] is None
    assert abs(gone.flux[0] - what.flux[0]) < 0.05 * what.flux[0]


def test_a_star_on_what_is_bad_has_no_flux() -> None:
    frame = field(seed=1)
    frame.values[80:100, 90:110] = np.nan
    found = subtract_frames(prepare(frame), prepare(field(seed=2)), NumpyFourier())
    star = Stars(np.array([100.0]), np.array([90.0]), np.array([100.0]))
    what = recover(found, [], star, 1)
    assert np.isnan(what.expected[0])
    assert list(what.found) == [None]
    assert list(what.others) == []
