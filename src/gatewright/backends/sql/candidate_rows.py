"""Candidates as database rows, and conditions on their positions."""

import json
import logging
import math
from collections.abc import Mapping, Sequence

import msgspec

from gatewright.backends.sql.database import Row
from gatewright.backends.sql.image_search import Where
from gatewright.domains.discovery import (
    Candidate,
    Choice,
    Cone,
    Finding,
    Origin,
    unit_vector,
)

Sources = Mapping[int, Sequence[str]]
"""Surveys by the number of their set (``candidate.source``)."""

CANDIDATE_COLUMNS = (
    *("id", "source", "difference", "number", "object", "mjd", "time_assumed", "zone"),
    *("ra", "dec", "ux", "uy", "uz", "x", "y", "snr", "strength", "flux", "flux_error"),
    *("score", "classifier", "band", "reason", "features"),
    *("votes", "votes_real", "votes_bogus", "votes_unsure", "reference"),
)
INSERT_CANDIDATE = (
    f"INSERT INTO candidate ({', '.join(CANDIDATE_COLUMNS)}) "  # noqa: S608  # own names
    f"VALUES ({', '.join('?' for _ in CANDIDATE_COLUMNS)})"
)
WITH_VOTE = "LEFT JOIN candidate_vote v ON v.candidate = c.id AND v.person = ?"
"""Joins the vote of a person to a candidate with the alias ``c``."""
CHORD = "(ux - ?) * (ux - ?) + (uy - ?) * (uy - ?) + (uz - ?) * (uz - ?)"
"""Squared chord length from a row's unit vector to another unit vector."""
_ZONES_OF_DEGREE = 60
_MANY_ZONES = 1300
_PAD = 1e-9
_CHOICES = {choice.value for choice in Choice}

_log = logging.getLogger(__name__)


def candidate_values(
    origin: Origin, found: Finding, source: int, sky_object: str
) -> tuple[object, ...]:
    """Return the values for the parameters of :data:`INSERT_CANDIDATE`."""
    return (
        f"{origin.difference}.{found.number}",
        *(source, origin.difference, found.number, sky_object),
        *(origin.mjd, int(origin.time_assumed), zone_of(found.dec)),
        *(found.ra % 360.0, found.dec, *unit_vector(found.ra, found.dec)),
        *(found.x, found.y, found.snr, abs(found.snr), found.flux, found.flux_error),
        *(found.score, origin.classifier, origin.band, found.reason),
        *(json.dumps(dict(found.features)), 0, 0, 0, 0, origin.reference),
    )


def candidate_of(row: Row, sources: Sources) -> Candidate:
    """Return the candidate of a row that includes the column ``mine``.

    Raises
    ------
    ValueError, LookupError, RecursionError, msgspec.ValidationError
        The row is damaged. A damaged vote costs only itself.
    """
    mine = row["mine"]
    if mine is not None and mine not in _CHOICES:
        _log.error("A vote on the candidate %r cannot be read: %r", row["id"], mine)
        mine = None
    told = {
        "id": row["id"],
        "origin": {
            "difference": row["difference"],
            "surveys": sources[row["source"]],
            "mjd": row["mjd"],
            "time_assumed": bool(row["time_assumed"]),
            "classifier": row["classifier"],
            "band": row["band"],
            "reference": row["reference"],
        },
        "finding": {
            "number": row["number"],
            "ra": row["ra"],
            "dec": row["dec"],
            "x": row["x"],
            "y": row["y"],
            "snr": row["snr"],
            "flux": row["flux"],
            "flux_error": row["flux_error"],
            "features": json.loads(row["features"]),
            "reason": row["reason"],
            "score": row["score"],
        },
        "object": row["object"],
        "votes": {
            "real": row["votes_real"],
            "bogus": row["votes_bogus"],
            "unsure": row["votes_unsure"],
        },
        "mine": mine,
    }
    return msgspec.convert(told, Candidate)


def zone_of(dec: float) -> int:
    """Return the declination zone, one arcminute high, that holds a declination.

    Source: Gray, Nieto-Santisteban and Szalay 2006 (MSR-TR-2006-52).
    """
    return math.floor((dec + 90.0) * _ZONES_OF_DEGREE)


def within(where: Where, cone: Cone, *, walked: bool = False) -> None:
    """Add the conditions that a row's position lies in a cone.

    The columns ``zone`` and ``ra`` use the indexes; the unit vector is exact. Rows that
    are ``walked`` in another order are only tested, which two comparisons do faster
    than a list of zones.
    """
    _add_zones(where, cone, walked=walked)
    half = _half_width(cone)
    if half < 180.0:
        west, east = (cone.ra - half) % 360.0, (cone.ra + half) % 360.0
        joined = "AND" if west <= east else "OR"
        where.add(f"(ra >= ? {joined} ra <= ?)", west, east)
    _add_chord(where, cone)


def places(cone: Cone) -> list[Where]:
    """Return conditions, of which one holds for each row whose position is in a cone.

    There are two if the cone has both ends of the right ascension: an index of zone and
    right ascension then serves each of them, which it does not for both joined by OR.
    """
    half = _half_width(cone)
    west, east = (cone.ra - half) % 360.0, (cone.ra + half) % 360.0
    ranges = [(west, east)]
    if half >= 180.0:
        ranges = [(0.0, 360.0)]
    elif west > east:
        ranges = [(west, 360.0), (0.0, east)]
    found: list[Where] = []
    for low, high in ranges:
        where = Where()
        _add_zones(where, cone, walked=False)
        where.add("ra >= ? AND ra <= ?", low, high)
        _add_chord(where, cone)
        found.append(where)
    return found


def _add_zones(where: Where, cone: Cone, *, walked: bool) -> None:
    radius = cone.radius + _PAD
    first, last = zone_of(cone.dec - radius), zone_of(cone.dec + radius)
    if last - first < _MANY_ZONES and not walked:
        zones = range(first, last + 1)
        where.add(f"zone IN ({', '.join('?' for _ in zones)})", *zones)
    else:
        where.add("zone >= ? AND zone <= ?", first, last)


def _half_width(cone: Cone) -> float:
    """Return how far a cone reaches in right ascension, degrees; 180 round a pole."""
    radius = cone.radius + _PAD
    if abs(cone.dec) + radius >= 90.0:
        return 180.0
    share = math.sin(math.radians(radius)) / math.cos(math.radians(cone.dec))
    return math.degrees(math.asin(min(share, 1.0))) + _PAD


def _add_chord(where: Where, cone: Cone) -> None:
    radius = cone.radius + _PAD
    chord = 2.0 * math.sin(math.radians(min(radius, 180.0)) / 2.0)
    where.add(f"{CHORD} <= ?", *chord_values(cone), chord**2)


def chord_values(cone: Cone) -> tuple[float, ...]:
    """Return the values for the parameters of :data:`CHORD`: the centre of a cone."""
    return tuple(value for value in unit_vector(cone.ra, cone.dec) for _ in "12")


def some_statement(
    condition: str, value: str, sources: Sequence[int], person: str, limit: int
) -> tuple[str, list[object]]:
    """Return the SQL and values of candidates with a column value, the latest first."""
    marks = ", ".join("?" for _ in sources)
    text = (
        f"SELECT c.*, v.choice AS mine FROM candidate c {WITH_VOTE} "  # noqa: S608
        f"WHERE c.{condition} = ? AND +c.source IN ({marks}) "
        "ORDER BY c.mjd IS NULL DESC, c.mjd DESC, c.id DESC LIMIT ?"
    )
    return text, [person, value, *sources, limit]
