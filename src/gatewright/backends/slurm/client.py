"""Runs Slurm's commands in the workers of users, and parses their answers."""

import asyncio
import copy
import os
import secrets
from collections.abc import Sequence
from pathlib import PurePosixPath

import msgspec

from gatewright.backends.slurm import parse, rows
from gatewright.backends.slurm.claims import SECONDS, content, opening
from gatewright.backends.slurm.commands import (
    COMMENT,
    SUBMIT_LINE,
    Call,
    Slurm,
    claims_of_array,
)
from gatewright.backends.slurm.failures import (
    cancel_failure,
    change_failure,
    knows_no_such_job,
    order_failure,
    output,
    printed,
    without_accounting,
)
from gatewright.backends.slurm.marks import Mark, NativeId
from gatewright.backends.slurm.numbers import selection
from gatewright.backends.slurm.script import Claim
from gatewright.backends.worker import (
    HOLE,
    NUMBER_HOLE,
    Intent,
    Intents,
    WorkerCommands,
    Workers,
    digest_of,
    latin,
)
from gatewright.core.errors import (
    BackendFailed,
    NotFound,
    PersonAbsent,
    TimedOut,
    Unavailable,
)
from gatewright.domains.compute import Estimate
from gatewright.domains.files import Command, Outcome

_MOST_BYTES = 256 << 20
_TOGETHER = 500
"""Most jobs that one command asks for."""
_WHOLE_ARRAY = 100
"""Elements of an array from which on all of them are asked for, by one number."""
_OWN_NAME = Call(("id", "-un"), {})


class _Row(msgspec.Struct, array_like=True):
    """The first members of a worker's metadata of a file."""

    name: str
    mode: int


