"""Gives callers maps of where the images of a survey are."""

from dataclasses import replace

from gatewright.core.caller import Caller
from gatewright.domains.sky.footprints import (
    FootprintIndex,
    FootprintPainter,
    Footprints,
    MapFormat,
    SkyOverlap,
)
from gatewright.domains.sky.model import Content, ImageQuery
from gatewright.domains.sky.service import SkyService
from gatewright.domains.sky.times import mjd_text


class SurveyMaps:
    """What faces can do with maps of a survey.

    All methods raise NotFound for a survey that the caller may not see.

    Parameters
    ----------
    sky
        The surveys that a caller may see.
    index
        Where images are.
    painter
        Draws the maps.
    """

    def __init__(
        self, sky: SkyService, index: FootprintIndex, painter: FootprintPainter
    ) -> None:
        self._sky = sky
        self._index = index
        self._painter = painter

    async def draw(
        self, caller: Caller, survey: str, query: ImageQuery, form: MapFormat
    ) -> Content:
        """Return a map of the survey's images that a query finds.

        Raises
        ------
        NotFound
            The caller can see no survey of this id.
        TooLarge
            Counting so many images would take too long.
        """
        found, _ = await self._sky.survey(caller, survey)
        own = replace(query, surveys=(survey,))
        footprints = await self._index.footprints(own)
        return await self._painter.draw(
            footprints, found.title, sentence_of(footprints), form
        )

    async def overlap(
        self, caller: Caller, survey: str, query: ImageQuery
    ) -> SkyOverlap:
        """Return the numbers that the map of :meth:`draw` shows.

        Raises
        ------
        NotFound, TooLarge
            As :meth:`draw`.
        """
        await self._sky.survey(caller, survey)
        own = replace(query, surveys=(survey,))
        return await self._painter.overlap(await self._index.footprints(own))


def sentence_of(footprints: Footprints) -> str:
    """Return how many images there are, in which bands, and from when to when."""
    if not footprints.images:
        return "No images."
    told = f"{footprints.images:,} image{'s' if footprints.images > 1 else ''}"
    bands = list(footprints.bands)
    if bands:
        *others, last = bands
        told += f" in {', '.join(others)} and {last}" if others else f" in {last}"
    if footprints.t_min is not None:
        first, end = mjd_text(footprints.t_min)[:10], None
        if footprints.t_max is not None:
            end = mjd_text(footprints.t_max)[:10]
        told += f", of {first}" if end in {None, first} else f", from {first} to {end}"
    return f"{told}."
