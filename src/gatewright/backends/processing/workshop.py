"""The pool of processing workers, which starts when it is first needed."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from gatewright.backends.processing.report import TRAILER
from gatewright.backends.readers import (
    PoolSettings,
    ReaderPool,
    Shared,
    Weight,
    open_pool,
)
from gatewright.core.errors import BackendFailed, Unavailable
from gatewright.domains.processing import (
    Aside,
    Calibration,
    Circle,
    Detection,
    FrameRef,
    LightCurve,
    LightPoint,
    Product,
    ProductState,
    Quality,
    Side,
    StarCatalogue,
)

PROGRAM = "gatewright.backends.processing.program"
_STAR_RADIUS = 0.1
_QUALITY_RADIUS = 0.02
_PIECE = 8 << 20


@dataclass(frozen=True, slots=True)
class WorkshopSettings:
    """Settings of the processing workers."""

    pool: PoolSettings
    """Settings of the pool of processes."""
    products: Path
    """Folder of the product files."""
    catalogues: Mapping[str, StarCatalogue] = field(default_factory=dict)
    """Catalogue of stars by survey; the pool has their folders."""
    threads: int = 1
    """Threads of one process."""


class Workshop:
    """Implements :class:`gatewright.domains.processing.Processor` with processes.

    They start with the first request, and end when ``stack`` is closed.
    """

    def __init__(self, settings: WorkshopSettings, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._stack = stack
        self._pool: ReaderPool | None = None
        self._starting = asyncio.Lock()

    async def coadd(
        self, product: Product, side: Side, place: Circle | None
    ) -> Product:
        arguments = {
            "side": _side_message(side),
            "place": _place_message(place),
            "catalogues": self._catalogues(side.frames),
        }
        return await self._make("coadd", product, arguments, side.frames)

    async def difference(
        self, product: Product, science: Side, reference: Side, place: Circle | None
    ) -> Product:
        arguments = {
            "science": _side_message(science),
            "reference": _side_message(reference),
            "place": _place_message(place),
            "catalogues": self._catalogues(science.frames),
        }
        frames = [*science.frames, *reference.frames]
        return await self._make("difference", product, arguments, frames)

    async def light_curve(
        self, frames: Sequence[FrameRef], ra: float, dec: float, person: str
    ) -> LightCurve:
        arguments = {
            "frames": [frame_message(frame) for frame in frames],
            "ra": ra,
            "dec": dec,
            "around": _STAR_RADIUS,
            "catalogues": self._catalogues(frames),
        }
        function = f"{PROGRAM}:light_curve"
        found = await self.call(function, arguments, frames, person)
        try:
            points = [
                _point(frame, told)
                for frame, told in zip(frames, found["points"], strict=True)
            ]
            first = frames[found["first"]]
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise _other_form() from error
        return LightCurve(ra, dec, first.image, points)

    async def qualities(
        self, frames: Sequence[FrameRef], ra: float, dec: float, person: str
    ) -> Sequence[Quality | str]:
        arguments = {
            "frames": [frame_message(frame) for frame in frames],
            "ra": ra,
            "dec": dec,
            "around": _QUALITY_RADIUS,
        }
        found = await self.call(f"{PROGRAM}:qualities", arguments, frames, person)
        try:
            return [
                one["reason"] or Quality(one["seeing"], one["depth"])
                for _, one in zip(frames, found["frames"], strict=True)
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise _other_form() from error

    async def call(
        self,
        function: str,
        arguments: dict[str, Any],
        frames: Sequence[FrameRef],
        person: str,
    ) -> dict[str, Any]:
        """Return the answer of a worker's function, up to 16 MiB.

        The arguments may be large, such as the examples of a training: they are encoded
        in a thread, and lent to the worker as shared memory.
        """
        pool = await self._started(frames)
        arguments["memory"] = self._settings.pool.memory_bytes
        arguments["threads"] = self._settings.threads
        return await pool.call(
            function,
            {},
            shared=await asyncio.to_thread(Shared.named_by_content, arguments),
            weight=Weight.LONG,
            person=person,
        )

    async def remove(self, product: Product) -> None:
        if product.path is not None:
            await asyncio.to_thread(Path(product.path).unlink, missing_ok=True)

    async def _make(
        self,
        function: str,
        product: Product,
        arguments: dict[str, Any],
        frames: Sequence[FrameRef],
    ) -> Product:
        pool = await self._started(frames)
        arguments["memory"] = self._settings.pool.memory_bytes
        arguments["threads"] = self._settings.threads
        descriptor, size = await pool.file(
            f"{PROGRAM}:{function}",
            {},
            shared=Shared.of(product.id, arguments),
            person=product.owner,
        )
        try:
            path = self._settings.products / f"{product.id}.fits"
            told, identity = await asyncio.to_thread(_keep, descriptor, size, path)
        finally:
            os.close(descriptor)
        try:
            detections = [
                Detection(**{**one, "aside": one["aside"] and Aside(one["aside"])})
                for one in told.pop("detections", [])
            ]
            planes = told.pop("planes")
        except (KeyError, TypeError, ValueError) as error:
            raise _other_form() from error
        return replace(
            product,
            state=ProductState.READY,
            path=str(path),
            identity=identity,
            planes=planes,
            report=told,
            detections=detections,
        )

    def _catalogues(self, frames: Sequence[FrameRef]) -> dict[str, Any]:
        surveys = sorted({survey for frame in frames for survey in frame.surveys})
        known = self._settings.catalogues
        return {name: asdict(known[name]) for name in surveys if name in known}

    async def _started(self, frames: Sequence[FrameRef]) -> ReaderPool:
        async with self._starting:
            if self._pool is None:
                pool = open_pool(self._settings.pool)
                self._pool = await self._stack.enter_async_context(pool)
            self._pool.publish(*{Path(frame.path).parent for frame in frames})
            return self._pool


def _keep(descriptor: int, size: int, path: Path) -> tuple[dict[str, Any], str]:
    """Write a product's file without its report; return the report and the identity.

    The file is written under a temporary name, flushed to disk, then renamed.
    """
    length = int.from_bytes(os.pread(descriptor, TRAILER, size - TRAILER), "big")
    end = size - TRAILER - length
    if size < TRAILER or end < 0:
        raise _other_form()
    told: dict[str, Any] = json.loads(os.pread(descriptor, length, end))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        making = path.with_name(f".{path.name}.{os.getpid()}")
        with making.open("wb") as file:
            done = 0
            while done < end:
                piece = os.pread(descriptor, min(_PIECE, end - done), done)
                if not piece:
                    raise _other_form()
                file.write(piece)
                done += len(piece)
            file.flush()
            os.fsync(file.fileno())
        making.replace(path)
    except OSError as error:
        raise Unavailable(
            f"The product could not be kept: {error.strerror}. Its folder is "
            "“products” in the gateway's state folder."
        ) from error
    status = path.stat()
    # The reader of images tells by the same four numbers whether a file changed.
    numbers = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return told, "-".join(f"{number:x}" for number in numbers)


def _other_form() -> BackendFailed:
    return BackendFailed("The processing worker gave an unexpected answer.")


def frame_message(frame: FrameRef) -> dict[str, Any]:
    """Return a frame reference as a worker reads it."""
    return asdict(frame)


def _side_message(side: Side) -> dict[str, Any]:
    return {"frames": list(map(frame_message, side.frames)), "method": side.method}


def _place_message(place: Circle | None) -> list[float] | None:
    return None if place is None else [place.ra, place.dec, place.radius]


def _point(frame: FrameRef, told: Mapping[str, Any]) -> LightPoint:
    nan = float("nan")
    zero = told.get("zero_point") or {}
    uncalibrated = zero.get("reason")
    scale = told.get("scale") or {"value": nan, "error": nan}
    number = {
        name: nan if value is None else float(value)
        for name, value in (
            ("flux", told.get("flux")),
            ("flux_error", told.get("error")),
            ("scale", scale["value"]),
            ("scale_error", scale["error"]),
        )
    }
    return LightPoint(
        image=frame.image,
        mjd=frame.mjd,
        assumed=frame.assumed,
        band=frame.band,
        upper_limit=told.get("upper_limit"),
        reason=told.get("reason"),
        magnitude=told.get("magnitude"),
        magnitude_error=told.get("magnitude_error"),
        magnitude_limit=told.get("magnitude_limit"),
        calibration=None if uncalibrated or not zero else Calibration(**zero),
        uncalibrated=uncalibrated,
        **number,
    )
