"""The jobs of a large queue as columns, which a process takes in at once.

To make 20,000 jobs from what another process has sent would hold the event loop for
50 ms, and the garbage collector would visit all of them again and again. So the jobs
stay encoded, one after the other, and beside them are columns of numbers, by which the
jobs of a page are found.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, partial
from typing import overload
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from gatewright.domains.compute.model import JobState
from gatewright.domains.compute.snapshot import QueuedJob

_MOST_DECODED = 2000
"""Most jobs that are kept decoded: those of the pages that were shown last."""
_DECODER = msgspec.msgpack.Decoder(QueuedJob)


class Criterion(Enum):
    """A property by which jobs are looked for."""

    USER = "user"
    """Account that a job runs under."""
    NAME = "name"
    """Name of a job."""
    STATE = "state"
    """State of a job."""
    NATIVE_ID = "native_id"
    """The scheduler's id of a job."""
    PARTITION = "partition"
    """A partition in which a job may run."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of some jobs that are kept as columns."""

    jobs: int
    """Number of jobs."""
    requests: int
    """Sum over the jobs of the number of partitions in which each may run."""
    running: int
    """Number of jobs that run."""
    cores_in_use: int
    """Number of CPU cores of all running jobs."""


class JobColumns(Sequence[QueuedJob]):
    """Jobs of a queue, oldest first, which are decoded when they are looked at.

    Parameters
    ----------
    counts
        The numbers of the jobs.
    data
        The columns and the encoded jobs, as :meth:`of` lays them out.

    Raises
    ------
    ValueError
        There are fewer data than the numbers tell.
    """

    def __init__(self, counts: Counts, data: bytes) -> None:
        self.counts = counts
        self.data = data
        start = 8 * (counts.jobs + 1)
        ends = memoryview(data)[:start].cast("q")
        self._job = lru_cache(_MOST_DECODED)(partial(_decoded, data, ends))
        lengths = [*[counts.jobs] * 4, counts.requests, counts.requests]
        columns = []
        for length in lengths:
            columns.append(np.frombuffer(data, np.uint32, length, start))
            start += columns[-1].nbytes
        *plain, self._requesting, self._requested = columns
        self._columns = dict(zip(Criterion, plain, strict=False))

    @classmethod
    def of(cls, jobs: Iterable[QueuedJob]) -> "JobColumns":
        """Return jobs as columns.

        First stand the places at which the encoded jobs begin, and where the last one
        ends (64-bit integers); then the CRC-32 of the users, names, states and native
        ids; then, for each partition in which a job may run, the job's number in the
        order and the partition's CRC-32 (32-bit integers); then the jobs as
        MessagePack.
        """
        ordered = sorted(jobs, key=place)
        encode = msgspec.msgpack.Encoder().encode
        encoded = [encode(job) for job in ordered]
        requests = [
            (number, _check(partition))
            for number, job in enumerate(ordered)
            for partition in dict.fromkeys(job.partition.split(","))
        ]
        columns = (
            [_check(job.user) for job in ordered],
            [_check(job.name) for job in ordered],
            [_check(job.status.state) for job in ordered],
            [_check(job.status.native_id) for job in ordered],
            [number for number, _ in requests],
            [partition for _, partition in requests],
        )
        head = 8 * (len(ordered) + 1) + 4 * sum(map(len, columns))
        ends = np.cumsum([head, *map(len, encoded)], dtype=np.int64)
        running = [job for job in ordered if job.status.state is JobState.ACTIVE]
        counts = Counts(
            jobs=len(ordered),
            requests=len(requests),
            running=len(running),
            cores_in_use=sum(job.cores for job in running),
        )
        parts = (np.array(column, np.uint32).tobytes() for column in columns)
        return cls(counts, b"".join([ends.tobytes(), *parts, *encoded]))

    @override
    def __len__(self) -> int:
        return self.counts.jobs

    @overload
    def __getitem__(self, index: int) -> QueuedJob: ...

    @overload
    def __getitem__(self, index: slice) -> list[QueuedJob]: ...

    @override
    def __getitem__(self, index: int | slice) -> QueuedJob | list[QueuedJob]:
        if isinstance(index, slice):
            return list(map(self.__getitem__, range(len(self))[index]))
        return self._job(range(len(self))[index])

    @override
    def __iter__(self) -> Iterator[QueuedJob]:
        return map(self.__getitem__, range(len(self)))

    def having(self, criterion: Criterion, value: str) -> NDArray[np.bool_]:
        """Return for each job whether it has a value, and perhaps a few others.

        Different values can have the same CRC-32, so that the caller has to compare
        the jobs that were found.
        """
        if criterion is not Criterion.PARTITION:
            return np.equal(self._columns[criterion], _check(value))
        found: NDArray[np.bool_] = np.zeros(len(self), np.bool_)
        found[self._requesting[np.equal(self._requested, _check(value))]] = True
        return found

    def having_native_id(self, native_ids: Collection[str]) -> NDArray[np.bool_]:
        """Return for each job whether it has one of these ids, and perhaps some others.

        Compared are 16 bits, for which a table of all values is small.
        """
        table: NDArray[np.bool_] = np.zeros(1 << 16, np.bool_)
        table[[_check(native_id) & 0xFFFF for native_id in native_ids]] = True
        found: NDArray[np.bool_] = table[self._columns[Criterion.NATIVE_ID] & 0xFFFF]
        return found


def _decoded(data: bytes, ends: memoryview, number: int) -> QueuedJob:
    """Return the job whose encoded form ends at the given one of some places."""
    return _DECODER.decode(memoryview(data)[ends[number] : ends[number + 1]])


def place(job: QueuedJob) -> tuple[float, str]:
    """Return the place of a job in the order: time of submission, then number."""
    return job.submitted_at, job.number or job.status.native_id


def _check(value: str) -> int:
    return crc32(value.encode("utf-8", "replace"))
