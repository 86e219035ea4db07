"""Tokens of jobs: made at the submission, kept in a file, ended with the job.

A token's secret is only in its file, which is the person's own. The table knows the
token before the file is written, so that a gateway which is killed at any moment leaves
no token that works and is not ended.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from gatewright.core.caller import Caller
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import GatewayError, NotFound
from gatewright.domains.compute.model import ComputeSystem, Refusal
from gatewright.domains.compute.ports import NewJob
from gatewright.domains.compute.token_request import TokenRequest

TOKEN_FOLDER = ".gatewright/tokens"  # noqa: S105  # a folder
"""Folder of the files, in the home of the job's user."""
TOKEN_VARIABLE = "GATEWRIGHT_TOKEN_FILE"  # noqa: S105  # a variable's name
"""Environment variable of a job with the path of its token's file."""
_UNUSED_SECONDS = 600.0
"""Age at which a token whose job was never recorded is ended."""
_POSTPONED_SECONDS = 30.0
_KEPT_SECONDS = 30 * 86_400.0
"""Seconds for which removing a file is tried; its token has ended long before."""
_AT_ONCE = 8
_REMOVAL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token."""

    key: str
    """Public identifier."""
    text: str = field(repr=False)
    """The whole token, which is only written to the job's file."""


@dataclass(frozen=True, slots=True)
class JobToken:
    """The token of a job, or of all elements of an array, without its secret."""

    uuid: str
    """Unique name of the job's submission, or that of an array's first element."""
    system: str
    """Name of the compute system."""
    user: str
    """Account that owns the job."""
    key: str
    """Public identifier of the token."""
    path: str
    """Absolute path of its file."""
    made_at: float
    """Time at which it was made, seconds since 1970 UTC."""


class TokenIssuer(Protocol):
    """Makes tokens of jobs and ends them."""

    async def issue(
        self, caller: Caller, request: TokenRequest, name: str
    ) -> IssuedToken:
        """Make a token for a job with a name, which the caller submits.

        Raises
        ------
        NotAllowed
            The caller does not have a scope, or what they use ends earlier.
        InvalidContent
            A scope or the lifetime is invalid.
        """
        ...

    async def end(self, keys: Sequence[str]) -> None:
        """End tokens of jobs; those that have ended are no error."""
        ...


class TokenFiles(Protocol):
    """The files of tokens, with the rights of their owner."""

    async def write(self, user: str, path: str, text: str) -> None:
        """Write a file that its owner alone may read (mode 0600)."""
        ...

    async def remove(self, user: str, path: str) -> None:
        """Remove a file.

        Raises
        ------
        NotFound
            It is gone already.
        """
        ...


class JobTokenTable(Protocol):
    """The durable record of the tokens of jobs, without their secrets."""

    async def add(self, token: JobToken) -> None:
        """Record a token before its file is written and its job is recorded."""
        ...

    async def unused(self, uuids: Sequence[str]) -> Sequence[JobToken]:
        """Return those of the tokens whose job was not recorded."""
        ...

    async def over(self, now: float, before: float, limit: int) -> Sequence[JobToken]:
        """Return up to ``limit`` tokens that are to be ended, unless postponed.

        These are tokens of jobs of which nothing waits or runs any more, and tokens
        made until ``before`` whose job was never recorded. Times are in seconds since
        1970 UTC.
        """
        ...

    async def postpone(self, uuid: str, until: float) -> None:
        """Leave a token out of :meth:`over` until a time, seconds since 1970 UTC."""
        ...

    async def remove(self, uuid: str) -> None:
        """Forget a token that has ended and has no file any more."""
        ...

    async def jobs(
        self, user: str, keys: Sequence[str]
    ) -> Mapping[str, tuple[str, str]]:
        """Return the system and the job's id of those of a user's tokens with a job."""
        ...


class JobTokens:
    """Gives jobs their tokens, and ends these with the jobs."""

    def __init__(
        self,
        table: JobTokenTable,
        issuer: TokenIssuer,
        files: TokenFiles,
        clock: Clock = system_clock,
    ) -> None:
        self._table = table
        self._issuer = issuer
        self._files = files
        self._clock = clock

    @asynccontextmanager
    async def given(
        self,
        caller: Caller,
        system: ComputeSystem,
        jobs: Sequence[NewJob | Refusal],
        *,
        together: bool,
    ) -> AsyncGenerator[Sequence[NewJob | Refusal], None]:
        """Make the tokens that jobs ask for, and yield the jobs with their files.

        The caller records the jobs in the block; the tokens of those that are not
        recorded at its end are ended. Without ``together``, a job whose token is
        refused is refused alone.

        Raises
        ------
        GatewayError
            A token of jobs that belong together is refused.
        """
        slots = asyncio.Semaphore(_AT_ONCE)

        async def give(job: NewJob | Refusal) -> NewJob | Refusal:
            if isinstance(job, Refusal) or job.spec.token is None:
                return job
            async with slots:
                return await self._with_token(caller, system, job, job.spec.token)

        wanted = [
            job.uuids[0]
            for job in jobs
            if isinstance(job, NewJob) and job.spec.token is not None
        ]
        try:
            given: list[NewJob | Refusal] = []
            for result in await asyncio.gather(
                *map(give, jobs), return_exceptions=True
            ):
                if not isinstance(result, BaseException):
                    given.append(result)
                elif together or not isinstance(result, GatewayError):
                    raise result
                else:
                    given.append(Refusal.of(result))
            yield given
        finally:
            if wanted:
                await self._end(await self._table.unused(wanted))

    async def _with_token(
        self, caller: Caller, system: ComputeSystem, job: NewJob, request: TokenRequest
    ) -> NewJob:
        uuid = job.uuids[0]
        path = f"{await system.home(caller.user)}/{TOKEN_FOLDER}/{uuid}"
        new = await self._issuer.issue(caller, request, job.name)
        await self._table.add(
            JobToken(uuid, system.name, caller.user, new.key, path, self._clock())
        )
        await self._files.write(caller.user, path, new.text)
        return replace(job, token_path=path)

    async def sweep(self) -> float:
        """End the tokens of jobs that have ended, and remove their files.

        Returns the seconds to wait before the next call.
        """
        now = self._clock()
        await self._end(await self._table.over(now, now - _UNUSED_SECONDS, 500))
        return 1.0

    async def _end(self, tokens: Sequence[JobToken]) -> None:
        """End tokens at once; a file whose owner is absent is removed later."""
        if not tokens:
            return
        await self._issuer.end([token.key for token in tokens])
        slots = asyncio.Semaphore(_AT_ONCE)

        async def remove(token: JobToken) -> None:
            try:
                # The wait for a place counts too: many files of a home that hangs
                # would otherwise delay the end of all other tokens by minutes.
                async with asyncio.timeout(_REMOVAL_SECONDS), slots:
                    await self._files.remove(token.user, token.path)
            except NotFound:
                pass
            except (GatewayError, TimeoutError):
                now = self._clock()
                if now - token.made_at < _KEPT_SECONDS:
                    until = now + _POSTPONED_SECONDS
                    await self._table.postpone(token.uuid, until)
                    return
            await self._table.remove(token.uuid)

        await asyncio.gather(*map(remove, tokens))

    async def jobs_of(
        self, user: str, keys: Sequence[str]
    ) -> Mapping[str, tuple[str, str]]:
        """Return the system and the id of the jobs that have these tokens of a user."""
        return await self._table.jobs(user, keys) if keys else {}
