"""Makes the health checks of the gateway and its systems."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from gatewright.composition.compute import Compute
from gatewright.core.config import Config
from gatewright.core.health import Check, Health, Part
from gatewright.domains.files import FileService
from gatewright.domains.identity import operator


def open_health(parts: Mapping[str, Part], stack: AsyncExitStack) -> Health:
    """Return the health of the given parts; closing the stack ends its checks."""
    health = Health(parts)
    stack.push_async_callback(health.close)
    return health


def parts_of_systems(
    config: Config, files: FileService, compute: Compute, owner: str | None
) -> Mapping[str, Part]:
    """Return the parts “files” and “jobs” of each system that has them.

    Files are checked by looking up the owner's home folder through the owner's worker,
    if there is an owner who has files.
    """
    parts: dict[str, Part] = {}
    with_files = set(files.names)
    for system in config.systems:
        place = f"systems/{system.name}"
        if owner is not None and system.name in with_files:
            parts[f"{place}/files"] = Part(_home_check(files, system.name, owner))
        if system.name in compute.following:
            parts[f"{place}/jobs"] = Part(_jobs_check(compute, system.name))
    return parts


def _jobs_check(compute: Compute, system: str) -> Check:
    """Return a check that a scheduler answers and its jobs are being followed."""

    async def check() -> None:
        await compute.jobs.ready(system)
        for work in compute.following[system]:
            await work.ready()

    return check


def _home_check(files: FileService, system: str, owner: str) -> Check:
    """Return a check that looks up the home folder through the owner's worker."""

    async def check() -> None:
        home = (await files.system(operator(owner), system)).home
        await files.stat(operator(owner), system, home)

    return check
