"""Rows of images as columns, compared with the images that are made one by one."""

import logging
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.backends.sql.image_rows import (
    COLUMNS,
    image_of,
    image_time,
    image_values,
    images_by_column,
    rules_text,
    single_image_of,
    survey_of,
)
from gatewright.core.access import access_of_text
from gatewright.domains.sky import Image, ImageKind, Survey, SurveyRules
from gatewright.testing.square_images import square_image

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
OUTLINES = st.lists(
    st.tuples(st.floats(0, 360), st.floats(-90, 90)), min_size=3, max_size=12
).map(tuple)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "polygon": OUTLINES,
    "pieces": st.lists(OUTLINES, max_size=3).map(tuple),
    "kind": st.sampled_from(ImageKind),
    "time_assumed": st.booleans(),
    "t_min": st.none() | st.floats(-600_000, 2_900_000),
    "t_max": st.none() | st.floats(-600_000, 2_900_000),
}
IMAGES = st.builds(
    Image,
    **{
        field.name: VALUES.get(
            field.name,
            {
                "str": st.text(),
                "int": st.integers(0, 2**40),
                "float": NUMBERS,
                "str | None": st.none() | st.text(),
                "float | None": st.none() | NUMBERS,
            }.get(str(getattr(field.type, "__name__", field.type)), st.nothing()),
        )
        for field in fields(Image)
    },
)


def rows_of(images: list[Image]) -> list[tuple[object, ...]]:
    return [
        (*image_values(n, image)[2:], image_time(image), n)
        for n, image in enumerate(images)
    ]


@given(st.lists(IMAGES, max_size=5))
def test_columns_are_those_of_the_images(images: list[Image]) -> None:
    rows = rows_of(images)
    columns = images_by_column(rows)
    assert list(columns) == list(COLUMNS) == [field.name for field in fields(Image)]
    for name, values in columns.items():
        expected = [getattr(image_of(row), name) for row in rows]
        assert list(values) == expected
        assert list(map(type, values)) == list(map(type, expected))


@pytest.mark.parametrize(
    ("name", "value"),
    [("polygon", "10.0 x"), ("polygon", "1.0 2.0 3.0"), ("pieces", "1.0;"),
     ("kind", "painting"), ("polygon", None)],
)  # fmt: skip
def test_a_damaged_row_costs_only_itself(
    name: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    rows = rows_of([square_image(n, 10, 20, t_min=5.0) for n in range(3)])
    damaged = list(rows[1])
    damaged[COLUMNS.index(name)] = value
    columns = images_by_column([rows[0], damaged, rows[2]])
    assert columns["id"] == ["night~000000~0", "night~000002~0"]
    assert {len(values) for values in columns.values()} == {2}
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "The image_of 'night~000001~0' cannot be read" in caplog.text


def test_what_is_kept_of_an_image_and_a_survey_follows_their_records() -> None:
    image = square_image(1, 10.0, 20.0)
    for width in (100, 200, 100):
        (row,) = rows_of([replace(image, width=width)])
        assert single_image_of(row) == image_of(row)
        assert single_image_of(row).width == width
    for access in ('"public"', '["ada"]', '"public"'):
        rules = SurveyRules(filters={"N1": "g"})
        record = {
            "id": "deep",
            "title": "Deep",
            "pattern": "/deep/*.fits",
            "access": access,
            "configured": 1,
            "rules": rules_text(rules),
            "summary": None,
        }
        wanted = access_of_text(access)
        told = Survey(
            "deep", "Deep", "/deep/*.fits", wanted, configured=True, rules=rules
        )
        assert survey_of(record) == told
