"""Converts images and surveys to rows of their tables, and back."""

import json
import logging
from dataclasses import asdict, fields, replace
from operator import itemgetter
from typing import Any

import msgspec

from gatewright.backends.sql.database import Row
from gatewright.backends.sql.records import optional_moment
from gatewright.core.access import access_of_text
from gatewright.core.clock import system_clock
from gatewright.domains.sky import (
    Coverage,
    Image,
    ImageKind,
    LeftOut,
    Reading,
    Survey,
    SurveyRules,
)

NO_TIME = 1e300
"""Stored time of images without a time, which sorts them last."""
COLUMNS = tuple(field.name for field in fields(Image))
_VALUES = itemgetter(*COLUMNS)
_POLYGON, _PIECES, _KIND, _TIME_ASSUMED = map(
    COLUMNS.index, ("polygon", "pieces", "kind", "time_assumed")
)
_KINDS = {str(kind): kind for kind in ImageKind}
INSERT_IMAGE = (
    f"INSERT INTO image (number, t, {', '.join(COLUMNS)}) "  # noqa: S608  # own names
    f"VALUES (?, ?, {', '.join('?' for _ in COLUMNS)})"
)

_log = logging.getLogger(__name__)


def image_time(image: Image) -> float:
    """Return the time by which an image is sorted, MJD."""
    return NO_TIME if image.t_min is None else image.t_min


def image_values(number: int, image: Image) -> tuple[object, ...]:
    """Return the values for :data:`INSERT_IMAGE`."""
    values = [getattr(image, name) for name in COLUMNS]
    values[COLUMNS.index("polygon")] = polygon_text(image.polygon)
    values[COLUMNS.index("pieces")] = ";".join(map(polygon_text, image.pieces))
    values[COLUMNS.index("kind")] = str(image.kind)
    values[COLUMNS.index("time_assumed")] = int(image.time_assumed)
    return (number, image_time(image), *values)


def image_of(row: Row) -> Image:
    """Return the image of a row."""
    values: list[Any] = list(_VALUES(row))
    pieces = values[_PIECES]
    values[_POLYGON] = polygon_of(values[_POLYGON])
    values[_PIECES] = tuple(map(polygon_of, pieces.split(";"))) if pieces else ()
    values[_KIND] = _KINDS[values[_KIND]]
    values[_TIME_ASSUMED] = bool(values[_TIME_ASSUMED])
    return Image(*values)


def polygon_text(polygon: tuple[tuple[float, float], ...]) -> str:
    """Return an outline as text, in degrees with 9 decimals (4 microarcseconds)."""
    return " ".join(f"{number:.9f}" for vertex in polygon for number in vertex)


def polygon_of(text: str) -> tuple[tuple[float, float], ...]:
    """Return the outline of a text from :func:`polygon_text`."""
    numbers = map(float, text.split())
    return tuple(zip(numbers, numbers, strict=True))


def survey_of(row: Row) -> Survey:
    """Return the survey of a row."""
    return Survey(
        id=row["id"],
        title=row["title"],
        pattern=row["pattern"],
        access=access_of_text(row["access"]),
        configured=bool(row["configured"]),
        rules=SurveyRules(**json.loads(row["rules"])),
    )


def reasons_of(row: Row) -> list[str]:
    """Return why parts of a file were left out; empty if that cannot be read."""
    found = _json(row["left_out"])
    return [str(reason) for reason in found] if isinstance(found, list) else []


def _json(text: str) -> object:
    """Return the value of a JSON text; None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def rules_text(rules: SurveyRules) -> str:
    """Return the rules of a survey as JSON."""
    told = asdict(rules)
    if not rules.times:
        del told["times"]  # as rules were before there were tables of times
    return json.dumps(told)


def coverage_of(row: Row, left_out: list[LeftOut]) -> Coverage:
    """Return the coverage of a survey from the survey's row."""
    summary = _json(row["summary"] or "{}")
    values = {
        "images": 0,
        "kinds": {},
        "bands": {},
        "t_min": None,
        "t_max": None,
        "cells": 0,
        "area": 0.0,
        **(summary if isinstance(summary, dict) else {}),
    }
    try:
        coverage = msgspec.convert(values, Coverage)
        scanned_at = optional_moment(row["scanned_at"])
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        _log.error("The summary of survey %r cannot be read: %r", row["id"], error)
        coverage, scanned_at = Coverage(0, {}, {}, None, None, 0, 0.0), None
    # What a process that was killed left behind is no look that goes on.
    going_on = row["scanner_until"] > system_clock()
    told = _json(row["reading"] or "") if going_on else None
    reading = None
    if isinstance(told, list) and [type(one) for one in told] == [int, int]:
        reading = Reading(*told)
    return replace(
        coverage,
        left_out=left_out,
        scanned_at=scanned_at,
        reading=reading,
    )
