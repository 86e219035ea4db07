"""Odd files through ``/dap``, against netCDF-C's own reading of them.

Files of every form are made at random (names, types, sizes, records, attributes,
compression, packing), published by one gateway, and read by netCDF-C over DAP2 and from
the disk: whole and by random hyperslabs.
"""

import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import netCDF4
import numpy as np
import pytest
from tests.support.gateway import RunningGateway, running

FILES = 48
FORMS: list[Literal["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT_DATA"]] = [
    *("NETCDF4", "NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT_DATA"),
]
NAMES = [
    *("temp", "t 2m", "a.b", "grid-ü", "100", "v_1", "a+b", "q@z", "p(1)", "x[0]"),
    *("a,b", "semi;x", "it's", 'say"x', "back\\x", "hash#x", "amp&x", "eq=x", "q?x"),
    *("tilde~", "star*", "a|b", "x:y", "long" * 15, "Int32", "Dataset", "Grid"),
]
ATTRIBUTES = ["units", "long name", "a.b", "note", "0num", 'quote"d', "a:b", "°"]
TEXTS = ["", "plain", 'say "x" \\ back', "line\nbreak", "é 日本", "a,b;c{d}", " x "]
NUMBERS = ["i1", "i2", "i4", "f4", "f8"]
WIDE = [*NUMBERS, "u1", "u2", "u4", "i8", "u8"]

Array = np.ndarray[Any, Any]


class Maker:
    """Makes one file from a number."""

    def __init__(self, seed: int, path: Path) -> None:
        self.choose = random.Random(seed)
        self.random = np.random.default_rng(seed)
        self.form = self.choose.choice(FORMS)
        self.file = netCDF4.Dataset(path, "w", format=self.form)
        self.kinds = NUMBERS if self.form == "NETCDF3_CLASSIC" else WIDE

    def make(self) -> None:
        dimensions = self.choose.sample(NAMES, 3)
        for name in dimensions:
            self.file.createDimension(name, self.choose.choice([1, 2, 5, 13]))
        self.file.createDimension("record", None)
        names = self.choose.sample(NAMES, 3) + dimensions[:1]
        for name in dict.fromkeys(names):
            self._variable(name, dimensions)
        self._attributes(self.file)
        self.file.close()

    def _variable(self, name: str, dimensions: list[str]) -> None:
        axes = [name] if name in dimensions else self.choose.sample(dimensions, 2)[:2]
        axes = axes[: self.choose.randrange(3)] if name not in dimensions else axes
        if name not in dimensions and self.choose.random() < 0.4:
            axes = ["record", *axes]
        kind = self.choose.choice([*self.kinds, "S1"])
        options: dict[str, Any] = {}
        if self.form == "NETCDF4" and axes:
            options = {
                "zlib": self.choose.random() < 0.5,
                "shuffle": self.choose.random() < 0.5,
                "fletcher32": self.choose.random() < 0.3,
            }
        if kind != "S1" and self.choose.random() < 0.4:
            options["fill_value"] = self._numbers(kind, ())[()]
        made = self.file.createVariable(name, kind, axes, **options)
        made.set_auto_maskandscale(False)
        made.set_auto_chartostring(False)
        self._attributes(made)
        records = self.choose.choice([0, 1, 3])
        shape = [
            records if axis == "record" else len(self.file.dimensions[axis])
            for axis in axes
        ]
        if np.prod(shape):
            made[...] = self._numbers(kind, shape)

    def _numbers(self, kind: str, shape: Any) -> Array:
        if kind == "S1":
            return np.asarray(self.random.choice(np.frombuffer(b"abc z", "S1"), shape))
        dtype = np.dtype(kind)
        if dtype.kind == "f":
            values = self.random.standard_normal(shape) * 10.0 ** self.random.integers(
                -5, 6
            )
            return np.asarray(values, dtype)
        bounds = np.iinfo(dtype)
        low, high = max(bounds.min, -(2**53)), min(bounds.max, 2**53)
        return np.asarray(self.random.integers(low, high, shape, endpoint=True), dtype)

    def _attributes(self, item: Any) -> None:
        for name in self.choose.sample(ATTRIBUTES, self.choose.randrange(4)):
            count = self.choose.choice([0, 1, 3])
            if self.choose.random() < 0.5:
                item.setncattr(name, self.choose.choice(TEXTS))
            else:
                kind = self.choose.choice(self.kinds)
                item.setncattr(name, self._numbers(kind, (count,)))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway that publishes the files, which stand in its state's folder."""
    folder = tmp_path_factory.mktemp("odd")
    lines = ["[gateway]", 'listen = "127.0.0.1:0"', f'state = "{folder / "state"}"']
    for seed in range(FILES):
        path = folder / f"odd{seed}.nc"
        Maker(seed, path).make()
        lines += ["[[datasets]]", f'id = "odd{seed}"', f'source = "{path}"']
    config = folder / "gatewright.toml"
    config.write_text("\n".join(lines))
    with running(["serve", "--config", str(config)], folder / "state") as gateway:
        yield gateway


def by_own_name(shown: Iterable[str]) -> dict[str, str]:
    """Return names as netCDF-C shows them, by the names in the file.

    It leaves most escapes in names as they are; an underscore stands before a name
    that would begin with one.
    """
    return {unquote(re.sub("^_(?=%)", "", name)): name for name in shown}


def signed(values: Any) -> Any:
    """Return unsigned numbers as netCDF-C has them: the same bits with a sign."""
    array = np.asarray(values)
    array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.kind == "u" and array.dtype.itemsize < 8:
        return array.view(f"i{array.dtype.itemsize}")
    return array


def check_values(here: Any, there: Any, choose: random.Random) -> None:
    """Compare a variable, whole and by random hyperslabs."""
    for number in range(4):
        key: tuple[Any, ...] = (...,)
        if number and here.dtype != np.dtype("S1"):
            starts = [choose.randrange(size) for size in here.shape]
            key = tuple(
                slice(start, choose.randrange(start, size) + 1, choose.randrange(1, 4))
                for start, size in zip(starts, here.shape, strict=True)
            ) or (...,)
        expected, found = signed(here[key]), np.asarray(there[key])
        np.testing.assert_array_equal(found.reshape(expected.shape), expected)


def check_attributes(here: Any, there: Any) -> None:
    """Compare the attributes of a variable that have values."""
    shown = by_own_name(there.ncattrs())
    for name in here.ncattrs():
        expected = here.getncattr(name)
        if isinstance(expected, str):
            assert there.getncattr(shown[name]) == expected
        elif np.size(expected):
            found = np.asarray(there.getncattr(shown[name]))
            assert found.tolist() in (signed(expected).tolist(), expected.tolist())


@pytest.mark.parametrize("seed", range(FILES))
def test_netcdf_c_reads_an_odd_file_as_it_is(odd: RunningGateway, seed: int) -> None:
    choose = random.Random(seed)
    address = f"{odd.url}/dap/odd{seed}#fillmismatch"
    path = odd.state.parent / f"odd{seed}.nc"
    with netCDF4.Dataset(path) as here, netCDF4.Dataset(address) as there:
        for file in (here, there):
            file.set_auto_maskandscale(False)
            file.set_auto_chartostring(False)
        wanted = {n: v for n, v in here.variables.items() if np.prod(v.shape)}
        shown = by_own_name(there.variables)
        assert list(shown) == list(wanted)
        for name, variable in wanted.items():
            remote = there.variables[shown[name]]
            check_values(variable, remote, choose)
            check_attributes(variable, remote)
