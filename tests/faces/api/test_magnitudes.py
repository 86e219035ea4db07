"""Light curves in magnitudes, calibrated by an operator's catalogue of stars."""

import csv
import hashlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import Table
from tests.support.app import caller, client
from tests.support.fields import field, random_stars, tangent
from tests.support.night import made
from tests.support.skies import SkyServices, sky_services

from gatewright import __version__
from gatewright.core.caller import Role
from gatewright.core.config import CatalogueSource, SurveySource
from gatewright.faces.api import face

pytestmark = pytest.mark.asyncio(loop_scope="module")

STARS = 40
SHAPE = (400, 400)
TARGET = (210.0, 190.0)
ZERO = 27.0
"""Magnitude of a flux of 1 in the first frame."""
FLUXES = (0.0, 3000.0, 30_000.0)
"""Of the target in each frame, in units of the first."""
SCALES = (1.0, 0.8, 1.25)


def place() -> tuple[float, float]:
    ra, dec = tangent().to_sky(np.array([TARGET[0]]), np.array([TARGET[1]]))
    return float(ra[0]), float(dec[0])


def stars() -> Table:
    """Return the catalogue: r with errors of 0.02, and 3 stars without a magnitude."""
    x, y, flux = random_stars(STARS, SHAPE, 77)
    ra, dec = tangent().to_sky(x, y)
    magnitude = ZERO - 2.5 * np.log10(flux)
    magnitude += np.random.default_rng(5).normal(0, 0.02, STARS)
    magnitude[:3] = -999.0
    names = ["RAJ2000", "DEJ2000", "rmag", "e_rmag"]
    table = Table([ra, dec, magnitude, np.full(STARS, 0.02)], names=names)
    table["RAJ2000"].unit = table["DEJ2000"].unit = "deg"
    return table


def write_frames(folder: Path, band: str = "r") -> None:
    folder.mkdir()
    for number, (flux, scale) in enumerate(zip(FLUXES, SCALES, strict=True)):
        frame = field(
            seed=number,
            shape=SHAPE,
            stars=STARS,
            scale=scale,
            noise=8 * scale,
            more=((*TARGET, flux),) if flux else (),
        )
        header = tangent().wcs.to_header()
        header["FILTER"], header["GAIN"] = band, 2.0
        header["DATE-OBS"], header["EXPTIME"] = f"2024-03-0{number + 1}T04:00:00", 30.0
        fits.writeto(folder / f"f{number}.fits", frame.values, header)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("magnitudes")
    tables = folder / "tables"
    tables.mkdir()
    write_frames(folder / "frames")
    write_frames(folder / "blue", "g")
    table = stars()
    table.write(tables / "stars.fits")
    table.write(tables / "stars.vot", format="votable")
    table.write(tables / "stars.csv", format="ascii.csv")
    lines = (tables / "stars.csv").read_text().splitlines()
    lines[6:6] = ["150.0,2.0,oops,0.02", "150.0,2.0,12.0", '"150.0,2.0,12.0,0.1', ""]
    lines += ["999,2.0,12,0.1", "150.0,2.0,12.0,0.02,7", "150.0,\xff,12.0,0.02"]
    (tables / "stars.csv").write_text("\n".join(lines), encoding="latin-1")
    (tables / "damaged.vot").write_text("<VOTABLE><RESOURCE>")
    columns = {"ra": "RAJ2000", "dec": "DEJ2000", "bands": {"r": ("rmag", "e_rmag")}}

    def survey(key: str, file: str, frames: str = "frames", **more: Any) -> Any:
        source = {"file": tables / file, "system": "AB", **columns, **more}
        catalogue = CatalogueSource.model_validate(source) if file else None
        return SurveySource(
            id=key, images=f"{folder}/{frames}/*.fits", catalogue=catalogue
        )

    surveys = [
        survey("csv", "stars.csv", name="Field stars, 2024"),
        survey("table", "stars.fits"),
        survey("votable", "stars.vot"),
        survey("plain", ""),
        survey("blue", "stars.fits", "blue"),
        survey("gone", "none.fits"),
        survey("damaged", "damaged.vot"),
        survey("other", "stars.fits", ra="ALPHA"),
    ]
    async with sky_services(folder, surveys, response_bytes=50_000_000) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def api(services: Any) -> AsyncIterator[httpx.AsyncClient]:
    user = caller("bob", Role.OWNER)
    async with client(face.build(services), services, user) as opened:
        yield opened


async def curve(api: httpx.AsyncClient, survey: str, form: str = "json") -> Any:
    ra, dec = place()
    asked = {"pos": f"CIRCLE {ra!r} {dec!r} 0.001", "survey": survey, "format": form}
    answer = await api.get("/lightcurve", params=asked, timeout=300)
    assert answer.status_code == 200, answer.text
    return answer.json() if form == "json" else answer.content


