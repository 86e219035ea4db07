"""Followers of a collection, when its documents' store comes and goes."""

import asyncio
from collections.abc import Sequence
from typing import cast

from tests.support.app import caller

from gatewright.core.errors import Unavailable
from gatewright.domains.store import (
    Change,
    Collection,
    DocumentStore,
    Listings,
    Requester,
    Right,
    Snapshot,
    Store,
)


class Away:
    """A store that is away for some looks; then there is one change."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    async def look(self, name: str, keys: object, who: Requester) -> Snapshot:
        if self.looks:
            self.looks -= 1
            raise Unavailable("The gateway's database is away.")
        return Snapshot(2.0, Collection(name, "ada", 1.0, sequence=8), Right.ADMIN)

    async def changes(self, *_: object, **__: object) -> Sequence[Change]:
        return [Change(8, "k", deleted=False, etag="x", at=1.0)]


async def test_changes_during_an_outage_of_the_store_are_reported_later() -> None:
    away = Away(looks=2)
    store = Store(cast("DocumentStore", away), document_bytes=100)
    following = Listings(store).follow(caller("ada"), "c", 7)
    async with asyncio.timeout(60):
        assert (await anext(following)).number == 8
    assert away.looks == 0
