"""Cubes: what is told of their axes, and cut-outs of all planes or one."""

import io
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from tests.backends.fits.skies import cut_bytes, pixels, sip_header, tan_header, write

from gatewright.backends.fits.program import scan
from gatewright.backends.readers import Output
from gatewright.core.errors import InvalidRequest

REGION = "CIRCLE 150.1 2.2 0.001"
LIGHT = 299_792_458.0


def cube_header(**cards: Any) -> fits.Header:
    """Return a header whose scale is in CDELT, so that further axes have theirs."""
    header = tan_header(60, 50)
    for name in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
        header.remove(name)
    header["CDELT1"], header["CDELT2"] = -0.26 / 3600, 0.26 / 3600
    header.update(cards)
    return header


def axis(number: int, kind: str, value: float, step: float, unit: str = "") -> Any:
    """Return the cards of an axis that is counted from its first pixel."""
    return {
        f"CTYPE{number}": kind, f"CRVAL{number}": value, f"CDELT{number}": step,
        f"CRPIX{number}": 1.0, f"CUNIT{number}": unit,
    }  # fmt: skip


def told(folder: Path, shape: tuple[int, ...], header: fits.Header) -> dict[str, Any]:
    """Return what a scan tells of a cube."""
    path = write(folder / "a.fits", fits.PrimaryHDU(np.zeros(shape, "i2"), header))
    (image,) = scan({"path": path}, Output())["images"]
    return dict(image)


VELOCITY = 1.2e6
REST = {"RESTFRQ": 1.42040575e9}
LINE = LIGHT / REST["RESTFRQ"]


@pytest.mark.parametrize(
    ("kind", "value", "step", "unit", "first"),
    [
        ("FREQ", 1.4, 0.01, "GHz", LIGHT / 1.395e9),
        ("WAVE", 6000.0, 10.0, "Angstrom", 5.995e-7),
        ("AWAV", 0.6, 0.001, "um", 5.995e-7),
        ("WAVN", 1000.0, 10.0, "cm-1", 1 / 99_500.0),
        ("ENER", 2.0, 0.1, "keV", (1.95 * u.keV).to_value(u.m, u.spectral())),
        ("VRAD", VELOCITY, 1000.0, "m/s", LINE / (1 - (VELOCITY - 500) / LIGHT)),
        ("VOPT", VELOCITY, 1000.0, "m/s", LINE * (1 + (VELOCITY - 500) / LIGHT)),
        ("ZOPT", 0.01, 0.001, "", LINE * 1.0095),
        ("VELO", 0.0, 1000.0, "m/s", LINE * (1 - 500 / LIGHT)),
        ("BETA", 0.0, 0.001, "", LINE * (1 - 0.0005)),
    ],
)
def test_the_wavelengths_of_a_cube(
    tmp_path: Path, kind: str, value: float, step: float, unit: str, first: float
) -> None:
    header = cube_header(**axis(3, kind, value, step, unit), **REST)
    image = told(tmp_path, (8, 50, 60), header)
    assert (image["planes"], image["samples"]) == (8, 8)
    assert image["em_min"] < image["em_max"]
    edges = np.array([image["em_min"], image["em_max"]])
    assert np.abs(edges / first - 1).min() < 1e-6


def test_wavelengths_that_cannot_be_understood(tmp_path: Path) -> None:
    for cards in (axis(3, "FREQ", 0.0, -1.0), axis(3, "VRAD", 0.0, 1.0, "m/s")):
        image = told(tmp_path, (8, 50, 60), cube_header(FILTER="V", **cards))
        assert image["em_min"] == pytest.approx(507e-9)
        assert image["samples"] == 8


@pytest.mark.parametrize(
    ("value", "step", "count", "states"),
    [
        (1.0, 1.0, 4, "/I/Q/U/V/"),
        (1.0, 1.0, 1, "/I/"),
        (-1.0, -1.0, 2, "/RR/LL/"),
        (-5.0, -1.0, 4, "/XX/YY/XY/YX/"),
        (9.0, 1.0, 2, None),
        ("I", 1.0, 2, None),
    ],
)
def test_polarizations(
    tmp_path: Path, value: Any, step: float, count: int, states: str | None
) -> None:
    header = cube_header(**axis(3, "STOKES", value, step))
    assert told(tmp_path, (count, 50, 60), header)["polarizations"] == states


