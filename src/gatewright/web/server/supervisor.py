"""Starts the gateway's processes on one listening socket, replaces and stops them.

The supervisor binds the socket and starts each process by exec, so that the environment
variables of the C library's allocator apply from the first allocation. It waits for
pidfds and pipes in one selector loop and has no threads.

One more process stands by: it has imported all that a gateway process needs, and waits.
When a process dies, the one on standby takes its place at once. Until then new
connections wait in the backlog of the socket, which the supervisor keeps open.
"""

import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import FrameType

from gatewright.core.config import Config
from gatewright.web.server.listening import listen, with_bound_port
from gatewright.web.server.patience import DRAIN_SECONDS

APPLICATION = "gatewright.app:create_app"
ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_TOP_PAD_": "16777216",
}
"""Settings that make malloc keep freed memory. Measured with uploads, they reduce the
CPU time for a GB from 1.62 to 0.48 s."""

_DEATHS_AT_ONCE = 30
"""Processes that may die one after another in a place and be replaced without delay."""
_FIRST_BACKOFF = 0.1
_LONGEST_BACKOFF = 10.0
_STEADY_SECONDS = 30.0
"""A process that answered for this long resets the count of deaths."""
_KILL_SECONDS = DRAIN_SECONDS + 5.0

GO = b"G"
"""Byte that is sent along with the listening socket."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Child:
    """One gateway process."""

    process: subprocess.Popen[bytes]
    """The process."""
    pidfd: int
    """Descriptor that is readable when the process has ended."""
    go: socket.socket | None
    """Unix socket that delivers the listening socket to the process; None after
    that."""
    ready: int
    """Pipe on which the process reports that it answers requests; -1 after that."""
    answers_since: float = float("inf")
    """Monotonic time of that report."""


@dataclass(slots=True)
class _Place:
    """A slot for one of the configured processes, which outlives the process in it."""

    child: _Child | None = None
    """The process in the slot."""
    deaths: int = 0
    """Number of processes that died here one after another."""
    start_at: float = 0.0
    """Monotonic time of the next start."""
    answered: bool = field(default=False)
    """Whether any process in the slot has answered requests."""


def serve(
    config: Config,
    on_ready: Callable[[str], None],
    *,
    factory: str = APPLICATION,
) -> int:
    """Run the gateway until SIGTERM or SIGINT; return the exit status.

    Parameters
    ----------
    config
        The gateway's configuration.
    on_ready
        Called once, with the gateway's URL, when each of its processes answers
        requests.
    factory
        ``module:function`` of the function that makes the application from the
        configuration.

    Raises
    ------
    Unavailable
        The gateway cannot listen on the address.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(listen(config.gateway.listen))
        bound = with_bound_port(config, listener)
        supervisor = Supervisor(bound, listener, factory, stack)
        return supervisor.run(partial(on_ready, bound.url))


