"""The gateway's processes: started on one listening socket, restarted, stopped.

The parent binds the socket and starts each process by exec, so that the settings of
the C library's allocator (its environment) hold from the first allocation. It waits on
pidfds and pipes in one selector loop and has no threads.
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
from ipaddress import ip_address
from types import FrameType

from gatewright.core.config import Config
from gatewright.core.errors import Unavailable
from gatewright.web.server.process import DRAIN_SECONDS

APPLICATION = "gatewright.app:create_app"
ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_TOP_PAD_": "16777216",
}
"""Keep freed blocks of uploads: 1.62 to 0.48 s of CPU for a GB, measured."""

_BACKLOG = 2048
_FIRST_BACKOFF = 0.1
_LONGEST_BACKOFF = 10.0
_STEADY_SECONDS = 30.0
_KILL_SECONDS = DRAIN_SECONDS + 5.0
_KEEPALIVE_SECONDS = 60
_UNACKNOWLEDGED_MILLISECONDS = 300_000

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Child:
    """One gateway process and its place."""

    process: subprocess.Popen[bytes]
    """The process."""
    pidfd: int
    """Readable when it has ended."""
    ready: int
    """Pipe on which it says that it answers; -1 once it has."""
    started_at: float
    """Monotonic time of its start."""


@dataclass(slots=True)
class _Place:
    """What one of the processes fills; it outlives the process."""

    child: _Child | None = None
    """The process that fills it."""
    backoff: float = _FIRST_BACKOFF
    """Seconds to wait before the next start."""
    start_at: float = 0.0
    """Monotonic time of the next start."""
    answered: bool = field(default=False)
    """Whether a process in it has answered yet."""


def listen(address: str) -> socket.socket:
    """Return a listening socket for ``host:port``; port 0 picks a free one.

    Raises
    ------
    Unavailable
        The address is taken, or not one of this machine.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _watch_for_dead_clients(listener)
        listener.bind((host, int(port)))
        _leave_out_pacing(listener)
        listener.listen(_BACKLOG)
    except (OSError, ValueError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "it is not HOST:PORT"
        raise Unavailable(
            f"Cannot listen on {address}: {reason}. Choose another address or port, by "
            "“listen” in the configuration or --port of a demo; 0 finds a free one."
        ) from error
    return listener


def _watch_for_dead_clients(listener: socket.socket) -> None:
    """Set what accepted connections inherit: a client that vanished is noticed."""
    tcp = socket.IPPROTO_TCP
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listener.setsockopt(tcp, socket.TCP_KEEPIDLE, _KEEPALIVE_SECONDS)
    listener.setsockopt(tcp, socket.TCP_KEEPINTVL, _KEEPALIVE_SECONDS // 4)
    listener.setsockopt(tcp, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MILLISECONDS)


def _leave_out_pacing(listener: socket.socket) -> None:
    """Set the plainest congestion control for clients on this machine.

    Where the system's is BBR, accepted connections would be paced by a timer between
    their segments. That is made for networks; from this machine to itself (a proxy in
    front, a browser on a laptop) it quadrupled the CPU of a download. It has to be set
    before a connection begins (tcp(7)).
    """
    if not ip_address(listener.getsockname()[0]).is_loopback:
        return
    with suppress(OSError):  # a kernel where it may not be chosen
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")


def with_bound_port(config: Config, listener: socket.socket) -> Config:
    """Return the configuration with the port that was picked in ``listen``."""
    host, _, _ = config.gateway.listen.rpartition(":")
    address = f"{host}:{listener.getsockname()[1]}"
    gateway = config.gateway.model_copy(update={"listen": address})
    return config.model_copy(update={"gateway": gateway})


def serve(
    config: Config,
    on_ready: Callable[[str], None],
    *,
    factory: str = APPLICATION,
) -> int:
    """Run the gateway until SIGTERM or SIGINT; return the exit status.

    ``on_ready`` is called once with the gateway's address, when each of its processes
    answers requests. ``factory`` names the function that makes the application from
    the configuration.

    Raises
    ------
    Unavailable
        The address cannot be listened on.
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
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self._life, self._life_end = os.pipe()
        stack.callback(os.close, self._life)
        stack.callback(os.close, self._life_end)
        self._stopping = False
        self._kill_at = float("inf")
        self._status = 0

    def run(self, on_ready: Callable[[], None]) -> int:
        """Start the processes, and watch them until all have stopped."""
        told = False
        with _signals(self._selector, self._stop):
            while not self._is_over():
                self._start_due()
                self._handle(self._selector.select(self._patience()))
                if not told and all(place.answered for place in self._places):
                    told = True
                    on_ready()
        return self._status

    def _is_over(self) -> bool:
        return self._stopping and not any(place.child for place in self._places)

    def _patience(self) -> float | None:
        """Return the seconds until there is something to do unasked."""
        due = [p.start_at for p in self._places if p.child is None]
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
        for place in self._places:
            if place.child is None and place.start_at <= now:
                self._start(place)

    def _start(self, place: _Place) -> None:
        ready, ready_end = os.pipe()
        try:
            process = self._spawn(ready_end)
        finally:
            os.close(ready_end)
        child = _Child(process, os.pidfd_open(process.pid), ready, time.monotonic())
        place.child = child
        select = selectors.EVENT_READ
        self._selector.register(child.pidfd, select, partial(self._ended, place, child))
        self._selector.register(ready, select, partial(self._answers, place, child))

    def _spawn(self, ready: int) -> subprocess.Popen[bytes]:
        config = os.memfd_create("gatewright-config", 0)
        try:
            os.write(config, self._config.model_dump_json().encode())
            os.lseek(config, 0, os.SEEK_SET)
            descriptors = {
                "config": config,
                "listener": self._listener.fileno(),
                "ready": ready,
                "life": self._life,
            }
            return subprocess.Popen(  # noqa: S603  # our own program
                _command(self._factory, descriptors),
                env=os.environ | ALLOCATOR,
                stdin=subprocess.DEVNULL,
                pass_fds=tuple(descriptors.values()),
            )
        finally:
            os.close(config)

    def _handle(self, events: list[tuple[selectors.SelectorKey, int]]) -> None:
        for key, _ in events:
            if key.fileobj in self._selector.get_map():
                key.data()

    def _answers(self, place: _Place, child: _Child) -> None:
        said = os.read(child.ready, 1)
        self._forget(child)
        place.answered = place.answered or bool(said)

    def _forget(self, child: _Child) -> None:
        if child.ready >= 0:
            self._selector.unregister(child.ready)
            os.close(child.ready)
            child.ready = -1

    def _ended(self, place: _Place, child: _Child) -> None:
        status = child.process.wait()
        self._selector.unregister(child.pidfd)
        os.close(child.pidfd)
        self._forget(child)
        place.child = None
        if self._stopping:
            return
        _log.warning("A gateway process ended with status %d.", status)
        if not place.answered:
            self._status = status if status > 0 else 1
            self._stop()
            return
        self._put_off(place, time.monotonic() - child.started_at)

    def _put_off(self, place: _Place, lived: float) -> None:
        """Say when a process that died is started again."""
        if lived > _STEADY_SECONDS:
            place.backoff = _FIRST_BACKOFF
        place.start_at = time.monotonic() + place.backoff
        place.backoff = min(place.backoff * 2, _LONGEST_BACKOFF)

    def _stop(self) -> None:
        """Let the processes finish what they have; the second time, end them."""
        if self._stopping:
            self._signal(signal.SIGKILL)
            return
        self._stopping = True
        self._kill_at = time.monotonic() + _KILL_SECONDS
        # The kernel refuses new connections once no process holds the socket.
        self._listener.close()
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        for place in self._places:
            if place.child is not None:
                place.child.process.send_signal(number)


def _command(factory: str, descriptors: dict[str, int]) -> list[str]:
    arguments = [f"--{name}={number}" for name, number in descriptors.items()]
    module = "gatewright.web.server.process"
    return [sys.executable, "-m", module, f"--factory={factory}", *arguments]


@contextmanager
def _signals(
    selector: selectors.BaseSelector, stop: Callable[[], None]
) -> Iterator[None]:
    """Call ``stop`` in the selector's loop for each SIGTERM and SIGINT."""
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
