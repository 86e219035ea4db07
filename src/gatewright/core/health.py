"""Health checks: asks each part that the gateway needs whether it works.

All callers share the answers: each part is asked at most once a second and given at
most two seconds. A part that hangs (such as a network file system whose server is down)
counts as down until it answers, and is not asked again meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

Check = Callable[[], Awaitable[object]]
"""Returns if a part of the gateway works, and raises an exception if it does not."""

_PATIENCE_SECONDS = 2.0
_REMEMBER_SECONDS = 1.0
_SYSTEMS = "systems"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """A part that the gateway needs, such as its database."""

    check: Check
    """Asks the part whether it works."""
    vital: bool = False
    """Whether the gateway can answer no request at all without it."""


class Health:
    """Asks every part whether it works, and keeps the answers for a second.

    Parameters
    ----------
    parts
        The parts by name; names of a system's parts begin with ``systems/<name>/``.
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
        """Return, by name, whether each part works."""
        async with self._lock:
            if time.monotonic() - self._asked_at <= _REMEMBER_SECONDS:
                return self._up
            # A part that has not answered since it was asked last is not asked again.
            late = {name for name, task in self._asking.items() if not task.done()}
            fresh = {
                name: asyncio.create_task(self._answers(name))
                for name in self._parts
                if name not in late
            }
            self._asking |= fresh
            if fresh:
                await asyncio.wait(fresh.values(), timeout=self._patience)
            up: dict[str, bool] = {}
            for name in self._parts:
                task = self._asking[name]
                if not task.done():
                    _log.warning("%s is not ready: no answer", name)
                up[name] = task.done() and task.result()
            self._up = up
            self._asked_at = time.monotonic()
            return up

    def is_vital(self, name: str) -> bool:
        """Return whether the gateway can answer no request without a part."""
        return self._parts[name].vital

    async def system(self, name: str) -> str:
        """Return “up”, “degraded” or “down”: all, some or no parts of a system work.

        A system without parts is up.
        """
        start = f"{_SYSTEMS}/{name}/"
        answers = {
            up for part, up in (await self.look()).items() if part.startswith(start)
        }
        if False not in answers:
            return "up"
        return "degraded" if True in answers else "down"

    async def _answers(self, name: str) -> bool:
        try:
            await self._parts[name].check()
        except Exception as error:  # noqa: BLE001  # any failure means down
            _log.warning("%s is not ready: %r", name, error)
            return False
        return True

    async def close(self) -> None:
        """Cancel the checks that are still running."""
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)
