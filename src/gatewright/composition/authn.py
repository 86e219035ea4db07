"""Opens ``authn``, and the gateway's side of it."""

import pwd
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from gatewright.backends.authn import (
    AuthnClient,
    Authority,
    RemoteIdentity,
    listening,
)
from gatewright.backends.broker import KeyGranter
from gatewright.backends.sql import Database
from gatewright.backends.sql.audit import SqlAuditLog
from gatewright.backends.sql.ended_intents import SqlEndedIntents
from gatewright.backends.sql.grantees import SqlGrantees
from gatewright.backends.sql.leases import SqlLeases
from gatewright.composition.identity import follow_directories, open_identity
from gatewright.composition.state import open_database
from gatewright.core.background import Background
from gatewright.core.clock import system_clock
from gatewright.core.config import Config
from gatewright.core.errors import InvalidRequest
from gatewright.domains.identity import AuditTrail


@asynccontextmanager
async def open_authn(config: Config) -> AsyncIterator[None]:
    """Keep accounts, sessions and tokens, and answer the gateway's calls.

    Raises
    ------
    InvalidRequest
        The gateway's Unix account does not exist.
    GatewayError
        The database cannot be opened, or another process is at work.
    """
    try:
        gateway = pwd.getpwnam(config.broker.gateway).pw_uid
    except KeyError as error:
        raise InvalidRequest(f"{error.args[0]} (gateway in [broker]).") from error
    own = config_of_authn(config)
    async with AsyncExitStack() as stack:
        database = await open_database(own, stack)
        identity = await open_identity(own, database, stack)
        await identity.users.check_owners()
        await follow_directories(identity, SqlLeases(database), stack)
        authority = Authority(
            identity,
            KeyGranter(config.broker.key),
            SqlEndedIntents(database),
            config.authn.asked_seconds,
        )
        await stack.enter_async_context(
            listening(authority, config.authn.socket, gateway)
        )
        yield


def config_of_authn(config: Config) -> Config:
    """Return the configuration with the state folder and the database of ``authn``."""
    own = {"state": config.authn.state, "database": "sqlite"}
    gateway = config.gateway.model_copy(update=own)
    return config.model_copy(update={"gateway": gateway})


async def open_remote_identity(
    config: Config, database: Database, stack: AsyncExitStack
) -> RemoteIdentity:
    """Return identity as ``authn`` keeps it, which may be away; the stack closes it."""
    client = AuthnClient(config.authn.socket)
    stack.push_async_callback(client.close)
    audit = AuditTrail(SqlAuditLog(database), system_clock)
    await audit.recover()
    titles = {one.name: one.shown for one in config.identity.providers}
    return RemoteIdentity(client, audit, titles)


async def follow_removed(
    identity: RemoteIdentity,
    database: Database,
    leases: SqlLeases,
    stack: AsyncExitStack,
) -> Background:
    """Begin to end the rights of accounts that ``authn`` has removed.

    The stack ends it.
    """
    grantees = SqlGrantees(database, identity.users.exists)
    following = Background(
        "ending the rights of removed accounts",
        grantees.end_removed,
        lease=leases.lease("identity/removed"),
    )
    return await stack.enter_async_context(following)
