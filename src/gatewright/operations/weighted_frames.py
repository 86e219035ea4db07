"""Finds the weight maps of images that are processed."""

from collections.abc import Sequence

from gatewright.core.caller import Caller
from gatewright.domains.processing import FrameRef
from gatewright.domains.sky import Circle, Image, SkyService, geometry
from gatewright.operations.product_images import frame_of


async def weighted_frames(
    sky: SkyService, caller: Caller, images: Sequence[Image]
) -> list[FrameRef]:
    """Return images as frames, in their order, with the weight maps that they have.

    One search around an image finds the maps of all images that are close to it.
    """
    partners: dict[str, Sequence[Image]] = {}
    left = list(images)
    while left:
        first = left.pop(0)
        around = Circle(first.ra, first.dec, min(180.0, first.fov))
        places = (geometry.point(one.ra, one.dec) for one in left)
        near = [one for one, at in zip(left, places, strict=True) if around.holds(at)]
        partners |= await sky.partners(caller, [first, *near], around)
        left = [one for one in left if one.id not in partners]
    return [frame_of(image, partners[image.id]) for image in images]
