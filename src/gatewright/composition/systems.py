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
from gatewright.core.config import Config, Section, System
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
class Means:
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
    config: Config, means: Means, stack: AsyncExitStack
) -> dict[str, Scheduler]:
    """Open the schedulers, and return them by the names of their systems.

    Raises
    ------
    InvalidRequest
        A system's plug-in is not installed, or its settings are wrong.
    """
    folder = config.gateway.state / "jobs"
    found: dict[str, Scheduler] = {}
    for system in config.systems:
        for plugin in _named(SCHEDULERS, system.scheduler, SchedulerPlugin):
            opened = plugin.open(_setting(system, plugin.options, folder, means))
            found[system.name] = await stack.enter_async_context(opened)
    return found


def accounting_sources(
    config: Config, means: Means
) -> dict[str, AccountingSource | None]:
    """Return the sources of accounting by the names of the systems that run jobs.

    It is None for a scheduler that has no accounting of its own.

    Raises
    ------
    InvalidRequest
        A system's plug-in is not installed, or its settings are wrong.
    """
    folder = config.gateway.state / "jobs"
    found: dict[str, AccountingSource | None] = {}
    for system in config.systems:
        for plugin in _named(SCHEDULERS, system.scheduler, SchedulerPlugin):
            make = plugin.accounting
            setting = _setting(system, plugin.options, folder, means)
            found[system.name] = make(setting) if make else None
    return found


async def open_filesystems(
    config: Config, means: Means, stack: AsyncExitStack
) -> dict[str, SystemFiles]:
    """Open the file systems, and return them by the names of their systems.

    Raises
    ------
    InvalidRequest
        A system's plug-in is not installed, or its settings are wrong.
    """
    folder = config.gateway.state / "files"
    found: dict[str, SystemFiles] = {}
    for system in config.systems:
        for plugin in _named(FILE_SYSTEMS, system.filesystem, FileSystemPlugin):
            opened = plugin.open(_setting(system, plugin.options, folder, means))
            found[system.name] = await stack.enter_async_context(opened)
    return found


def homes_of(system: System) -> Homes:
    """Return a function that finds users' homes on a system in single-user mode.

    All accounts use the home folder of the gateway's own user.
    """
    return one_home((system.home or Path.home()).absolute())


def _named(group: str, name: str, kind: type[Kind]) -> Iterator[Kind]:
    """Yield the plug-in with a name, or nothing if a system has none."""
    if name == NONE:
        return
    plugin = load_plugin(group, name)
    if not isinstance(plugin, kind):
        raise InvalidRequest(f"The plug-in “{name}” is no {kind.__name__}.")
    yield plugin


def _setting(
    system: System, model: type[Section], folder: Path, means: Means
) -> Setting[Section]:
    try:
        options = options_of(system, model)
    except ValidationError as error:
        raise InvalidRequest(f"The system “{system.name}”: {error}") from error
    return Setting(
        name=system.name,
        home=means.homes(system),
        options=options,
        state=folder / system.name,
        workers=means.workers,
        service_account=means.service_account,
        lease=means.lease(f"systems/{system.name}"),
        clock=system_clock,
    )
