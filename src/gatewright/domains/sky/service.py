"""Surveys and images for callers: who may see what, and the order of things."""

from collections.abc import Sequence
from dataclasses import replace

from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import NotFound
from gatewright.core.pages import Page
from gatewright.domains.sky import geometry
from gatewright.domains.sky.model import (
    Content,
    Coverage,
    CutoutRequest,
    Image,
    ImageQuery,
    Survey,
)
from gatewright.domains.sky.ports import ImageIndex, ImageReader


class SkyService:
    """What the faces may do with images; a survey one may not see is not there."""

    def __init__(self, index: ImageIndex, reader: ImageReader) -> None:
        self._index = index
        self._reader = reader

    async def surveys(self, caller: Caller) -> Sequence[Survey]:
        """Return the surveys that the caller may see."""
        caller.require(Scope.SKY_READ)
        return [s for s in await self._index.surveys() if s.access.admits(caller)]

    async def survey(self, caller: Caller, survey: str) -> tuple[Survey, Coverage]:
        """Return one survey and what it holds.

        Raises
        ------
        NotFound
            There is none of that name that the caller may see.
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
        visible = {survey.id for survey in await self.surveys(caller)}
        wanted = visible & set(query.surveys) if query.surveys else visible
        if query.nothing or not wanted:
            return Page([])
        narrowed = replace(query, surveys=sorted(wanted))
        return await self._index.search(narrowed, limit=limit, cursor=cursor)

    async def image(self, caller: Caller, image: str) -> Image:
        """Return one image.

        Raises
        ------
        NotFound
            There is none of that name that the caller may see.
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
            The region does not meet the image.
        """
        caller.require(Scope.SKY_READ)
        areas = geometry.stack_polygons(
            list(map(geometry.polygon_vectors, image.areas))
        )
        if not request.region.meets(areas).any():
            raise NotFound(
                "The region does not meet this image, which lies round "
                f"ra {image.ra:.5f}, dec {image.dec:.5f}.",
                ra=image.ra,
                dec=image.dec,
            )
        return await self._reader.cut(image, request)

    async def file(self, caller: Caller, image: Image) -> Content:
        """Return the whole file of an image that :meth:`image` returned."""
        caller.require(Scope.SKY_READ)
        return await self._reader.open(image)
