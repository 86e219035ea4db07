"""Bytes without a sign, Latin-1, odd fill values and record dimensions, over ``/dap``.

What xarray (by netCDF-C and by pydap), netCDF4 and ncdump read there is what they read
from the disk.
"""

import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import h5py
import httpx
import netCDF4
import numpy as np
import pytest
import xarray
from tests.support.gateway import RunningGateway, running
from tests.support.needs import program

LATIN = b"M\xfcnchn"


def write_unsigned(path: Path) -> None:
    """Write bytes without a sign as NetCDF-3 has them: GOES, NEXRAD, land cover."""
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("lat", 9)
        file.createDimension("lon", 12)
        for name, fill in (("cld", -1), ("plain", None)):
            one = file.createVariable(name, "i1", ("lat", "lon"), fill_value=fill)
            one.set_auto_maskandscale(False)
            one.setncatts({"_Unsigned": "true", "scale_factor": np.float32(0.5)})
            one.setncattr("valid_range", np.array([0, -6], "i1"))
            one[:] = (np.arange(108).reshape(9, 12) * 2).astype("u1").view("i1")
        signed = file.createVariable("signed", "i1", ("lat",), fill_value=-1)
        signed.set_auto_maskandscale(False)
        signed[:] = np.arange(-5, 4)
        counts = file.createVariable("counts", "i2", ("lat",), fill_value=-1)
        counts.set_auto_maskandscale(False)
        counts.setncattr("_Unsigned", "true")
        counts[:] = (np.arange(9) * 8000).astype("u2").view("i2")


def write_latin(path: Path) -> None:
    """Write text of the time before UTF-8, as attribute and as values."""
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("s", 6)
        file.createDimension("lat", 2)
        city = file.createVariable("city", "S1", ("lat", "s"))
        city[:] = netCDF4.stringtochar(np.array(["QQabcd", "plain"], "S6"))
        t = file.createVariable("t", "f4", ("lat",))
        t.setncatts({"units": "XXC", "comment": "Größe"})
        t[:] = 1
    data = path.read_bytes().replace(b"XXC", b"\xb0C ").replace(b"QQabcd", LATIN)
    path.write_bytes(data)


def write_fills(path: Path) -> None:
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 8)
        file.createVariable("t", "i4", ("x",))[:] = np.arange(8)
    with h5py.File(path, "a") as made:
        made["t"].attrs["_FillValue"] = np.array([5, 6], "i4")
        made["t"].attrs["missing_value"] = np.array([1, 2], "i4")


FILLS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("nan", "i2", {"_FillValue": np.nan}),
    ("wide", "i2", {"_FillValue": 1e20, "missing_value": np.int16(3)}),
    ("fraction", "i4", {"_FillValue": 0.5}),
    ("negative", "u1", {"_FillValue": np.int16(-9999)}),
    ("text", "i2", {"_FillValue": "none"}),
    ("mixed", "i2", {"_FillValue": np.array([np.nan, 4.0])}),
    ("large", "f4", {"_FillValue": 1e300, "valid_range": np.array([-1e300, 1e300])}),
    ("good", "i2", {"_FillValue": np.int16(2), "missing_value": np.nan}),
)
"""Variables of six values with fill values that their types mostly do not have."""


