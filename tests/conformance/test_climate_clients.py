"""The clients of climate science read the right values from the real archive."""

import io
import itertools
import subprocess
from pathlib import Path

import matplotlib as mpl
import netCDF4
import numpy as np
import pytest
import xarray
from PIL import Image
from tests.support import needs
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.xdist_group("archive")

REANALYSIS = "20CR2c.1987101606.prmsl"
FILES = [
    REANALYSIS,
    "20CR2c.1987101606.prate",
    "TREFHT.B06.57.atm.1890-1999ANN",
    "ncep_air.mon.mean_wws-api",
    "eraint_uvz",
    "coads_climatology",
]


def run(*arguments: str) -> str:
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def url(archive: RunningGateway) -> str:
    return f"{archive.url}/dap/{REANALYSIS}"


def local(name: str) -> Path:
    return needs.shared_data("climate", f"{name}.nc")


def test_ncdump_shows_the_header_of_the_file(url: str) -> None:
    ncdump = needs.program("ncdump", "netcdf-bin")
    # netCDF-C puts grids behind the other variables; the lines are the same.
    remote, here = (
        sorted(
            line.strip().removeprefix("string ")
            for line in run(ncdump, "-h", source).splitlines()[1:]
        )
        for source in (url, str(local(REANALYSIS)))
    )
    assert remote == here


def test_ncdump_prints_a_coordinate(url: str) -> None:
    ncdump = needs.program("ncdump", "netcdf-bin")
    remote = run(ncdump, "-v", "lat", url).partition("data:")[2]
    assert (
        remote == run(ncdump, "-v", "lat", str(local(REANALYSIS))).partition("data:")[2]
    )


@pytest.mark.parametrize("ending", ["", ".nc"])
def test_ncks_reads_every_fourth_member(url: str, ending: str) -> None:
    ncks = needs.program("ncks", "nco")
    chosen = ("-d", "lat,45", "-d", "lon,90", "-d", "member,0,8,4")
    text = run(ncks, "-H", "-C", "-V", "-v", "prmsl", *chosen, url + ending)
    words = [word.rstrip(",;") for word in text.split()]
    values = [int(word) for word in words if word.isdigit() and len(word) == 6]
    assert values == [100801, 100763, 100720]


def test_ncwa_means_over_the_members_as_it_does_locally(
    url: str, tmp_path: Path
) -> None:
    ncwa = needs.program("ncwa", "nco")
    means = []
    for name, source in (("remote", url), ("local", str(local(REANALYSIS)))):
        output = tmp_path / f"{name}.nc"
        run(ncwa, "-O", "-a", "member", "-v", "prmsl", source, str(output))
        with netCDF4.Dataset(output) as file:
            means.append(np.asarray(file["prmsl"][:]))
    assert np.array_equal(means[0], means[1])


def test_nccopy_copies_the_whole_file(url: str, tmp_path: Path) -> None:
    nccopy = needs.program("nccopy", "netcdf-bin")
    output = tmp_path / "copy.nc"
    run(nccopy, url, str(output))
    with netCDF4.Dataset(output) as copy, netCDF4.Dataset(local(REANALYSIS)) as file:
        for name in file.variables:
            assert np.array_equal(copy[name][:], file[name][:])


# pydap takes dap2:// for https, so http:// is all that one can say on loopback.
@pytest.mark.filterwarnings("ignore:PyDAP was unable to determine:UserWarning")
@pytest.mark.parametrize("engine", ["netcdf4", "pydap"])
def test_xarray_reads_parts(url: str, engine: str) -> None:
    # The file's reference date “1-1-1” makes xarray warn as it does for the file.
    with xarray.open_dataset(url, engine=engine, decode_times=False) as remote:
        values = remote.prmsl[0:9:4, 45, 90].values
    assert values.tolist() == [100801, 100763, 100720]


@pytest.mark.parametrize("name", FILES)
def test_netcdf_c_reads_every_variable_as_the_file_has_it(
    archive: RunningGateway, name: str
) -> None:
    remote = netCDF4.Dataset(f"{archive.url}/dap/{name}")
    with remote, netCDF4.Dataset(local(name)) as file:
        remote.set_auto_mask(False)
        file.set_auto_mask(False)
        assert set(remote.variables) == set(file.variables)
        for key, variable in file.variables.items():
            part = tuple(slice(None, None, 3) for _ in variable.shape)
            assert np.array_equal(remote[key][part], variable[part], equal_nan=True)


def test_packed_values_keep_all_their_digits(archive: RunningGateway) -> None:
    with netCDF4.Dataset(f"{archive.url}/dap/eraint_uvz") as remote:
        assert f"{float(remote['u'][0, 0, 100, 100]):.6f}" == "17.249433"


