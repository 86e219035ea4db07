"""Cut-outs of one place in all its images, of one size."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gatewright.core.caller import Caller
from gatewright.core.errors import GatewayError, NotFound, TooLarge
from gatewright.domains.sky import (
    Circle,
    CutoutRequest,
    Image,
    ImageQuery,
    SkyService,
)

MOST_STAMPS = 200
"""Most images of one answer."""
_AT_ONCE = 4


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
    sky: SkyService, caller: Caller, query: ImageQuery, request: CutoutRequest
) -> Sequence[Stamp]:
    """Return the padded cut-outs of the images that have a place, in order of time.

    Raises
    ------
    NotFound
        No image has the place.
    TooLarge
        More than 200 images have it.
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
    turn = asyncio.Semaphore(_AT_ONCE)

    async def stamp(image: Image) -> Stamp:
        async with turn:
            try:
                content = await sky.cut(caller, image, request)
            except GatewayError as error:
                if error.transient:
                    raise
                return Stamp(image, b"", error.text)
        if content.descriptor is None:
            return Stamp(image, content.data)
        try:
            return Stamp(image, os.pread(content.descriptor, content.size, 0))
        finally:
            os.close(content.descriptor)

    return await asyncio.gather(*map(stamp, images))
