"""Files and commands from the configuration, all through one worker."""

import os
from contextlib import AsyncExitStack
from pathlib import Path

from gatewright.backends.posix import OneWorker, PosixCommands, PosixFileSystem
from gatewright.backends.worker import Worker, open_worker
from gatewright.core.config import Config, System
from gatewright.domains.files import CommandService, FileService


async def open_owner_worker(stack: AsyncExitStack) -> Worker:
    """Return the worker of the person who runs the gateway; it ends with the stack."""
    return await stack.enter_async_context(open_worker())


def file_service(config: Config, worker: Worker) -> FileService:
    """Return the service of the systems whose files are those of this machine."""
    workers = OneWorker(worker)
    systems = {
        system.name: PosixFileSystem(workers, _root(system), home_of(system))
        for system in config.systems
        if system.filesystem == "posix"
    }
    return FileService(systems, config.limits.upload_bytes)


def command_service(config: Config, worker: Worker) -> CommandService:
    """Return the service that runs commands on the systems of this machine."""
    workers = OneWorker(worker)
    systems = {
        system.name: (PosixCommands(workers, _root(system)), home_of(system))
        for system in config.systems
        if system.filesystem == "posix"
    }
    limits = config.limits
    return CommandService(systems, limits.command_seconds, limits.command_output_bytes)


def _root(system: System) -> bytes:
    return os.fsencode(system.root or Path("/"))


def home_of(system: System) -> bytes:
    """Return the path, from the system's root, of the folder that ``~`` means.

    A home outside the root cannot be reached; the root is the home then.
    """
    root = Path(system.root or Path("/"))
    home = system.home or Path.home()
    if not home.is_relative_to(root):
        return b"/"
    return b"/" + os.fsencode(home.relative_to(root)).removeprefix(b".")
