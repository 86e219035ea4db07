"""Submits jobs with ``sbatch``, each only once even if a submission is repeated."""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gatewright.backends.slurm.checks import SUBMIT_EACH_SECONDS, SUBMIT_SECONDS
from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.commands import Call
from gatewright.backends.slurm.found import Finder, by_mark
from gatewright.backends.slurm.marks import Mark, NativeId, mark_of, native_id
from gatewright.backends.slurm.script import claim_name, script_of
from gatewright.backends.slurm.statuses import (
    PriorityOrder,
    claimed,
    finishing,
    has_ended,
    living,
    own_id,
)
from gatewright.core.clock import Clock
from gatewright.core.errors import (
    GatewayError,
    InvalidContent,
    PersonAbsent,
    TimedOut,
    Unavailable,
)
from gatewright.domains.compute import (
    Condition,
    Estimate,
    JobState,
    JobStatus,
    Submission,
)

_log = logging.getLogger(__name__)
_AT_ONCE = 8
"""Commands that submit jobs of one request at the same time, as ``xargs -P8``."""
_SURELY_FIRST_SECONDS = 5.0
"""Age of a job with which a submission that begins is surely its first."""

Outcome = JobStatus | GatewayError


@dataclass(frozen=True, slots=True)
class _Group:
    """The jobs of one ``sbatch`` call: a single job, or elements of one array."""

    mark: Mark
    elements: Sequence[Submission]
    alone_until: float = 0.0
    """Time until which nobody else submits them, seconds since 1970 UTC; 0 if another
    may have done so before."""

    @property
    def first(self) -> Submission:
        return self.elements[0]

    @property
    def is_array(self) -> bool:
        return self.first.array_index is not None


