"""Subsets over HTTP: what is given is what was asked for, and what is not says so."""

import csv
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import cftime
import httpx
import netCDF4
import numpy as np
import pytest
import xarray
from tests.support.visited import visited


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    for name, write in WRITERS.items():
        with netCDF4.Dataset(tmp_path / f"{name}.nc", "w") as file:
            write(file)
    async with visited(tmp_path) as made:
        made.headers["X-Folder"] = str(tmp_path)
        yield made


def coordinate(
    file: netCDF4.Dataset, name: str, values: Any, kind: str = "f8", **attributes: Any
) -> None:
    file.createDimension(name, len(values))
    variable = file.createVariable(name, kind, (name,))
    variable.setncatts(attributes)
    variable[:] = values


def latitudes(file: netCDF4.Dataset) -> None:
    coordinate(file, "lat", np.arange(-80, 81, 20.0), units="degrees_north")
    coordinate(file, "lon", np.arange(0, 360, 30.0), units="degrees_east")


def field(file: netCDF4.Dataset, name: str, values: Any, *axes: str) -> Any:
    variable = file.createVariable(name, "f4", axes)
    variable[:] = values
    return variable


def write_months(file: netCDF4.Dataset) -> None:
    """1900 without April; each month has its number as value."""
    months = [1, 2, 3, *range(5, 13)]
    units = "days since 1900-01-01"
    days = [cftime.date2num(cftime.datetime(1900, m, 16), units) for m in months]
    coordinate(file, "time", days, units=units, calendar="standard")
    latitudes(file)
    column = np.array(months, float)[:, None, None]
    field(file, "t", np.broadcast_to(column, (11, 9, 12)), "time", "lat", "lon")


def write_years(file: netCDF4.Dataset) -> None:
    """The year 1901 and the four after it, at their first of January."""
    days = [365, 730, 1095, 1460, 1826]
    coordinate(file, "time", days, units="days since 1900-01-01")
    field(file, "t", [1901, 1902, 1903, 1904, 1905], "time")


def write_members(file: netCDF4.Dataset) -> None:
    coordinate(file, "member", [1, 2, 3, 4], "i4", standard_name="realization")
    field(file, "t", [1, 2, 3, 4], "member")


def write_levels(file: netCDF4.Dataset) -> None:
    levels = [1000, 850, 500, 200, 10]
    coordinate(file, "lev", levels, units="hPa", positive="down")
    field(file, "t", levels, "lev")


def write_others(file: netCDF4.Dataset) -> None:
    """Axes that have no meaning of their own: months, quantiles, stations, depths."""
    coordinate(file, "month", np.arange(1, 13), "i4")
    coordinate(file, "quantile", [0.1, 0.5, 0.9], "f4")
    file.createDimension("station", 3)
    file.createDimension("letters", 8)
    file.createDimension("class", 2)
    file.createDimension("lat", 2)
    names = file.createVariable("name", "S1", ("station", "letters"))
    names.cf_role = "timeseries_id"
    names[:] = netCDF4.stringtochar(np.array(["Uccle", "De Bilt", "Roma"], "S8"))
    shape = ("station", "quantile", "month")
    values = np.arange(108).reshape(3, 3, 12)
    field(file, "rain", values, *shape).coordinates = "name"
    field(file, "soil", [[1, 2], [3, 4]], "class", "lat")


def write_months_since(file: netCDF4.Dataset) -> None:
    coordinate(file, "time", [0, 1, 2], units="months since 1990-01-01")
    field(file, "t", [0, 1, 2], "time")


WRITERS = {
    "months": write_months,
    "years": write_years,
    "members": write_members,
    "levels": write_levels,
    "others": write_others,
    "since": write_months_since,
}


async def table(
    client_: httpx.AsyncClient, name: str, query: str
) -> dict[str, list[float | str]]:
    """Return the columns of a subset: numbers, or text where they are none."""
    answer = await client_.get(f"/datasets/{name}/subset?{query}&format=csv")
    assert answer.status_code == 200, answer.text
    titles, *rows = csv.reader(io.StringIO(answer.text))
    columns = zip(*rows, strict=True)
    return {t: list(map(number, c)) for t, c in zip(titles, columns, strict=True)}


def number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


