"""Starts runners by fork: a runner that is exec'd costs ten times as much.

``SERVE PIPE``: the pipe has a job's folder on each line. The host ends when nobody
writes there any more, as when its gateway is killed; the runners go on without it.
"""

import gc
import os
import signal
import time
from typing import NoReturn

from gatewright.backends.processes.program import runner
from gatewright.backends.processes.program.disk import boot_id

BLOCK = 65_536
_TRIES = 20
_PAUSE_SECONDS = 0.1


def serve(path: str) -> int:
    """Fork a runner for each line, until the other end of the pipe is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the runners
    pipe = os.open(path, os.O_RDONLY)
    boot_id()  # what each runner needs is found once, and its fork has it
    gc.freeze()
    rest = b""
    while block := os.read(pipe, BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            start(os.fsdecode(line), pipe)
    return 0


def start(folder: str, pipe: int) -> None:
    """Fork the runner of one job; the gateway sends for it again if that fails."""
    for _ in range(_TRIES):
        try:
            if os.fork() == 0:
                be_runner(folder, pipe)
        except OSError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def be_runner(folder: str, pipe: int) -> NoReturn:  # pragma: no cover  # in a fork
    """Run a job as a process that leads a session of its own."""
    status = 1
    try:
        os.close(pipe)
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        status = runner.main(folder)
    except BaseException as error:  # noqa: BLE001  # a fork must never return
        runner.note(repr(error))
    finally:
        os._exit(status)
