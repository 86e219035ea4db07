"""The reader of FITS images, which calls ``program`` in the reader processes."""

import asyncio
import glob
import mimetypes
import os
import re
import stat
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from gatewright.backends.fits.files import (
    SUFFIXES,
    open_descriptor,
    stat_identity,
)
from gatewright.backends.readers import ReaderPool, Weight
from gatewright.core.errors import BackendFailed, TimedOut
from gatewright.domains.sky import (
    Circle,
    ColourRequest,
    Content,
    CutoutFormat,
    CutoutRequest,
    Image,
    ImageKind,
    Polygon,
    Region,
    ScannedFile,
    Survey,
    SurveyFile,
)

T = TypeVar("T")

_PROGRAM = "gatewright.backends.fits.program"
_MEDIA = {
    CutoutFormat.FITS: "application/fits",
    CutoutFormat.PNG: "image/png",
    CutoutFormat.JPEG: "image/jpeg",
    CutoutFormat.WEBP: "image/webp",
}
_SCAN_SECONDS = 120.0
_OPEN_SECONDS = 20.0
_THREADS = 4
_FOLDERS = 4096
_MAGIC = re.compile(r"[*?\[]")
_ESCAPED = re.compile(r"\[([*?\[])\]")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


class FitsReader:
    """Implements :class:`gatewright.domains.sky.ImageReader` for FITS files.

    Parameters
    ----------
    pool
        Reader processes.
    maximum
        Largest cut-out in bytes.
    """

    def __init__(self, pool: ReaderPool, maximum: int) -> None:
        self._pool = pool
        self._maximum = maximum
        self._published: set[Path] = set()
        self._let_read_folder = lru_cache(maxsize=_FOLDERS)(self._publish)
        # The files of a survey may hang; they hold these threads and no others.
        self._looking = ThreadPoolExecutor(1, "survey-look")
        self._opening = ThreadPoolExecutor(_THREADS, "survey-open")

    async def find(self, pattern: str) -> Sequence[SurveyFile]:
        folder = await self._look(fixed_folder, pattern)
        self._published.add(folder)
        self._pool.publish(folder)
        return await self._look(_files_of, pattern)

    async def _look(self, function: Callable[[str], T], pattern: str) -> T:
        return await asyncio.wrap_future(self._looking.submit(function, pattern))

    async def scan(self, survey: Survey, file: SurveyFile) -> ScannedFile:
        rules = survey.rules
        found = await self._pool.call(
            f"{_PROGRAM}:scan",
            {
                "path": file.path,
                "rules": {
                    "filters": dict(rules.filters),
                    "kinds": dict(rules.kinds),
                    "keywords": dict(rules.keywords),
                    "calib_level": rules.calib_level,
                },
            },
            key=file.path,
            seconds=_SCAN_SECONDS,
            weight=Weight.LONG,
            person="survey",
        )
        try:
            read = SurveyFile(file.path, file.name, found["identity"])
            size = int(file.identity.split("-")[2], 16)
            images = []
            for fields in found["images"]:
                told = dict(fields)
                told["kind"] = ImageKind(told["kind"])
                told["polygon"] = _outline(told["polygon"])
                told["pieces"] = tuple(map(_outline, told["pieces"]))
                image = Image(
                    id=image_id(survey.id, read.name, told["hdu"]),
                    survey=survey.id,
                    path=read.path,
                    identity=read.identity,
                    file_size=size,
                    **told,
                )
                images.append(image)
        except (KeyError, TypeError, ValueError) as error:
            raise BackendFailed("The reader gave an unexpected answer.") from error
        return ScannedFile(read, images, tuple(found["left_out"]))

    async def cut(self, image: Image, request: CutoutRequest) -> Content:
        self._let_read(image)
        stretch = request.stretch
        arguments = {
            "path": image.path,
            "identity": image.identity,
            "hdu": image.hdu,
            "kind": str(image.kind),
            "region": region_text(request.region),
            "format": str(request.format),
            "stretch": [stretch.name, stretch.low, stretch.high],
            "limits": str(stretch.limits),
            "colours": stretch.colours,
            "size": request.size,
            "orientation": str(request.orientation),
            "marks": request.marks,
            "caption": request.caption,
            "aligned": request.aligned,
            "plane": request.plane,
            "padded": request.padded,
            "pixels": request.pixels,
            "arcsec": request.arcsec,
            "maximum": self._maximum,
        }
        return await self._cut_out("cut", arguments, image, request.format)

    async def cut_together(
        self, images: Sequence[Image], request: CutoutRequest
    ) -> Content:
        for image in images:
            self._let_read(image)
        arguments = {
            "images": [
                [one.path, one.identity, one.hdu, str(one.kind)] for one in images
            ],
            "region": region_text(request.region),
            "plane": request.plane,
            "padded": request.padded,
            "pixels": request.pixels,
            "arcsec": request.arcsec,
            "version": request.version,
            "maximum": self._maximum,
        }
        form = CutoutFormat.FITS
        return await self._cut_out("cut_together", arguments, images[0], form)

    async def _cut_out(
        self, program: str, arguments: dict[str, Any], image: Image, form: CutoutFormat
    ) -> Content:
        """Return what a function made of an image, from memory if it is small.

        It is a view of the reader's memory, which is filled anew when nothing refers to
        the view any more: a copy would take longer than all else that is done with it.
        """
        function, key = f"{_PROGRAM}:{program}", image.path
        media, name = _MEDIA[form], f"{image.id}.cutout.{form}"
        async with self._pool.window(function, arguments, key=key) as view:
            data = view[:]
        if data:
            return Content(len(data), media, name, data=data)
        descriptor, size = await self._pool.file(function, arguments, key=key)
        return Content(size, media, name, descriptor=descriptor)

    async def colour(
        self, images: tuple[Image, Image, Image], request: ColourRequest
    ) -> Content:
        for image in images:
            self._let_read(image)
        place = request.place
        arguments = {
            "images": [[one.path, one.identity, one.hdu] for one in images],
            "place": [place.longitude, place.latitude, place.radius],
            "pixels": request.pixels,
            "colours": asdict(request.colours),
            "format": str(request.format),
            "marks": request.marks,
        }
        function, key = f"{_PROGRAM}:colour", images[0].path
        async with self._pool.window(function, arguments, key=key) as view:
            data = bytes(view)
        media, name = _MEDIA[request.format], f"colour.{request.format}"
        return Content(len(data), media, name, data=data)

    def _let_read(self, image: Image) -> None:
        """Let the readers read an image, whose survey may have been added lately."""
        self._let_read_folder(image.path.rpartition("/")[0] or "/")

    def _publish(self, name: str) -> None:
        """Let the readers read a folder, unless they may already."""
        folder = Path(name)
        if self._published.isdisjoint([folder, *folder.parents]):
            self._published.add(folder)
            self._pool.publish(folder)

    async def open(self, image: Image) -> Content:
        def opened() -> tuple[int, int]:
            descriptor = open_descriptor(image.path, image.identity)
            return descriptor, os.fstat(descriptor).st_size

        def close(late: "Future[tuple[int, int]]") -> None:
            if not late.cancelled() and late.exception() is None:
                os.close(late.result()[0])

        opening = self._opening.submit(opened)
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                descriptor, size = await asyncio.wrap_future(opening)
        except BaseException as error:
            opening.add_done_callback(close)  # nobody waits for it any more
            if isinstance(error, TimeoutError):
                text = "The file of this image did not open in time."
                raise TimedOut(text) from error
            raise
        name = Path(image.path).name
        return Content(size, file_media_type(name), name, descriptor=descriptor)


