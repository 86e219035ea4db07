"""Small gridded files with known values, made with netCDF4."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import netCDF4
import numpy as np
import numpy.typing as npt
from tests.support.inline_pool import InlinePool

from gatewright.backends.gridded import PooledArrayReader
from gatewright.backends.gridded.cut import Cut
from gatewright.backends.netcdf.files import netcdf
from gatewright.core.access import PUBLIC, Access
from gatewright.core.caller import Caller, visitor
from gatewright.domains.arrays import (
    AxisKind,
    Dataset,
    Datasets,
    SubsetFormat,
    SubsetRequest,
    statistic,
)

MEMBERS, TIMES, LATITUDES, LONGITUDES = 5, 4, 19, 36
VISITOR: Caller = visitor()


def field() -> npt.NDArray[np.float64]:
    """Values that tell where they stand: of shape (time, member, lat, lon)."""
    t, m, y, x = np.ogrid[:TIMES, :MEMBERS, :LATITUDES, :LONGITUDES]
    values: npt.NDArray[np.float64] = 100.0 * t + 10.0 * m + 0.5 * y + 0.01 * x
    return values


def write_ensemble(
    path: Path, form: Literal["NETCDF4", "NETCDF3_CLASSIC"] = "NETCDF4"
) -> Path:
    """Write a file with members, packed and plain variables, bounds and a mapping."""
    with netCDF4.Dataset(path, "w", format=form) as file:
        file.title = "Simulated ensemble"
        file.history = "made by a test"
        _axes(file)
        shape = ("time", "member", "lat", "lon")
        options: dict[str, Any] = {}
        if form == "NETCDF4":
            options = {"zlib": True, "chunksizes": (1, MEMBERS, 10, 10)}
        plain = file.createVariable("t2m", "f4", shape, **options)
        plain.setncatts(
            {"units": "K", "long_name": "temperature", "coordinates": "height"}
        )
        plain.cell_methods = "time: mean"
        plain.grid_mapping = "crs"
        plain[:] = field()
        packed = file.createVariable("prmsl", "i2", shape, fill_value=-32767)
        packed.setncatts({"units": "Pa", "scale_factor": 0.5, "add_offset": 1000.0})
        values = np.ma.array(field() + 1000.0)
        values[0, 0, 0, 0] = np.ma.masked
        packed[:] = values
        only = file.createVariable("orog", "f8", ("lat", "lon"))
        only[:] = field()[0, 0]
        file.createVariable("crs", "i4", ()).grid_mapping_name = "latitude_longitude"
        height = file.createVariable("height", "f8", ())
        height.setncatts({"units": "m", "positive": "up", "standard_name": "height"})
        height[...] = 2.0
    return path


def _axes(file: netCDF4.Dataset) -> None:
    sizes = {
        "time": None,
        "member": MEMBERS,
        "lat": LATITUDES,
        "lon": LONGITUDES,
        "two": 2,
    }
    for name, size in sizes.items():
        file.createDimension(name, size)
    time = file.createVariable("time", "f8", ("time",))
    time.setncatts({"units": "hours since 1987-10-16", "calendar": "standard"})
    time[:] = 6.0 * np.arange(TIMES)
    member = file.createVariable("member", "i4", ("member",))
    member.standard_name = "realization"
    member[:] = np.arange(1, MEMBERS + 1)
    lat = file.createVariable("lat", "f4", ("lat",))
    lat.units = "degrees_north"
    lat[:] = 90.0 - 10.0 * np.arange(LATITUDES)
    lon = file.createVariable("lon", "f4", ("lon",))
    lon.setncatts({"units": "degrees_east", "bounds": "lon_bnds"})
    lon[:] = 10.0 * np.arange(LONGITUDES)
    bounds = file.createVariable("lon_bnds", "f4", ("lon", "two"))
    bounds[:] = np.stack([lon[:] - 5.0, lon[:] + 5.0], -1)


FORMATS = {"netcdf": "gatewright.backends.netcdf.files:netcdf"}


def array_reader(pool: Any = None) -> PooledArrayReader:
    """Return a reader of NetCDF files in a pool, or in this process."""
    return PooledArrayReader(pool or InlinePool(), FORMATS)


def datasets(
    *paths: Path, access: Access = PUBLIC, limit: int = 10**9, pool: Any = None
) -> Datasets:
    """Return a catalogue of files, read in this process."""
    reader = array_reader(pool)
    sources = [Dataset(path.stem, reader.source(path), "", access) for path in paths]
    return Datasets(sources, reader, limit, lambda: 1.8e9)


def requested(query: Mapping[str, str]) -> SubsetRequest:
    """Return the request of a query; other names than the known ones are axes."""
    known = {"var", "stat", "format", *AxisKind}
    return SubsetRequest(
        tuple(query["var"].split(",")) if "var" in query else (),
        {AxisKind(kind): query[kind] for kind in AxisKind if kind in query},
        tuple(statistic(word) for word in query.get("stat", "").split(",") if word),
        SubsetFormat(query.get("format", "netcdf4")),
        {name: text for name, text in query.items() if name not in known},
    )


async def cut_of(path: Path, **query: str) -> Cut:
    """Return what a subset is made of, over an open NetCDF file."""
    catalogue = datasets(path)
    published = await catalogue.open(VISITOR, path.stem)
    prepared = await catalogue.prepare(published, requested(query))
    return Cut(netcdf.open([os.fsencode(path)]), prepared.order)


async def subset(catalogue: Datasets, dataset: str = "ens", **query: str) -> bytes:
    """Return the file that a request comes to."""
    wanted = requested(query)
    published = await catalogue.open(VISITOR, dataset)
    prepared = await catalogue.prepare(published, wanted)
    made = await catalogue.make(prepared)
    try:
        data = os.pread(made.descriptor, made.size, 0)
        assert len(data) == made.size
        if wanted.format is SubsetFormat.NETCDF4:
            arrays = prepared.estimate.bytes - 16_384
            assert arrays >= 0
        return data
    finally:
        os.close(made.descriptor)
