"""Brute force: after a few failed sign-ins one has to wait, longer each time.

Three failures within two minutes for one name from one address are a ban of five
minutes (the defaults of Authelia), then ten, twenty, up to a day. The address is part
of it, so that nobody can lock a user out from elsewhere; and no address has all the
places where passwords are checked, so that nobody can keep the others from signing in.

A ban outlasts a restart and holds in all processes, so it is remembered by the clock of
the day. Where that clock was set back, a ban begins again, once, at its own length: it
never lasts for the hours by which the clock went back.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from gatewright.core.addresses import network_of
from gatewright.core.clock import Clock
from gatewright.core.errors import TooManyRequests
from gatewright.domains.identity.credentials import digest
from gatewright.domains.identity.model import Attempts
from gatewright.domains.identity.ports import AttemptStore

MOST_FAILURES = 3
WINDOW_SECONDS = 120.0
BAN_SECONDS = 300.0
LONGEST_BAN_SECONDS = 86_400.0
FORGET_SECONDS = 86_400.0
MOST_AT_ONCE = 6
"""Sign-ins of one address that may be under way: a third of those that are checked or
wait for it (see ``backends.local_accounts``)."""


def subject(name: str, address: str) -> str:
    """Return what the attempts of a name from an address are remembered by.

    It is a digest: a name that somebody typed may be a password.
    """
    return digest(f"{network_of(address)}\0{name}")


def seconds_to_wait(past: Attempts | None, now: float) -> float:
    """Return the seconds until the next attempt may be made, 0 for at once."""
    return 0.0 if past is None else max(0.0, past.banned_until - now)


def after_failure(past: Attempts | None, now: float) -> Attempts:
    """Return what to remember when one more attempt has failed."""
    if past is None or now - max(past.since, past.banned_until) > FORGET_SECONDS:
        past = Attempts(0, now)
    fresh = past.failures >= MOST_FAILURES or now - past.since > WINDOW_SECONDS
    failures = 1 if fresh else past.failures + 1
    since = now if fresh else past.since
    if failures < MOST_FAILURES:
        return Attempts(failures, since, past.bans, past.banned_until)
    bans = min(past.bans + 1, 32)
    return Attempts(failures, since, bans, now + ban_length(bans))


def ban_length(bans: int) -> float:
    """Return the seconds of the last of so many bans."""
    return min(BAN_SECONDS * 2.0 ** (bans - 1), LONGEST_BAN_SECONDS)


def rebased(past: Attempts | None, now: float) -> Attempts:
    """Return the attempts with times that the present clock makes impossible corrected.

    After the clock was set back, a ban would last too long: it ends within its own
    length from now, and failures began by now at the latest.
    """
    if past is None:
        return Attempts(0, now)
    latest = now + ban_length(past.bans) if past.bans else 0.0
    return replace(
        past,
        since=min(past.since, now),
        banned_until=min(past.banned_until, latest),
    )


class AttemptGuard:
    """Lets one sign-in of a name from an address happen at a time, and not too many.

    An address has a few under way at one time, whatever the names.
    """

    def __init__(self, store: AttemptStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._turns: dict[str, tuple[asyncio.Lock, list[None]]] = {}
        self._under_way: Counter[str] = Counter()

    @asynccontextmanager
    async def attempt(self, name: str, address: str) -> AsyncIterator["Attempt"]:
        """Yield an attempt; the caller then says whether it succeeded.

        Raises
        ------
        TooManyRequests
            There were too many failures, or several are under way; ``Retry-After``
            says when to try again.
        """
        who = subject(name, address)
        async with self._turn(who), self._place(network_of(address)):
            now = self._clock()
            past = await self._store.get(who)
            if past is not None and past != rebased(past, now):
                # The clock was set back.
                past = await self._store.update(
                    who, lambda found: rebased(found, now), now=now
                )
            wait = seconds_to_wait(past, now)
            if wait > 0:
                raise TooManyRequests(
                    "There were too many failed sign-ins. Wait, then try again.",
                    retry_after=wait,
                )
            known = past is not None
            yield Attempt(self._store, self._clock, who, remembered=known)

    @asynccontextmanager
    async def _place(self, network: str) -> AsyncIterator[None]:
        if self._under_way[network] >= MOST_AT_ONCE:
            raise TooManyRequests(
                "Several sign-ins from your address are being checked. Try again in a "
                "moment.",
                retry_after=2,
            )
        self._under_way[network] += 1
        try:
            yield
        finally:
            self._under_way[network] -= 1
            if not self._under_way[network]:
                del self._under_way[network]

    @asynccontextmanager
    async def _turn(self, who: str) -> AsyncIterator[None]:
        lock, waiting = self._turns.setdefault(who, (asyncio.Lock(), []))
        waiting.append(None)
        try:
            async with lock:
                yield
        finally:
            waiting.pop()
            if not waiting:
                del self._turns[who]


class Attempt:
    """One sign-in that is being tried."""

    def __init__(
        self, store: AttemptStore, clock: Clock, who: str, *, remembered: bool
    ) -> None:
        self._store = store
        self._clock = clock
        self._who = who
        self._remembered = remembered

    async def failed(self) -> None:
        """Count the failure."""
        now = self._clock()
        await self._store.update(
            self._who, lambda past: after_failure(past, now), now=now
        )

    async def succeeded(self) -> None:
        """Forget earlier failures."""
        if self._remembered:
            await self._store.clear(self._who)
