"""Runs commands to their end, with limits of time and output."""

import contextlib
import errno
import os
import selectors
import signal
import time

from gatewright.backends.worker.program.entries import raw
from gatewright.backends.worker.program.kinds import TYPE_CHECKING
from gatewright.backends.worker.program.limits import SpawnLimits, environment
from gatewright.backends.worker.program.reading import Arguments, place_of
from gatewright.backends.worker.program.sockets import READ_SIZE
from gatewright.backends.worker.program.stopping import Stop

if TYPE_CHECKING:
    import subprocess

_PAUSE = 0.05


def working_folder(arguments: Arguments) -> bytes:
    """Return the real path of the folder in a request."""
    where, path = place_of(arguments)
    descriptor = where.folder(path)
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}".encode())  # noqa: PTH115  # by descriptor
    finally:
        os.close(descriptor)


def variables(arguments: Arguments) -> dict[bytes, bytes]:
    """Return the environment of a program: the worker's, updated by the request's."""
    given = arguments.get("environment") or {}
    return environment() | {raw(name): raw(value) for name, value in given.items()}


class _Stream:
    """The captured part of an output stream."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.kept = bytearray()
        self.truncated = False

    def add(self, data: bytes) -> None:
        room = self.cap - len(self.kept)
        self.kept += data[:room]
        self.truncated |= len(data) > room


class Commands:
    """Runs commands with the resource limits that the worker was started with."""

    def __init__(self, limits: SpawnLimits) -> None:
        self._limits = limits

    def run(self, arguments: Arguments) -> tuple[dict[str, object], int]:
        """Run a command; the answer's descriptor has its output and then its errors.

        The command gets its own session. When it ends, its time is over, or the request
        is cancelled, its remaining process group is killed. A descriptor in the request
        becomes its standard input. ``only`` is an end mark of records of output, and a
        text: records without it are left out.
        """
        import subprocess  # a worker that runs no command needs none of it

        given = arguments.get("descriptor")
        with self._limits.restored():
            process = subprocess.Popen(  # noqa: S603  # an argument list, and no shell
                [raw(argument) for argument in arguments["argv"]],
                stdin=subprocess.DEVNULL if given is None else given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=working_folder(arguments),
                env=variables(arguments),
                start_new_session=True,
                bufsize=0,
            )
        streams = [_Stream(arguments["output_bytes"]) for _ in range(2)]
        deadline = time.monotonic() + arguments["seconds"]
        with process:
            try:
                _follow(process, streams, deadline, arguments["stop"])
                timed_out = not _has_ended(process.pid)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if arguments.get("only"):
            end, wanted = map(raw, arguments["only"])
            records = bytes(streams[0].kept).split(end)
            kept = [record + end for record in records if wanted in record]
            streams[0].kept = bytearray().join(kept)
        return _answer(process.returncode, streams, timed_out=timed_out)


def _follow(
    process: "subprocess.Popen[bytes]",
    streams: list[_Stream],
    deadline: float,
    stop: Stop,
) -> None:
    """Read both streams until the command ends, its time is up, or ``stop`` is set."""
    with selectors.DefaultSelector() as selector:
        for pipe, stream in zip((process.stdout, process.stderr), streams, strict=True):
            assert pipe is not None  # noqa: S101  # asked for
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ, stream)
        while time.monotonic() < deadline and not stop.is_set():
            ended = _has_ended(process.pid)
            pause = 0 if ended else _PAUSE
            if not selector.get_map():
                time.sleep(min(pause, 0.005))
            ready = selector.select(pause) if selector.get_map() else []
            for key, _ in ready:
                data = os.read(key.fd, READ_SIZE)
                key.data.add(data)
                if not data:
                    selector.unregister(key.fileobj)
            if ended and not ready:
                return


def _has_ended(pid: int) -> bool:
    """Return whether a child has ended, without reaping it."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, options) is not None


def _answer(
    code: int, streams: list[_Stream], *, timed_out: bool
) -> tuple[dict[str, object], int]:
    descriptor = os.memfd_create("output", os.MFD_CLOEXEC)
    try:
        for stream in streams:
            view = memoryview(stream.kept)
            while view:
                view = view[os.write(descriptor, view) :]
    except OSError as error:
        os.close(descriptor)
        raise OSError(errno.ENOMEM, "output") from error
    out, err = streams
    return {
        "exit_code": code,
        "stdout": len(out.kept),
        "stderr": len(err.kept),
        "stdout_truncated": out.truncated,
        "stderr_truncated": err.truncated,
        "timed_out": timed_out,
    }, descriptor
