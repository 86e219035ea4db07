"""Contract tests of ``AuditLog``."""

import asyncio

from gatewright.domains.identity import (
    START,
    chained,
)
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

    async def test_an_intent_goes_with_its_record(self, stores: Pair) -> None:
        one, two = stores
        await asyncio.gather(*(one.audit.begin(f"i{n}", entry(n)) for n in range(3)))
        lost = await two.audit.intents(NOW + 9)
        assert lost == [(f"i{n}", entry(n)) for n in range(3)]
        assert [i for i, _ in await two.audit.intents(NOW + 0.5)] == ["i0", "i1"]
        await one.audit.append(entry(1), intent="i1")
        assert [i for i, _ in await two.audit.intents(NOW + 9)] == ["i0", "i2"]
        assert len(await two.audit.after(0, 9)) == 1
