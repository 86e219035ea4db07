"""Leases, with which one process of the gateway at a time does a certain work.

Several processes, perhaps on several machines, share one database. A process that is to
follow the jobs of a system asks for the lease of that work and waits while another one
holds it. When the holder ends, is killed or loses the database, a waiting process gets
the lease.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class LeaseLost(Exception):  # it reports an event, not an error
    """The process lost the lease while it did the work."""


class Lease(Protocol):
    """The right to do one work, which at most one process holds at any moment.

    Its contract tests are :class:`gatewright.testing.lease.LeaseContract`.
    """

    @property
    def name(self) -> str:
        """Name of the work, such as ``jobs/local``."""
        ...

    @property
    def held(self) -> bool:
        """Whether this process holds the lease now, and so no other process does."""
        ...

    def holding(self) -> AbstractAsyncContextManager[None]:
        """Return a context manager that waits for the lease and holds it for the block.

        The block is cancelled when the lease cannot be kept, such as when the database
        is unavailable for longer than the lease lasts.

        Raises
        ------
        LeaseLost
            The lease was lost and the block was cancelled.
        """
        ...
