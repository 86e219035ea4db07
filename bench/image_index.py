"""Searching a million images, compared with SQLite's R-tree on their bounding boxes.

Both have the same million images of 0.3 x 0.6 degrees, in 3,000 fields and 300 nights.
The peer asks the R-tree (longitude, latitude, time) for overlapping boxes and then does
the same exact test. Both return the first 1,000 images sorted by time. The
benchmark ``images`` searches the same images through HTTP.
"""

import asyncio
import math
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.support.processes import tell
from gatewright.backends.postgresql import PostgresqlDatabase
from gatewright.backends.sql import Database, Statement, Work
from gatewright.backends.sql.healpix import ORDER
from gatewright.backends.sql.image_rows import COLUMNS, image_of, selected
from gatewright.backends.sql.image_search import exact
from gatewright.backends.sql.images import SqlImageIndex
from gatewright.backends.sql.migrations import migrate, schema_files
from gatewright.backends.sqlite import SQLITE, SqliteDatabase
from gatewright.domains.sky import (
    Circle,
    Image,
    ImageQuery,
    Interval,
    ScannedFile,
    Survey,
    SurveyFile,
)

IMAGES = int(os.environ.get("GATEWRIGHT_BENCH_IMAGES", "1000000"))
FIELDS, QUERIES, PAGE = 3000, 40, 1000
_CELLS = 12 * 4**ORDER
_NIGHTS = """WITH RECURSIVE night(n) AS (SELECT CAST(? AS BIGINT) UNION ALL
  SELECT n + 1 FROM night WHERE n + 1 < ?)"""
_SAME = [
    name
    for name in COLUMNS
    if name not in {"id", "path", "observation", "t_min", "t_max"}
]
_PLACE = f"(i.number - 1 + {FIELDS} * n)"
_FILES = f"""INSERT INTO survey_file (survey, path, identity, left_out) {_NIGHTS}
SELECT i.survey, '/' || {_PLACE}, '', '[]' FROM night, image i
WHERE i.number <= {FIELDS}"""
_IMAGES = f"""INSERT INTO image (number, t, id, path, observation, t_min, t_max,
{", ".join(_SAME)}) {_NIGHTS}
SELECT i.number + {FIELDS} * n, i.t + n, 'bench~' || {_PLACE} || '~0', '/' || {_PLACE},
CAST({_PLACE} AS TEXT), i.t_min + n, i.t_max + n, {", ".join(f"i.{n}" for n in _SAME)}
FROM night CROSS JOIN image i WHERE i.number <= {FIELDS}"""
_COVER = f"""INSERT INTO cover (cell, t, image) {_NIGHTS}
SELECT c.cell, c.t + n, c.image + {FIELDS} * n FROM cover c, night
WHERE c.cell >= ? AND c.cell < ? AND c.image <= {FIELDS}
ORDER BY 1, 2, 3"""
QUESTIONS: dict[str, tuple[float, float]] = {
    "10 arcsec, all time": (10 / 3600, math.inf),
    "10 arcsec, 10 nights": (10 / 3600, 10.0),
    "1 degree, 1 night": (1.0, 1.0),
    "1 degree, all time": (1.0, math.inf),
}


def image(number: int, ra: float, dec: float) -> Image:
    """Return image ``number``, whose field has the given centre in degrees."""
    half = 0.15 / math.cos(math.radians(dec))
    corners = ((-half, -0.3), (half, -0.3), (half, 0.3), (-half, 0.3))
    start = 58000.0 + (number % FIELDS) / (2 * FIELDS) + number // FIELDS
    return Image(
        id=f"bench~{number}~0", survey="bench", path=f"/{number}", identity="",
        hdu=0, polygon=tuple(((ra + x) % 360, dec + y) for x, y in corners), ra=ra,
        dec=dec, fov=0.67, width=2048, height=4096, scale=0.53, file_size=33_560_640,
        observation=str(number), t_min=start, t_max=start + 0.0005,
    )  # fmt: skip


def fields() -> list[tuple[float, float]]:
    """Return the centres of the fields, between declinations -60 and 60 degrees."""
    random = np.random.default_rng(4)
    ra = random.uniform(1, 359, FIELDS)
    dec = random.uniform(-60, 60, FIELDS)
    return list(zip(ra.tolist(), dec.tolist(), strict=True))


