"""Announcements in SQLite and PostgreSQL, and a database from before them."""

import pytest
from tests.backends.sql.databases import Opener

from gatewright.backends.sql import Database
from gatewright.backends.sql.announcements import SqlAnnouncements
from gatewright.backends.sql.database import Statement, Work
from gatewright.backends.sql.migrations import Dialect, migrate, schema_files
from gatewright.domains.status import Wanted
from gatewright.testing.announcement_book import (
    NOW,
    OPEN,
    OUTAGE,
    AnnouncementBookContract,
)


class TestBook(AnnouncementBookContract):
    @pytest.fixture
    async def book(self, databases: tuple[Database, Database]) -> SqlAnnouncements:
        return SqlAnnouncements(databases[0])


async def test_a_damaged_row_is_left_out(
    databases: tuple[Database, Database],
) -> None:
    book = SqlAnnouncements(databases[0])
    for one in (OPEN, OUTAGE):
        await book.add(one)

    def damage() -> Work[None]:
        yield Statement("UPDATE announcement SET content = '{}' WHERE id = 'i-2'")

    await databases[0].run(damage)
    assert (await book.announcements(Wanted(NOW), 10, None)).items == [OUTAGE]
    assert await book.announcement("i-2") is None
    assert await book.change("i-2", lambda old: old) is None


async def test_a_database_from_before(backend: tuple[Opener, Dialect]) -> None:
    open_database, dialect = backend
    schema = schema_files()
    before = {name: text for name, text in schema.items() if name < "0080"}
    database = await open_database()
    await migrate(database, dialect, before)
    assert await migrate(database, dialect) == [n for n in schema if n not in before]
    book = SqlAnnouncements(database)
    await book.add(OPEN)
    assert await book.announcement(OPEN.id) == OPEN
    await database.close()
