"""Opens the workers, which act as one user for all or as each user."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from gatewright.backends.authn import AuthnGranter, RemoteIdentity, RemoteIntents
from gatewright.backends.broker import (
    Broker,
    BrokerStarter,
    BrokerWorkers,
    UnixHomes,
)
from gatewright.backends.worker import OneWorker, Worker, Workers
from gatewright.composition.files import open_owner_worker
from gatewright.composition.identity import owner_name
from gatewright.composition.systems import homes_of
from gatewright.core.background import Background
from gatewright.core.config import Config, System
from gatewright.core.errors import NotAllowed
from gatewright.core.health import Part
from gatewright.core.homes import Homes

SERVICE = ":service"
"""Name for the service account among users; no user's account can have it. It is the
gateway's own account if none is configured."""


@dataclass(frozen=True, slots=True)
class People:
    """The workers, and what else depends on the mode (single-user or multi-user)."""

    workers: Workers
    """Processes that act as users."""
    service_account: str
    """Name under which :attr:`workers` acts for all users together."""
    homes: Callable[[System], Homes]
    """Returns a function that finds the users' homes on a system."""
    running: Callable[[], int]
    """Returns the number of running workers."""
    with_files: str | None = None
    """Account whose home health checks look up; None if there is no such account."""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """More parts for the health checks."""


async def open_people(
    config: Config, stack: AsyncExitStack, identity: RemoteIdentity | None
) -> People:
    """Open the workers for the configured mode; they end with the stack.

    ``identity`` gets what allows the workers of people to start and to act. It is None
    in single-user mode.

    Raises
    ------
    NotAllowed
        The gateway runs as root in multi-user mode.
    """
    if config.multi_user and os.geteuid() == 0:
        raise NotAllowed(
            "In multi-user mode the gateway has to run as an unprivileged account, the "
            "one of “gateway” in [broker]; only “gatewright broker” runs as root."
        )
    own = await open_owner_worker(stack)
    if identity is None:
        owner = owner_name(config)
        return People(OneWorker(own), owner, homes_of, lambda: int(own.running), owner)
    settings = config.broker
    granter = partial(AuthnGranter, identity.client, asyncio.get_running_loop())
    broker = Broker(settings.socket, granter())
    reading = own
    if settings.service_account is not None:
        starter = BrokerStarter(
            Broker(settings.socket, granter(service=True)), settings.service_account
        )
        reading = Worker(starter, ticketer=identity.service_ticket)
        stack.push_async_callback(reading.close)
    workers = BrokerWorkers(
        partial(BrokerStarter, broker),
        SERVICE,
        reading,
        settings.idle_seconds,
        ticketer=identity.ticket,
        intents=partial(RemoteIntents, identity),
    )
    stack.push_async_callback(workers.close)
    resting = Background("ending idle workers", workers.rest)
    await stack.enter_async_context(resting)
    homes = UnixHomes()
    stack.callback(homes.close)
    return People(
        workers,
        SERVICE,
        lambda _: homes,
        lambda: workers.running + sum(one.running for one in {own, reading}),
        parts={
            "broker": Part(partial(asyncio.to_thread, broker.check)),
            "authn": Part(identity.client.ready),
            "workers": Part(resting.ready),
        },
    )
