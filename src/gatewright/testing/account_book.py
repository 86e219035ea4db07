"""Contract tests for books of projects and usage.

Subclass :class:`AccountBookContract` in a test module and provide the fixture ``book``:
an empty :class:`gatewright.domains.accounting.AccountBook`.
"""

import pytest

from gatewright.core.errors import Conflict, InvalidRequest
from gatewright.domains.accounting import (
    AccountBook,
    Allocation,
    Amount,
    By,
    FairShare,
    Limits,
    Member,
    Project,
    Report,
    UsageLine,
    UsageQuery,
    Use,
    Viewer,
    day_of,
)

ALL = Viewer("root", all=True)
ANN, BOB, CARA, EVE = (Viewer(name) for name in ("ann", "bob", "cara", "eve"))
FIRST = day_of("2026-10-31")
LATER = FIRST + 1

SHARE = FairShare(3, 0.75, 120.0, 0.5, 0.25, 1.5)
OPTICS = Project(
    "cluster",
    "optics",
    "Optics, “all” of it",
    "uni",
    "physics",
    Allocation(60_000.0, None, 3600.0, Amount(120.0, 60.0, 0.0, 60.0, 1)),
    Limits(10, 20, 3600.0, 8, 2, 1, ("normal", "long")),
    SHARE,
    (
        Member("ann", fair_share=SHARE),
        Member("bob", "debug", limits=Limits(jobs=1)),
        Member("cara", belongs=False, coordinator=True),
    ),
)
ROCKS = Project("cluster", "rocks", members=(Member("bob"),))
REPORT = Report((OPTICS, ROCKS), failure="not all of it")


def use(project: str, person: str, partition: str, cpu: float) -> Use:
    """Return a usage that differs in each number."""
    return Use(project, person, partition, Amount(cpu, cpu / 2, cpu / 4, cpu / 8, 1))


MONDAY = (
    use("optics", "ann", "batch", 100.0),
    use("optics", "bob", "debug", 40.0),
    use("rocks", "bob", "batch", 8.0),
)
TUESDAY = (use("optics", "ann", "batch", 16.0), use("", "eve", "batch", 2.0))


def query(*by: By, **chosen: str) -> UsageQuery:
    return UsageQuery(by, FIRST, LATER, **chosen)


def cpu(lines: list[UsageLine]) -> dict[tuple[str, ...], float]:
    return {tuple(one.keys.values()): one.amount.cpu_seconds for one in lines}


