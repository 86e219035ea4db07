"""A small simulated ensemble reanalysis, on the grid of 20CR version 2c.

The atmosphere is a zonal-mean state with travelling waves. The members agree where the
real reanalysis has many stations, and drift apart over the southern ocean and with
time. Winds are in geostrophic balance with the heights, so maps look realistic.
"""

from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
from numpy.typing import NDArray

TITLE = "Simulated ensemble reanalysis (not observations)"
LEVELS = np.array([1000.0, 850.0, 500.0, 250.0])
"""Pressure levels in hPa."""
MEMBERS, TIMES = 10, 8

Axis = NDArray[np.floating[Any]]
Field = NDArray[np.float32]

_GRAVITY, _ROTATION, _RADIUS, _GAS, _LAPSE = 9.80665, 7.2921e-5, 6.371e6, 287.05, 0.0065
_WAVES = 6
_SEED = 1871


def write_reanalysis(path: Path) -> None:
    """Write the archive: prmsl, uwnd and vwnd packed in 16 bits, air as float32."""
    latitude = np.linspace(90.0, -90.0, 91)
    longitude = np.arange(0.0, 360.0, 2.0, dtype=np.float64)
    hours = np.arange(0.0, 6.0 * TIMES, 6.0, dtype=np.float64)
    wave = _waves(np.random.default_rng(_SEED), latitude, longitude, hours)
    height = _heights(wave, latitude)
    eastward, northward = _geostrophic(height, latitude, longitude)
    pressure = 101_325.0 * np.exp((height[:, :, 0] - 75.0) / 8_000.0)
    temporary = path.with_suffix(".part")
    with h5netcdf.File(temporary, "w") as file:
        _axes(file, latitude, longitude, hours)
        surface = ("time", "member", "lat", "lon")
        volume = ("time", "member", "level", "lat", "lon")
        _packed(file, "prmsl", surface, pressure, _PRMSL)
        _packed(file, "uwnd", volume, eastward, _UWND)
        _packed(file, "vwnd", volume, northward, _VWND)
        # The air has a constant lapse rate, and at least 205 K.
        surface_air = 250.0 + 50.0 * np.cos(np.radians(latitude)) ** 2
        air = surface_air[None, None, None, :, None] - _LAPSE * height
        values = np.maximum(air, 205.0).astype(np.float32)
        _describe(file.create_variable("air", volume, np.float32, data=values), _AIR)
    temporary.replace(path)


_PRMSL = ("air_pressure_at_mean_sea_level", "Pressure reduced to MSL", "Pa")
_UWND = ("eastward_wind", "u-component of wind", "m s-1")
_VWND = ("northward_wind", "v-component of wind", "m s-1")
_AIR = ("air_temperature", "Air temperature", "K")


def _waves(
    random: np.random.Generator,
    latitude: Axis,
    longitude: Axis,
    hours: Axis,
) -> Field:
    """Return height anomalies in m, of shape (time, member, lat, lon).

    Each is a sum of zonal waves that travel eastward. Members differ by phase errors,
    whose spread grows with time and is largest in the south.

    Parameters
    ----------
    random
        Random number generator.
    latitude, longitude
        Coordinates of the grid in degrees.
    hours
        Times in hours.
    """
    phi, lam = np.radians(latitude)[:, None], np.radians(longitude)[None, :]
    total = np.zeros((len(hours), MEMBERS, len(latitude), len(longitude)), np.float32)
    doubt = 0.08 + 0.5 / (1.0 + np.exp((phi + 0.5) / 0.15))
    for number in range(2, 2 + _WAVES):
        phase = random.uniform(0, 2 * np.pi)
        speed = np.radians(random.uniform(4.0, 12.0)) / 24.0
        centre = random.choice([-1.0, 1.0]) * random.uniform(0.7, 1.0)
        belt = 110.0 / number**0.5 * np.exp(-(((phi - centre) / 0.28) ** 2))
        belt = belt + 70.0 / number**0.5 * np.exp(-(((phi + centre) / 0.33) ** 2))
        drift = random.normal(size=MEMBERS)
        for t, hour in enumerate(hours):
            for m in range(MEMBERS):
                error = doubt * drift[m] * (1 + hour / 48.0)
                angle = number * (lam - speed * hour) + phase + error
                total[t, m] += (belt * np.cos(angle)).astype(np.float32)
    return total


