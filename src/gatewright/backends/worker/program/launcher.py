"""Starts programs that outlive the worker.

The launcher is a single-threaded child of the worker, so it can fork safely, and has
the limits that the worker was started with. It is started with the first program: most
workers start none, and it takes as much memory as they do. Programs are started by a
double fork: they are not its children, lead their own sessions, and have no descriptors
but ``/dev/null``.
"""

import contextlib
import errno
import json
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable

from gatewright.backends.worker.program.kinds import Any, NoReturn
from gatewright.backends.worker.program.limits import SpawnLimits, hide

_LENGTH = struct.Struct(">I")
_NUMBER = struct.Struct(">i")
_FAILED = 127
_CLOSED_FROM = 3

Order = dict[str, Any]
"""``argv``, ``environment`` and ``directory`` of a program, as Latin-1 text."""


class Launcher:
    """The worker's client of the launcher; it sends one order at a time.

    Parameters
    ----------
    start
        Starts the launcher and returns a socket that is connected to it. It is called
        with the first order, and again if the launcher has ended.
    """

    def __init__(self, start: Callable[[], socket.socket]) -> None:
        self._start = start
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def launch(self, order: Order) -> int:
        """Start a program and return its process id, which is also its session id.

        Raises
        ------
        OSError
            The program or its folder does not exist or is not accessible.
        """
        body = json.dumps(order).encode("ascii")
        with self._lock:
            sock, answer = self._socket or self._start(), None
            self._socket = None
            try:
                sock.sendall(_LENGTH.pack(len(body)) + body)
                answer = _receive(sock, _NUMBER.size)
            finally:
                if answer is None:
                    sock.close()
                else:
                    self._socket = sock
        if answer is None:
            raise OSError(errno.EPIPE, "launcher")
        number: int = _NUMBER.unpack(answer)[0]
        if number < 0:
            raise OSError(-number, os.strerror(-number))
        return number


def start(limits: SpawnLimits) -> socket.socket:
    """Start the launcher as a program; it ends when the returned socket is closed."""
    import subprocess  # a worker that starts no program needs none of it

    ours, theirs = socket.socketpair()
    folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  # as in __main__
    with theirs, limits.restored():
        number = theirs.fileno()
        command = [sys.executable, "-I", "-S", folder, str(number), "launcher"]
        subprocess.Popen(command, pass_fds=[number])  # noqa: S603  # our own program
    return ours


def run(descriptor: int) -> None:
    """Be the launcher, with the socket that has this descriptor."""
    hide()
    sock = socket.socket(fileno=descriptor)
    sock.set_inheritable(False)
    with contextlib.suppress(KeyboardInterrupt):
        serve(sock)


def serve(sock: socket.socket) -> None:
    """Start the programs that the worker orders, until it closes the socket."""
    while (header := _receive(sock, _LENGTH.size)) is not None:
        body = _receive(sock, _LENGTH.unpack(header)[0])
        if body is None:
            return
        sock.sendall(_NUMBER.pack(launch(json.loads(body))))


def _receive(sock: socket.socket, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        with contextlib.suppress(ConnectionError):
            block = sock.recv(count - len(data))
            if block:
                data += block
                continue
        return None
    return data


def launch(order: Order) -> int:
    """Start a program by a double fork; return its process id, or minus an errno.

    The program writes its process id to a pipe, and then minus an errno if it fails.
    """
    reading, writing = os.pipe2(os.O_CLOEXEC)
    middle = os.fork()
    if middle == 0:  # pragma: no cover  # in a fork
        with contextlib.suppress(OSError):
            if os.fork() == 0:
                try:
                    _become(order, writing)
                except OSError as error:
                    os.write(writing, _NUMBER.pack(-(error.errno or errno.EINVAL)))
                os._exit(_FAILED)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answers = pipe.read()
    os.waitpid(middle, 0)
    numbers = [n for (n,) in _NUMBER.iter_unpack(answers)]
    return min(numbers, default=-errno.EAGAIN)


def _become(order: Order, writing: int) -> NoReturn:  # pragma: no cover  # in a fork
    os.setsid()
    os.write(writing, _NUMBER.pack(os.getpid()))
    os.chdir(order["directory"].encode("latin-1"))
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(_CLOSED_FROM):
        os.dup2(null, number)
    os.closerange(_CLOSED_FROM, writing)
    os.closerange(writing + 1, 1 << 20)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these two
        signal.signal(number, signal.SIG_DFL)
    argv = [argument.encode("latin-1") for argument in order["argv"]]
    given = order["environment"].items()
    os.execvpe(  # noqa: S606  # an argument list, and no shell
        argv[0], argv, {k.encode("latin-1"): v.encode("latin-1") for k, v in given}
    )
