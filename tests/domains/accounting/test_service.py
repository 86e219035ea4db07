"""Who may ask what of the accounting, and how far it is known."""

from pathlib import Path

import pytest
from tests.support.app import caller
from tests.support.migrated import open_migrated

from gatewright.backends.sql.accounting import SqlAccountBook
from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.errors import (
    InvalidContent,
    NotAllowed,
    NotFound,
    NotSignedIn,
)
from gatewright.domains.accounting import Accounting, By, UsageQuery
from gatewright.testing.account_book import FIRST, LATER, MONDAY, REPORT, TUESDAY

ANN, ADMIN = caller("ann", Role.USER), caller("root", Role.OWNER)


@pytest.fixture
async def accounting(tmp_path: Path) -> Accounting:
    database = await open_migrated(tmp_path / "gateway.sqlite")
    book = SqlAccountBook(database)
    await book.save("cluster", REPORT, 500.0)
    await book.record("cluster", FIRST, MONDAY, 500.0)
    await book.record("cluster", LATER, TUESDAY, 600.0)
    return Accounting(book, ("cluster", "local"), lambda: LATER * 86_400.0 + 5.0)


def asked(*by: By, system: str = "") -> UsageQuery:
    return UsageQuery(by, FIRST, LATER, system)


async def test_an_administrator_sees_more_than_a_member(
    accounting: Accounting,
) -> None:
    for who, total, names in (
        (ANN, 156.0, ["optics"]),
        (ADMIN, 166.0, ["optics", "rocks"]),
    ):
        found = await accounting.usage(who, asked())
        assert found.total.cpu_seconds == total
        assert found.query.by == (By.PROJECT,)
        page = await accounting.projects(who)
        assert [one.name for one in page.items] == names


async def test_the_right_to_read_accounts_is_needed(accounting: Accounting) -> None:
    with pytest.raises(NotSignedIn):
        await accounting.usage(visitor(), asked())
    narrow = Caller("ann", frozenset({"files:read"}), role=Role.USER)
    with pytest.raises(NotAllowed):
        await accounting.projects(narrow)
    with pytest.raises(NotAllowed):
        await accounting.project(narrow, "cluster", "optics")


async def test_a_project_that_is_not_ones_own_is_not_there(
    accounting: Accounting,
) -> None:
    assert (await accounting.project(ADMIN, "cluster", "rocks")).name == "rocks"
    for system, name in (("cluster", "rocks"), ("cluster", "none"), ("no", "optics")):
        with pytest.raises(NotFound):
            await accounting.project(ANN, system, name)


async def test_charges_are_left_to_a_scheduler_with_accounting(
    accounting: Accounting,
) -> None:
    await accounting.check_charge("cluster", "nobody", "rocks")
    await accounting.check_charge("local", "nobody", "any")


async def test_days_of_a_query(accounting: Accounting) -> None:
    assert accounting.today() == LATER
    with pytest.raises(InvalidContent, match="not before"):
        await accounting.usage(ANN, UsageQuery((), LATER, FIRST))
    with pytest.raises(InvalidContent, match="3660 days"):
        await accounting.usage(ANN, UsageQuery((), LATER - 3660, LATER))
    long = UsageQuery((By.DAY, By.DAY), LATER - 3659, LATER)
    assert (await accounting.usage(ANN, long)).query.by == (By.DAY,)


async def test_the_age_of_usage(accounting: Accounting) -> None:
    found = await accounting.usage(ANN, asked())
    assert found.as_of == 500.0
    unread = {one.system: one.failure for one in found.coverage}
    assert unread == {
        "cluster": "not all of it",
        "local": "Its accounting has not been read yet.",
    }
    one = await accounting.usage(ANN, asked(system="local"))
    assert (one.as_of, one.total.cpu_seconds) == (None, 0.0)
    with pytest.raises(NotFound):
        await accounting.usage(ANN, asked(system="none"))
