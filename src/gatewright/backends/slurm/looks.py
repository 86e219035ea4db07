"""Caches the last snapshot of the cluster, for all users and gateway processes."""

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from gatewright.backends.slurm.failures import AWAY_SECONDS
from gatewright.backends.slurm.frames import read_frame, write_frame
from gatewright.core.errors import Unavailable
from gatewright.domains.compute import Counts, JobColumns, Snapshot

_MISSING = "Slurm has not been looked at yet."
_LASTING_SECONDS = 60.0
"""Age of a look without an answer, seconds, from which on it tells nothing: the process
that looks may have ended."""


class _Header(msgspec.Struct):
    """What stands in the file before the columns of the jobs."""

    rest: Snapshot
    """The snapshot without its jobs."""
    counts: Counts
    """The numbers of the jobs."""
    away_at: float | None = None
    """Time of the last look if the controller was away, seconds since 1970 UTC."""


class Looks:
    """The last snapshot, in memory and in a file that the gateway's processes share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "look"
        self._seen: Snapshot | None = None
        self._away_at: float | None = None
        self._version = (0, 0)
        self._writing = False
        self._reading = asyncio.Lock()
        self._decoder = msgspec.msgpack.Decoder(_Header)

    @property
    def seen(self) -> Snapshot | None:
        """The last snapshot that this process knows; None before the first."""
        return self._seen

    async def keep(self, snapshot: Snapshot, *, away_at: float | None = None) -> None:
        """Store a new snapshot."""
        self._writing = True
        try:
            await asyncio.to_thread(self._write, snapshot, away_at)
            self._seen, self._away_at = snapshot, away_at
        finally:
            self._writing = False

    async def keep_failure(self, text: str, *, away_at: float | None = None) -> None:
        """Store why there is no new snapshot.

        ``away_at`` is the time of the look if the controller was away, in seconds since
        1970 UTC.
        """
        before = await self._read_if_newer()
        if before is None:
            before = Snapshot(as_of=0.0, jobs=())
        await self.keep(replace(before, failure=text), away_at=away_at)

    async def require_answers(self, now: float) -> None:
        """Refuse what needs the controller at once while it is known to be away.

        Otherwise each such request would wait ten seconds for it. The next look that
        gets an answer ends this. ``now`` is in seconds since 1970 UTC.

        Raises
        ------
        Unavailable
            The controller was away at the last look of any gateway process.
        """
        seen, away_at = await self._read_if_newer(), self._away_at
        if seen and away_at is not None and 0 <= now - away_at < _LASTING_SECONDS:
            raise Unavailable(seen.failure, retry_after=AWAY_SECONDS)

    async def last(self) -> Snapshot:
        """Return the newest snapshot of any gateway process.

        Raises
        ------
        Unavailable
            There is none yet.
        """
        found = await self._read_if_newer()
        if found is None or not found.as_of:
            raise Unavailable(
                (found.failure if found else "") or _MISSING, retry_after=2.0
            )
        return found

    async def _read_if_newer(self) -> Snapshot | None:
        # To ask for the version, in the gateway's own folder, takes 2 microseconds, and
        # a call in a thread 100. Many requests at once read a new file only once.
        # This process does not read what it is writing itself.
        if not self._writing and self._version_there() != self._version:
            async with self._reading:
                await asyncio.to_thread(self._read)
        return self._seen

    def _version_there(self) -> tuple[int, int] | None:
        """Return what tells one file from the next; None if there is no file."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def _read(self) -> None:
        version = self._version_there()
        if version is None or version == self._version:
            return
        # It may have been written by another version of the gateway, and will be anew.
        unreadable = (FileNotFoundError, EOFError, ValueError, msgspec.DecodeError)
        with suppress(*unreadable), self._path.open("rb") as file:
            header, data = read_frame(file, os.fstat(file.fileno()).st_size)
            told = self._decoder.decode(header)
            self._seen = replace(told.rest, jobs=JobColumns(told.counts, data))
            self._away_at = told.away_at
            self._version = version

    def _write(self, snapshot: Snapshot, away_at: float | None) -> None:
        jobs = snapshot.jobs
        columns = jobs if isinstance(jobs, JobColumns) else JobColumns.of(jobs)
        header = _Header(replace(snapshot, jobs=()), columns.counts, away_at)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = self._path.with_suffix(f".{os.getpid()}")
        with name.open("wb") as file:
            write_frame(file, msgspec.msgpack.encode(header), columns.data)
            status = os.fstat(file.fileno())
        name.replace(self._path)
        self._version = (status.st_ino, status.st_mtime_ns)
