"""The catalogue and subsets over HTTP, with real reader processes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import netCDF4
import numpy as np
import pytest
import xarray
from tests.support.app import caller, client
from tests.support.gridded import VISITOR, datasets, write_ensemble
from tests.support.inline_pool import InlinePool

from gatewright.composition.arrays import open_datasets
from gatewright.composition.readers import published_folders
from gatewright.core.caller import Role
from gatewright.core.config import Config, DatasetSource, Gateway, Limits, SurveySource
from gatewright.faces.api import face


class Catalogue:
    """What of the services the data routes use."""

    def __init__(self, config: Config, found: Any) -> None:
        self.config = config
        self.datasets = found


@pytest.fixture
def config(tmp_path: Path) -> Config:
    write_ensemble(tmp_path / "ens.nc")
    write_ensemble(tmp_path / "hidden.nc")
    (tmp_path / "broken.nc").write_bytes(b"nothing that is known")
    return Config(
        gateway=Gateway(state=tmp_path),
        datasets=[
            DatasetSource(id="ens", source=tmp_path / "ens.nc"),
            DatasetSource(id="hidden", source=tmp_path / "hidden.nc", access=["ada"]),
            DatasetSource(id="broken", source=tmp_path / "broken.nc", title="Broken"),
        ],
        surveys=[SurveySource(id="s", images=f"{tmp_path}/sky/**/*.fits")],
        limits=Limits(response_bytes=100_000),
    )


@pytest.fixture
async def visitor(config: Config) -> AsyncIterator[httpx.AsyncClient]:
    services: Any = Catalogue(config, open_datasets(config, InlinePool()))
    async with client(face.build(services), services, VISITOR) as made:
        yield made


async def test_the_catalogue(visitor: httpx.AsyncClient) -> None:
    answer = (await visitor.get("/datasets")).json()
    assert answer["next"] is None
    assert [(d["id"], d["title"]) for d in answer["datasets"]] == [
        *(("broken", "Broken"), ("ens", "Simulated ensemble"))
    ]
    assert answer["datasets"][1]["variables"] == ["t2m", "prmsl", "orog"]
    assert answer["datasets"][0]["format"] is None
    assert [d["state"] for d in answer["datasets"]] == ["unread", "ready"]
    assert (await visitor.get("/datasets?limit=&cursor=")).json() == answer
    page = await visitor.get("/datasets?limit=1")
    assert 'rel="next"' in page.headers["link"]


async def test_who_may_see_more_sees_it(config: Config) -> None:
    services: Any = Catalogue(config, open_datasets(config, InlinePool()))
    for user, status in (("ada", 200), ("bob", 404)):
        who = caller(user, Role.GUEST)
        async with client(face.build(services), services, who) as made:
            assert (await made.get("/datasets/hidden")).status_code == status
            assert (await made.get("/datasets/hidden/subset")).status_code in {
                *(status, 413)
            }


async def test_a_description(visitor: httpx.AsyncClient) -> None:
    answer = (await visitor.get("/datasets/ens.nc")).json()
    assert answer["id"] == "ens"
    assert answer["bounds"]["lat"] == [-90.0, 90.0]
    assert answer["bounds"]["time"] == ["1987-10-16T00:00:00", "1987-10-16T18:00:00"]
    axes = {axis["kind"]: axis for axis in answer["axes"]}
    assert axes["member"]["values"] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert axes["lon"]["first"] == 0.0
    assert answer["access"]["dap2"] == "http://127.0.0.1:8000/dap/ens"
    assert all("/dap/ens" in answer["code"][n] for n in ("xarray", "netCDF4", "ncdump"))
    prmsl = next(v for v in answer["variables"] if v["name"] == "prmsl")
    assert prmsl["attributes"]["scale_factor"] == 0.5
    assert prmsl["data"] is True
    assert answer["dimensions"][0] == {"name": "time", "size": 4, "unlimited": True}


async def test_a_doubtful_valid_range_is_a_warning(tmp_path: Path) -> None:
    """netCDF4 makes a range in kelvins the stored values 180 to 330 of a ``short``."""
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        file.createDimension("x", 2)
        air = file.createVariable("air", "i2", ("x",), fill_value=-32767)
        air.setncatts({"units": "K", "scale_factor": 0.01, "add_offset": 280.0})
        air.valid_range = np.array([180.0, 330.0], "f4")
        air[:] = [270.0, 290.0]
    config = Config(
        gateway=Gateway(state=tmp_path),
        datasets=[DatasetSource(id="a", source=tmp_path / "a.nc")],
    )
    services: Any = Catalogue(config, open_datasets(config, InlinePool()))
    async with client(face.build(services), services, VISITOR) as visitor:
        answer = (await visitor.get("/datasets/a")).json()
        table = await visitor.get("/datasets/a/subset?var=air&format=csv")
    assert table.text.splitlines()[1:] == ["0,", "1,"]
    (warning,) = answer["warnings"]
    assert warning.startswith("The valid range of “air”, 180 to 330, is of stored")


async def test_the_code_to_paste_works(tmp_path: Path, config: Config) -> None:
    import netCDF4

    with netCDF4.Dataset(tmp_path / "regional.nc", "w") as file:
        for name, units, values in (
            ("lat", "degrees_north", [-40.1, -39.9, -39.7]),
            ("lon", "degrees_east", [170.05]),
        ):
            file.createDimension(name, len(values))
            variable = file.createVariable(name, "f4", (name,))
            variable.units = units
            variable[:] = values
        file.createVariable("sst", "f4", ("lat", "lon"))[:] = 288
    with netCDF4.Dataset(tmp_path / "table.nc", "w") as file:
        file.createDimension("row", 3)
        file.createVariable("count", "i4", ("row",))[:] = [1, 2, 3]
    found = datasets(tmp_path / "regional.nc", tmp_path / "table.nc")
    services: Any = Catalogue(config, found)
    async with client(face.build(services), services, VISITOR) as made:
        for name in ("regional", "table"):
            code = (await made.get(f"/datasets/{name}")).json()["code"]["curl"]
            path = code.split("'")[1].partition("/api/v1")[2]
            answer = await made.get(path)
            assert answer.status_code == 200, answer.text
            assert answer.content.startswith(b"\x89HDF")


async def test_a_damaged_file_is_a_problem(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/datasets/broken")
    assert answer.status_code == 502
    assert answer.json()["code"] == "backend-failed"


async def test_a_subset_and_its_conditions(
    visitor: httpx.AsyncClient, tmp_path: Path
) -> None:
    url = "/datasets/ens/subset?var=t2m&lat=-20:20&lon=-20:20&stat=mean"
    answer = await visitor.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-netcdf"
    assert "ens_t2m_mean.nc" in answer.headers["content-disposition"]
    assert int(answer.headers["content-length"]) == len(answer.content)
    (tmp_path / "out.nc").write_bytes(answer.content)
    with xarray.open_dataset(tmp_path / "out.nc") as found:
        assert found.t2m_mean.shape == (4, 5, 5)
    tag = answer.headers["etag"]
    again = await visitor.get(url, headers={"If-None-Match": tag})
    assert again.status_code == 304
    part = await visitor.get(url, headers={"Range": "bytes=1-3", "If-Range": tag})
    assert part.status_code == 206
    assert part.content == answer.content[1:4]


@pytest.mark.parametrize(
    ("form", "kind"),
    [("csv", "text/csv"), ("json", "application/json"), ("png", "image/png")],
)
async def test_other_forms(visitor: httpx.AsyncClient, form: str, kind: str) -> None:
    url = f"/datasets/ens/subset?var=orog&lat=0:20&lon=0:20&format={form}"
    answer = await visitor.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert len(answer.content) > 10


async def test_variables_may_be_repeated_or_joined(visitor: httpx.AsyncClient) -> None:
    for query in ("var=t2m,orog", "var=t2m&var=orog"):
        url = f"/datasets/ens/subset?{query}&lat=0&lon=0&format=json"
        assert set((await visitor.get(url)).json()["variables"]) == {"t2m", "orog"}


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("1987-10-16T06:00:00%2B00:00", [6]),
        ("1987-10-16T08:00:00.000+02:00", [6]),
        ("1987-10-16T01:00-05:00:1987-10-16T12:00Z", [6, 12]),
    ],
)
async def test_times_have_offsets(
    visitor: httpx.AsyncClient, text: str, hours: list[int]
) -> None:
    url = f"/datasets/ens/subset?var=t2m&lat=0&lon=0&format=json&time={text}"
    found = (await visitor.get(url)).json()["coordinates"]["time"]["values"]
    assert found == [f"1987-10-16T{hour:02}:00:00" for hour in hours]


async def test_the_estimate_and_the_limit(visitor: httpx.AsyncClient) -> None:
    small = await visitor.get("/datasets/ens/subset?lat=0&lon=0&estimate=true")
    assert small.json()["fits"] is True
    large = await visitor.get("/datasets/ens/subset?estimate=true")
    assert large.json()["fits"] is False
    refused = await visitor.get("/datasets/ens/subset")
    assert refused.status_code == 413
    assert refused.json()["estimated_bytes"] == large.json()["bytes"]
    assert refused.json()["limit_bytes"] == 100_000
    detail = refused.json()["detail"]
    assert "smaller box, fewer times, levels" in detail
    assert "stride" not in detail  # a subset has none


@pytest.mark.parametrize(
    "query",
    [
        *(
            "latt=1",
            "lat=1&lat=2",
            "lat=1e400",
            "lat=%00",
            "lat=nan",
            "lat=",
            "lat=1:2:3",
        ),
        *("time=x", "lon=" + "9" * 90, "stat=sum", "var=nope", "level=99", "member=-5"),
        *(
            "var=" + ",".join(["t2m"] * 101),
            "format=csv",
            "lat=%EF%BC%91",
            "lat=10.1:10.2",
        ),
    ],
)
async def test_bad_queries_are_refused_with_the_reason(
    visitor: httpx.AsyncClient, query: str
) -> None:
    answer = await visitor.get(f"/datasets/ens/subset?{query}")
    assert answer.status_code == 400
    assert len(answer.json()["detail"]) > 10


@pytest.mark.parametrize("query", ["format=docx", "estimate=maybe", "lat=" + "1" * 101])
async def test_values_of_a_wrong_form(visitor: httpx.AsyncClient, query: str) -> None:
    assert (await visitor.get(f"/datasets/ens/subset?{query}")).status_code == 422


async def test_bounds_are_those_of_dimensions_first(
    tmp_path: Path, config: Config
) -> None:
    import netCDF4

    with netCDF4.Dataset(tmp_path / "odd.nc", "w") as file:
        file.createDimension("time", 2)
        for name, dimensions in (("time", ("time",)), ("begun", ())):
            variable = file.createVariable(name, "f8", dimensions)
            variable.units = "days since 2000-01-01"
            variable[...] = [5.0, 6.0] if dimensions else 1.0
        file.createVariable("v", "f4", ("time",)).coordinates = "begun"
    services: Any = Catalogue(config, datasets(tmp_path / "odd.nc"))
    async with client(face.build(services), services, VISITOR) as made:
        answer = (await made.get("/datasets/odd")).json()
        expected = ["2000-01-06T00:00:00", "2000-01-07T00:00:00"]
        assert answer["bounds"] == {"time": expected}
        assert [axis["name"] for axis in answer["axes"]] == ["time", "begun"]


async def test_an_empty_axis_has_no_bounds(tmp_path: Path, config: Config) -> None:
    import netCDF4

    with netCDF4.Dataset(tmp_path / "odd.nc", "w") as file:
        file.createDimension("time", None)
        file.createVariable("time", "f8", ("time",)).units = "days since 2000-01-01"
        file.createDimension("lat", 2)
        file.createVariable("lat", "f8", ("lat",))[:] = [1.0, float("nan")]
        variable = file.createVariable("v", "f4", ("time", "lat"))
        variable.numbers = [1.5, float("nan")]
    services: Any = Catalogue(config, datasets(tmp_path / "odd.nc"))
    async with client(face.build(services), services, VISITOR) as made:
        answer = (await made.get("/datasets/odd")).json()
        assert answer["bounds"] == {"time": [None, None], "lat": [1.0, 1.0]}
        assert answer["axes"][1]["values"] == [1.0, None]
        assert answer["variables"][-1]["attributes"]["numbers"] == [1.5, "nan"]
        empty = await made.get("/datasets/odd/subset?var=v&format=json")
        assert json.loads(empty.content)["variables"]["v"]["values"] == []


def test_the_folders_that_readers_may_see(config: Config, tmp_path: Path) -> None:
    assert published_folders(config) == (tmp_path, tmp_path / "sky")
    single = Config(surveys=[SurveySource(id="s", images="/data/one.fits")])
    assert published_folders(single) == (Path("/data"),)