def test_polarizations_counted_by_cd(tmp_path: Path) -> None:
    header = tan_header(60, 50)
    header.update({"CTYPE3": "STOKES", "CRVAL3": -1.0, "CRPIX3": 1.0, "CD3_3": -1.0})
    image = told(tmp_path, (4, 50, 60), header)
    assert image["polarizations"] == "/RR/LL/RL/LR/"


def test_the_wavelengths_of_a_distorted_cube(tmp_path: Path) -> None:
    header = sip_header(60, 50)
    header.update(axis(3, "WAVE", 5e-7, 1e-9, "m") | {"CD3_3": 1e-9, "WCSAXES": 3})
    image = told(tmp_path, (4, 50, 60), header)
    edges = [image["em_min"], image["em_max"]]
    assert edges == pytest.approx([4.995e-7, 5.035e-7], rel=1e-9)


def opened(raw: bytes) -> Any:
    hdus = fits.open(io.BytesIO(raw))
    hdus.verify("exception")
    return hdus[0]


@pytest.mark.parametrize("packed", [False, True])
def test_all_planes_or_one(tmp_path: Path, packed: bool) -> None:
    plane = pixels(60, 50, "i2")
    data = np.stack([plane + n for n in range(6)]).reshape(2, 3, 50, 60)
    cards = axis(3, "FREQ", 1.4e9, 1e6, "Hz") | axis(4, "STOKES", 1.0, 1.0)
    header = cube_header(**cards)
    hdus: list[Any] = [fits.PrimaryHDU(data, header)]
    if packed:
        tile = {"compression_type": "RICE_1", "tile_shape": (1, 1, 32, 32)}
        hdus = [fits.PrimaryHDU(), fits.CompImageHDU(data, header, **tile)]
    path, number = write(tmp_path / "a.fits", *hdus), len(hdus) - 1
    every = opened(cut_bytes(path, REGION, hdu=number))
    assert every.data.shape[:2] == (2, 3)
    section = "".join(every.header["HISTORY"]).split("[")[-1].split("]")[0]
    (x0, x1), (y0, y1) = (map(int, s.split(":")) for s in section.split(",")[:2])
    assert np.array_equal(every.data, data[..., y0 - 1 : y1, x0 - 1 : x1])
    one = opened(cut_bytes(path, REGION, hdu=number, plane=5))
    assert one.data.shape[:2] == (1, 1)
    assert np.array_equal(one.data[0, 0], every.data[1, 1])
    assert one.data.shape[2:] == every.data.shape[2:]
    whole, part = WCS(header), WCS(one.header)
    assert np.allclose(
        part.all_pix2world([[3, 4, 0, 0]], 0),
        whole.all_pix2world([[3 + x0 - 1, 4 + y0 - 1, 1, 1]], 0),
        rtol=0, atol=1e-9,
    )  # fmt: skip
    with pytest.raises(InvalidRequest, match="6 planes"):
        cut_bytes(path, REGION, hdu=number, plane=7)


def test_a_picture_shows_one_plane(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    data = random.uniform(0, 100, (5, 50, 60)).astype("f4")
    header = cube_header(**axis(3, "WAVE", 5e-7, 1e-9, "m"))
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, header))
    flat = write(tmp_path / "b.fits", *(fits.PrimaryHDU(data[2], tan_header(60, 50)),))
    shown = cut_bytes(path, REGION, format="png")
    assert shown == cut_bytes(path, REGION, format="png", plane=3)
    assert shown != cut_bytes(path, REGION, format="png", plane=1)
    alone = cut_bytes(flat, REGION, format="png").replace(b"b.fits", b"a.fits")
    assert shown.split(b"IDAT")[1] == alone.split(b"IDAT")[1]
    with pytest.raises(InvalidRequest, match="one plane"):
        cut_bytes(flat, REGION, format="png", plane=2)
