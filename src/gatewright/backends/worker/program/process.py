"""The worker as a process: hidden, limited, with a launcher beside it."""

import os
import socket
import threading
import time

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
from gatewright.backends.worker.program.reading import Arguments
from gatewright.backends.worker.program.server import Server
from gatewright.backends.worker.program.writing import Writings

_END_SECONDS = 10.0


def run(descriptor: int) -> None:
    """Serve the socket with this descriptor until the gateway closes it.

    What is in hand then has ten seconds to stop or to be finished. A read from a disk
    that hangs cannot be stopped, and a worker does not outlive its gateway for it.
    """
    sock = socket.socket(fileno=descriptor)
    sock.set_inheritable(False)
    starter = launcher.start(sock)
    hide()
    stopping = threading.Event()

    def end_soon() -> None:
        stopping.wait()
        time.sleep(_END_SECONDS)
        os._exit(1)

    threading.Thread(target=end_soon, daemon=True).start()
    serve(sock, SpawnLimits(lowered()), starter, stopping)


def serve(
    sock: socket.socket,
    limits: SpawnLimits,
    starter: Launcher,
    stopping: threading.Event,
) -> None:
    """Answer requests with every operation of the worker; close the socket at last.

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
        "ping": lambda _: None,
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
        Server(sock, quick, [lasting, running], stopping).serve()
    writings.close()
