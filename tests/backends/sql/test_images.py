"""The index of images in SQLite and PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.backends.sql.databases import SECONDS, Opener
from tests.support.migrated import open_migrated

from gatewright.backends.postgresql import PostgresqlDatabase
from gatewright.backends.sql.database import Statement, Work
from gatewright.backends.sql.healpix import polygon_cells, region_cells
from gatewright.backends.sql.image_rows import INSERT_IMAGE, image_values
from gatewright.backends.sql.image_search import BEFORE_ALL, candidates
from gatewright.backends.sql.images import SqlImageIndex
from gatewright.backends.sql.migrations import Dialect, migrate, schema_files
from gatewright.domains.sky import Circle, Image, ImageQuery, Interval
from gatewright.testing.image_index import ImageIndexContract
from gatewright.testing.square_images import (
    SURVEY,
    all_ids,
    meeting,
    scanned,
    square_image,
)


class TestSqlite(ImageIndexContract):
    @pytest.fixture
    async def index(self, tmp_path: Path) -> AsyncIterator[SqlImageIndex]:
        database = await open_migrated(tmp_path / "gateway.sqlite")
        yield SqlImageIndex(database)
        await database.close()


class TestPostgresql(ImageIndexContract):
    @pytest.fixture
    async def index(self, postgresql_tables: str) -> AsyncIterator[SqlImageIndex]:
        database = await PostgresqlDatabase.open(postgresql_tables, seconds=SECONDS)
        yield SqlImageIndex(database)
        await database.close()

    async def test_a_long_query_of_many_surveys_is_answered(
        self, index: SqlImageIndex
    ) -> None:
        told = {"exposure": 10.2, "fov": 11.2, "seeing": 12.2, "depth": 13.2}
        image = replace(square_image(1, 10, 10), t_min=5.2, t_max=5.3, **told)  # type: ignore[arg-type]  # all floats
        await self.put(index, image)
        intervals = [Interval(n, n + 0.5) for n in range(64)]
        query = ImageQuery(
            times=intervals,
            numbers=dict.fromkeys(told, intervals),
            surveys=["night", *(f"s{number}" for number in range(60))],
        )
        assert await all_ids(index, query) == [image.id]


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[SqlImageIndex]:
    database = await open_migrated(tmp_path / "gateway.sqlite")
    yield SqlImageIndex(database)
    await database.close()


def nights(count: int) -> list[Image]:
    """Return images of 400 fields over 250 nights."""
    random = np.random.default_rng(5)
    ra = random.uniform(0, 360, 400)
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, 400)))
    fields = [square_image(n, float(ra[n]), float(dec[n]), 0.6) for n in range(400)]
    return [
        replace(
            fields[n % 400],
            id=f"night~{n:06}~0",
            path=f"/night/{n:06}.fits",
            t_min=58000.0 + n // 400 + (n % 400) / 800,
            t_max=58000.01 + n // 400 + (n % 400) / 800,
        )
        for n in range(count)
    ]


@pytest.mark.timeout(900)
async def test_a_hundred_thousand_images(sqlite: SqlImageIndex) -> None:
    images = nights(100_000)
    await sqlite.save_survey(SURVEY)
    await sqlite.put_files("night", [scanned(image) for image in images])
    for place in range(0, 400, 80):
        image = images[place]
        region = Circle(image.ra, image.dec, 0.3)
        for times in ((), (Interval(58010, 58020),)):
            query = ImageQuery(regions=(region,), times=times)
            found = await all_ids(sqlite, query, 1000)
            fields = {int(i.split("~")[1]) for i in meeting(images[:400], region)}
            wanted = {
                i.id
                for n, i in enumerate(images)
                if n % 400 in fields and (not times or times[0].meets(i.t_min, i.t_max))
            }
            assert set(found) == wanted
            assert len(wanted) >= (10 if times else 250)


async def test_a_rare_image_in_a_wide_region(sqlite: SqlImageIndex) -> None:
    """A page may be short, and still the next one finds the rest."""
    images = [square_image(n, 200, 0, t_min=float(n)) for n in range(4100)]
    images.append(square_image(4100, 20, 0, t_min=9000.0))
    await sqlite.save_survey(SURVEY)
    await sqlite.put_files("night", [scanned(image) for image in images])
    query = ImageQuery(regions=(Circle(20, 0, 60),))
    assert await all_ids(sqlite, query) == [images[-1].id]


@pytest.mark.parametrize("radius", [0.1, 3.0, 8.0])
async def test_images_of_a_survey_are_read_after_those_of_the_cells(
    tmp_path: Path, radius: float
) -> None:
    """SQLite would read all images of the survey instead if the cells are many."""
    database = await open_migrated(tmp_path / "gateway.sqlite")
    query = ImageQuery(
        regions=(Circle(100.0, 20.0, radius),),
        times=(Interval(59000.0, 59000.1),),
        surveys=("night",),
    )
    cells = region_cells(query.regions)
    text, values = candidates(query, cells, BEFORE_ALL, 100)
    rows = await database.read(f"EXPLAIN QUERY PLAN {text}", *values)
    plan = [row["detail"] for row in rows]
    of_images = [line for line in plan if line.startswith(("SEARCH i ", "SCAN i"))]
    assert of_images == ["SEARCH i USING INDEX sqlite_autoindex_image_1 (number=?)"]
    await database.close()


async def test_an_index_from_before_cubes(backend: tuple[Opener, Dialect]) -> None:
    """Its images are found as before, and every file is read once more."""
    open_database, dialect = backend
    schema = schema_files()
    before = {name: text for name, text in schema.items() if name < "0041"}
    database = await open_database()
    await migrate(database, dialect, before)
    old = square_image(3, 10, 20, t_min=58000.0, band="g")
    values = image_values(7, old)
    kept = dict(zip(_columns(INSERT_IMAGE), values, strict=True))
    later = ("planes", "samples", "polarizations", "calib_level", "pieces")
    for name in (*later, "time_assumed"):
        del kept[name]
    names, marks = ", ".join(kept), ", ".join("?" for _ in kept)
    text = f"INSERT INTO image ({names}) VALUES ({marks})"
    file = "INSERT INTO survey_file VALUES ('night', ?, ?, '[]')"
    cover = "INSERT INTO cover VALUES (?, ?, 7)"

    def work() -> Work[None]:
        yield Statement(text, tuple(kept.values()))
        yield Statement(file, (old.path, old.identity))
        for cell in polygon_cells(old.polygon):
            yield Statement(cover, (cell, 58000.0))

    await database.run(work)
    after = [name for name in schema if name not in before]
    assert await migrate(database, dialect) == after
    assert await migrate(database, dialect) == []
    index = SqlImageIndex(database)
    await index.save_survey(SURVEY)
    found = await index.image(old.id)
    assert found is not None
    assert replace(found, polygon=old.polygon) == old
    assert (found.planes, found.samples, found.polarizations) == (1, 1, None)
    near = ImageQuery(regions=(Circle(10, 20, 0.1),), numbers={"planes": _ONE})
    assert await all_ids(index, near) == [old.id]
    assert await index.files("night") != {old.path: old.identity}
    new = replace(old, planes=5, samples=5, polarizations="/I/")
    await index.put_files("night", [scanned(new)])
    assert await index.files("night") == {old.path: old.identity}
    changed = await index.image(old.id)
    assert changed is not None
    assert (changed.planes, changed.polarizations) == (5, "/I/")
    assert await all_ids(index, ImageQuery()) == [old.id]
    await database.close()


_ONE = (Interval(1, 1),)


def _columns(insert: str) -> list[str]:
    """Return the names of the columns that a statement fills."""
    return insert.split("(", 1)[1].split(")", 1)[0].replace(",", " ").split()
