"""The plug-ins of the gateway: packages with an entry point.

The entry point names a :class:`SchedulerPlugin` (group ``gatewright.schedulers``), a
:class:`FileSystemPlugin` (``gatewright.filesystems``), an :class:`ArrayReaderPlugin`
(``gatewright.array_readers``), an :class:`ImageReaderPlugin`
(``gatewright.image_readers``), a :class:`StorePlugin` (``gatewright.stores``) or an
:class:`IdentityPlugin` (``gatewright.identity``). Contract tests for each are in
``gatewright.testing``; ``docs/how-to/backends.md`` and ``docs/how-to/readers.md`` show
how to write one.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Generic, TypeVar

from gatewright.backends import footprints, gridded, light_curves
from gatewright.backends.readers import ReaderPool
from gatewright.backends.sql import Database
from gatewright.backends.worker import Workers
from gatewright.core.clock import Clock
from gatewright.core.config import BrokerSettings, Section
from gatewright.core.homes import Homes
from gatewright.core.lease import Lease
from gatewright.core.plugins import ARRAY_READERS, IMAGE_READERS, load_all
from gatewright.domains.accounting import AccountingSource
from gatewright.domains.compute import Scheduler
from gatewright.domains.files import CommandRunner, FileSystem
from gatewright.domains.identity import Directory, PasswordHasher, UserStore
from gatewright.domains.processing import FrameLoader
from gatewright.domains.sky import ImageReader
from gatewright.domains.store import DocumentStore

Options = TypeVar("Options", bound=Section)


@dataclass(frozen=True, slots=True)
class Setting(Generic[Options]):
    """What a backend of a system gets when it is opened."""

    name: str
    """Name of the system in URLs."""
    home: Homes
    """Returns a user's home directory, to which ``~`` and relative paths refer."""
    options: Options
    """The backend's own settings, from the system's table in the configuration."""
    state: Path
    """Folder for the backend's durable data, used by it alone; it may not exist yet."""
    workers: Workers
    """Worker processes: ``workers.of(name)`` opens files and runs programs as that
    user, or as :attr:`service_account`."""
    service_account: str
    """Account that reads the queue for all users. What concerns one user's jobs or
    files is done as that user."""
    lease: Lease
    """Lease for work on this system that one gateway process at a time may do. The
    gateway itself elects the process that follows the system's jobs."""
    clock: Clock
    """Gives the time in seconds since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class SystemFiles:
    """The file system and the command runner of one system."""

    files: FileSystem
    """File system."""
    commands: CommandRunner | None = None
    """Command runner; None for a place without commands, such as an object store."""


@dataclass(frozen=True, slots=True)
class SchedulerPlugin(Generic[Options]):
    """Plug-in of a scheduler, for the entry point group ``gatewright.schedulers``."""

    options: type[Options]
    """Model of the backend's own settings in the system's table."""
    open: Callable[[Setting[Options]], AbstractAsyncContextManager[Scheduler]]
    """Opens the scheduler of one system; it is closed with the gateway."""
    accounting: Callable[[Setting[Options]], AccountingSource] | None = None
    """Returns the source of the system's projects and usage. Without one, projects are
    kept by administrators, and usage is that of the gateway's own jobs."""


@dataclass(frozen=True, slots=True)
class FileSystemPlugin(Generic[Options]):
    """Plug-in of a file system, for the group ``gatewright.filesystems``."""

    options: type[Options]
    """Model of the backend's own settings in the system's table."""
    open: Callable[[Setting[Options]], AbstractAsyncContextManager[SystemFiles]]
    """Opens the files of one system; they are closed with the gateway."""


@dataclass(frozen=True, slots=True)
class StoreSetting(Generic[Options]):
    """What a store of documents gets when it is opened."""

    options: Options
    """The backend's own settings, from ``[store]`` in the configuration."""
    quota: int
    """Largest total size of the documents of one user, bytes."""
    state: Path
    """Folder for the backend's durable data, used by it alone; it may not exist yet."""
    database: Database
    """The gateway's database."""
    clock: Clock
    """Gives the time in seconds since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class StorePlugin(Generic[Options]):
    """Plug-in of a store of documents, for the group ``gatewright.stores``."""

    options: type[Options]
    """Model of the backend's own settings in ``[store]``."""
    open: Callable[[StoreSetting[Options]], AbstractAsyncContextManager[DocumentStore]]
    """Opens the store; it is closed with the gateway."""


@dataclass(frozen=True, slots=True)
class IdentitySetting(Generic[Options]):
    """What a directory of people gets when it is opened."""

    options: Options
    """The directory's own settings, from ``[identity.NAME]`` in the configuration."""
    users: UserStore
    """The accounts of the gateway; the gateway itself writes those of a directory."""
    hasher: PasswordHasher
    """Hashes and checks passwords in separate threads, a few at a time."""
    clock: Clock
    """Gives the time in seconds since 1970 UTC."""
    broker: BrokerSettings | None = None
    """What starts workers as other people; None in single-user mode."""


@dataclass(frozen=True, slots=True)
class IdentityPlugin(Generic[Options]):
    """Plug-in of a directory of people, for the group ``gatewright.identity``."""

    options: type[Options]
    """Model of the settings in ``[identity.NAME]``."""
    open: Callable[[IdentitySetting[Options]], AbstractAsyncContextManager[Directory]]
    """Opens the directory; it is closed with the gateway."""


@dataclass(frozen=True, slots=True)
class ArrayReaderPlugin:
    """Plug-in of a format of gridded data, for the group ``gatewright.array_readers``.

    The gateway loads it, so its module must not import a library of the format. The
    module named by ``format`` may, since only reader processes import it.
    """

    format: str
    """The :class:`gatewright.backends.gridded.formats.Format`, as ``module:name``."""


@dataclass(frozen=True, slots=True)
class ImageReaderPlugin:
    """Plug-in of a format of images, for the group ``gatewright.image_readers``."""

    programs: tuple[str, ...]
    """Modules that the reader processes import, and whose functions can be called."""
    suffixes: tuple[str, ...]
    """Endings of the names of its files, in lower case (``.fits``)."""
    open: Callable[[ReaderPool, int], ImageReader]
    """Returns the reader, given the pool and the largest size of a cut-out in bytes."""
    frames: str = ""
    """Function as ``module:name`` that reads a part of an image for processing (see
    :mod:`gatewright.backends.fits.frames`); empty if there is none."""


def array_formats() -> dict[str, str]:
    """Return the installed formats of gridded data as ``module:name``, by name."""
    found = load_all(ARRAY_READERS, ArrayReaderPlugin)
    return {name: plugin.format for name, plugin in found.items()}


def image_plugins() -> list[ImageReaderPlugin]:
    """Return the installed readers of images; those of other packages come first."""
    return list(load_all(IMAGE_READERS, ImageReaderPlugin).values())


def frame_loaders() -> list[tuple[tuple[str, ...], FrameLoader]]:
    """Return the functions that read frames, each with the endings of its files."""
    found = []
    for one in image_plugins():
        module, _, name = one.frames.partition(":")
        if name:
            found.append((one.suffixes, getattr(import_module(module), name)))
    return found


def reader_programs() -> tuple[str, ...]:
    """Return the modules that reader processes import, each once."""
    formats = [name.partition(":")[0] for name in array_formats().values()]
    of_images = [name for one in image_plugins() for name in one.programs]
    own = (gridded.PROGRAM, footprints.PROGRAM, light_curves.PROGRAM)
    return tuple(dict.fromkeys([*own, *formats, *of_images]))