class Attempts:
    """Remembers which submissions were tried before by processes of this machine."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder / "attempts"
        self._clock = clock
        self._going_on: set[str] = set()

    def begin(self, mark: Mark, alone_until: float) -> bool:
        """Record an attempt; return whether there may have been an earlier one.

        Until ``alone_until``, seconds since 1970 UTC, none comes from elsewhere.

        Raises
        ------
        TimedOut
            Another attempt is in progress in this process.
        """
        if mark.name in self._going_on:
            raise TimedOut("This job is just being submitted.", retry_after=2.0)
        self._going_on.add(mark.name)
        old = self._clock() > alone_until
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / mark.name).touch(exist_ok=False)
        except OSError:  # it was tried before, or this cannot be known
            return True
        return old

    def end(self, mark: Mark) -> None:
        """Record that the attempt is over."""
        self._going_on.discard(mark.name)

    def keep(self, name: str, grant: str) -> None:
        """Keep with the record the grant by which the job is submitted again.

        If that fails, the job waits for its person instead.
        """
        path = self._folder / f"{name}.{os.getpid()}"
        with suppress(OSError):
            path.write_text(grant, "ascii")
            path.replace(self._folder / name)

    def grants(self, user: str, names: Sequence[str]) -> list[str]:
        """Return the grants that are kept for these jobs of a user."""
        found = map(self._kept, names)
        return [grant for grant in found if _person_of(grant) == user]

    def forget(self, user: str, names: Sequence[str]) -> None:
        """Remove the records of a user's jobs that have ended.

        Records of other users stay, since anybody can give a job the name of another
        person's job.
        """
        for name in names:
            if _person_of(self._kept(name)) in {user, ""}:
                (self._folder / name).unlink(missing_ok=True)

    def _kept(self, name: str) -> str:
        with suppress(OSError, UnicodeDecodeError):
            return (self._folder / name).read_text("ascii")
        return ""


def _person_of(grant: str) -> str:
    """Return whom a grant, ``NAME USER ...``, is of; empty if it is none."""
    return "".join(grant.split(" ")[1:2])


class Submitter:
    """Submits the jobs of all users."""

    def __init__(
        self, client: Client, finder: Finder, attempts: Attempts, clock: Clock
    ) -> None:
        self._client = client
        self._finder = finder
        self._attempts = attempts
        self._clock = clock

    async def submit(
        self, user: str, submissions: Sequence[Submission]
    ) -> Sequence[Outcome]:
        """Submit jobs of one user; return for each its first status or the error.

        Raises
        ------
        TimedOut
            It is unknown whether jobs were accepted.
        GatewayError
            None was accepted.
        """
        with suppress(PersonAbsent):  # a grant may let the rest go on
            await self._client.account(user)
        folder = await self._finder.claims.folder(user)
        found: dict[str, Outcome] = {}
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(group: _Group) -> None:
            async with slots:
                found.update(await self._group(user, folder, group))

        marks: dict[str, tuple[Mark, list[Submission]]] = {}
        for submission in submissions:
            mark = mark_of(submission)
            marks.setdefault(mark.name, (mark, []))[1].append(submission)
        # Of many jobs, the last wait long for their turn. Within their lease, that is
        # no reason to look for each in the queue.
        lease = SUBMIT_SECONDS + SUBMIT_EACH_SECONDS * len(marks)
        young = self._clock() - _SURELY_FIRST_SECONDS
        groups = [
            _Group(
                mark,
                # In the order of their indices, as the grant has them.
                sorted(elements, key=lambda one: one.array_index or 0),
                at + lease if (at := elements[0].submitted_at) >= young else 0.0,
            )
            for mark, elements in marks.values()
        ]
        results = await asyncio.gather(*map(one, groups), return_exceptions=True)
        errors = [error for error in results if isinstance(error, BaseException)]
        for error in errors:
            if not isinstance(error, GatewayError):
                raise error
        taken = [o for o in found.values() if isinstance(o, JobStatus)]
        unknown = next((e for e in errors if isinstance(e, TimedOut)), None)
        if unknown is not None:
            # Nothing of the others is lost: they are asked for by their marks.
            raise unknown
        away = next((e for e in errors if isinstance(e, Unavailable)), None)
        if away is not None and not taken:
            raise away
        for group, result in zip(groups, results, strict=True):
            if isinstance(result, GatewayError):
                found |= {one.uuid: result for one in group.elements}
        return [found[submission.uuid] for submission in submissions]

    async def estimate(self, elements: Sequence[Submission]) -> Estimate:
        """Return where and when a job, or each element of an array, would run."""
        first = elements[0]
        group = _Group(mark_of(first), elements)
        folder = await self._finder.claims.folder(first.user)
        call = self._call(folder, group, elements)
        return await self._client.estimate(first.user, call)

    async def forget(self, user: str, names: Sequence[str]) -> None:
        """Forget the attempts for jobs of a user that have ended; end their grants.

        While these cannot be ended, they are kept until the jobs are reported again.
        """
        intents = self._client.intents(user)
        if intents is not None:
            grants = await asyncio.to_thread(self._attempts.grants, user, names)
            try:
                await intents.end(grants)
            except GatewayError as error:
                _log.warning("Grants of %s are not ended yet: %s", user, error.text)
                return
        await asyncio.to_thread(self._attempts.forget, user, names)

    async def _group(
        self, user: str, folder: str, group: _Group
    ) -> Mapping[str, Outcome]:
        again = await asyncio.to_thread(
            self._attempts.begin, group.mark, group.alone_until
        )
        found: dict[str, Outcome] = {}
        try:
            grant = await self._grant(user, folder, group)
            client = self._client.granted(grant) if grant else self._client
            account = await client.account(user)
            if again:
                found.update(
                    await self._taken_before(client, user, account, folder, group)
                )
            rest = [one for one in group.elements if one.uuid not in found]
            if rest:
                found.update(
                    await self._sbatch(client, user, account, folder, group, rest)
                )
        except GatewayError as error:
            waits = isinstance(error, TimedOut) or (
                again and isinstance(error, Unavailable)
            )
            if not waits:  # its record is withdrawn, so its grant ends too
                await self.forget(user, [group.mark.name])
            if not isinstance(error, InvalidContent):
                raise
            found |= {
                one.uuid: error for one in group.elements if one.uuid not in found
            }
        finally:
            self._attempts.end(group.mark)
        return found

    async def _grant(self, user: str, folder: str, group: _Group) -> str:
        """Return the grant for submitting the jobs after their person has left.

        It is made again while the person sends requests, since the command may have
        changed. It is empty if there is none.
        """
        intents = self._client.intents(user)
        if intents is None:
            return ""
        name = group.mark.name
        with suppress(GatewayError):
            index = group.first.array_index
            digests = self._client.digests(
                await self._client.account(user),
                group.mark,
                self._call(folder, group, group.elements),
                f"{folder}/{claim_name(name, '' if index is None else str(index))}",
            )
            grant = await intents.sign(name, digests)
            await asyncio.to_thread(self._attempts.keep, name, grant)
            return grant
        return "".join(await asyncio.to_thread(self._attempts.grants, user, [name]))

    async def _taken_before(
        self, client: Client, user: str, account: str, folder: str, group: _Group
    ) -> Mapping[str, Outcome]:
        """Return the statuses of jobs that an earlier attempt submitted.

        Raises
        ------
        TimedOut
            Slurm does not answer, so that this is unknown.
        PersonAbsent
            Slurm is not asked until the person is there.
        """
        try:
            queue = await client.marked(user, account, group.mark)
        except PersonAbsent:
            raise
        except Unavailable as error:
            raise TimedOut(error.text, retry_after=error.retry_after) from error
        rows = by_mark(queue, account, {group.mark.comment})
        found: dict[str, Outcome] = {}
        for one in group.elements:
            index = "" if one.array_index is None else str(one.array_index)
            row = rows.get((group.mark.name, index))
            if row is not None:
                # The next look tells what one that has ended has used.
                number = str(own_id(row))
                found[one.uuid] = (
                    finishing(row, number)
                    if has_ended(row)
                    else living(row, number, PriorityOrder())
                )
                continue
            path = f"{folder}/{claim_name(group.mark.name, index)}"
            claim = await client.claim(user, path)
            if claim is None:
                continue
            # It has begun, and is in the queue no more. Its claim file has its own
            # number, which replaces the id of the array.
            number = f"{claim.number}_{index}" if index else claim.number
            name = str(NativeId(number, group.mark.name, account, group.mark.user))
            if claim.exit_code is not None:
                found[one.uuid] = claimed(claim, name)
            else:
                found[one.uuid] = JobStatus(
                    name, JobState.ACTIVE, "UNKNOWN", started_at=claim.began_at
                )
        return found

    async def _sbatch(
        self,
        client: Client,
        user: str,
        account: str,
        folder: str,
        group: _Group,
        elements: Sequence[Submission],
    ) -> Mapping[str, Outcome]:
        call = self._call(folder, group, elements)
        number = await client.submit(user, call)
        held = elements[0].spec.hold
        return {
            one.uuid: JobStatus(
                native_id=str(
                    NativeId(
                        number
                        if one.array_index is None
                        else f"{number}_{one.array_index}",
                        group.mark.name,
                        account,
                        user,
                    )
                ),
                state=JobState.HELD if held else JobState.QUEUED,
                native_state="PENDING",
                reason="Held until it is released." if held else "",
            )
            for one in elements
        }

    def _call(self, folder: str, group: _Group, elements: Sequence[Submission]) -> Call:
        """Return the call of ``sbatch`` for some elements of a group."""
        first = elements[0]
        parts = elements if group.is_array else ()
        natives = [
            (native_id(one.native_id), one.condition) for one in first.dependencies
        ]
        return self._client.slurm.submit(
            first,
            group.mark,
            script_of(first, group.mark.name, folder, parts),
            [
                (native.number if native else "", condition)
                for native, condition in natives
                if native is not None or condition is Condition.SINGLETON
            ],
            [one.array_index for one in parts if one.array_index is not None],
        )
