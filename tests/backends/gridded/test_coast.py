"""Coastlines: where they are, and that edges of the file are not drawn as coasts."""

import logging
from pathlib import Path

import numpy as np
import pytest

from gatewright.backends.gridded.pictures import coast
from gatewright.backends.gridded.pictures.coast import coastlines, repeated, rotated


def near(lines: tuple[coast.Line, ...], lon: float, lat: float) -> float:
    """Return how many degrees the nearest point of a coast is away."""
    points = np.concatenate(lines)
    return float(np.hypot(points[:, 0] - lon, points[:, 1] - lat).min())


@pytest.mark.parametrize(("detail", "away"), [("110m", 1.0), ("50m", 0.3)])
def test_coasts_are_where_they_are(detail: coast.Detail, away: float) -> None:
    lines = coastlines(detail)
    for lon, lat in ((-5.7, 50.1), (18.5, -34.3), (-69.0, -52.4), (173.0, -34.5)):
        assert near(lines, lon, lat) < away  # Land's End, the Cape, Magellan, Reinga
    assert near(lines, -30.0, 0.0) > 5  # the open Atlantic
    assert len(lines) > 100


@pytest.mark.parametrize("detail", ["110m", "50m"])
def test_no_line_jumps_or_follows_the_antimeridian_or_the_pole(
    detail: coast.Detail,
) -> None:
    for line in coastlines(detail):
        assert len(line) > 1
        assert np.abs(np.diff(line[:, 0])).max() < 30
        on_seam = np.abs(np.mod(line[:, 0], 360.0) - 180.0) < 1e-3
        assert not (on_seam[1:] & on_seam[:-1]).any()
        assert line[:, 1].min() > -90


def test_lines_are_there_for_each_turn_of_the_map() -> None:
    lines = coastlines("110m")
    for west in (-180.0, 0.0, 170.0, 540.0):
        found = repeated(lines, west, west + 360.0)
        east = west + (18.5 - west) % 360.0
        assert near(tuple(found), east, -34.3) < 1.0
    for line in repeated(lines, -32.0, -28.0):
        assert line[:, 0].min() <= -28.0
        assert line[:, 0].max() >= -32.0


def test_a_pole_that_is_not_moved_turns_nothing() -> None:
    line = np.array([[10.0, 50.0], [20.0, 60.0]])
    (same,) = rotated((line,), 90.0, 0.0, 0.0)
    np.testing.assert_allclose(np.mod(same[:, 0], 360.0), np.mod(line[:, 0] + 180, 360))
    np.testing.assert_allclose(same[:, 1], line[:, 1])
    (turned,) = rotated((line,), 39.25, -162.0, 25.0)
    (plain,) = rotated((line,), 39.25, -162.0, 0.0)
    np.testing.assert_allclose(turned - plain, [[25.0, 0.0]] * 2)


def test_a_gateway_that_was_not_built_whole_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(coast, "VENDOR", tmp_path)
    with caplog.at_level(logging.WARNING):
        assert coast.coastlines.__wrapped__("110m") == ()
    assert "Maps have no coastlines" in caplog.text
