"""Draws maps of footprints with the pool of reader processes."""

from typing import Any

import numpy as np

from gatewright.backends.readers import ReaderPool, Shared
from gatewright.core.errors import BackendFailed
from gatewright.domains.sky import (
    Content,
    DepthOfImages,
    Footprints,
    MapFormat,
    SkyOverlap,
)

PROGRAM = "gatewright.backends.footprints.program"
"""Module whose functions the reader processes run."""
_MEDIA = {MapFormat.PNG: "image/png", MapFormat.SVG: "image/svg+xml"}


class PooledFootprintPainter:
    """Implements :class:`gatewright.domains.sky.FootprintPainter`.

    Parameters
    ----------
    pool
        The reader processes, which must load :data:`PROGRAM`.
    """

    def __init__(self, pool: ReaderPool) -> None:
        self._pool = pool

    async def draw(
        self, footprints: Footprints, title: str, subtitle: str, form: MapFormat
    ) -> Content:
        words = {"title": title, "subtitle": subtitle, "form": str(form)}
        async with self._pool.window(
            f"{PROGRAM}:draw", words, shared=_shared(footprints)
        ) as view:
            data = bytes(view)
        return Content(len(data), _MEDIA[form], f"coverage.{form}", data=data)

    async def overlap(self, footprints: Footprints) -> SkyOverlap:
        told = await self._pool.call(
            f"{PROGRAM}:overlap", {}, shared=_shared(footprints)
        )
        try:
            return SkyOverlap(
                footprints,
                bool(told["whole"]),
                float(told["ra"]),
                float(told["dec"]),
                float(told["resolution"]),
                [
                    DepthOfImages(int(images), float(area))
                    for images, area in told["depths"]
                ],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BackendFailed("The reader gave an unexpected answer.") from error


def _shared(footprints: Footprints) -> Shared:
    """Return footprints as arguments of calls: numbers as bytes, little-endian."""
    arguments: dict[str, Any]
    if footprints.cells is None:
        arguments = {
            "outlines": [
                [np.asarray(area, "<f8").tobytes() for area in areas]
                for areas in footprints.outlines
            ]
        }
    else:
        cells = footprints.cells
        arguments = {
            "cells": np.fromiter(cells.keys(), "<i8", len(cells)).tobytes(),
            "counts": np.fromiter(cells.values(), "<i8", len(cells)).tobytes(),
        }
    return Shared.named_by_content(arguments)