def _heights(wave: Field, latitude: Axis) -> Field:
    """Return geopotential heights in m, of shape (time, member, level, lat, lon).

    The mean state is a column in hydrostatic balance with a constant lapse rate, above
    a surface that is warm at the equator (Wallace and Hobbs, 2006, section 3.2).
    """
    surface = 250.0 + 50.0 * np.cos(np.radians(latitude)) ** 2
    ratio = (1000.0 / LEVELS) ** (_GAS * _LAPSE / _GRAVITY)
    column = surface[None, :] / _LAPSE * (1 - 1 / ratio[:, None])
    growth = (1.0 + 0.35 * np.log(1000.0 / LEVELS)).astype(np.float32)
    base = column + 110.0 - 60.0 * np.cos(2 * np.radians(latitude))[None, :] ** 2
    anomaly = wave[:, :, None] * growth[None, None, :, None, None]
    result: Field = (base[None, None, :, :, None] + anomaly).astype(np.float32)
    return result


def _geostrophic(height: Field, latitude: Axis, longitude: Axis) -> tuple[Field, Field]:
    """Return the geostrophic wind in m/s (Holton and Hakim, 2013, equation 3.6).

    The eastward and northward components have the shape of ``height``. Within 15
    degrees of the equator the Coriolis parameter is held at its value at 15 degrees.
    """
    phi = np.radians(latitude)
    limit = np.sin(np.radians(15.0))
    sine = np.where(np.abs(np.sin(phi)) < limit, np.copysign(limit, phi), np.sin(phi))
    factor = (_GRAVITY / (2 * _ROTATION * sine))[:, None]
    slope = np.gradient(height, phi * _RADIUS, axis=-2)
    step = np.radians(longitude[1] - longitude[0]) * _RADIUS
    cosine = np.maximum(np.cos(phi), 0.05)[:, None]
    turn = (np.roll(height, -1, -1) - np.roll(height, 1, -1)) / (2 * step * cosine)
    return (-factor * slope).astype(np.float32), (factor * turn).astype(np.float32)


def _axes(
    file: h5netcdf.File,
    latitude: Axis,
    longitude: Axis,
    hours: Axis,
) -> None:
    file.attrs["title"] = TITLE
    file.attrs["institution"] = "Gatewright demo"
    file.attrs["source"] = "simulated with a fixed seed"
    file.attrs["Conventions"] = "CF-1.8"
    member = np.arange(1, MEMBERS + 1, dtype=np.int32)
    _axis(file, "time", hours, standard_name="time", axis="T", calendar="standard",
          units="hours since 1987-10-13 00:00:00")  # fmt: skip
    _axis(file, "member", member, standard_name="realization", axis="E",
          long_name="ensemble member", units="1")  # fmt: skip
    _axis(file, "level", LEVELS, standard_name="air_pressure", axis="Z",
          units="hPa", positive="down")  # fmt: skip
    _axis(file, "lat", latitude.astype(np.float32), standard_name="latitude",
          axis="Y", units="degrees_north")  # fmt: skip
    _axis(file, "lon", longitude.astype(np.float32), standard_name="longitude",
          axis="X", units="degrees_east")  # fmt: skip


def _axis(
    file: h5netcdf.File, name: str, values: NDArray[Any], **attributes: str
) -> None:
    file.dimensions[name] = len(values)
    variable = file.create_variable(name, (name,), values.dtype, data=values)
    variable.attrs.update(attributes)


def _packed(
    file: h5netcdf.File,
    name: str,
    dimensions: tuple[str, ...],
    values: Field,
    words: tuple[str, str, str],
) -> None:
    """Write values packed in 16 bits (CF 1.8, section 8.1), compressed, by map."""
    low, high = float(values.min()), float(values.max())
    scale, offset = (high - low) / 65_000.0, (high + low) / 2
    numbers = np.round((values - offset) / scale).astype(np.int16)
    chunks = (1,) * (len(dimensions) - 2) + values.shape[-2:]
    variable = file.create_variable(
        name, dimensions, np.int16, data=numbers, fillvalue=np.int16(-32768),
        chunks=chunks, compression="gzip", compression_opts=1, shuffle=True,
    )  # fmt: skip
    variable.attrs["scale_factor"] = np.float64(scale)
    variable.attrs["add_offset"] = np.float64(offset)
    _describe(variable, words)


def _describe(variable: Any, words: tuple[str, str, str]) -> None:
    standard_name, long_name, units = words
    variable.attrs["standard_name"] = standard_name
    variable.attrs["long_name"] = f"{long_name} (simulated)"
    variable.attrs["units"] = units
