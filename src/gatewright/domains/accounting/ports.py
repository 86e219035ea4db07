"""Ports of accounting: sources of projects and usage, and the book that keeps them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gatewright.core.pages import Page
from gatewright.domains.accounting.model import (
    Amount,
    Coverage,
    Project,
    Report,
    UsageLine,
    UsageQuery,
    Use,
    Viewer,
)


class AccountingSource(Protocol):
    """Where the accounting of one system comes from, such as Slurm's database.

    It is read for all users together, at an interval, by one process of the gateway.
    """

    @property
    def interval(self) -> float:
        """Seconds between two readings."""
        ...

    @property
    def days(self) -> int:
        """Number of days whose usage is read and kept, with today."""
        ...

    async def report(self) -> Report | None:
        """Return the projects; None if administrators keep them in the gateway.

        Raises
        ------
        Unavailable, TimedOut, BackendFailed
            The source does not answer.
        """
        ...

    async def usage(self, start: float, end: float) -> Sequence[Use]:
        """Return what was used from ``start`` until before ``end``.

        Both are seconds since 1970 UTC, at most a day apart. Of a job that ran longer,
        only the part within counts; the job is counted in ``jobs`` if it ended within.

        Raises
        ------
        Unavailable, TimedOut, BackendFailed
            The source does not answer.
        """
        ...


class AccountBook(Protocol):
    """Durable record of projects and daily usage, shared by the gateway's processes.

    Every query takes the viewer and finds only what that person may see: projects that
    they belong to or coordinate, all usage of these by day or partition, and by person
    only their own and that of projects which they coordinate.
    """

    async def save(self, system: str, report: Report | None, at: float) -> None:
        """Replace the projects of a system, which were read at a time.

        Without a report only the time is recorded: administrators keep the projects.
        """
        ...

    async def fail(self, system: str, failure: str) -> None:
        """Record why a system could not be read; what is known of it stays."""
        ...

    async def record(
        self, system: str, day: int, uses: Sequence[Use], at: float
    ) -> None:
        """Replace the usage of a day, which was read at a time."""
        ...

    async def days(self, system: str, first: int) -> Mapping[int, float]:
        """Return when each recorded day from ``first`` on was read.

        It is 0 for a day on which a job of the gateway began or ended as was recorded
        since, and for the days after it: they are to be read again.
        """
        ...

    async def coverage(self) -> Sequence[Coverage]:
        """Return how far the usage of each system is known, by name."""
        ...

    async def projects(
        self,
        viewer: Viewer,
        limit: int,
        cursor: str | None,
        *,
        system: str = "",
        name: str = "",
    ) -> Page[Project]:
        """Return projects by system and name, with the members that the viewer sees."""
        ...

    async def usage(
        self, viewer: Viewer, query: UsageQuery, limit: int, cursor: str | None
    ) -> Page[UsageLine]:
        """Return sums of usage, in the order of their keys."""
        ...

    async def total(self, viewer: Viewer, query: UsageQuery) -> Amount:
        """Return the sum of all usage that a query finds."""
        ...

    async def series(
        self, system: str, name: str, first: int, last: int
    ) -> Mapping[int, Amount]:
        """Return the usage of a project and of those below it, by day.

        Days without usage are left out. Whether the viewer may see the project is
        asked before, by :meth:`projects`.
        """
        ...

    async def keep(self, project: Project) -> bool:
        """Create or replace a project that administrators keep.

        Returns whether it is new.

        Raises
        ------
        Conflict
            The system's scheduler keeps its own projects.
        """
        ...

    async def drop(self, system: str, name: str) -> bool:
        """Remove a project that administrators keep; its usage stays.

        Returns whether there was one.

        Raises
        ------
        Conflict
            The system's scheduler keeps its own projects.
        """
        ...