def file_media_type(name: str) -> str:
    """Return the media type of an image file from its name."""
    _, packing = mimetypes.guess_type(name)
    return {"gzip": "application/gzip", "bzip2": "application/x-bzip2"}.get(
        packing or "", "application/fits"
    )


def region_text(region: Region) -> str:
    """Return a region as text in the form that :func:`parse_region` reads."""
    if isinstance(region, Circle):
        numbers = [region.longitude, region.latitude, region.radius]
        return f"CIRCLE {' '.join(map(repr, numbers))}"
    if isinstance(region, Polygon):
        flat = [n for vertex in region.vertices for n in vertex]
        return f"POLYGON {' '.join(map(repr, flat))}"
    numbers = [region.west, region.east, region.south, region.north]
    return f"RANGE {' '.join(map(repr, numbers))}"


def fixed_folder(pattern: str) -> Path:
    """Return the folder below which all files of a pattern lie, links resolved."""
    return _base(pattern).resolve()


def _base(pattern: str) -> Path:
    """Return the folder to which the names of a pattern's files are relative."""
    path = Path(os.path.normpath(Path(pattern).absolute()))
    if not path.exists():
        for number, part in enumerate(path.parts):
            if _MAGIC.search(_ESCAPED.sub("", part)):
                return Path(*map(_plain, path.parts[:number]))
        path = Path(_plain(str(path)))
    return path if path.is_dir() else path.parent


def _plain(text: str) -> str:
    """Return a text with the escapes of ``glob.escape`` removed."""
    return _ESCAPED.sub(r"\1", text)


def _files_of(pattern: str) -> list[SurveyFile]:
    """Return the files that match a pattern, sorted by path.

    A file that is found under several names is listed under the first. Of a folder, and
    of a pattern that ends with ``*``, only names with the endings of FITS files count.
    """
    root, given = _base(pattern), Path(pattern)
    every = pattern.endswith("*") or given.is_dir()
    # The name of a file or folder that is there means itself, brackets and all.
    wanted = glob.escape(pattern) if given.exists() else pattern
    if given.is_dir():
        wanted = os.path.join(wanted, "**", "*")  # noqa: PTH118  # a pattern, not a path
    by_path: dict[str, SurveyFile] = {}
    for found in glob.iglob(wanted, recursive=True):  # noqa: PTH207  # Path.glob follows no links in 3.11
        if every and not found.lower().endswith(SUFFIXES):
            continue
        try:
            resolved = Path(found).resolve(strict=True)
            status = resolved.stat()
            name = os.path.normpath(Path(found).absolute())
            name = str(Path(name).relative_to(root))
            name.encode()
            path = str(resolved)
            path.encode()
        except (OSError, ValueError):
            continue  # gone again, or a name that is not UTF-8
        known = by_path.get(path)
        if stat.S_ISREG(status.st_mode) and (known is None or name < known.name):
            by_path[path] = SurveyFile(path, name, stat_identity(status))
    return [by_path[path] for path in sorted(by_path)]


def image_id(survey: str, name: str, hdu: int) -> str:
    """Return the id of an image in URLs: survey, path and HDU, joined by tildes.

    Characters other than letters, digits, ``.``, ``_`` and ``-`` are percent-encoded,
    with ``=`` instead of the percent sign, so that ids of different files differ.
    """
    stem = name.removesuffix(".fits")
    parts = [
        _UNSAFE.sub(lambda m: "".join(f"={byte:02X}" for byte in m[0].encode()), part)
        for part in Path(stem).parts
    ]
    return "~".join([survey, *parts, str(hdu)])


def _outline(vertices: Any) -> tuple[tuple[float, float], ...]:
    return tuple((float(ra), float(dec)) for ra, dec in vertices)
