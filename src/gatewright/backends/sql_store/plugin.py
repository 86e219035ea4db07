"""The built-in store as a plug-in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatewright.backends.plugin import StorePlugin, StoreSetting
from gatewright.backends.sql.documents import SqlDocuments
from gatewright.core.config import Section
from gatewright.domains.store import DocumentStore


class SqlStoreOptions(Section):
    """The gateway's database, which ``[gateway] database`` names."""


@asynccontextmanager
async def open_store(
    setting: StoreSetting[SqlStoreOptions],
) -> AsyncIterator[DocumentStore]:
    """Yield the documents in the gateway's database."""
    yield SqlDocuments(setting.database, quota=setting.quota, clock=setting.clock)


plugin = StorePlugin(SqlStoreOptions, open_store)
