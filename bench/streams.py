"""Event streams: the cost of 1,000 and 2,000 idle ones, and their effect on others.

Ours pass through all of `web.stack`, and follow the event log of an account; the peer
only sends a comment now and then, under the same server. All streams are opened at
once, while another process requests small responses. Then one event is sent to all
streams.
"""

import json
import select
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles

from bench.support import stream_server
from bench.support.processes import cpu_seconds, family, free_port, python, server
from bench.support.whole_gateway import gateway

HOST = "127.0.0.1"
COUNTS = (0, 1000, 2000)
SETTLE_SECONDS = 4.0
IDLE_SECONDS = 20.0
PATH = "/api/v1/events"


def serving(pid: int) -> int:
    """Return the pid of the process that answers requests."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for each in family(pid):
            name = Path(f"/proc/{each}/comm").read_text(encoding="ascii").strip()
            if name == "gatewright":
                return each
        time.sleep(0.1)
    raise RuntimeError("no process serves")


def resident_kb(pid: int) -> int:
    """Return the resident memory of a process in kB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(text for text in status.splitlines() if text.startswith("VmRSS"))
    return int(line.split()[1])


class Pings:
    """A process that requests small responses until :meth:`end` is called."""

    def __init__(self, port: int) -> None:
        command = python("-m", "bench.support.pinger", str(port), "/api/v1/session")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def end(self) -> list[float]:
        """Stop the requests; return the sorted seconds that each took."""
        output, _ = self._process.communicate()
        return sorted(json.loads(output))


def pings_for(port: int, seconds: float) -> list[float]:
    """Return the sorted seconds of small requests while nothing else is requested."""
    pings = Pings(port)
    time.sleep(seconds)
    return pings.end()


def told(times: list[float]) -> str:
    """Return the median, the 99th percentile and the longest time, in milliseconds."""
    cuts = quantiles(times, n=100)
    half, most, longest = (1000 * t for t in (cuts[49], cuts[98], times[-1]))
    return f"p50 {half:.1f}, p99 {most:.1f}, longest {longest:.1f} ms"


def open_streams(port: int, count: int, token: str) -> list[socket.socket]:
    """Open ``count`` streams at once; return them when all have begun."""
    head = f"GET {PATH} HTTP/1.1\r\nHost: {HOST}:{port}\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    head += "Accept: text/event-stream\r\n\r\n"
    opened = []
    for _ in range(count):
        stream = socket.create_connection((HOST, port), 60)
        stream.sendall(head.encode())
        opened.append(stream)
    for stream in opened:
        answer = stream.recv(65_536)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer[:200])
    return opened


def fan_out(port: int, token: str, streams: list[socket.socket]) -> str:
    """Submit a job; return as text when the streams received its first event."""
    waiting = select.epoll()
    by_descriptor = {stream.fileno(): stream for stream in streams}
    for descriptor, stream in by_descriptor.items():
        stream.setblocking(False)
        with suppress(BlockingIOError):
            stream.recv(1 << 20)
        waiting.register(descriptor, select.EPOLLIN)
    began = time.monotonic()
    with closing(HTTPConnection(HOST, port, timeout=60)) as connection:
        fields = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "text/x-shellscript",
        }
        body = "#!/bin/sh\ntrue\n"
        connection.request("POST", "/api/v1/jobs/local", body, fields)
        status = connection.getresponse().status
        if status != 201:
            raise RuntimeError(f"{status} of a job")
    had: list[float] = []
    while len(had) < len(streams) and time.monotonic() - began < 60:
        for descriptor, _ in waiting.poll(0.2):
            if b"data:" in by_descriptor[descriptor].recv(65_536):
                had.append(time.monotonic() - began)
                waiting.unregister(descriptor)
    waiting.close()
    return f"{len(had)} of {len(streams)}, first {had[0]:.2f} s, last {had[-1]:.2f} s"


def measure(name: str, port: int, pid: int, token: str) -> None:
    """Print the cost of each number of streams."""
    process = serving(pid)
    pings_for(port, 1)
    print(f"{name}: others alone: {told(pings_for(port, 5))}")
    base = 0
    for count in COUNTS:
        pings = Pings(port)
        time.sleep(0.5)
        began = time.monotonic()
        streams = open_streams(port, count, token)
        opening = time.monotonic() - began
        times = pings.end()
        time.sleep(SETTLE_SECONDS)
        before, began = cpu_seconds(process), time.monotonic()
        time.sleep(IDLE_SECONDS)
        share = (cpu_seconds(process) - before) / (time.monotonic() - began)
        memory = resident_kb(process)
        base = base or memory
        each = f"{(memory - base) / count:.1f} kB each, " if count else ""
        print(f"{name}: {count} idle streams: {each}{100 * share:.2f} % of a core")
        if count:
            print(
                f"{name}: others while {count} open in {opening:.2f} s: {told(times)}"
            )
        if token and count:
            print(f"{name}: one event to all: {fan_out(port, token, streams)}")
        for stream in streams:
            stream.close()
        time.sleep(1)


def main() -> None:
    """Measure both servers."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        port, pid, token = stack.enter_context(gateway(folder, folder, HOST))
        measure("ours", port, pid, token)
        port = free_port()
        settings = {"listen": f"{HOST}:{port}", "state": str(folder / "peer")}
        command = python("-m", stream_server.MODULE, json.dumps({"gateway": settings}))
        pid = stack.enter_context(server(command, port))
        measure("peer", port, pid, "")


if __name__ == "__main__":
    main()
