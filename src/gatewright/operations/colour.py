"""Chooses the images of a picture in colour."""

from dataclasses import replace

from gatewright.core.caller import Caller
from gatewright.core.errors import NotFound
from gatewright.domains.sky import Circle, Image, ImageQuery, SkyService, geometry
from gatewright.operations.found_images import found_images

MOST_IMAGES = 1000
"""Most images of one band among which one is chosen."""


async def colour_image(
    sky: SkyService, caller: Caller, chosen: str, query: ImageQuery, place: Circle
) -> Image:
    """Return the image of an id, or of a band the one that has a place best.

    Among the images of the band that ``query`` finds and that have the place, it is the
    one whose centre is nearest to the place, and of several the first in time.

    Raises
    ------
    NotFound
        There is no such image, or none of the band has the place.
    TooLarge
        More than 1000 images of the band have it.
    """
    if "~" in chosen:
        return await sky.image(caller, chosen)
    middle = replace(place, radius=0.0)
    wanted = replace(query, regions=(middle,), bands=(chosen,))
    images = await found_images(
        sky, caller, wanted, MOST_IMAGES,
        f"More than {MOST_IMAGES} images of the band “{chosen}” have this place; "
        "narrow the choice by “time” or “survey”, or name images.",
    )  # fmt: skip
    if not images:
        raise NotFound(
            f"No image of the band “{chosen}” that you may see has this place."
        )
    here = geometry.point(place.longitude, place.latitude)
    return min(
        images,
        key=lambda image: float(
            geometry.angle(geometry.point(image.ra, image.dec), here)
        ),
    )
