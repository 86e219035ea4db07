"""What the service does beside its documents' store."""

from typing import cast

import pytest
from tests.support.app import caller

from gatewright.core.caller import Caller
from gatewright.core.errors import NotFound, NotSignedIn, StorageFull, TooLarge
from gatewright.domains.store import (
    Decide,
    DocumentStore,
    Requester,
    Right,
    Snapshot,
    Store,
    requester_of,
)


class Vanishing:
    """A store whose collections are dropped by another at once."""

    async def change(
        self,
        name: str,
        keys: object,
        who: Requester,
        decide: Decide[object],
        **_: object,
    ) -> object:
        return decide(Snapshot(1.0)).answer

    async def look(self, name: str, keys: object, who: Requester) -> Snapshot:
        return Snapshot(2.0)


async def test_a_collection_that_is_dropped_meanwhile() -> None:
    store = Store(cast("DocumentStore", Vanishing()), document_bytes=100)
    with pytest.raises(NotFound):
        await store.save_collection(caller("ada"), "c")


async def test_a_patch_that_is_too_large() -> None:
    store = Store(cast("DocumentStore", Vanishing()), document_bytes=100)
    with pytest.raises(TooLarge):
        await store.patch(caller("ada"), "c", "k", b'"' + b"x" * 100 + b'"')


class Full:
    """A store that has room after some sweeps, the last of them of the caller's."""

    def __init__(self, sweeps: int) -> None:
        self.sweeps = sweeps

    async def change(self, *_: object, **__: object) -> str:
        if self.sweeps:
            raise StorageFull("The documents would take more than the bytes there are.")
        return "stored"

    async def sweep(self) -> int:
        self.sweeps -= 1
        return 500


async def test_what_others_left_behind_is_swept_before_a_store_is_full() -> None:
    store = Store(cast("DocumentStore", Full(sweeps=3)), document_bytes=100)
    assert str(await store.put(caller("ada"), "c", "k", b"1")) == "stored"


def test_principals() -> None:
    who = requester_of(Caller("ada", frozenset(), frozenset({"b", "a"})))
    assert who.principals == ("everyone", "user:ada", "group:a", "group:b")
    with pytest.raises(NotSignedIn):
        requester_of(Caller("", frozenset()))


def test_words_of_rights() -> None:
    assert [right.word for right in Right] == ["none", "read", "write", "admin"]
