"""Leases as rows of the database that all gateway processes share.

Clocks of different machines are never compared. A holder regularly increments a number,
the beat, in the row of each of its leases. It relies on a lease for a fixed number of
seconds, counted from *before* it wrote the beat. A waiting process takes the lease
after it has *seen* the same beat for longer than this period by its own clock. It takes
it at once if the holder is a process of its own machine that has ended.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial

from gatewright.backends.sql.database import Database, Lock, Statement, Work
from gatewright.backends.sql.holder import has_ended, new_holder
from gatewright.core.background import Background
from gatewright.core.errors import GatewayError
from gatewright.core.lease import LeaseLost

Beat = tuple[str, int]
"""Holder and beat of a lease, as stored in its row."""

_TRUST = 0.8
"""Fraction of a lease's duration for which its holder relies on it, since clocks drift.
"""
_LOOK_SECONDS = 0.5
"""Interval in seconds at which a waiting process reads the lease."""


class SqlLeases:
    """The leases of one process.

    Parameters
    ----------
    database
        The database with the table.
    seconds
        Time after which a holder that shows no sign of life loses its leases. It must
        be the same for all processes of one database.
    """

    def __init__(self, database: Database, seconds: float = 10.0) -> None:
        self.holder = new_holder()
        self.seconds = seconds
        self._database = database
        self._held: dict[str, asyncio.Timeout] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._beating: asyncio.Task[None] | None = None

    def lease(self, name: str) -> "SqlLease":
        """Return the lease with this name."""
        return SqlLease(name, self)

    def holds(self, name: str) -> bool:
        """Return whether this process currently holds a lease."""
        limit = self._held.get(name)
        until = None if limit is None else limit.when()
        return until is not None and asyncio.get_running_loop().time() < until

    @asynccontextmanager
    async def holding(self, name: str) -> AsyncIterator[None]:
        """Wait for a lease, and hold it for the duration of the block.

        Raises
        ------
        LeaseLost
            The lease was lost; the block is cancelled.
        """
        async with self._turns[name]:
            try:
                limit = asyncio.timeout_at(await self._wait(name))
                try:
                    async with limit:
                        self._held[name] = limit
                        if self._beating is None:
                            pause = self.seconds / 4
                            beat = Background(
                                "renewing leases",
                                self._beat,
                                most_pause=pause / 2,
                                delay=pause,
                            )
                            self._beating = asyncio.create_task(beat.run())
                        yield
                except TimeoutError as error:
                    if not limit.expired():
                        raise
                    raise LeaseLost(name) from error
            finally:
                self._held.pop(name, None)
                if not self._held and self._beating is not None:
                    self._beating.cancel()
                    self._beating = None
                with suppress(GatewayError):  # without the database it ends by itself
                    await self._database.run(partial(_give_back, name, self.holder))

    async def _wait(self, name: str) -> float:
        """Wait for a lease; return the loop time until which it is valid."""
        last, since = ("", -1), time.monotonic()
        while True:
            rows = await self._database.read(
                "SELECT holder, beat FROM leases WHERE name = ?", name
            )
            seen: Beat = (rows[0]["holder"], rows[0]["beat"]) if rows else ("", 0)
            if seen != last:
                last, since = seen, time.monotonic()
            silent = time.monotonic() - since >= self.seconds
            # One of our own that is not held was taken for somebody who gave up.
            if silent or seen[0] in {"", self.holder} or has_ended(seen[0]):
                until = self._trusted_from_now()
                if await self._database.run(partial(_take, name, self.holder, seen)):
                    return until
            await asyncio.sleep(min(_LOOK_SECONDS, self.seconds / 20))

    def _trusted_from_now(self) -> float:
        return asyncio.get_running_loop().time() + _TRUST * self.seconds

    async def _beat(self) -> float:
        """Renew all held leases, end the blocks of lost ones; return the next pause."""
        held, until = dict(self._held), self._trusted_from_now()
        kept = await self._database.run(partial(_renew, self.holder, list(held)))
        for name, limit in held.items():
            if self._held.get(name) is limit and not limit.expired():
                limit.reschedule(until if name in kept else 0.0)
        return self.seconds / 4


class SqlLease:
    """Implements :class:`gatewright.core.lease.Lease`."""

    def __init__(self, name: str, leases: SqlLeases) -> None:
        self.name = name
        self._leases = leases

    @property
    def held(self) -> bool:
        return self._leases.holds(self.name)

    def holding(self) -> AbstractAsyncContextManager[None]:
        return self._leases.holding(self.name)


def _take(name: str, holder: str, seen: Beat) -> Work[bool]:
    yield Lock(f"lease:{name}")
    rows = yield Statement("SELECT holder, beat FROM leases WHERE name = ?", (name,))
    if not rows:
        yield Statement(
            "INSERT INTO leases (name, holder, beat) VALUES (?, ?, 0)", (name, holder)
        )
        return True
    taken = yield Statement(
        "UPDATE leases SET holder = ?, beat = beat + 1 "
        "WHERE name = ? AND holder = ? AND beat = ? RETURNING name",
        (holder, name, *seen),
    )
    return bool(taken)


def _renew(holder: str, names: Sequence[str]) -> Work[set[str]]:
    kept: set[str] = set()
    for name in names:
        rows = yield Statement(
            "UPDATE leases SET beat = beat + 1 WHERE name = ? AND holder = ? "
            "RETURNING name",
            (name, holder),
        )
        kept |= {row["name"] for row in rows}
    return kept


def _give_back(name: str, holder: str) -> Work[None]:
    # The beat stays: one that waits must not take a new holder for an old one.
    yield Statement(
        "UPDATE leases SET holder = '', beat = beat + 1 WHERE name = ? AND holder = ?",
        (name, holder),
    )
