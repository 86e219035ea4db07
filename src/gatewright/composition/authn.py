"""Opens ``authn``, which keeps accounts, sessions, tokens and the audit log."""

import pwd
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from gatewright.backends.authn import Authority, KeptAudit, listening
from gatewright.backends.broker import KeyGranter
from gatewright.backends.sql.ended_intents import SqlEndedIntents
from gatewright.backends.sql.leases import SqlLeases
from gatewright.composition.identity import follow_directories, open_identity
from gatewright.composition.state import open_database
from gatewright.core.background import Background
from gatewright.core.config import Config
from gatewright.core.errors import InvalidRequest


@asynccontextmanager
async def open_authn(config: Config) -> AsyncIterator[None]:
    """Keep accounts, sessions, tokens and the audit log, for the gateway's calls.

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
        auditing = Background(
            "keeping the audit log", KeptAudit(identity.audit).look_after
        )
        await stack.enter_async_context(auditing)
        authority = Authority(
            identity,
            KeyGranter(config.broker.key),
            SqlEndedIntents(database),
            config.authn.asked_seconds,
            service=config.broker.service_account or "",
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
