"""How the service finds the partners of images, and has them cut."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.domains.sky.test_service import Index, Reader, image
from tests.support.app import caller
from typing_extensions import override

from gatewright.core.access import PUBLIC
from gatewright.core.errors import InvalidContent, NotFound, TimedOut
from gatewright.core.pages import Page
from gatewright.domains.sky import (
    Circle,
    Content,
    CutoutRequest,
    Image,
    ImageKind,
    ImageQuery,
    SkyService,
    Survey,
    SurveyRules,
)

RULES = SurveyRules(kinds={"*.q.fits": "mask"})
SURVEYS = (
    Survey("one", "One", "/one", access=PUBLIC, rules=RULES),
    Survey("two", "Two", "/two", access=PUBLIC),
)
PLACE = Circle(10.5, 10.5, 0.0)


def of(survey: str, name: str, kind: ImageKind = ImageKind.SCIENCE) -> Image:
    return replace(image(survey, name), kind=kind)


class Paged(Index):
    """An index with one image on each page."""

    partners = (
        of("one", "a.q.fits", ImageKind.MASK),
        of("two", "a.q.fits", ImageKind.MASK),
        of("one", "a.wt.fits", ImageKind.WEIGHT),
        of("two", "a.wt.fits", ImageKind.WEIGHT),
    )

    @override
    async def search(
        self, query: ImageQuery, *, limit: int, cursor: str | None = None
    ) -> Page[Image]:
        self.asked.append(query)
        found = [one for one in self.partners if one.survey in query.surveys]
        place = int(cursor or 0)
        after = str(place + 1) if place + 1 < len(found) else None
        return Page(found[place : place + 1], after)


class Together(Reader):
    async def cut_together(
        self, images: Sequence[Image], request: CutoutRequest
    ) -> Content:
        return Content(len(images), "", images[0].id)


async def test_partners_are_of_the_image_s_own_survey_and_its_names() -> None:
    index = Paged(*SURVEYS)
    sky, images = (
        SkyService(index, Reader()),
        [of("one", "a.fits"), of("two", "a.fits")],
    )
    found = await sky.partners(caller("bob"), images, PLACE)
    assert [one.id for one in found["one~a.fits~0"]] == [
        "one~a.wt.fits~0",
        "one~a.q.fits~0",
    ]
    assert [one.id for one in found["two~a.fits~0"]] == ["two~a.wt.fits~0"]
    assert {query.kinds for query in index.asked} == {
        (ImageKind.WEIGHT, ImageKind.UNCERTAINTY, ImageKind.MASK)
    }
    none = await sky.partners(caller("bob"), [of("two", "b.fits")], PLACE)
    assert none == {"two~b.fits~0": []}


async def test_a_survey_that_was_removed_has_no_names_and_no_partners() -> None:
    sky = SkyService(Paged(SURVEYS[1]), Reader())
    found = await sky.partners(caller("bob"), [of("one", "a.fits")], PLACE)
    assert found == {"one~a.fits~0": []}


async def test_a_search_that_takes_too_long_ends_and_says_so() -> None:
    class Endless(Paged):
        @override
        async def search(
            self, query: ImageQuery, *, limit: int, cursor: str | None = None
        ) -> Page[Image]:
            await asyncio.sleep(0)
            return Page([], "again")

    sky = SkyService(Endless(*SURVEYS), Reader(), seconds=0.1)
    with pytest.raises(TimedOut, match="Narrow the search"):
        await sky.partners(caller("bob"), [of("one", "a.fits")], PLACE)


async def test_they_are_cut_together_where_the_reader_can() -> None:
    science, mask = of("one", "a.fits"), of("one", "a.q.fits", ImageKind.MASK)
    asked, bob = CutoutRequest(PLACE), caller("bob")
    sky = SkyService(Index(*SURVEYS), Together())
    made = await sky.cut_together(bob, science, [mask], asked)
    assert (made.size, made.name) == (2, science.id)
    away = replace(asked, region=Circle(50.0, 10.5, 0.0))
    with pytest.raises(NotFound, match="does not meet"):
        await sky.cut_together(bob, science, [mask], away)
    with pytest.raises(InvalidContent, match="one by one"):
        await SkyService(Index(*SURVEYS), Reader()).cut_together(
            bob, science, [mask], asked
        )
