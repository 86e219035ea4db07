"""Small responses: the whole gateway, compared with bare FastAPI under the same server.

Ours passes through all of `web.stack` (host names, sizes, rate limits, log, metrics,
audit, sessions), with rate limits that no benchmark reaches; the peer has none of that.
One client sends requests to each over one connection, and the CPU time of all processes
of a server is measured, the gateway's readers included. The peer reads the data set's
value with netCDF4, or with h5py, and opens the file for each request, as a route in a
tutorial would. A second part calls both applications in this process, without a server.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, redirect_stderr
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from starlette.types import ASGIApp, Message

from bench.support import fastapi_server
from bench.support.processes import (
    cpu_seconds_during,
    free_port,
    python,
    server,
    tell,
    wait_until_idle,
)
from bench.support.whole_gateway import gateway
from gatewright.app import create_app
from gatewright.core.config import Config
from gatewright.domains.identity import operator
from gatewright.web.server.logs import configure_logging

SECONDS = 1.0
REPEATS = 5
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Case:
    """A request that both servers get."""

    name: str
    target: str
    status: int = 200
    signed_in: bool = False
    most: float = 0.0
    """Highest ratio that is wanted; 0 for none."""
    fields: Mapping[str, str] = field(default_factory=dict)
    asked_of_peer: str = ""
    """Request target for the peer if it differs; else empty."""


GZIP = {"accept-encoding": "gzip"}
CASES = (
    Case("small JSON", "/api/v1/session", most=1.3),
    Case(
        "small JSON, gzip accepted",
        "/api/v1/session",
        fields={"accept-encoding": "gzip"},
    ),
    Case("404", "/api/v1/none", 404),
    Case("signed-in empty list", "/api/v1/jobs/local", signed_in=True, most=2.0),
    Case("one value by DAP2, peer netCDF4", "/dap/x.dods?v[0][0][0]", most=3.0),
    Case(
        "one value by DAP2, peer h5py",
        "/dap/x.dods?v[0][0][0]",
        most=3.0,
        asked_of_peer="/h5py/x.dods?v[0][0][0]",
    ),
)


def write(path: Path) -> None:
    """Write the data set that both read."""
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("time", 12), ("lat", 90), ("lon", 180)):
            file.createDimension(name, size)
        variable = file.createVariable("v", "f4", ("time", "lat", "lon"), zlib=True)
        variable[:] = np.arange(12 * 90 * 180, dtype="f4").reshape(12, 90, 180)


class Client:
    """A connection to one server, which checks the status of every response."""

    def __init__(self, port: int, pid: int, token: str = "") -> None:
        self._pid = pid
        self._token = token
        self._connection = HTTPConnection(HOST, port, timeout=30)

    def microseconds(self, case: Case) -> float:
        """Return the server's CPU microseconds per request, from many requests."""
        target = case.target if self._token else case.asked_of_peer or case.target
        headers = dict(case.fields)
        if case.signed_in and self._token:
            headers["authorization"] = f"Bearer {self._token}"

        def requests() -> int:
            until, count = time.monotonic() + SECONDS, 0
            while time.monotonic() < until:
                self._connection.request("GET", target, headers=headers)
                response = self._connection.getresponse()
                body = response.read()
                if response.status != case.status:
                    raise RuntimeError(f"{case.name}: {response.status} {body[:200]!r}")
                count += 1
            return count

        count, seconds = cpu_seconds_during(self._pid, requests)
        return seconds / count * 1e6

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def over_http(folder: Path) -> list[str]:
    """Measure both servers in turn, print ratios, and return the targets missed."""
    missed = []
    data = folder / "x.nc"
    write(data)
    published = f'\n[[datasets]]\nid = "x"\nsource = "{data}"\n'
    with ExitStack() as stack:
        opened = stack.enter_context(gateway(folder, folder, HOST, published))
        port = free_port()
        settings = json.dumps(
            {
                "gateway": {"listen": f"{HOST}:{port}", "state": str(folder / "peer")},
                "datasets": [{"id": "x", "source": str(data)}],
            }
        )
        command = python("-m", fastapi_server.MODULE, settings)
        pid = stack.enter_context(server(command, port))
        clients = {"ours": Client(*opened), "peer": Client(port, pid)}
        for started in (opened[1], pid):
            wait_until_idle(started)
        for client in clients.values():
            stack.callback(client.close)
        for case in CASES:
            rounds = [
                {who: client.microseconds(case) for who, client in clients.items()}
                for _ in range(REPEATS + 1)
            ][1:]  # the first warms up
            missed += report(case, "server CPU", rounds)
    return missed


def report(case: Case, what: str, rounds: Sequence[Mapping[str, float]]) -> list[str]:
    """Print the lowest of the repeats, their ratio, and the ratio that is wanted.

    Other load on the machine only adds to CPU times, by caches that it empties. Returns
    a sentence if the ratio is above what is wanted, else nothing.
    """
    hoped = f" (at most {case.most:g})" if case.most else ""
    ours, peer = (min(each[who] for each in rounds) for who in ("ours", "peer"))
    tell(f"{case.name}, {what}{hoped}", [ours], [peer], "us")
    if case.most and ours / peer > case.most:
        return [f"{case.name}, {what}: {ours / peer:.2f}, at most {case.most:g} wanted"]
    return []


async def in_process(folder: Path) -> list[str]:
    """Call both applications in this process, with the same results."""
    missed = []
    config = Config.model_validate(
        {
            "gateway": {"state": str(folder / "inside")},
            "identity": {"owner": "ada"},
            "systems": [{"name": "local", "home": str(folder), "root": str(folder)}],
            "datasets": [{"id": "x", "source": str(folder / "x.nc")}],
            "limits": {"requests_per_second": 1e6, "requests_burst": 10**9},
        }
    )
    ours, peer = create_app(config), fastapi_server.create(config)
    async with ours.opened() as services:
        issued = await services.identity.tokens.issue(operator("ada"))
        apps: dict[str, tuple[ASGIApp, str]] = {
            "ours": (ours, issued.text),
            "peer": (peer, ""),
        }
        for case in CASES:
            if case.target.startswith("/dap"):
                continue  # its CPU is the readers', in other processes
            rounds = [
                {
                    who: await called(app, token, case)
                    for who, (app, token) in apps.items()
                }
                for _ in range(REPEATS + 1)
            ][1:]
            missed += report(case, "in process", rounds)
    return missed


async def called(app: ASGIApp, token: str, case: Case, count: int = 400) -> float:
    """Return the CPU time of one call in microseconds, as the mean of many."""
    began = time.process_time()
    for _ in range(count):
        status = await call(app, case, token)
        if status != case.status:
            raise RuntimeError(f"{case.name}: {status}")
    return (time.process_time() - began) / count * 1e6


async def call(app: ASGIApp, case: Case, token: str) -> int:
    """Make one request with ASGI messages, and return its status."""
    headers = [(name.encode(), value.encode()) for name, value in case.fields.items()]
    if case.signed_in and token:
        headers.append((b"authorization", b"Bearer " + token.encode()))
    statuses = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": case.target,
        "raw_path": case.target.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", HOST.encode()), *headers],
        "client": (HOST, 5),
        "server": (HOST, 8000),
        "state": {},
    }
    await app(scope, receive, send)
    return int(statuses[0])


def main() -> None:
    """Measure over HTTP, then in process; fail if a target is missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        missed = over_http(folder)
        with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
            configure_logging()  # each request has its line, as with a server
            missed += asyncio.run(in_process(folder))
    if missed:
        raise RuntimeError("; ".join(missed))


if __name__ == "__main__":
    main()
