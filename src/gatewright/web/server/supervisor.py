"""Starts the gateway's processes on one listening socket, replaces and stops them.

The supervisor binds the socket and starts each process by exec, so that the environment
variables of the C library's allocator apply from the first allocation. It waits for
pidfds and pipes in one selector loop and has no threads. The first process imports the
application while the supervisor reads the configuration, which takes as long.

One more process stands by: it has imported all that a gateway process needs, and waits.
When a process dies, the one on standby takes its place at once. Until then new
connections wait in the backlog of the socket, which the supervisor keeps open.

On SIGHUP the configuration is read anew. Each process is then replaced by one that has
the new settings: it answers first, and the old one is then told to finish its requests.
"""

import logging
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FrameType

from gatewright.core.config import Config
from gatewright.core.errors import GatewayError
from gatewright.web.server.children import Child, Starter
from gatewright.web.server.listening import listen, with_bound_port
from gatewright.web.server.patience import DRAIN_SECONDS

APPLICATION = "gatewright.app:create_app"
_DEATHS_AT_ONCE = 30
"""Processes that may die one after another in a place and be replaced without delay."""
_FIRST_BACKOFF = 0.1
_LONGEST_BACKOFF = 10.0
_STEADY_SECONDS = 30.0
"""A process that answered for this long resets the count of deaths."""
_KILL_SECONDS = DRAIN_SECONDS + 5.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Place:
    """A slot for one of the configured processes, which outlives the process in it."""

    child: Child | None = None
    """The process in the slot."""
    deaths: int = 0
    """Number of processes that died here one after another."""
    start_at: float = 0.0
    """Monotonic time of the next start."""
    answered: bool = field(default=False)
    """Whether any process in the slot has answered requests."""
    old: Child | None = None
    """The process that serves until the one in the slot, with new settings, answers."""


