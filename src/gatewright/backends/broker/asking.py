"""The gateway's client of the broker; its methods block and are called in threads."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

from gatewright.backends.broker.grants import Granter
from gatewright.backends.broker.program import MOST_BYTES
from gatewright.backends.worker import RunningWorker
from gatewright.core.errors import (
    BackendFailed,
    GatewayError,
    NotAllowed,
    TimedOut,
    Unavailable,
)

_SECONDS = 20.0
_RETRY_SECONDS = 5
_UNKNOWN = (
    "There is no Unix account of this name that may work here. Ask the operators of "
    "the system for one."
)
_AMBIGUOUS = (
    "Another Unix account has the same number as this one. Ask the operators to give "
    "each its own."
)
_GROUP = (
    "This Unix account is not in the group of those who may use the gateway. Ask the "
    "operators to add it."
)
_SHELL = (
    "This Unix account has no login shell, so nothing is run for it. Ask the operators "
    "to give it one."
)
_GRANT = (
    "The broker did not accept the gateway's request for this account. Tell the "
    "operators: their keys may differ."
)
_USER_FULL = (
    "The gateway runs as many processes for this account as it may. Try again when one "
    "has ended."
)
_REFUSALS: dict[str, tuple[type[GatewayError], str]] = {
    "name": (NotAllowed, _UNKNOWN),
    "unknown": (NotAllowed, _UNKNOWN),
    "ambiguous": (NotAllowed, _AMBIGUOUS),
    "uid": (NotAllowed, "This Unix account is the system's. Sign in as a person."),
    "root-group": (
        NotAllowed,
        "This Unix account is in a group of root's. Ask the operators to take it out.",
    ),
    "group": (NotAllowed, _GROUP),
    "shell": (NotAllowed, _SHELL),
    "grant": (NotAllowed, _GRANT),
    "user-full": (Unavailable, _USER_FULL),
    "full": (Unavailable, "The gateway acts for as many people as it may. Try again."),
    "rate": (Unavailable, "Very many people begin to work just now. Try again."),
}


class BrokerChild:
    """A process that the broker started, for the one who requested it.

    Parameters
    ----------
    asking
        Connection to the broker, which stays open while the process runs.
    pid
        Process id.
    """

    def __init__(self, asking: socket.socket, pid: int) -> None:
        self._asking = asking
        self._pid = pid
        self._ended = False
        self.code: int | None = None
        """Exit code, or minus the signal; None while it is not known."""

    @property
    def pid(self) -> int:
        return self._pid

    def ends_within(self, seconds: float) -> bool:
        """Wait for the child to end; if the broker ends first, it reports nothing."""
        if self._ended:
            return True
        self._asking.settimeout(max(seconds, 0.001))
        try:
            message = self._asking.recv(MOST_BYTES)
        except TimeoutError:
            return False
        except OSError:
            message = b""
        self._ended = True
        self._asking.close()
        with contextlib.suppress(ValueError):
            self.code = int(message.removeprefix(b"ended "))
        return True

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._asking.send(b"kill")


class Broker:
    """Requests processes from the broker.

    Parameters
    ----------
    path
        Path of the broker's socket.
    granter
        Makes the grants with which the broker starts workers.
    """

    def __init__(self, path: Path, granter: Granter) -> None:
        self._path = path
        self._granter = granter

    def worker(self, user: str) -> tuple[socket.socket, BrokerChild]:
        """Let the broker start the worker of an account; return the worker's socket.

        Raises
        ------
        NotAllowed
            No worker may act for this account.
        Unavailable
            The broker does not run, or has reached a limit.
        """
        with self._connected() as (asking, challenge):
            grant = self._granter.grant(challenge, user)
            return _started(asking, b"worker %s %s" % (user.encode(), grant))

    def sign_in(self) -> tuple[socket.socket, BrokerChild]:
        """Let the broker start a process that checks one password.

        Raises
        ------
        Unavailable
            The broker does not run, or too many passwords are being checked.
        """
        with self._connected() as (asking, _):
            return _started(asking, b"sign-in")

    def check(self) -> None:
        """Return if the broker answers.

        Raises
        ------
        Unavailable
            The broker does not run.
        """
        with self._connected() as (asking, _):
            asking.close()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[tuple[socket.socket, bytes]]:
        """Yield a connection and its challenge; on any error, close the connection."""
        asking = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            asking.settimeout(_SECONDS)
            asking.connect(str(self._path))
            challenge = asking.recv(MOST_BYTES)
            yield asking, challenge
        except BaseException as error:
            asking.close()
            if isinstance(error, TimeoutError):
                raise TimedOut("The gateway's broker does not answer.") from error
            if isinstance(error, OSError):
                raise Unavailable(
                    "The gateway's broker does not run, so no program can be started. "
                    "Try again, or tell the operators.",
                    retry_after=_RETRY_SECONDS,
                ) from error
            raise


def _started(
    asking: socket.socket, request: bytes
) -> tuple[socket.socket, BrokerChild]:
    asking.send(request)
    answer, descriptors, _, _ = socket.recv_fds(asking, MOST_BYTES, 1)
    sockets = [socket.socket(fileno=number) for number in descriptors]
    word, _, rest = answer.partition(b" ")
    if word == b"ok" and sockets:
        return sockets[0], BrokerChild(asking, int(rest))
    kind, text = _REFUSALS.get(
        rest.decode("ascii", "replace"),
        (BackendFailed, "The system could not start a process for this account."),
    )
    raise kind(text, retry_after=_RETRY_SECONDS if kind is Unavailable else None)


class BrokerStarter:
    """Starts the worker of one user through the broker."""

    def __init__(self, broker: Broker, user: str) -> None:
        self._broker = broker
        self._user = user

    def start(self) -> tuple[socket.socket, RunningWorker]:
        return self._broker.worker(self._user)
