"""Claims on pieces of work, each renewed for as long as its work runs.

A claim is a record in the database: until when the work of one piece, such as the scan
of a survey or the making of a coadd, counts as being done. A process that is killed
does not renew its claims, so that they end, and the work can be begun again.

A claim differs from a :class:`gatewright.core.lease.Lease`: it belongs to one piece of
work that ends, and it can be seen by those who wait for the piece.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from gatewright.core.background import Background
from gatewright.core.clock import Clock, system_clock

Renew = Callable[[float], Awaitable[object]]
"""Extends a claim until a time in seconds since 1970."""


class Claims:
    """The claims of one service in this process; health asks it with :meth:`ready`.

    Parameters
    ----------
    clock
        Gives the time in seconds since 1970.
    seconds
        Length of a claim. It is renewed four times as often, and a renewal that fails
        is tried again after a pause that grows to at most an eighth of it.
    """

    def __init__(self, clock: Clock = system_clock, seconds: float = 30.0) -> None:
        self._clock = clock
        self._seconds = seconds
        self._renewals: set[Background] = set()

    def until(self) -> float:
        """Return when a claim ends that is made or renewed now (seconds since 1970)."""
        return self._clock() + self._seconds

    @asynccontextmanager
    async def renewed(self, work: str, renew: Renew) -> AsyncIterator[None]:
        """Renew a claim, which was just made, until the block ends.

        The block goes on even if the claim cannot be renewed, or another process has
        taken it by then: so the work has to be safe to do twice.

        Parameters
        ----------
        work
            What the claim is for, for the log and for health: ``the scan of night``.
        renew
            Extends the claim.
        """
        pause = self._seconds / 4

        async def turn() -> float:
            await renew(self.until())
            return pause

        renewal = Background(
            f"renewing the claim on {work}", turn, delay=pause, most_pause=pause / 2
        )
        async with renewal:
            self._renewals.add(renewal)
            try:
                yield
            finally:
                self._renewals.discard(renewal)

    async def ready(self) -> None:
        """Return if every claim could be renewed lately.

        Raises
        ------
        Unavailable
            A renewal failed within the last ten seconds.
        """
        for renewal in tuple(self._renewals):
            await renewal.ready()
