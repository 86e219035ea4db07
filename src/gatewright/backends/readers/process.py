"""The gateway's side of the zygote and of a reader process."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.backends.readers.protocol import (
    ERROR,
    FAILURE,
    IN_SLOT,
    MESSAGE_BYTES,
    SHARE,
    WINDOW,
    Answer,
    Malformed,
    Order,
    Request,
    Setup,
    decode_answer,
    decode_fault,
    decode_result,
    encode,
)
from gatewright.backends.readers.ring import Ring
from gatewright.backends.readers.shared import Known, Shared
from gatewright.core.errors import TimedOut

_KEPT_VARIABLES = ("LANG", "LC_ALL", "TZ", "COVERAGE_PROCESS_CONFIG")
READER_VARIABLES = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    # Inflated chunks come and go; to get their memory from the kernel each time costs
    # a fifth of the time of a read.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(32 << 20),
    "MALLOC_TOP_PAD_": str(4 << 20),
    "HDF5_USE_FILE_LOCKING": "FALSE",
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""Environment variables of readers and processing workers, beside those kept."""


class ReaderLost(Exception):
    """The reader ended or was killed before it answered."""


@dataclass(slots=True)
class Reply:
    """Answer of a reader."""

    result: dict[str, Any]
    """The function's result."""
    slot: int | None = None
    """Slot that holds the answer and is still in use; None for other answers."""
    length: int = 0
    """Number of bytes in that slot."""


@dataclass(slots=True)
class _Pending:
    id: int
    mode: int
    slot: int
    future: asyncio.Future[Reply]
    timer: asyncio.TimerHandle


class ReaderHandle:
    """One reader process, which takes one call at a time.

    Parameters
    ----------
    number
        Number of the process in messages to the zygote.
    kill
        Kills the process.
    on_idle, on_lost
        Called when an answer has arrived, and when the process has ended.
    """

    def __init__(
        self,
        number: int,
        kill: Callable[[int], None],
        on_idle: Callable[["ReaderHandle"], None],
        on_lost: Callable[["ReaderHandle"], None],
    ) -> None:
        self.number = number
        self.ring = Ring()
        self.calls = 0
        self.memory = 0
        self.retired = False
        self._kill = kill
        self._on_idle = on_idle
        self._on_lost = on_lost
        self._pending: _Pending | None = None
        self._known = Known()
        self._channel, self._far_end = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET
        )
        self._channel.settimeout(0)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._channel, self._on_readable)

    def descriptors(self) -> list[int]:
        """Return the descriptors that the zygote passes to the reader.

        They are the reader's end of the socket, and the shared memory.
        """
        return [self._far_end.fileno(), self.ring.descriptor]

    def handed_over(self) -> None:
        """Close this process's copies of descriptors that the zygote has received."""
        self._far_end.close()
        self.ring.close()

    def ask(
        self,
        function: str,
        arguments: dict[str, Any],
        mode: int,
        seconds: float,
        descriptors: Sequence[int] = (),
        shared: Shared | None = None,
    ) -> asyncio.Future[Reply]:
        """Send a call.

        The future gets a reply, a GatewayError or ReaderLost.
        """
        self.calls += 1
        # Taken before its number is told: others come back whenever a view ends.
        slot = self.ring.take()
        try:
            offset, size = slot * self.ring.slot_bytes, self.ring.slot_bytes
            message = encode(
                Request(
                    *(self.calls, function, arguments, offset, size, mode),
                    shared.handle if shared else "",
                )
            )
        except BaseException:
            self.ring.give(slot)
            raise
        timer = self._loop.call_later(seconds, self._on_deadline)
        future = self._loop.create_future()
        self._pending = _Pending(self.calls, mode, slot, future, timer)
        try:
            forgotten = None if shared is None else self._known.use(shared)
            if shared is not None and forgotten is not None:
                told = Request(0, shared.handle, {"forget": forgotten}, 0, 0, SHARE)
                made = shared.descriptor()
                try:
                    socket.send_fds(self._channel, [encode(told)], [made])
                finally:
                    os.close(made)
            if descriptors:
                socket.send_fds(self._channel, [message], descriptors)
            else:
                self._channel.send(message)
        except OSError:
            self._loop.call_soon(self.lose)
        return future

    @property
    def busy(self) -> bool:
        """Whether a call is unanswered."""
        return self._pending is not None

    def close(self) -> None:
        """Close the socket, which makes the process end."""
        self._loop.remove_reader(self._channel)
        self._channel.close()
        self._far_end.close()

    def lose(self) -> None:
        """Kill the process; a pending call fails with ReaderLost."""
        if self._channel.fileno() < 0:
            return
        self._kill(self.number)
        self.close()
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.timer.cancel()
            if not pending.future.done():
                pending.future.set_exception(ReaderLost())
        self._on_lost(self)

    def _on_deadline(self) -> None:
        pending = self._pending
        if pending is not None and not pending.future.done():
            pending.future.set_exception(
                TimedOut("Reading took longer than is allowed for one piece.")
            )
        self.lose()

    def _on_readable(self) -> None:
        try:
            data = self._channel.recv(MESSAGE_BYTES + 1)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        pending = self._pending
        if not data or pending is None:
            self.lose()
            return
        try:
            answer = decode_answer(data, pending.id, self.ring.slot_bytes)
            reply = self._reply(answer, pending)
        except Malformed:
            self.lose()
            return
        self._pending = None
        self.memory = answer.memory or self.memory
        pending.timer.cancel()
        abandoned = pending.future.done()
        if abandoned or isinstance(reply, Exception) or reply.slot is None:
            self.ring.give(pending.slot)
        if not abandoned:
            if isinstance(reply, Exception):
                pending.future.set_exception(reply)
            else:
                pending.future.set_result(reply)
        self._on_idle(self)

    def _reply(self, answer: Answer, pending: _Pending) -> Reply | Exception:
        """Return the reply of an answer, or the error that the function raised."""
        if answer.kind in {ERROR, FAILURE}:
            return decode_fault(answer.body)
        if pending.mode == WINDOW:
            return Reply({}, pending.slot, answer.length)
        if answer.kind == IN_SLOT:
            body = bytes(self.ring.view(pending.slot, answer.length))
            return Reply(decode_result(body))
        return Reply(decode_result(answer.body))


