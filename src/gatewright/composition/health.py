"""Makes the health checks of the gateway and its systems."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack

from gatewright.core.background import Steady
from gatewright.core.config import Config
from gatewright.core.health import Check, Health, Part
from gatewright.domains.compute import JobService
from gatewright.domains.files import FileService
from gatewright.domains.identity import operator


def open_health(parts: Mapping[str, Part], stack: AsyncExitStack) -> Health:
    """Return the health of the given parts; closing the stack ends its checks."""
    health = Health(parts)
    stack.push_async_callback(health.close)
    return health


def parts_of_systems(
    config: Config,
    files: FileService,
    jobs: JobService,
    following: Mapping[str, Sequence[Steady]],
    owner: str | None,
) -> Iterator[tuple[str, Part]]:
    """Yield the parts “files” and “jobs” of each system that has them.

    Files are checked by looking up the owner's home folder through the owner's worker,
    if there is an owner who has files.
    """
    with_files = set(files.names)
    for system in config.systems:
        if owner is not None and system.name in with_files:
            home = _home_check(files, system.name, owner)
            yield f"systems/{system.name}/files", Part(home)
        if system.name in following:
            followed = _jobs_check(jobs, following[system.name], system.name)
            yield f"systems/{system.name}/jobs", Part(followed)


def _jobs_check(jobs: JobService, following: Sequence[Steady], system: str) -> Check:
    """Return a check that a scheduler answers and its jobs are being followed."""

    async def check() -> None:
        await jobs.ready(system)
        for work in following:
            await work.ready()

    return check


def _home_check(files: FileService, system: str, owner: str) -> Check:
    """Return a check that looks up the home folder through the owner's worker."""

    async def check() -> None:
        home = (await files.system(operator(owner), system)).home
        await files.stat(operator(owner), system, home)

    return check
