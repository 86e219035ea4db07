"""Cut-outs of one place in all its images, of one size."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gatewright.core.caller import Caller
from gatewright.core.errors import GatewayError, NotFound, TooLarge
from gatewright.domains.sky import (
    Circle,
    Content,
    CutoutFormat,
    CutoutRequest,
    Image,
    ImageQuery,
    SkyService,
)

MOST_STAMPS = 200
"""Most images of one answer."""
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


async def stamps(
    sky: SkyService,
    caller: Caller,
    query: ImageQuery,
    request: CutoutRequest,
    most_bytes: int,
    caption: Callable[[Image], str] | None = None,
) -> Sequence[Stamp]:
    """Return the padded cut-outs of the images that have a place, in order of time.

    They are cut one after the other, so that one request has one reader at most, and
    all of them have at most ``most_bytes``. ``caption`` returns the words that are
    drawn on the picture of an image. Aligned pictures of a circle without a radius are
    as wide as ``request.pixels`` of the finest image.

    Raises
    ------
    NotFound
        No image has the place.
    TooLarge
        More than 200 images have it, or the cut-outs have more than ``most_bytes``.
    """
    assert isinstance(request.region, Circle)  # noqa: S101  # the caller made it
    middle = replace(request.region, radius=0.0)
    query = replace(query, regions=(middle,))
    page = await sky.search(caller, query, limit=MOST_STAMPS)
    images = list(page.items)
    while page.next is not None:
        page = await sky.search(caller, query, limit=MOST_STAMPS, cursor=page.next)
        images += page.items
        if len(images) > MOST_STAMPS:
            raise TooLarge(
                f"More than {MOST_STAMPS} images have this place; narrow the search by "
                "“time”, “band” or “survey”."
            )
    if not images:
        raise NotFound("No image that you may see has this place.")
    if request.aligned and request.region.radius == 0:
        scale = min(image.scale for image in images) / 3600.0
        radius = scale * (request.pixels or 1) / 2
        request = replace(request, region=replace(request.region, radius=radius))
    pixels = request.pixels or 0
    size = len(images) * pixels**2 * _PIXEL_BYTES
    if request.format is CutoutFormat.FITS and size > most_bytes:
        raise _too_large(len(images), most_bytes)
    found: list[Stamp] = []
    left = most_bytes
    for image in images:
        try:
            one = replace(request, caption=caption(image)) if caption else request
            content = await sky.cut(caller, image, one)
        except GatewayError as error:
            if error.transient:
                raise
            found.append(Stamp(image, b"", error.text))
            continue
        left -= content.size
        # Shielded, so that the descriptor is closed even if the request is cancelled.
        reading = asyncio.to_thread(_taken, content, enough=left >= 0)
        found.append(Stamp(image, await asyncio.shield(reading)))
        if left < 0:
            raise _too_large(len(images), most_bytes)
    return found


def _taken(content: Content, *, enough: bool) -> bytes:
    """Return the bytes of content if there is ``enough`` room; close its descriptor."""
    if content.descriptor is None:
        return content.data
    try:
        return os.pread(content.descriptor, content.size, 0) if enough else b""
    finally:
        os.close(content.descriptor)


def _too_large(images: int, most_bytes: int) -> TooLarge:
    return TooLarge(
        f"The cut-outs of these {images} images have more than {most_bytes:,} bytes, "
        "the most of one archive; ask for fewer “pixels”, or narrow the search by "
        "“time”, “band” or “survey”."
    )
