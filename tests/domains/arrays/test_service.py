"""The catalogue, who may see what, and subsets as they are prepared."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.gridded import (
    FORMATS,
    VISITOR,
    array_reader,
    datasets,
    field,
    requested,
    write_ensemble,
)
from tests.support.inline_pool import InlinePool
from typing_extensions import override

from gatewright.backends.gridded import PooledArrayReader
from gatewright.core.access import PUBLIC, access_of
from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import (
    InvalidRequest,
    NotFound,
    NotSignedIn,
    TooLarge,
)
from gatewright.domains.arrays import (
    Dataset,
    Datasets,
    Description,
    ElementType,
    Encoding,
    Prepared,
    Source,
    coordinates,
    service,
    whole,
    xdr,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_ensemble(tmp_path / "ens.nc")


async def prepare(catalogue: Datasets, **query: str) -> Prepared:
    published = await catalogue.open(VISITOR, "ens")
    return await catalogue.prepare(published, requested(query))


def member(user: str, *groups: str) -> Caller:
    return Caller(user, frozenset({Scope.DATA_READ}), frozenset(groups))


@pytest.mark.parametrize(
    ("access", "caller", "seen"),
    [
        ("public", VISITOR, True),
        ("users", VISITOR, False),
        ("users", member("ada"), True),
        (("ada",), member("ada"), True),
        (("climate",), member("bob", "climate"), True),
        (("ad", ""), member("ada"), False),
        (("ada", ""), VISITOR, False),
    ],
)
async def test_who_may_see_what(
    path: Path, access: Any, caller: Caller, seen: bool
) -> None:
    catalogue = datasets(path, access=access_of(access))
    assert len(catalogue.page(caller).items) == seen
    for name in ("ens", "ens.nc"):
        if seen:
            published = await catalogue.open(caller, name)
            assert published.title == "Simulated ensemble"
        else:
            with pytest.raises(NotFound):
                await catalogue.open(caller, name)


async def test_the_scope_is_needed(path: Path) -> None:
    catalogue = datasets(path)
    nobody = Caller("", frozenset())
    with pytest.raises(NotSignedIn):
        catalogue.page(nobody)
    with pytest.raises(NotSignedIn):
        await catalogue.open(nobody, "ens")


async def test_pages_of_the_catalogue() -> None:
    sources = [Dataset(f"d{n}", Source("nowhere"), "", PUBLIC) for n in range(5)]
    catalogue = Datasets(sources, array_reader(), 1)
    first = catalogue.page(VISITOR, 2)
    second = catalogue.page(VISITOR, 3, first.next)
    assert [d.id for d in first.items] == ["d0", "d1"]
    assert [d.id for d in second.items] == ["d2", "d3", "d4"]
    assert second.next is None
    with pytest.raises(InvalidRequest):
        catalogue.page(VISITOR, 2, "cursor")


async def test_an_id_that_ends_in_nc_is_found_as_it_is(path: Path) -> None:
    reader = array_reader()
    catalogue = Datasets([Dataset("a.nc", reader.source(path), "A", PUBLIC)], reader, 1)
    assert (await catalogue.open(VISITOR, "a.nc")).title == "A"
    with pytest.raises(NotFound):
        await catalogue.open(VISITOR, "a")


async def test_descriptions_are_kept_until_the_file_changes(path: Path) -> None:
    pool = InlinePool()
    catalogue = datasets(path, pool=pool)
    first = await catalogue.open(VISITOR, "ens")
    assert await catalogue.open(VISITOR, "ens") == first
    described = [name for name in pool.calls if name.endswith("describe")]
    assert len(described) == 1
    os.utime(path, (1, 1))
    second = await catalogue.open(VISITOR, "ens")
    assert second.description.version != first.description.version


async def test_arrays_and_text_are_read(path: Path) -> None:
    catalogue = datasets(path)
    published = await catalogue.open(VISITOR, "ens")
    variable = published.description.variable("t2m")
    slab = whole(variable.shape)
    views = catalogue.read(published, variable, slab, xdr(variable.type))
    data = b"".join([bytes(view) async for view in views])
    np.testing.assert_allclose(
        np.frombuffer(data, ">f4").reshape(variable.shape), field(), rtol=1e-6
    )
    with pytest.raises(InvalidRequest, match=r"There are: time"):
        published.description.variable("absent")
    assert published.description.size > variable.size > 0


async def test_a_listing_looks_into_files_for_a_while(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.nc").write_bytes(b"no such format")

    class Slow(PooledArrayReader):
        @override
        async def describe(self, source: Source) -> Description:
            if source == slow:
                await asyncio.sleep(60)
            return await super().describe(source)

    reader = Slow(InlinePool(), FORMATS)
    slow = reader.source(tmp_path / "slow.nc")
    monkeypatch.setattr(service, "_LOOK_SECONDS", 0.5)
    sources = [
        Dataset(n, reader.source(tmp_path / f"{n}.nc"), "", PUBLIC)
        for n in ("ens", "broken", "slow")
    ]
    catalogue = Datasets(sources, reader, 1)
    page = catalogue.page(VISITOR)
    known = await catalogue.look(page.items)
    assert [item.title if item else None for item in known] == [
        *(None, "Simulated ensemble", None)
    ]
    assert (await catalogue.look(page.items[1:2]))[0] == known[1]


async def test_the_axes_with_their_values(path: Path) -> None:
    catalogue = datasets(path)
    published = await catalogue.open(VISITOR, "ens")
    axes = await catalogue.axes(published)
    assert {n: a.axis.kind.value for n, a in axes.items()} == {
        "time": "time",
        "member": "member",
        "lat": "lat",
        "lon": "lon",
        "height": "level",
    }
    assert axes["lat"].values[0] == 90
    assert axes["height"].values.tolist() == [2.0]
    again = await catalogue.axes(published)
    assert again["lat"].values is axes["lat"].values


async def test_only_so_many_coordinates_are_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordinates, "_KEPT_BYTES", 1)
    catalogue = datasets(path)
    published = await catalogue.open(VISITOR, "ens")
    assert len(await catalogue.axes(published)) == 5
    monkeypatch.setattr(coordinates, "_LARGEST_COORDINATE", 1)
    with pytest.raises(TooLarge):
        await datasets(path).axes(published)


async def test_coordinates_that_many_read_at_once_count_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = datasets(path)
    published = await catalogue.open(VISITOR, "ens")
    sizes = [one.values.nbytes for one in (await catalogue.axes(published)).values()]
    monkeypatch.setattr(coordinates, "_KEPT_BYTES", 2 * sum(sizes))
    catalogue, read = datasets(path), catalogue.read

    async def slowly(*given: Any) -> AsyncIterator[memoryview]:
        await asyncio.sleep(0.01)
        async for window in read(*given):
            yield window

    monkeypatch.setattr(catalogue, "read", slowly)
    axes = await asyncio.gather(*(catalogue.axes(published) for _ in range(20)))
    again = await catalogue.axes(published)
    assert all(again[n].values is axes[-1][n].values for n in again)


async def test_labels_are_read_once_and_not_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import netCDF4

    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("site", 2)
        file.createVariable("site", str, ("site",))[:] = np.array(["a", "b"], object)
        file.createVariable("v", "f4", ("site",))[:] = [1, 2]
    pool = InlinePool()
    catalogue = datasets(tmp_path / "ens.nc", pool=pool)
    published = await catalogue.open(VISITOR, "ens")
    assert (await catalogue.axes(published))["site"].labels == ("a", "b")
    assert (await catalogue.axes(published))["site"].labels == ("a", "b")
    assert len([name for name in pool.calls if name.endswith("strings")]) == 1
    monkeypatch.setattr(coordinates, "_MOST_LABELS", 1)
    other = datasets(tmp_path / "ens.nc")
    with pytest.raises(TooLarge):
        await other.axes(await other.open(VISITOR, "ens"))


async def test_members_without_a_variable_are_counted(tmp_path: Path) -> None:
    import netCDF4

    path = tmp_path / "ens.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("number", 3)
        file.createVariable("v", "f4", ("number",))[:] = [1, 2, 3]
    catalogue = datasets(path)
    published = await catalogue.open(VISITOR, "ens")
    assert (await catalogue.axes(published))["number"].values.tolist() == [0, 1, 2]
    assert published.title == "ens"


async def test_a_subset_is_counted_before_it_is_read(path: Path) -> None:
    pool = InlinePool()
    catalogue = datasets(path, pool=pool)
    prepared = await prepare(
        catalogue, var="t2m", lat="0:20", lon="-20:10", time="1987-10-16T06", member="2"
    )
    assert prepared.estimate.elements == 3 * 4
    coordinates_too = 8 + 3 * 4 + 4 * 4 + 4 + 4 * 2 * 4 + 4 + 8
    assert prepared.estimate.read_bytes == 3 * 4 * 4 + coordinates_too
    assert not any(call.endswith("subset") for call in pool.calls)
    mean = await prepare(catalogue, var="t2m", stat="mean,p95")
    assert mean.estimate.elements == 2 * 4 * 19 * 36
    coordinates_too = 4 * 8 + 19 * 4 + 36 * 4 + 36 * 2 * 4 + 4 + 8
    assert mean.estimate.read_bytes == 4 * field().size + coordinates_too
    assert mean.order.history.endswith("ens: var=t2m&stat=mean,p95")
    everything = await prepare(catalogue)
    assert everything.order.variables == ("t2m", "prmsl", "orog")
    assert (
        everything.order.history == "2027-01-15: Gatewright subset of ens: everything"
    )
    packed = await prepare(catalogue, var="prmsl")
    text = await prepare(catalogue, var="prmsl", format="csv")
    rows = await prepare(catalogue, var="prmsl", format="json")
    assert packed.estimate.bytes < rows.estimate.bytes < text.estimate.bytes
    picture = await prepare(catalogue, var="orog", format="png")
    assert picture.estimate.bytes > 0
    band = await prepare(
        *(catalogue,), var="t2m", stat="mean,spread", lat="0", lon="0", format="png"
    )
    assert band.estimate.elements == 2 * 4


async def test_subsets_above_the_limit_are_refused_with_their_size(path: Path) -> None:
    catalogue = datasets(path, limit=40_000)
    assert catalogue.limit_bytes == 40_000
    prepared = await prepare(catalogue, var="t2m")
    with pytest.raises(TooLarge) as caught:
        await catalogue.make(prepared)
    assert caught.value.details["limit_bytes"] == 40_000
    assert caught.value.details["estimated_bytes"] == prepared.estimate.bytes
    reduced = await prepare(
        catalogue, var="t2m", stat="mean", time="1987", lat="0", lon="0"
    )
    made = await catalogue.make(reduced)
    os.close(made.descriptor)
    assert made.filename == "ens_t2m_mean.nc"
    assert made.media_type == "application/x-netcdf"


@pytest.mark.parametrize(
    "query",
    [
        {"var": "absent"},
        {"var": "t2m,t2m"},
        {"level": "5"},
        {"var": "orog", "member": "1"},
        {"var": "orog", "stat": "mean"},
        {"var": "t2m", "stat": "mean,mean"},
        {"format": "csv"},
        {"var": "t2m", "format": "png"},
        {"format": "png"},
        {"var": "orog", "lat": "0", "lon": "0", "format": "png"},
        {"var": "t2m", "stat": "mean,spread", "format": "png"},
        {"var": "t2m", "stat": "mean,max", "time": "1987-10-16T00", "format": "png"},
        {"var": "t2m", "stat": "max,spread", "lat": "0", "lon": "0", "format": "png"},
    ],
)
async def test_requests_that_do_not_fit(path: Path, query: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        await prepare(datasets(path), **query)


async def test_a_scalar_coordinate_is_that_of_the_variables_which_name_it(
    tmp_path: Path,
) -> None:
    """A forecast's time stands beside the time at which it was begun (CF 5.7)."""
    import netCDF4

    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        for name, size in (("time", 3), ("plev", 2), ("none", 0)):
            file.createDimension(name, size)
        for name, dimensions, units, numbers in (
            ("time", ("time",), "days since 2000-01-01", [0.0, 1.0, 2.0]),
            ("plev", ("plev",), "Pa", [100000.0, 85000.0]),
            ("begun", (), "days since 2000-01-01", -9.0),
            ("height", (), "m", 2.0),
        ):
            made = file.createVariable(name, "f8", dimensions)
            made.units, made[...] = units, numbers
        file["height"].positive = "up"
        upper = file.createVariable("ta", "f4", ("time", "plev"))
        upper.coordinates = "begun"
        lower = file.createVariable("tas", "f4", ("time",))
        lower.coordinates = "begun height"
        bare = file.createVariable("once", "f4", ("plev",))
        bare.coordinates = "begun absent"
        file.createVariable("nothing", "f4", ("none", "plev"))
    catalogue = datasets(tmp_path / "ens.nc")
    upper_air = await prepare(catalogue, var="ta", level="85000", time="2000-01-02")
    assert upper_air.estimate.elements == 1
    surface = await prepare(catalogue, var="tas", level="2", time="2000-01-02")
    assert surface.estimate.elements == 1
    begun = await prepare(catalogue, var="once", time="1999-12-23")
    assert begun.estimate.elements == 2
    with pytest.raises(InvalidRequest, match="nothing at"):
        await prepare(catalogue, var="once", time="2000-01-02")
    with pytest.raises(InvalidRequest, match="no axis"):
        await prepare(catalogue, var="time", level="2")
    with pytest.raises(InvalidRequest, match="nothing to draw"):
        await prepare(catalogue, var="nothing", format="png")


