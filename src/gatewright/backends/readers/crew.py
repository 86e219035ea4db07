"""Keeps the zygote and the wanted number of readers running.

A reader that ends, hangs, has answered its share of calls or has grown too large is
replaced. A zygote that ends is started again, after pauses that become longer.
"""

import asyncio
import itertools
import logging
import os
from pathlib import Path

from gatewright.backends.readers.call_queue import CallQueue
from gatewright.backends.readers.process import ReaderHandle, Reply, ZygoteProcess
from gatewright.backends.readers.protocol import CALL, Order, Setup
from gatewright.backends.readers.settings import PoolSettings

PING = "gatewright.backends.readers.checks:ping"
"""Function that every reader has."""
_LONGEST_PAUSE = 10.0
_START_SECONDS = 600.0
_log = logging.getLogger(__name__)


class Crew:
    """The processes of one pool.

    Parameters
    ----------
    settings
        Number of readers, and their limits.
    queue
        Is told which readers are free and which have ended.
    """

    def __init__(self, settings: PoolSettings, queue: CallQueue[ReaderHandle]) -> None:
        self._settings = settings
        self._queue = queue
        self._folders = [*settings.folders]
        self._numbers = itertools.count(1)
        self._zygote: ZygoteProcess | None = None
        self._pause = 0.0
        self._restarts: set[asyncio.Task[None]] = set()
        self.handles: set[ReaderHandle] = set()
        self.closing = False

    async def start(self) -> None:
        """Start the zygote and the readers.

        They answer once their modules are imported.
        """
        setup = Setup(
            [PING.partition(":")[0], *self._settings.programs],
            [os.fsencode(folder) for folder in self._folders],
            self._settings.memory_bytes,
            self._settings.file_bytes,
        )
        self._zygote = ZygoteProcess(setup, self._on_zygote_lost)
        await self._zygote.start()
        for _ in range(self._settings.readers - len(self.handles)):
            self._add_reader(self._zygote)

    async def close(self) -> None:
        """End all processes and wait for them."""
        self.closing = True
        for handle in list(self.handles):
            handle.lose()
        for task in self._restarts:
            task.cancel()
        if self._restarts:
            await asyncio.wait(self._restarts)
        if self._zygote is not None:
            await self._zygote.stop()

    def publish(self, *folders: Path) -> None:
        """Let readers read further folders; running readers are replaced."""
        new = [folder for folder in folders if folder not in self._folders]
        if not new:
            return
        self._folders += new
        if self._zygote is not None:
            told = [os.fsencode(folder) for folder in self._folders]
            self._zygote.order(Order("folders", folders=told))
        for handle in list(self.handles):
            handle.retired = True
            if not handle.busy:
                self._queue.forget(handle)
                handle.close()
                self._on_lost(handle)

    def _add_reader(self, zygote: ZygoteProcess) -> None:
        number = next(self._numbers)
        handle = ReaderHandle(
            number,
            lambda one: zygote.order(Order("kill", one)),
            self._on_idle,
            self._on_lost,
        )
        zygote.order(Order("fork", number), handle.descriptors())
        handle.handed_over()
        self.handles.add(handle)

        def seen(start: asyncio.Future[Reply]) -> None:
            # How the start ended is heard of by `_on_idle` or `_on_lost`.
            if not start.cancelled():
                start.exception()

        # The reader works when it has answered once: no call waits for its start.
        handle.ask(PING, {}, CALL, _START_SECONDS).add_done_callback(seen)

    def _on_idle(self, handle: ReaderHandle) -> None:
        """Offer a reader for its next call, or replace it if it is worn out."""
        self._pause = 0.0
        answered = handle.calls - 1  # the first call is made at the start
        worn = answered > 0 and (
            answered >= self._settings.calls
            or handle.memory >= self._settings.growth_bytes
        )
        if handle.retired or worn:
            handle.close()
            self._on_lost(handle)
        else:
            self._queue.give(handle)

    def _on_lost(self, handle: ReaderHandle) -> None:
        self._queue.forget(handle)
        self.handles.discard(handle)
        if not self.closing and self._zygote is not None and self._zygote.running:
            self._add_reader(self._zygote)

    def _on_zygote_lost(self) -> None:
        """Start the zygote again, at once the first time and later after a pause."""
        if self.closing:
            return
        pause = self._pause
        self._pause = min(_LONGEST_PAUSE, 2 * pause + 0.1)
        _log.warning("the zygote ended; it is started again in %.1f s", pause)
        for handle in list(self.handles):
            handle.lose()

        async def restart() -> None:
            await asyncio.sleep(pause)
            if self._zygote is not None:
                await self._zygote.stop()
            await self.start()

        task = asyncio.get_running_loop().create_task(restart())
        self._restarts.add(task)
        task.add_done_callback(self._restarts.discard)
