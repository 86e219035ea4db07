"""What users see of the systems that run jobs: queue, machines and reservations."""

import asyncio
from collections.abc import Mapping, Sequence

from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import NotFound, Unavailable
from gatewright.core.pages import Page, page_limit
from gatewright.domains.compute.everyone import (
    QueueFilter,
    SeenJob,
    nodes_of,
    partitions_of,
    reservations_for,
)
from gatewright.domains.compute.job_columns import JobColumns
from gatewright.domains.compute.model import Capabilities, Job
from gatewright.domains.compute.ports import JobTable
from gatewright.domains.compute.queue_index import Queue, QueueIndex
from gatewright.domains.compute.snapshot import (
    Node,
    Partition,
    QueuedJob,
    Reservation,
    Snapshot,
)
from gatewright.domains.compute.submitting import JobSystem

_AT_ONCE = 500
"""Most jobs of a queue that are encoded on the event loop."""


class SystemViews:
    """Shows the queues and machines of all systems.

    Methods raise NotAllowed, or NotSignedIn for a visitor, without the scope that they
    need, and NotFound for a system without jobs.
    """

    def __init__(self, systems: Mapping[str, JobSystem], table: JobTable) -> None:
        self._systems = systems
        self._table = table
        self._indexes: dict[str, QueueIndex] = {}
        self._encoding: set[str] = set()

    @property
    def systems(self) -> Sequence[str]:
        """Names of the systems that run jobs."""
        return tuple(self._systems)

    async def ready(self, system: str) -> None:
        """Return if the scheduler of a system answers, and raise Unavailable if not."""
        whole = await self._system(system).scheduler.snapshot()
        if whole.failure:
            raise Unavailable(whole.failure)

    def capabilities(self, system: str) -> Capabilities:
        """Return what the scheduler of a system offers."""
        return self._system(system).scheduler.capabilities

    async def queue(self, caller: Caller, system: str) -> Queue:
        """Return the caller's waiting and running jobs, and the load of the system."""
        caller.require(Scope.JOBS_READ)
        on = self._system(system)
        own = await self._table.open_jobs(system, caller.user)
        index = await self._index(system)
        return index.queue(own, on.scheduler.capabilities)

    async def everyone(
        self,
        caller: Caller,
        system: str,
        chosen: QueueFilter,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[SeenJob]:
        """Return a page of the jobs of all users that the caller may see.

        Raises
        ------
        Unavailable
            The scheduler has not answered yet.
        """
        _, page = await self.queue_page(caller, system, chosen, limit, cursor)
        return page

    async def queue_page(
        self,
        caller: Caller,
        system: str,
        chosen: QueueFilter,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> tuple[Queue, Page[SeenJob]]:
        """Return :meth:`queue` and a page of :meth:`everyone` of the same report.

        Raises
        ------
        Unavailable
            The scheduler has not answered yet.
        """
        caller.require(Scope.JOBS_READ)
        on = self._system(system)
        own = await self._table.open_jobs(system, caller.user)
        ids = {job.native_id: job.id for job in own if job.native_id is not None}
        index = await self._index(system)
        page = index.page(caller.user, ids, chosen, page_limit(limit), cursor)
        return index.queue(own, on.scheduler.capabilities), page

    async def listed(
        self, caller: Caller, system: str, jobs: Sequence[Job]
    ) -> Mapping[str, QueuedJob]:
        """Return how the scheduler lists jobs of the caller, by their ids.

        Jobs that it does not list, such as those that have ended, are left out.

        Raises
        ------
        Unavailable
            The scheduler has not answered yet.
        """
        caller.require(Scope.JOBS_READ)
        index = await self._index(system)
        return index.listed({job.native_id: job.id for job in jobs if job.native_id})

    async def machines(
        self, caller: Caller, system: str
    ) -> tuple[Snapshot, Sequence[Node], Sequence[Partition]]:
        """Return the last report, the nodes and the partitions of a system."""
        caller.require(Scope.JOBS_READ)
        has = self._system(system).scheduler.capabilities
        index = await self._index(system)
        whole, in_use = index.whole, index.counts.cores_in_use
        nodes = nodes_of(whole, has, system, in_use)
        return whole, nodes, partitions_of(whole, has, in_use)

    async def reservations(
        self, caller: Caller, system: str
    ) -> tuple[Snapshot, Sequence[Reservation]]:
        """Return the last report, and the reservations that the caller may see."""
        caller.require(Scope.JOBS_READ)
        whole = await self._system(system).scheduler.snapshot()
        return whole, reservations_for(caller.user, whole)

    async def _index(self, system: str) -> QueueIndex:
        """Return the index of the last snapshot, which is cached.

        Jobs that are not columns yet are encoded, which for a large queue takes a tenth
        of a second. The first request after a new snapshot does it in a thread, and
        until it is done all others get the index of the snapshot before.
        """
        whole = await self._system(system).scheduler.snapshot()
        index = self._indexes.get(system)
        if index is not None and (index.whole is whole or system in self._encoding):
            return index
        ready = isinstance(whole.jobs, JobColumns) or len(whole.jobs) <= _AT_ONCE
        if index is None or ready:
            self._indexes[system] = QueueIndex.of(whole)
            return self._indexes[system]
        self._encoding.add(system)
        try:
            index = await asyncio.to_thread(QueueIndex.of, whole)
        finally:
            self._encoding.discard(system)
        self._indexes[system] = index
        return index

    def _system(self, system: str) -> JobSystem:
        try:
            return self._systems[system]
        except KeyError:
            names = ", ".join(self._systems) or "none"
            raise NotFound(
                f"There is no system “{system[:80]}” with jobs. There are: {names}."
            ) from None
