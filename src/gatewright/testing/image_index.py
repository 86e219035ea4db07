"""Contract tests of the index of images.

Subclass :class:`ImageIndexContract` in a test module and provide the fixture ``index``:
an empty :class:`gatewright.domains.sky.ImageIndex`.
"""

import time
from dataclasses import fields, replace

import numpy as np
import pytest

from gatewright.core.access import access_of
from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky import (
    Circle,
    Coverage,
    Image,
    ImageIndex,
    ImageKind,
    ImageQuery,
    Interval,
    Polygon,
    Range,
    Reading,
    Region,
    Survey,
    SurveyRules,
)
from gatewright.testing.square_images import (
    SURVEY,
    all_ids,
    meeting,
    scanned,
    square_image,
)


class ImageIndexContract:
    """Tests that every index of images passes."""

    async def put(self, index: ImageIndex, *images: Image) -> None:
        await index.save_survey(SURVEY)
        await index.put_files("night", [scanned(image) for image in images])

    async def test_a_survey_is_kept_and_changed(self, index: ImageIndex) -> None:
        assert await index.survey("night") is None
        await index.save_survey(SURVEY)
        assert await index.survey("night") == SURVEY
        changed = replace(SURVEY, title="Nights", access=access_of(["ada", "team"]))
        await index.save_survey(changed)
        assert list(await index.surveys()) == [changed]

    async def test_an_image_comes_back_whole(self, index: ImageIndex) -> None:
        image = replace(
            square_image(1, 10, 20, t_min=58000.5, band="g"),
            seeing=1.1,
            depth=23.4,
            facility="Blanco",
            instrument="DECam",
            target="M 67",
            kind=ImageKind.WEIGHT,
            planes=8,
            samples=4,
            polarizations="/I/Q/",
        )
        await self.put(index, image)
        found = await index.image(image.id)
        assert found is not None
        assert np.allclose(found.polygon, image.polygon, atol=1e-9)
        assert replace(found, polygon=image.polygon) == image
        assert await index.image("night~none~0") is None

    async def test_pages_are_in_order_of_time(self, index: ImageIndex) -> None:
        times = [5.0, None, 3.0, 3.0, None, 1.0, 4.0, 2.0]
        images = [square_image(n, 10, 20, t_min=t) for n, t in enumerate(times)]
        await self.put(index, *images)
        near = ImageQuery(regions=(Circle(10, 20, 0.1),))
        for query in (ImageQuery(), near):
            for limit in (1, 3, 8, 100):
                ids = await all_ids(index, query, limit)
                assert [int(i.split("~")[1]) for i in ids] == [5, 7, 2, 3, 6, 0, 1, 4]

    async def test_columns_have_the_same_pages(self, index: ImageIndex) -> None:
        for survey in ("a", "b", "c"):
            await index.save_survey(replace(SURVEY, id=survey))
        images = [
            square_image(
                n, 10, 20, survey="abc"[n % 3], t_min=float(n * 7 % 11) or None
            )
            for n in range(150)
        ]
        whole = square_image(999, 10, 20, survey="b", t_min=3.5)
        pieces = (whole.polygon, ((10.0, 19.0), (11.0, 19.0), (11.0, 21.0)))
        images.append(replace(whole, polygon=(), pieces=pieces, time_assumed=True))
        for survey in ("a", "b", "c"):
            own = [image for image in images if image.survey == survey]
            await index.put_files(survey, list(map(scanned, own)))
        near = (Circle(10, 20, 0.1),)
        for query, found in (
            (ImageQuery(), 151), (ImageQuery(surveys=("b",)), 51),
            (ImageQuery(surveys=("a", "c")), 100),
            (ImageQuery(surveys=("a", "b", "c"), regions=near), 151),
            (ImageQuery(surveys=("b", "c"), times=(Interval(3.2, 5.1),)), None),
            (ImageQuery(surveys=("none",)), 0), (ImageQuery(words={"id": "x"}), 0),
        ):  # fmt: skip
            for limit in (1, 40, 1000):
                count, cursor, order = 0, None, []
                while True:
                    page = await index.search(query, limit=limit, cursor=cursor)
                    table = await index.table(query, limit=limit, cursor=cursor)
                    assert table.next == page.next
                    for name, values in table.columns.items():
                        assert [getattr(i, name) for i in page.items] == list(values)
                    assert len(table.columns) == len(fields(Image))
                    order += [i.t_min or 1e300 for i in page.items]
                    count, cursor = count + len(page.items), page.next
                    if cursor is None:
                        break
                assert found in {count, None}
                assert order == sorted(order)

    async def test_a_foreign_cursor_is_refused(self, index: ImageIndex) -> None:
        for cursor in ("x", "WzFd", "W251bGwsMV0", ""):
            with pytest.raises(InvalidRequest):
                await index.search(ImageQuery(), limit=1, cursor=cursor)
            with pytest.raises(InvalidRequest):
                await index.table(ImageQuery(), limit=1, cursor=cursor)

    async def test_times(self, index: ImageIndex) -> None:
        images = [square_image(n, 10, 20, t_min=float(n), days=0.5) for n in range(9)]
        images.append(square_image(9, 10, 20, t_min=0.0, days=20.0))
        images.append(square_image(10, 10, 20))
        await self.put(index, *images)
        for region in ((), (Circle(10, 20, 1),)):
            for low, high in ((2.2, 4.7), (2.6, 2.9), (-9, 99), (8.5, 8.5), (30, 40)):
                query = ImageQuery(regions=region, times=(Interval(low, high),))
                wanted = {
                    i.id for i in images if Interval(low, high).meets(i.t_min, i.t_max)
                }
                assert set(await all_ids(index, query)) == wanted
        both = ImageQuery(times=(Interval(0, 0.1), Interval(7, float("inf"))))
        assert len(await all_ids(index, both)) == 4

    async def test_bands(self, index: ImageIndex) -> None:
        bands = ["g", "r", None, "g", "i"]
        images = [square_image(n, 10, 20, band=b) for n, b in enumerate(bands)]
        await self.put(index, *images)

        async def numbers(query: ImageQuery) -> list[int]:
            return sorted(int(i.split("~")[1]) for i in await all_ids(index, query))

        assert await numbers(ImageQuery(bands=("g",))) == [0, 3]
        assert await numbers(ImageQuery(bands=("r filter", "i"))) == [1, 4]
        assert await numbers(ImageQuery(wavelengths=(Interval(5e-7, 6e-7),))) == [
            0,
            1,
            3,
        ]
        mixed = ImageQuery(bands=("i",), wavelengths=(Interval(6e-7, 6.1e-7),))
        assert await numbers(mixed) == [1, 4]

    async def test_numbers_and_words(self, index: ImageIndex) -> None:
        first = replace(square_image(1, 10, 20), seeing=0.8, target="a' b")
        second = replace(square_image(2, 10, 20), seeing=1.8, kind=ImageKind.MASK)
        await self.put(index, first, second, square_image(3, 10, 20))

        async def one(**conditions: object) -> list[str]:
            query = ImageQuery(**conditions)  # type: ignore[arg-type]
            return await all_ids(index, query)

        below = {"seeing": (Interval(-float("inf"), 1.0),)}
        assert await one(numbers=below) == [first.id]
        assert await one(words={"target": ("a' b", "c")}) == [first.id]
        assert await one(words={"id": (second.id.upper(),)}) == [second.id]
        assert await one(kinds=(ImageKind.MASK,)) == [second.id]
        assert await one(surveys=("other",)) == []

    async def test_packed_files(self, index: ImageIndex) -> None:
        plain = square_image(1, 10, 20)
        zipped = replace(square_image(2, 10, 20), path="/night/a.fits.GZ")
        packed = replace(square_image(3, 10, 20), path="/night/b_gz.fits.bz2")
        await self.put(index, plain, zipped, packed)

        async def found(*packings: str) -> list[str]:
            return await all_ids(index, ImageQuery(packings=packings))

        assert await found("fits") == [plain.id]
        assert await found("gz") == [zipped.id]
        assert await found("fits", "bz2") == [plain.id, packed.id]

    async def test_cubes(self, index: ImageIndex) -> None:
        radio = replace(square_image(1, 10, 20), planes=6, polarizations="/I/LR/")
        line = replace(square_image(2, 10, 20), planes=9)
        await self.put(index, radio, line, square_image(3, 10, 20))

        async def found(query: ImageQuery) -> list[str]:
            return await all_ids(index, query)

        cubes = {"planes": (Interval(2, float("inf")),)}
        assert await found(ImageQuery(numbers=cubes)) == [radio.id, line.id]
        assert await found(ImageQuery(polarizations=("L", "V"))) == []
        assert await found(ImageQuery(polarizations=("V", "LR"))) == [radio.id]

    async def test_a_file_is_replaced_whole(self, index: ImageIndex) -> None:
        old = square_image(1, 10, 20)
        await self.put(index, old)
        assert await index.files("night") == {old.path: old.identity}
        moved = replace(square_image(1, 50, -20), identity="new")
        await index.put_files("night", [scanned(moved, "HDU 2: a cube")])
        assert await index.files("night") == {old.path: "new"}
        there = ImageQuery(regions=(Circle(10, 20, 1),))
        assert await all_ids(index, there) == []
        elsewhere = ImageQuery(regions=(Circle(50, -20, 1),))
        assert await all_ids(index, elsewhere) == [moved.id]
        left_out = (await index.coverage("night")).left_out
        assert [item.reason for item in left_out] == ["HDU 2: a cube"]
        await index.remove_files("night", [old.path])
        assert await index.files("night") == {}
        assert await index.image(old.id) is None

    async def test_a_removed_survey_takes_its_images(self, index: ImageIndex) -> None:
        await self.put(index, *(square_image(n, 10, 20) for n in range(3)))
        await index.save_survey(Survey("other", "Other", "/other"))
        other = square_image(9, 10, 20, survey="other")
        await index.put_files("other", [scanned(other)])
        await index.remove_survey("night")
        assert await index.survey("night") is None
        assert await all_ids(index, ImageQuery()) == [other.id]

    async def test_nothing_is_put_into_a_removed_survey(
        self, index: ImageIndex
    ) -> None:
        await self.put(index, square_image(1, 10, 20))
        assert await index.claim("night", "me", 100.0, 200.0)
        await index.remove_survey("night")
        await index.put_files("night", [scanned(square_image(2, 10, 20))])
        assert await index.files("night") == {}
        assert not await index.claim("night", "me", 110.0, 210.0)

    async def test_other_rules_have_all_files_read_again(
        self, index: ImageIndex
    ) -> None:
        image = square_image(1, 10, 20)
        await self.put(index, image)
        await index.save_survey(replace(SURVEY, title="Other"))
        assert await index.files("night") == {image.path: image.identity}
        ruled = replace(SURVEY, rules=SurveyRules({"VR": "500-760"}, calib_level=3))
        await index.save_survey(ruled)
        assert await index.survey("night") == ruled
        assert await index.files("night") == {image.path: ""}
        assert await all_ids(index, ImageQuery()) == [image.id]

    async def test_how_far_a_scan_is(self, index: ImageIndex) -> None:
        await index.save_survey(SURVEY)
        now = time.time()
        assert await index.claim("night", "me", now, now + 600.0)
        await index.tell("night", "me", Reading(64, 640))
        await index.tell("night", "other", Reading(1, 2))
        assert (await index.coverage("night")).reading == Reading(64, 640)
        await index.finish("night", "me", now)
        assert (await index.coverage("night")).reading is None

    async def test_a_scan_that_was_killed_is_not_going_on(
        self, index: ImageIndex
    ) -> None:
        await index.save_survey(SURVEY)
        assert await index.claim("night", "me", 100.0, 200.0)
        await index.tell("night", "me", Reading(64, 640))
        assert (await index.coverage("night")).reading is None

    async def test_levels_of_calibration(self, index: ImageIndex) -> None:
        levels = [replace(square_image(n, 10, 20), calib_level=n) for n in range(1, 4)]
        await self.put(index, *levels)
        query = ImageQuery(numbers={"calib_level": (Interval(2, 3),)})
        assert await all_ids(index, query) == [levels[1].id, levels[2].id]

    async def test_images_of_several_pieces(self, index: ImageIndex) -> None:
        """They are found in each of their outlines, and removed completely."""
        small = square_image(1, 10, 20)
        east, west = (square_image(n, n * 10.0, 0, 5.0).polygon for n in (2, 20))
        wide = replace(square_image(2, 20, 0), polygon=(), pieces=(east, west))
        coverage = await self.covered(index, small, wide)
        assert coverage.cells > 50
        found = await index.image(wide.id)
        assert found is not None
        assert found.polygon == ()
        assert np.allclose(found.pieces, wide.pieces)
        for place, wanted in (
            (Circle(20, 1, 0), [wide.id]),
            (Circle(200, -1, 0.1), [wide.id]),
            (Circle(110, 0, 5), []),
            (Range(5, 25, -5, 30), [small.id, wide.id]),
        ):
            assert await all_ids(index, ImageQuery(regions=(place,))) == wanted
        await index.remove_files("night", [wide.path])
        here = ImageQuery(regions=(Circle(20, 1, 0),))
        assert await all_ids(index, here) == []

    async def test_coverage(self, index: ImageIndex) -> None:
        assert (await index.coverage("night")).images == 0
        images = [
            square_image(1, 10, 20, t_min=5.0, band="g"),
            square_image(2, 100, -60, t_min=7.0, band="g"),
            replace(square_image(3, 100, -60, band="r"), kind=ImageKind.WEIGHT),
        ]
        await self.put(index, *images)
        assert await index.claim("night", "me", 100.0, 200.0)
        await index.finish("night", "me", 150.0)
        coverage = await index.coverage("night")
        assert coverage.images == 3
        assert coverage.kinds == {"science": 2, "weight": 1}
        assert coverage.bands == {"g": 2}
        assert (coverage.t_min, coverage.t_max) == (5.0, 7.01)
        assert 2 <= coverage.cells <= 8
        assert coverage.scanned_at == 150.0

    async def test_the_area_of_a_survey_is_that_of_its_footprints(
        self, index: ImageIndex
    ) -> None:
        images = [
            square_image(1, 10, 20),
            square_image(2, 100, -60),
            replace(square_image(3, 100, -60), kind=ImageKind.WEIGHT),
        ]
        assert (await self.covered(index, *images)).area == pytest.approx(2 * 0.2**2)

    async def test_the_area_of_a_survey_that_looks_again_is_that_of_its_cells(
        self, index: ImageIndex
    ) -> None:
        images = [square_image(n, 10 + n / 100, 20) for n in range(200)]
        coverage = await self.covered(index, *images)
        assert coverage.area == pytest.approx(coverage.cells * 0.8393, rel=1e-3)

    async def covered(self, index: ImageIndex, *images: Image) -> Coverage:
        await self.put(index, *images)
        assert await index.claim("night", "me", 100.0, 200.0)
        await index.finish("night", "me", 150.0)
        return await index.coverage("night")

    async def test_one_scanner_at_a_time(self, index: ImageIndex) -> None:
        await index.save_survey(SURVEY)
        assert await index.claim("night", "one", 100.0, 200.0)
        assert not await index.claim("night", "two", 150.0, 250.0)
        assert await index.claim("night", "one", 150.0, 250.0)
        assert await index.claim("night", "two", 300.0, 400.0)
        await index.finish("night", "one", 310.0)
        assert not await index.claim("night", "one", 310.0, 400.0)
        await index.finish("night", "two", 320.0)
        assert await index.claim("night", "one", 330.0, 400.0)

    async def test_regions_as_without_an_index(self, index: ImageIndex) -> None:
        random = np.random.default_rng(11)
        images = []
        for n in range(1500):
            # Half of them crowd round a pole, the first meridian and one field.
            ra, dec = (
                random.uniform(0, 360),
                np.degrees(np.arcsin(random.uniform(-1, 1))),
            )
            if n % 4 == 0:
                ra, dec = random.choice([0.0, 359.95, 0.05]), random.uniform(-2, 2)
            elif n % 4 == 1:
                dec = random.uniform(88.5, 89.9)
            elif n % 4 == 2:
                ra, dec = 40 + random.uniform(-2, 2), 30 + random.uniform(-2, 2)
            side = random.uniform(0.05, 1.2)
            images.append(square_image(n, float(ra), float(dec), side))
        await self.put(index, *images)
        for region in self.regions(random):
            query = ImageQuery(regions=(region,))
            found = await all_ids(index, query, 500)
            assert len(found) == len(set(found))
            assert set(found) == meeting(images, region), region

    def regions(self, random: np.random.Generator) -> list[Region]:
        regions: list[Region] = [
            Circle(0, 0, 0.5), Circle(360, 1, 0), Circle(12, 90, 1), Circle(40, 30, 3),
            Circle(200, -90, 15), Circle(40, 30, 50), Circle(1, 1, 180),
            Range(359, 1, -1, 1), Range(0, 360, -0.1, 0.1), Range(0, 360, 89, 90),
            Range(0, 360, -90, 90), Range(38, 42, 29, 31), Range(40, 40, 30, 30),
            Range(10, 350, 80, 89.9), Range(359.99, 0.01, 88, 90),
            Polygon(((39, 29), (41, 29), (41, 31), (39, 31))),
            Polygon(((358, -2), (2, -2), (2, 2), (358, 2))),
            Polygon(((0, 88), (120, 88), (240, 88))),
            Polygon(((0, -50), (100, -40), (90, 60), (10, 50))),
        ]  # fmt: skip
        for _ in range(15):
            ra, dec = random.uniform(0, 360), random.uniform(-89, 89)
            regions.append(Circle(float(ra), float(dec), float(random.uniform(0, 8))))
        return regions
