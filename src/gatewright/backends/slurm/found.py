"""Finds the status of jobs from the controller, accounting and claim files."""

import asyncio
import logging
import pwd
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from gatewright.backends.slurm.claim_files import ClaimFiles
from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.marks import NativeId
from gatewright.backends.slurm.rows import AccountingRow, QueueRow
from gatewright.backends.slurm.script import DONE_ALREADY
from gatewright.backends.slurm.statuses import (
    PriorityOrder,
    claimed,
    counted,
    ended,
    ended_uncounted,
    finishing,
    given,
    has_ended,
    living,
    own_id,
    recorded,
)
from gatewright.core.clock import Clock
from gatewright.core.errors import GatewayError, NotAllowed, PersonAbsent
from gatewright.core.homes import Homes
from gatewright.domains.compute import JobState, JobStatus

_log = logging.getLogger(__name__)
_COUNTING_SECONDS = 10.0
_CLAIM_SECONDS = 60.0
"""Seconds after a job's end in which reading its claim file is tried again."""
_ORPHAN_SECONDS = 60.0
_GONE_SECONDS = 3600.0
"""Seconds for which a Unix account is not found before it counts as removed: the
service that knows the accounts may be unreachable."""
_UNREAD = (
    "Another job did the work of this one. How that ended is told by a file of the "
    "account, which cannot be read any more."
)


