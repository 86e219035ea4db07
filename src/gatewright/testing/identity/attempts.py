"""Contract tests of ``AttemptStore``."""

import asyncio

from gatewright.domains.identity import (
    Attempts,
)
from gatewright.testing.identity.samples import (
    DAY,
    NOW,
    Pair,
)


class AttemptStoreContract:
    """Tests that every ``AttemptStore`` passes; provide the fixture ``stores``."""

    async def test_no_failure_is_lost(self, stores: Pair) -> None:
        def more(past: Attempts | None) -> Attempts:
            return Attempts((past.failures if past else 0) + 1, NOW, 2, NOW + 5)

        assert await stores[0].attempts.get("x") is None
        await asyncio.gather(
            *(stores[n % 2].attempts.update("x", more, now=NOW) for n in range(20))
        )
        assert await stores[1].attempts.get("x") == Attempts(20, NOW, 2, NOW + 5)
        await stores[0].attempts.clear("x")
        assert await stores[1].attempts.get("x") is None

    async def test_the_number_is_bounded(self, stores: Pair) -> None:
        store = stores[0].attempts
        for n in range(60):
            at = NOW + n
            await store.update(f"s{n}", lambda _: Attempts(1, NOW), now=at)
        assert await store.get("s9") is None
        assert await store.get("s10") is not None
        assert await store.get("s59") is not None

    async def test_old_ones_go(self, stores: Pair) -> None:
        store = stores[0].attempts
        await store.update("old", lambda _: Attempts(1, NOW), now=NOW)
        await store.update("new", lambda _: Attempts(1, NOW), now=NOW + 9 * DAY)
        assert await store.get("old") is None
