"""Opens the identity services for one command, also while a gateway is running."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from gatewright.cli.authn import is_account
from gatewright.cli.options import chosen_config
from gatewright.composition.authn import config_of_authn
from gatewright.composition.identity import open_identity
from gatewright.composition.state import open_database
from gatewright.core.caller import Caller
from gatewright.core.config import Config
from gatewright.core.errors import GatewayError, NotAllowed
from gatewright.domains.identity import AuditEntry, Identity, operator

T = TypeVar("T")

Action = Callable[[Identity, Caller], Awaitable[T]]
"""What a command does with the identity services, as the operator."""


def look(config_file: Path | None, state: Path | None, action: Action[T]) -> T:
    """Run a command that changes nothing, as the operator; return its result."""
    return asyncio.run(_run(chosen_config(config_file, state), action))


def change(
    config_file: Path | None, state: Path | None, what: str, action: Action[T]
) -> T:
    """Run a command that changes something, as the operator, with an audit record.

    ``what`` is the command without secrets, such as ``user add ada``.
    """
    return change_of(chosen_config(config_file, state), what, action)


def change_of(config: Config, what: str, action: Action[T]) -> T:
    """Run an action that changes something, as the operator, with an audit record."""

    async def recorded(identity: Identity, caller: Caller) -> T:
        entry = AuditEntry(
            0.0, caller.user, "", "CLI", what, 0, "", caller.address, app="cli"
        )
        intent = await identity.audit.begin(entry)
        status = 500
        try:
            done = await action(identity, caller)
            status = 200
        except GatewayError as error:
            status = error.status
            raise
        finally:
            outcome = replace(entry, status=status)
            await identity.audit.record(outcome, intent=intent)
        return done

    return asyncio.run(_run(config, recorded))


async def _run(config: Config, action: Action[T]) -> T:
    if config.multi_user and is_account(config.authn.account):
        config = config_of_authn(config)
    elif config.multi_user:
        raise NotAllowed(
            "In multi-user mode authn keeps accounts, tokens and the audit log. Run "
            f"this as its account: runuser -u {config.authn.account} -- gatewright …"
        )
    async with AsyncExitStack() as stack:
        database = await open_database(config, stack)
        identity = await open_identity(config, database, stack)
        return await action(identity, operator(identity.users.owner))
