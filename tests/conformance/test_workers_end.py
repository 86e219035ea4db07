"""A user's worker ends with its gateway, however that ends and whatever it does."""

import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.gateway import RunningGateway, demo
from tests.support.workers import is_running, wait_until

HUGE = 3 << 40
"""Bytes of a sparse file that no machine reads within a test."""


def descendants(pid: int) -> dict[int, str]:
    """Return the processes below one, and their command lines."""
    found: dict[int, str] = {}
    for folder in Path("/proc").glob(f"{pid}/task/*/children"):
        for child in map(int, folder.read_text().split()):
            with suppress(FileNotFoundError, ProcessLookupError):
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                found |= {child: command.replace(b"\0", b" ").decode()}
            found |= descendants(child)
    return found


def worker_of(gateway: RunningGateway) -> int:
    """Return the worker's pid; it has no launcher before a program is started."""
    found: list[int] = []

    def is_there() -> bool:
        commands = descendants(gateway.process.pid)
        found[:] = [pid for pid, one in commands.items() if "worker/program" in one]
        return len(found) == 1

    wait_until(is_there)
    return found[0]


def ask_for_checksum(gateway: RunningGateway, token: str) -> socket.socket:
    """Ask for the checksum of the huge file and return the connection."""
    where = urlsplit(gateway.url)
    connection = socket.create_connection((where.hostname, where.port or 80), 60)
    connection.sendall(
        b"GET /api/v1/files/local/huge?view=checksum HTTP/1.1\r\n"
        b"Host: %s\r\nAuthorization: Bearer %s\r\n\r\n"
        % (where.netloc.encode(), token.encode())
    )
    return connection


def cpu_ticks(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return int(text[11]) + int(text[12])


def is_hashing(pid: int) -> bool:
    """Return whether a process uses the processor."""
    before = cpu_ticks(pid)
    time.sleep(0.5)
    return cpu_ticks(pid) > before + 5


def test_left_checksums_stop_and_no_worker_outlives_its_gateway(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"
    with demo(state) as gateway:
        with (state / "home/huge").open("wb") as file:
            file.truncate(HUGE)
        token = gateway.token()
        asked = [ask_for_checksum(gateway, token) for _ in range(3)]
        worker = worker_of(gateway)
        wait_until(lambda: is_hashing(worker))
        for connection in asked:
            connection.close()
        wait_until(lambda: not is_hashing(worker))
        with ask_for_checksum(gateway, token):
            wait_until(lambda: is_hashing(worker))
            os.killpg(gateway.process.pid, signal.SIGKILL)
            gateway.process.wait(60)
        wait_until(lambda: not is_running(worker))
    with demo(state) as gateway:
        token = gateway.token()
        left = ask_for_checksum(gateway, token)
        worker = worker_of(gateway)
        wait_until(lambda: is_hashing(worker))
        left.close()
        assert gateway.stop() == 0
        wait_until(lambda: not is_running(worker))
