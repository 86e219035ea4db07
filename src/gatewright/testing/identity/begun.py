"""Contract tests of ``BegunStore``."""

import asyncio

import pytest

from gatewright.testing.identity.samples import NOW, Pair, begun

LATEST = NOW + 660


async def take(
    pair: Pair, state: str, browser: str = "browser", provider: str = "centre"
) -> str | None:
    return await pair[1].begun.take(state, browser, provider, now=NOW, latest=LATEST)


class BegunStoreContract:
    """Tests that every ``BegunStore`` passes; provide the fixture ``stores``."""

    async def test_a_sign_in_is_taken_once(self, stores: Pair) -> None:
        await stores[0].begun.add(begun("a"), now=NOW, keep=9)
        assert await take(stores, "a", browser="another") is None
        assert await take(stores, "a", provider="campus") is None
        assert await take(stores, "b") is None
        found = await asyncio.gather(*(take(stores, "a") for _ in range(8)))
        assert sorted(found, key=str) == ["/jobs", *[None] * 7]

    @pytest.mark.parametrize("end", [NOW - 1, NOW, LATEST + 1])
    async def test_one_that_has_expired_is_not_taken(
        self, stores: Pair, end: float
    ) -> None:
        """Nor one that expires later than any can, as after the clock was set back."""
        await stores[0].begun.add(begun("a", expires_at=end), now=NOW - 9, keep=9)
        assert await take(stores, "a") is None

    async def test_only_the_newest_of_a_network_are_kept(self, stores: Pair) -> None:
        await stores[0].begun.add(begun("other", network="x"), now=NOW, keep=2)
        for state in "abc":
            await stores[0].begun.add(begun(state), now=NOW, keep=2)
        assert await take(stores, "a") is None
        for state in ("b", "c", "other"):
            assert await take(stores, state) == "/jobs"

    async def test_the_expired_are_removed_when_one_is_added(
        self, stores: Pair
    ) -> None:
        await stores[0].begun.add(begun("old", expires_at=NOW), now=NOW - 1, keep=9)
        await stores[0].begun.add(begun("new"), now=NOW + 1, keep=9)
        before = {"now": NOW - 1, "latest": LATEST}
        old = await stores[1].begun.take("old", "browser", "centre", **before)
        assert old is None