class ZygoteProcess:
    """Starts the zygote, sends it orders, and ends it."""

    def __init__(self, setup: Setup, on_lost: Callable[[], None]) -> None:
        self._setup = setup
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it accepts orders."""
        return self._control is not None

    async def start(self) -> None:
        """Start the process; orders wait in its socket until it has imported."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            spawning = asyncio.create_task(asyncio.to_thread(_spawn, theirs.fileno()))
            try:
                self._process = await asyncio.shield(spawning)
            except BaseException:
                ours.close()
                # The thread goes on: what it starts is ended by `stop`.
                self._process = await spawning
                raise
        ours.settimeout(0)
        self._control = ours
        ours.send(encode(self._setup))
        self._loop.add_reader(ours, self._on_readable)

    def order(self, order: Order, descriptors: Sequence[int] = ()) -> None:
        """Send an order; nothing is sent to a zygote that has ended."""
        if self._control is not None:
            with contextlib.suppress(OSError):
                socket.send_fds(self._control, [encode(order)], list(descriptors))

    async def stop(self) -> None:
        """End the process and wait for it.

        The zygote and the readers have nothing to save, so they get SIGTERM at once; a
        process that has just started would notice the closed socket late.
        """
        self._disconnect()
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)

            def wait() -> None:
                try:
                    process.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

            await asyncio.to_thread(wait)

    def _disconnect(self) -> None:
        if self._control is not None:
            self._loop.remove_reader(self._control)
            self._control.close()
            self._control = None

    def _on_readable(self) -> None:
        self._disconnect()
        self._on_lost()


def _spawn(descriptor: int) -> subprocess.Popen[bytes]:
    """Start the zygote, which inherits one end of a socket as this descriptor."""
    # Readers of other packages may be installed beside the gateway by PYTHONPATH.
    source = str(Path(__file__).resolve().parents[3])
    paths = filter(None, [source, os.environ.get("PYTHONPATH", "")])
    kept = {k: v for k in _KEPT_VARIABLES if (v := os.environ.get(k)) is not None}
    return subprocess.Popen(  # noqa: S603  # this Python and this module
        [
            *(sys.executable, "-P", "-m"),
            *("gatewright.backends.readers.zygote", str(descriptor)),
        ],
        env=kept | READER_VARIABLES | {"PYTHONPATH": os.pathsep.join(paths)},
        pass_fds=[descriptor],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
