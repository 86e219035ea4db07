"""The images of a survey are counted after a scan, and only if any of them changed."""

from collections.abc import Sequence

import pytest

from gatewright.backends.sql.database import Database, Row, Statement, Work
from gatewright.backends.sql.images import SqlImageIndex
from gatewright.domains.sky import Reading
from gatewright.testing.square_images import SURVEY, scanned, square_image


async def scan(index: SqlImageIndex, *numbers: int, now: float = 100.0) -> None:
    """Put images as a scan does, and finish it."""
    await index.save_survey(SURVEY)
    assert await index.claim("night", "me", now, now + 600.0)
    for number in numbers:
        await index.put_files("night", [scanned(square_image(number, 10, 20))])
        await index.tell("night", "me", Reading(1, 1))
    await index.finish("night", "me", now)


async def set_by_hand(database: Database, what: str) -> None:
    def work() -> Work[None]:
        yield Statement(f"UPDATE survey SET {what}")

    await database.run(work)


async def test_a_scan_that_changed_nothing_counts_nothing(
    databases: tuple[Database, Database],
) -> None:
    index = SqlImageIndex(databases[0])
    await scan(index, 1, 2)
    assert (await index.coverage("night")).images == 2
    await set_by_hand(databases[0], """summary = '{"images": 77}'""")
    await scan(index, now=200.0)
    coverage = await index.coverage("night")
    assert (coverage.images, coverage.scanned_at) == (77, 200.0)
    assert await index.claim("night", "other", 200.0, 300.0)


async def test_images_of_an_earlier_release_that_never_counted_are_counted(
    databases: tuple[Database, Database],
) -> None:
    """Its first scan was killed; it did not mark a survey of which it put images."""
    index = SqlImageIndex(databases[0])
    await index.save_survey(SURVEY)
    await index.put_files("night", [scanned(square_image(1, 10, 20))])
    await set_by_hand(databases[0], "reading = NULL")
    await scan(index)
    coverage = await index.coverage("night")
    assert (coverage.images, coverage.scanned_at) == (1, 100.0)


async def test_removed_files_are_counted(
    databases: tuple[Database, Database],
) -> None:
    index = SqlImageIndex(databases[0])
    await scan(index, 1, 2)
    await index.remove_files("night", [square_image(1, 10, 20).path])
    await scan(index, now=200.0)
    assert (await index.coverage("night")).images == 1


async def test_changes_of_a_scan_that_was_killed_are_counted_by_the_next(
    databases: tuple[Database, Database],
) -> None:
    """It was killed after it had put images, before it told its progress."""
    index = SqlImageIndex(databases[0])
    await scan(index, 1)
    assert await index.claim("night", "killed", 200.0, 300.0)
    await index.put_files("night", [scanned(square_image(2, 10, 20))])
    await scan(SqlImageIndex(databases[1]), now=400.0)
    assert (await index.coverage("night")).images == 2


async def test_changes_made_during_a_count_are_counted_by_the_next_scan(
    databases: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scanner that lost its lease may still put images."""
    counting, other = databases
    read = counting.read

    async def read_slowly(text: str, *values: object) -> Sequence[Row]:
        rows = await read(text, *values)
        if "GROUP BY kind" in text:
            late = scanned(square_image(2, 10, 20))
            await SqlImageIndex(other).put_files("night", [late])
        return rows

    index = SqlImageIndex(counting)
    with monkeypatch.context() as patched:
        patched.setattr(counting, "read", read_slowly)
        await scan(index, 1)
    assert (await index.coverage("night")).images == 1
    await scan(index, now=200.0)
    assert (await index.coverage("night")).images == 2


async def test_a_count_that_failed_is_made_by_the_next_scan(
    databases: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = SqlImageIndex(databases[0])
    read = databases[0].read

    async def fail(text: str, *values: object) -> Sequence[Row]:
        if "GROUP BY kind" in text:
            raise ConnectionError
        return await read(text, *values)

    await scan(index, 1)
    with monkeypatch.context() as patched:
        patched.setattr(databases[0], "read", fail)
        with pytest.raises(ConnectionError):
            await scan(index, 2, now=200.0)
    await scan(index, now=1000.0)
    assert (await index.coverage("night")).images == 2
