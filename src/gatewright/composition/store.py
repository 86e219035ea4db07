"""The document store, and the task that takes away what has expired."""

import asyncio
import logging
from contextlib import AsyncExitStack

from gatewright.backends.sql import Database
from gatewright.backends.sql.documents import SqlDocuments
from gatewright.core.config import Config
from gatewright.core.errors import GatewayError
from gatewright.domains.store import Accounts, DocumentStore, Listings, Store

_log = logging.getLogger(__name__)

_SWEEP_SECONDS = 20.0


def open_store(
    config: Config,
    database: Database,
    stack: AsyncExitStack,
    accounts: Accounts | None = None,
) -> tuple[Store, Listings]:
    """Return the store and its listings; the stack ends what runs beside them.

    ``accounts`` says to whom rights may be given.
    """
    limits = config.limits
    documents = SqlDocuments(database, quota=limits.store_bytes_per_user)
    store = Store(documents, document_bytes=limits.document_bytes, accounts=accounts)
    sweeper = asyncio.create_task(sweep_for_ever(documents), name="store sweeper")
    stack.push_async_callback(_end, sweeper)
    return store, Listings(store)


async def sweep_for_ever(
    documents: DocumentStore, seconds: float = _SWEEP_SECONDS
) -> None:
    """Take away what has expired, now and every some seconds.

    All gateway processes do so; what one has done the others find done.
    """
    while True:
        try:
            swept = await documents.sweep()
        except GatewayError as error:
            _log.warning("Expired documents stay until the next sweep: %s", error.text)
            swept = 0
        await asyncio.sleep(0 if swept else seconds)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
