"""Opens accounts, sessions and tokens as one gateway process uses them."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from gatewright.backends.authn import AuthnClient, RemoteIdentity
from gatewright.backends.sql import Database
from gatewright.backends.sql.former_people import SqlAuthors
from gatewright.backends.sql.grantees import SqlGrantees
from gatewright.backends.sql.leases import SqlLeases
from gatewright.composition.identity import follow_directories, open_identity
from gatewright.core.background import Background
from gatewright.core.config import Config
from gatewright.domains.identity import RequestedIdentity


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts, and what keeps them up to date."""

    identity: RequestedIdentity
    """Accounts, sessions, tokens and the audit log."""
    following: Background
    """Task that learns of changes: from the directories, or of removed accounts."""
    remote: RemoteIdentity | None = None
    """The same identity if ``authn`` keeps it; None in single-user mode."""


async def open_accounts(
    config: Config, database: Database, leases: SqlLeases, stack: AsyncExitStack
) -> Accounts:
    """Open the accounts where the configured mode keeps them; the stack closes them.

    In single-user mode they are in the gateway's database, and in multi-user mode with
    ``authn``, which need not run yet.

    Raises
    ------
    Unavailable
        The database cannot be written.
    InvalidRequest
        A way to sign in is not installed, or its settings are wrong.
    """
    if not config.multi_user:
        own = await open_identity(config, database, stack)
        await own.users.check_owners()
        await _follow_authors(database, own, leases, stack)
        return Accounts(own, await follow_directories(own, leases, stack))
    client = AuthnClient(config.authn.socket)
    stack.push_async_callback(client.close)
    titles = {one.name: one.shown for one in config.identity.providers}
    remote = RemoteIdentity(client, titles)
    await _follow_authors(database, remote, leases, stack)
    removing = Background(
        "ending the rights of removed accounts",
        SqlGrantees(database, remote.users.created_at).end_removed,
        lease=leases.lease("identity/removed"),
    )
    return Accounts(remote, await stack.enter_async_context(removing), remote)


async def _follow_authors(
    database: Database,
    identity: RequestedIdentity,
    leases: SqlLeases,
    stack: AsyncExitStack,
) -> None:
    """Begin to rename the authors whose accounts were removed; the stack ends it."""
    renaming = Background(
        "renaming removed authors",
        SqlAuthors(database, identity.users.created_at).rename_removed,
        lease=leases.lease("identity/authors"),
    )
    await stack.enter_async_context(renaming)