def serve(
    load: Callable[[], Config],
    on_ready: Callable[[str], None],
    *,
    factory: str = APPLICATION,
) -> int:
    """Run the gateway until SIGTERM or SIGINT; return the exit status.

    Parameters
    ----------
    load
        Returns the gateway's configuration. It is called while the first process
        imports the application, and again at each SIGHUP.
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
        starter = stack.enter_context(Starter(factory))
        starter.begin()
        config = load()
        listener = stack.enter_context(listen(config.gateway.listen))
        supervisor = Supervisor(config, listener, starter, stack, load)
        return supervisor.run(on_ready)


class Supervisor:
    """Keeps the processes of a gateway running."""

    def __init__(
        self,
        config: Config,
        listener: socket.socket,
        starter: Starter,
        stack: ExitStack,
        load: Callable[[], Config],
    ) -> None:
        self._written = config
        self._config = with_bound_port(config, listener)
        self._proven = self._config
        self._load = load
        self._listener = listener
        self._starter = starter
        self._places = [_Place() for _ in range(config.gateway.processes)]
        self._standby = _Place()
        self._leaving: list[Child] = []
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self._stopping = False
        self._kill_at = float("inf")
        self._status = 0

    def run(self, on_ready: Callable[[str], None]) -> int:
        """Start the processes and supervise them until all have stopped.

        Returns the exit status. ``on_ready`` is called once, with the gateway's URL,
        when each process answers.
        """
        told = False
        with _signals(self._selector, self._stop, self._reload):
            while not self._stopping or any(self._children()):
                self._start_due()
                self._renew_next()
                for key, _ in self._selector.select(self._patience()):
                    if key.fileobj in self._selector.get_map():
                        key.data()
                if not told and all(place.answered for place in self._places):
                    told = True
                    on_ready(self._config.url)
        return self._status

    def _children(self) -> Iterator[Child]:
        """Yield all processes that have not ended."""
        for place in (*self._places, self._standby):
            yield from filter(None, (place.child, place.old))
        yield from self._leaving

    def _reload(self) -> None:
        """Read the configuration anew, and have all processes replaced one by one."""
        if self._stopping:
            return
        try:
            written = self._load()
        except GatewayError as error:
            _log.error("The settings stay as they are: %s", error.text)
            return
        if changed := ", ".join(_fixed_settings(self._written, written)):
            _log.error(
                "The settings stay as they are: Restart the gateway to change %s.",
                changed,
            )
            return
        _log.info("The configuration was read anew.")
        self._use(with_bound_port(written, self._listener))

    def _use(self, config: Config) -> None:
        """Have processes with other settings replaced, and others start with these."""
        self._config = config
        self._leave(self._standby)

    def _renew_next(self) -> None:
        """Begin to replace the next process with old settings, once one stands by."""
        standby = self._standby.child
        if self._stopping or standby is None or standby.config is not self._config:
            return
        if any(place.old or place.child is None for place in self._places):
            return
        for place in self._places:
            if place.child is not None and place.child.config is not self._config:
                place.old, place.child = place.child, None
                self._fill(place)
                return

    def _leave(self, place: _Place) -> None:
        """Let a slot's process finish its requests and end; the slot is empty then."""
        if place.child is not None:
            place.child.process.terminate()
            self._leaving.append(place.child)
            place.child = None

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
        child.listen(self._listener)

    def _start(self) -> Child:
        """Start a process, which stands by until it gets the listening socket."""
        child = self._starter.start()
        child.configure(self._config)
        select = selectors.EVENT_READ
        self._selector.register(child.pidfd, select, partial(self._ended, child))
        return child

    def _answers(self, place: _Place, child: Child) -> None:
        if os.read(child.ready, 1):
            place.answered = True
            child.answers_since = time.monotonic()
            self._proven = child.config or self._proven
            if place.old is not None:
                place.old.process.terminate()
                self._leaving.append(place.old)
                place.old = None
        self._selector.unregister(child.ready)
        os.close(child.ready)
        child.ready = -1

    def _ended(self, child: Child) -> None:
        status = child.process.wait()
        self._selector.unregister(child.pidfd)
        os.close(child.pidfd)
        if child.go is not None:
            child.go.close()
        elif child.ready >= 0:
            self._selector.unregister(child.ready)
        if child.ready >= 0:
            os.close(child.ready)
        if child in self._leaving:
            self._leaving.remove(child)
            return
        places = [*self._places, self._standby]
        place = next(place for place in places if child in (place.child, place.old))
        if place.old is child:  # the one that replaces it is about to answer
            place.old = None
            return
        place.child, place.old = place.old, None
        if self._stopping:
            return
        _log.warning("A gateway process ended with status %d.", status)
        if place is not self._standby and self._fails_with_new_settings(child):
            _log.error("The gateway does not start with the new settings.")
            self._use(self._proven)
        elif not place.answered and place is not self._standby:
            self._status = status if status > 0 else 1
            self._stop()
        else:
            self._put_off(place, time.monotonic() - child.answers_since)

    def _fails_with_new_settings(self, child: Child) -> bool:
        """Return whether a process died before it answered with settings never used."""
        unproven = child.config is self._config and self._config is not self._proven
        return unproven and child.answers_since == float("inf")

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
        for child in self._children():
            child.process.send_signal(number)


def _fixed_settings(old: Config, new: Config) -> list[str]:
    """Return which settings changed that two processes may not have differently."""
    of_authn = ["identity"] if old.multi_user else []
    changed = [
        f"{name} of [gateway]"
        for name in ("listen", "state", "database", "processes")
        if getattr(old.gateway, name) != getattr(new.gateway, name)
    ]
    changed += [
        f"[{name}]"
        for name in ("broker", "authn", "store", *of_authn)
        if getattr(old, name) != getattr(new, name)
    ]
    if new.multi_user and not old.multi_user:
        changed.append("mode of [identity]")
    return changed


@contextmanager
def _signals(
    selector: selectors.BaseSelector,
    stop: Callable[[], None],
    reload: Callable[[], None],
) -> Iterator[None]:
    """Call ``stop`` for each SIGTERM and SIGINT, and ``reload`` for each SIGHUP.

    They are called from the selector's loop. On a terminal SIGHUP says that the
    terminal is gone, and stops; ``nohup`` ignores it, and that remains.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    on_hangup = stop if sys.stdin is not None and sys.stdin.isatty() else reload
    meanings = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: on_hangup}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        del meanings[signal.SIGHUP]

    def note(number: int, frame: FrameType | None) -> None:
        os.write(write, bytes([number]))

    def take() -> None:
        meanings[signal.Signals(os.read(read, 1)[0])]()

    selector.register(read, selectors.EVENT_READ, take)
    old = {number: signal.signal(number, note) for number in meanings}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
        selector.unregister(read)
        os.close(read)
        os.close(write)
