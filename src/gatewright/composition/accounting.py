"""Opens the accounting of the systems, and reads it into the gateway's database."""

from contextlib import AsyncExitStack

from gatewright.backends.sql import Database
from gatewright.backends.sql.accounting import SqlAccountBook
from gatewright.backends.sql.job_usage import SqlJobUsage
from gatewright.composition.systems import BackendResources, accounting_sources
from gatewright.core.background import Background
from gatewright.core.clock import system_clock
from gatewright.core.config import Config
from gatewright.domains.accounting import Accounting, Keeper


async def open_accounting(
    config: Config,
    database: Database,
    resources: BackendResources,
    stack: AsyncExitStack,
) -> Accounting:
    """Return the service, and begin to read the accounting; the stack ends it.

    One gateway process reads that of a system, at its interval, for all users.
    """
    book = SqlAccountBook(database)
    sources = accounting_sources(config, resources)
    for name, given in sources.items():
        source = given or SqlJobUsage(database, name)
        keeper = Keeper(name, source, book, system_clock)
        await stack.enter_async_context(
            Background(
                f"reading the accounting of {name}",
                keeper.look,
                lease=resources.lease(f"accounting/{name}"),
            )
        )
    kept = frozenset(name for name, given in sources.items() if given is None)
    return Accounting(book, tuple(sources), system_clock, kept=kept)
