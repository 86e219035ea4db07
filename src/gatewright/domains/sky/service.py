"""Gives callers the surveys and images that they may see."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from gatewright.core.access import Access
from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import InvalidContent, NotFound, TimedOut
from gatewright.core.pages import Page, pages
from gatewright.domains.sky.areas import areas_of
from gatewright.domains.sky.kinds import PARTNERS
from gatewright.domains.sky.model import (
    ColourRequest,
    Content,
    Coverage,
    CutoutRequest,
    Image,
    ImageQuery,
    ImageTable,
    Survey,
)
from gatewright.domains.sky.partners import partners_of, role_words
from gatewright.domains.sky.places import NO_NAMES, Places
from gatewright.domains.sky.ports import (
    ColourReader,
    ImageIndex,
    ImageReader,
    PartnerReader,
)
from gatewright.domains.sky.regions import Region

_PAGE = 1000
"""Most images of one page of a search for partners."""
_SEARCH_SECONDS = 30.0


class SkyService:
    """What faces can do with surveys and images.

    All methods raise NotAllowed, or NotSignedIn for a visitor, without the scope
    ``sky:read``. A survey that a caller may not see is treated as one that does not
    exist.
    """

    def __init__(
        self,
        index: ImageIndex,
        reader: ImageReader,
        places: Places = NO_NAMES,
        seconds: float = _SEARCH_SECONDS,
    ) -> None:
        self._index = index
        self._reader = reader
        self.places = places
        self._seconds = seconds

    async def surveys(self, caller: Caller) -> Sequence[Survey]:
        """Return the surveys that the caller may see."""
        caller.require(Scope.SKY_READ)
        return [s for s in await self._index.surveys() if s.access.admits(caller)]

    async def rules(self) -> Mapping[str, Access]:
        """Return the access rule of each survey, to decide who may see it."""
        return {survey.id: survey.access for survey in await self._index.surveys()}

    async def survey(self, caller: Caller, survey: str) -> tuple[Survey, Coverage]:
        """Return a survey and its coverage.

        Raises
        ------
        NotFound
            The caller can see no survey of this id.
        """
        caller.require(Scope.SKY_READ)
        found = await self._index.survey(survey)
        if found is None or not found.access.admits(caller):
            raise NotFound("There is no such survey.")
        return found, await self._index.coverage(survey)

    async def search(
        self,
        caller: Caller,
        query: ImageQuery,
        *,
        limit: int,
        cursor: str | None = None,
    ) -> Page[Image]:
        """Return a page of the images that a query finds and the caller may see."""
        narrowed = await self._visible(caller, query)
        if narrowed is None:
            return Page([])
        return await self._index.search(narrowed, limit=limit, cursor=cursor)

    async def table(
        self,
        caller: Caller,
        query: ImageQuery,
        *,
        limit: int,
        cursor: str | None = None,
    ) -> ImageTable:
        """Return the page that :meth:`search` returns, as columns."""
        narrowed = await self._visible(caller, query)
        if narrowed is None:
            return ImageTable({field.name: () for field in fields(Image)})
        return await self._index.table(narrowed, limit=limit, cursor=cursor)

    async def _visible(self, caller: Caller, query: ImageQuery) -> ImageQuery | None:
        """Return a query for what the caller may see; None if that is nothing."""
        visible = {survey.id for survey in await self.surveys(caller)}
        wanted = visible & set(query.surveys) if query.surveys else visible
        if query.nothing or not wanted:
            return None
        return replace(query, surveys=sorted(wanted))

    async def image(self, caller: Caller, image: str) -> Image:
        """Return the image of an id.

        Raises
        ------
        NotFound
            The caller can see no image of this id.
        """
        caller.require(Scope.SKY_READ)
        found = await self._index.image(image)
        survey = None if found is None else await self._index.survey(found.survey)
        if found is None or survey is None or not survey.access.admits(caller):
            raise NotFound("There is no such image.")
        return found

    async def cut(
        self, caller: Caller, image: Image, request: CutoutRequest
    ) -> Content:
        """Return a cut-out of an image that :meth:`image` returned.

        Raises
        ------
        NotFound
            The region does not meet the image, or the file is gone.
        Conflict
            The file changed since it was indexed.
        TooLarge
            The cut-out would be larger than is allowed.
        """
        self._require_overlap(caller, image, request)
        return await self._reader.cut(image, request)

    async def partners(
        self, caller: Caller, images: Sequence[Image], place: Region
    ) -> Mapping[str, Sequence[Image]]:
        """Return the weight, uncertainty and mask of each image, by the image's id.

        The images all contain ``place``. Those without a partner have an empty
        sequence.

        Raises
        ------
        TimedOut
            The search takes longer than a reader may take for a file.
        """
        others: dict[str, list[Image]] = {}
        surveys = sorted({image.survey for image in images})
        query = ImageQuery(regions=(place,), kinds=PARTNERS, surveys=surveys)
        try:
            async with asyncio.timeout(self._seconds):
                async for page in pages(
                    lambda cursor: self.search(
                        caller, query, limit=_PAGE, cursor=cursor
                    )
                ):
                    for one in page.items:
                        others.setdefault(one.survey, []).append(one)
        except TimeoutError as error:
            raise TimedOut(
                "The weights, uncertainties and masks at this place were not all found "
                f"within {self._seconds:g} s. Narrow the search by “survey”, or ask "
                "without “partners”."
            ) from error
        found: dict[str, Sequence[Image]] = {}
        for survey in surveys:
            told = await self._index.survey(survey)
            roles = role_words({} if told is None else told.rules.kinds)
            own = [image for image in images if image.survey == survey]
            found |= partners_of(own, others.get(survey, ()), roles)
        return found

    async def cut_together(
        self,
        caller: Caller,
        image: Image,
        partners: Sequence[Image],
        request: CutoutRequest,
    ) -> Content:
        """Return an image's cut-out and those of its partners as extensions of FITS.

        Raises
        ------
        NotFound, Conflict, TooLarge
            As :meth:`cut`, for any of them.
        InvalidContent
            They cannot be extensions of one file.
        """
        self._require_overlap(caller, image, request)
        if not isinstance(self._reader, PartnerReader):
            raise InvalidContent("Images are cut out one by one here.")
        return await self._reader.cut_together((image, *partners), request)

    def _require_overlap(
        self, caller: Caller, image: Image, request: CutoutRequest
    ) -> None:
        """Raise NotFound where the region of a cut-out does not meet the image."""
        caller.require(Scope.SKY_READ)
        if not areas_of(image.areas).meet(request.region):
            raise NotFound(
                "The region does not meet this image, whose centre is at "
                f"ra {image.ra:.5f}, dec {image.dec:.5f}.",
                ra=image.ra,
                dec=image.dec,
            )

    async def colour(
        self,
        caller: Caller,
        images: tuple[Image, Image, Image],
        request: ColourRequest,
    ) -> Content:
        """Return a picture of images for red, green and blue, all from :meth:`image`.

        Raises
        ------
        NotFound, Conflict, TooLarge
            As :meth:`cut`, for any of the images.
        InvalidContent
            The images cannot be combined in colour.
        """
        caller.require(Scope.SKY_READ)
        if not isinstance(self._reader, ColourReader):
            raise InvalidContent("Images are shown in grey levels only here.")
        return await self._reader.colour(images, request)

    async def file(self, caller: Caller, image: Image) -> Content:
        """Return the whole file of an image that :meth:`image` returned.

        Raises
        ------
        NotFound
            The file is gone.
        Conflict
            The file changed since it was indexed.
        """
        caller.require(Scope.SKY_READ)
        return await self._reader.open(image)