class Supervisor:
    """Keeps the processes of a gateway running."""

    def __init__(
        self, config: Config, listener: socket.socket, factory: str, stack: ExitStack
    ) -> None:
        self._config = config
        self._listener = listener
        self._factory = factory
        self._places = [_Place() for _ in range(config.gateway.processes)]
        self._standby = _Place()
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self._life, self._life_end = os.pipe()
        stack.callback(os.close, self._life)
        stack.callback(os.close, self._life_end)
        self._stopping = False
        self._kill_at = float("inf")
        self._status = 0

    def run(self, on_ready: Callable[[], None]) -> int:
        """Start the processes and supervise them until all have stopped.

        Returns the exit status. ``on_ready`` is called once, when each process answers.
        """
        told = False
        all_places = [*self._places, self._standby]
        with _signals(self._selector, self._stop):
            while not self._stopping or any(place.child for place in all_places):
                self._start_due()
                for key, _ in self._selector.select(self._patience()):
                    if key.fileobj in self._selector.get_map():
                        key.data()
                if not told and all(place.answered for place in self._places):
                    told = True
                    on_ready()
        return self._status

    def _wanted(self) -> list[_Place]:
        """Return the slots that should have a process now.

        The standby process is started after all others answer, so that it delays none
        of them.
        """
        answer = all(p.child and p.child.ready < 0 for p in self._places)
        return [*self._places, self._standby] if answer else self._places

    def _patience(self) -> float | None:
        """Return the seconds until the next start or kill is due; None if none is."""
        due = [place.start_at for place in self._wanted() if place.child is None]
        moments = [self._kill_at] if self._stopping else due
        nearest = min(moments, default=float("inf"))
        if nearest == float("inf"):
            return None
        return max(0.0, nearest - time.monotonic())

    def _start_due(self) -> None:
        now = time.monotonic()
        if self._stopping:
            if now >= self._kill_at:
                self._signal(signal.SIGKILL)
                self._kill_at = float("inf")
            return
        for place in self._wanted():
            if place.child is None and place.start_at <= now:
                self._fill(place)

    def _fill(self, place: _Place) -> None:
        """Move the standby process into a slot, or start a new one if there is none."""
        if place is self._standby:
            place.child = self._start()
            return
        place.child, self._standby.child = self._standby.child, None
        if place.child is None:
            place.child = self._start()
        child = place.child
        select = selectors.EVENT_READ
        self._selector.register(
            child.ready, select, partial(self._answers, place, child)
        )
        assert child.go is not None  # noqa: S101  # the child was on standby
        with child.go, suppress(OSError):  # if it has died, its pidfd becomes readable
            socket.send_fds(child.go, [GO], [self._listener.fileno()])
        child.go = None

    def _start(self) -> _Child:
        """Start a process, which stands by until it gets the listening socket."""
        ready, ready_end = os.pipe()
        go, go_end = socket.socketpair()
        with go_end:
            try:
                process = self._spawn(ready_end, go_end.fileno())
            finally:
                os.close(ready_end)
        child = _Child(process, os.pidfd_open(process.pid), go, ready)
        select = selectors.EVENT_READ
        self._selector.register(child.pidfd, select, partial(self._ended, child))
        return child

    def _spawn(self, ready: int, go: int) -> subprocess.Popen[bytes]:
        config = os.memfd_create("gatewright-config", 0)
        try:
            os.write(config, self._config.model_dump_json().encode())
            os.lseek(config, 0, os.SEEK_SET)
            descriptors = {
                "config": config,
                "ready": ready,
                "listener": go,
                "life": self._life,
            }
            module = "gatewright.web.server.process"
            options = {"factory": self._factory, **descriptors}
            arguments = [f"--{name}={value}" for name, value in options.items()]
            return subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-m", module, *arguments],
                env=os.environ | ALLOCATOR,
                stdin=subprocess.DEVNULL,
                pass_fds=tuple(descriptors.values()),
            )
        finally:
            os.close(config)

    def _answers(self, place: _Place, child: _Child) -> None:
        if os.read(child.ready, 1):
            place.answered = True
            child.answers_since = time.monotonic()
        self._selector.unregister(child.ready)
        os.close(child.ready)
        child.ready = -1

    def _ended(self, child: _Child) -> None:
        places = [*self._places, self._standby]
        place = next(place for place in places if place.child is child)
        status = child.process.wait()
        self._selector.unregister(child.pidfd)
        os.close(child.pidfd)
        if child.go is not None:
            child.go.close()
        elif child.ready >= 0:
            self._selector.unregister(child.ready)
        if child.ready >= 0:
            os.close(child.ready)
        place.child = None
        if self._stopping:
            return
        _log.warning("A gateway process ended with status %d.", status)
        if not place.answered and place is not self._standby:
            self._status = status if status > 0 else 1
            self._stop()
            return
        self._put_off(place, time.monotonic() - child.answers_since)

    def _put_off(self, place: _Place, answered: float) -> None:
        """Set when a slot is filled again after its process has ended.

        ``answered`` is for how many seconds the process answered requests. After many
        short-lived processes in a row, each start is delayed more than the last.
        """
        place.deaths = 1 if answered > _STEADY_SECONDS else place.deaths + 1
        late = place.deaths - _DEATHS_AT_ONCE
        wait = min(_FIRST_BACKOFF * 2 ** min(late - 1, 10), _LONGEST_BACKOFF)
        place.start_at = time.monotonic() + (wait if late > 0 else 0.0)

    def _stop(self) -> None:
        """Let the processes finish their requests; on the second call kill them."""
        if self._stopping:
            self._signal(signal.SIGKILL)
            return
        self._stopping = True
        self._kill_at = time.monotonic() + _KILL_SECONDS
        # The kernel refuses new connections once no process holds the socket.
        self._listener.close()
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        for place in (*self._places, self._standby):
            if place.child is not None:
                place.child.process.send_signal(number)


@contextmanager
def _signals(
    selector: selectors.BaseSelector, stop: Callable[[], None]
) -> Iterator[None]:
    """Call ``stop`` from the selector's loop for each SIGTERM and SIGINT."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    read, write = os.pipe()
    os.set_blocking(write, False)

    def note(number: int, frame: FrameType | None) -> None:
        os.write(write, b"s")

    def take() -> None:
        os.read(read, 1)
        stop()

    selector.register(read, selectors.EVENT_READ, take)
    old = {n: signal.signal(n, note) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
        selector.unregister(read)
        os.close(read)
        os.close(write)
