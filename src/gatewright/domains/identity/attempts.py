"""Slows down the guessing of passwords: failed sign-ins are followed by bans.

Three failures within two minutes for one name from one address lead to a ban of five
minutes (the defaults of Authelia), then of ten, twenty, and so on up to a day. The ban
is for the name and the address together, so that nobody can lock a user out from
elsewhere. An address can use only a part of the places in which passwords are checked,
so that nobody can keep others from signing in.

A ban survives a restart and holds in all processes, so its end is stored in wall-clock
time. If that clock is set back, the ban restarts once at its own length, instead of
lasting longer by the time that the clock went back.
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
"""Largest number of sign-ins of one address at a time: a third of those that can be
checked or wait for it (see ``backends.local_accounts``)."""
MOST_CODES_AT_ONCE = 6
"""Largest number of sign-in codes of one address that providers check at a time."""
MOST_CODES_WAITING = 64
"""Largest number of codes of one address that are checked or wait for it."""


def subject(name: str, address: str) -> str:
    """Return the key under which the attempts of a name from an address are stored.

    It is a digest, because a name that somebody typed may be a password.
    """
    return digest(f"{network_of(address)}\0{name}")


def seconds_to_wait(past: Attempts | None, now: float) -> float:
    """Return the seconds until the next attempt is allowed; 0 if it already is."""
    return 0.0 if past is None else max(0.0, past.banned_until - now)


def after_failure(past: Attempts | None, now: float) -> Attempts:
    """Return the attempts after one more failure."""
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
    """Return the length in seconds of the ban with this number, counted from 1."""
    return min(BAN_SECONDS * 2.0 ** (bans - 1), LONGEST_BAN_SECONDS)


def rebased(past: Attempts | None, now: float) -> Attempts:
    """Return the attempts with times corrected that lie too far in the future.

    Such times occur after the clock was set back. A ban then ends at most its own
    length from now, and failures began no later than now.
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
    """Admits one sign-in at a time for a name from an address, unless it is banned.

    It also limits how many sign-ins one address has in progress, for all names
    together.
    """

    def __init__(self, store: AttemptStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._turns: dict[str, tuple[asyncio.Lock, list[None]]] = {}
        self._under_way: Counter[str] = Counter()
        self._code_checks: dict[str, tuple[asyncio.Semaphore, list[None]]] = {}

    @asynccontextmanager
    async def attempt(self, name: str, address: str) -> AsyncIterator["Attempt"]:
        """Yield an attempt, on which the caller then calls ``failed`` or ``succeeded``.

        Raises
        ------
        TooManyRequests
            The name and address are banned, or the address has too many sign-ins in
            progress. ``Retry-After`` says when to try again.
        """
        who = subject(name, address)
        async with self._turn(who), self._place(network_of(address)):
            known = await self._admitted(who)
            yield Attempt(self._store, self._clock, who, remembered=known)

    @asynccontextmanager
    async def code_check(self, address: str) -> AsyncIterator[None]:
        """Hold a place of an address while a provider checks a sign-in code.

        A wrong code leads to no ban. Codes cannot be guessed, and a ban of the address
        would lock out everybody in an office that shares it. But each check takes the
        provider's time, so only some codes of one address are checked at a time.

        Raises
        ------
        TooManyRequests
            Too many codes of the address are waiting already.
        """
        network = network_of(address)
        slots, waiting = self._code_checks.setdefault(
            network, (asyncio.Semaphore(MOST_CODES_AT_ONCE), [])
        )
        if len(waiting) >= MOST_CODES_WAITING:
            raise _busy()
        waiting.append(None)
        try:
            async with slots:
                yield
        finally:
            waiting.pop()
            if not waiting:
                del self._code_checks[network]

    async def refuse_banned(self, name: str, address: str) -> None:
        """Refuse a sign-in that an identity provider checks, if there is a ban.

        Raises
        ------
        TooManyRequests
            The name and address are banned. ``Retry-After`` says when to try again.
        """
        await self._admitted(subject(name, address))

    async def failed(self, name: str, address: str) -> None:
        """Count a failure of a sign-in that an identity provider checked."""
        who = subject(name, address)
        await Attempt(self._store, self._clock, who, remembered=True).failed()

    async def _admitted(self, who: str) -> bool:
        """Return whether there were failures before; refuse those who are banned."""
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
        return past is not None

    @asynccontextmanager
    async def _place(self, network: str) -> AsyncIterator[None]:
        if self._under_way[network] >= MOST_AT_ONCE:
            raise _busy()
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


def _busy() -> TooManyRequests:
    return TooManyRequests(
        "Several sign-ins from your address are being checked. Try again in a moment.",
        retry_after=2,
    )


class Attempt:
    """A sign-in in progress."""

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
        """Delete the record of earlier failures."""
        if self._remembered:
            await self._store.clear(self._who)
