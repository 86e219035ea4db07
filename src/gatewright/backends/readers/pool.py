"""The pool of reader processes, as the gateway uses it."""

import asyncio
import logging
import os
import tempfile
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from gatewright.backends.readers.call_queue import CallQueue, Weight
from gatewright.backends.readers.crew import PING, Crew
from gatewright.backends.readers.process import ReaderHandle, ReaderLost, Reply
from gatewright.backends.readers.protocol import CALL, FILE, WINDOW
from gatewright.backends.readers.settings import PoolSettings
from gatewright.backends.readers.shared import Shared
from gatewright.core.errors import BackendFailed, TimedOut, Unavailable

T = TypeVar("T")
_log = logging.getLogger(__name__)
_RESERVED_SLOTS = 2
_SLOW = 4096


class ReaderPool:
    """Calls functions of the programs in reader processes.

    A call whose reader dies is repeated once on another reader; a call that reaches its
    deadline is not. Besides the errors of the function, all methods may raise TimedOut
    (the deadline), BackendFailed (two readers died, or the function raised something
    other than a GatewayError) and Unavailable (no reader became free).
    """

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._queue: CallQueue[ReaderHandle] = CallQueue(
            settings.readers, settings.waiting, settings.for_looks
        )
        self._crew = Crew(settings, self._queue)
        self._slow: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._held = 0
        self._started = False
        self._starting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the processes, unless that was done before.

        They answer once their modules are imported. The start goes on if the caller is
        cancelled: others wait for it too, and half a start would leave a process.
        """

        async def begin() -> None:
            await self._crew.start()
            self._started = True

        if self._started or self._crew.closing:
            return
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(begin())
        await asyncio.shield(self._starting)

    async def close(self) -> None:
        """End all processes and wait for them."""
        self._crew.closing = True
        if self._starting is not None:
            await asyncio.wait([self._starting])
        await self._crew.close()

    async def call(
        self,
        function: str,
        arguments: dict[str, Any],
        *,
        key: str = "",
        seconds: float | None = None,
        shared: Shared | None = None,
        weight: Weight = Weight.SMALL,
        person: str = "",
    ) -> dict[str, Any]:
        """Return the function's result: up to 16 MiB of msgpack values.

        Parameters
        ----------
        function
            ``module:name`` in one of the programs.
        arguments
            msgpack values, at most 64 KiB.
        key
            Calls with the same key, such as a file, go to the same reader if possible.
        seconds
            Deadline of the call; by default that of the pool.
        shared
            Further arguments of any size, which other calls have too.
        weight
            How long the call is expected to take.
        person
            User for whom a long call is made; long calls are shared out fairly.
        """
        call = _Call(function, arguments, CALL, key, person, shared)

        async def attempt(weight: Weight, most: float) -> dict[str, Any]:
            return (await self._ask(call, weight, most))[1].result

        return await self._in_lane(call, attempt, weight, seconds)

    @asynccontextmanager
    async def window(
        self,
        function: str,
        arguments: dict[str, Any],
        *,
        key: str = "",
        bulk: bool = False,
        seconds: float | None = None,
        shared: Shared | None = None,
    ) -> AsyncIterator[memoryview]:
        """Yield the bytes that the function wrote to ``output.window``.

        They are at most 16 MiB, read-only, and valid until the exit. Holding them does
        not occupy the reader. ``bulk`` marks a part of a large answer, which waits for
        small calls.
        """
        call = _Call(function, arguments, WINDOW, key, "", shared)

        async def attempt(weight: Weight, most: float) -> tuple[ReaderHandle, Reply]:
            return await self._ask(call, weight, most)

        weight = Weight.WINDOW if bulk else Weight.SMALL
        handle, reply = await self._in_lane(call, attempt, weight, seconds)
        assert reply.slot is not None  # noqa: S101  # windows are answered in a slot
        ring = handle.ring
        with ring.lend(reply.slot, reply.length) as view:
            if ring.free_slots >= _RESERVED_SLOTS:
                yield view
                return
            # The reader needs its slots: a slow client is given a copy.
            size = len(view)
            if self._held + size > self._settings.held_bytes:
                raise Unavailable(
                    "Too many large answers are being sent; try again soon."
                )
            copy = memoryview(bytes(view))
        self._held += size
        try:
            with copy:
                yield copy
        finally:
            self._held -= size

    async def file(
        self,
        function: str,
        arguments: dict[str, Any],
        *,
        key: str = "",
        seconds: float | None = None,
        shared: Shared | None = None,
        weight: Weight = Weight.LONG,
        person: str = "",
    ) -> tuple[int, int]:
        """Return a file descriptor of an anonymous file, and the file's size in bytes.

        The function has written it as ``output.file``. The caller closes the
        descriptor.
        """
        call = _Call(function, arguments, FILE, key, person, shared)

        async def attempt(weight: Weight, most: float) -> tuple[int, int]:
            made = await _opened(self._settings.spool)
            try:
                scratch = await _opened(self._settings.spool)
                try:
                    await self._ask(call, weight, most, [made, scratch])
                finally:
                    os.close(scratch)
                return made, os.fstat(made).st_size
            except BaseException:
                os.close(made)
                raise

        return await self._in_lane(call, attempt, weight, seconds)

    @property
    def waiting(self) -> int:
        """Number of calls that wait for a reader."""
        return self._queue.waiting

    @property
    def busy(self) -> int:
        """Number of readers that have a call."""
        return sum(handle.busy for handle in self._crew.handles)

    @property
    def running(self) -> int:
        """Number of reader processes."""
        return len(self._crew.handles)

    async def ready(self) -> None:
        """Return if a reader answers, or none was needed so far.

        Raises
        ------
        TimedOut, Unavailable, BackendFailed
            No reader answers.
        """
        if self._started:
            await self.call(PING, {})

    def publish(self, *folders: Path) -> None:
        """Let readers read further folders; running readers are replaced."""
        self._crew.publish(*folders)

    async def _in_lane(
        self,
        call: "_Call",
        attempt: Callable[[Weight, float], Awaitable[T]],
        weight: Weight,
        seconds: float | None,
    ) -> T:
        """Make a call; if it takes longer than expected, repeat it as a long call.

        Long calls never occupy all readers. Later calls of the same function and key
        are treated as long from the start.
        """
        most = self._settings.seconds if seconds is None else seconds
        kind = (call.function, call.key)
        quick = self._settings.quick_seconds
        if weight is not Weight.LONG and kind not in self._slow:
            try:
                return await _twice(attempt, weight, min(quick, most))
            except TimedOut:
                if most <= quick:
                    raise
            self._slow[kind] = None
            if len(self._slow) > _SLOW:
                self._slow.popitem(last=False)
        began = time.monotonic()
        result = await _twice(attempt, Weight.LONG, most)
        if time.monotonic() - began < quick:
            self._slow.pop(kind, None)
        return result

    async def _ask(
        self,
        call: "_Call",
        weight: Weight,
        seconds: float,
        descriptors: Sequence[int] = (),
    ) -> tuple[ReaderHandle, Reply]:
        if self._crew.closing:
            raise Unavailable("The gateway is going down.")
        if not self._started:
            await self.start()
        handle = await self._queue.take(
            call.key, weight, self._settings.seconds, call.person
        )
        try:
            future = handle.ask(
                *(call.function, call.arguments, call.mode, seconds),
                *(descriptors, call.shared),
            )
        except BaseException:
            self._queue.give(handle)
            raise
        try:
            return handle, await future
        except asyncio.CancelledError:
            # It may have been answered in the same turn of the loop: nobody takes it.
            if not future.cancelled() and future.exception() is None:
                slot = future.result().slot
                if slot is not None:
                    handle.ring.give(slot)
            raise


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of a reader function."""

    function: str
    arguments: dict[str, Any]
    mode: int
    key: str
    person: str
    shared: Shared | None


