"""Asks a program of the operator's which account a person has."""

import asyncio
import json
import logging
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

from gatewright.core.errors import BackendFailed, Unavailable
from gatewright.domains.identity import Claims, Mapped, is_name

_AT_ONCE = 4
_MOST_BYTES = 1024
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}

_log = logging.getLogger(__name__)


class AccountProgram:
    """Implements :class:`gatewright.domains.identity.AccountMap` by a program.

    The program is started without a shell, as the gateway's account, with nothing of
    the gateway's environment. It reads the claims as JSON and prints a name; its errors
    go to the gateway's log. A non-zero exit status refuses the person. No name that it
    prints leads to the gateway's owner.

    Parameters
    ----------
    arguments
        Whole path of the program, and its arguments.
    seconds
        Time within which it has to end; then it is killed with its children.
    """

    def __init__(self, arguments: Sequence[str], seconds: float) -> None:
        self._arguments = tuple(arguments)
        self._seconds = seconds
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def account(self, claims: Claims) -> Mapped | None:
        try:
            async with asyncio.timeout(self._seconds), self._turns:
                status, printed = await self._run(json.dumps(claims).encode())
        except TimeoutError as error:
            _log.warning("%s took too long", self._arguments[0])
            raise Unavailable(
                "Which account you have could not be found out in time. Try again in a "
                "moment.",
                retry_after=5,
            ) from error
        if status:
            _log.info("%s refuses a person: %d", self._arguments[0], status)
            return None
        name = printed.decode("ascii", "replace").removesuffix("\n")
        if not is_name(name):
            _log.warning("%s printed no name of an account", self._arguments[0])
            return None
        # It may have taken the name from a claim, as the documentation's example does.
        return Mapped(name, exact=False)

    async def _run(self, told: bytes) -> tuple[int, bytes]:
        """Return exit status of the program and the first kilobyte that it printed."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._arguments,
                stdin=PIPE,
                stdout=PIPE,
                cwd="/",
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            _log.exception("%s cannot be started", self._arguments[0])
            raise BackendFailed(
                "Which account you have cannot be found out: the gateway's operator "
                "finds the reason in the log."
            ) from error
        try:
            return await _talk(process, told)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _talk(process: Process, told: bytes) -> tuple[int, bytes]:
    assert process.stdin is not None  # noqa: S101  # both are pipes
    assert process.stdout is not None  # noqa: S101
    # A program that needs no claims may end without reading them.
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(told)
        await process.stdin.drain()
    process.stdin.close()
    printed = bytearray()
    while part := await process.stdout.read(_MOST_BYTES):
        if len(printed) <= _MOST_BYTES:
            printed += part
    return await process.wait(), bytes(printed)
