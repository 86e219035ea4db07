"""Adds the detections of a difference as candidates, joined to objects by place."""

import json
from collections.abc import Sequence

from gatewright.backends.sql.candidate_rows import (
    CHORD,
    INSERT_CANDIDATE,
    candidate_values,
    chord_values,
    within,
    zone_of,
)
from gatewright.backends.sql.database import Lock, Statement, Work
from gatewright.backends.sql.image_search import Where
from gatewright.backends.sql.scores import check_version
from gatewright.core.ids import new_id
from gatewright.domains.discovery import (
    JOIN_RADIUS,
    Cone,
    Finding,
    Origin,
    place_of,
    unit_vector,
    weight_of,
)

KNOWN = "SELECT 1 FROM candidate WHERE difference = ? LIMIT 1"
"""Whether candidates of a difference are stored."""
_ADD_SOURCE = """
INSERT INTO candidate_source (number, surveys, science)
SELECT COALESCE(MAX(number), 0) + 1, ?, ? FROM candidate_source
"""
_SOURCE = "SELECT number FROM candidate_source WHERE surveys = ? AND science = ?"
_ADD_OBJECT = """
INSERT INTO sky_object (id, zone, ra, ux, uy, uz, weight) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_MOVE_OBJECT = """
UPDATE sky_object SET zone = ?, ra = ?, ux = ?, uy = ?, uz = ?, weight = ? WHERE id = ?
"""


def adding(origin: Origin, findings: Sequence[Finding]) -> Work[int]:
    """Store the detections of a difference; return how many are new.

    Each joins the object of the nearest candidate, or else a new object.
    """
    yield Lock("candidates")
    if (yield Statement(KNOWN, (origin.difference,))):
        return 0
    surveys = sorted(set(origin.surveys))
    science = origin.science or surveys
    both = json.dumps(surveys), json.dumps(list(science))
    known = yield Statement(_SOURCE, both)
    if not known:
        yield Statement(_ADD_SOURCE, both)
        known = yield Statement(_SOURCE, both)
    source = known[0]["number"]
    # The strongest come first, since their places are the best. Each is stored before
    # the next one is joined: two of one difference may be of one object.
    for found in sorted(findings, key=lambda one: -abs(one.snr)):
        name = yield from _joined(found)
        values = candidate_values(origin, found, source, name)
        yield Statement(INSERT_CANDIDATE, values)
    yield from check_version(origin.classifier, science)
    return len(findings)


def _joined(found: Finding) -> Work[str]:
    """Add a detection to the object of the nearest candidate; return its name.

    Without a candidate near enough it is the first of a new object. The mean place of
    an object is not asked: of a merged one it may be far from every candidate.
    """
    cone = Cone(found.ra, found.dec, JOIN_RADIUS)
    where = Where()
    within(where, cone)
    rows = yield Statement(
        "SELECT * FROM sky_object WHERE id = (SELECT object FROM candidate "  # noqa: S608  # own names
        f"WHERE {where.text} ORDER BY {CHORD}, id LIMIT 1)",
        (*where.values, *chord_values(cone)),
    )
    vector, weight = (
        unit_vector(found.ra, found.dec),
        weight_of(found.snr, found.reason),
    )
    if not rows:
        name = f"o-{new_id()}"
        place = (zone_of(found.dec), found.ra % 360.0, *vector, weight)
        yield Statement(_ADD_OBJECT, (name, *place))
        return name
    row = rows[0]
    total = row["weight"] + weight
    mean = [
        (row[axis] * row["weight"] + value * weight) / total
        for axis, value in zip(("ux", "uy", "uz"), vector, strict=True)
    ]
    ra, dec = place_of(mean)
    moved = (zone_of(dec), ra, *unit_vector(ra, dec), total, row["id"])
    yield Statement(_MOVE_OBJECT, moved)
    return str(row["id"])
