"""Collects all images that a search finds, up to a limit."""

from gatewright.core.caller import Caller
from gatewright.core.errors import TooLarge
from gatewright.core.pages import pages
from gatewright.domains.sky import Image, ImageQuery, SkyService

_PAGE = 200


async def found_images(
    sky: SkyService, caller: Caller, query: ImageQuery, most: int, too_many: str
) -> list[Image]:
    """Return all images that a search finds and the caller may see.

    Raises
    ------
    TooLarge
        There are more than ``most``; ``too_many`` is the message.
    """
    images: list[Image] = []
    async for page in pages(
        lambda cursor: sky.search(caller, query, limit=_PAGE, cursor=cursor)
    ):
        images += page.items
        if len(images) > most:
            raise TooLarge(too_many)
    return images
