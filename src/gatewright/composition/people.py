"""Who acts for whom: one person for everybody, or each for themselves."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from gatewright.backends.broker import (
    Broker,
    BrokerStarter,
    BrokerWorkers,
    KeyGranter,
    UnixHomes,
)
from gatewright.backends.worker import OneWorker, Workers
from gatewright.composition.files import open_owner_worker
from gatewright.composition.identity import owner_name
from gatewright.composition.systems import homes_of
from gatewright.core.background import Background
from gatewright.core.config import Config, System
from gatewright.core.errors import NotAllowed
from gatewright.core.health import Part
from gatewright.core.homes import Homes

SERVICE = ":service"
"""Stands for the gateway's own account; no account of a person may have such a name."""


@dataclass(frozen=True, slots=True)
class People:
    """The processes that act for people."""

    workers: Workers
    """The workers."""
    service_account: str
    """Name that :attr:`workers` takes for what is asked for everyone together."""
    homes: Callable[[System], Homes]
    """Returns what gives the users' homes on a system."""
    running: Callable[[], int]
    """Returns how many workers run."""
    with_files: str | None = None
    """Account whose files stand for those of all when health is asked for."""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """What else health asks for."""


async def open_people(config: Config, stack: AsyncExitStack) -> People:
    """Open what acts for people in the configured mode; it ends with the stack.

    Raises
    ------
    NotAllowed
        The gateway of many people runs as root.
    """
    if config.multi_user and os.geteuid() == 0:
        raise NotAllowed(
            "In multi-user mode the gateway runs as an account without rights, that "
            "of “gateway” in [broker]; only “gatewright broker” runs as root."
        )
    own = await open_owner_worker(stack)
    if not config.multi_user:
        owner = owner_name(config)
        return People(OneWorker(own), owner, homes_of, lambda: int(own.running), owner)
    settings = config.broker
    broker = Broker(settings.socket, KeyGranter(settings.key))
    workers = BrokerWorkers(
        partial(BrokerStarter, broker), SERVICE, own, settings.idle_seconds
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
        lambda: workers.running + own.running,
        parts={
            "broker": Part(partial(asyncio.to_thread, broker.check)),
            "workers": Part(resting.ready),
        },
    )
