"""Starts the workers of users, from this process or through another one.

The gateway needs a connected socket, and an object that can end the worker. A process
with more rights, such as the broker, can start the worker as its own child, pass the
gateway's end of the socket, and end the worker on request.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

PROGRAM = Path(__file__).parent / "program"
_ENVIRONMENT = frozenset(
    {"HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "LC_ALL", "TZ", "TMPDIR"}
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """Permission for a worker to act, since its person has just asked."""

    text: str = field(repr=False)
    """What the worker checks."""
    until: float
    """End of its validity, seconds of the machine's monotonic clock."""


Ticketer = Callable[[], Awaitable[Ticket]]
"""Returns a ticket for one user's worker; raises a `GatewayError` if there is none."""


@dataclass(frozen=True, slots=True)
class IntentTicket:
    """Permission for a worker to carry out a few requests of an absent person."""

    text: str = field(repr=False)
    """What the worker checks."""
    frames: tuple[str, ...]
    """The digests of the requests."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A request that may be carried out after its person has left."""

    grant: str = field(repr=False)
    """Grant that ``authn`` made for it while the person sent requests."""
    word: str = ""
    """The word for the places of the request that the grant leaves open."""
    number: str | None = None
    """Number of a job for other such places; None if there are none."""


class Intents(Protocol):
    """Grants for the requests of one person that are carried out after they left.

    The methods raise a `GatewayError` if there is no grant, or no ticket for it.
    """

    async def sign(self, name: str, frames: Sequence[str]) -> str:
        """Return the grant of an intent of this name, for requests by their digests.

        The person has just asked.
        """
        ...

    async def ticket(self, grant: str) -> IntentTicket:
        """Return a ticket for the person's worker."""
        ...

    async def end(self, grants: Sequence[str]) -> None:
        """End grants: what they were for has ended."""
        ...


class RunningWorker(Protocol):
    """A running worker, for the process that started it. The methods block."""

    @property
    def pid(self) -> int:
        """Process id."""

    def ends_within(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for its end; return whether it has ended."""

    def kill(self) -> None:
        """Kill it; further calls do nothing."""


class WorkerStarter(Protocol):
    """Starts the worker of one user."""

    def start(self) -> tuple[socket.socket, RunningWorker]:
        """Start the worker, and return the gateway's end of its socket; this blocks.

        The worker first sends its protocol version, and ends when the socket is closed.

        Raises
        ------
        OSError
            The worker could not be started.
        GatewayError
            The gateway may not act as this user, or not at the moment.
        """


class ChildStarter:
    """Starts workers as children of this process, with its own user id.

    A worker inherits only the socket and a few environment variables of the gateway.

    Parameters
    ----------
    command
        Program and arguments of the worker; the number of the socket's descriptor is
        appended.
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
    """Implements `RunningWorker` for a child of this process."""

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
