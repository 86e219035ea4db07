"""Opens files and commands of the configured systems, through the users' workers."""

from contextlib import AsyncExitStack

from gatewright.backends.worker import Worker, open_worker
from gatewright.composition.systems import BackendResources, open_filesystems
from gatewright.core.concurrency import ConcurrencyLimit
from gatewright.core.config import Config
from gatewright.domains.files import CommandService, FileService


async def open_owner_worker(stack: AsyncExitStack) -> Worker:
    """Return the worker of the gateway's own user; it ends with the stack."""
    return await stack.enter_async_context(open_worker())


async def open_files(
    config: Config, resources: BackendResources, stack: AsyncExitStack
) -> tuple[FileService, CommandService]:
    """Open the file systems; return the services of files and of commands."""
    systems = await open_filesystems(config, resources, stack)
    limits = config.limits
    files = {name: system.files for name, system in systems.items()}
    commands = {
        name: system.commands
        for name, system in systems.items()
        if system.commands is not None
    }
    return (
        FileService(
            files,
            limits.upload_bytes,
            ConcurrencyLimit(limits.downloads_per_user, "downloads"),
            ConcurrencyLimit(limits.uploads_per_user, "uploads"),
        ),
        CommandService(commands, limits.command_seconds, limits.command_output_bytes),
    )
