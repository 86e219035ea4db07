"""Small images of the sky as JSON: the gateway's side."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gatewright.backends.plugin import ImageReaderPlugin
from gatewright.backends.readers import ReaderPool
from gatewright.core.errors import Conflict, NotFound
from gatewright.domains.sky import (
    Circle,
    Content,
    CutoutRequest,
    Image,
    ScannedFile,
    Survey,
    SurveyFile,
)

PROGRAM = "gatewright_plates_program"
SUFFIX = ".plate.json"


class PlateReader:
    """Reads files ``{"ra": , "dec": , "scale": arcseconds, "rows": [[...]]}``."""

    def __init__(self, pool: ReaderPool, maximum: int) -> None:
        self._pool = pool
        self._maximum = maximum

    async def find(self, pattern: str) -> Sequence[SurveyFile]:
        folder = Path(pattern)
        wanted = str(folder / "*") if folder.is_dir() else pattern
        found = sorted(glob.glob(wanted))  # noqa: PTH207  # a pattern, not a path
        paths = [Path(path) for path in found if path.endswith(SUFFIX)]
        return [SurveyFile(str(p), p.name, identity(p)) for p in paths]

    async def scan(self, survey: Survey, file: SurveyFile) -> ScannedFile:
        found = await self._call("scan", {"path": file.path})
        image = Image(
            id=f"{survey.id}~{file.name}~0",
            survey=survey.id,
            path=file.path,
            identity=file.identity,
            hdu=0,
            polygon=tuple((ra, dec) for ra, dec in found.pop("polygon")),
            observation=file.name,
            **found,
        )
        return ScannedFile(file, [image])

    async def cut(self, image: Image, request: CutoutRequest) -> Content:
        check(image)
        assert isinstance(request.region, Circle)
        region = request.region
        circle = [region.longitude, region.latitude, region.radius]
        arguments = {
            "path": image.path,
            "circle": circle,
            "format": str(request.format),
            "maximum": self._maximum,
        }
        data = (await self._call("cut", arguments))["data"]
        media = "image/png" if request.format == "png" else "application/json"
        return Content(len(data), media, f"{image.id}.cutout", data=data)

    async def open(self, image: Image) -> Content:
        check(image)
        descriptor = os.open(image.path, os.O_RDONLY)
        size = os.fstat(descriptor).st_size
        name = Path(image.path).name
        return Content(size, "application/json", name, descriptor=descriptor)

    async def _call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._pool.call(f"{PROGRAM}:{name}", arguments)


def identity(path: Path) -> str:
    """Return what changes with the content of a file."""
    status = path.stat()
    return f"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"


def check(image: Image) -> None:
    """Refuse an image whose file is gone or another."""
    path = Path(image.path)
    if not path.exists():
        raise NotFound("The file of this image is gone.")
    if identity(path) != image.identity:
        raise Conflict("The file of this image changed.")


plugin = ImageReaderPlugin((PROGRAM,), (SUFFIX,), PlateReader)
