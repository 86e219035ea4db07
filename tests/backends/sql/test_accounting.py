"""The book of projects and usage in SQLite and PostgreSQL."""

from pathlib import Path

import pytest
from tests.support.migrated import open_migrated

from gatewright.backends.sql import Database
from gatewright.backends.sql.accounting import SqlAccountBook
from gatewright.backends.sql.database import Row
from gatewright.domains.accounting import By, UsageQuery, Viewer
from gatewright.testing.account_book import AccountBookContract


class TestBook(AccountBookContract):
    @pytest.fixture
    async def book(self, databases: tuple[Database, Database]) -> SqlAccountBook:
        return SqlAccountBook(databases[0])


async def test_answers_do_not_go_through_the_whole_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each query of usage finds its days in an index, and counts none again and again.

    History grows for years, and everybody may ask for a week of it.
    """
    database = await open_migrated(tmp_path / "gateway.sqlite")
    book, read, plans = SqlAccountBook(database), database.read, list[str]()

    async def explained(text: str, *values: object) -> list[Row]:
        rows = await read(f"EXPLAIN QUERY PLAN {text}", *values)
        plans.extend(str(row["detail"]) for row in rows)
        return list(await read(text, *values))

    monkeypatch.setattr(database, "read", explained)
    for viewer in (Viewer("ann"), Viewer("root", all=True)):
        query = UsageQuery((By.PROJECT,), 20_000, 20_006)
        await book.usage(viewer, query, 10, None)
        await book.total(viewer, query)
    used = [plan for plan in plans if " u " in plan]
    assert used
    assert all("(system=? AND day>? AND day<?)" in plan for plan in used), plans
    plans.clear()
    await book.coverage()
    assert plans
    assert not any("CORRELATED" in plan for plan in plans), plans
    await database.close()
