"""Contract tests of collections, lists and quotas."""

import asyncio

import pytest

from gatewright.core.errors import (
    Conflict,
    NotFound,
    PreconditionFailed,
    StorageFull,
)
from gatewright.domains.store import (
    Lifetime,
    Listings,
    Permissions,
    Right,
    Selection,
    Store,
)
from gatewright.testing.document_store.base import (
    ADA,
    BEN,
    CYD,
    Maker,
    StoreContract,
    person,
)


class CollectionContract(StoreContract):
    """Tests of collections and lists."""

    async def test_making_and_changing(self, store: Store) -> None:
        view, created = await store.save_collection(ADA, "c")
        assert created
        assert (view.collection.owner, view.collection.documents) == ("ada", 0)
        view, created = await store.save_collection(ADA, "c", indexes=["a", "b.c"])
        assert not created
        assert dict(view.collection.indexes) == {"a": True, "b.c": True}
        with pytest.raises(PreconditionFailed):
            await store.save_collection(ADA, "c", create_only=True)
        with pytest.raises(NotFound):
            await store.save_collection(BEN, "c")

    async def test_a_name_belongs_to_the_first(
        self, store: Store, other: Store
    ) -> None:
        makers = [
            (store, ADA), (other, BEN), (store, CYD), (other, person("dan")),
        ]  # fmt: skip
        results = await asyncio.gather(
            *(handle.save_collection(who, "c") for handle, who in makers),
            return_exceptions=True,
        )
        assert sum(isinstance(result, tuple) for result in results) == 1
        assert sum(isinstance(result, NotFound) for result in results) == 3

    async def test_all_that_one_may_see(self, store: Store) -> None:
        for name in ("b", "a", "C", "d"):
            await store.put(ADA, name, "k", b"12")
        await store.put(BEN, "e", "k", b"1")
        first = await store.collections(ADA, 3)
        assert [view.collection.name for view in first.items] == ["C", "a", "b"]
        assert first.items[0].collection.bytes == 2
        rest = await store.collections(ADA, 3, first.next)
        assert [view.collection.name for view in rest.items] == ["d"]
        assert rest.next is None

    async def test_dropping(self, store: Store, listings: Listings) -> None:
        await store.put_many(ADA, "c", {"a": b"1", "b": b"2"})
        await store.save_collection(
            ADA, "c", indexes=["x"], permissions=Permissions(everyone=Right.WRITE)
        )
        await store.put(BEN, "c", "d", b"333")
        last = (await listings.changes(ADA, "c", 0)).last
        await store.drop_collection(ADA, "c")
        with pytest.raises(NotFound):
            await listings.documents(ADA, "c")
        for caller in (ADA, BEN):
            assert (await store.usage(caller)).bytes == 0
        await store.put(BEN, "c", "a", b"1")
        assert await self.keys(listings, BEN) == ["a"]
        with pytest.raises(NotFound):
            await store.get(ADA, "c", "a")
        with pytest.raises(Conflict):
            await listings.changes(BEN, "c", last)

    async def test_pages_in_the_order_of_bytes(
        self, store: Store, listings: Listings
    ) -> None:
        keys = ["B", "a", "é", "_", "a b", "😀", "a%", "ab", "a-1", "Z", "~"]
        await store.put_many(ADA, "c", dict.fromkeys(keys, b"1"))
        assert await self.keys(listings) == sorted(keys, key=str.encode)
        for prefix in ("a", "é", "x", "😀", "", "\U0010ffff"):
            page = await listings.documents(ADA, "c", Selection(prefix=prefix))
            expected = sorted(
                (key for key in keys if key.startswith(prefix)), key=str.encode
            )
            assert [document.key for document in page.documents] == expected

    async def test_large_documents_come_a_few_at_a_time(
        self, store: Store, listings: Listings
    ) -> None:
        body = b'"%s"' % (b"x" * 990_000)
        for n in range(9):
            await store.put(ADA, "c", f"k{n}", body)
        page = await listings.documents(ADA, "c", limit=100)
        assert 8 <= len(page.documents) < 10
        assert len(await self.keys(listings)) == 9


class QuotaContract(StoreContract):
    """Tests of each user's quota."""

    quota = 1000

    async def test_exact_under_concurrency(
        self, store: Store, other: Store, listings: Listings
    ) -> None:
        handles = (store, other)
        body = b'"%s"' % (b"x" * 98)
        results = await asyncio.gather(
            *(
                handles[n % 2].put(ADA, ("c", "d")[n % 2], f"k{n}", body)
                for n in range(16)
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(result, StorageFull) for result in results) == 6
        usage = await other.usage(ADA)
        assert (usage.documents, usage.bytes) == (10, 1000)
        await store.put(BEN, "e", "k", body)

    async def test_room_is_given_back(self, store: Store) -> None:
        body = b'"%s"' % (b"x" * 598)
        await store.put(ADA, "c", "a", body)
        with pytest.raises(StorageFull):
            await store.put(ADA, "c", "b", body)
        await store.put(ADA, "c", "a", body)
        with pytest.raises(NotFound):
            await store.get(ADA, "c", "b")
        await store.patch(ADA, "c", "a", b"1")
        await store.put(ADA, "c", "b", body)
        await store.delete(ADA, "c", "b")
        assert await store.usage(ADA) == await store.usage(ADA)
        assert (await store.usage(ADA)).bytes == 1

    async def test_who_writes_pays(self, store: Store) -> None:
        await store.put(ADA, "c", "a", b"1")
        everyone = Permissions(everyone=Right.WRITE)
        await store.save_collection(ADA, "c", permissions=everyone)
        await store.put(BEN, "c", "a", b'"%s"' % (b"x" * 98))
        assert (await store.usage(ADA)).bytes == 0
        assert (await store.usage(BEN)).bytes == 100
        assert (await store.get(BEN, "c", "a")).document.creator == "ada"

    async def test_what_has_expired_makes_room(self, make_documents: Maker) -> None:
        now = [1e9]
        documents = await make_documents(quota=1000, clock=lambda: now[0])
        store = Store(documents, document_bytes=1000)
        body = b'"%s"' % (b"x" * 598)
        await store.put(ADA, "c", "a", body, lifetime=Lifetime(1))
        now[0] += 2
        await store.put(ADA, "c", "b", body)
        assert (await store.usage(ADA)).documents == 1
