"""The pool of readers, as the rest of the gateway uses it."""

import asyncio
import itertools
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from gatewright.backends.readers.process import (
    ReaderHandle,
    ReaderLost,
    Reply,
    ZygoteProcess,
)
from gatewright.backends.readers.protocol import CALL, FILE, WINDOW, Order, Setup
from gatewright.backends.readers.settings import PoolSettings
from gatewright.backends.readers.shared import Shared
from gatewright.backends.readers.turns import Turns, Weight
from gatewright.core.errors import BackendFailed, Unavailable

T = TypeVar("T")
_log = logging.getLogger(__name__)
_RESERVED_SLOTS = 2
_LONGEST_PAUSE = 10.0
_PING = "gatewright.backends.readers.checks:ping"


class ReaderPool:
    """Calls functions of the programs in reader processes.

    A call that fails because its reader died is tried once more on another; one that
    reached its deadline is not. All methods may raise, besides what the function
    raises: TimedOut (the deadline), BackendFailed (it crashed twice, or raised
    something that is not a GatewayError), Unavailable (no reader became free).
    """

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._folders = [*settings.folders]
        self._turns: Turns[ReaderHandle] = Turns(settings.readers, settings.waiting)
        self._handles: set[ReaderHandle] = set()
        self._numbers = itertools.count(1)
        self._zygote: ZygoteProcess | None = None
        self._held = 0
        self._pause = 0.0
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start the zygote and the readers; they work when they have imported."""
        self._zygote = ZygoteProcess(self._setup(), self._on_zygote_lost)
        await self._zygote.start()
        for _ in range(self._settings.readers - len(self._handles)):
            self._add_reader()

    async def close(self) -> None:
        """End all processes and wait for them."""
        self._closing = True
        for handle in list(self._handles):
            handle.lose()
        for task in self._tasks:
            task.cancel()
        if self._zygote is not None:
            await self._zygote.stop()

    async def call(
        self,
        function: str,
        arguments: dict[str, Any],
        *,
        key: str = "",
        seconds: float | None = None,
        shared: Shared | None = None,
    ) -> dict[str, Any]:
        """Return the function's result: up to 16 MiB of msgpack values.

        Parameters
        ----------
        function
            ``module:name`` in one of the programs.
        arguments
            msgpack values, at most 64 KiB.
        key
            Calls with the same key (a file) go to the same reader where possible.
        seconds
            Deadline of the call; by default that of the pool.
        shared
            More arguments, of any length, which other calls have too.
        """

        async def attempt() -> dict[str, Any]:
            reply = await self._ask(
                *(function, arguments, CALL, key, seconds), shared=shared
            )
            return reply[1].result

        return await self._twice(attempt)

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
        """Yield the bytes that the function put into ``output.window``.

        At most 16 MiB, read-only, valid until the exit. The reader is free as soon as
        it has answered: to hold a window does not hold a reader. ``bulk`` says that
        the window is a piece of a large answer, which waits for small calls.
        """

        async def attempt() -> tuple[ReaderHandle, Reply]:
            weight = Weight.WINDOW if bulk else Weight.SMALL
            return await self._ask(
                *(function, arguments, WINDOW, key, seconds, weight), shared=shared
            )

        handle, reply = await self._twice(attempt)
        async with AsyncExitStack() as stack:
            yield self._hold(handle, reply, stack)

    async def file(
        self,
        function: str,
        arguments: dict[str, Any],
        *,
        key: str = "",
        seconds: float | None = None,
        shared: Shared | None = None,
    ) -> tuple[int, int]:
        """Return an open descriptor of an anonymous file, and its size.

        The function wrote ``output.file``. The caller closes the descriptor.
        """

        async def attempt() -> tuple[int, int]:
            made = await asyncio.to_thread(_anonymous, self._settings.spool)
            try:
                scratch = await asyncio.to_thread(_anonymous, self._settings.spool)
                try:
                    await self._ask(
                        *(function, arguments, FILE, key, seconds, Weight.FILE),
                        descriptors=[made, scratch],
                        shared=shared,
                    )
                finally:
                    os.close(scratch)
                return made, os.fstat(made).st_size
            except BaseException:
                os.close(made)
                raise

        return await self._twice(attempt)

    @property
    def waiting(self) -> int:
        """Number of calls that wait for a reader."""
        return self._turns.waiting

    @property
    def busy(self) -> int:
        """Number of readers that work."""
        return sum(handle.busy for handle in self._handles)

    @property
    def running(self) -> int:
        """Number of readers that run."""
        return len(self._handles)

    async def ready(self) -> None:
        """Return when a reader answers.

        Raises
        ------
        TimedOut, Unavailable, BackendFailed
            None does.
        """
        await self.call(_PING, {})

    def publish(self, *folders: Path) -> None:
        """Let the readers read more folders; those that run are replaced."""
        new = [folder for folder in folders if folder not in self._folders]
        if not new:
            return
        self._folders += new
        if self._zygote is not None:
            self._zygote.order(Order("folders", folders=_as_bytes(self._folders)))
        for handle in list(self._handles):
            handle.retired = True
            if not handle.busy:
                self._turns.forget(handle)
                self._replace(handle)

    def _setup(self) -> Setup:
        return Setup(
            [_PING.partition(":")[0], *self._settings.programs],
            _as_bytes(self._folders),
            self._settings.memory_bytes,
            self._settings.file_bytes,
        )

    async def _twice(self, attempt: Callable[[], Awaitable[T]]) -> T:
        try:
            return await attempt()
        except ReaderLost:
            _log.warning("a reader ended during a call; it is tried once more")
        try:
            return await attempt()
        except ReaderLost as error:
            raise BackendFailed(
                "The reader of this file ended unexpectedly; the file may be damaged."
            ) from error

    async def _ask(
        self,
        function: str,
        arguments: dict[str, Any],
        mode: int,
        key: str,
        seconds: float | None,
        weight: Weight = Weight.SMALL,
        *,
        descriptors: Sequence[int] = (),
        shared: Shared | None = None,
    ) -> tuple[ReaderHandle, Reply]:
        if self._closing:
            raise Unavailable("The gateway is going down.")
        handle = await self._turns.take(key, weight, self._settings.seconds)
        try:
            future = handle.ask(
                function,
                arguments,
                mode,
                self._settings.seconds if seconds is None else seconds,
                descriptors,
                shared,
            )
        except BaseException:
            self._turns.give(handle)
            raise
        return handle, await future

    def _hold(
        self, handle: ReaderHandle, reply: Reply, stack: AsyncExitStack
    ) -> memoryview:
        slot, ring = reply.slot, handle.ring
        assert slot is not None  # noqa: S101  # windows are answered in a slot
        view = ring.lend(slot, reply.length)
        if ring.free_slots < _RESERVED_SLOTS:
            view = self._copy(view, stack)
        return stack.enter_context(view)

    def _copy(self, view: memoryview, stack: AsyncExitStack) -> memoryview:
        with view:
            size = len(view)
            if self._held + size > self._settings.held_bytes:
                raise Unavailable("Too many answers are under way; try again soon.")
            self._held += size
            stack.callback(self._drop, size)
            return memoryview(bytes(view))

    def _drop(self, size: int) -> None:
        self._held -= size

    def _add_reader(self) -> None:
        zygote = self._zygote
        assert zygote is not None  # noqa: S101  # made in start()
        handle = ReaderHandle(
            next(self._numbers), self._kill, self._on_idle, self._on_lost
        )
        zygote.order(Order("fork", handle.number), handle.descriptors())
        handle.handed_over()
        self._handles.add(handle)
        self._turns.give(handle)

    def _kill(self, number: int) -> None:
        if self._zygote is not None:
            self._zygote.order(Order("kill", number))

    def _on_idle(self, handle: ReaderHandle) -> None:
        self._pause = 0.0
        worn = (
            handle.retired
            or handle.calls >= self._settings.calls
            or handle.memory >= self._settings.growth_bytes
        )
        if worn:
            self._replace(handle)
        else:
            self._turns.give(handle)

    def _replace(self, handle: ReaderHandle) -> None:
        handle.close()
        self._on_lost(handle)

    def _on_lost(self, handle: ReaderHandle) -> None:
        self._turns.forget(handle)
        self._handles.discard(handle)
        if not self._closing and self._zygote is not None and self._zygote.running:
            self._add_reader()

    def _on_zygote_lost(self) -> None:
        if self._closing:
            return
        _log.warning("the zygote ended; it is started again in %.1f s", self._pause)
        for handle in list(self._handles):
            handle.lose()
        task = asyncio.get_running_loop().create_task(self._restart(self._pause))
        self._pause = min(_LONGEST_PAUSE, 2 * self._pause + 0.1)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _restart(self, pause: float) -> None:
        await asyncio.sleep(pause)
        if self._zygote is not None:
            await self._zygote.stop()
        await self.start()


def _as_bytes(folders: Iterable[Path]) -> list[bytes]:
    return [os.fsencode(folder) for folder in folders]


def _anonymous(folder: Path) -> int:
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        descriptor, name = tempfile.mkstemp(dir=folder)
        os.unlink(name)  # noqa: PTH108  # a name that mkstemp gave
        return descriptor


@asynccontextmanager
async def open_pool(settings: PoolSettings) -> AsyncIterator[ReaderPool]:
    """Start a pool, yield it, and end its processes."""
    pool = ReaderPool(settings)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()
