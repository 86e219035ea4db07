"""The zygote process: imports the programs once, and forks readers on demand.

It is single-threaded and opens no user's file. It ends when the gateway dies or closes
its end of the control socket, and its readers end with it.
"""

import gc
import importlib
import logging
import os
import select
import signal
import socket
import sys
from types import ModuleType

from gatewright.backends.readers import sandbox
from gatewright.backends.readers.protocol import (
    MESSAGE_BYTES,
    Order,
    Setup,
    decode_order,
    decode_setup,
)
from gatewright.backends.readers.reader import Reader, open_memory_record
from gatewright.backends.readers.ring import map_ring

_log = logging.getLogger(__name__)


def import_programs(names: list[str]) -> dict[str, ModuleType]:
    """Return the modules by name; a module that cannot be imported is logged."""
    programs = {}
    for name in names:
        try:
            programs[name] = importlib.import_module(name)
        except Exception as error:  # noqa: BLE001  # another's package may fail in any way
            _log.warning("The reader program %s does not import: %s", name, error)
    return programs


class Zygote:
    """Carries out the orders of the gateway."""

    def __init__(self, control: socket.socket, setup: Setup) -> None:
        self._control = control
        self._setup = setup
        self._folders = list(setup.folders)
        self._programs = import_programs(setup.programs)
        # What is imported stays in memory that the readers share with this process:
        # their garbage collection does not write to it.
        gc.freeze()
        self._children: dict[int, int] = {}

    def serve(self) -> None:
        """Carry out orders until the gateway closes its end of the socket."""
        wake, signalled = socket.socketpair()
        for end in (wake, signalled):
            end.settimeout(0)
        signal.set_wakeup_fd(signalled.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            ready, _, _ = select.select([self._control, wake], [], [])
            if wake in ready:
                wake.recv(4096)
                for number, child in list(self._children.items()):
                    if os.waitpid(child, os.WNOHANG)[0]:
                        del self._children[number]
            if self._control not in ready:
                continue
            data, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE_BYTES, 2)
            if not data:
                return
            self._obey(decode_order(data), descriptors)

    def _obey(self, order: Order, descriptors: list[int]) -> None:
        if order.verb == "folders":
            self._folders = list(order.folders)
        elif order.verb == "fork":
            channel, ring = descriptors
            parent = os.getpid()
            child = os.fork()
            if not child:
                self._become_reader(parent, channel, ring)
            self._children[order.number] = child
            os.close(channel)
            os.close(ring)
        elif order.number in self._children:
            os.kill(self._children[order.number], signal.SIGKILL)

    def _become_reader(self, parent: int, channel: int, ring: int) -> None:
        """Drop privileges, answer calls, and end the process."""
        status = 1
        try:
            sandbox.die_with_parent(parent)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._control.close()
            memory = open_memory_record()  # no path can be opened later
            shared = map_ring(ring)
            sandbox.limit(
                self._setup.memory_bytes + len(shared), self._setup.file_bytes
            )
            effects = sandbox.enter(self._folders)
            missing = [name for name, took_effect in effects.items() if not took_effect]
            if missing:
                _log.info("a reader runs without %s", ", ".join(missing))
            with socket.socket(fileno=channel) as end:
                Reader(end, shared, self._programs, memory).serve()
            status = 0
        finally:
            os._exit(status)


def main(descriptor: int) -> None:
    """Serve the control socket that the gateway passed at the start."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    with socket.socket(fileno=descriptor) as control:
        data = control.recv(MESSAGE_BYTES)
        if data:
            Zygote(control, decode_setup(data)).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
