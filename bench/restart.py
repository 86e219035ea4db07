"""Time from a kill to the next response, for one gateway process and the whole program.

A process is killed 20 times while a client connects at once; no connection may be
refused. It is killed some time after its last response, and then as soon as it
responds, when the standby process may not be ready yet. The peer is bare FastAPI under
uvicorn's own supervisor, also with one process. The whole program is killed with all
its processes, and started again by its command with the same state and port.
"""

import os
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median, quantiles

from bench.support import uvicorn_server
from bench.support.processes import family, free_port, python, server
from bench.support.whole_gateway import gateway, serve_command

HOST = "127.0.0.1"
PATH = "/api/v1/session"
KILLS = 20
PAUSES = (2.0, 0.0)
STARTS = 5
SETTLE_SECONDS = 3.0


def answered(port: int) -> int:
    """Return how many connections were refused before the next 200 response."""
    refused = 0
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with closing(HTTPConnection(HOST, port, timeout=60)) as connection:
            try:
                connection.request("GET", PATH)
                status = connection.getresponse().status
            except ConnectionRefusedError:
                refused += 1
                time.sleep(0.01)
                continue
            except (OSError, HTTPException):  # accepted by the process just killed
                continue
        if status != 200:
            raise RuntimeError(f"{status} of {PATH}")
        return refused
    raise TimeoutError("nothing answers")


def serving(pid: int) -> int:
    """Return the pid of a supervisor's child that answers requests."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    for child in children.split():
        name = Path(f"/proc/{child}/comm").read_text(encoding="ascii").strip()
        command = Path(f"/proc/{child}/cmdline").read_bytes()
        # Python's multiprocessing starts a helper process, which answers no requests.
        if name != "gw-standby" and b"resource_tracker" not in command:
            return int(child)
    raise RuntimeError("no process serves")


def kills(name: str, port: int, pid: int, pause: float) -> None:
    """Kill the serving process several times; print how long no process answered."""
    times, refused = [], 0
    for _ in range(KILLS):
        answered(port)
        time.sleep(pause)
        victim = serving(pid)
        began = time.perf_counter()
        os.kill(victim, signal.SIGKILL)
        refused += answered(port)
        times.append(time.perf_counter() - began)
    print(
        f"{name}: {KILLS} processes killed {pause:g} s after an answer: p50 "
        f"{median(times):.2f}, p95 {quantiles(times, n=20)[18]:.2f}, longest "
        f"{max(times):.2f} s; {refused} connections refused",
        flush=True,
    )


def whole(folder: Path, port: int, pid: int) -> None:
    """Kill the program with all its processes, and start it again; print the times."""
    times, begun = [], []
    for _ in range(STARTS):
        for each in family(pid):
            os.kill(each, signal.SIGKILL)
        began = time.perf_counter()
        process = subprocess.Popen(serve_command(folder), stderr=subprocess.DEVNULL)
        answered(port)
        times.append(time.perf_counter() - began)
        time.sleep(SETTLE_SECONDS)
        begun.append(process)
        pid = process.pid
    begun[-1].terminate()
    for process in begun:
        process.wait()
    print(f"ours: whole program: {', '.join(f'{one:.2f}' for one in times)} s")


def main() -> None:
    """Measure the gateway and the peer."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        port, pid, _ = stack.enter_context(gateway(folder, folder, HOST))
        for pause in PAUSES:
            kills("ours", port, pid, pause)
        port_of_peer = free_port()
        command = python("-m", uvicorn_server.MODULE, str(port_of_peer))
        with server(command, port_of_peer) as peer:
            for pause in PAUSES:
                kills("peer", port_of_peer, peer, pause)
        whole(folder, port, pid)


if __name__ == "__main__":
    main()
