"""What the service does beside its documents' store."""

from typing import cast

import pytest
from tests.support.app import caller

from gatewright.core.caller import Caller
from gatewright.core.errors import NotFound, NotSignedIn, TooLarge
from gatewright.domains.store import (
    Decide,
    DocumentStore,
    Right,
    Standing,
    Store,
    Who,
    who_is,
)


class Vanishing:
    """A store whose collections are dropped by another at once."""

    async def change(
        self, name: str, keys: object, who: Who, decide: Decide[object], **_: object
    ) -> object:
        return decide(Standing(1.0)).answer

    async def look(self, name: str, keys: object, who: Who) -> Standing:
        return Standing(2.0)


async def test_a_collection_that_is_dropped_meanwhile() -> None:
    store = Store(cast("DocumentStore", Vanishing()), document_bytes=100)
    with pytest.raises(NotFound):
        await store.save_collection(caller("ada"), "c")


async def test_a_patch_that_is_too_large() -> None:
    store = Store(cast("DocumentStore", Vanishing()), document_bytes=100)
    with pytest.raises(TooLarge):
        await store.patch(caller("ada"), "c", "k", b'"' + b"x" * 100 + b'"')


def test_principals() -> None:
    who = who_is(Caller("ada", frozenset(), frozenset({"b", "a"})))
    assert who.principals == ("everyone", "user:ada", "group:a", "group:b")
    with pytest.raises(NotSignedIn):
        who_is(Caller("", frozenset()))


def test_words_of_rights() -> None:
    assert [right.word for right in Right] == ["none", "read", "write", "admin"]
