"""Contract tests of permissions on every operation."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gatewright.core.caller import Caller
from gatewright.core.errors import (
    GatewayError,
    InvalidContent,
    NotAllowed,
    NotFound,
)
from gatewright.domains.store import (
    Listings,
    Permissions,
    Right,
    Selection,
    Store,
    parse_query,
)
from gatewright.testing.document_store.base import (
    ADA,
    BEN,
    CYD,
    StoreContract,
)


class PermissionContract(StoreContract):
    """Tests of permissions on every operation."""

    async def verbs(
        self, store: Store, listings: Listings, caller: Caller
    ) -> dict[str, type[GatewayError] | None]:
        """Return the error of each operation on collection c, document k, or None."""
        everyone = Permissions(everyone=Right.READ)
        verbs: dict[str, Callable[[], Awaitable[Any]]] = {
            "get": lambda: store.get(caller, "c", "k"),
            "list": lambda: listings.documents(caller, "c"),
            "query": lambda: listings.documents(
                caller, "c", Selection(conditions=parse_query(["a:eq:1"]))
            ),
            "changes": lambda: listings.changes(caller, "c", 0),
            "collection": lambda: store.collection(caller, "c"),
            "put": lambda: store.put(caller, "c", "k", b"2"),
            "put new": lambda: store.put(caller, "c", "new", b"2"),
            "add": lambda: store.add(caller, "c", b"2"),
            "patch": lambda: store.patch(caller, "c", "k", b"{}"),
            "bulk": lambda: store.put_many(caller, "c", {"k": b"1", "l": b"2"}),
            "permissions": lambda: store.permissions(caller, "c", "k"),
            "set permissions": lambda: store.set_permissions(
                caller, "c", "k", everyone
            ),
            "save": lambda: store.save_collection(caller, "c", indexes=["a"]),
            "delete": lambda: store.delete(caller, "c", "k"),
            "drop": lambda: store.drop_collection(caller, "c"),
        }
        ends: dict[str, type[GatewayError] | None] = {}
        for name, verb in verbs.items():
            try:
                await verb()
            except GatewayError as error:
                ends[name] = type(error)
            else:
                ends[name] = None
        return ends

    async def given(self, store: Store, permissions: Permissions) -> None:
        await store.put(ADA, "c", "k", b'{"a": 1}')
        await store.save_collection(ADA, "c", permissions=permissions)

    async def test_two_people_give_rights_at_once(self, store: Store) -> None:
        """Neither undoes what the other has given, as if each had sent all of them."""
        first = Permissions({"eve": Right.READ}, {"astro": Right.READ}, Right.READ)
        some = Permissions({"ben": Right.ADMIN}, others_stay=True)
        with pytest.raises(NotFound):
            await store.save_collection(ADA, "c", permissions=some)
        await store.save_collection(ADA, "c", permissions=first)
        names = [f"p{number}" for number in range(12)]
        await asyncio.gather(
            *(
                store.save_collection(
                    ADA,
                    "c",
                    permissions=Permissions(
                        {name: Right.WRITE, "eve": Right.NONE, "ada": Right.NONE},
                        others_stay=True,
                    ),
                )
                for name in names
            )
        )
        none = Permissions(others_stay=True)
        found, created = await store.save_collection(ADA, "c", permissions=none)
        assert not created
        assert found.permissions == Permissions(
            {"ada": Right.ADMIN, **dict.fromkeys(sorted(names), Right.WRITE)},
            {"astro": Right.READ},
            Right.READ,
        )
        many = {f"q{number}": Right.READ for number in range(1000)}
        some = Permissions(many, others_stay=True)
        with pytest.raises(InvalidContent):
            await store.save_collection(ADA, "c", permissions=some)
        assert (await store.collection(ADA, "c")).permissions == found.permissions

    async def test_nothing(self, store: Store, listings: Listings) -> None:
        await self.given(store, Permissions(users={"cyd": Right.WRITE}))
        ends = await self.verbs(store, listings, BEN)
        assert set(ends.values()) == {NotFound}
        page = await store.collections(BEN, 10)
        assert list(page.items) == []

    @pytest.mark.parametrize(
        "permissions",
        [
            Permissions(users={"ben": Right.READ}),
            Permissions(groups={"astro": Right.READ}),
            Permissions(everyone=Right.READ),
        ],
    )
    async def test_reading(
        self, store: Store, listings: Listings, permissions: Permissions
    ) -> None:
        await self.given(store, permissions)
        ends = await self.verbs(store, listings, BEN)
        reading = {"get", "list", "query", "changes", "collection"}
        assert {verb for verb, end in ends.items() if end is None} == reading
        assert {end for verb, end in ends.items() if verb not in reading} == {
            NotAllowed
        }
        (view,) = (await store.collections(BEN, 10)).items
        assert (view.right, view.permissions) == (Right.READ, None)

    async def test_writing(self, store: Store, listings: Listings) -> None:
        await self.given(store, Permissions(groups={"astro": Right.WRITE}))
        ends = await self.verbs(store, listings, BEN)
        refused = {"permissions", "set permissions", "save", "drop"}
        assert {verb for verb, end in ends.items() if end is NotAllowed} == refused
        assert {end for verb, end in ends.items() if verb not in refused} == {None}

    async def test_administering(self, store: Store, listings: Listings) -> None:
        await self.given(store, Permissions(users={"ben": Right.ADMIN}))
        assert set((await self.verbs(store, listings, BEN)).values()) == {None}

    async def test_the_owner_keeps_all_rights(self, store: Store) -> None:
        await self.given(store, Permissions(users={"ben": Right.ADMIN}))
        await store.save_collection(BEN, "c", permissions=Permissions())
        view = await store.collection(ADA, "c")
        assert view.right is Right.ADMIN
        assert view.permissions == Permissions(users={"ada": Right.ADMIN})
        with pytest.raises(NotFound):
            await store.collection(BEN, "c")

    async def test_a_document_of_its_own(
        self, store: Store, listings: Listings
    ) -> None:
        await self.given(store, Permissions(everyone=Right.WRITE))
        await store.put(ADA, "c", "l", b"2")
        private = Permissions(users={"cyd": Right.READ})
        await store.set_permissions(ADA, "c", "k", private)
        assert await store.permissions(ADA, "c", "k") == private
        assert await store.permissions(ADA, "c", "l") is None
        ends = await self.verbs(store, listings, BEN)
        hidden = {
            "get", "put", "patch", "bulk", "permissions", "set permissions", "delete",
        }  # fmt: skip
        assert {verb for verb, end in ends.items() if end is NotFound} == hidden
        assert "k" not in await self.keys(listings, BEN)
        page = await listings.changes(BEN, "c", 0)
        assert "k" not in {change.key for change in page.changes}
        assert "k" in await self.keys(listings, CYD)
        with pytest.raises(NotAllowed):
            await store.put(CYD, "c", "k", b"3")
        await store.set_permissions(ADA, "c", "k", None)
        assert "k" in await self.keys(listings, BEN)

    async def test_one_document_of_a_private_collection(
        self, store: Store, listings: Listings
    ) -> None:
        await self.given(store, Permissions())
        await store.put(ADA, "c", "l", b"2")
        await store.set_permissions(
            ADA, "c", "k", Permissions(users={"ben": Right.WRITE})
        )
        assert await self.keys(listings, BEN) == ["k"]
        (view,) = (await store.collections(BEN, 10)).items
        assert (view.collection.name, view.right) == ("c", Right.NONE)
        await store.put(BEN, "c", "k", b"3")
        with pytest.raises(NotFound):
            await store.get(BEN, "c", "l")
        with pytest.raises(NotAllowed):
            await store.put(BEN, "c", "new", b"3")

    async def test_who_made_a_document_administers_it(
        self, store: Store, listings: Listings
    ) -> None:
        await self.given(store, Permissions(users={"ben": Right.WRITE}))
        await store.put(BEN, "c", "mine", b"1")
        await store.set_permissions(BEN, "c", "mine", Permissions())
        assert (await store.get(BEN, "c", "mine")).right is Right.ADMIN
        assert await self.keys(listings, BEN) == ["k", "mine"]
        assert await self.keys(listings, ADA) == ["k", "mine"]
        await store.save_collection(
            ADA, "c", permissions=Permissions(users={"ben": Right.READ})
        )
        with pytest.raises(NotFound):
            await store.get(BEN, "c", "mine")
        assert await self.keys(listings, BEN) == ["k"]

    async def test_what_comes_after_a_deletion_is_new(self, store: Store) -> None:
        await self.given(store, Permissions(everyone=Right.WRITE))
        await store.set_permissions(ADA, "c", "k", Permissions(everyone=Right.READ))
        await store.delete(ADA, "c", "k")
        await store.put(BEN, "c", "k", b"1")
        view = await store.get(BEN, "c", "k")
        assert view.document.creator == "ben"
        assert not view.document.guarded
        assert await store.permissions(BEN, "c", "k") is None

    async def test_lists_show_what_can_be_got(
        self, store: Store, listings: Listings
    ) -> None:
        """The SQL condition agrees with the rules in Python, for random permissions."""
        chance = random.Random(7)  # noqa: S311  # a fixed sequence
        people = (ADA, BEN, CYD)
        rights = list(Right)
        await store.put(ADA, "c", "k", b"1")
        for round_ in range(6):
            at_large = Permissions(
                users={"ben": Right.WRITE}, everyone=chance.choice(rights[:3])
            )
            await store.save_collection(ADA, "c", permissions=at_large)
            for n in range(4):
                await store.put(chance.choice(people[:2]), "c", f"{round_}-{n}", b"1")
            at_last = Permissions(
                users={"ben": chance.choice(rights)},
                groups={"astro": chance.choice(rights)},
                everyone=chance.choice(rights[:2]),
            )
            for n in range(3):
                own = Permissions(
                    users={p.user: chance.choice(rights) for p in people[1:]},
                    groups={"astro": chance.choice(rights)},
                )
                await store.set_permissions(ADA, "c", f"{round_}-{n}", own)
            await store.save_collection(ADA, "c", permissions=at_last)
            everything = await self.keys(listings, ADA)
            for caller in people:
                got = []
                for key in everything:
                    try:
                        await store.get(caller, "c", key)
                    except NotFound:
                        continue
                    got.append(key)
                assert await self.keys(listings, caller) == got