async def refused(client_: httpx.AsyncClient, name: str, query: str) -> str:
    answer = await client_.get(f"/datasets/{name}/subset?{query}&format=csv")
    assert answer.status_code == 400, answer.text
    found: str = answer.json()["detail"]
    return found


@pytest.mark.parametrize("text", ["1900-04", "1900-04:1900-04", "1900-04-16"])
async def test_a_month_that_is_not_there_is_no_other_month(
    visitor: httpx.AsyncClient, text: str
) -> None:
    detail = await refused(visitor, "months", f"time={text}")
    assert "1900-03-16T00:00:00 and 1900-05-16T00:00:00 are the nearest" in detail


@pytest.mark.parametrize("text", ["1899-12", "1901-01", "1901-02", "1901"])
async def test_a_period_beside_the_record_is_empty(
    visitor: httpx.AsyncClient, text: str
) -> None:
    detail = await refused(visitor, "months", f"time={text}")
    assert "1900-01-16T00:00:00 to 1900-12-16T00:00:00" in detail


@pytest.mark.parametrize(
    "text", ["1900-05", "1900-02:1900-06", "1900-03:1900-04", "1900"]
)
async def test_a_period_is_what_xarray_selects(
    visitor: httpx.AsyncClient, text: str
) -> None:
    first, _, last = text.partition(":")
    path = Path(visitor.headers["X-Folder"]) / "months.nc"
    with xarray.open_dataset(path) as whole:
        expected = whole.t.sel(time=slice(first, last or first))[:, 0, 0].to_numpy()
    found = await table(visitor, "months", f"time={text}&lat=-80&lon=0")
    assert found["t"] == expected.tolist()


async def test_a_year_is_not_the_year_after(visitor: httpx.AsyncClient) -> None:
    assert "1901-01-01T00:00:00" in await refused(visitor, "years", "time=1900")
    assert (await table(visitor, "years", "time=1901"))["t"] == [1901]


@pytest.mark.parametrize("text", ["0", "5", "2.4"])
async def test_a_member_that_is_not_there_is_no_other_member(
    visitor: httpx.AsyncClient, text: str
) -> None:
    assert "has 1 to 4" in await refused(visitor, "members", f"member={text}")


@pytest.mark.parametrize("text", ["-100", "1300", "700"])
async def test_a_level_that_is_not_there_is_no_other_level(
    visitor: httpx.AsyncClient, text: str
) -> None:
    assert "10 to 1000 hPa" in await refused(visitor, "levels", f"level={text}")


async def test_what_is_given_for_what_was_asked_is_said(
    visitor: httpx.AsyncClient, tmp_path: Path
) -> None:
    url = "/datasets/months/subset?time=1900-05-10T00:00&lat=1&lon=29.99"
    answer = await visitor.get(url)
    given = "time=1900-05-16T00:00:00; lat=0; lon=30"
    assert answer.headers["Gatewright-Nearest"] == given
    (tmp_path / "out").write_bytes(answer.content)
    with netCDF4.Dataset(tmp_path / "out") as file:
        assert file["t"][:].tolist() == [[[5]]]
        assert file.history.endswith(
            "time=1900-05-10T00:00&lat=1&lon=29.99 "
            "(nearest: time 1900-05-16T00:00:00, lat 0, lon 30)"
        )
    cost = (await visitor.get(f"{url}&estimate=true")).json()
    assert cost["nearest"]["lon"] == {"asked": "29.99", "given": "30"}
    exact = "/datasets/months/subset?time=1900-05-16T00:00:00&lat=0&lon=30"
    assert "Gatewright-Nearest" not in (await visitor.get(exact)).headers


