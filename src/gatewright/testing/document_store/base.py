"""What the contract tests of the document store share."""

from collections.abc import Awaitable, Callable

import pytest

from gatewright.core.caller import OWNER_SCOPES, Caller
from gatewright.core.errors import (
    PreconditionFailed,
)
from gatewright.domains.store import (
    Check,
    DocumentStore,
    Listings,
    Selection,
    Store,
    parse_query,
)

Maker = Callable[..., Awaitable[DocumentStore]]


def person(user: str, *groups: str) -> Caller:
    """Return the caller of an account that has all scopes."""
    return Caller(user, frozenset(map(str, OWNER_SCOPES)), frozenset(groups))


ADA = person("ada")
BEN = person("ben", "astro")
CYD = person("cyd")


def if_match(etag: str | None) -> Check:
    """Return a check for this digest; None requires that there is no document."""

    def check(found: str | None) -> None:
        if found != etag:
            raise PreconditionFailed

    return check


class StoreContract:
    quota = 10_000_000

    @pytest.fixture
    async def store(self, make_documents: Maker) -> Store:
        """Return a store as one gateway process has it."""
        return Store(await make_documents(quota=self.quota), document_bytes=1 << 20)

    @pytest.fixture
    async def other(self, make_documents: Maker, store: Store) -> Store:
        """Return the same store as a second gateway process has it."""
        return Store(await make_documents(quota=self.quota), document_bytes=1 << 20)

    @pytest.fixture
    def listings(self, store: Store) -> Listings:
        return Listings(store)

    async def text(self, store: Store, key: str, caller: Caller = ADA) -> str:
        return (await store.get(caller, "c", key)).document.text

    async def keys(
        self, listings: Listings, caller: Caller = ADA, *query: str
    ) -> list[str]:
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = await listings.documents(
                caller,
                "c",
                Selection(conditions=parse_query(query)),
                limit=7,
                cursor=cursor,
            )
            found += [document.key for document in page.documents]
            cursor = page.next
            if cursor is None:
                return found
