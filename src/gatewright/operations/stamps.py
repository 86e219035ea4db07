"""Cut-outs of one place in all its images, of one size."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gatewright.core.caller import Caller
from gatewright.core.errors import GatewayError, NotFound, TooLarge
from gatewright.domains.sky import (
    Circle,
    CutoutFormat,
    CutoutRequest,
    Image,
    ImageQuery,
    SkyService,
    odd_side,
    sides,
)
from gatewright.operations.found_images import found_images

MOST_STAMPS = 200
"""Most images of one answer."""
MOST_SIDE = 256
"""Most pixels on a side of a cut-out."""
_PIXEL_BYTES = 4
"""Bytes of a pixel of a padded cut-out in FITS, which has 32-bit floats."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The pixels of one image round a place."""

    image: Image
    """The image."""
    data: bytes
    """The cut-out; empty where there is none."""
    reason: str = ""
    """Why there is none."""
    partners: Sequence[Image] = ()
    """The weight, uncertainty and mask that are cut out beside it."""


@dataclass(frozen=True, slots=True)
class StampsRequest:
    """Which cut-outs of a place are asked for, and how they are made."""

    query: ImageQuery
    """The images; those that have the place are cut."""
    cutout: CutoutRequest
    """The place, a circle, and the size and form of each cut-out."""
    most_bytes: int
    """Most bytes of all cut-outs together."""
    caption: Callable[[Image], str] | None = None
    """Returns the words that are drawn on the picture of an image."""
    partners: bool = False
    """Whether the weight, uncertainty and mask of an image are cut out beside it, as
    extensions of one FITS file."""
    one_file: bool = False
    """Whether the cut-outs are the extensions of one FITS file without its primary HDU;
    their EXTVER counts from 1."""


async def stamps(
    sky: SkyService, caller: Caller, asked: StampsRequest
) -> Sequence[Stamp]:
    """Return the padded cut-outs of the images that have a place, in order of time.

    They are cut one after the other, so that one request has one reader at most.

    Raises
    ------
    NotFound
        No image has the place.
    TooLarge
        More than 200 images have it, a cut-out has more than 256 pixels on a side, or
        all have more than ``most_bytes``.
    """
    request, most_bytes = asked.cutout, asked.most_bytes
    assert isinstance(request.region, Circle)  # noqa: S101  # the caller made it
    middle = replace(request.region, radius=0.0)
    query = replace(asked.query, regions=(middle,))
    images = await found_images(
        sky, caller, query, MOST_STAMPS,
        f"More than {MOST_STAMPS} images have this place; narrow the search by “time”, "
        "“band” or “survey”.",
    )  # fmt: skip
    if not images:
        raise NotFound("No image that you may see has this place.")
    requests = _sized(request, request.region, [image.scale for image in images])
    beside = await sky.partners(caller, images, middle) if asked.partners else {}
    planes = [1 + len(beside.get(image.id, ())) for image in images]
    pixels = sum(
        (one.pixels or 0) ** 2 * many
        for one, many in zip(requests, planes, strict=True)
    )
    size = pixels * _PIXEL_BYTES
    if request.format is CutoutFormat.FITS and size > most_bytes:
        raise _too_large(len(images), most_bytes)
    found: list[Stamp] = []
    left = most_bytes
    number = 1
    for image, one in zip(images, requests, strict=True):
        more = beside.get(image.id, ())
        cutout = replace(
            one,
            caption=asked.caption(image) if asked.caption else "",
            version=number if asked.one_file else None,
        )
        try:
            content = await (
                sky.cut_together(caller, image, more, cutout)
                if asked.partners or asked.one_file
                else sky.cut(caller, image, cutout)
            )
        except GatewayError as error:
            if error.transient:
                raise
            found.append(Stamp(image, b"", error.text))
            continue
        left -= content.size
        data = bytes(content.data)
        if content.descriptor is not None:
            # Shielded, so that it is closed even if the request is cancelled.
            args = (content.descriptor, content.size)
            reading = asyncio.to_thread(_taken, *args, enough=left >= 0)
            data = await asyncio.shield(reading)
        found.append(Stamp(image, data, partners=more))
        number += 1
        if left < 0:
            raise _too_large(len(images), most_bytes)
    return found


def _sized(
    request: CutoutRequest, circle: Circle, scales: Sequence[float]
) -> Sequence[CutoutRequest]:
    """Return the request of each image, whose pixels have so many arcseconds.

    Aligned pictures have one size. Without a radius they are as wide as
    ``request.pixels`` of the finest image, and with ``request.arcsec`` they have as
    many pixels as the finest image has there.

    Raises
    ------
    TooLarge
        A cut-out has more than 256 pixels on a side.
    """
    finest, arcsec = min(scales), request.arcsec
    if request.aligned and arcsec is not None:
        pixels = min(MOST_SIDE, odd_side(arcsec, finest))
        request = replace(request, pixels=pixels)
    elif request.aligned and circle.radius == 0:
        radius = finest / 3600.0 * (request.pixels or 1) / 2
        request = replace(request, region=replace(circle, radius=radius))
    if request.aligned or arcsec is None:
        return [request] * len(scales)
    widths = sides(arcsec, scales)
    if max(widths) > MOST_SIDE:
        raise TooLarge(
            f"{arcsec:g} arcsec are {max(widths)} pixels of an image here, more than "
            f"{MOST_SIDE}. Ask for fewer “arcsec”, or cut out of each image by itself."
        )
    return [replace(request, pixels=width) for width in widths]


def _taken(descriptor: int, size: int, *, enough: bool) -> bytes:
    """Return the bytes of a file if there is ``enough`` room, and close it."""
    try:
        return os.pread(descriptor, size, 0) if enough else b""
    finally:
        os.close(descriptor)


def _too_large(images: int, most_bytes: int) -> TooLarge:
    return TooLarge(
        f"The cut-outs of these {images} images have more than {most_bytes:,} bytes, "
        "the most of one archive; ask for fewer “pixels” or “arcsec”, or narrow the "
        "search by “time”, “band” or “survey”."
    )
