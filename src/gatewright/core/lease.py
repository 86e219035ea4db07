"""Work that one process of the gateway does at a time, whichever that is.

Several processes, perhaps on several machines, share one database. A process that wants
to follow the jobs of a system asks for the lease of that work, and waits while another
has it; when the other ends, is killed or loses the database, the lease comes to one of
those that wait.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class LeaseLost(Exception):  # it says what happened, and is no mistake
    """The lease went to nobody or to another process while the work went on."""


class Lease(Protocol):
    """The right to one work, which at most one process has at any moment.

    Its contract tests are :class:`gatewright.testing.lease.LeaseContract`.
    """

    @property
    def name(self) -> str:
        """Name of the work, such as ``jobs/local``."""
        ...

    @property
    def held(self) -> bool:
        """Whether this process has it now; no other has it while this is true."""
        ...

    def holding(self) -> AbstractAsyncContextManager[None]:
        """Wait until this process has the lease, and keep it for the block.

        The block is cancelled when the lease cannot be kept, as when the database is
        away for longer than the lease lasts.

        Raises
        ------
        LeaseLost
            The block was cancelled for that reason.
        """
        ...
