"""Implements the port `CommandRunner` with the user's worker."""

import asyncio
import os
from collections.abc import Sequence

import msgspec

from gatewright.backends.worker.client import Worker, latin
from gatewright.backends.worker.descriptors import close_in_thread
from gatewright.backends.worker.starting import Intent
from gatewright.backends.worker.workers import Home, Workers, at_the_root
from gatewright.core.errors import BackendFailed, NotFound
from gatewright.domains.files import Command, Outcome

_GRACE_SECONDS = 10.0


class RunAnswer(msgspec.Struct):
    """Outcome of a command.

    The descriptor has ``stdout`` bytes, then ``stderr`` bytes.
    """

    exit_code: int
    stdout: int
    stderr: int
    stdout_truncated: bool
    stderr_truncated: bool
    timed_out: bool


class WorkerCommands:
    """Runs commands in the workers of the users.

    Parameters
    ----------
    workers
        The workers of the users.
    root
        Folder of the machine to which paths are relative.
    home
        Returns a user's home directory as a path relative to the root.
    """

    def __init__(
        self,
        workers: Workers,
        root: bytes,
        home: Home = at_the_root,
    ) -> None:
        self._workers = workers
        self._root = latin(root)
        self._home = home

    async def home(self, user: str) -> bytes:
        return await self._home(user)

    def request(self, command: Command, only: Sequence[str] = ()) -> dict[str, object]:
        """Return the members of the worker's request that runs a command.

        ``only`` is the end of a record of output, and a text without which a record is
        left out.
        """
        return {
            "root": self._root,
            "path": latin(command.directory),
            "argv": [latin(argument) for argument in command.argv],
            "environment": {
                latin(name): latin(value) for name, value in command.environment.items()
            },
            "seconds": command.seconds,
            "output_bytes": command.output_bytes,
            "only": [latin(text) for text in only],
        }

    async def run(
        self,
        user: str,
        command: Command,
        only: Sequence[str] = (),
        intent: Intent | None = None,
    ) -> Outcome:
        worker = self._workers.of(user)
        stdin = os.memfd_create("input", os.MFD_CLOEXEC)
        try:
            with os.fdopen(stdin, "wb", closefd=False) as file:
                file.write(command.stdin)
            os.lseek(stdin, 0, os.SEEK_SET)
            answer, output = await worker.call_for_descriptor(
                "run",
                self.request(command, only),
                RunAnswer,
                access=os.O_RDWR,
                given=stdin,
                seconds=command.seconds + _GRACE_SECONDS,
                intent=intent,
            )
        except NotFound as error:
            names = (command.argv[0], command.directory)
            program, folder = (name.decode("utf-8", "replace") for name in names)
            raise NotFound(
                f"There is no program “{program}” here, or no folder “{folder}”."
            ) from error
        finally:
            os.close(stdin)
        if output is None:
            raise BackendFailed("The worker passed no output.")
        return await _outcome(worker, answer, output, command.output_bytes)


async def _outcome(
    worker: Worker, answer: RunAnswer, output: int, most: int
) -> Outcome:
    if not (0 <= answer.stdout <= most and 0 <= answer.stderr <= most):
        close_in_thread(output, worker.threads)
        raise BackendFailed("The worker kept more output than it was asked to.")

    def read(count: int) -> bytes:
        try:
            return os.pread(output, count, 0)
        finally:
            os.close(output)

    loop = asyncio.get_running_loop()
    count = answer.stdout + answer.stderr
    reading = loop.run_in_executor(worker.threads, read, count)
    # Shielded, since a call that is cancelled before it began closes nothing.
    content = await asyncio.shield(reading)
    code = answer.exit_code
    return Outcome(
        exit_code=128 - code if code < 0 else code,
        stdout=content[: answer.stdout],
        stderr=content[answer.stdout :],
        stdout_truncated=answer.stdout_truncated,
        stderr_truncated=answer.stderr_truncated,
        timed_out=answer.timed_out,
    )
