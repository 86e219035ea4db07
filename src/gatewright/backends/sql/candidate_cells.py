"""Large cells of the sky, through which pages of wide circles are found.

A page has the strongest candidates of a circle, or those with the best scores. An index
has the candidates of each cell in this order. So those of the few cells that a circle
touches are merged until a page is full, however many there are elsewhere. Candidates
with a vote have cells of their own, so that one index serves those without as well.

There are six bands of declination of about 30 degrees, each with twelve sectors of
right ascension.
"""

import math
from collections.abc import Iterator

from gatewright.backends.sql.candidate_rows import zone_of
from gatewright.domains.discovery import Cone

_ZONES = 1801
"""Zones (minutes of arc) of a band: a minute more, so that a pole is in the last."""
_SECTORS = 12
_WIDTH = 30
"""Width of a sector in degrees."""
_PAD = 1e-4
"""Degrees by which circles are widened: more than any rounding error of their width."""
CELL = (
    f"(zone / {_ZONES} * {2 * _SECTORS} + CASE "
    + " ".join(f"WHEN ra < {_WIDTH * n} THEN {2 * n - 2}" for n in range(1, _SECTORS))
    + f" ELSE {2 * _SECTORS - 2} END + CASE WHEN votes = 0 THEN 0 ELSE 1 END)"
)
"""Number of a row's cell in SQL, as in the indexes of schema 0082."""


def cells_of(cone: Cone, *, unscanned: bool) -> list[int]:
    """Return the numbers of the cells that a circle may touch.

    If ``unscanned``, they are only those of candidates without a vote.
    """
    radius = cone.radius + _PAD
    south, north = max(cone.dec - radius, -90.0), min(cone.dec + radius, 90.0)
    kinds = (0,) if unscanned else (0, 1)
    return [
        (band * _SECTORS + sector) * 2 + kind
        for band in range(zone_of(south) // _ZONES, zone_of(north) // _ZONES + 1)
        for sector in _sectors(cone.ra, _half_width(cone.dec, radius, band))
        for kind in kinds
    ]


def _sectors(ra: float, half: float) -> Iterator[int]:
    """Yield the sectors within ``half`` degrees of a right ascension."""
    first = math.floor((ra - half) / _WIDTH)
    last = math.floor((ra + half) / _WIDTH)
    for sector in range(first, min(last, first + _SECTORS - 1) + 1):
        yield sector % _SECTORS


def _half_width(dec: float, radius: float, band: int) -> float:
    """Return how far a circle reaches in right ascension within a band, degrees.

    A circle is widest where great circles through the pole touch it, and narrower
    towards both sides; if it has a pole, it is wider the nearer to that.
    """
    if abs(dec) + radius >= 90.0:
        widest = math.copysign(90.0, dec)
    else:
        share = math.sin(math.radians(dec)) / math.cos(math.radians(radius))
        widest = math.degrees(math.asin(share))
    low, high = (edge * _ZONES / 60.0 - 90.0 for edge in (band, band + 1))
    at = math.radians(min(max(widest, low), high))
    centre = math.radians(dec)
    across = math.cos(at) * math.cos(centre)
    along = math.cos(math.radians(radius)) - math.sin(at) * math.sin(centre)
    if radius >= 90.0 or along <= -across:
        return 180.0
    return math.degrees(math.acos(min(along / across, 1.0))) + _PAD
