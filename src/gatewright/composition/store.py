"""Opens the document store, and the task that removes expired documents."""

from contextlib import AsyncExitStack

from pydantic import ValidationError

from gatewright.backends.plugin import StorePlugin, StoreSetting
from gatewright.backends.sql import Database
from gatewright.backends.sql.leases import SqlLeases
from gatewright.core.background import Background
from gatewright.core.clock import system_clock
from gatewright.core.config import Config
from gatewright.core.errors import InvalidRequest
from gatewright.core.plugins import STORES
from gatewright.core.systems import load_plugin
from gatewright.domains.store import Accounts, Listings, Store, remove_expired


async def open_store(
    config: Config,
    database: Database,
    stack: AsyncExitStack,
    accounts: Accounts | None = None,
) -> tuple[Store, Listings]:
    """Open the configured store; return it and its listings.

    ``accounts`` tells which accounts may be given rights.

    Raises
    ------
    InvalidRequest
        The store's plug-in is not installed, or its settings are wrong.
    """
    name, limits = config.store.backend, config.limits
    plugin = load_plugin(STORES, name)
    if not isinstance(plugin, StorePlugin):
        raise InvalidRequest(f"The plug-in “{name}” is no StorePlugin.")
    try:
        options = plugin.options.model_validate(config.store.model_extra or {})
    except ValidationError as error:
        raise InvalidRequest(f"The store “{name}”: {error}") from error
    setting = StoreSetting(
        options=options,
        quota=limits.store_bytes_per_user,
        state=config.gateway.state / "store" / name,
        database=database,
        clock=system_clock,
    )
    documents = await stack.enter_async_context(plugin.open(setting))
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
