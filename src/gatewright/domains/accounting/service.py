"""Projects and usage as far as the caller may see them."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock
from gatewright.core.errors import InvalidContent, NotFound
from gatewright.core.pages import Page, page_limit
from gatewright.domains.accounting.burn_down import (
    BurnDown,
    Resource,
    burn_down,
    usual_resource,
)
from gatewright.domains.accounting.forecasting import MOST_DAYS
from gatewright.domains.accounting.model import (
    DAY_SECONDS,
    NO_PROJECT,
    Amount,
    By,
    Coverage,
    Project,
    UsageLine,
    UsageQuery,
    Viewer,
)
from gatewright.domains.accounting.ports import AccountBook

USUAL_DAYS = 30
"""Days of a query that names no first day."""
LONGEST_DAYS = 3660
"""Most days of a query."""


@dataclass(frozen=True, slots=True)
class UsageAnswer:
    """Usage with its total and its age."""

    query: UsageQuery
    """The query, with its days filled in."""
    lines: Page[UsageLine]
    """A page of sums."""
    total: Amount
    """The sum of all lines of all pages."""
    coverage: Sequence[Coverage]
    """How far the usage of the queried systems is known."""

    @property
    def as_of(self) -> float | None:
        """Time of the oldest reading, seconds since 1970; None without any."""
        return min(
            (c.as_of for c in self.coverage if c.as_of is not None), default=None
        )


class Accounting:
    """Answers questions about projects and usage from the book.

    Parameters
    ----------
    book
        The record of projects and usage.
    systems
        Names of the systems with jobs.
    clock
        Gives the time in seconds since 1970 UTC.
    kept
        Systems whose projects administrators keep, since their schedulers have none.
    """

    def __init__(
        self,
        book: AccountBook,
        systems: Sequence[str],
        clock: Clock,
        *,
        kept: Collection[str] = (),
    ) -> None:
        self._book = book
        self._systems = systems
        self._clock = clock
        self._kept = kept

    async def coverage(self, system: str = "") -> Sequence[Coverage]:
        """Return how far usage is known, of one system or of all.

        Raises
        ------
        NotFound
            There is no such system with jobs.
        """
        if system and system not in self._systems:
            raise NotFound(f"There is no system “{system[:80]}” with jobs.")
        known = {one.system: one for one in await self._book.coverage()}
        unread = "Its accounting has not been read yet."
        return [
            known.get(name) or Coverage(name, None, None, kept=False, failure=unread)
            for name in self._systems
            if system in {"", name}
        ]

    async def projects(
        self,
        caller: Caller,
        system: str = "",
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Project]:
        """Return a page of the projects that the caller belongs to or coordinates."""
        viewer = viewer_of(caller)
        await self.coverage(system)
        return await self._book.projects(
            viewer, page_limit(limit), cursor, system=system
        )

    async def project(self, caller: Caller, system: str, name: str) -> Project:
        """Return one project.

        Raises
        ------
        NotFound
            There is no such project that the caller may see.
        """
        viewer = viewer_of(caller)
        await self.coverage(system)
        page = await self._book.projects(viewer, 1, None, system=system, name=name)
        if not page.items:
            raise NotFound(f"There is no project “{name[:80]}” that you may see.")
        return page.items[0]

    async def usage(
        self,
        caller: Caller,
        query: UsageQuery,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> UsageAnswer:
        """Return sums of the usage that the caller may see.

        Raises
        ------
        InvalidContent
            The query ends before it begins, or has more than :data:`LONGEST_DAYS` days.
        """
        viewer = viewer_of(caller)
        if query.last < query.first:
            raise InvalidContent("“to” is the last day, and not before “from”.")
        if query.last - query.first >= LONGEST_DAYS:
            raise InvalidContent(f"A query has at most {LONGEST_DAYS} days.")
        query = replace(query, by=tuple(dict.fromkeys(query.by)) or (By.PROJECT,))
        coverage = await self.coverage(query.system)
        lines = await self._book.usage(viewer, query, page_limit(limit), cursor)
        total = await self._book.total(viewer, query)
        return UsageAnswer(query, lines, total, coverage)

    async def burn_down(
        self,
        caller: Caller,
        system: str,
        name: str,
        resource: Resource | None = None,
        days: int = USUAL_DAYS,
    ) -> BurnDown:
        """Return past and expected usage of a project; by default of what is granted.

        Raises
        ------
        NotFound
            There is no such project that the caller may see.
        """
        project = await self.project(caller, system, name)
        (known,) = await self.coverage(system)
        today = self.today()
        series = await self._book.series(system, name, today - MOST_DAYS, today)
        chosen = resource or usual_resource(project)
        # Drawing weeks and checking them against the past takes some 20 ms.
        return await asyncio.to_thread(
            burn_down, project, chosen, series, today, known.since, days
        )

    async def keep(self, caller: Caller, project: Project) -> bool:
        """Create or replace a project, where administrators keep them.

        Returns whether it is new.

        Raises
        ------
        NotAllowed
            The caller is no administrator.
        NotFound
            There is no such system with jobs.
        InvalidContent
            It has the name :data:`NO_PROJECT`: its members would see all jobs that
            were charged to no project.
        Conflict
            The system's scheduler keeps its own projects.
        """
        caller.require(Scope.ADMIN)
        await self.coverage(project.system)
        if project.name == NO_PROJECT:
            raise InvalidContent(
                f"Jobs without a project are counted as “{NO_PROJECT}”: give the "
                "project another name."
            )
        return await self._book.keep(project)

    async def check_charge(self, system: str, person: str, project: str) -> None:
        """Refuse to charge a job to a project that the person does not belong to.

        Schedulers that have projects check this themselves. Where administrators keep
        them, any name may be given until they keep the first one.

        Raises
        ------
        InvalidContent
            The person belongs to no such project; whether there is one is not said.
        """
        if system not in self._kept:
            return
        own = await self._book.projects(
            Viewer(person), 1, None, system=system, name=project
        )
        if any(
            member.person == person and member.belongs
            for one in own.items
            for member in one.members
        ):
            return
        everything = Viewer(person, all=True)
        if (await self._book.projects(everything, 1, None, system=system)).items:
            raise InvalidContent(
                f"You belong to no project “{project[:80]}” on {system} that a job can "
                "be charged to. /api/v1/projects lists yours."
            )

    async def drop(self, caller: Caller, system: str, name: str) -> None:
        """Remove a project that administrators keep; its usage stays.

        Raises
        ------
        NotAllowed
            The caller is no administrator.
        NotFound
            There is no such project.
        Conflict
            The system's scheduler keeps its own projects.
        """
        caller.require(Scope.ADMIN)
        await self.coverage(system)
        if not await self._book.drop(system, name):
            raise NotFound(f"There is no project “{name[:80]}”.")

    def today(self) -> int:
        """Return the number of the current day in UTC."""
        return int(self._clock() // DAY_SECONDS)


def viewer_of(caller: Caller) -> Viewer:
    """Return who looks, for the queries of the book.

    Raises
    ------
    NotSignedIn, NotAllowed
        The caller is a visitor, or has no scope ``account:read``.
    """
    caller.require(Scope.ACCOUNT_READ)
    return Viewer(caller.require_user(), caller.may(Scope.ADMIN))
