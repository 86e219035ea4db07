"""What lies under a folder gets the names that scripts rely on."""

from glob import glob
from pathlib import Path

import pytest

from gatewright.cli.publish import datasets_under, is_fits, surveys_under


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_netcdf_file_is_a_data_set_of_its_name(tmp_path: Path) -> None:
    touch(tmp_path, "20CR2c.1987101606.prmsl.nc", "a/b.nc4", "notes.txt", "c.NC")
    found = {source.id: source.source for source in datasets_under(tmp_path)}
    assert found == {
        "20CR2c.1987101606.prmsl": tmp_path / "20CR2c.1987101606.prmsl.nc",
        "b": tmp_path / "a" / "b.nc4",
        "c": tmp_path / "c.NC",
    }


def test_a_name_that_is_taken_gets_its_folder_before_it(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.nc", "b/x.nc", "c/b/x.nc", "d e/.é x.nc")
    names = [source.id for source in datasets_under(tmp_path)]
    assert names == ["x", "b.x", "x-2", "d-e.x"]


def test_a_folder_with_images_is_a_survey_of_its_name(tmp_path: Path) -> None:
    touch(tmp_path, "sky/decam/1.fits", "sky/decam/2.fits.fz", "sky/readme.txt")
    touch(tmp_path, "sky/sdss/r.fits.bz2")
    found = {source.id: source.images for source in surveys_under(tmp_path)}
    assert found == {
        "decam": f"{tmp_path}/sky/decam/*.[fF]*",
        "sdss": f"{tmp_path}/sky/sdss/*.[fF]*",
    }


def test_the_files_of_a_survey_are_those_that_made_it_one(tmp_path: Path) -> None:
    """Also capital endings, and folders whose names have what patterns are made of."""
    names = ("deep [r] *?/A.FITS", "deep [r] *?/b.fit.GZ", "deep [r] *?/c.fits")
    touch(tmp_path, *names, "deep r x/d.fits")
    found = {source.id: source.images for source in surveys_under(tmp_path)}
    assert sorted(glob(found["deep-r-"])) == [f"{tmp_path}/{name}" for name in names]  # noqa: PTH207  # a pattern, not a path


@pytest.mark.parametrize(
    ("name", "is_image"),
    [("a.fits", True), ("a.FIT.gz", True), ("a.fits.fz", True), ("a.fitsx", False)],
)
def test_images_are_known_by_their_names(name: str, is_image: bool) -> None:
    assert is_fits(name) is is_image
