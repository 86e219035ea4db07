"""Finds the frames that a request selects, among the images that a caller may see."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import (
    Conflict,
    InvalidContent,
    NotFound,
    NotSignedIn,
)
from gatewright.domains.processing import (
    COADD,
    Circle,
    FrameRef,
    Plane,
    Product,
    ProductState,
)
from gatewright.domains.sky import Circle as Region
from gatewright.domains.sky import Image, ImageKind, ImageQuery, SkyService
from gatewright.operations.found_images import found_images
from gatewright.operations.product_images import frame_of
from gatewright.operations.weighted_frames import weighted_frames

MOST_IMAGES = 500
"""Most images of one product, or of one light curve."""
_KINDS = (ImageKind.SCIENCE, ImageKind.REFERENCE, ImageKind.DIFFERENCE)
FindCoadd = Callable[[Caller, str], Awaitable[Product]]
"""Returns a coadd by its id, or raises NotFound."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Images selected by id, by a search, or as an existing coadd."""

    images: Sequence[str] = ()
    """Ids of images."""
    query: ImageQuery | None = None
    """A search for images."""
    coadd: str | None = None
    """Id of a coadd."""


class Selections:
    """Finds images and frames."""

    def __init__(self, sky: SkyService, coadd: FindCoadd) -> None:
        self._sky = sky
        self._coadd = coadd

    async def frames(
        self, caller: Caller, chosen: Selection, place: Circle | None
    ) -> list[FrameRef]:
        """Return the frames of a selection by time; those without a time are last."""
        caller.require(Scope.SKY_READ)
        if not caller.signed_in:
            raise NotSignedIn("Sign in, or send a token, to process images.")
        if chosen.coadd is not None:
            found = await self._coadd(caller, chosen.coadd)
            return [await self.coadd_frame(caller, found)]
        images = await self.images(caller, chosen, place)
        if not images:
            raise NotFound(
                "This selection finds no image that you may see; widen it, or name "
                "images."
            )
        others = [image.id for image in images if image.kind not in _KINDS]
        if others:
            raise InvalidContent(
                f"“{others[0]}” is not an image of the sky. Name images of the kinds "
                f"{', '.join(_KINDS)}."
            )
        refs = await weighted_frames(self._sky, caller, images)
        return sorted(refs, key=lambda r: (r.mjd is None, r.mjd or 0.0, r.image))

    async def images(
        self, caller: Caller, chosen: Selection, place: Circle | None
    ) -> list[Image]:
        """Return the images of a selection; of a coadd, those that it was made of."""
        if chosen.query is not None:
            return await self.search(caller, chosen.query, place, MOST_IMAGES)
        names = chosen.images
        if chosen.coadd is not None:
            found = (await self._coadd(caller, chosen.coadd)).request["images"]
            names = found if isinstance(found, list) else []
        return [await self._sky.image(caller, name) for name in dict.fromkeys(names)]

    async def coadd_frame(self, caller: Caller, product: Product) -> FrameRef:
        """Return a coadd as a frame, at the mean time of its images, of their band."""
        if product.state is not ProductState.READY or product.path is None:
            raise Conflict(
                f"The coadd “{product.id}” is {product.state}. "
                + (product.reason or "Try again in a few seconds.")
            )
        # Those of the report reach the region; the request may name others.
        side = product.report.get("side")
        names = side["images"] if isinstance(side, dict) else product.request["images"]
        frames: list[FrameRef] = []
        with suppress(NotFound):  # an image that is gone tells no time any more
            frames = [
                frame_of(await self._sky.image(caller, name))
                for name in (names if isinstance(names, list) else [])
            ]
        times = [frame.mjd for frame in frames if frame.mjd is not None]
        bands = {frame.band for frame in frames}
        return FrameRef(
            image=f"{COADD}{product.id}",
            surveys=tuple(product.surveys),
            path=product.path,
            identity=product.identity,
            hdu=product.planes[Plane.COADD],
            mjd=sum(times) / len(times) if times else None,
            assumed=any(frame.assumed for frame in frames),
            band=bands.pop() if len(bands) == 1 else None,
        )

    async def search(
        self, caller: Caller, query: ImageQuery, place: Circle | None, most: int
    ) -> list[Image]:
        """Return all images that a search finds within a circle.

        Raises
        ------
        TooLarge
            More than ``most`` are found.
        """
        if place is not None:
            region = Region(place.ra, place.dec, place.radius)
            query = replace(query, regions=(*query.regions, region))
        return await found_images(
            self._sky, caller, query, most,
            f"More than {most} images are found; narrow the selection by “time”, "
            "“band” or “pos”.",
        )  # fmt: skip
