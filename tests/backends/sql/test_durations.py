"""Images of seconds and of years, which a search within a time finds alike."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.backends.sql.databases import SECONDS, Opener
from tests.support.migrated import open_migrated

from gatewright.backends.sql.database import Database, Statement, Work
from gatewright.backends.sql.healpix import region_cells
from gatewright.backends.sql.image_search import BEFORE_ALL, candidates
from gatewright.backends.sql.images import SqlImageIndex
from gatewright.backends.sql.migrations import Dialect, migrate, schema_files
from gatewright.backends.sqlite import SqliteDatabase
from gatewright.domains.sky import Circle, Image, ImageQuery, Interval
from gatewright.testing.square_images import SURVEY, all_ids, scanned, square_image

_DAYS = (0.0, 0.05, 0.1, 0.11, 1.0, 2.0, 2.5, 100.0, 101.0, 4000.0)
_HERE = (Circle(10, 20, 0.1),)
_OUTLINE = ((0.0, -10.0), (20.0, -10.0), (20.0, 30.0), (0.0, 30.0))
_WINDOWS = (
    (57_000.0, 58_000.0),
    (58_000.05, 58_000.06),
    (58_000.1, 58_001.0),
    (58_002.0, 58_002.2),
    (58_050.0, 58_100.0),
    (58_100.5, 58_101.5),
    (58_101.5, 61_000.0),
    (62_000.0, 62_000.5),
    (62_000.6, 63_000.0),
)


def images() -> list[Image]:
    """Return images of one place that begin at one time, and one without a time."""
    made = [
        square_image(n, 10, 20, t_min=58_000.0, days=days)
        for n, days in enumerate(_DAYS)
    ]
    wide = replace(
        square_image(20, 10, 20, t_min=58_000.5, days=4000.0),
        polygon=(),
        pieces=(_OUTLINE,),
    )
    return [*made, wide, square_image(21, 10, 20)]


async def check(index: SqlImageIndex, every: Sequence[Image]) -> None:
    """Check searches of a place in many windows, and in all time."""
    assert sorted(await all_ids(index, ImageQuery(regions=_HERE))) == sorted(
        one.id for one in every
    )
    for low, high in _WINDOWS:
        window = Interval(low, high)
        query = ImageQuery(regions=_HERE, times=(window,))
        assert sorted(await all_ids(index, query)) == sorted(
            one.id for one in every if window.meets(one.t_min, one.t_max)
        )


async def covers(database: Database) -> int:
    (row,) = await database.read("SELECT COUNT(*) AS rows FROM cover")
    return int(row["rows"])


async def test_images_of_all_durations(databases: tuple[Database, Database]) -> None:
    index = SqlImageIndex(databases[0])
    await index.save_survey(SURVEY)
    every = images()
    await index.put_files("night", [scanned(image) for image in every])
    await check(index, every)
    await index.claim("night", "me", 1.0, 2.0)
    await index.finish("night", "me", 1.5)
    cells = set(region_cells([Circle(10, 20, 2)]) or ())
    coverage = await index.coverage("night")
    assert coverage.images == len(every)
    assert coverage.cells > len(cells)  # those of the wide image too
    await index.remove_files("night", [image.path for image in every])
    assert not await covers(databases[0])


async def test_an_index_from_before_durations(
    backend: tuple[Opener, Dialect],
) -> None:
    """Cells of long images are numbered anew, and the images found as before."""
    open_database, dialect = backend
    schema = schema_files()
    last = "0051_durations.sql"
    database = await open_database()
    await migrate(database, dialect, {n: t for n, t in schema.items() if n != last})
    index = SqlImageIndex(database)
    await index.save_survey(SURVEY)
    every = images()
    await index.put_files("night", [scanned(image) for image in every])

    def work() -> Work[None]:
        yield Statement(
            "UPDATE cover SET cell = CASE WHEN cell < 0 THEN -1 ELSE cell % 49152 END"
        )

    await database.run(work)
    before = await covers(database)
    assert await migrate(database, dialect) == [last]
    assert await covers(database) == before
    await check(index, every)
    await index.remove_files("night", [image.path for image in every])
    assert not await covers(database)
    await database.close()


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Return an index with 3,000 images of one place, one each day."""
    database = await open_migrated(tmp_path / "a.sqlite")
    index = SqlImageIndex(database)
    await index.save_survey(SURVEY)
    nights = [square_image(n, 10, 20, t_min=58_000.0 + n) for n in range(3000)]
    await index.put_files("night", [scanned(image) for image in nights])
    await database.close()
    return tmp_path / "a.sqlite"


def work_of(path: Path) -> int:
    """Return how many instructions SQLite needs to search a place in one night."""
    counted: list[int] = []
    connection = sqlite3.connect(path)
    connection.set_progress_handler(lambda: counted.append(1), 1)
    query = ImageQuery(
        regions=_HERE, times=(Interval(60_000.0, 60_001.0),), surveys=("night",)
    )
    text, values = candidates(query, region_cells(_HERE), BEFORE_ALL, 400)
    assert len(connection.execute(text, values).fetchall()) == 2
    connection.close()
    return len(counted)


async def test_one_coadd_of_years_does_not_slow_searches_of_a_night(
    path: Path,
) -> None:
    before = work_of(path)
    database = await SqliteDatabase.open(path, seconds=SECONDS)
    index = SqlImageIndex(database)
    far = square_image(9999, 200, -20, t_min=58_000.0, days=3000.0)
    await index.put_files("night", [scanned(far)])
    await database.close()
    assert work_of(path) < 2 * before
