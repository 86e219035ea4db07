"""Converts images and surveys to rows of their tables, and back."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from functools import lru_cache
from typing import Any

import msgspec

from gatewright.backends.sql.database import Row, Values
from gatewright.backends.sql.records import FAULTS, optional_moment, readable
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
ID, POLYGON, PIECES, _KIND, _TIME_ASSUMED = map(
    COLUMNS.index, ("id", "polygon", "pieces", "kind", "time_assumed")
)
TIME, NUMBER = len(COLUMNS), len(COLUMNS) + 1
"""Places of values in a row of :func:`selected`; the others are those of COLUMNS."""
_KINDS = {str(kind): kind for kind in ImageKind}
INSERT_IMAGE = (
    f"INSERT INTO image (number, t, {', '.join(COLUMNS)}) "  # noqa: S608  # own names
    f"VALUES (?, ?, {', '.join('?' for _ in COLUMNS)})"
)
NO_SURVEY: Row = {
    "summary": None,
    "scanned_at": None,
    "reading": None,
    "scanner_until": 0.0,
}
"""Row of a survey that nothing is known of."""

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


def selected(alias: str) -> str:
    """Return the columns that a statement selects to read images from its rows.

    They are :data:`COLUMNS`, then time and number, by which images are sorted.
    """
    return ", ".join(f"{alias}.{name}" for name in (*COLUMNS, "t", "number"))


def image_of(row: Values) -> Image:
    """Return the image of a row of :func:`selected`."""
    values: list[Any] = list(row[:TIME])
    pieces = values[PIECES]
    values[POLYGON] = polygon_of(values[POLYGON])
    values[PIECES] = tuple(map(polygon_of, pieces.split(";"))) if pieces else ()
    values[_KIND] = _KINDS[values[_KIND]]
    values[_TIME_ASSUMED] = bool(values[_TIME_ASSUMED])
    return Image(*values)


def images_by_column(rows: Sequence[Values]) -> Mapping[str, Sequence[Any]]:
    """Return the values of images by name, each with one item for each image.

    This takes a third of the time that images take, one by one. Rows that cannot be
    converted are left out, with an error in the log.
    """
    by_name = dict(zip(COLUMNS, zip(*rows, strict=True), strict=False)) if rows else {}
    columns: dict[str, Sequence[Any]] = {
        name: by_name.get(name, ()) for name in COLUMNS
    }
    try:
        columns["polygon"] = list(map(polygon_of, columns["polygon"]))
        columns["pieces"] = [
            tuple(map(polygon_of, text.split(";"))) if text else ()
            for text in columns["pieces"]
        ]
        columns["kind"] = [_KINDS[text] for text in columns["kind"]]
    except FAULTS:
        images = readable(rows, image_of, ID)
        return {name: [getattr(one, name) for one in images] for name in COLUMNS}
    columns["time_assumed"] = list(map(bool, columns["time_assumed"]))
    return columns


def polygon_text(polygon: tuple[tuple[float, float], ...]) -> str:
    """Return an outline as text, in degrees with 9 decimals (4 microarcseconds)."""
    return " ".join(f"{number:.9f}" for vertex in polygon for number in vertex)


def polygon_of(text: str) -> tuple[tuple[float, float], ...]:
    """Return the outline of a text from :func:`polygon_text`."""
    numbers = map(float, text.split())
    return tuple(zip(numbers, numbers, strict=True))


@lru_cache(maxsize=256)
def single_image_of(row: Values) -> Image:
    """Return what :func:`image_of` does, kept for rows that are asked for again."""
    return image_of(row)


def survey_of(row: Row) -> Survey:
    """Return the survey of a row."""
    names = ("id", "title", "pattern", "access", "configured", "rules")
    return _survey(*map(row.__getitem__, names))


@lru_cache(maxsize=64)
def _survey(
    name: str, title: str, pattern: str, access: str, configured: int, rules: str
) -> Survey:
    """Return a survey from its columns, kept as its rules can name many files."""
    return Survey(
        id=name,
        title=title,
        pattern=pattern,
        access=access_of_text(access),
        configured=bool(configured),
        rules=SurveyRules(**json.loads(rules)),
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
