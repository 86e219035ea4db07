"""The document store, and what removes expired documents."""

from contextlib import AsyncExitStack

from gatewright.backends.sql import Database
from gatewright.backends.sql.documents import SqlDocuments
from gatewright.backends.sql.leases import SqlLeases
from gatewright.core.background import Background
from gatewright.core.config import Config
from gatewright.domains.store import Accounts, Listings, Store, remove_expired


def open_store(
    config: Config, database: Database, accounts: Accounts | None = None
) -> tuple[Store, Listings]:
    """Return the store and its listings.

    ``accounts`` says to whom rights may be given.
    """
    limits = config.limits
    documents = SqlDocuments(database, quota=limits.store_bytes_per_user)
    store = Store(documents, document_bytes=limits.document_bytes, accounts=accounts)
    return store, Listings(store)


async def open_expiry(
    store: Store, leases: SqlLeases, stack: AsyncExitStack
) -> Background:
    """Begin to remove documents that have expired; the stack ends it."""
    expiry = Background(
        "removing expired documents",
        lambda: remove_expired(store.documents),
        lease=leases.lease("store/expiry"),
    )
    return await stack.enter_async_context(expiry)
