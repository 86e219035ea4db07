"""Small JSON answers a second: the gateway whole, against FastAPI's defaults.

Both run in one process on one core. Ours goes through everything in `web.stack`
(session or token, rate limit, log, audit, headers); the peer is a FastAPI route with a
response model under uvicorn as it comes, with nothing around it.
"""

import tempfile
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

from bench.support.processes import cpu_seconds, free_port, python, server, tell

REQUESTS = 3000
REPEATS = 5


def measure(port: int, pid: int, target: str) -> tuple[float, float]:
    """Return the requests a second and the server's CPU microseconds for each."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    before, began = cpu_seconds(pid), time.perf_counter()
    for _ in range(REQUESTS):
        connection.request("GET", target)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{response.status} {body[:200]!r}")
    seconds = time.perf_counter() - began
    connection.close()
    return REQUESTS / seconds, (cpu_seconds(pid) - before) / REQUESTS * 1e6


def main() -> None:
    """Measure both in turn and print ratios."""
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {
            "ours": ("bench.support.gateway_server", "/api/v1/session"),
            "peer": ("bench.support.fastapi_server", "/session"),
        }
        running = {}
        for name, (module, target) in servers.items():
            port = free_port()
            command = python("-m", module, str(port), str(state))
            running[name] = (port, stack.enter_context(server(command, port)), target)
        results: dict[str, list[tuple[float, float]]] = {"ours": [], "peer": []}
        for repeat in range(REPEATS + 1):
            for name, (port, pid, target) in running.items():
                result = measure(port, pid, target)
                if repeat:  # the first warms up
                    results[name].append(result)
    mine, peer = results["ours"], results["peer"]
    tell("small JSON, requests", [r[0] for r in mine], [r[0] for r in peer], "/s")
    tell("small JSON, server CPU", [r[1] for r in mine], [r[1] for r in peer], "us")


if __name__ == "__main__":
    main()
