"""Starts runners by fork, which costs a tenth of starting a new interpreter.

It is run as ``SERVE PIPE``, and reads the folder of a job from each line of the pipe.
It ends when nobody has the pipe open for writing, as after a kill of the gateway; the
runners continue.
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
    """Fork the runner of one job; if that fails, the gateway asks for it again."""
    for _ in range(_TRIES):
        try:
            if os.fork() == 0:
                be_runner(folder, pipe)
        except OSError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def be_runner(folder: str, pipe: int) -> NoReturn:  # pragma: no cover  # in a fork
    """Run a job as the leader of a new session."""
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
