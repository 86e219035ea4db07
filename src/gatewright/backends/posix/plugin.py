"""The file system ``posix``: a folder of this machine, and commands in it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gatewright.backends.plugin import FileSystemPlugin, Setting, SystemFiles
from gatewright.backends.posix.filesystem import PosixFileSystem
from gatewright.backends.worker import WorkerCommands
from gatewright.core.config import Section


class PosixOptions(Section):
    """Files of this machine, and commands beside them."""

    root: Path = Path("/")
    """Folder that is ``/`` of the system's file URLs."""


@asynccontextmanager
async def open_files(setting: Setting[PosixOptions]) -> AsyncIterator[SystemFiles]:
    """Yield the files below a system's root, and what runs commands there."""
    root = setting.options.root

    async def home(user: str) -> bytes:
        return home_below(root, await setting.home(user))

    yield SystemFiles(
        PosixFileSystem(setting.workers, os.fsencode(root), home),
        WorkerCommands(setting.workers, os.fsencode(root), home),
    )


def home_below(root: Path, home: Path) -> bytes:
    """Return the path, from the root, of the folder that ``~`` means.

    A home outside the root cannot be reached; the root is the home then.
    """
    if not home.is_relative_to(root):
        return b"/"
    return b"/" + os.fsencode(home.relative_to(root)).removeprefix(b".")


plugin = FileSystemPlugin(PosixOptions, open_files)
