"""Opens the configured systems, with the plug-ins that each one names."""

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from gatewright.backends.plugin import (
    FileSystemPlugin,
    SchedulerPlugin,
    Setting,
    SystemFiles,
)
from gatewright.backends.worker import Workers
from gatewright.core.clock import system_clock
from gatewright.core.config import Config, System
from gatewright.core.errors import InvalidRequest
from gatewright.core.homes import Homes, one_home
from gatewright.core.lease import Lease
from gatewright.core.systems import (
    FILE_SYSTEMS,
    NONE,
    SCHEDULERS,
    load_plugin,
    options_of,
)
from gatewright.domains.accounting import AccountingSource
from gatewright.domains.compute import Scheduler

Kind = TypeVar("Kind", SchedulerPlugin[Any], FileSystemPlugin[Any])


@dataclass(frozen=True, slots=True)
class BackendResources:
    """What the backends of all systems may use."""

    workers: Workers
    """Worker processes that act as users."""
    lease: Callable[[str], Lease]
    """Returns the lease with a name; at most one gateway process holds it at a time."""
    service_account: str
    """Account for work that is done for all users together."""
    homes: Callable[[System], Homes] = lambda system: homes_of(system)  # noqa: PLW0108  # defined below
    """Returns a function that finds the users' homes on a system."""


async def open_schedulers(
    config: Config, resources: BackendResources, stack: AsyncExitStack
) -> dict[str, Scheduler]:
    """Open the schedulers, and return them by the names of their systems.

    Raises
    ------
    InvalidRequest
        A system's plug-in is not installed, or its settings are wrong.
    """
    return {
        setting.name: await stack.enter_async_context(plugin.open(setting))
        for plugin, setting in _plugins(config, resources, SchedulerPlugin)
    }


def accounting_sources(
    config: Config, resources: BackendResources
) -> dict[str, AccountingSource | None]:
    """Return the sources of accounting by the names of the systems that run jobs.

    It is None for a scheduler that has no accounting of its own.

    Raises
    ------
    InvalidRequest
        A system's plug-in is not installed, or its settings are wrong.
    """
    return {
        setting.name: plugin.accounting(setting) if plugin.accounting else None
        for plugin, setting in _plugins(config, resources, SchedulerPlugin)
    }


async def open_filesystems(
    config: Config, resources: BackendResources, stack: AsyncExitStack
) -> dict[str, SystemFiles]:
    """Open the file systems, and return them by the names of their systems.

    Raises
    ------
    InvalidRequest
        A system's plug-in is not installed, or its settings are wrong.
    """
    return {
        setting.name: await stack.enter_async_context(plugin.open(setting))
        for plugin, setting in _plugins(config, resources, FileSystemPlugin)
    }


def homes_of(system: System) -> Homes:
    """Return a function that finds users' homes on a system in single-user mode.

    All accounts use the home folder of the gateway's own user.
    """
    return one_home((system.home or Path.home()).absolute())


def _plugins(
    config: Config, resources: BackendResources, kind: type[Kind]
) -> Iterator[tuple[Kind, Setting[Any]]]:
    """Yield the plug-in of a kind that each system names, and the system's setting."""
    if kind is SchedulerPlugin:
        group, key, folder = SCHEDULERS, "scheduler", "jobs"
    else:
        group, key, folder = FILE_SYSTEMS, "filesystem", "files"
    for system in config.systems:
        name = getattr(system, key)
        if name == NONE:
            continue
        plugin = load_plugin(group, name)
        if not isinstance(plugin, kind):
            raise InvalidRequest(f"The plug-in “{name}” is no {kind.__name__}.")
        try:
            options = options_of(system, plugin.options)
        except ValidationError as error:
            raise InvalidRequest(f"The system “{system.name}”: {error}") from error
        yield (
            plugin,
            Setting(
                name=system.name,
                home=resources.homes(system),
                options=options,
                state=config.gateway.state / folder / system.name,
                workers=resources.workers,
                service_account=resources.service_account,
                lease=resources.lease(f"systems/{system.name}"),
                clock=system_clock,
            ),
        )
