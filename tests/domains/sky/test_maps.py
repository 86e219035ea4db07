"""Who gets maps of a survey, and what is said of its images."""

import pytest
from tests.domains.sky.test_service import ADA, GUEST, SURVEYS, Index, Reader

from gatewright.core.errors import NotFound
from gatewright.domains.sky import (
    Content,
    Footprints,
    ImageQuery,
    MapFormat,
    SkyOverlap,
    SkyService,
    SurveyMaps,
    sentence_of,
)


class Where:
    def __init__(self) -> None:
        self.asked: list[ImageQuery] = []

    async def footprints(self, query: ImageQuery) -> Footprints:
        self.asked.append(query)
        return Footprints(2)


class Painter:
    async def draw(
        self, footprints: Footprints, title: str, subtitle: str, form: MapFormat
    ) -> Content:
        return Content(4, f"{title}/{subtitle}/{form}", "map", data=b"map!")

    async def overlap(self, footprints: Footprints) -> SkyOverlap:
        return SkyOverlap(
            footprints, whole_sky=True, ra=1.0, dec=2.0, resolution=0.1, depths=()
        )


async def test_only_the_survey_itself_is_shown_to_whom_it_is_open() -> None:
    where = Where()
    maps = SurveyMaps(SkyService(Index(*SURVEYS), Reader()), where, Painter())
    other = ImageQuery(surveys=["open"])
    drawn = await maps.draw(ADA, "team", other, MapFormat.SVG)
    assert drawn.media_type.endswith("/2 images./svg")
    assert (await maps.overlap(ADA, "team", other)).footprints.images == 2
    assert [query.surveys for query in where.asked] == [("team",), ("team",)]
    with pytest.raises(NotFound):
        await maps.draw(GUEST, "team", other, MapFormat.PNG)
    with pytest.raises(NotFound):
        await maps.overlap(GUEST, "team", other)
    assert len(where.asked) == 2


@pytest.mark.parametrize(
    ("footprints", "sentence"),
    [
        (Footprints(0), "No images."),
        (Footprints(1), "1 image."),
        (Footprints(12345, {"g": 5}), "12,345 images in g."),
        (
            Footprints(3, {"g": 1, "i": 1, "r": 1}, 58849.0, 58849.5),
            "3 images in g, i and r, of 2020-01-01.",
        ),
        (
            Footprints(2, {}, 58849.0, 58850.5),
            "2 images, from 2020-01-01 to 2020-01-02.",
        ),
        (Footprints(1, {}, 58849.0, None), "1 image, of 2020-01-01."),
    ],
)
def test_what_is_said_of_images(footprints: Footprints, sentence: str) -> None:
    assert sentence_of(footprints) == sentence
