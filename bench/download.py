"""Download of 1 GiB over loopback: server CPU time per GB, compared with nginx.

The file is a person's, with mode 0600. Ours is the whole gateway (token, worker, audit,
log); nginx, of the same account, serves it as a static file with sendfile.
"""

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.support.processes import cpu_seconds, free_port, server, tell
from bench.support.whole_gateway import gateway

SIZE = int(os.environ.get("GATEWRIGHT_BENCH_BYTES", str(1 << 30)))
REPEATS = int(os.environ.get("GATEWRIGHT_BENCH_ROUNDS", "11"))
_BLOCK = b"\x5a" * (1 << 20)
_NGINX = """
daemon off;
master_process off;
worker_processes 1;
error_log stderr crit;
pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; }}
}}
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A file that a server offers."""

    port: int
    """Port of the server on loopback."""
    pid: int
    """Process id of the server."""
    target: str
    """Path and query of the file's URL."""
    token: str = ""
    """Token that may read the file; empty for none."""


@contextmanager
def nginx(folder: Path) -> Iterator[Served]:
    """Run nginx, which serves the folder ``www`` in ``folder``."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        raise FileNotFoundError("nginx (Debian package nginx-light)")
    port = free_port()
    settings = folder / "nginx.conf"
    settings.write_text(_NGINX.format(folder=folder, port=port), encoding="utf-8")
    with server([program, "-p", str(folder), "-c", str(settings)], port) as pid:
        yield Served(port, pid, "/file")


def download(served: Served) -> float:
    """Download ``SIZE`` bytes; return the seconds that it took."""
    buffer = bytearray(1 << 20)
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall(
            f"GET {served.target} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {served.token}\r\n\r\n".encode()
        )
        began = time.perf_counter()
        head = client.recv(65536)
        start, _, body = head.partition(b"\r\n\r\n")
        if b" 200 " not in start.partition(b"\r\n")[0]:
            raise RuntimeError(start.decode("latin-1"))
        left = SIZE - len(body)
        while left:
            count = client.recv_into(buffer)
            if not count:
                raise RuntimeError("the answer was cut")
            left -= count
    return time.perf_counter() - began


def measure(served: Served) -> tuple[float, float]:
    """Return the server's CPU seconds per GB and the rate in GB/s of one download."""
    before = cpu_seconds(served.pid)
    seconds = download(served)
    used = cpu_seconds(served.pid) - before
    return used / (SIZE / 1e9), SIZE / 1e9 / seconds


def main() -> None:
    """Measure both in turn, and print ratios (below 1 means less CPU time than nginx).

    A gateway that listens on loopback selects a congestion control without pacing; a
    gateway that listens on all addresses uses the system's default, as nginx does.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        _fill(folder / "www")
        served = {
            "ours": stack.enter_context(_ours(folder, "127.0.0.1")),
            "same": stack.enter_context(_ours(folder, "0.0.0.0")),
            "peer": stack.enter_context(nginx(folder)),
        }
        results = _repeat(served)
    _tell("download", results["ours"], results["peer"])
    control = Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    _tell(f"download, both with {control}", results["same"], results["peer"])


def _fill(www: Path) -> None:
    www.mkdir()
    with (www / "file").open("wb") as file:
        for start in range(0, SIZE, len(_BLOCK)):
            file.write(_BLOCK[: SIZE - start])
    (www / "file").chmod(0o600)


@contextmanager
def _ours(folder: Path, host: str) -> Iterator[Served]:
    own = folder / host
    own.mkdir()
    with gateway(own, folder / "www", host) as (port, pid, token):
        yield Served(port, pid, "/api/v1/files/local/file", token)


def _repeat(served: Mapping[str, Served]) -> dict[str, list[tuple[float, float]]]:
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in served}
    for repeat in range(REPEATS + 1):
        for name, one in served.items():
            result = measure(one)
            if repeat:  # the first warms caches
                results[name].append(result)
    return results


def _tell(
    what: str, ours: list[tuple[float, float]], peer: list[tuple[float, float]]
) -> None:
    tell(f"{what}, server CPU per GB", [r[0] for r in ours], [r[0] for r in peer], "s")
    tell(f"{what}, rate", [r[1] for r in ours], [r[1] for r in peer], "GB/s")


if __name__ == "__main__":
    main()
