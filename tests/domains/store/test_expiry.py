"""Expired documents are removed at once while there are more, and then now and then."""

from typing import cast

from gatewright.domains.store import DocumentStore, remove_expired


class Expired:
    """A store with so many expired documents, of which a sweep removes two."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def sweep(self) -> int:
        removed = min(self.count, 2)
        self.count -= removed
        return removed


async def test_it_goes_on_at_once_while_there_is_more() -> None:
    documents = cast("DocumentStore", Expired(3))
    assert await remove_expired(documents) == 0.0
    assert await remove_expired(documents) == 0.0
    assert await remove_expired(documents) > 1.0
