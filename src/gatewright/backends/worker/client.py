"""The gateway's client of one user's worker, which it starts whenever needed."""

import asyncio
import errno
import math
import os
import socket
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from gatewright.backends.worker.connection import Answer, Connection, ConnectionEnded
from gatewright.backends.worker.descriptors import close_in_thread
from gatewright.backends.worker.errors import meaning
from gatewright.backends.worker.program import frames
from gatewright.backends.worker.program.server import LASTING_AT_ONCE
from gatewright.backends.worker.starting import (
    ChildStarter,
    Intent,
    Intents,
    RunningWorker,
    Ticketer,
    WorkerStarter,
)
from gatewright.backends.worker.threads import RestingThreads
from gatewright.core.errors import (
    BackendFailed,
    GatewayError,
    PersonAbsent,
    TimedOut,
    TooLarge,
    Unavailable,
)

T = TypeVar("T")

QUICK_SECONDS = 15.0
LASTING_SECONDS = 600.0
_START_SECONDS = 15.0
_END_SECONDS = 5.0
_PROBE_SECONDS = 1.0
_IN_FLIGHT = 64
_THREADS = 8
_STARTS = 20
_STARTS_SECONDS = 10.0
_RENEWAL_SECONDS = 20.0
"""Rest of a ticket's validity with which the next one is fetched."""


class _Launched(msgspec.Struct):
    pid: int