@pytest.mark.parametrize(
    ("survey", "name", "damaged"),
    [
        ("csv", "Field stars, 2024", 6),
        ("table", "stars.fits", 0),
        ("votable", "stars.vot", 0),
    ],
)
async def test_magnitudes_are_those_of_the_catalogue(
    api: httpx.AsyncClient, services: SkyServices, survey: str, name: str, damaged: int
) -> None:
    found = await curve(api, survey)
    points = found["points"]
    assert len(points) == 3
    for point, flux, scale in zip(points, FLUXES, SCALES, strict=True):
        zero, error = point["zero_point"], point["zero_point_error"]
        # A tenth of a magnitude is five errors of one star.
        assert 0.001 < error < 0.01
        assert zero == pytest.approx(ZERO + 2.5 * np.log10(scale), abs=5 * error)
        assert 25 < point["zero_point_stars"] <= STARS - 3
        assert point["zero_point_stars"] + point["zero_point_rejected"] == STARS - 3
        assert point["zero_point_scatter"] == pytest.approx(0.02, rel=0.5)
        assert point["zero_point_reason"] is None
        assert (point["system"], point["catalogue"]) == ("AB", name)
        assert point["catalogue_damaged_rows"] == damaged
        assert point["version"] == __version__
        if not flux:
            assert point["magnitude"] is None
            assert point["magnitude_error"] is None
            limit = point["upper_limit"] * point["scale"]
            assert point["magnitude_limit"] == pytest.approx(
                zero - 2.5 * np.log10(limit)
            )
            continue
        own = 2.5 / np.log(10) * point["flux_error"] / point["flux"]
        assert point["magnitude_error"] == pytest.approx(np.hypot(own, error))
        truth = ZERO - 2.5 * np.log10(flux)
        assert abs(point["magnitude"] - truth) < 5 * point["magnitude_error"]
        assert point["magnitude_limit"] is None
    assert found["zero_point"] == points[0]["zero_point"]
    (source,) = [one for one in services.config.surveys if one.id == survey]
    assert source.catalogue is not None
    digest = hashlib.sha256(source.catalogue.file.read_bytes()).hexdigest()
    assert points[0]["catalogue_sha256"] == digest


async def test_all_forms_have_the_magnitudes_and_their_units(
    api: httpx.AsyncClient,
) -> None:
    points = (await curve(api, "table"))["points"]
    text = (await curve(api, "table", "csv")).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    table = parse_single_table(io.BytesIO(await curve(api, "table", "votable")))
    read = table.to_table()
    assert list(rows[0]) == list(points[0]) == read.colnames
    for name in ("magnitude", "magnitude_error", "magnitude_limit", "zero_point"):
        assert str(read[name].unit) == "mag"
        for point, row, cell in zip(points, rows, read[name], strict=True):
            if point[name] is None:
                assert row[name] == ""
                assert not np.isfinite(np.ma.filled(cell, np.nan))
            else:
                assert float(row[name]) == cell == point[name]
    assert set(read["system"]) == {row["system"] for row in rows} == {"AB"}
    assert list(read["zero_point_stars"]) == [p["zero_point_stars"] for p in points]


@pytest.mark.parametrize(
    ("survey", "reason"),
    [
        ("plain", None),
        ("blue", "no magnitudes of the band g"),
        ("gone", "cannot be read: No such file"),
        ("damaged", "damaged"),
        ("other", "no column “ALPHA”. It has RAJ2000, DEJ2000, rmag, e_rmag."),
    ],
)
async def test_images_without_a_zero_point_stay_instrumental(
    api: httpx.AsyncClient, survey: str, reason: str | None
) -> None:
    found = await curve(api, survey)
    assert found["zero_point"] is None
    for point in found["points"]:
        assert point["system"] == "instrumental"
        assert point["flux"] is not None
        names = ("magnitude", "magnitude_limit", "zero_point", "catalogue")
        assert [point[name] for name in names] == [None] * 4
        if reason is None:
            assert point["zero_point_reason"] is None
        else:
            assert reason in point["zero_point_reason"]


async def test_products_have_the_zero_point_of_their_image(
    api: httpx.AsyncClient,
) -> None:
    images = [f"table~f{number}~0" for number in (0, 1)]
    coadd = await made(api, {"images": images, "method": "mean"}, "/coadds")
    first = coadd["report"]["zero_point"]
    body = {"science": {"coadd": coadd["id"]}, "reference": ["table~f2~0"]}
    difference = await made(api, body)
    for zero in (first, difference["report"]["zero_point"]):
        error = zero["zero_point_error"]
        assert 0.001 < error < 0.01
        assert zero["zero_point"] == pytest.approx(ZERO, abs=5 * error)
        assert (zero["system"], zero["catalogue"]) == ("AB", "stars.fits")
        assert sum(zero["rejected"].values()) + zero["stars"] == STARS - 3
        assert len(zero["digest"]) == 64
    plain = await made(api, {"images": ["plain~f0~0", "plain~f1~0"]}, "/coadds")
    assert plain["report"]["zero_point"] is None
    mixed = {"images": ["table~f0~0", "blue~f1~0"]}
    assert (
        "several bands"
        in ((await made(api, mixed, "/coadds"))["report"]["zero_point"]["reason"])
    )
