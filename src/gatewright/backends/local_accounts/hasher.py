"""Hashes passwords with Argon2id (RFC 9106), in threads and not on the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from gatewright.core.errors import Unavailable

T = TypeVar("T")


class Argon2Hasher:
    """Implements :class:`gatewright.domains.identity.PasswordHasher`.

    Parameters
    ----------
    hasher
        The parameters of Argon2; tests pass cheap ones.
    threads
        Number of passwords that are hashed at the same time; each takes 64 MiB
        meanwhile.
    waiting
        Number of passwords that may wait for a thread; more are refused.
    """

    def __init__(
        self,
        hasher: PasswordHasher | None = None,
        *,
        threads: int = 2,
        waiting: int = 16,
    ) -> None:
        # The second recommended option of RFC 9106, section 4: 64 MiB, 3 passes.
        usual = profiles.RFC_9106_LOW_MEMORY
        self._hasher = hasher or PasswordHasher.from_parameters(usual)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._most = threads + waiting
        self._running = 0

    @cached_property
    def _nobody(self) -> str:
        """Return a hash for unknown accounts, so that checking them takes as long."""
        return self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(_bytes(password)))

    async def verify(self, password: str, hashed: str | None) -> bool:
        fits = await self._run(lambda: self._fits(password, hashed))
        return fits and hashed is not None

    def outdated(self, hashed: str) -> bool:
        return self._hasher.check_needs_rehash(hashed)

    def close(self) -> None:
        """Shut the threads down."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _fits(self, password: str, hashed: str | None) -> bool:
        nobody = self._nobody  # made by the first password that is checked, whoever's
        try:
            return self._hasher.verify(
                nobody if hashed is None else hashed, _bytes(password)
            )
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._running >= self._most:
            raise Unavailable(
                "Too many people are signing in. Try again in a moment.",
                retry_after=2,
            )
        self._running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._running -= 1


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