def write_odd_fills(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(6.0)
        file["x"].make_scale("x")
        for name, kind, attributes in FILLS:
            file[name] = np.arange(6).astype(kind)
            file[name].dims[0].attach_scale(file["x"])
            file[name].attrs.update(attributes)


def write_records(path: Path) -> None:
    """Write two unlimited dimensions, of which one is not the first of a variable."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("level", None)
        file.createDimension("time", None)
        file.createVariable("ta", "i4", ("time", "level"))[:] = np.arange(6).reshape(
            2, 3
        )
        file.createVariable("level", "f4", ("level",))[:] = [1000, 500, 250]


WORDS = ("short", "", "ü" * 60, "x" * 3000)


def write_words(path: Path) -> None:
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", len(WORDS))
        file.createVariable("words", str, ("x",))[:] = np.array(WORDS, object)
        file.createVariable("alone", str, ())[...] = "y" * 100


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("bytes")
    lines = ["[gateway]", 'listen = "127.0.0.1:0"', f'state = "{folder / "state"}"']
    for name, write in (
        ("unsigned", write_unsigned),
        ("latin", write_latin),
        ("fills", write_fills),
        ("odd-fills", write_odd_fills),
        ("records", write_records),
        ("words", write_words),
    ):
        write(folder / f"{name}.nc")
        lines += ["[[datasets]]", f'id = "{name}"', 'access = "public"']
        lines += [f'source = "{folder / name}.nc"']
    config = folder / "gatewright.toml"
    config.write_text("\n".join(lines))
    with running(["serve", "--config", str(config)], folder / "state") as gateway:
        yield gateway


@pytest.mark.parametrize("engine", ["netcdf4", "pydap"])
def test_xarray_reads_bytes_without_a_sign(
    archive: RunningGateway, engine: str
) -> None:
    scheme = "dap2" if engine == "pydap" else "http"
    url = f"{archive.url}/dap/unsigned".replace("http", scheme, 1)
    with (
        warnings.catch_warnings(),
        xarray.open_dataset(archive.state.parent / "unsigned.nc") as here,
    ):
        warnings.simplefilter("ignore")
        with xarray.open_dataset(url, engine=engine) as there:
            for name in ("cld", "plain", "signed", "counts"):
                np.testing.assert_array_equal(there[name], here[name])
        assert float(here.cld[8, 11]) == 107.0


def test_netcdf4_reads_bytes_without_a_sign(archive: RunningGateway) -> None:
    path = archive.state.parent / "unsigned.nc"
    url = f"{archive.url}/dap/unsigned"
    with netCDF4.Dataset(path) as here, netCDF4.Dataset(url) as there:
        for name in ("cld", "signed", "counts"):
            expected, found = here[name][:], there[name][:]
            assert found.mask.tolist() == expected.mask.tolist()
            assert found.compressed().tolist() == expected.compressed().tolist()


def test_the_text_form_has_bytes_without_a_sign(archive: RunningGateway) -> None:
    body = httpx.get(f"{archive.url}/dap/unsigned.ascii?cld[8][0:11]").text
    assert body.splitlines()[-1] == "[0], " + ", ".join(map(str, range(192, 216, 2)))
    about = httpx.get(f"{archive.url}/dap/unsigned.das").text
    assert "Byte _FillValue 255;" in about
    assert "Byte valid_range 0, 250;" in about
    assert "Int16 _FillValue -1;" in about  # of what has a sign


def test_text_keeps_its_bytes_over_dap2(archive: RunningGateway) -> None:
    path, url = archive.state.parent / "latin.nc", f"{archive.url}/dap/latin"
    about = httpx.get(f"{url}.das").content
    assert b'String units "\xb0C "' in about
    assert 'String comment "Größe"'.encode() in about
    assert LATIN in httpx.get(f"{url}.dods?city").content
    assert LATIN in httpx.get(f"{url}.ascii?city").content
    shown = [
        subprocess.run(
            [program("ncdump", "netcdf-bin"), "-v", "city", str(where)],
            check=True,
            capture_output=True,
        ).stdout.partition(b"data:")[2]
        for where in (path, url)
    ]
    assert shown[0].split() == shown[1].split()


def test_text_that_is_no_utf_8_is_latin_1(archive: RunningGateway) -> None:
    about = httpx.get(f"{archive.url}/api/v1/datasets/latin").json()
    variables = {one["name"]: one for one in about["variables"]}
    assert variables["t"]["units"] == "°C "
    assert variables["t"]["attributes"]["comment"] == "Größe"
    answer = httpx.get(f"{archive.url}/api/v1/datasets/latin/subset?var=t")
    with netCDF4.Dataset("out.nc", memory=answer.content) as found:
        assert found["t"].units == "°C "


def test_several_fill_values_are_all_missing(archive: RunningGateway) -> None:
    with netCDF4.Dataset(f"{archive.url}/dap/fills") as there:
        there["t"].set_auto_mask(False)
        assert there["t"]._FillValue == 5
        assert there["t"].missing_value.tolist() == [6, 1, 2]
        assert there["t"][:].tolist() == list(range(8))
    url = f"{archive.url}/api/v1/datasets/fills/subset"
    values = httpx.get(f"{url}?format=json").json()["variables"]["t"]["values"]
    assert values == [0, None, None, 3, 4, None, None, 7]
    with netCDF4.Dataset("out.nc", memory=httpx.get(url).content) as found:
        assert found["t"][:].tolist() == values


def test_a_fill_value_that_its_type_does_not_have_hides_no_value(
    archive: RunningGateway,
) -> None:
    missing = {"wide": [3], "mixed": [4], "good": [2]}
    for _ in range(5):  # netCDF-C took what stood in its memory
        with (
            warnings.catch_warnings(),
            netCDF4.Dataset(f"{archive.url}/dap/odd-fills") as there,
        ):
            warnings.simplefilter("ignore")
            for name, _, _ in FILLS:
                expected = [n for n in range(6) if n not in missing.get(name, [])]
                assert there[name][:].compressed().tolist() == expected, name
            assert there["large"].valid_range.tolist() == [-1e300, 1e300]
            assert there["nan"].dap2_fill_value.startswith("nan in the file")


def test_an_unlimited_dimension_that_is_not_the_first_is_not_named(
    archive: RunningGateway,
) -> None:
    with netCDF4.Dataset(f"{archive.url}/dap/records") as there:
        assert there.dimensions["time"].isunlimited()
        assert not there.dimensions["level"].isunlimited()
        assert there["ta"][:].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert there["level"][:].tolist() == [1000, 500, 250]


def test_netcdf_c_reads_strings_of_any_length(archive: RunningGateway) -> None:
    """Without their length it cuts them after 64 bytes."""
    with netCDF4.Dataset(f"{archive.url}/dap/words") as there:
        there.set_auto_chartostring(False)
        rows = [row.tobytes().rstrip(b"\0").decode() for row in there["words"][:].data]
        assert rows == list(WORDS)
        assert there["alone"][:].tobytes() == b"y" * 100
