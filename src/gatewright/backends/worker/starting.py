"""What starts a user's worker: this process, or another that may act for more people.

The gateway needs a connected socket and someone to ask for the worker's end. Whoever
starts the worker (a broker with the rights to become its user) keeps it as a child,
passes the gateway's end of the socket, and ends it when asked to.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

PROGRAM = Path(__file__).parent / "program"
_ENVIRONMENT = frozenset(
    {"HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "LC_ALL", "TZ", "TMPDIR"}
)


class RunningWorker(Protocol):
    """A worker as the one that started it knows it. Its methods block."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end, and return whether it came."""

    def kill(self) -> None:
        """Have it ended at once; safe to repeat."""


class WorkerStarter(Protocol):
    """Starts the worker of one user."""

    def start(self) -> tuple[socket.socket, RunningWorker]:
        """Start it, and return the gateway's end of its socket; this blocks.

        The worker says its version on the socket, and ends when the socket does.

        Raises
        ------
        OSError
            It could not be started.
        GatewayError
            Nobody may act for this user, or not now.
        """


class ChildStarter:
    """Starts workers as children of this process, which act as its own user.

    A worker gets nothing of the gateway's but the socket and a few plain variables.

    Parameters
    ----------
    command
        The worker's program and arguments; the number of the socket's descriptor is
        added to them.
    """

    def __init__(
        self, command: Sequence[str] = (sys.executable, "-I", "-S", str(PROGRAM))
    ) -> None:
        self._command = command

    def start(self) -> tuple[socket.socket, RunningWorker]:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                number = theirs.fileno()
                process = subprocess.Popen(  # noqa: S603  # our own program, and no shell
                    [*self._command, str(number)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[number],
                    cwd="/",
                    env={k: v for k, v in os.environ.items() if k in _ENVIRONMENT},
                    start_new_session=True,
                )
        except BaseException:
            ours.close()
            raise
        return ours, Child(process)


class Child:
    """The port `RunningWorker` over a child of this process."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def ends_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        self._process.kill()
