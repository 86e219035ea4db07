"""Identity from the configuration: accounts, sessions, tokens, the audit log."""

import logging
import os
import pwd
from contextlib import AsyncExitStack

from gatewright.backends.local_accounts import Argon2Hasher
from gatewright.backends.sql import Database
from gatewright.backends.sql.audit import SqlAuditLog
from gatewright.backends.sql.identity import SqlAttemptStore, SqlUserStore
from gatewright.backends.sql.sessions import SqlSessionStore
from gatewright.backends.sql.tokens import SqlTokenStore
from gatewright.core.clock import Clock, system_clock
from gatewright.core.config import Config
from gatewright.domains.identity import (
    AttemptGuard,
    AuditTrail,
    Identity,
    LastUse,
    PasswordHasher,
    SessionLimits,
    Sessions,
    Tokens,
    Users,
    is_name,
)

_log = logging.getLogger(__name__)


async def open_identity(
    config: Config,
    database: Database,
    stack: AsyncExitStack,
    *,
    clock: Clock = system_clock,
    hasher: PasswordHasher | None = None,
) -> Identity:
    """Put identity together over a database; the owner's account is made if need be.

    The stack ends what runs in it. Tests pass a clock and a cheap hasher.

    Raises
    ------
    Unavailable
        The database cannot be written.
    """
    identity = _identity(config, database, clock, hasher or _argon2(stack))
    stack.push_async_callback(identity.close)
    await identity.users.ensure_owner()
    await identity.audit.recover()
    return identity


def _identity(
    config: Config, database: Database, clock: Clock, hasher: PasswordHasher
) -> Identity:
    users, last_use = SqlUserStore(database), LastUse()
    limits = SessionLimits(
        idle_seconds=config.identity.session_idle_seconds,
        seconds=config.identity.session_seconds,
    )
    return Identity(
        users=Users(users, hasher, clock, owner_name(config)),
        sessions=Sessions(
            SqlSessionStore(database),
            users,
            hasher,
            AttemptGuard(SqlAttemptStore(database), clock),
            limits,
            clock,
            last_use,
        ),
        tokens=Tokens(SqlTokenStore(database), users, clock, last_use),
        audit=AuditTrail(SqlAuditLog(database), clock),
        last_use=last_use,
    )


def _argon2(stack: AsyncExitStack) -> PasswordHasher:
    hasher = Argon2Hasher()
    stack.callback(hasher.close)
    return hasher


def owner_name(config: Config) -> str:
    """Return the account of the person who runs the gateway.

    It is the configured one, or else the login name, or ``owner`` where the login
    name is none that an account may have.
    """
    if config.identity.owner is not None:
        return config.identity.owner
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return "owner"
    return name if is_name(name) else "owner"


def warn_if_root() -> bool:
    """Log a warning if the gateway runs as root; return whether it does."""
    if os.geteuid() != 0:
        return False
    _log.warning(
        "Gatewright runs as root: files, commands and jobs of the owner's account run "
        "as root too. Start it as an ordinary user."
    )
    return True
