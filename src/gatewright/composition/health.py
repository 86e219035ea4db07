"""What the gateway stands on, and whether each part of it answers.

A part is asked at most once a second, for all who want to know, and waited for at most
two. A part that hangs (a network file system whose server is away) is down until its
answer comes, and is not asked a second time meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from gatewright.composition.compute import Follower
from gatewright.core.config import Config
from gatewright.domains.compute import JobService
from gatewright.domains.files import FileService
from gatewright.domains.identity import operator

Check = Callable[[], Awaitable[object]]
"""Returns when a part of the gateway answers; raises when it does not."""

_PATIENCE_SECONDS = 2.0
_REMEMBER_SECONDS = 1.0
_SYSTEMS = "systems"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """Something that the gateway stands on."""

    check: Check
    """Asks it."""
    vital: bool = False
    """Whether nothing at all can be answered without it."""


class Health:
    """Asks every part whether it answers.

    Parameters
    ----------
    parts
        The parts by name; those of a system begin with ``systems/<name>/``.
    patience
        Seconds to wait for an answer.
    """

    def __init__(
        self, parts: Mapping[str, Part], patience: float = _PATIENCE_SECONDS
    ) -> None:
        self._parts = dict(parts)
        self._patience = patience
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")
        self._up: Mapping[str, bool] = {}
        self._asking: dict[str, asyncio.Task[bool]] = {}

    async def look(self) -> Mapping[str, bool]:
        """Return whether each part answers."""
        async with self._lock:
            if time.monotonic() - self._asked_at > _REMEMBER_SECONDS:
                self._up = await self._ask()
                self._asked_at = time.monotonic()
            return self._up

    def is_vital(self, name: str) -> bool:
        """Return whether the gateway serves nothing without a part."""
        return self._parts[name].vital

    async def system(self, name: str) -> str:
        """Return “up”, “degraded” or “down”: all, some or none of a system answer."""
        start = f"{_SYSTEMS}/{name}/"
        answers = {
            up for part, up in (await self.look()).items() if part.startswith(start)
        }
        if False not in answers:
            return "up"
        return "degraded" if True in answers else "down"

    async def _ask(self) -> Mapping[str, bool]:
        late = {name for name, task in self._asking.items() if not task.done()}
        fresh = {
            name: asyncio.create_task(self._answers(name))
            for name in self._parts
            if name not in late
        }
        self._asking |= fresh
        if fresh:
            await asyncio.wait(fresh.values(), timeout=self._patience)
        return {name: self._result(name, self._asking[name]) for name in self._parts}

    async def _answers(self, name: str) -> bool:
        try:
            await self._parts[name].check()
        except Exception as error:  # noqa: BLE001  # any failure means down
            _log.warning("%s is not ready: %r", name, error)
            return False
        return True

    def _result(self, name: str, task: asyncio.Task[bool]) -> bool:
        if not task.done():
            _log.warning("%s is not ready: no answer", name)
            return False
        return task.result()

    async def close(self) -> None:
        """Leave off asking."""
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Foundations:
    """What is asked."""

    database: Check
    """The database, without which nobody is known."""
    readers: Check
    """The pool that parses files of arrays and images."""
    files: FileService
    """Files of the systems, in the owner's worker."""
    jobs: JobService
    """The schedulers of the systems."""
    followers: Mapping[str, Follower]
    """What keeps the records of each system's jobs."""


def open_health(
    config: Config, on: Foundations, owner: str, stack: AsyncExitStack
) -> Health:
    """Return the health of what a gateway stands on; the stack ends it.

    The owner's worker is asked for its home on each system with files.
    """
    parts = {"database": Part(on.database, vital=True), "readers": Part(on.readers)}
    with_files = {home.name for home in on.files.systems(operator(owner))}
    for system in config.systems:
        start = f"{_SYSTEMS}/{system.name}"
        if system.name in with_files:
            parts[f"{start}/files"] = Part(_home_of(on.files, system.name, owner))
        if system.name in on.followers:
            parts[f"{start}/jobs"] = Part(_jobs_of(on, system.name))
    health = Health(parts)
    stack.push_async_callback(health.close)
    return health


def _jobs_of(on: Foundations, system: str) -> Check:
    """Return what asks a scheduler, and whether its jobs are being followed."""

    async def check() -> None:
        await on.jobs.ready(system)
        await on.followers[system].ready()

    return check


def _home_of(files: FileService, system: str, owner: str) -> Check:
    """Return what looks up the home folder, through the owner's worker."""

    async def check() -> None:
        home = files.system(operator(owner), system).home
        await files.stat(operator(owner), system, home)

    return check
