"""What a backend is to the gateway: a package with an entry point.

The entry point names a :class:`SchedulerPlugin` (group ``gatewright.schedulers``), a
:class:`FileSystemPlugin` (``gatewright.filesystems``), an :class:`ArrayReaderPlugin`
(``gatewright.array_readers``), an :class:`ImageReaderPlugin`
(``gatewright.image_readers``), a :class:`StorePlugin` (``gatewright.stores``) or an
:class:`IdentityPlugin` (``gatewright.identity``). Its contract tests are in
``gatewright.testing``; ``docs/how-to/backends.md`` and ``docs/how-to/readers.md`` write
one each.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Generic, TypeVar

from gatewright.backends.gridded import PROGRAM
from gatewright.backends.readers import ReaderPool
from gatewright.backends.sql import Database
from gatewright.backends.worker import Workers
from gatewright.core.clock import Clock
from gatewright.core.config import BrokerSettings, Section
from gatewright.core.homes import Homes
from gatewright.core.lease import Lease
from gatewright.core.plugins import ARRAY_READERS, IMAGE_READERS, load_all
from gatewright.domains.compute import Scheduler
from gatewright.domains.files import CommandRunner, FileSystem
from gatewright.domains.identity import Directory, PasswordHasher, UserStore
from gatewright.domains.processing import FrameLoader
from gatewright.domains.sky import ImageReader
from gatewright.domains.store import DocumentStore

Options = TypeVar("Options", bound=Section)


@dataclass(frozen=True, slots=True)
class Setting(Generic[Options]):
    """The system that a backend is opened for, and what it may use."""

    name: str
    """Name of the system in URLs."""
    home: Homes
    """Returns the folder that a user's relative paths and ``~`` mean."""
    options: Options
    """The backend's own settings, from the system's table in the configuration."""
    state: Path
    """Folder for what the backend must not lose; nobody else's, perhaps not there."""
    workers: Workers
    """The processes that act for people: ``workers.of(name)`` opens files and runs
    programs as that user, or as :attr:`service_account`."""
    service_account: str
    """Account that looks at the queue for everyone; what is done to somebody's jobs or
    files is done as that person."""
    lease: Lease
    """For what one process of the gateway does at a time on this system, beside the
    following of its jobs, which the gateway elects by itself."""
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


@dataclass(frozen=True, slots=True)
class StoreSetting(Generic[Options]):
    """What a store of documents may use."""

    options: Options
    """The backend's own settings, from ``[store]`` in the configuration."""
    quota: int
    """Bytes that the documents of one user may take."""
    state: Path
    """Folder for what the backend must not lose; nobody else's, perhaps not there."""
    database: Database
    """The gateway's database."""
    clock: Clock
    """Seconds since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class StorePlugin(Generic[Options]):
    """What an entry point in ``gatewright.stores`` names."""

    options: type[Options]
    """Model of the settings in ``[store]`` that are the backend's."""
    open: Callable[[StoreSetting[Options]], AbstractAsyncContextManager[DocumentStore]]
    """Opens the store; it is closed with the gateway."""


@dataclass(frozen=True, slots=True)
class IdentitySetting(Generic[Options]):
    """What a way to know people may use."""

    options: Options
    """Its own settings, from ``[identity.NAME]`` in the configuration."""
    users: UserStore
    """The accounts of the gateway; the gateway itself writes those of a directory."""
    hasher: PasswordHasher
    """Hashes and checks passwords in threads of their own, a few at a time."""
    clock: Clock
    """Seconds since 1970 UTC."""
    broker: BrokerSettings | None = None
    """What starts workers as other people; None in single-user mode."""


@dataclass(frozen=True, slots=True)
class IdentityPlugin(Generic[Options]):
    """What an entry point in ``gatewright.identity`` names."""

    options: type[Options]
    """Model of the settings in ``[identity.NAME]``."""
    open: Callable[[IdentitySetting[Options]], AbstractAsyncContextManager[Directory]]
    """Opens the directory; it is closed with the gateway."""


@dataclass(frozen=True, slots=True)
class ArrayReaderPlugin:
    """What an entry point in ``gatewright.array_readers`` names.

    It is loaded by the gateway, so its module imports no library of the format: the
    format's module does, in the reader processes.
    """

    format: str
    """The :class:`gatewright.backends.gridded.formats.Format`, as ``module:name``."""


@dataclass(frozen=True, slots=True)
class ImageReaderPlugin:
    """What an entry point in ``gatewright.image_readers`` names."""

    programs: tuple[str, ...]
    """Modules that the reader processes import; their functions can be called."""
    suffixes: tuple[str, ...]
    """Endings of the names of its files, in small letters (``.fits``)."""
    open: Callable[[ReaderPool, int], ImageReader]
    """Returns the reader, given the pool and the most bytes of a cut-out."""
    frames: str = ""
    """Function, as ``module:name``, that the processes that work on images read a part
    of one with (see :mod:`gatewright.backends.fits.frames`); empty for none."""


def array_formats() -> dict[str, str]:
    """Return the installed formats of gridded data as ``module:name``, by name."""
    found = load_all(ARRAY_READERS, ArrayReaderPlugin)
    return {name: plugin.format for name, plugin in found.items()}


def image_plugins() -> list[ImageReaderPlugin]:
    """Return the installed readers of images, those of other packages first."""
    return list(load_all(IMAGE_READERS, ImageReaderPlugin).values())


def frame_loaders() -> list[tuple[tuple[str, ...], FrameLoader]]:
    """Return what reads frames for processing, with the endings of its files."""
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
    return tuple(dict.fromkeys([PROGRAM, *formats, *of_images]))
