"""What attributes refer to, and attributes without what is not there."""

import pytest

from gatewright.domains.arrays import (
    Attribute,
    ElementType,
    Variable,
    renamed,
    shortened,
)

PRESENT = frozenset({"lat", "lon", "crs", "a", "ps", "area"})


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("coordinates", "lat  lon", "lat  lon"),
        ("coordinates", "lat gone lon", "lat lon"),
        ("coordinates", "gone", None),
        ("grid_mapping", "crs: lat lon", "crs: lat lon"),
        ("cell_measures", "area: area volume: gone", "area: area"),
        ("cell_measures", "area: gone", None),
        ("formula_terms", "a: a ps: ps", "a: a ps: ps"),
        ("formula_terms", "a: a ps: gone", None),
        ("compress", "lat lon", "lat lon"),
        ("compress", "lat gone", None),
        ("face_node_connectivity", "gone", None),
        ("units", "gone", "gone"),
    ],
)
def test_what_is_not_there_is_not_named(
    name: str, text: str, expected: str | None
) -> None:
    attribute = Attribute(ElementType.CHAR, (text,))
    variable = Variable("v", ElementType.INT8, (), (), {name: attribute})
    found = shortened(variable, PRESENT).get(name)
    assert (found and found.text) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("coordinates", "lat  lon", "lat  lon"),
        ("coordinates", "lat  time", "lat g_time"),
        ("cell_measures", "time: time", "time: g_time"),
        ("units", "time", "time"),
    ],
)
def test_variables_that_are_named_otherwise(
    name: str, text: str, expected: str
) -> None:
    attributes = {name: Attribute(ElementType.CHAR, (text,))}
    found = renamed(attributes, lambda one: "g_time" if one == "time" else one)
    assert found[name].text == expected