class Client:
    """Queries and controls one cluster with the rights of a user."""

    def __init__(self, workers: Workers, slurm: Slurm) -> None:
        self._workers = workers
        self._commands = WorkerCommands(workers, b"/")
        self._accounts: dict[str, str] = {}
        self.slurm = slurm
        self.grant = ""
        """Grant that allows the calls for a user who is absent; empty for none."""
        self.mark_column = COMMENT
        """Column of the site's accounting that holds the marks of jobs."""

    def intents(self, user: str) -> Intents | None:
        """Return a user's grants for work that outlasts their visit; None if unused."""
        return self._workers.of(user).intents

    def granted(self, grant: str) -> "Client":
        """Return a client whose calls a grant allows too, if the user is absent."""
        client = copy.copy(self)
        client.grant = grant
        return client

    def digests(self, account: str, mark: Mark, submit: Call, claim: str) -> list[str]:
        """Return the digests of all calls for one submission, for its grant.

        These are :meth:`account`, :meth:`marked`, :meth:`accounted`, :meth:`claim`
        (``claim`` is the path, for an array that of any element) and :meth:`submit`.
        """
        queue = self.slurm.marked("", account, mark, HOLE)
        places = (HOLE, NUMBER_HOLE)
        past = (
            self.slurm.marked_accounting(account, mark, places, "", "", column)
            for column in (COMMENT, SUBMIT_LINE)
        )
        runs = self._digests(_OWN_NAME, queue, *past, submit)
        asked = {"op": "open", "word": "", **opening(claim, in_grant=True)[0]}
        return [*runs, digest_of(asked, None)]

    def digests_to_cancel(self, native: NativeId) -> list[str]:
        """Return the digests of the calls that cancel one job, for their grant.

        These are :meth:`marked` and :meth:`cancel`.
        """
        queue = self.slurm.marked("", native.account, native.mark, HOLE)
        return self._digests(queue, self.slurm.cancel([native.number]))

    def _digests(self, *calls: Call) -> list[str]:
        return [
            digest_of(
                {
                    "op": "run",
                    "word": "",
                    **({} if call.number is None else {"number": ""}),
                    **self._commands.request(command_of(call), call.only),
                },
                call.stdin,
            )
            for call in calls
        ]

    async def account(self, user: str) -> str:
        """Return the Unix account of a user's worker."""
        if user not in self._accounts:
            text = printed("id", await self.run(user, _OWN_NAME))
            self._accounts[user] = text.strip()
        return self._accounts[user]

    async def mode(self, user: str, path: str) -> int:
        """Return type and permissions (``st_mode``) of a path, links followed."""
        arguments = {"root": "/", "path": latin(os.fsencode(path)), "follow": True}
        return (await self._workers.of(user).call("stat", arguments, _Row)).mode

    async def whole_queue(self, user: str) -> tuple[bytes, str]:
        """Return what ``squeue`` prints of all jobs, as a user sees them.

        With it comes the word that separates the fields.
        """
        nonce = new_nonce()
        outcome = await self.run(user, self.slurm.queue(nonce))
        return output("squeue", outcome), nonce

    async def queue(self, user: str, selection: str) -> list[rows.QueueRow]:
        """Return the selected jobs of the queue as a user sees it."""
        nonce = new_nonce()
        outcome = await self.run(user, self.slurm.queue(nonce, selection))
        if knows_no_such_job(outcome):
            return []
        return await asyncio.to_thread(parse.queue, printed("squeue", outcome), nonce)

    async def marked(self, user: str, account: str, mark: Mark) -> list[rows.QueueRow]:
        """Return the jobs of a user's account that have a mark, as the queue has them.

        The worker leaves all others out.
        """
        nonce = new_nonce()
        call = self.slurm.marked(nonce, account, mark, HOLE if self.grant else "")
        outcome = await self.run(user, call)
        return await asyncio.to_thread(parse.queue, printed("squeue", outcome), nonce)

    async def jobs(self, user: str, numbers: Sequence[str]) -> list[rows.QueueRow]:
        """Return those of these jobs that the controller knows."""
        asked = selection(numbers, _WHOLE_ARRAY)
        groups = (asked[n : n + _TOGETHER] for n in range(0, len(asked), _TOGETHER))
        found = [await self.queue(user, f"--jobs={','.join(some)}") for some in groups]
        wanted = set(numbers)
        return [row for part in found for row in part if row.number in wanted]

    async def accounting(
        self, user: str, numbers: Sequence[str]
    ) -> list[rows.AccountingRow]:
        """Return the accounting records of jobs; empty on a cluster without them."""
        found: list[rows.AccountingRow] = []
        for start in range(0, len(numbers), _TOGETHER):
            nonce, some = new_nonce(), numbers[start : start + _TOGETHER]
            call = self.slurm.accounting(nonce, some, self.mark_column)
            outcome = await self.run(user, call)
            if without_accounting(outcome):
                return []
            told = printed("sacct", outcome)
            found += parse.accounting(told, nonce, self.mark_column)
        return found

    async def accounted(
        self, native: NativeId, *, has_marks: bool
    ) -> list[rows.AccountingRow]:
        """Return the accounting records of a job, by its grant and without its steps.

        ``has_marks`` tells whether the site keeps the marks of jobs there.

        Raises
        ------
        PersonAbsent
            It does not, so that only the job's person can tell its records.
        """
        nonce, places = new_nonce(), (HOLE, NUMBER_HOLE)
        call = self.slurm.marked_accounting(
            *(native.account, native.mark, places, nonce, native.number),
            self.mark_column,
        )
        outcome = await self.run(native.user, call)
        if without_accounting(outcome):
            return []
        if not has_marks:
            raise PersonAbsent("This site's accounting does not tell whose a job is.")
        return parse.accounting(printed("sacct", outcome), nonce, self.mark_column)

    async def exit_codes(
        self, user: str, numbers: Sequence[str]
    ) -> dict[str, tuple[int, int]]:
        """Return exit code and signal of jobs that the controller still knows."""
        outcome = await self.run(user, self.slurm.exit_codes(numbers))
        if knows_no_such_job(outcome):
            return {}
        return parse.exit_codes(printed("squeue", outcome))

    async def machines(
        self, user: str
    ) -> tuple[list[rows.NodeRow], list[rows.PartitionRow], list[rows.ReservationRow]]:
        """Return the nodes, the partitions and the reservations."""
        nonce = new_nonce()
        nodes = await self.run(user, self.slurm.nodes(nonce))
        partitions = await self.run(user, self.slurm.partitions(nonce))
        reservations = await self.run(user, self.slurm.reservations())
        return (
            parse.nodes(printed("sinfo", nodes), nonce),
            parse.partitions(printed("sinfo", partitions), nonce),
            parse.reservations(printed("scontrol", reservations)),
        )

    async def settings(self, user: str) -> dict[str, str]:
        """Return the configuration of the cluster."""
        outcome = await self.run(user, self.slurm.settings())
        return parse.settings(printed("scontrol", outcome))

    async def submit(self, user: str, call: Call) -> str:
        """Submit a job and return its id.

        Raises
        ------
        InvalidContent
            Slurm refuses the job; the message has its reason.
        TimedOut
            It is unknown whether Slurm accepted the job.
        Unavailable
            Slurm does not answer.
        """
        try:
            outcome = await self.run(user, call)
        except PersonAbsent:
            raise
        except Unavailable as error:
            # The worker ended. What it had begun goes on, and may reach Slurm yet.
            raise TimedOut(error.text, retry_after=error.retry_after) from error
        return parse.submitted(printed("sbatch", outcome))

    async def estimate(self, user: str, call: Call) -> Estimate:
        """Ask where and when a job would run; nothing is submitted.

        Raises
        ------
        InvalidContent
            Slurm would refuse the job; the message has its reason.
        """
        outcome = await self.run(user, self.slurm.dry_run(call))
        printed("sbatch", outcome)
        told = parse.estimated(outcome.stderr.decode("utf-8", "replace"))
        if told is None:
            raise BackendFailed("sbatch did not tell where and when the job would run.")
        start, cores, places, partition = told
        return Estimate(start, cores, places, partition)

    async def order(self, user: str, call: Call) -> None:
        """Hold or release jobs; those that have begun or are gone are ignored.

        Raises
        ------
        NotAllowed, TimedOut, Unavailable
            An administrator holds a job, or Slurm does not answer.
        """
        error = order_failure(await self.run(user, call))
        if error is not None:
            raise error

    async def cancel(self, user: str, numbers: Sequence[str]) -> None:
        """Cancel jobs; those that are gone are ignored.

        Raises
        ------
        TimedOut, Unavailable
            Slurm does not answer, so that the jobs go on, or may.
        NotAllowed, InvalidContent
            Slurm refuses it.
        """
        error = cancel_failure(await self.run(user, self.slurm.cancel(numbers)))
        if error is not None:
            raise error

    async def change(self, user: str, program: str, call: Call) -> None:
        """Run a command that changes a job, and raise the reason of a refusal.

        Raises
        ------
        NotAllowed
            Slurm allows the change only to its administrators.
        InvalidContent
            Slurm refuses the change; the text quotes its reason.
        Conflict
            The job ended meanwhile.
        """
        error = change_failure(program, await self.run(user, call))
        if error is not None:
            raise error

    async def claim(self, user: str, path: str) -> Claim | None:
        """Return the content of a submission's claim file; None if there is none.

        Raises
        ------
        TimedOut
            The file system that holds the file does not answer.
        """
        try:
            worker = self._workers.of(user)
            asked, word = opening(path, in_grant=bool(self.grant))
            _, descriptor = await worker.call_for_descriptor(
                "open", asked, _Row, intent=self._intent(word)
            )
        except NotFound:
            return None
        return None if descriptor is None else await content(worker, descriptor)

    async def claims_of(
        self, user: str, folder: str, name: str
    ) -> frozenset[str] | None:
        """Return the names of the claim files of an array's elements.

        None if they cannot be listed.
        """
        outcome = await self.run(user, claims_of_array(folder, name))
        if outcome.exit_code or outcome.timed_out:
            return None
        return frozenset(printed("find", outcome).splitlines())

    async def run(self, user: str, call: Call, seconds: float = SECONDS) -> Outcome:
        """Run a command as a user, and return its outcome even if it failed.

        It is ended after some ``seconds``.

        Raises
        ------
        BackendFailed
            The program is not installed, or its output is too long.
        """
        command = command_of(call, seconds)
        try:
            outcome = await self._commands.run(
                user, command, call.only, self._intent(call.word, call.number)
            )
        except NotFound as error:
            program = PurePosixPath(call.argv[0]).name
            raise BackendFailed(
                f"Slurm's command {program} is not installed where the gateway runs."
            ) from error
        if outcome.stdout_truncated:
            raise BackendFailed("Slurm answered more than the gateway can keep.")
        return outcome

    def _intent(self, word: str, number: str | None = None) -> Intent | None:
        return Intent(self.grant, word, number) if self.grant else None


def command_of(call: Call, seconds: float = SECONDS) -> Command:
    """Return a call as a command that the worker runs, for some ``seconds``."""
    return Command(
        argv=tuple(os.fsencode(word) for word in call.argv),
        directory=b"/",
        environment={k.encode(): v.encode() for k, v in call.environment.items()},
        stdin=call.stdin,
        seconds=seconds,
        output_bytes=_MOST_BYTES,
    )


def new_nonce() -> str:
    """Return a new word that separates the fields of one answer."""
    return f"@{secrets.token_hex(5)}"