class Finder:
    """Finds the status of jobs.

    Parameters
    ----------
    client
        Queries the cluster.
    home
        Returns the home directories of users, which their jobs see too.
    clock
        Gives the time in seconds since 1970 UTC.
    grants
        Returns the grants, at most one each, by which a user's jobs of these names go
        on without the user.
    """

    def __init__(
        self,
        client: Client,
        home: Homes,
        clock: Clock,
        grants: Callable[[str, Sequence[str]], Sequence[str]] = lambda *_: (),
    ) -> None:
        self._grants = grants
        self._client = client
        self.claims = ClaimFiles(client, home, grants)
        self._clock = clock
        self._missing_since: dict[str, float] = {}
        self._gone_since: dict[str, float] = {}
        self.has_marks = False
        """Whether the site's accounting keeps the marks of jobs."""

    def found(self, natives: Mapping[str, JobStatus]) -> None:
        """Note that jobs are in the queue; they are given by their native ids."""
        for native in self._missing_since.keys() & natives.keys():
            del self._missing_since[native]

    async def of_rows(
        self, user: str, rows: Sequence[QueueRow], order: PriorityOrder
    ) -> Sequence[JobStatus]:
        """Return the statuses of the gateway's jobs among rows of the queue.

        Accounting is queried as ``user`` for jobs that have ended. A job that ended
        recently, and whose accounting record is not complete, is still reported as
        active, so that its usage is complete once it has ended.
        """
        found: list[JobStatus] = []
        done: list[tuple[QueueRow, NativeId]] = []
        for row in rows:
            native = own_id(row)
            if native is None:
                continue
            self._missing_since.pop(str(native), None)
            if has_ended(row):
                done.append((row, native))
            else:
                found.append(living(row, str(native), order))
        if done:
            found += await self._counted(user, done)
        return found

    async def _counted(
        self, user: str, done: Sequence[tuple[QueueRow, NativeId]]
    ) -> Sequence[JobStatus]:
        numbers = [native.number for _, native in done]
        try:
            kept = await self._client.accounting(user, numbers)
        except GatewayError:
            kept = []
        failed = [native.number for row, native in done if row.state != "COMPLETED"]
        codes = await self._client.exit_codes(user, failed) if failed else {}

        async def one(row: QueueRow, native: NativeId) -> JobStatus:
            since = self._clock() - (row.ended_at or 0.0)
            job = counted(kept, native)
            if job is None:
                if since < _COUNTING_SECONDS:
                    return finishing(row, str(native))
                last = codes.get(native.number)
                return ended_uncounted(row, str(native), last, self._clock())
            code, _ = codes.get(native.number, (job.exit_code, 0))
            job = replace(job, exit_code=code)
            try:
                status = await self._ended_status(job, row.reason, kept, native)
                return replace(status, usage=given(row, status.usage))
            except GatewayError as error:
                # The owner's files may be out of reach for good, as of an account that
                # was removed, and the other jobs do not wait for that. The person may
                # ask again at any time, if there still is one.
                waits = (
                    not await self._is_gone(native)
                    if isinstance(error, PersonAbsent)
                    else since < _CLAIM_SECONDS
                )
                if waits:
                    return finishing(row, str(native))
                _log.warning("Claim file of %s is not read: %s", native, error.text)
                status = ended(job, kept, str(native), row.reason)
                used = given(row, status.usage)
                return replace(status, reason=_UNREAD, usage=used)

        # At once, so that a worker that hangs delays nobody else's jobs for long.
        return await asyncio.gather(*(one(row, native) for row, native in done))

    async def _ended_status(
        self,
        job: AccountingRow,
        reason: str,
        kept: Sequence[AccountingRow],
        native: NativeId,
    ) -> JobStatus:
        """Return the status of an ended job, or of the job that did its work."""
        status = ended(job, kept, str(native), reason)
        if job.exit_code != DONE_ALREADY:
            return status
        return await self._claimed(native) or status

    async def _claimed(
        self, native: NativeId, told: JobStatus | None = None
    ) -> JobStatus | None:
        """Return a job's status from its claim file; None if its work never began.

        ``told`` is the status from another source, which is used if the claim file has
        no end.
        """
        claim = await self.claims.read(native)
        if claim is None:
            return told
        if claim.exit_code is not None:
            return claimed(claim, str(native))
        since = self._missing_since.setdefault(str(native), self._clock())
        if self._clock() - since < _ORPHAN_SECONDS:
            return JobStatus(
                str(native),
                JobState.ACTIVE,
                "UNKNOWN",
                "Slurm does not know of it any more; its work may still go on.",
                started_at=claim.began_at,
            )
        return told or JobStatus(
            str(native),
            JobState.FAILED,
            "LOST",
            "Slurm lost this job after it had begun. Its output tells how far it came.",
            started_at=claim.began_at,
            ended_at=self._clock(),
        )

    async def of_missing(
        self, user: str, natives: Sequence[NativeId]
    ) -> Mapping[str, JobStatus]:
        """Return the status of jobs that the controller does not know by their ids.

        A job of which there is no trace is ``new``: it has to be submitted again.

        Raises
        ------
        Unavailable, TimedOut
            A source that may know the jobs does not answer.
        """
        kept = await self._past(user, [n.number for n in natives])
        marks = {native.mark for native in natives}
        others = await self.with_marks(user, {mark.comment for mark in marks})
        unbegun = await self.claims.unbegun(user, natives)
        return {
            str(native): await self._missing(
                user, native, kept, others, has_claim=native not in unbegun
            )
            for native in natives
        }

    async def left_behind(self, service: str, native: NativeId) -> JobStatus:
        """Return the status of such a job while its person is absent, by its grant.

        Slurm is asked as the ``service`` account too, which sees what a job has used:
        the grant only tells that there are records.

        Raises
        ------
        PersonAbsent
            It has no grant, or its status can be found out only with the person.
        Unavailable, TimedOut
            A source that may know it does not answer.
        """
        kept: Sequence[AccountingRow] = []
        try:
            grants = await asyncio.to_thread(self._grants, native.user, [native.name])
            if not grants:
                raise PersonAbsent  # noqa: TRY301  # an account that is gone has none
            client = self._client.granted(grants[0])
            queue = await client.marked(native.user, native.account, native.mark)
            rows = by_mark(queue, native.account, {native.mark.comment})
            again = rows.get((native.name, native.index))
            if again is None:
                kept = await self._past(service, [native.number])
            if (
                again is None
                and recorded(kept, native) is None
                and recorded(
                    await client.accounted(native, has_marks=self.has_marks), native
                )
            ):
                raise PersonAbsent  # noqa: TRY301  # what it used is the person's alone
            return await self._missing(service, native, kept, rows)
        except (PersonAbsent, NotAllowed):
            if not await self._is_gone(native):
                raise
        kept = await self._past(service, [native.number])
        last = recorded(kept, native)
        if last is not None:
            status = ended(last, kept, str(native))
            unread = last.exit_code == DONE_ALREADY
            return replace(status, reason=_UNREAD) if unread else status
        return JobStatus(
            str(native),
            JobState.FAILED,
            "LOST",
            "Slurm does not know of this job any more, and its Unix account is gone.",
            ended_at=self._clock(),
        )

    async def _missing(
        self,
        user: str,
        native: NativeId,
        kept: Sequence[AccountingRow],
        marked: Mapping[tuple[str, str], QueueRow],
        *,
        has_claim: bool = True,
    ) -> JobStatus:
        """Return the status of a job that the controller does not know by its id.

        ``marked`` are the jobs of its mark that are in the queue: itself under another
        id, and the other elements of its array. ``has_claim`` is false if it surely has
        no claim file.
        """
        again = marked.get((native.name, native.index))
        if again is not None:
            # It was submitted a second time, and this one counts.
            (status,) = await self.of_rows(user, [again], PriorityOrder())
            return replace(status, native_id=str(native))
        job = counted(kept, native)
        if job is not None:
            asked = job.exit_code and has_claim
            claim = await self.claims.read(native) if asked else None
            if claim is not None and claim.exit_code is not None:
                job = replace(job, exit_code=claim.exit_code)
            return await self._ended_status(job, "", kept, native)
        half = recorded(kept, native)
        told = None
        if half is not None and half.exit_code != DONE_ALREADY:
            told = ended(half, kept, str(native))
        claimed_status = await self._claimed(native, told) if has_claim else told
        if claimed_status is not None:
            return claimed_status
        array = native.number.partition("_")[0]
        if native.index and any(
            name == native.name and row.number.partition("_")[0] == array
            for (name, _), row in marked.items()
        ):
            # A controller that knows the array has not lost it. It forgets an element
            # at once that is canceled while it waits.
            return JobStatus(
                str(native),
                JobState.CANCELED,
                "CANCELLED",
                "Canceled before it began.",
                ended_at=self._clock(),
            )
        return JobStatus(
            str(native),
            JobState.NEW,
            "LOST",
            "Slurm lost this job; it is submitted again.",
        )

    async def _past(self, user: str, numbers: Sequence[str]) -> list[AccountingRow]:
        """Return the accounting records of jobs that the controller may have lost.

        It gives their numbers to other jobs. Where a record says whose it is, one of a
        job that was submitted past the gateway, by the same person, says nothing.
        """
        kept = await self._client.accounting(user, numbers)
        return [row for row in kept if row.step or row.comment or not self.has_marks]

    async def _is_gone(self, native: NativeId) -> bool:
        """Return whether a job's Unix account has not been found for long."""
        try:
            await asyncio.to_thread(pwd.getpwnam, native.account)
        except KeyError:
            since = self._gone_since.setdefault(native.account, self._clock())
            return self._clock() - since >= _GONE_SECONDS
        self._gone_since.pop(native.account, None)
        return False

    async def with_marks(
        self, user: str, comments: set[str]
    ) -> Mapping[tuple[str, str], QueueRow]:
        """Return a user's jobs in the queue that have one of these comments.

        They are keyed by the name of their submission and their index in the array. Of
        several with the same key, the one that has not ended is returned.
        """
        account = await self._client.account(user)
        rows = await self._client.queue(user, f"--user={account}")
        return by_mark(rows, account, comments)


def by_mark(
    rows: Sequence[QueueRow], account: str, comments: set[str]
) -> Mapping[tuple[str, str], QueueRow]:
    """Return the rows of an account's jobs that have one of these comments.

    They are keyed as those of :meth:`Finder.with_marks`.
    """
    found: dict[tuple[str, str], QueueRow] = {}
    for row in rows:
        native = own_id(row)
        if row.comment in comments and row.account == account and native:
            key = (native.name, native.index)
            if key not in found or has_ended(found[key]):
                found[key] = row
    return found
