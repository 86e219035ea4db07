"""A part goes away under a running gateway: which one is told, and the rest goes on."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from tests.support.gateway import RunningGateway, command_here, running
from tests.support.postgresql import Server
from tests.support.workers import wait_until

TOLD_SECONDS = 12.0
"""Readiness waits two seconds for a part; a worker is waited for fifteen elsewhere."""
SECONDS = 60.0


@contextmanager
def served(folder: Path, database: str = "sqlite") -> Iterator[RunningGateway]:
    """Run a gateway of one process, with one system, and a survey to read."""
    (folder / "home").mkdir(exist_ok=True)
    (folder / "night").mkdir(exist_ok=True)
    config = folder / "gatewright.toml"
    config.write_text(
        f'[gateway]\nlisten = "127.0.0.1:0"\nstate = "state"\ndatabase = "{database}"\n'
        'faces = ["api", "dap"]\n[identity]\nowner = "ada"\n'
        '[[systems]]\nname = "local"\nhome = "home"\nroot = "home"\n'
        '[[surveys]]\nid = "night"\nimages = "night/*.fits"\n'
    )
    with running(["serve", "--config", str(config)], folder / "state") as gateway:
        yield gateway


def owner(gateway: RunningGateway, folder: Path) -> httpx.Client:
    config = str(folder / "gatewright.toml")
    made = command_here("token", "create", "--config", config, "--user", "ada")
    return gateway.client(made.strip())


def probe(client: httpx.Client) -> tuple[int, dict[str, Any]]:
    """Ask for readiness; it answers in bounded time, whatever hangs."""
    began = time.monotonic()
    answer = client.get("/health/ready")
    assert time.monotonic() - began < TOLD_SECONDS
    return answer.status_code, answer.json()


def until_told(
    client: httpx.Client, *not_ready: str, beside_others: bool = False
) -> tuple[int, dict[str, Any]]:
    """Wait until these parts are not ready, alone or beside what stands on them."""
    deadline = time.monotonic() + SECONDS
    while True:
        status, told = probe(client)
        found = set(told.get("not_ready", []))
        if found == set(not_ready) or (beside_others and found > set(not_ready)):
            return status, told
        assert time.monotonic() < deadline, told
        time.sleep(0.1)


def programs(gateway: RunningGateway, name: bytes) -> list[int]:
    """Return the processes beneath a gateway whose command line has the name."""
    found, waiting = [], [gateway.process.pid]
    while waiting:
        pid = waiting.pop()
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            waiting += children(pid)
            if name in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, (task / "children").read_text().split())
    return found


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):  # it was given up meanwhile
                os.kill(pid, signal.SIGCONT)


def statuses(client: httpx.Client, *paths: str) -> dict[str, int]:
    return {path: client.get(path).status_code for path in paths}


def test_a_database_goes_and_comes_back(
    tmp_path: Path, postgresql_server: Server, postgresql_url: str
) -> None:
    with (
        served(tmp_path, postgresql_url) as gateway,
        gateway.client() as visitor,
        owner(gateway, tmp_path) as ada,
    ):
        until_told(visitor)
        assert ada.put("/api/v1/store/c/k", json={"n": 1}).status_code == 201
        postgresql_server.stop()
        try:
            status, told = until_told(visitor, "database", beside_others=True)
            assert (status, told["status"]) == (503, "not ready")
            assert told["parts"]["readers"] == "up"
            on = {"/health/live": 200, "/api/v1/datasets": 200, "/metrics": 200}
            assert statuses(visitor, *on) == on
            began = time.monotonic()
            refused = ada.put("/api/v1/store/c/k", json={"n": 2})
            assert time.monotonic() - began < SECONDS / 2
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            assert int(refused.headers["retry-after"]) > 0
        finally:
            postgresql_server.start()
        assert until_told(visitor)[0] == 200
        assert ada.get("/api/v1/store/c/k").json() == {"n": 1}
        assert ada.put("/api/v1/store/c/k", json={"n": 2}).status_code == 200
        assert gateway.stop() == 0


def test_processes_hang_and_go_on(tmp_path: Path) -> None:
    with (
        served(tmp_path) as gateway,
        gateway.client() as visitor,
        owner(gateway, tmp_path) as ada,
    ):
        on = {"/api/v1/store": 200, "/api/v1/jobs/local": 200}
        until_told(visitor)
        with stopped(programs(gateway, b"worker/program")):
            status, told = until_told(visitor, "systems/local/files")
            assert (status, told["status"]) == (200, "degraded")
            assert statuses(ada, *on) == on
        until_told(visitor)
        with stopped(programs(gateway, b"backends.readers.")):
            status, told = until_told(visitor, "readers")
            assert (status, told["status"]) == (200, "degraded")
            assert statuses(ada, *on, "/api/v1/files/local/") == {
                **on,
                "/api/v1/files/local/": 200,
            }
        until_told(visitor)
        ada.get("/api/v1/store/secret-name/x")
        counted = 'route="/api/v1/store/{collection}/{key}",status="404"} 1.0'
        wait_until(lambda: counted in visitor.get("/metrics").text, SECONDS)
        assert "secret-name" not in visitor.get("/metrics").text
        assert gateway.stop() == 0
