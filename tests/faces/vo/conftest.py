"""The image search over surveys of small images of every kind."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.app import client
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import visitor
from gatewright.core.config import SurveySource
from gatewright.faces.vo import face


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("vo")
    (folder / "field").mkdir()
    header = tan_header(90, 80)
    header["MJD-OBS"], header["EXPTIME"], header["FILTER"] = 58000.0, 86.4, "V"
    header["TELESCOP"], header["INSTRUME"], header["OBJECT"] = "T & Co", "Cam", "M <67>"
    header["SEEING"] = 1.2
    for name, ra in (("a", 150.1), ("b", 20.0)):
        header["CRVAL1"] = ra
        image = fits.PrimaryHDU(pixels(90, 80, "f4"), header)
        write(folder / "field" / f"{name}.fits", image)
    (folder / "cubes").mkdir()
    header["CTYPE3"], header["CRVAL3"], header["CDELT3"] = "STOKES", 1.0, 1.0
    header["CRPIX3"] = 1.0
    planes = np.stack([pixels(90, 80, "f4")] * 2)
    write(folder / "cubes" / "c.fits", fits.PrimaryHDU(planes, header))
    (folder / "times").mkdir()
    header["CTYPE3"] = "TIME"
    write(folder / "times" / "t.fits", fits.PrimaryHDU(planes, header))
    header["CTYPE3"], header["CRVAL3"], header["CD3_3"] = "WAVE", 5e-7, 2e-9
    write(folder / "times" / "w.fits", fits.PrimaryHDU(planes, header))
    (folder / "packed").mkdir()
    header = tan_header(90, 80)
    header["CRVAL1"] = 60.0
    for name in ("a.fits.gz", "b.fits.bz2", "c.fits"):
        write(folder / "packed" / name, fits.PrimaryHDU(planes[0], header))
    (folder / "kinds").mkdir()
    for word in ("refimg", "scimrefdiffimg", "mskimg", "refunc", "refcov", "sciimg"):
        write(folder / "kinds" / f"{word}.fits", fits.PrimaryHDU(planes[0], header))
    header["CD1_1"] = -header["CD1_1"]
    write(folder / "kinds" / "stack_sciimg.fits", fits.PrimaryHDU(planes[0], header))
    names = ("field", "cubes", "times", "packed", "kinds")
    sources = [SurveySource(id=name, images=str(folder / name)) for name in names]
    async with sky_services(folder, sources, url="") as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def vo(services: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client(face.build(services), services, visitor()) as made:
        yield made
