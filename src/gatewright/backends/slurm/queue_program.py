"""The process that parses the whole queue for the gateway; it runs no command.

It answers the messages on its standard input until that ends, which it does when the
gateway ends, in whatever way.
"""

import os
import resource
import sys
from typing import BinaryIO

import msgspec

from gatewright.backends.slurm.entries import QueueEntries
from gatewright.backends.slurm.frames import read_frame, write_frame
from gatewright.backends.slurm.own_jobs import OwnJobs
from gatewright.backends.slurm.parse import QueueParser
from gatewright.backends.slurm.queue_messages import (
    MOST_BYTES,
    Answer,
    ColumnsMade,
    MakeColumns,
    QueueRead,
    Refused,
    Request,
)
from gatewright.backends.slurm.rows import QueueRow
from gatewright.backends.slurm.statuses import PriorityOrder
from gatewright.core.errors import BackendFailed
from gatewright.domains.compute import JobColumns, JobStatus

MOST_MEMORY = 4 << 30
"""Most memory (address space) of the process, bytes; it ends if that is too little."""
NICENESS = 5
"""How much the process stands back behind those that answer requests (nice(2))."""


class WholeQueue:
    """Reads the whole queue again and again; what did not change is not made anew."""

    def __init__(self) -> None:
        self._parser = QueueParser()
        self._entries = QueueEntries()
        self._own = OwnJobs()
        self._living: dict[str, JobStatus] = {}
        self._rows: list[QueueRow] = []
        self._order = PriorityOrder()

    def answer(self, request: Request, data: bytes) -> tuple[Answer, bytes]:
        """Return the answer to a message, and its data."""
        if isinstance(request, MakeColumns):
            own = {**self._living, **request.ended}
            jobs = self._entries.of(self._rows, own, self._order)
            columns = JobColumns.of(jobs)
            return ColumnsMade(columns.counts), columns.data
        try:
            text = data.decode("utf-8", "replace")
            self._rows = self._parser.parse(text, request.nonce)
        except BackendFailed as error:
            return Refused(error.text), b""
        self._order = PriorityOrder.of(self._rows)
        before = self._living
        self._living, ended = self._own.of(self._rows, request.account, self._order)
        changed = [
            status
            for native, status in self._living.items()
            if before.get(native) is not status
        ]
        gone = [native for native in before if native not in self._living]
        return QueueRead(changed, gone, ended, self._order), b""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer messages until there are no more."""
    queue = WholeQueue()
    decoder = msgspec.msgpack.Decoder[Request](Request)
    encode = msgspec.msgpack.Encoder().encode
    while True:
        try:
            header, data = read_frame(requests, MOST_BYTES)
        except EOFError:
            return
        answer, columns = queue.answer(decoder.decode(header), data)
        write_frame(answers, encode(answer), columns)


if __name__ == "__main__":
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    serve(sys.stdin.buffer, sys.stdout.buffer)
