"""What one user may have under way at once, through the real server."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from tests.support.gateway import RunningGateway, command_here, running
from tests.support.workers import wait_until

PASSWORD = "a long password"  # of this test alone
SIZE = 64 << 20  # more than the buffers of a connection hold


class Opened:
    """A gateway that admits two of each, and the tokens of two users."""

    def __init__(self, gateway: RunningGateway, tokens: dict[str, str]) -> None:
        self.gateway = gateway
        self.tokens = tokens

    def client(self, user: str) -> httpx.Client:
        return self.gateway.client(self.tokens[user])

    def ask(self, request: str, body: bytes = b"", more: str = "") -> socket.socket:
        """Send a request of ada's, of which nobody reads the answer."""
        where = urlsplit(self.gateway.url)
        asked = socket.create_connection((where.hostname, where.port or 80), 60)
        head = (
            f"{request} HTTP/1.1\r\nHost: {where.netloc}\r\n"
            f"Authorization: Bearer {self.tokens['ada']}\r\n{more}\r\n"
        )
        asked.sendall(head.encode() + body)
        return asked


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder = tmp_path_factory.mktemp("gateway")
    (folder / "home" / "run").mkdir(parents=True)
    for name in ("large", "run/large"):
        with (folder / "home" / name).open("wb") as file:
            file.truncate(SIZE)
    path = folder / "gatewright.toml"
    path.write_text(
        '[gateway]\nlisten = "127.0.0.1:0"\nstate = "state"\n'
        '[identity]\nowner = "ada"\n'
        '[[systems]]\nname = "local"\nhome = "home"\nroot = "home"\n'
        "[limits]\ndownloads_per_user = 2\nuploads_per_user = 2\nstreams_per_user = 2\n"
    )
    config = ("--config", str(path))
    tokens = {}
    for user, role in (("ada", "owner"), ("ben", "guest")):
        command_here(
            "user", "add", *config, user, "--password-stdin", "--role", role,
            stdin=PASSWORD,
        )  # fmt: skip
        made = command_here("token", "create", *config, "--user", user)
        tokens[user] = made.strip()
    with running(["serve", *config], folder / "state") as gateway:
        yield Opened(gateway, tokens)


def refused(answer: httpx.Response, what: str) -> bool:
    if answer.status_code != 429:
        return False
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "too-many-requests"
    assert f"2 {what}" in answer.json()["detail"]
    return True


@pytest.mark.parametrize("path", ["large", "run?view=archive&format=tar"])
def test_downloads(opened: Opened, path: str) -> None:
    url = f"/api/v1/files/local/{path}"
    small = "/api/v1/files/local/small"
    with opened.client("ada") as ada, ExitStack() as slow:
        assert ada.put(small, content=b"small").is_success
        for _ in range(2):
            asked = slow.enter_context(opened.ask(f"GET {url}"))
            assert asked.recv(12) == b"HTTP/1.1 200"
        assert refused(ada.get(small), "downloads")
        assert (
            ada.get("/newt/file/local/small", params={"view": "read"}).status_code
            == 429
        )
        assert ada.get("/api/v1/files/local/run").is_success  # a folder's page
        slow.close()
        wait_until(lambda: ada.get(small).text == "small")


def test_uploads(opened: Opened) -> None:
    url = "/api/v1/files/local/upload"
    with opened.client("ada") as ada, ExitStack() as slow:
        for number in range(2):
            more = "Content-Length: 10\r\n"
            slow.enter_context(opened.ask(f"PUT {url}-{number}", b"begin", more))
        wait_until(lambda: refused(ada.put(url, content=b"x"), "uploads"))
        assert ada.get("/api/v1/files/local/").is_success
        slow.close()
        wait_until(lambda: ada.put(url, content=b"x").is_success)


def test_streams(opened: Opened) -> None:
    url = "/api/v1/events"
    with opened.client("ada") as ada, opened.client("ben") as ben, ExitStack() as open_:
        for _ in range(2):
            answer = open_.enter_context(ada.stream("GET", url))
            assert answer.status_code == 200
        assert refused(ada.get(url), "streams")
        changes = {"Accept": "text/event-stream"}
        assert ada.put("/api/v1/store/notes", json={}).is_success
        assert refused(
            ada.get("/api/v1/store/notes/changes", headers=changes), "streams"
        )
        with ben.stream("GET", url) as other:
            assert other.status_code == 200
        open_.close()

        def admitted() -> bool:
            with ada.stream("GET", url) as again:
                return again.status_code == 200

        wait_until(admitted)