def test_no_packed_value_is_missing_over_dap2(archive: RunningGateway) -> None:
    """The file says ``_FillValue = NaN`` of 16-bit integers."""
    with (
        netCDF4.Dataset(f"{archive.url}/dap/eraint_uvz") as remote,
        netCDF4.Dataset(local("eraint_uvz")) as file,
    ):
        file.set_auto_mask(False)
        for name in ("u", "v", "z"):
            found = remote[name][:]
            assert not np.ma.getmaskarray(found).any()
            assert np.array_equal(found, file[name][:])


def test_a_box_and_a_member_mean_come_as_netcdf(
    archive: RunningGateway, tmp_path: Path
) -> None:
    query = "var=prmsl&lat=30:60&lon=-20:40&stat=mean&format=netcdf4"
    with archive.client() as client:
        answer = client.get(f"/api/v1/datasets/{REANALYSIS}/subset?{query}")
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    path = tmp_path / "mean.nc"
    path.write_bytes(answer.content)
    with netCDF4.Dataset(path) as mean, netCDF4.Dataset(local(REANALYSIS)) as file:
        latitude, longitude = mean["lat"][:], mean["lon"][:]
        assert 30 <= latitude.min() <= latitude.max() <= 60
        assert np.all(np.diff(longitude) > 0)
        rows = [file["lat"][:].tolist().index(v) for v in latitude]
        columns = [file["lon"][:].tolist().index(v % 360) for v in longitude]
        whole = file["prmsl"][:].astype(np.float64).mean(axis=0)
        expected = whole[np.ix_(rows, columns)]
        names = [v for v in mean.variables if v.startswith("prmsl")]
        got = mean[names[0]][:].squeeze()
        assert np.allclose(got, expected, rtol=1e-6)


def test_a_box_and_a_member_mean_come_as_a_picture(archive: RunningGateway) -> None:
    query = "var=prmsl&lat=30:60&lon=-20:40&stat=mean&format=png"
    with archive.client() as client:
        answer = client.get(f"/api/v1/datasets/{REANALYSIS}/subset?{query}")
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as found:
        pixels = np.asarray(found)
    assert pixels.shape[1:] == (900, 3)
    with netCDF4.Dataset(local(REANALYSIS)) as file:
        rows = np.flatnonzero((file["lat"][:] >= 30) & (file["lat"][:] <= 60))
        rows = rows[np.argsort(file["lat"][rows])]
        east = (file["lon"][:] + 20) % 360
        columns = np.flatnonzero(east <= 60)
        columns = columns[np.argsort(east[columns])]
        whole = file["prmsl"][:].astype(np.float64).mean(axis=0)
    mean = whole[np.ix_(rows, columns)]
    # The map begins 108 pixels from the left and 62 from above, and is 752 wide; a
    # degree of longitude is as long as it is at 45 degrees north.
    tall, wide = 2.0 * len(rows), 2.0 * len(columns)
    height = round(752 * tall / (wide * np.cos(np.pi / 4)))
    part = (mean - mean.min()) / np.ptp(mean)
    expected = mpl.colormaps["viridis"](part, bytes=True)[..., :3]
    # Next to the middle of each cell: a coastline may run through one or the other.
    y, x = np.ogrid[: len(rows), : len(columns)]
    same = np.zeros(mean.shape, bool)
    for up, right in itertools.product((0.3, 0.5, 0.7), repeat=2):
        down = (62 + height * (1 - (y + up) / len(rows))).astype(int)
        across = (108 + 752 * (x + right) / len(columns)).astype(int)
        same |= (abs(pixels[down, across].astype(int) - expected) <= 2).all(-1)
    assert same.all()


def test_mistakes_are_answered_in_the_protocols_form(archive: RunningGateway) -> None:
    with archive.client() as client:
        for path, status in (
            (f"{REANALYSIS}.dods?nothing", 400),
            (f"{REANALYSIS}.dods?prmsl[0:1:99][0][0]", 400),
            ("nothing.dds", 404),
        ):
            answer = client.get(f"/dap/{path}")
            assert answer.status_code == status
            assert answer.text.startswith("Error {\n    code = ")
            assert answer.headers["content-description"] == "dods-error"


def test_the_text_form_has_the_values(archive: RunningGateway) -> None:
    with archive.client() as client:
        answer = client.get(f"/dap/{REANALYSIS}.ascii?prmsl.prmsl[0:4:8][45][90]")
    assert answer.text.splitlines()[-3:] == [
        "[0][0], 100801", "[1][0], 100763", "[2][0], 100720",
    ]  # fmt: skip
