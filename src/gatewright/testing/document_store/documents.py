"""Contract tests of documents, single and many at once."""

import asyncio

import pytest

from gatewright.core.errors import (
    NotAllowed,
    NotFound,
    PreconditionFailed,
)
from gatewright.domains.store import (
    Listings,
    Permissions,
    Right,
    Store,
)
from gatewright.testing.document_store.base import (
    ADA,
    BEN,
    StoreContract,
    if_match,
)


class DocumentContract(StoreContract):
    """Tests of documents, single and many at once."""

    @pytest.mark.parametrize(
        "text",
        [
            "1.10",
            "  [1, 2 ]\n",
            '{"big": 123456789012345678901234567890, "e": 1e22, "x": 0.10}',
            '"é😀\\u00e9"',
            "null",
            '{"a": {"b": []}, "c": "' + "x" * 1_000_000 + '"}',
        ],
    )
    async def test_a_document_comes_back_as_it_was_sent(
        self, store: Store, other: Store, text: str
    ) -> None:
        stored = await store.put(ADA, "c", "k", text.encode())
        assert stored.created
        view = await other.get(ADA, "c", "k")
        assert view.document.text == text
        assert (view.document.etag, view.document.size) == (
            stored.etag,
            len(text.encode()),
        )
        assert (view.document.creator, view.right) == ("ada", Right.ADMIN)

    async def test_replacing(self, store: Store) -> None:
        first = await store.put(ADA, "c", "k", b"1")
        second = await store.put(ADA, "c", "k", b"2", check=if_match(first.etag))
        assert not second.created
        with pytest.raises(PreconditionFailed):
            await store.put(ADA, "c", "k", b"3", check=if_match(first.etag))
        with pytest.raises(PreconditionFailed):
            await store.put(ADA, "c", "k", b"3", check=if_match(None))
        document = (await store.get(ADA, "c", "k")).document
        assert document.text == "2"
        assert document.created_at <= document.modified_at

    async def test_patching_is_atomic(self, store: Store, other: Store) -> None:
        await store.put(ADA, "c", "k", b'{"x": 1.10}')
        handles = (store, other)
        await asyncio.gather(
            *(
                handles[n % 2].patch(ADA, "c", "k", b'{"m%d": %d}' % (n, n))
                for n in range(20)
            )
        )
        text = await self.text(store, "k")
        assert '"x":1.10' in text
        assert all(f'"m{n}":{n}' in text for n in range(20))

    async def test_deleting(self, store: Store) -> None:
        stored = await store.put(ADA, "c", "k", b"1")
        with pytest.raises(PreconditionFailed):
            await store.delete(ADA, "c", "k", check=if_match("x"))
        await store.delete(ADA, "c", "k", check=if_match(stored.etag))
        for act in (store.get(ADA, "c", "k"), store.delete(ADA, "c", "k")):
            with pytest.raises(NotFound):
                await act
        with pytest.raises(NotFound):
            await store.patch(ADA, "c", "k", b"{}")
        assert (await store.put(ADA, "c", "k", b"2")).created

    async def test_made_keys_sort_by_time(self, store: Store) -> None:
        keys = []
        for _ in range(3):
            keys.append((await store.add(ADA, "c", b"1")).key)
            await asyncio.sleep(0.002)
        assert keys == sorted(set(keys))

    async def test_numbers_as_keys(self, store: Store, other: Store) -> None:
        handles = (store, other)
        stored = await asyncio.gather(
            *(handles[n % 2].add(ADA, "c", b"%d" % n, numbered=True) for n in range(12))
        )
        assert sorted(int(one.key) for one in stored) == list(range(12))
        await store.put(ADA, "c", "12", b"1")
        await store.delete(ADA, "c", "11")
        assert (await store.add(ADA, "c", b"1", numbered=True)).key == "13"

    async def test_many_at_once(self, store: Store, listings: Listings) -> None:
        await store.put(ADA, "c", "k003", b"0")
        bodies = {f"k{n:03}": b"%d" % n for n in range(600)}
        stored = await store.put_many(ADA, "c", bodies)
        assert [one.key for one in stored] == list(bodies)
        assert [one.key for one in stored if not one.created] == ["k003"]
        assert await self.keys(listings) == list(bodies)

    async def test_all_of_them_or_none(self, store: Store, listings: Listings) -> None:
        await store.put(BEN, "c", "mine", b"0")
        everyone = Permissions(everyone=Right.WRITE)
        await store.save_collection(BEN, "c", permissions=everyone)
        await store.set_permissions(BEN, "c", "mine", Permissions(everyone=Right.READ))
        with pytest.raises(NotAllowed):
            await store.put_many(ADA, "c", {"a": b"1", "mine": b"1", "z": b"1"})
        assert await self.keys(listings, BEN) == ["mine"]

    async def test_one_winner_of_each_state(self, store: Store, other: Store) -> None:
        """Compare and set is linearizable: the winners form one chain of states."""
        await store.put(ADA, "c", "k", b'"start"')
        start = (await store.get(ADA, "c", "k")).document.etag
        handles = (store, other)
        wins: dict[str, tuple[str, str]] = {}

        async def writer(name: int) -> None:
            handle = handles[name % 2]
            for step in range(6):
                seen = (await handle.get(ADA, "c", "k")).document.etag
                value = f'"{name}.{step}"'
                try:
                    stored = await handle.put(
                        ADA, "c", "k", value.encode(), check=if_match(seen)
                    )
                except PreconditionFailed:
                    continue
                assert seen not in wins, "two writers replaced the same state"
                wins[seen] = (stored.etag, value)

        await asyncio.gather(*(writer(name) for name in range(8)))
        state, value = start, '"start"'
        for _ in range(len(wins)):
            state, value = wins[state]
        assert (await other.get(ADA, "c", "k")).document.text == value
        assert len(wins) >= 6

    async def test_a_reader_never_goes_back(self, store: Store, other: Store) -> None:
        async def write() -> None:
            for n in range(1, 41):
                await store.put(ADA, "c", "k", b"%d" % n)

        await store.put(ADA, "c", "k", b"0")
        writing = asyncio.create_task(write())
        seen = [0]
        while seen[-1] < 40:
            seen.append(int(await self.text(other, "k")))
            await asyncio.sleep(0)
        await writing
        assert seen == sorted(seen)
