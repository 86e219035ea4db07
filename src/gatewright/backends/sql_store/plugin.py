"""The plug-in of the built-in store of documents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatewright.backends.plugin import StorePlugin, StoreSetting
from gatewright.backends.sql.documents import SqlDocuments
from gatewright.core.config import Section
from gatewright.domains.store import DocumentStore


class SqlStoreOptions(Section):
    """Settings of the built-in store; ``[gateway] database`` names its database."""


@asynccontextmanager
async def open_store(
    setting: StoreSetting[SqlStoreOptions],
) -> AsyncIterator[DocumentStore]:
    """Yield the store of documents in the gateway's database."""
    yield SqlDocuments(setting.database, quota=setting.quota, clock=setting.clock)


plugin = StorePlugin(SqlStoreOptions, open_store)
