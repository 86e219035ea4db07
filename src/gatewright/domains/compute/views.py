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
from gatewright.domains.compute.model import Capabilities
from gatewright.domains.compute.ports import JobTable
from gatewright.domains.compute.queue_index import Queue, QueueIndex
from gatewright.domains.compute.snapshot import (
    Node,
    Partition,
    Reservation,
    Snapshot,
)
from gatewright.domains.compute.submitting import JobSystem

_AT_ONCE = 500
"""Most jobs of a queue that are sorted on the event loop."""


class SystemViews:
    """Shows the queues and machines of all systems.

    Methods raise NotAllowed, or NotSignedIn for a visitor, without the scope that they
    need, and NotFound for a system without jobs.
    """

    def __init__(self, systems: Mapping[str, JobSystem], table: JobTable) -> None:
        self._systems = systems
        self._table = table
        self._indexes: dict[str, QueueIndex] = {}
        self._sorting: set[str] = set()

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
        index = await self._index(system, await on.scheduler.snapshot())
        own = await self._table.open_jobs(system, caller.user)
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
        caller.require(Scope.JOBS_READ)
        on = self._system(system)
        own = await self._table.open_jobs(system, caller.user)
        ids = {job.native_id: job.id for job in own if job.native_id is not None}
        # At once after the snapshot, so that no slow request brings back an old one.
        index = await self._index(system, await on.scheduler.snapshot())
        return index.page(caller.user, ids, chosen, page_limit(limit), cursor)

    async def machines(
        self, caller: Caller, system: str
    ) -> tuple[Snapshot, Sequence[Node], Sequence[Partition]]:
        """Return the last report, the nodes and the partitions of a system."""
        caller.require(Scope.JOBS_READ)
        scheduler = self._system(system).scheduler
        whole = await scheduler.snapshot()
        has = scheduler.capabilities
        return whole, nodes_of(whole, has, system), partitions_of(whole, has)

    async def reservations(
        self, caller: Caller, system: str
    ) -> tuple[Snapshot, Sequence[Reservation]]:
        """Return the last report, and the reservations that the caller may see."""
        caller.require(Scope.JOBS_READ)
        whole = await self._system(system).scheduler.snapshot()
        return whole, reservations_for(caller.user, whole)

    async def _index(self, system: str, whole: Snapshot) -> QueueIndex:
        """Return the index of a snapshot; the newest one of each system is cached.

        To sort a large queue takes a tenth of a second. The first request after a new
        snapshot does it in a thread, and until it is done all others get the index of
        the snapshot before.
        """
        index = self._indexes.get(system)
        if index is not None and (index.whole is whole or system in self._sorting):
            return index
        if index is None or len(whole.jobs) <= _AT_ONCE:
            self._indexes[system] = QueueIndex(whole)
            return self._indexes[system]
        self._sorting.add(system)
        try:
            index = await asyncio.to_thread(QueueIndex.with_lists, whole)
        finally:
            self._sorting.discard(system)
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
