"""Names of images, files and regions."""

from glob import escape
from pathlib import Path

from gatewright.backends.fits.reader import (
    file_media_type,
    fixed_folder,
    image_id,
    region_text,
)
from gatewright.domains.sky import Circle, CutoutRequest, Polygon, Range, parse_region


def test_names_of_images() -> None:
    assert image_id("decam", "a.fits", 0) == "decam~a~0"
    assert image_id("decam", "n1/a.fits.fz", 12) == "decam~n1~a.fits.fz~12"
    assert image_id("decam", "b c~é.fits", 1) == "decam~b=20c=7E=C3=A9~1"


def test_regions_as_words() -> None:
    for region in (
        Circle(12.3456789012345, -1e-7, 0.001),
        Range(359.9, 0.1, -90.0, 90.0),
        Polygon(((1.0, 2.0), (3.0, 2.0), (2.0, 4.5))),
    ):
        assert parse_region(region_text(region)) == region
        assert CutoutRequest(region).region == region


def test_media_types() -> None:
    assert file_media_type("a.fits") == "application/fits"
    assert file_media_type("a.fits.gz") == "application/gzip"
    assert file_media_type("a.fits.bz2") == "application/x-bzip2"
    assert file_media_type("a.fits.fz") == "application/fits"


def test_the_folder_of_a_pattern(tmp_path: Path) -> None:
    assert fixed_folder(f"{tmp_path}/**/*.fits") == tmp_path
    assert fixed_folder(str(tmp_path)) == tmp_path
    assert fixed_folder(f"{tmp_path}/a.fits") == tmp_path
    assert fixed_folder(f"{tmp_path}/*/[[]r].fits") == tmp_path
    odd = tmp_path / "deep [r] *"
    assert fixed_folder(f"{escape(str(odd))}/*.fits") == odd
    assert fixed_folder(f"{escape(str(odd))}/[[]r].fits") == odd
    assert fixed_folder(f"{odd}/*.fits") == tmp_path
    odd.mkdir()
    assert fixed_folder(str(odd)) == odd
