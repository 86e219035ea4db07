"""The worker process: undumpable, with limited resources."""

import os
import socket
import threading
import time
from functools import partial

from gatewright.backends.worker.program import changing, launcher, reading
from gatewright.backends.worker.program.commands import Commands, working_folder
from gatewright.backends.worker.program.entries import text
from gatewright.backends.worker.program.launcher import Launcher
from gatewright.backends.worker.program.limits import (
    SpawnLimits,
    environment,
    hide,
    lowered,
)
from gatewright.backends.worker.program.permit import KEY_BYTES, Permit
from gatewright.backends.worker.program.reading import Arguments
from gatewright.backends.worker.program.server import Server
from gatewright.backends.worker.program.writing import Writings

_END_SECONDS = 10.0


def run(descriptor: int, *, tickets: bool = False) -> None:
    """Serve the socket with this descriptor until the gateway closes it.

    Pending operations then have ten seconds to end. A read from a hanging disk cannot
    be interrupted, and the worker must not outlive its gateway because of it.

    With ``tickets``, the first bytes in the socket are the key with which tickets are
    checked. The broker put them there before the gateway had its end of the socket.
    """
    sock = socket.socket(fileno=descriptor)
    sock.set_inheritable(False)
    hide()
    permit = Permit(sock.recv(KEY_BYTES, socket.MSG_WAITALL) if tickets else None)
    stopping = threading.Event()

    def end_soon() -> None:
        stopping.wait()
        time.sleep(_END_SECONDS)
        os._exit(1)

    threading.Thread(target=end_soon, daemon=True).start()
    limits = SpawnLimits(lowered())
    starter = Launcher(partial(launcher.start, limits))
    serve(sock, limits, starter, stopping, permit)


def serve(
    sock: socket.socket,
    limits: SpawnLimits,
    starter: Launcher,
    stopping: threading.Event,
    permit: Permit | None = None,
) -> None:
    """Answer requests for all operations of the worker, then close the socket.

    ``stopping`` is set when the gateway has closed its end.
    """
    writings = Writings()
    commands = Commands(limits)

    def launch(arguments: Arguments) -> dict[str, int]:
        given = arguments["environment"]  # exactly that of the program
        if given is None:
            given = {text(name): text(value) for name, value in environment().items()}
        order = {
            "argv": arguments["argv"],
            "directory": text(working_folder(arguments)),
            "environment": given,
        }
        return {"pid": starter.launch(order)}

    quick = {
        "stat": reading.status,
        "open": reading.open_file,
        "list": reading.listing,
        "space": reading.space,
        "mkdir": changing.make_folder,
        "chmod": changing.change_mode,
        "link": changing.make_link,
        "begin": writings.begin,
        "abort": writings.abort,
        "launch": launch,
    }
    lasting = {
        "checksum": reading.checksum,
        "move": changing.move,
        "copy": changing.copy,
        "remove": changing.remove,
        "commit": writings.commit,
    }
    running = {"run": commands.run}
    with sock:
        Server(sock, quick, [lasting, running], stopping, permit).serve()
    writings.close()
