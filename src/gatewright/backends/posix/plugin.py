"""The plug-in ``posix``: a folder of this machine, and commands in it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from gatewright.backends.plugin import FileSystemPlugin, Setting, SystemFiles
from gatewright.backends.posix.filesystem import PosixFileSystem
from gatewright.backends.worker import WorkerCommands
from gatewright.core.config import Section
from gatewright.core.config_base import Existing


class PosixOptions(Section):
    """Settings of a file system of type ``posix``."""

    root: Annotated[Path, Existing()] = Path("/")
    """Folder that is ``/`` in the system's file URLs."""


@asynccontextmanager
async def open_files(setting: Setting[PosixOptions]) -> AsyncIterator[SystemFiles]:
    """Yield the files below a system's root, and its command runner."""
    root = setting.options.root

    async def home(user: str) -> bytes:
        return home_below(root, await setting.home(user))

    yield SystemFiles(
        PosixFileSystem(setting.workers, os.fsencode(root), home),
        WorkerCommands(setting.workers, os.fsencode(root), home),
    )


def home_below(root: Path, home: Path) -> bytes:
    """Return a home directory as a path relative to the root.

    A home outside of the root cannot be reached; the root itself is used instead.
    """
    if not home.is_relative_to(root):
        return b"/"
    return b"/" + os.fsencode(home.relative_to(root)).removeprefix(b".")


plugin = FileSystemPlugin(PosixOptions, open_files)
