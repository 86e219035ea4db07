"""Reading a system's accounting into the book."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from tests.support.migrated import open_migrated

from gatewright.backends.sql.accounting import SqlAccountBook
from gatewright.core.errors import BackendFailed, Unavailable
from gatewright.domains.accounting import (
    DAY_SECONDS,
    Amount,
    By,
    Keeper,
    Project,
    Report,
    UsageQuery,
    Use,
    Viewer,
    day_of,
)

TODAY = day_of("2026-11-29")
NOON = TODAY * DAY_SECONDS + 43_200.5
ALL = Viewer("", all=True)


class Counted:
    """A source in which the usage of a window is its length; it may be away."""

    interval = 300.0

    def __init__(self, days: int) -> None:
        self.days = days
        self.asked: list[tuple[float, float]] = []
        self.away = False
        self.broken: int | None = None

    async def report(self) -> Report | None:
        if self.away:
            raise Unavailable("It is away.")
        return Report((Project("far", "night"),))

    async def usage(self, start: float, end: float) -> Sequence[Use]:
        self.asked.append((start, end))
        if self.broken is not None and start == self.broken * DAY_SECONDS:
            raise BackendFailed("Too long.")
        return [Use("night", "ann", "", Amount(cpu_seconds=end - start))]


@pytest.fixture
async def book(tmp_path: Path) -> SqlAccountBook:
    database = await open_migrated(tmp_path / "gateway.sqlite")
    return SqlAccountBook(database)


async def by_day(book: SqlAccountBook) -> Mapping[str, float]:
    page = await book.usage(ALL, UsageQuery((By.DAY,), 0, TODAY + 9), 1000, None)
    return {one.keys[By.DAY]: one.amount.cpu_seconds for one in page.items}


async def test_days_are_read_once_and_today_each_time(book: SqlAccountBook) -> None:
    source, now = Counted(3), [NOON]
    keeper = Keeper("far", source, book, lambda: now[0])
    assert await keeper.look() == 300.0
    expected = {
        "2026-11-27": 86_400.0,
        "2026-11-28": 86_400.0,
        "2026-11-29": 43_200.0,
    }
    assert await by_day(book) == expected
    source.asked.clear()
    now[0] += 60.0
    assert await keeper.look() == 300.0
    assert source.asked == [(TODAY * DAY_SECONDS, TODAY * DAY_SECONDS + 43_260.0)]
    assert await by_day(book) == expected | {"2026-11-29": 43_260.0}


async def test_a_day_is_read_again_until_it_is_final(book: SqlAccountBook) -> None:
    source, now = Counted(2), [NOON]
    keeper = Keeper("far", source, book, lambda: now[0])
    await keeper.look()
    for hour, again in ((24.0, True), (25.0, True), (27.0, True), (28.0, False)):
        now[0] = TODAY * DAY_SECONDS + hour * 3600
        source.asked.clear()
        await keeper.look()
        read = [start for start, _ in source.asked]
        assert (TODAY * DAY_SECONDS in read) == again, hour
    assert (await by_day(book))["2026-11-29"] == 86_400.0


async def test_a_long_history_is_read_a_few_days_at_a_time(
    book: SqlAccountBook,
) -> None:
    source = Counted(20)
    keeper = Keeper("far", source, book, lambda: NOON)
    pauses = [await keeper.look() for _ in range(4)]
    assert pauses == [1.0, 1.0, 1.0, 300.0]
    # The newest come first, and what was read is never asked for twice, but today.
    starts = [start for start, _ in source.asked]
    assert starts[:7] == [(TODAY - back) * DAY_SECONDS for back in range(7)]
    assert len(set(starts)) == 20
    (known,) = await book.coverage()
    assert (known.since, known.as_of, known.kept) == (TODAY - 19, NOON - 0.5, False)


async def test_known_usage_stays_while_the_source_does_not_answer(
    book: SqlAccountBook,
) -> None:
    source = Counted(2)
    keeper = Keeper("far", source, book, lambda: NOON)
    await keeper.look()
    source.away = True
    assert await keeper.look() == 60.0
    (known,) = await book.coverage()
    assert (known.failure, known.as_of) == ("It is away.", NOON - 0.5)
    assert len(await by_day(book)) == 2
    source.away = False
    await keeper.look()
    assert [one.failure for one in await book.coverage()] == [""]


async def test_a_day_that_cannot_be_read_keeps_nothing_else_back(
    book: SqlAccountBook,
) -> None:
    source = Counted(10)
    source.broken = TODAY - 2
    keeper = Keeper("far", source, book, lambda: NOON)
    assert await keeper.look() == 300.0
    (known,) = await book.coverage()
    assert known.failure == "The usage of 2026-11-27 cannot be read: Too long."
    assert (known.as_of, known.since) == (NOON - 0.5, TODAY - 1)
    assert (await book.projects(ALL, 5, None)).items
    assert await keeper.look() == 1.0
    assert await keeper.look() == 300.0
    days = set(range(TODAY - 9, TODAY + 1))
    assert (await book.days("far", 0)).keys() == days - {TODAY - 2}
    source.broken = None
    assert await keeper.look() == 300.0
    assert (await book.days("far", 0)).keys() == days
    (known,) = await book.coverage()
    assert (known.failure, known.since) == ("", TODAY - 9)
    source.broken, source.asked = TODAY, []
    assert await keeper.look() == 60.0
    assert [one.failure for one in await book.coverage()] == ["Too long."]


async def test_nothing_is_asked_of_a_day_that_has_just_begun(
    book: SqlAccountBook,
) -> None:
    source = Counted(1)
    await Keeper("far", source, book, lambda: float(TODAY * DAY_SECONDS)).look()
    assert source.asked == []
    assert await book.days("far", 0) == {TODAY: TODAY * DAY_SECONDS}
