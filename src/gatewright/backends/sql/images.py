"""The index of images as tables."""

import asyncio
import json
from collections.abc import Mapping, Sequence

from gatewright.backends.sql.covers import covers_of, stored_cells
from gatewright.backends.sql.database import (
    Batch,
    Database,
    Lock,
    Row,
    Statement,
    Values,
    Work,
)
from gatewright.backends.sql.former_surveys import (
    SURVEYS,
    check_former,
    is_former,
    retire,
)
from gatewright.backends.sql.healpix import healpix_is_loaded, region_cells
from gatewright.backends.sql.image_counts import count_images
from gatewright.backends.sql.image_rows import (
    ID,
    INSERT_IMAGE,
    NO_SURVEY,
    NUMBER,
    TIME,
    coverage_of,
    image_of,
    image_time,
    image_values,
    images_by_column,
    reasons_of,
    rules_text,
    selected,
    single_image_of,
    survey_of,
)
from gatewright.backends.sql.image_search import (
    BEFORE_ALL,
    candidates,
    exact,
)
from gatewright.backends.sql.records import readable
from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.sky import (
    Circle,
    Coverage,
    Image,
    ImageQuery,
    ImageTable,
    LeftOut,
    Range,
    Reading,
    Region,
    ScannedFile,
    Survey,
)

_SAVE = """
INSERT INTO survey (id, title, pattern, access, configured, rules, longest, scanner,
scanner_until) VALUES (?, ?, ?, ?, ?, ?, 0, '', 0) ON CONFLICT (id) DO UPDATE SET
title = excluded.title, pattern = excluded.pattern, access = excluded.access,
configured = excluded.configured, rules = excluded.rules
"""
_READ_AGAIN = """
UPDATE survey_file SET identity = '' WHERE survey = ?
AND NOT EXISTS (SELECT 1 FROM survey WHERE id = ? AND rules = ?)
"""
_CLAIM = """
UPDATE survey SET scanner = ?, scanner_until = ?
WHERE id = ? AND (scanner = ? OR scanner_until < ?) RETURNING id
"""
_SURVEY = "SELECT * FROM survey WHERE id = ?"
_CHANGED = "UPDATE survey SET reading = COALESCE(reading, '') || ' ' WHERE id = ?"
_COUNTED = "SELECT reading, summary FROM survey WHERE id = ?"
_UNCHANGED = """
UPDATE survey SET scanner = '', scanner_until = 0, scanned_at = ?
WHERE id = ? AND scanner = ?
"""
_FINISH = """
UPDATE survey SET scanner = '', scanner_until = 0, scanned_at = ?, summary = ?,
reading = CASE WHEN reading = ? THEN NULL ELSE reading END
WHERE id = ? AND scanner = ?
"""
_TELL = "UPDATE survey SET reading = ? WHERE id = ? AND scanner = ?"
_LEFT_OUT = """
SELECT path, left_out FROM survey_file WHERE survey = ? AND left_out <> '[]'
ORDER BY path LIMIT 100
"""
_PUT_FILE = """
INSERT INTO survey_file (survey, path, identity, left_out) VALUES (?, ?, ?, ?)
ON CONFLICT (survey, path) DO UPDATE SET identity = excluded.identity,
left_out = excluded.left_out
"""
_LONGEST = "UPDATE survey SET longest = ? WHERE id = ? AND longest < ?"
_COVER = "INSERT INTO cover (cell, t, image) VALUES (?, ?, ?)"
_UNCOVER = "DELETE FROM cover WHERE cell = ? AND t = ? AND image = ?"
_IMAGE = f"SELECT {selected('i')} FROM image i WHERE i.id = ?"  # noqa: S608  # own names
_CHUNK = 4000
_EXAMINED = 40_000
_TOGETHER = 500
_AT_ONCE = 50
_SMALL = 3.0
_FEW = 8