async def fill(database: Database, places: list[tuple[float, float]]) -> None:
    """Put all images into the index, and print the rate.

    Those of the first night are put as a scan puts them. The rows of the other nights
    are copies of these with another number, time and path, made in the database.
    """
    index = SqlImageIndex(database)
    await index.save_survey(Survey("bench", "Bench", "/"))
    began = time.perf_counter()
    images = [image(n, *places[n]) for n in range(FIELDS)]
    files = [ScannedFile(SurveyFile(i.path, i.path, ""), [i]) for i in images]
    await index.put_files("bench", files)
    rate = FIELDS / (time.perf_counter() - began)
    print(f"ingest: {rate:.0f} images a second", flush=True)
    began = time.perf_counter()
    indexes = indexes_of("image")
    await execute(database, *(f"DROP INDEX {name}" for name in indexes))
    nights = IMAGES // FIELDS
    for first in range(1, nights, 50):
        some = (first, min(first + 50, nights))
        await execute(database, _FILES, _IMAGES, values=some)
    for cell in range(0, _CELLS, 512):
        await execute(database, _COVER, values=(1, nights, cell, cell + 512))
    for text in indexes.values():
        await execute(database, text)
    if isinstance(database, PostgresqlDatabase):
        await execute(database, "ANALYZE")
    seconds = time.perf_counter() - began
    print(f"{nights * FIELDS} images made in {seconds:.0f} s", flush=True)


def indexes_of(table: str) -> dict[str, str]:
    """Return the statements that create the indexes of a table, by name."""
    parts = [part for schema in schema_files().values() for part in schema.split(";\n")]
    return {
        text.split("INDEX ")[1].split()[0]: text[text.index("CREATE") :]
        for text in map(str.strip, parts)
        if f"ON {table} (" in text
    }


async def execute(
    database: Database, *texts: str, values: Sequence[object] = ()
) -> None:
    """Run statements with the same values in one transaction."""

    def work() -> Work[None]:
        for text in texts:
            yield Statement(text, values)

    await database.run(work)


def fill_tree(path: Path) -> sqlite3.Connection:
    """Put the bounding boxes of all images into an R-tree beside the tables."""
    tree = sqlite3.connect(path)
    tree.execute("CREATE VIRTUAL TABLE box USING rtree(id, w, e, s, n, b, f)")
    rows = tree.execute("SELECT number, ra, dec, t_min, t_max FROM image")
    boxes = (
        (n, ra - h, ra + h, dec - 0.31, dec + 0.31, b, f)
        for n, ra, dec, b, f in rows.fetchall()
        if (h := 0.16 / math.cos(math.radians(abs(dec) + 0.3)))
    )
    tree.executemany("INSERT INTO box VALUES (?, ?, ?, ?, ?, ?, ?)", boxes)
    tree.commit()
    return tree


def ask_tree(
    tree: sqlite3.Connection, circle: Circle, times: Interval | None
) -> list[Image]:
    """Return the first matching images, found with the R-tree."""
    wide = circle.radius / math.cos(math.radians(abs(circle.latitude) + circle.radius))
    low, high = (times.low, times.high) if times else (-1e9, 1e9)
    rows = tree.execute(
        f"SELECT {selected('i')} FROM box JOIN image i ON i.number = box.id "
        "WHERE w <= ? AND e >= ? AND s <= ? AND n >= ? AND b <= ? AND f >= ? "
        "ORDER BY i.t, i.number",
        (
            circle.longitude + wide, circle.longitude - wide,
            circle.latitude + circle.radius, circle.latitude - circle.radius,
            high, low,
        ),
    ).fetchall()  # fmt: skip
    return [image_of(row) for row in exact(rows, [circle])[:PAGE]]


async def timed(way: Callable[[], Coroutine[Any, Any, int]]) -> tuple[float, int]:
    """Return the milliseconds of a call, and its result."""
    began = time.perf_counter()
    count = await way()
    return (time.perf_counter() - began) * 1000, count


async def compare(
    name: str,
    index: SqlImageIndex,
    tree: sqlite3.Connection,
    places: list[tuple[float, float]],
) -> None:
    """Send the same queries to both in turn, and print the times."""
    radius, nights = QUESTIONS[name]
    ours, peers = [], []
    for number in range(QUERIES):
        ra, dec = places[number * 71 % FIELDS]
        circle = Circle(ra + 0.05, dec + 0.1, radius)
        night = 58000.0 + number * 7 % (IMAGES // FIELDS)
        times = None if math.isinf(nights) else Interval(night, night + nights)
        query = ImageQuery(regions=(circle,), times=(times,) if times else ())

        async def own(query: ImageQuery = query) -> int:
            return len((await index.search(query, limit=PAGE)).items)

        async def peer(circle: Circle = circle, times: Interval | None = times) -> int:
            return len(ask_tree(tree, circle, times))

        (one, found), (two, wanted) = await timed(own), await timed(peer)
        assert found == wanted, (name, found, wanted)
        ours.append(one)
        peers.append(two)
    tell(name, ours, peers, "ms")


async def run(folder: Path) -> None:
    """Fill both, and compare them."""
    path = folder / "gateway.sqlite"
    database = await SqliteDatabase.open(path)
    await migrate(database, SQLITE)
    index, places = SqlImageIndex(database), fields()
    await fill(database, places)
    tree = fill_tree(path)
    for name in QUESTIONS:
        await compare(name, index, tree, places)
    tree.close()
    await database.close()


def main() -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


if __name__ == "__main__":
    main()
