"""The parts of a gateway whose health is asked for."""

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
    """Yield the files and the jobs of each system that has them.

    The owner's worker is asked for its home on each system with files, if there is an
    owner whose files they are.
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
    """Return the check that a scheduler answers and its jobs are being followed."""

    async def check() -> None:
        await jobs.ready(system)
        for work in following:
            await work.ready()

    return check


def _home_check(files: FileService, system: str, owner: str) -> Check:
    """Return what looks up the home folder, through the owner's worker."""

    async def check() -> None:
        home = (await files.system(operator(owner), system)).home
        await files.stat(operator(owner), system, home)

    return check
