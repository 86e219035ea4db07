"""The example archives: simulated, said so, the same each time, and like the sky."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from gatewright.cli.demo import STARS
from gatewright.cli.examples import write_reanalysis, write_survey


@pytest.fixture(scope="module")
def reanalysis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reanalysis") / "r.nc"
    write_reanalysis(path)
    return path


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("survey")
    write_survey(folder)
    return folder


def test_the_reanalysis_says_that_it_is_simulated(reanalysis: Path) -> None:
    with netCDF4.Dataset(reanalysis) as file:
        assert "Simulated" in file.title
        assert file["prmsl"].dimensions == ("time", "member", "lat", "lon")
        assert file["air"].dimensions == ("time", "member", "level", "lat", "lon")
        assert file["prmsl"].dtype == np.int16
        assert file["air"].dtype == np.float32
        assert (len(file["lat"][:]), len(file["lon"][:])) == (91, 180)


def test_the_weather_is_of_this_earth(reanalysis: Path) -> None:
    with netCDF4.Dataset(reanalysis) as file:
        pressure, air = file["prmsl"][:], file["air"][:]
        assert 92_000 < pressure.min() < 99_000
        assert 102_500 < pressure.max() < 108_000
        assert 180 < air.min() < air.max() < 320
        assert np.abs(file["uwnd"][:]).max() < 120
        spread = pressure.std(axis=1).mean(axis=(0, 2))
        assert spread[70:85].mean() > 2 * spread[10:30].mean()


def test_an_archive_is_the_same_each_time(survey: Path, tmp_path: Path) -> None:
    write_survey(tmp_path)
    name = "sim-02-r.fits"
    assert np.array_equal(fits.getdata(survey / name), fits.getdata(tmp_path / name))


def test_every_exposure_says_that_it_is_simulated(survey: Path) -> None:
    files = sorted(survey.glob("*.fits"))
    assert len(files) == 18
    for path in files:
        header = fits.getheader(path)
        assert "Simulated" in header["OBJECT"]
        assert WCS(header).has_celestial


def test_the_catalogue_of_stars_is_marked_and_agrees_with_the_images(
    survey: Path,
) -> None:
    table = Table.read(survey / STARS, format="ascii.csv")
    assert set(table["origin"]) == {"simulated"}
    assert len(table) > 80
    with fits.open(survey / "sim-00-i.fits") as hdus:
        header, pixels = hdus[0].header, hdus[0].data
        bright = table[table["i"] < 19]
        x, y = WCS(header).all_world2pix(bright["ra"], bright["dec"], 0)
    inside = (x > 20) & (x < 490) & (y > 20) & (y < 490)
    sky = np.median(pixels)
    found = []
    for star, column, row in zip(bright[inside], x[inside], y[inside], strict=True):
        top, left = round(float(row)) - 8, round(float(column)) - 8
        counts = pixels[top : top + 17, left : left + 17].sum() - 17**2 * sky
        found.append(star["i"] + 2.5 * np.log10(counts))
    # Half of them have no neighbour that adds much to their counts.
    assert np.median(found) == pytest.approx(header["MAGZERO"], abs=0.05)


def test_the_transients_are_bright_at_their_peak_and_gone_before(survey: Path) -> None:
    rows = (survey / "transients.csv").read_text().splitlines()
    assert rows[0] == "name,ra,dec,peak_magnitude_r,peak_mjd"
    assert len(rows) == 4
    _, ra, dec, _, peak = rows[2].split(",")
    counts = {}
    for path in sorted(survey.glob("sim-*-r.fits")):
        with fits.open(path) as hdus:
            x, y = WCS(hdus[0].header).all_world2pix(float(ra), float(dec), 0)
            pixels = hdus[0].data[round(float(y)) - 4 :, round(float(x)) - 4 :][:9, :9]
            sky = float(np.median(hdus[0].data))
            counts[hdus[0].header["MJD-OBS"]] = float(pixels.sum() - 81 * sky)
    at_peak = min(counts, key=lambda mjd: abs(mjd - float(peak)))
    assert counts[at_peak] > counts[min(counts)] + 500
