"""Contract tests of queries with and without indexes."""

import asyncio
import random

import msgspec
import pytest

from gatewright.core.caller import Caller
from gatewright.core.errors import TooLarge
from gatewright.domains.store import (
    Condition,
    Listings,
    Permissions,
    Right,
    Selection,
    Store,
    matches,
    parse_query,
    parse_sort,
)
from gatewright.testing.document_store.base import (
    ADA,
    BEN,
    StoreContract,
)


class QueryContract(StoreContract):
    """Tests of queries with and without indexes."""

    QUERIES = (
        ["a:eq:1"], ["a:eq:true"], ["a:eq:x"], ["a:eq:null"], ["a:ne:1"],
        ["a:lt:2"], ["a:le:2"], ["a:gt:1", "a:lt:3"], ["a:ge:x"], ["a:gt:x"],
        [r"x\.y:eq:1"], [r"x\.y:exists:false"], [r"q\:r:ge:0"], ["x.y:eq:1"],
        ['a:in:[1,"x",null]'], ["a:in:[]"], ["a:prefix:x"], ["a:prefix:"],
        ["a:exists:true"], ["a:exists:false"], ["a.b:eq:1"], ["a.0:eq:1"],
        ["a:gt:9007199254740992"], ["a:eq:9007199254740993"], ["a:lt:-1e300"],
        ["a:le:x"], ["a:lt:x"], ["a:eq:0.1", "b:eq:1"], ["b:ge:0", "a:exists:true"],
    )  # fmt: skip
    VALUES = (
        "1", "1.0", "2", "3.5", "-4", "0.1", "true", "false", "null", '"x"', '"xy"',
        '"y"', '""', '"1"', "[1,2]", '{"b":1}', "9007199254740992",
        "9007199254740993", "-1e308", "1" + "0" * 400, f'"{"x" * 300}"',
        f'"{"x" * 301}"',
    )  # fmt: skip

    async def fill(self, store: Store) -> dict[str, str]:
        chance = random.Random(11)  # noqa: S311  # a fixed sequence
        texts = {}
        for n, value in enumerate(self.VALUES):
            texts[f"k{n:02}"] = f'{{"a":{value},"b":{chance.choice([0, 1, 2])}}}'
        texts["without"] = '{"b":1}'
        texts["scalar"] = "5"
        texts["dots"] = '{"x.y":1,"q:r":2,"x":{"y":3}}'
        await store.put_many(ADA, "c", {k: t.encode() for k, t in texts.items()})
        return texts

    async def answers(self, listings: Listings) -> list[list[str]]:
        return [await self.keys(listings, ADA, *query) for query in self.QUERIES]

    async def test_an_index_changes_no_answer(
        self, store: Store, listings: Listings
    ) -> None:
        texts = await self.fill(store)
        scanned = await self.answers(listings)
        for query, keys in zip(self.QUERIES, scanned, strict=True):
            assert keys == _expected(texts, parse_query(query)), query
        fields = ["a", "a.b", "a.0", "b", r"x\.y", r"q\:r"]
        view, _ = await store.save_collection(ADA, "c", indexes=fields)
        assert all(view.collection.indexes.values())
        assert await self.answers(listings) == scanned
        await store.put(ADA, "c", "k00", b'{"a": "x"}')
        await store.patch(ADA, "c", "k01", b'{"a": null}')
        await store.delete(ADA, "c", "k02")
        indexed = await self.answers(listings)
        await store.save_collection(ADA, "c", indexes=[])
        assert await self.answers(listings) == indexed

    async def test_an_index_of_many_documents(
        self, store: Store, listings: Listings
    ) -> None:
        bodies = {f"k{n:03}": b'{"n": %d}' % (n % 10) for n in range(450)}
        await store.put_many(ADA, "c", bodies)
        await store.save_collection(ADA, "c", indexes=["n"])
        assert len(await self.keys(listings, ADA, "n:eq:3")) == 45

    async def test_writes_while_an_index_is_built(
        self, store: Store, other: Store, listings: Listings
    ) -> None:
        bodies = {f"k{n:03}": b'{"n": 1}' for n in range(420)}
        await store.put_many(ADA, "c", bodies)
        await asyncio.gather(
            store.save_collection(ADA, "c", indexes=["n"]),
            *(other.put(ADA, "c", f"k{n:03}", b'{"n": 2}') for n in range(0, 420, 20)),
        )
        assert len(await self.keys(listings, ADA, "n:eq:2")) == 21
        assert len(await self.keys(listings, ADA, "n:eq:1")) == 399

    async def test_a_scan_is_bounded(self, store: Store) -> None:
        listings = Listings(store, scanned=100)
        bodies = {f"k{n:04}": b'{"n": %d}' % n for n in range(1000)}
        await store.put_many(ADA, "c", bodies)
        selection = Selection(conditions=parse_query(["n:ge:990"]))
        page = await listings.documents(ADA, "c", selection)
        assert not page.documents
        assert page.next is not None
        assert page.advice is not None
        assert '{"indexes": ["n"]}' in page.advice
        assert len(await self.keys(listings, ADA, "n:ge:990")) == 10
        await store.save_collection(ADA, "c", indexes=["n"])
        page = await listings.documents(ADA, "c", selection)
        assert len(page.documents) == 10
        assert (page.next, page.advice) == (None, None)

    async def sorted_keys(
        self, listings: Listings, selection: Selection, limit: int
    ) -> list[str]:
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = await listings.documents(
                ADA, "c", selection, limit=limit, cursor=cursor
            )
            found += [document.key for document in page.documents]
            cursor = page.next
            if cursor is None:
                return found

    async def test_a_sorted_list_in_pages(
        self, store: Store, listings: Listings
    ) -> None:
        bodies = {f"k{n:03}": b'{"n": %d}' % (n * 7 % 10) for n in range(130)}
        await store.put_many(ADA, "c", bodies)
        selection = Selection(
            "k0", parse_query(["n:ge:3"]), order=parse_sort(["-n"]), fields=("n",)
        )
        wanted = sorted(
            (f"k{n:03}" for n in range(100) if n * 7 % 10 >= 3),
            key=lambda key: (-(int(key[1:]) * 7 % 10), key),
        )
        assert await self.sorted_keys(listings, selection, 9) == wanted
        await store.save_collection(ADA, "c", indexes=["n"])
        assert await self.sorted_keys(listings, selection, 1000) == wanted

    async def test_a_sorted_list_goes_on_where_its_last_document_was_deleted(
        self, store: Store, listings: Listings
    ) -> None:
        await store.put_many(ADA, "c", {f"k{n}": b'{"n": %d}' % n for n in range(5)})
        selection = Selection(order=parse_sort(["n"]))
        first = await listings.documents(ADA, "c", selection, limit=2)
        await store.delete(ADA, "c", "k1")
        rest = await listings.documents(ADA, "c", selection, cursor=first.next)
        assert [document.key for document in rest.documents] == ["k2", "k3", "k4"]

    async def test_the_count_is_that_of_the_whole_list(
        self, store: Store, listings: Listings
    ) -> None:
        bodies = {f"k{n:03}": b'{"n": %d}' % n for n in range(30)}
        await store.put_many(ADA, "c", bodies)
        await store.delete(ADA, "c", "k000")
        await store.save_collection(
            ADA, "c", permissions=Permissions(everyone=Right.READ)
        )
        await store.set_permissions(ADA, "c", "k001", Permissions())

        async def count(caller: Caller, selection: Selection) -> int | None:
            page = await listings.documents(caller, "c", selection, limit=2, count=True)
            return page.count

        for selection, mine, others in (
            (Selection(), 29, 28),
            (Selection("k00"), 9, 8),
            (Selection(conditions=parse_query(["n:lt:5"])), 4, 3),
            (Selection(order=parse_sort(["n"])), 29, 28),
        ):
            assert await count(ADA, selection) == mine
            assert await count(BEN, selection) == others
        unasked = await listings.documents(ADA, "c", Selection())
        assert unasked.count is None

    async def test_what_is_beyond_the_bound_is_not_guessed(self, store: Store) -> None:
        listings = Listings(store, scanned=100)
        bodies = {f"k{n:04}": b'{"n": %d}' % n for n in range(700)}
        await store.put_many(ADA, "c", bodies)
        some = Selection(conditions=parse_query(["n:ge:5"]))
        page = await listings.documents(ADA, "c", some, count=True)
        assert page.count is None
        with pytest.raises(TooLarge, match="to be sorted"):
            await listings.documents(ADA, "c", Selection(order=parse_sort(["n"])))
        few = Selection("k001", order=parse_sort(["-n"]))
        found = await listings.documents(ADA, "c", few, limit=1)
        assert [document.key for document in found.documents] == ["k0019"]


def _expected(texts: dict[str, str], conditions: tuple[Condition, ...]) -> list[str]:
    return sorted(
        key
        for key, text in texts.items()
        if matches(msgspec.json.decode(text), conditions)
    )
