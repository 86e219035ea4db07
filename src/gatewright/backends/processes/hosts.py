"""Processes that start runners; there is one for each user whose jobs start."""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatewright.backends.processes.launcher import Launcher
from gatewright.backends.processes.program.__main__ import SERVE
from gatewright.core.errors import BackendFailed
from gatewright.core.ids import new_id

IDLE_SECONDS = 60.0
"""Seconds without a start after which a host is ended."""
OPEN_SECONDS = 10.0
"""Longest time in seconds for a host to start."""


@dataclass(slots=True)
class _Host:
    pipe: int
    """Descriptor of the pipe from which the host reads."""
    used_at: float
    """Time of its last use on the monotonic clock."""


class RunnerHosts:
    """Starts runners through hosts. The hosts end with this object, the runners do not.

    Parameters
    ----------
    launcher
        Starts the hosts.
    argv
        Command of the runner program, without its arguments.
    environment
        Environment of the hosts.
    folder
        Folder for their named pipes.
    """

    def __init__(
        self,
        launcher: Launcher,
        argv: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
    ) -> None:
        self._launcher = launcher
        self._argv = argv
        self._environment = environment
        self._folder = folder
        self._hosts: dict[str, _Host] = {}

    async def start(self, user: str, job_folder: Path) -> None:
        """Let the user's host start the runner of a job.

        Raises
        ------
        GatewayError
            The user has no host, and none can be started.
        """
        line = os.fsencode(job_folder) + b"\n"
        if user not in self._hosts or not self._told(user, line):
            self._hosts[user] = await self._open(user)
            if not self._told(user, line):
                raise BackendFailed("The process that starts jobs ended at once.")

    def close_idle(self) -> None:
        """End the hosts that have been idle for a minute."""
        now = time.monotonic()
        for user, host in list(self._hosts.items()):
            if now - host.used_at > IDLE_SECONDS:
                self._close(user)

    def close(self) -> None:
        """End all hosts."""
        for user in list(self._hosts):
            self._close(user)

    def _told(self, user: str, line: bytes) -> bool:
        """Write a line to a user's host; return False if the host has ended."""
        host = self._hosts[user]
        try:
            os.write(host.pipe, line)  # a line is written whole or not at all (pipe(7))
        except OSError:
            self._close(user)
            return False
        host.used_at = time.monotonic()
        return True

    def _close(self, user: str) -> None:
        os.close(self._hosts.pop(user).pipe)

    async def _open(self, user: str) -> _Host:
        path = self._folder / new_id()
        try:
            os.mkfifo(path, 0o600)
            await self._launcher.launch(
                user,
                [*self._argv, SERVE, str(path)],
                self._environment,
                str(self._folder),
            )
            async with asyncio.timeout(OPEN_SECONDS):
                while True:
                    try:
                        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
                    except OSError:  # nobody reads there yet
                        await asyncio.sleep(0.005)
                    else:
                        return _Host(pipe, time.monotonic())
        except TimeoutError as error:
            raise BackendFailed(
                "The process that starts jobs did not start in time."
            ) from error
        except OSError as error:
            raise BackendFailed(
                "The queue of this machine cannot be written."
            ) from error
        finally:
            path.unlink(missing_ok=True)
