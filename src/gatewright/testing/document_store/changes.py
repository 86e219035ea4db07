"""Contract tests of the change feed and of expiry."""

import asyncio

import pytest

from gatewright.core.caller import Caller
from gatewright.core.errors import (
    Conflict,
    NotFound,
)
from gatewright.core.ids import IdMaker
from gatewright.domains.store import (
    Lifetime,
    Listings,
    Permissions,
    Right,
    Store,
)
from gatewright.testing.document_store.base import (
    ADA,
    BEN,
    CYD,
    Maker,
    StoreContract,
    if_match,
)


class ChangeContract(StoreContract):
    """Tests of the change feed and of expiry."""

    async def seen(
        self, listings: Listings, since: int, caller: Caller = ADA, limit: int = 100
    ) -> list[tuple[str, bool]]:
        page = await listings.changes(caller, "c", since, limit=limit)
        return [(change.key, change.deleted) for change in page.changes]

    async def test_the_last_change_of_each(
        self, store: Store, other: Store, listings: Listings
    ) -> None:
        await store.put(ADA, "c", "a", b"1")
        await other.put(ADA, "c", "b", b"1")
        await store.put(ADA, "c", "a", b"2")
        page = await listings.changes(ADA, "c", 0)
        assert [(c.key, c.deleted) for c in page.changes] == [
            ("b", False),
            ("a", False),
        ]
        assert page.last == page.changes[-1].number
        assert page.changes[-1].etag == (await store.get(ADA, "c", "a")).document.etag
        await store.delete(ADA, "c", "b")
        assert await self.seen(Listings(other), page.last) == [("b", True)]
        assert await self.seen(listings, 0) == [("a", False), ("b", True)]

    async def test_pages_of_changes(self, store: Store, listings: Listings) -> None:
        await store.put_many(ADA, "c", {f"k{n}": b"1" for n in range(7)})
        since, keys = 0, []
        for _ in range(4):
            page = await listings.changes(ADA, "c", since, limit=2)
            keys += [change.key for change in page.changes]
            since = page.last
        assert keys == [f"k{n}" for n in range(7)]
        assert (await listings.changes(ADA, "c", since)).changes == []

    async def test_the_number_of_the_last_change(
        self, store: Store, other: Store, listings: Listings
    ) -> None:
        await store.put(ADA, "c", "a", b"1")
        await store.put(ADA, "d", "a", b"1")
        await store.put(ADA, "c", "b", b"1")
        documents = other.documents
        names = ["c", "d", "none"]
        assert await documents.numbers(names) == {
            name: await listings.start(ADA, name, None) for name in ("c", "d")
        }
        await store.delete(ADA, "c", "a")
        await store.drop_collection(ADA, "d")
        assert await documents.numbers(names) == {
            "c": await listings.start(ADA, "c", None)
        }

    async def test_waiting(
        self, store: Store, other: Store, listings: Listings
    ) -> None:
        await store.put(ADA, "c", "a", b"1")
        since = (await listings.changes(ADA, "c", 0)).last
        assert (await listings.changes(ADA, "c", since, wait=0.01)).changes == []
        for writer in (store, other):
            waiting = asyncio.create_task(listings.changes(ADA, "c", since, wait=30))
            await asyncio.sleep(0.01)
            await writer.put(ADA, "c", "a", b"%d" % since)
            async with asyncio.timeout(25):
                page = await waiting
            assert [change.key for change in page.changes] == ["a"]
            since = page.last

    async def test_following(
        self, store: Store, other: Store, listings: Listings
    ) -> None:
        everyone = Permissions(everyone=Right.READ)
        await store.put(ADA, "c", "old", b"1")
        await store.save_collection(ADA, "c", permissions=everyone)
        following = listings.follow(BEN, "c", await listings.start(BEN, "c", None))
        told = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0.05)
        await other.put(ADA, "c", "new", b"1")
        async with asyncio.timeout(60):
            assert (await told).key == "new"
            await store.save_collection(ADA, "c", permissions=Permissions())
            assert [change async for change in following] == []
        with pytest.raises(NotFound):
            await listings.start(BEN, "c", None)

    async def test_following_a_collection_that_is_made_anew(
        self, other: Store, listings: Listings
    ) -> None:
        await other.put(ADA, "c", "a", b"1")
        last = await listings.start(ADA, "c", None)
        await other.drop_collection(ADA, "c")
        await other.put(ADA, "c", "b", b"1")
        async with asyncio.timeout(60):
            assert [change async for change in listings.follow(ADA, "c", last)] == []

    async def test_numbers_rise_when_a_collection_is_made_anew(
        self, make_documents: Maker
    ) -> None:
        """Numbers rise although the clock is set back an hour."""
        now = 1_800_000_000.0
        documents = await make_documents(quota=self.quota, clock=lambda: now)
        store = Store(documents, document_bytes=1 << 20)
        listings = Listings(store)
        await store.put_many(ADA, "c", {f"old{n}": b"1" for n in range(500)})
        await store.delete(ADA, "c", "old7")
        seen = (await listings.changes(ADA, "c", 0, limit=1000)).last
        await store.drop_collection(ADA, "c")
        now -= 3600
        await store.put_many(ADA, "c", {f"new{n}": b"1" for n in range(500)})
        with pytest.raises(Conflict):
            await listings.changes(ADA, "c", seen)
        with pytest.raises(Conflict):
            await listings.start(ADA, "c", seen)
        page = await listings.changes(ADA, "c", 0, limit=1000)
        assert [change.key for change in page.changes] == [
            f"new{n}" for n in range(500)
        ]
        assert page.changes[0].number > seen

    async def test_keys_made_by_time_rise_when_the_clock_is_set_back(
        self, store: Store, other: Store, listings: Listings
    ) -> None:
        """Also after a restart, and in another process whose clock is behind."""
        clock = [1_800_000_000.0]
        with pytest.MonkeyPatch.context() as patch:
            keys = []
            for step in (0, -7200, 1, 3600, 7200):
                clock[0] += step
                for writer in (store, other):
                    made = IdMaker(lambda: clock[0])
                    patch.setattr("gatewright.domains.store.service.new_id", made)
                    keys += [(await writer.add(ADA, "c", b"1")).key for _ in range(3)]
        assert keys == sorted(set(keys))
        assert await self.keys(listings) == keys
        assert {len(key) for key in keys} == {26}

    async def test_no_reader_misses_a_change(
        self, store: Store, other: Store, listings: Listings
    ) -> None:
        await store.save_collection(ADA, "c")
        seen: set[str] = set()

        async def watch() -> None:
            since = 0
            while len(seen) < 40:
                page = await listings.changes(ADA, "c", since, limit=7, wait=1)
                seen.update(change.key for change in page.changes)
                since = page.last

        watching = asyncio.create_task(watch())
        handles = (store, other)
        await asyncio.gather(
            *(handles[n % 2].put(ADA, "c", f"k{n}", b"1") for n in range(40))
        )
        async with asyncio.timeout(60):
            await watching

    async def test_a_number_that_is_none(
        self, store: Store, listings: Listings
    ) -> None:
        await store.put(ADA, "c", "a", b"1")
        last = (await listings.changes(ADA, "c", 0)).last
        for since in (last + 1, 5):
            with pytest.raises(Conflict):
                await listings.changes(ADA, "c", since)

    async def test_old_deletions_are_forgotten(self, make_documents: Maker) -> None:
        now = [1e9]
        documents = await make_documents(
            quota=10_000, clock=lambda: now[0], forget_seconds=100
        )
        store = Store(documents, document_bytes=1000)
        listings = Listings(store)
        await store.put_many(ADA, "c", {"a": b"1", "b": b"1"})
        await store.set_permissions(ADA, "c", "a", Permissions(everyone=Right.READ))
        since = (await listings.changes(ADA, "c", 0)).last
        await store.delete(ADA, "c", "a")
        assert await self.seen(listings, since) == [("a", True)]
        now[0] += 1000
        assert await documents.sweep() == 0
        assert await documents.grants("c", "a") == {}
        with pytest.raises(Conflict):
            await listings.changes(ADA, "c", since)
        assert await self.seen(listings, 0) == [("b", False)]

    async def test_expiry(self, make_documents: Maker) -> None:
        now = [1e9]
        documents = await make_documents(quota=10_000, clock=lambda: now[0])
        store = Store(documents, document_bytes=1000)
        listings = Listings(store)
        for key, seconds in (("a", 10.0), ("b", 20.0), ("d", None)):
            await store.put(ADA, "c", key, b"1", lifetime=Lifetime(seconds))
        await store.save_collection(ADA, "c", indexes=["x"])
        await store.patch(ADA, "c", "b", b"2")
        assert (await store.get(ADA, "c", "b")).document.expires_at == 1e9 + 20
        since = (await listings.changes(ADA, "c", 0)).last
        now[0] += 10
        with pytest.raises(NotFound):
            await store.get(ADA, "c", "a")
        assert await self.keys(listings) == ["b", "d"]
        with pytest.raises(NotFound):
            await store.delete(ADA, "c", "a")
        assert (await store.usage(ADA)).documents == 3
        assert await documents.sweep() == 1
        assert await documents.sweep() == 0
        assert (await store.usage(ADA)).documents == 2
        assert await self.seen(listings, since) == [("a", True)]
        await store.patch(ADA, "c", "b", b"3", lifetime=Lifetime(for_ever=True))
        await store.put(ADA, "c", "d", b"4", lifetime=Lifetime(5))
        now[0] += 10
        assert await self.keys(listings) == ["b"]

    async def test_what_has_expired_gives_way(self, make_documents: Maker) -> None:
        now = [1e9]
        documents = await make_documents(quota=10_000, clock=lambda: now[0])
        store = Store(documents, document_bytes=1000)
        await store.put(ADA, "c", "a", b"111", lifetime=Lifetime(1))
        everyone = Permissions(everyone=Right.WRITE)
        await store.save_collection(ADA, "c", permissions=everyone)
        await store.set_permissions(ADA, "c", "a", Permissions())
        now[0] += 2
        stored = await store.put(BEN, "c", "a", b"22", check=if_match(None))
        assert stored.created
        view = await store.get(CYD, "c", "a")
        assert (view.document.creator, view.document.expires_at) == ("ben", None)
        assert (await store.usage(ADA)).bytes == 0
        assert (await store.usage(BEN)).bytes == 2
        assert await documents.sweep() == 0
