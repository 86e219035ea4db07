"""NetCDF answers as the tools of the field take them."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest
from compliance_checker.suite import CheckSuite
from tests.backends.gridded.sources import (
    LETTERS,
    SOURCES,
    records,
)
from tests.support.gridded import VISITOR, datasets, requested, subset
from tests.support.needs import program

QUERIES: list[tuple[str, dict[str, str]]] = [
    ("records", {}),
    ("records", {"time": "1900-01-02:1900-01-04", "lat": "0:40"}),
    ("records", {"lat": "0", "lon": "-40:40"}),
    ("hybrid", {"var": "ta"}),
    ("hybrid", {"var": "ta", "level": "0.3", "lat": "0:40"}),
    ("ancillary", {"var": "t", "lat": "0:40"}),
    ("members", {"var": "t", "member": "2"}),
    ("members", {"var": "t", "stat": "mean,spread,p90,median,p100"}),
    ("mesh", {"var": "t"}),
    ("mesh", {"var": "t", "lat": "0:1"}),
    ("mesh", {}),
    ("gathered", {"var": "t", "land": "14:15"}),
    ("profiles", {"var": "t"}),
    ("profiles", {"var": "t", "obs": "index:1:3"}),
    ("floats", {"var": "t", "obs": "index:1:3"}),
]


@pytest.fixture
def answered(tmp_path: Path) -> Callable[..., Any]:
    """Return what writes a source and a subset of it, and gives both paths."""

    async def write(source: str, query: dict[str, str]) -> tuple[Path, Path]:
        path, answer = tmp_path / "ens.nc", tmp_path / "answer.nc"
        with netCDF4.Dataset(path, "w") as file:
            SOURCES[source](file)
        answer.write_bytes(await subset(datasets(path), **query))
        return path, answer

    return write


def errors(path: Path) -> Iterator[str]:
    """Yield the errors that the CF checker of IOOS finds."""
    suite = CheckSuite()
    suite.load_all_available_checkers()
    with suite.load_dataset(str(path)) as opened:
        found = suite.run_all(opened, ["cf:1.8"], [])["cf:1.8"]
    groups = found[0] if isinstance(found, tuple) else found
    highest = 3
    for group in groups:
        if group.weight == highest:
            # That a coordinate is found where it belongs is no error of the file.
            yield from (m for m in group.msgs if "found in same group" not in m)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("source", "query"), QUERIES)
async def test_an_answer_has_no_errors_that_its_source_has_not(
    answered: Callable[..., Any], source: str, query: dict[str, str]
) -> None:
    path, answer = await answered(source, query)
    known = set(errors(path))
    assert not known or source == "mesh"  # CF 1.8 does not know meshes
    assert not set(errors(answer)) - known


@pytest.mark.parametrize(("source", "query"), QUERIES)
async def test_an_answer_is_read_by_nccopy_and_ncks(
    answered: Callable[..., Any], source: str, query: dict[str, str], tmp_path: Path
) -> None:
    path, answer = await answered(source, query)
    classic = ["-k", "classic", str(answer), str(tmp_path / "classic.nc")]
    with netCDF4.Dataset(answer) as file:
        texts = any(v.dtype is str for v in file.variables.values())
    if not texts:
        subprocess.run([program("nccopy", "netcdf-bin"), *classic], check=True)
    command = [program("ncks", "nco"), "-O", str(answer), str(tmp_path / "copy.nc")]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not ran.stderr
    with netCDF4.Dataset(path) as before, netCDF4.Dataset(answer) as after:
        for name, dimension in after.dimensions.items():
            assert dimension.isunlimited() == before.dimensions[name].isunlimited()


async def test_two_answers_are_one_record(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        records(file)
    names = []
    for number, days in enumerate(("1900-01-01:1900-01-03", "1900-01-04:1900-01-10")):
        names.append(tmp_path / f"{number}.nc")
        data = await subset(datasets(tmp_path / "ens.nc"), var="t", time=days)
        names[-1].write_bytes(data)
    both = tmp_path / "both.nc"
    subprocess.run([program("ncrcat", "nco"), *map(str, [*names, both])], check=True)
    with netCDF4.Dataset(both) as found, netCDF4.Dataset(tmp_path / "ens.nc") as whole:
        np.testing.assert_array_equal(found["t"][:], whole["t"][:])
        np.testing.assert_array_equal(found["time"][:], whole["time"][:])


async def test_text_attributes_are_characters(answered: Callable[..., Any]) -> None:
    _, answer = await answered("records", {})
    with h5py.File(answer) as file:
        for item in (file, file["t"], file["time"]):
            for name in item.attrs:
                kind = item.attrs.get_id(name).dtype
                assert h5py.check_string_dtype(kind) is None or kind.kind == "S"
        assert isinstance(file.attrs["comment"], h5py.Empty)
    with netCDF4.Dataset(answer) as file:
        assert file.title == "Größe"
        assert file.comment == ""


async def test_what_a_formula_needs_comes_along(answered: Callable[..., Any]) -> None:
    path, answer = await answered(
        "hybrid", {"var": "ta", "level": "0.3:0.6", "lat": "0:40", "time": "1900-01-02"}
    )
    with netCDF4.Dataset(path) as whole, netCDF4.Dataset(answer) as found:
        for name in ("ap", "b", "ap_bnds", "lev_bnds"):
            assert found[name][:].tolist() == whole[name][1:3].tolist()
        assert found["ps"][:].tolist() == whole["ps"][1:2, 4:7].tolist()
        assert found["lev"].formula_terms == "ap: ap b: b ps: ps"
        assert found["lev_bnds"].formula_terms == "ap: ap_bnds b: b_bnds ps: ps"


async def test_what_belongs_to_a_variable_comes_along(
    answered: Callable[..., Any],
) -> None:
    _, answer = await answered("ancillary", {"var": "t", "lat": "0:40"})
    with netCDF4.Dataset(answer) as found:
        assert found["t"].ancillary_variables == "t_flag"
        assert found["t"].cell_measures == "area: cell_area volume: elsewhere"
        assert found["t_flag"][:].shape == found["cell_area"][:].shape == (3, 12)
        assert found["region"][:].tolist() == list(LETTERS[4:7])


async def test_a_statistic_does_not_name_what_is_gone(
    answered: Callable[..., Any],
) -> None:
    _, answer = await answered("members", {"var": "t", "stat": "mean,p90,p0"})
    with netCDF4.Dataset(answer) as found:
        assert found["t_mean"].coordinates == "height"
        assert found["t_mean"].cell_methods == "area: mean realization: mean"
        assert found["t_p0"].cell_methods == "area: mean realization: minimum"
        assert found["t_p90"].cell_methods == "area: mean"
        assert found["t_p90"].long_name == "the t, p90 over 5 members"
        assert "ancillary_variables" not in found["t_mean"].ncattrs()
        assert set(found.variables) == {
            *("lat", "lon", "height", "t_mean", "t_p90", "t_p0")
        }


async def test_a_mesh_comes_whole_or_not_at_all(answered: Callable[..., Any]) -> None:
    _, answer = await answered("mesh", {"var": "t"})
    with netCDF4.Dataset(answer) as found:
        assert found["mesh"].face_node_connectivity == "corners"
        assert found["corners"][:].tolist() == [[0, 1, 2], [0, 2, 3]]
        assert found["t"].location == "node"
    _, answer = await answered("mesh", {"var": "t", "lat": "0:1"})
    with netCDF4.Dataset(answer) as found:
        assert found["t"][:].tolist() == [1, 2]
        assert found["t"].ncattrs() == [
            *("long_name", "units", "standard_name", "coordinates")
        ]
        assert set(found.variables) == {"t", "nlat", "nlon"}


async def test_points_are_gathered_from_dimensions_without_values(
    tmp_path: Path,
) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        for name, size in (("y", 4), ("x", 6), ("land", 3)):
            file.createDimension(name, size)
        points = file.createVariable("land", "i4", ("land",))
        points.compress = "y x"
        points[:] = [3, 14, 15]
        file.createVariable("t", "f4", ("land",))[:] = [1, 2, 3]
    data = await subset(datasets(tmp_path / "ens.nc"), var="t", land="14:15")
    with netCDF4.Dataset("out.nc", memory=data) as found:
        assert found["land"].compress == "y x"
        sizes = {name: one.size for name, one in found.dimensions.items()}
        assert sizes == {"land": 2, "y": 4, "x": 6}


async def test_the_answer_says_which_feature_each_value_belongs_to(
    answered: Callable[..., Any],
) -> None:
    _, answer = await answered("profiles", {"var": "t"})
    with netCDF4.Dataset(answer) as found:
        assert found["row_size"][:].tolist() == [2, 3]
        assert found.featureType == "profile"
    _, answer = await answered("profiles", {"var": "t", "obs": "index:1:3"})
    with netCDF4.Dataset(answer) as found:
        assert "row_size" not in found.variables
        assert "featureType" not in found.ncattrs()
        assert found["t"][:].tolist() == [281, 282, 283]
    _, answer = await answered("floats", {"var": "t", "obs": "index:1:3"})
    with netCDF4.Dataset(answer) as found:
        assert found["which"][:].tolist() == [0, 1, 1]
        assert found["lat"][:].tolist() == [10, 20]
        assert found.featureType == "profile"


async def test_a_formula_without_a_term_is_left_out(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("member", 2)
        file.createDimension("lev", 2)
        lev = file.createVariable("lev", "f8", ("lev",))
        lev.setncatts({"positive": "down", "formula_terms": "a: lev ps: ps"})
        lev[:] = [1, 2]
        file.createVariable("ps", "f4", ("member",))[:] = [1, 2]
        file.createVariable("t", "f4", ("member", "lev"))[:] = [[1, 2], [3, 4]]
    data = await subset(datasets(tmp_path / "ens.nc"), var="t", stat="mean")
    with netCDF4.Dataset("out.nc", memory=data) as found:
        assert found["lev"].ncattrs() == ["positive"]
        assert found["t_mean"][:].tolist() == [2, 3]


async def test_names_that_lead_nowhere_are_left_out(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("x", 2)
        one = file.createVariable("t", "f4", ("x",))
        one.setncatts({"coordinates": "gone height", "ancillary_variables": "gone"})
        one.cell_measures = "area: gone"
        one[:] = [1, 2]
        file.createVariable("height", "f4", ())[...] = 2
    data = await subset(datasets(tmp_path / "ens.nc"), var="t")
    with netCDF4.Dataset("out.nc", memory=data) as found:
        assert found["t"].ncattrs() == ["coordinates"]
        assert found["t"].coordinates == "height"


async def test_the_estimate_is_the_most_that_an_answer_has(
    answered: Callable[..., Any],
) -> None:
    for source, query in QUERIES:
        path, answer = await answered(source, query)
        catalogue = datasets(path)
        published = await catalogue.open(VISITOR, "ens")
        cost = (await catalogue.prepare(published, requested(query))).estimate
        assert answer.stat().st_size <= cost.bytes
