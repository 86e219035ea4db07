"""Opens identity: accounts, sessions, tokens and the audit log."""

import os
import pwd
from contextlib import AsyncExitStack

from pydantic import ValidationError

from gatewright.backends.local_accounts import Argon2Hasher
from gatewright.backends.plugin import IdentityPlugin, IdentitySetting
from gatewright.backends.sql import Database
from gatewright.backends.sql.audit import SqlAuditLog
from gatewright.backends.sql.begun_sign_ins import SqlBegunStore
from gatewright.backends.sql.identity import SqlAttemptStore, SqlUserStore
from gatewright.backends.sql.leases import SqlLeases
from gatewright.backends.sql.sessions import SqlSessionStore
from gatewright.backends.sql.tokens import SqlTokenStore
from gatewright.composition.providers import open_providers
from gatewright.core.background import Background
from gatewright.core.clock import Clock, system_clock
from gatewright.core.config import Config
from gatewright.core.errors import InvalidRequest
from gatewright.core.options import settings_of
from gatewright.core.plugins import IDENTITY
from gatewright.core.systems import load_plugin
from gatewright.domains.identity import (
    AttemptGuard,
    AuditTrail,
    Directories,
    Directory,
    Identity,
    LastUse,
    PasswordHasher,
    Providers,
    SessionLimits,
    Sessions,
    Tokens,
    Users,
    UserStore,
    is_name,
)


async def open_identity(
    config: Config,
    database: Database,
    stack: AsyncExitStack,
    *,
    clock: Clock = system_clock,
    hasher: PasswordHasher | None = None,
) -> Identity:
    """Open identity on a database, and create the owner's account if it is missing.

    Closing the stack ends its background work. Tests pass a clock and a cheap hasher.

    Raises
    ------
    Unavailable
        The database cannot be written.
    InvalidRequest
        A way to sign in is not installed, or its settings are wrong.
    """
    if hasher is None:
        argon2 = Argon2Hasher()
        stack.callback(argon2.close)
        hasher = argon2
    users, last_use = SqlUserStore(database), LastUse()
    places = await _open_directories(config, users, hasher, clock, stack)
    directories = Directories(places, users, clock, local_people=not config.multi_user)
    guard = AttemptGuard(SqlAttemptStore(database), clock)
    limits = SessionLimits(
        idle_seconds=config.identity.session_idle_seconds,
        seconds=config.identity.session_seconds,
    )
    sessions = Sessions(
        SqlSessionStore(database), users, directories, guard, limits, clock, last_use
    )
    identity = Identity(
        users=Users(
            users, hasher, clock, owner_name(config), sole_owner=config.multi_user
        ),
        directories=directories,
        sessions=sessions,
        providers=Providers(
            await open_providers(config, clock, stack),
            SqlBegunStore(database),
            sessions,
            directories,
            guard,
            clock,
        ),
        tokens=Tokens(
            SqlTokenStore(database),
            users,
            sessions,
            clock,
            last_use,
            config.limits.job_token_seconds,
        ),
        audit=AuditTrail(SqlAuditLog(database), clock),
        last_use=last_use,
    )
    stack.push_async_callback(identity.close)
    await identity.users.ensure_owner()
    await identity.audit.recover()
    return identity


async def _open_directories(
    config: Config,
    users: UserStore,
    hasher: PasswordHasher,
    clock: Clock,
    stack: AsyncExitStack,
) -> dict[str, Directory]:
    """Open the ways to sign in that the configuration names, in its order."""
    places: dict[str, Directory] = {}
    for name in config.identity.login:
        plugin = load_plugin(IDENTITY, name)
        if not isinstance(plugin, IdentityPlugin):
            raise InvalidRequest(f"The plug-in “{name}” is no IdentityPlugin.")
        try:
            given = settings_of(config.identity, name)
            options = plugin.options.model_validate(given)
        except ValidationError as error:
            raise InvalidRequest(f"[identity.{name}]: {error}") from error
        broker = config.broker if config.multi_user else None
        setting = IdentitySetting(options, users, hasher, clock, broker)
        places[name] = await stack.enter_async_context(plugin.open(setting))
    return places


async def follow_directories(
    identity: Identity, leases: SqlLeases, stack: AsyncExitStack
) -> Background:
    """Begin to update accounts from their directories; the stack ends it."""
    following = Background(
        "following the directories of accounts",
        identity.directories.refresh,
        lease=leases.lease("identity/directories"),
    )
    return await stack.enter_async_context(following)


def owner_name(config: Config) -> str:
    """Return the account name of the person who runs the gateway.

    It is the configured name, or else the login name, or ``owner`` if the login name is
    not valid for an account. In multi-user mode it is the gateway's Unix account.
    """
    if config.multi_user:
        return config.broker.gateway
    if config.identity.owner is not None:
        return config.identity.owner
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return "owner"
    return name if is_name(name) else "owner"
