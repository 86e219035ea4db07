"""Constraint expressions: what is asked for is what is answered, or a clear refusal."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidRequest
from gatewright.faces.dap.dap2.constraint import parse, project
from gatewright.faces.dap.dap2.model import Array, Dataset, Kind, Projection, Slab

LAT = Array("lat", Kind.FLOAT32, (("lat", 10),))
LON = Array("lon", Kind.FLOAT64, (("lon", 20),))
FIELD = Array("t.2m", Kind.INT16, (("lat", 10), ("lon", 20)))
SCALAR = Array("crs", Kind.INT32)
DATASET = Dataset("d", (FIELD, LAT, LON, SCALAR))


def asked(query: str) -> Projection:
    return project(DATASET, parse(query))


@pytest.mark.parametrize("query", ["", "&"])
def test_an_empty_constraint_asks_for_everything(query: str) -> None:
    answer = asked(query)
    assert answer.dataset.arrays == DATASET.arrays
    assert [leaf.array.name for leaf in answer.leaves] == ["t.2m", "lat", "lon", "crs"]


def test_the_parts_come_in_the_order_of_the_request() -> None:
    answer = asked("lon[3:5],t%2E2m[0:2:9][5],crs")
    assert [leaf.array for leaf in answer.leaves] == list(answer.dataset.arrays)
    assert [array.dimensions for array in answer.dataset.arrays] == [
        (("lon", 3),),
        (("lat", 5), ("lon", 1)),
        (),
    ]
    assert answer.leaves[1].slabs == (Slab(0, 2, 5), Slab(5, 1, 1))


def test_an_ampersand_without_a_selection_asks_for_nothing_more() -> None:
    assert asked("lat[0:3]&") == asked("lat[0:3]")


def test_the_brackets_may_be_percent_encoded() -> None:
    assert asked("lat%5B0%3A1%3A3%5d,lon%5b2%5D") == asked("lat[0:1:3],lon[2]")


def test_names_may_be_escaped_as_the_dds_does() -> None:
    assert asked("t%252E2m[0][0]") == asked("t.2m[0][0]")


def test_a_name_that_begins_with_a_foreign_letter_is_that_of_the_dds() -> None:
    height = Array("höhe", Kind.FLOAT32, (("x", 3),))
    area = Array("Ärea", Kind.FLOAT32, (("x", 3),))
    both = Dataset("d", (height, area))
    for name in ("_%C3%84rea", "_%25C3%2584rea", "%C3%84rea"):
        (leaf,) = project(both, parse(f"{name}[1]")).leaves
        assert leaf.array.name == "Ärea"


def test_the_members_of_a_grid_are_the_arrays_themselves() -> None:
    query = "t%2E2m.t%2E2m[0:2:9][5],t%252E2m.lat[0:2:9],t.2m.lon[5]"
    assert asked(query) == asked("t.2m[0:2:9][5],lat[0:2:9],lon[5]")


def test_a_star_is_the_last_index() -> None:
    assert asked("lat[4:*]").leaves[0].slabs == (Slab(4, 1, 6),)
    assert asked("lat[0:3:*]").leaves[0].slabs == (Slab(0, 3, 4),)


@given(st.data())
def test_a_hyperslab_has_the_indices_that_numpy_gives(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 50))
    start = data.draw(st.integers(0, size - 1))
    stop = data.draw(st.integers(start, size - 1))
    stride = data.draw(st.integers(1, 60))
    dataset = Dataset("d", (Array("x", Kind.INT32, (("x", size),)),))
    answer = project(dataset, parse(f"x[{start}:{stride}:{stop}]"))
    slab = answer.leaves[0].slabs[0]
    got = slab.start + slab.stride * np.arange(slab.count)
    assert got.tolist() == np.arange(size)[start : stop + 1 : stride].tolist()
    assert answer.leaves[0].array.dimensions == (("x", slab.count),)


@given(st.text(max_size=40))
def test_any_text_is_answered_or_refused(text: str) -> None:
    with suppress(InvalidRequest):
        answer = asked(text)
        assert len(answer.leaves) == len(answer.dataset.arrays)


@pytest.mark.parametrize(
    "query",
    [
        "nothing",
        "lat[0:1:10]",
        "lat[10]",
        "lat[5:4]",
        "lat[0:0:5]",
        "lat[-1:2]",
        "lat[0:1:2:3]",
        "lat[]",
        "lat[a]",
        "lat[1][2]",
        "lat[0",
        "lat]0[",
        "t%2E2m[0]",
        "t%2E2m.nothing",
        "lat.lat",
        "a.b.c",
        "lat,lat",
        "crs.crs",
        "t%2E2m.lev",
        "t%2E2m.crs",
        "lat.t%2E2m",
        "t%2E2m.lat[0][0]",
        "t%2E2m.t%2E2m,t.2m",
        "lat&lat>5",
        "geogrid(t,1,2,3,4)",
        "lat[99999999999999999999]",
        "%ff",
        ",",
        "lat,",
        "*",
        ",".join(["lat"] * 5000),
    ],
)
def test_what_cannot_be_answered_is_refused(query: str) -> None:
    with pytest.raises(InvalidRequest):
        asked(query)


def test_an_empty_dimension_is_answered_whole_and_has_no_index() -> None:
    dataset = Dataset("d", (Array("x", Kind.INT32, (("x", 0),)),))
    assert project(dataset, parse("x")).leaves[0].slabs == (Slab(0, 1, 0),)
    with pytest.raises(InvalidRequest):
        project(dataset, parse("x[0]"))
