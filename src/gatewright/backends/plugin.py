"""What a scheduler or a file system is to the gateway: a package with an entry point.

The entry point names a :class:`SchedulerPlugin` (group ``gatewright.schedulers``) or a
:class:`FileSystemPlugin` (``gatewright.filesystems``). Its contract tests are in
``gatewright.testing``; ``docs/how-to/backends.md`` writes one.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from gatewright.backends.worker import Workers
from gatewright.core.clock import Clock
from gatewright.core.config import Section
from gatewright.domains.compute import Scheduler
from gatewright.domains.files import CommandRunner, FileSystem

Options = TypeVar("Options", bound=Section)


@dataclass(frozen=True, slots=True)
class Setting(Generic[Options]):
    """The system that a backend is opened for, and what it may use."""

    name: str
    """Name of the system in URLs."""
    home: Path
    """Folder that relative paths and ``~`` mean, absolute."""
    options: Options
    """The backend's own settings, from the system's table in the configuration."""
    state: Path
    """Folder for what the backend must not lose; nobody else's, perhaps not there."""
    workers: Workers
    """The processes that act for the users: they open files and run programs."""
    clock: Clock
    """Seconds since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class SystemFiles:
    """The files of one system, and what runs commands beside them."""

    files: FileSystem
    """Its files."""
    commands: CommandRunner | None = None
    """Runs commands there; None for a place without, such as an object store."""


@dataclass(frozen=True, slots=True)
class SchedulerPlugin(Generic[Options]):
    """What an entry point in ``gatewright.schedulers`` names."""

    options: type[Options]
    """Model of the settings in the system's table that are the backend's."""
    open: Callable[[Setting[Options]], AbstractAsyncContextManager[Scheduler]]
    """Opens the scheduler of one system; it is closed with the gateway."""


@dataclass(frozen=True, slots=True)
class FileSystemPlugin(Generic[Options]):
    """What an entry point in ``gatewright.filesystems`` names."""

    options: type[Options]
    """Model of the settings in the system's table that are the backend's."""
    open: Callable[[Setting[Options]], AbstractAsyncContextManager[SystemFiles]]
    """Opens the files of one system; they are closed with the gateway."""