async def _twice(
    attempt: Callable[[Weight, float], Awaitable[T]], weight: Weight, seconds: float
) -> T:
    """Return the result of an attempt, or of a second one if its reader died."""
    try:
        return await attempt(weight, seconds)
    except ReaderLost:
        _log.warning("a reader ended during a call; it is tried once more")
    try:
        return await attempt(weight, seconds)
    except ReaderLost as error:
        raise BackendFailed(
            "The reader of this file ended unexpectedly; the file may be damaged."
        ) from error


async def _opened(folder: Path) -> int:
    """Open an anonymous file in a thread; one that comes too late is closed."""
    opening = asyncio.create_task(asyncio.to_thread(_anonymous, folder))

    def close_late(opened: asyncio.Task[int]) -> None:
        if not opened.cancelled() and opened.exception() is None:
            os.close(opened.result())

    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(close_late)
        raise


def _anonymous(folder: Path) -> int:
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        descriptor, name = tempfile.mkstemp(dir=folder)
        os.unlink(name)  # noqa: PTH108  # a name that mkstemp gave
        return descriptor


@asynccontextmanager
async def open_pool(
    settings: PoolSettings, *, at_once: bool = True
) -> AsyncIterator[ReaderPool]:
    """Yield a pool, and end its processes afterwards.

    They are started now if ``at_once``, and otherwise by the first call.
    """
    pool = ReaderPool(settings)
    if at_once:
        await pool.start()
    try:
        yield pool
    finally:
        await pool.close()
