"""A gateway that has no file descriptors left says so, and goes on when it has."""

import resource
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.support.gateway import RunningGateway, command_here, running
from tests.support.workers import wait_until

FILES = 128
SIZE = 64 << 20
SECONDS = 60.0


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[RunningGateway]:
    (tmp_path / "home").mkdir()
    with (tmp_path / "home" / "large").open("wb") as large:
        large.truncate(SIZE)
    config = tmp_path / "gatewright.toml"
    config.write_text(
        '[gateway]\nlisten = "127.0.0.1:0"\nstate = "state"\nfaces = ["api"]\n'
        '[identity]\nowner = "ada"\n'
        '[[systems]]\nname = "local"\nhome = "home"\nroot = "home"\n'
    )
    command_here(
        "user", "add", "--config", str(config), "ada", "--password-stdin",
        "--role", "owner", stdin="a long password",
    )  # fmt: skip
    with running(["serve", "--config", str(config)], tmp_path / "state") as opened:
        yield opened


def serving(gateway: RunningGateway) -> int:
    """Return the process that has the connections."""
    root = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children")
    for child in root.read_text().split():
        if Path(f"/proc/{child}/comm").read_text().strip() == "gatewright":
            return int(child)
    raise AssertionError("no process serves")


def slow_download(address: tuple[str, int], token: str) -> socket.socket:
    """Ask for a file, and read nothing of it."""
    asked = socket.socket()
    asked.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asked.settimeout(SECONDS)
    asked.connect(address)
    asked.sendall(
        b"GET /api/v1/files/local/large HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Authorization: Bearer " + token.encode() + b"\r\n\r\n"
    )
    return asked


def answer_of(asked: socket.socket) -> bytes:
    try:
        return asked.recv(2048)
    except ConnectionError:
        return b"reset"


def test_without_descriptors_it_is_503_and_all_is_back_with_them(
    gateway: RunningGateway, tmp_path: Path
) -> None:
    config = ("--config", str(tmp_path / "gatewright.toml"))
    token = command_here("token", "create", *config, "--user", "ada").strip()
    url = urlsplit(gateway.url)
    address = (str(url.hostname), int(url.port or 0))
    with gateway.client(token) as client:
        assert client.get("/api/v1/files/local/").status_code == 200
        pid = serving(gateway)
        most = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()) + FILES
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
        with ExitStack() as stack:
            asked = [
                stack.enter_context(slow_download(address, token)) for _ in range(FILES)
            ]
            answers = [answer_of(each) for each in asked]
            counted = Counter(answer[9:12] for answer in answers)
            assert set(counted) == {b"200", b"503"}, counted
            refused = [answer for answer in answers if answer[9:12] == b"503"]
            assert all(b"retry-after: 1" in answer.lower() for answer in refused)
        wait_until(lambda: listed(client) == 200, SECONDS)
    log = gateway.log.read_text()
    assert "Traceback" not in log
    assert "internal error" not in log


def listed(client: httpx.Client) -> int:
    try:
        return client.get("/api/v1/files/local/").status_code
    except httpx.TransportError:
        return 0