class Worker:
    """Sends requests to the process that acts as one user.

    If the worker dies, hangs or violates the protocol, pending calls fail
    (`Unavailable`, `TimedOut`), and the next call starts a new one.

    Parameters
    ----------
    starter
        Starts the worker; by default as a child of this process.
    processes
        Threads in which workers are started and ended, both of which can take seconds;
        by default those of the event loop.
    ticketer
        Returns tickets for a worker that acts only with them; None for one that needs
        none.
    intents
        Grants for requests without a ticket of a person; None in single-user mode.
    """

    def __init__(
        self,
        starter: WorkerStarter | None = None,
        processes: Executor | None = None,
        ticketer: Ticketer | None = None,
        intents: Intents | None = None,
    ) -> None:
        self.intents = intents
        self._starter = starter or ChildStarter()
        self._processes = processes
        self._ticketer = ticketer
        self._connection: Connection | None = None
        self._process: RunningWorker | None = None
        self._starting = asyncio.Lock()
        self._starts: deque[float] = deque(maxlen=_STARTS)
        self._quick = asyncio.Semaphore(_IN_FLIGHT)
        self._lasting = {
            name: asyncio.Semaphore(LASTING_AT_ONCE) for name in ("run", "other")
        }
        self._in_hand = 0
        self._used_at = 0.0
        self._uploads = 0
        self._ending: set[asyncio.Future[None]] = set()
        self._given_up: set[asyncio.Task[None]] = set()
        self.threads = RestingThreads(_THREADS, "files")
        """Threads for reading and writing this user's files, and nobody else's. They
        end with the worker."""

    @property
    def pid(self) -> int | None:
        """Process id of the worker; None while there is none."""
        return self._process.pid if self._process is not None else None

    @property
    def running(self) -> bool:
        """Whether a worker is running."""
        return self._connection is not None and not self._connection.ended

    def rest(self, seconds: float, oldest: float = math.inf) -> None:
        """End a worker that has been idle for ``seconds``; the next call starts one.

        A worker that was started ``oldest`` seconds ago is ended as soon as it is idle.
        A worker with an unfinished upload is not idle.
        """
        if not self.running:
            self.threads.rest()
            return
        assert self._connection is not None  # noqa: S101  # it is running
        if self._in_hand or self._uploads:
            return
        now = time.monotonic()
        if now - self._used_at >= seconds or now - self._starts[-1] >= oldest:
            self._connection.end()
            self.threads.rest()

    async def call(
        self,
        operation: str,
        arguments: Mapping[str, object],
        kind: type[T],
        *,
        seconds: float = QUICK_SECONDS,
    ) -> T:
        """Return the answer to an operation that passes no descriptor.

        Raises
        ------
        GatewayError
            The error for the worker's ``errno``; `Unavailable` if the worker ends,
            `TimedOut` if it does not answer.
        """
        answer = await self.exchange(operation, arguments, seconds=seconds)
        return self._value(answer, kind)

    async def call_for_descriptor(
        self,
        operation: str,
        arguments: Mapping[str, object],
        kind: type[T],
        *,
        access: int = os.O_RDONLY,
        given: int | None = None,
        seconds: float = QUICK_SECONDS,
        intent: Intent | None = None,
    ) -> tuple[T, int | None]:
        """Return the answer, and the file descriptor that came with it, or None.

        The descriptor is a regular file opened for ``access``; the caller closes it.
        ``given`` is a descriptor that is passed to the worker. With an ``intent`` this
        needs no person who asks.
        """
        if intent is not None:
            arguments = {**arguments, "word": intent.word}
            if intent.number is not None:
                arguments["number"] = intent.number
        answer = await self.exchange(
            operation,
            arguments,
            access=access,
            given=given,
            seconds=seconds,
            intent=intent,
        )
        if intent is not None and answer.errno == errno.EKEYEXPIRED:
            raise PersonAbsent("This is not what the person has left behind.")
        try:
            return self._value(answer, kind), answer.descriptor
        except BaseException:
            if answer.descriptor is not None:
                close_in_thread(answer.descriptor, self.threads)
            raise

    async def launch(
        self,
        argv: Sequence[str | bytes],
        environment: Mapping[str, str] | None,
        directory: Path | str | bytes,
    ) -> int:
        """Start a program that outlives the worker and the gateway; return its pid.

        The program leads its own session, has ``/dev/null`` as its three standard
        streams, and the resource limits of the worker's start. ``environment`` is its
        complete environment; None stands for that of the worker. ``directory`` is an
        absolute path.
        """
        given = None
        if environment is not None:
            given = {latin(name): latin(value) for name, value in environment.items()}
        arguments = {
            "argv": [latin(argument) for argument in argv],
            "environment": given,
            "root": "/",
            "path": latin(os.fsencode(directory)),
        }
        return (await self.call("launch", arguments, _Launched)).pid

    def _value(self, answer: Answer, kind: type[T]) -> T:
        if answer.errno:
            raise meaning(answer.errno)
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            self._drop()
            raise BackendFailed("The worker's answer is not valid.") from error

    async def exchange(
        self,
        operation: str,
        arguments: Mapping[str, object],
        *,
        access: int | None = None,
        given: int | None = None,
        seconds: float = QUICK_SECONDS,
        intent: Intent | None = None,
    ) -> Answer:
        """Send a request, starting the worker if needed, and return the answer."""
        began = asyncio.get_running_loop().time()
        message = {"op": operation, **arguments}
        slots = self._quick
        if operation == "run":
            slots = self._lasting["run"]
        elif operation in {"checksum", "move", "copy", "remove", "commit"}:
            slots = self._lasting["other"]
        self._in_hand += 1
        try:
            async with asyncio.timeout(seconds), slots:
                async with self._starting:
                    if self._connection is None or self._connection.ended:
                        self._connection = await self._start(intent)
                        self._uploads = 0  # what another worker began went with it
                    connection = self._connection
                    await self._permit(connection, intent)
                answer = await connection.request(message, access, given)
                self._uploads += operation == "begin" and not answer.errno
                return answer
        except TimeoutError as error:
            await self._drop_if_hung(began)
            raise TimedOut("The system's files did not answer in time.") from error
        except ConnectionEnded as error:
            raise Unavailable(
                "The process that acts for this user has ended; try again."
            ) from error
        except frames.FrameError as error:
            raise TooLarge("The request is too large.") from error
        finally:
            self._in_hand -= 1
            self._used_at = time.monotonic()
            if operation in {"commit", "abort"}:
                self._uploads = max(0, self._uploads - 1)

    async def _start(self, intent: Intent | None) -> Connection:
        if self._ticketer is not None:
            await self._permission(intent)  # or nothing is started for who is absent
        now = time.monotonic()
        if len(self._starts) == _STARTS and now - self._starts[0] < _STARTS_SECONDS:
            raise Unavailable(
                "The process that acts for this user keeps ending.",
                retry_after=_STARTS_SECONDS,
            )
        loop = asyncio.get_running_loop()
        starting = loop.run_in_executor(self._processes, self._starter.start)
        try:
            ours, process = await asyncio.shield(starting)
        except OSError as error:
            raise meaning(error.errno or 0) from error
        except GatewayError:
            raise
        except BaseException:
            giving_up = asyncio.create_task(self._give_up(starting))
            self._given_up.add(giving_up)
            giving_up.add_done_callback(self._given_up.discard)
            raise
        self._starts.append(time.monotonic())
        self._process = process
        connection = Connection(
            ours,
            lambda: self._on_end(process),
            lambda descriptor: close_in_thread(descriptor, self.threads),
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                await connection.ready()
        except BaseException:
            connection.end()
            raise
        return connection

    async def _permission(
        self, intent: Intent | None
    ) -> tuple[dict[str, object], float]:
        """Return the request that permits to act, at least an intent, until an end."""
        assert self._ticketer is not None  # noqa: S101  # the callers look
        try:
            ticket = await self._ticketer()
        except PersonAbsent:
            if intent is None or self.intents is None:
                raise
            own = await self.intents.ticket(intent.grant)
            return {"op": "intent", "ticket": own.text, "frames": [*own.frames]}, 0.0
        return {"op": "ticket", "ticket": ticket.text}, ticket.until

    async def _permit(self, connection: Connection, intent: Intent | None) -> None:
        """Pass a ticket to a worker that needs one, before the last one ends."""
        left = connection.permitted_until - time.monotonic()
        if self._ticketer is None or left > _RENEWAL_SECONDS:
            return
        try:
            request, until = await self._permission(intent)
        except GatewayError:
            if left > 0:
                return
            raise
        answer = await connection.request(request, None)
        if answer.errno:
            raise meaning(answer.errno)
        connection.permitted_until = max(connection.permitted_until, until)

    async def _give_up(
        self, starting: "asyncio.Future[tuple[socket.socket, RunningWorker]]"
    ) -> None:
        """Close the socket of a worker whose start was cancelled, and end it."""
        with suppress(OSError, GatewayError):
            ours, process = await starting
            ours.close()
            self._on_end(process)

    def _on_end(self, process: RunningWorker) -> None:
        """Wait for a worker with a closed socket to end; kill it if it does not."""

        def end() -> None:
            if not process.ends_within(_END_SECONDS):
                process.kill()
                process.ends_within(_END_SECONDS)

        ending = asyncio.get_running_loop().run_in_executor(self._processes, end)
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _drop_if_hung(self, since: float) -> None:
        """End a worker that has not answered anything since a request, nor a ping.

        The ping avoids that one slow operation ends all others.
        """
        connection = self._connection
        if connection is None or connection.heard_at >= since:
            return
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await connection.request({"op": "ping"}, None)
        except (TimeoutError, ConnectionEnded):
            if connection is self._connection:
                self._drop()

    def _drop(self) -> None:
        if self._process is not None:
            self._process.kill()
        if self._connection is not None:
            self._connection.end()

    async def close(self) -> None:
        """End the worker after its pending operations."""
        if self._connection is not None:
            self._connection.end()
        await asyncio.gather(*self._given_up)
        await asyncio.gather(*self._ending)
        self.threads.shutdown(wait=False, cancel_futures=True)


def latin(value: str | bytes) -> str:
    """Return text or bytes in the form in which messages carry bytes (Latin-1)."""
    return os.fsencode(value).decode("latin-1")


@asynccontextmanager
async def open_worker(starter: WorkerStarter | None = None) -> AsyncIterator[Worker]:
    """Yield a worker that is ended after the block."""
    worker = Worker(starter)
    try:
        yield worker
    finally:
        await worker.close()