class AccountBookContract:
    """Tests that every :class:`AccountBook` must pass."""

    @pytest.fixture
    async def filled(self, book: AccountBook) -> AccountBook:
        await book.save("cluster", REPORT, 500.0)
        await book.record("cluster", FIRST, MONDAY, 500.0)
        await book.record("cluster", LATER, TUESDAY, 600.0)
        return book

    async def lines(
        self, book: AccountBook, viewer: Viewer, asked: UsageQuery
    ) -> dict[tuple[str, ...], float]:
        page = await book.usage(viewer, asked, 100, None)
        assert page.next is None
        found = cpu(list(page.items))
        total = await book.total(viewer, asked)
        assert total.cpu_seconds == sum(found.values())
        return found

    async def test_an_empty_book(self, book: AccountBook) -> None:
        assert list(await book.coverage()) == []
        assert (await book.projects(ALL, 10, None)).items == []
        assert await self.lines(book, ALL, query(By.DAY)) == {}
        assert await book.total(ALL, query(By.DAY)) == Amount()
        assert await book.days("cluster", 0) == {}

    async def test_a_project_is_returned_as_it_was_saved(
        self, filled: AccountBook
    ) -> None:
        page = await filled.projects(ALL, 10, None)
        assert page.next is None
        assert [one.name for one in page.items] == ["optics", "rocks"]
        assert page.items[0] == OPTICS
        assert page.items[1] == ROCKS
        (one,) = (await filled.projects(ALL, 10, None, name="rocks")).items
        assert one == ROCKS
        assert (await filled.projects(ALL, 10, None, system="other")).items == []

    async def test_a_report_replaces_the_one_before(self, filled: AccountBook) -> None:
        await filled.save("cluster", Report((ROCKS,)), 700.0)
        assert (await filled.projects(ALL, 10, None)).items == [ROCKS]
        assert (await filled.projects(ANN, 10, None)).items == []
        (known,) = await filled.coverage()
        assert (known.as_of, known.kept, known.failure) == (700.0, False, "")

    async def test_projects_by_pages(self, filled: AccountBook) -> None:
        first = await filled.projects(ALL, 1, None)
        assert [one.name for one in first.items] == ["optics"]
        second = await filled.projects(ALL, 1, first.next)
        assert [one.name for one in second.items] == ["rocks"]
        assert second.next is None
        with pytest.raises(InvalidRequest):
            await filled.projects(ALL, 1, "nonsense")

    async def test_people_see_the_projects_that_they_belong_to(
        self, filled: AccountBook
    ) -> None:
        async def seen(viewer: Viewer) -> dict[str, list[str]]:
            page = await filled.projects(viewer, 10, None)
            return {p.name: [m.person for m in p.members] for p in page.items}

        assert await seen(ANN) == {"optics": ["ann"]}
        assert await seen(BOB) == {"optics": ["bob"], "rocks": ["bob"]}
        assert await seen(CARA) == {"optics": ["ann", "bob", "cara"]}
        assert await seen(EVE) == {}

    async def test_usage_is_summed_by_each_key(self, filled: AccountBook) -> None:
        expected: dict[By, dict[tuple[str, ...], float]] = {
            By.SYSTEM: {("cluster",): 166.0},
            By.PROJECT: {("",): 2.0, ("optics",): 156.0, ("rocks",): 8.0},
            By.PERSON: {("ann",): 116.0, ("bob",): 48.0, ("eve",): 2.0},
            By.PARTITION: {("batch",): 126.0, ("debug",): 40.0},
            By.DAY: {("2026-10-31",): 148.0, ("2026-11-01",): 18.0},
            By.MONTH: {("2026-10",): 148.0, ("2026-11",): 18.0},
        }
        for by, sums in expected.items():
            assert await self.lines(filled, ALL, query(by)) == sums, by
        both = await self.lines(filled, ALL, query(By.DAY, By.PROJECT))
        assert both == {
            ("2026-10-31", "optics"): 140.0,
            ("2026-10-31", "rocks"): 8.0,
            ("2026-11-01", ""): 2.0,
            ("2026-11-01", "optics"): 16.0,
        }
        page = await filled.usage(ALL, query(By.SYSTEM), 10, None)
        assert page.items[0].amount == Amount(166.0, 83.0, 41.5, 20.75, 5)

    async def test_usage_is_chosen(self, filled: AccountBook) -> None:
        for chosen, total in (
            ({"system": "cluster"}, 166.0),
            ({"system": "other"}, 0.0),
            ({"project": "optics"}, 156.0),
            ({"person": "bob"}, 48.0),
            ({"partition": "debug"}, 40.0),
            ({"project": "optics", "person": "ann"}, 116.0),
        ):
            found = await filled.total(ALL, query(By.DAY, **chosen))
            assert found.cpu_seconds == total, chosen
        one = UsageQuery((By.PROJECT,), LATER, LATER)
        assert await self.lines(filled, ALL, one) == {("",): 2.0, ("optics",): 16.0}

    async def test_usage_by_pages(self, filled: AccountBook) -> None:
        asked = query(By.DAY, By.PERSON)
        found: list[UsageLine] = []
        cursor = None
        while True:
            page = await filled.usage(ALL, asked, 1, cursor)
            assert len(page.items) == 1
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        assert cpu(found) == await self.lines(filled, ALL, asked)
        assert len(found) == 4

    async def test_people_see_usage_of_their_projects(
        self, filled: AccountBook
    ) -> None:
        by_project = query(By.PROJECT)
        assert await self.lines(filled, ANN, by_project) == {("optics",): 156.0}
        assert await self.lines(filled, BOB, by_project) == {
            ("optics",): 156.0,
            ("rocks",): 8.0,
        }
        assert await self.lines(filled, EVE, by_project) == {("",): 2.0}
        assert await self.lines(filled, Viewer("mallory"), by_project) == {}

    async def test_people_see_other_people_only_where_they_coordinate(
        self, filled: AccountBook
    ) -> None:
        by_person = query(By.PERSON)
        assert await self.lines(filled, ANN, by_person) == {("ann",): 116.0}
        assert await self.lines(filled, CARA, by_person) == {
            ("ann",): 116.0,
            ("bob",): 40.0,
        }
        for viewer, total in ((ANN, 0.0), (BOB, 48.0), (CARA, 40.0)):
            asked = query(By.PROJECT, person="bob")
            assert (await filled.total(viewer, asked)).cpu_seconds == total

    async def test_a_day_is_replaced(self, filled: AccountBook) -> None:
        await filled.record("cluster", FIRST, MONDAY[:1], 900.0)
        assert await self.lines(filled, ALL, query(By.DAY)) == {
            ("2026-10-31",): 100.0,
            ("2026-11-01",): 18.0,
        }
        assert await filled.days("cluster", FIRST) == {FIRST: 900.0, LATER: 600.0}
        assert await filled.days("cluster", LATER) == {LATER: 600.0}

    async def test_coverage_begins_after_the_last_gap(
        self, filled: AccountBook
    ) -> None:
        assert [one.since for one in await filled.coverage()] == [FIRST]
        await filled.record("cluster", FIRST - 5, (), 500.0)
        await filled.record("cluster", FIRST - 2, (), 500.0)
        await filled.record("cluster", FIRST - 1, (), 500.0)
        await filled.record("other", FIRST - 9, (), 500.0)
        await filled.save("other", None, 400.0)
        known = {one.system: one for one in await filled.coverage()}
        assert known["cluster"].since == FIRST - 2
        assert known["cluster"].failure == "not all of it"
        assert (known["other"].since, known["other"].kept) == (FIRST - 9, True)

    async def test_a_failure_keeps_what_is_known(self, filled: AccountBook) -> None:
        await filled.fail("cluster", "away")
        await filled.fail("new", "never there")
        known = {one.system: one for one in await filled.coverage()}
        assert (known["cluster"].as_of, known["cluster"].failure) == (500.0, "away")
        assert (known["new"].as_of, known["new"].since) == (None, None)
        assert len((await filled.projects(ALL, 10, None)).items) == 2

    async def test_projects_that_administrators_keep(self, book: AccountBook) -> None:
        kept = Project(
            "local",
            "night",
            allocation=Allocation(1000.0, starts_on=LATER),
            members=(Member("ann"),),
        )
        with pytest.raises(Conflict):
            await book.keep(kept)  # nobody has looked whose projects these are
        await book.save("local", None, 500.0)
        await book.record("local", FIRST, [use("night", "ann", "", 100.0)], 500.0)
        await book.record("local", LATER, [use("night", "ann", "", 10.0)], 500.0)
        assert await book.keep(kept)
        (found,) = (await book.projects(ANN, 10, None)).items
        assert found.allocation is not None
        assert found.allocation.used == Amount(10.0, 5.0, 2.5, 1.25, 1)
        ends = Project("local", "night", allocation=Allocation(ends_on=FIRST))
        assert not await book.keep(ends)
        (found,) = (await book.projects(ALL, 10, None)).items
        assert found.allocation is not None
        assert found.allocation.used == Amount(100.0, 50.0, 25.0, 12.5, 1)
        assert found.members == ()
        assert (await book.projects(ANN, 10, None)).items == []
        assert await book.drop("local", "night")
        assert not await book.drop("local", "night")

    async def test_usage_of_the_projects_below_counts(self, book: AccountBook) -> None:
        grant = Allocation(1000.0)
        top = Project("local", "top", allocation=grant)
        middle = Project("local", "middle", parent="top", allocation=grant)
        low = Project("local", "low", parent="middle")
        await book.save("local", Report((top, middle, low)), 500.0)
        uses = [use(name, "ann", "", cpu) for name, cpu in (("low", 8.0), ("top", 4.0))]
        await book.record("local", FIRST, uses, 500.0)
        page = await book.projects(ALL, 10, None)
        used = {
            one.name: one.allocation.used.cpu_seconds
            for one in page.items
            if one.allocation and one.allocation.used
        }
        assert used == {"top": 12.0, "middle": 8.0}
        await book.record("local", LATER, [use("middle", "bob", "", 1.0)], 600.0)
        series = await book.series("local", "middle", FIRST, LATER)
        assert {day: one.cpu_seconds for day, one in series.items()} == {
            FIRST: 8.0,
            LATER: 1.0,
        }
        assert await book.series("local", "middle", LATER + 1, LATER + 9) == {}
        assert await book.series("local", "none", FIRST, LATER) == {}

    async def test_projects_of_a_scheduler_are_not_changed(
        self, filled: AccountBook
    ) -> None:
        with pytest.raises(Conflict):
            await filled.keep(Project("cluster", "mine"))
        with pytest.raises(Conflict):
            await filled.drop("cluster", "optics")
        assert len((await filled.projects(ALL, 10, None)).items) == 2