async def test_packed_and_unsigned_coordinates_are_searched_as_numbers(
    tmp_path: Path,
) -> None:
    import netCDF4

    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("lon", 3)
        lon = file.createVariable("lon", "i1", ("lon",), fill_value=-1)
        lon.set_auto_maskandscale(False)
        lon.setncatts({"units": "degrees_east", "_Unsigned": "true"})
        lon.setncatts({"scale_factor": 1.5, "add_offset": -10.0})
        lon[:] = np.array([20, 200, 255], "u1").view("i1")
    catalogue = datasets(tmp_path / "ens.nc")
    published = await catalogue.open(VISITOR, "ens")
    found = (await catalogue.axes(published))["lon"].values
    np.testing.assert_array_equal(found, [20.0, 290.0, np.nan])


async def test_what_has_no_numbers_has_no_subsets(tmp_path: Path) -> None:
    import netCDF4

    path = tmp_path / "ens.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 2)
        file.createVariable("name", str, ("x",))[:] = np.array(["a", "b"], object)
    catalogue = datasets(path)
    with pytest.raises(InvalidRequest, match="no variables of numbers"):
        await prepare(catalogue)
    with pytest.raises(InvalidRequest, match="is text"):
        await prepare(catalogue, var="name")
    published = await catalogue.open(VISITOR, "ens")
    variable = published.description.variable("name")
    texts = await catalogue.strings(published, variable, whole(variable.shape))
    assert texts == ["a", "b"]
    assert Encoding(ElementType.FLOAT64).dtype == ">f8"
