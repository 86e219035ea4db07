"""Starts the process that parses the whole queue, asks it, and ends it.

To parse the text of 20,000 jobs takes 0.1 to 0.7 s of the interpreter. In a process of
its own this keeps no request waiting: the gateway passes the bytes that ``squeue``
printed, and gets columns.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec

from gatewright.backends.slurm.frames import read_frame, write_frame
from gatewright.backends.slurm.queue_messages import (
    MOST_BYTES,
    Answer,
    ColumnsMade,
    MakeColumns,
    QueueRead,
    ReadQueue,
    Refused,
    Request,
)
from gatewright.backends.slurm.rows import QueueRow
from gatewright.backends.slurm.statuses import PriorityOrder
from gatewright.core.errors import BackendFailed, TimedOut, Unavailable
from gatewright.domains.compute import JobColumns, JobStatus

_SECONDS = 60.0
_RETRY_SECONDS = 5.0
_KEPT_VARIABLES = ("LANG", "LC_ALL", "TZ", "COVERAGE_PROCESS_CONFIG")
_VARIABLES = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True, slots=True)
class WholeQueueRead:
    """What the gateway has to know of a queue before its entries can be made."""

    living: Mapping[str, JobStatus]
    """Statuses of the gateway's jobs that wait or run, by their native ids."""
    ended: Sequence[QueueRow]
    """The gateway's jobs in the queue that have ended."""
    order: PriorityOrder
    """The order in which waiting jobs start."""


class QueueProcess:
    """Parses the whole queue in a process of its own, which the first call starts.

    Each method raises Unavailable if the process ended, and TimedOut if it did not
    answer and was ended; the next :meth:`read` starts another.

    Parameters
    ----------
    seconds
        Longest time for an answer.
    """

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._decoder = msgspec.msgpack.Decoder[Answer](Answer)
        self._process: subprocess.Popen[bytes] | None = None
        self._living: Mapping[str, JobStatus] = {}

    @property
    def pid(self) -> int | None:
        """Number of the process; None if it does not run."""
        return None if self._process is None else self._process.pid

    async def read(self, printed: bytes, nonce: str, account: str) -> WholeQueueRead:
        """Parse what ``squeue`` printed, with the word that separates its fields.

        ``account`` is the account as which the gateway reads the queue.

        Raises
        ------
        BackendFailed
            It has an unexpected form.
        """
        answer, _ = await self._ask(ReadQueue(nonce, account), printed)
        if isinstance(answer, Refused):
            raise BackendFailed(answer.text)
        read = cast("QueueRead", answer)
        return WholeQueueRead(self._living, read.ended, read.order)

    async def columns(self, ended: Mapping[str, JobStatus]) -> JobColumns:
        """Return the jobs of the queue that was read last.

        ``ended`` has the statuses of the gateway's ended jobs by their native ids.
        """
        answer, data = await self._ask(MakeColumns(ended))
        return JobColumns(cast("ColumnsMade", answer).counts, data)

    async def aclose(self) -> None:
        """End the process, which has nothing to save."""
        await asyncio.to_thread(self._end)

    async def _ask(self, request: Request, data: bytes = b"") -> tuple[Answer, bytes]:
        asking = asyncio.ensure_future(asyncio.to_thread(self._exchange, request, data))
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(asking)
        except TimeoutError:
            raise TimedOut(
                "The process that parses Slurm's queue did not answer in time. It is "
                "started again at the next look; if this lasts, tell the operator."
            ) from None
        finally:
            if not asking.done():
                # The thread's wait ends with the process.
                if self._process is not None:
                    self._process.kill()
                await asyncio.wait([asking])
                asking.exception()  # that it ended is no news

    def _exchange(self, request: Request, data: bytes) -> tuple[Answer, bytes]:
        """Send a message and return the answer; called in a thread.

        A new process has read no queue, so that only a message to read one starts it.
        """
        if isinstance(request, ReadQueue) and not self._runs():
            self._end()
            self._process = _spawn()
        process = self._process
        if process is None:
            raise _ended()
        assert process.stdin is not None  # noqa: S101  # both are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            write_frame(process.stdin, msgspec.msgpack.encode(request), data)
            header, answered = read_frame(process.stdout, MOST_BYTES)
        except (EOFError, OSError, ValueError) as error:
            self._end()
            raise _ended() from error
        answer = self._decoder.decode(header)
        if isinstance(answer, QueueRead):
            # Here, and not where it is awaited: the process tells each change once.
            self._take_in(answer)
        return answer, answered

    def _take_in(self, read: QueueRead) -> None:
        living = dict(self._living)
        for native in read.gone:
            del living[native]
        living.update((status.native_id, status) for status in read.changed)
        self._living = living

    def _runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _end(self) -> None:
        process, self._process = self._process, None
        self._living = {}  # which the next process tells anew
        if process is not None:
            process.kill()
            process.communicate()  # which also closes the pipes


def _ended() -> Unavailable:
    return Unavailable(
        "The process that parses Slurm's queue ended. It is started again at the next "
        "look; if this lasts, tell the operator.",
        retry_after=_RETRY_SECONDS,
    )


def _spawn() -> "subprocess.Popen[bytes]":
    # What the gateway imports may be installed by PYTHONPATH.
    source = str(Path(__file__).resolve().parents[3])
    paths = filter(None, [source, os.environ.get("PYTHONPATH", "")])
    kept = {k: v for k in _KEPT_VARIABLES if (v := os.environ.get(k)) is not None}
    return subprocess.Popen(  # this Python and our own module
        [sys.executable, "-P", "-m", "gatewright.backends.slurm.queue_program"],
        env=kept | _VARIABLES | {"PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd="/",
        start_new_session=True,
    )