class SqlImageIndex:
    """Implements :class:`gatewright.domains.sky.ImageIndex` with a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def surveys(self) -> Sequence[Survey]:
        rows = await self._database.read(SURVEYS)
        return readable(rows, survey_of, "id")

    async def survey(self, survey: str) -> Survey | None:
        rows = await self._survey_rows(survey)
        return next(iter(readable(rows, survey_of, "id")), None)

    async def save_survey(self, survey: Survey) -> None:
        values = (
            survey.id,
            survey.title,
            survey.pattern,
            survey.access.text,
            int(survey.configured),
            rules_text(survey.rules),
        )

        def work() -> Work[None]:
            yield from check_former(survey)
            changed = (survey.id, survey.id, rules_text(survey.rules))
            yield Statement(_READ_AGAIN, changed)
            yield Statement(_SAVE, values)

        await self._database.run(work)

    async def remove_survey(self, survey: str) -> None:
        def work() -> Work[None]:
            yield Lock("images")
            yield from retire(survey)
            yield Statement("DELETE FROM survey_cells WHERE survey = ?", (survey,))

        # First, so that nothing more is put, and nothing is found any more.
        await self._database.run(work)
        await self.remove_files(survey, list(await self.files(survey)))

    async def coverage(self, survey: str) -> Coverage:
        rows = await self._survey_rows(survey)
        files = await self._database.read(_LEFT_OUT, survey)
        left_out = [
            LeftOut(row["path"], reason) for row in files for reason in reasons_of(row)
        ]
        return coverage_of(rows[0] if rows else NO_SURVEY, left_out)

    async def search(
        self, query: ImageQuery, *, limit: int, cursor: str | None = None
    ) -> Page[Image]:
        rows, following = await self._page(query, limit, cursor)
        return Page(readable(rows, image_of, ID), following)

    async def table(
        self, query: ImageQuery, *, limit: int, cursor: str | None = None
    ) -> ImageTable:
        rows, following = await self._page(query, limit, cursor)
        if len(rows) <= _AT_ONCE:
            return ImageTable(images_by_column(rows), following)
        return ImageTable(await asyncio.to_thread(images_by_column, rows), following)

    async def _page(
        self, query: ImageQuery, limit: int, cursor: str | None
    ) -> tuple[Sequence[Values], str | None]:
        """Return the rows of a page, and the cursor of the next."""
        after = BEFORE_ALL
        if cursor is not None:
            time, number = decode_cursor(cursor, float, int)
            assert isinstance(time, int | float)  # noqa: S101  # by decode_cursor
            assert isinstance(number, int)  # noqa: S101  # by decode_cursor
            after = float(time), min(max(number, -1), (1 << 63) - 1)
        cells = await _regions_cells(query.regions)
        found, last = await self._accept(query, cells, after, limit + 1)
        if len(found) > limit:
            last = (found[limit - 1][TIME], found[limit - 1][NUMBER])
        return found[:limit], None if last is None else encode_cursor(*last)

    async def image(self, image: str) -> Image | None:
        rows = await self._database.read_values(_IMAGE, image)
        return next(iter(readable(rows, single_image_of, ID)), None)

    async def files(self, survey: str) -> Mapping[str, str]:
        text = "SELECT path, identity FROM survey_file WHERE survey = ?"
        rows = await self._database.read(text, survey)
        return {row["path"]: row["identity"] for row in rows}

    async def put_files(self, survey: str, files: Sequence[ScannedFile]) -> None:
        for first in range(0, len(files), _TOGETHER):
            some = files[first : first + _TOGETHER]
            covers = await asyncio.to_thread(covers_of, some)
            await self._database.run(
                lambda some=some, covers=covers: _put_files(survey, some, covers)  # type: ignore[misc]
            )

    async def remove_files(self, survey: str, paths: Sequence[str]) -> None:
        for first in range(0, len(paths), _TOGETHER):
            some = paths[first : first + _TOGETHER]

            def work(some: Sequence[str] = some) -> Work[None]:
                yield Lock("images")
                yield Statement(_CHANGED, (survey,))
                yield from _forget_images(survey, some)
                text = "DELETE FROM survey_file WHERE survey = ? AND path = ?"
                yield Batch(text, [(survey, path) for path in some])

            await self._database.run(work)

    async def claim(self, survey: str, holder: str, now: float, until: float) -> bool:
        def work() -> Work[bool]:
            rows = yield Statement(_CLAIM, (holder, until, survey, holder, now))
            return bool(rows)

        return await self._database.run(work)

    async def tell(self, survey: str, holder: str, reading: Reading) -> None:
        values = (json.dumps([reading.done, reading.files]), survey, holder)
        await self._database.run(lambda: _one(_TELL, values))

    async def finish(self, survey: str, holder: str, now: float) -> None:
        """Give up the lease; count the images if any changed since the last count.

        Every change of images alters ``reading`` in the same transaction, and only a
        finished count clears it. So a count is made up for after a crash, and after a
        change that was made while it went on.
        """
        rows = await self._database.read(_COUNTED, survey)
        if rows and rows[0]["reading"] is None and rows[0]["summary"] is not None:
            unchanged = (now, survey, holder)
            await self._database.run(lambda: _one(_UNCHANGED, unchanged))
            return
        reading = rows[0]["reading"] if rows else None
        summary = json.dumps(await count_images(self._database, survey))
        values = (now, summary, reading, survey, holder)
        await self._database.run(lambda: _one(_FINISH, values))

    async def _survey_rows(self, survey: str) -> Sequence[Row]:
        return [] if is_former(survey) else await self._database.read(_SURVEY, survey)

    async def _accept(
        self,
        query: ImageQuery,
        cells: Sequence[int] | None,
        after: tuple[float, int],
        wanted: int,
    ) -> tuple[list[Values], tuple[float, int] | None]:
        """Return rows that pass the exact test, and the position after them.

        The position is None at the end. A search that finds little stops after
        :data:`_EXAMINED` images.
        """
        found: list[Values] = []
        chunk = min(_CHUNK, 3 * wanted + 100 if query.regions else wanted)
        examined = 0
        while examined < _EXAMINED and len(found) < wanted:
            text, values = candidates(query, cells, after, chunk)
            rows = await self._database.read_values(text, *values)
            if len(rows) * len(query.regions) <= _AT_ONCE:
                found += exact(rows, query.regions)
            else:
                found += await asyncio.to_thread(exact, rows, query.regions)
            if len(rows) < chunk:
                return found, None
            after = (rows[-1][TIME], rows[-1][NUMBER])
            examined += chunk
            chunk = min(_CHUNK, 4 * chunk)
        return found, after


async def _regions_cells(regions: Sequence[Region]) -> Sequence[int] | None:
    """Return the cells of regions; those of small ones are found without a thread."""
    if not regions:
        return None
    small = len(regions) < _FEW and all(
        (isinstance(r, Circle) and r.radius < _SMALL)
        or (isinstance(r, Range) and r.north - r.south < 2 * _SMALL)
        for r in regions
    )
    if small and healpix_is_loaded():
        return region_cells(regions)
    return await asyncio.to_thread(region_cells, regions)


def _one(text: str, values: Sequence[object]) -> Work[None]:
    yield Statement(text, values)


def _put_files(
    survey: str, files: Sequence[ScannedFile], covers: Sequence[Sequence[int]]
) -> Work[None]:
    yield Lock("images")
    known = yield Statement("SELECT id FROM survey WHERE id = ?", (survey,))
    if not known:
        return
    yield Statement(_CHANGED, (survey,))
    yield from _forget_images(survey, [file.file.path for file in files])
    rows = yield Statement("SELECT MAX(number) AS number FROM image")
    first = 1 + int(rows[0]["number"] or 0)
    images = [image for file in files for image in file.images]
    yield Batch(
        _PUT_FILE,
        [
            (survey, f.file.path, f.file.identity, json.dumps(list(f.left_out)))
            for f in files
        ],
    )
    yield Batch(
        INSERT_IMAGE, [image_values(first + n, i) for n, i in enumerate(images)]
    )
    yield Batch(
        _COVER,
        [
            (cell, image_time(image), first + n)
            for n, image in enumerate(images)
            for cell in covers[n]
        ],
    )
    longest = max(
        (
            image.t_max - image.t_min
            for image in images
            if image.t_min is not None and image.t_max is not None
        ),
        default=0.0,
    )
    yield Statement(_LONGEST, (longest, survey, longest))


def _forget_images(survey: str, paths: Sequence[str]) -> Work[None]:
    marks = ", ".join("?" for _ in paths)
    text = (
        "SELECT number, t, t_min, t_max, polygon, pieces FROM image "  # noqa: S608  # marks
        f"WHERE survey = ? AND path IN ({marks})"
    )
    rows = yield Statement(text, (survey, *paths))
    cover = [
        (cell, row["t"], row["number"])
        for row in rows
        for cell in stored_cells(
            row["polygon"], row["t_min"], row["t_max"], wide=bool(row["pieces"])
        )
    ]
    yield Batch(_UNCOVER, cover)
    yield Batch("DELETE FROM image WHERE number = ?", [(r["number"],) for r in rows])
