"""Contract tests of ``AuditLog``."""

import asyncio
from dataclasses import replace

import pytest

from gatewright.core.errors import InvalidRequest
from gatewright.core.pages import encode_cursor
from gatewright.domains.identity import START, AuditSearch, Outcome, chained
from gatewright.testing.identity.samples import (
    NOW,
    Pair,
    entry,
)


class AuditLogContract:
    """Tests that every ``AuditLog`` passes; provide the fixture ``stores``."""

    async def test_one_chain_of_all_processes(self, stores: Pair) -> None:
        await asyncio.gather(*(stores[n % 2].audit.append(entry(n)) for n in range(40)))
        records = await stores[0].audit.after(0, 100)
        assert [r.number for r in records] == list(range(1, 41))
        assert {r.entry for r in records} == {entry(n) for n in range(40)}
        before = START
        for record in records:
            assert record == chained(before, record.number, record.entry)
            before = record.hash

    async def test_pages(self, stores: Pair) -> None:
        one, two = stores
        assert await one.audit.after(0, 5) == []
        for n in range(5):
            await one.audit.append(entry(n))
        assert [r.number for r in await two.audit.after(1, 2)] == [2, 3]

    async def test_a_search_returns_the_newest_first(self, stores: Pair) -> None:
        one, two = stores
        nothing = await one.audit.search(AuditSearch(), 5, None)
        assert (nothing.items, nothing.next) == ([], None)
        for n in range(5):
            await one.audit.append(entry(n))
        first = await two.audit.search(AuditSearch(), 2, None)
        assert [r.number for r in first.items] == [5, 4]
        assert first.items[0].entry == entry(4)
        await one.audit.append(entry(5))
        rest = await two.audit.search(AuditSearch(), 9, first.next)
        assert ([r.number for r in rest.items], rest.next) == ([3, 2, 1], None)
        for wrong in ("nonsense", encode_cursor("1")):
            with pytest.raises(InvalidRequest):
                await one.audit.search(AuditSearch(), 9, wrong)
        for odd, count in ((-(10**30), 0), (10**30, 6)):
            page = await one.audit.search(AuditSearch(), 9, encode_cursor(odd))
            assert (len(page.items), page.next) == (count, None)

    async def test_a_search_finds_what_is_asked_for(self, stores: Pair) -> None:
        one, two = stores
        samples = (
            entry(0),
            replace(entry(1), user="", status=401, path="/x/%_"),
            replace(entry(2), user="ben", method="CLI", path="user add ada", app="cli"),
            replace(entry(3), status=503, path="/X/3", route="/X/{n}", app="job:%"),
            replace(
                entry(4), status=0, path="/x/\N{SNOWMAN}/4", route="/x/{n}", app="job:x"
            ),
        )
        for sample in samples:
            await one.audit.append(sample)
        expected = {
            AuditSearch(user="ada"): [5, 4, 1],
            AuditSearch(user=""): [2],
            AuditSearch(method="CLI"): [3],
            AuditSearch(path="/x/"): [5, 2, 1],
            AuditSearch(path="/x/%"): [2],
            AuditSearch(path="/x/\N{SNOWMAN}/"): [5],
            AuditSearch(since=entry(2).at): [5, 4, 3],
            AuditSearch(until=entry(2).at): [2, 1],
            AuditSearch(outcome=Outcome.DONE): [3, 1],
            AuditSearch(outcome=Outcome.REFUSED): [2],
            AuditSearch(outcome=Outcome.FAILED): [4],
            AuditSearch(outcome=Outcome.UNKNOWN): [5],
            AuditSearch(user="ada", path="/x/", outcome=Outcome.DONE): [1],
            AuditSearch(route="/x/{n}"): [5],
            AuditSearch(route="/x"): [],
            AuditSearch(route=""): [3, 2, 1],
            AuditSearch(app="job"): [5, 4],
            AuditSearch(app="job:%"): [4],
            AuditSearch(route="/X/{n}", app="cli"): [],
        }
        for wanted, numbers in expected.items():
            page = await two.audit.search(wanted, 9, None)
            assert [r.number for r in page.items] == numbers, wanted
            assert page.next is None
            found = [n for n, sample in enumerate(samples, 1) if wanted.finds(sample)]
            assert found == numbers[::-1], wanted

    async def test_an_intent_goes_with_its_record(self, stores: Pair) -> None:
        one, two = stores
        await asyncio.gather(*(one.audit.begin(f"i{n}", entry(n)) for n in range(3)))
        lost = await two.audit.intents(NOW + 9)
        assert lost == [(f"i{n}", entry(n)) for n in range(3)]
        assert [i for i, _ in await two.audit.intents(NOW + 0.5)] == ["i0", "i1"]
        await one.audit.append(entry(1), intent="i1")
        assert [i for i, _ in await two.audit.intents(NOW + 9)] == ["i0", "i2"]
        assert len(await two.audit.after(0, 9)) == 1

    async def test_an_outcome_does_not_replace_its_intent(self, stores: Pair) -> None:
        """It has the time, the status and the note; the rest was said before."""
        one, two = stores
        began = replace(entry(1), status=0, route="/x/{n}", app="browser")
        await one.audit.begin("i1", began)
        other = replace(
            entry(2), user="eve", path="/y", address="::1", status=403, note="refused"
        )
        await two.audit.append(other, intent="i1")
        await two.audit.append(other, intent="i2")  # of which nothing is known
        (record, unknown) = await one.audit.after(0, 9)
        expected = replace(began, at=other.at, status=403, note="refused")
        assert record.entry == expected
        assert unknown.entry == other
        assert await one.audit.intents(NOW + 9) == []