async def test_any_axis_is_chosen_by_its_values_labels_or_positions(
    visitor: httpx.AsyncClient,
) -> None:
    values = np.arange(108).reshape(3, 3, 12)
    found = await table(visitor, "others", "var=rain&quantile=0.9&month=3:4")
    assert found["rain"] == values[:, 2, 2:4].reshape(-1).tolist()
    assert list(dict.fromkeys(found["station"])) == ["Uccle", "De Bilt", "Roma"]
    found = await table(visitor, "others", "var=rain&station=De Bilt&month=index:0")
    assert found["rain"] == values[1, :, 0].tolist()
    found = await table(visitor, "others", "var=soil&class=1")
    assert found["soil"] == [3, 4]
    found = await table(visitor, "others", "var=soil&lat=index:1")
    assert found["soil"] == [2, 4]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("var=rain&quantile=0.8", "are the nearest"),
        ("var=rain&station=Rome", "has Uccle, De Bilt, Roma"),
        ("var=rain&class=1", "Its axes are: month, quantile, station."),
        ("var=rain&lat=1", "has no axis “lat”"),
        ("var=rain&quantiles=0.8", "Did you mean “quantile”?"),
        ("var=soil&lat=1", "lat=index:0:9"),
        ("var=rain&month=1&month=2", "“month” is given twice"),
    ],
)
async def test_what_an_axis_does_not_have_is_refused(
    visitor: httpx.AsyncClient, query: str, words: str
) -> None:
    assert words in await refused(visitor, "others", query)


async def test_an_axis_is_chosen_once(visitor: httpx.AsyncClient) -> None:
    detail = await refused(visitor, "levels", "level=850&lev=850")
    assert "The axis “level” is given twice." in detail
    assert (await table(visitor, "levels", "lev=850"))["t"] == [850]


async def test_the_catalogue_names_every_axis(visitor: httpx.AsyncClient) -> None:
    answer = (await visitor.get("/datasets/others")).json()
    axes = {axis["name"]: axis for axis in answer["axes"]}
    assert {n: a["kind"] for n, a in axes.items()} == dict.fromkeys(
        ["month", "quantile", "station", "class", "lat"], "other"
    )
    assert axes["station"]["values"] == ["Uccle", "De Bilt", "Roma"]
    assert axes["class"]["values"] == [0, 1]
    assert axes["month"]["parameter"] == "month"
    assert answer["bounds"] == {}
    levels = (await visitor.get("/datasets/levels")).json()["axes"][0]
    assert (levels["name"], levels["parameter"]) == ("lev", "level")


async def test_units_without_a_fixed_length_are_named(
    visitor: httpx.AsyncClient,
) -> None:
    detail = await refused(visitor, "since", "time=1990-02")
    assert "“months since 1990-01-01”, calendar “standard”" in detail
    assert (await table(visitor, "since", "time=1"))["t"] == [1]


def member_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Write members as archives name them; yield the files and the third's label."""
    names = [f"r{n}i1p1f1" for n in range(1, 6)]
    for form in ("string", "char", "member_id", "auxiliary", "one"):
        with netCDF4.Dataset(folder / f"{form}.nc", "w") as file:
            size = 1 if form == "one" else 5
            dimension = {"member_id": "member_id", "auxiliary": "ens"}.get(
                form, "realization"
            )
            file.createDimension(dimension, size)
            file.createDimension("letters", 8)
            tas = file.createVariable("tas", "f4", (dimension,))
            tas[:] = np.arange(size)
            if form == "string":
                found = file.createVariable("realization", str, (dimension,))
                found[:] = np.array(names, object)
            elif form == "char":
                axes = (dimension, "letters")
                found = file.createVariable("realization", "S1", axes)
                found[:] = netCDF4.stringtochar(np.array(names, "S8"))
            else:
                name = "realization" if form == "auxiliary" else dimension
                found = file.createVariable(name, "i4", (dimension,))
                found[:] = np.arange(1, size + 1)
                tas.coordinates = name
            found.standard_name = "realization"
            if form == "member_id":
                found.delncattr("standard_name")
        yield form, {"string": names[2], "char": names[2], "one": "1"}.get(form, "3")


async def test_members_by_their_labels(tmp_path: Path) -> None:
    files = dict(member_files(tmp_path))
    async with visited(tmp_path) as made:
        for form, label in files.items():
            size = 1 if form == "one" else 5
            one = await table(made, form, f"member={label}")
            assert one["tas"] == [0 if form == "one" else 2], form
            assert next(iter(one.values()))[0] == number(label)
            mean = await table(made, form, "stat=mean,spread")
            members = np.arange(size)
            assert mean["tas_mean"] == [members.mean()]
            if size > 1:
                spread = np.std(members, ddof=1)
                assert mean["tas_spread"] == pytest.approx([spread])
            assert "member" in await refused(made, form, "member=r9i1p1f1")
            axis = (await made.get(f"/datasets/{form}")).json()["axes"][0]
            assert (axis["kind"], axis["size"]) == ("member", size)
