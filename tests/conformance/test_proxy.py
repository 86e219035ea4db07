"""The nginx of ``docs/how-to/proxy.md`` in front of a real gateway."""

import hashlib
import json
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.support import needs
from tests.support.gateway import RunningGateway, command_here, running
from tests.support.workers import wait_until

from gatewright.web.events import HEARTBEAT_SECONDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "proxy.md"
PASSWORD = "a long password"
SECONDS = 60.0


@dataclass(slots=True)
class Published:
    """A gateway behind nginx."""

    gateway: RunningGateway
    """The gateway, with its own address."""
    config: Path
    """Its configuration."""
    url: str
    """Its address through nginx."""
    plain_url: str
    """Its address through an nginx that adds nothing."""
    tls: ssl.SSLContext
    """Trusts the certificate."""

    def client(self, address: str = "127.0.0.1", **headers: str) -> httpx.Client:
        """Return a client on an address of this machine's."""
        transport = httpx.HTTPTransport(verify=self.tls, local_address=address)
        return httpx.Client(
            transport=transport, base_url=self.url, headers=headers, timeout=SECONDS
        )

    def owner(self) -> httpx.Client:
        """Return a client with the owner's token."""
        token = command_here(
            "token", "create", "--config", str(self.config), "--user", "ada"
        ).strip()
        return self.client(Authorization=f"Bearer {token}")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    nginx = needs.program("nginx", "nginx-light")
    folder = tmp_path_factory.mktemp("proxy")
    with kept_ports(4) as ports, served(folder, ports) as (gateway, config):
        _, tls_port, plain_port, _ = ports
        with proxy(nginx, folder, nginx_settings(folder, ports), tls_port):
            tls = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
            plain = f"http://127.0.0.1:{plain_port}"
            url = f"https://localhost:{tls_port}"
            yield Published(gateway, config, url, plain, tls)


@contextmanager
def kept_ports(count: int) -> Iterator[list[int]]:
    """Yield free ports of loopback, which nobody else is given meanwhile.

    Their sockets stay bound; a server may listen there, since it reuses addresses.
    """
    with ExitStack() as stack:
        keepers = [stack.enter_context(socket.socket()) for _ in range(count)]
        for keeper in keepers:
            keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            keeper.bind(("127.0.0.1", 0))
        yield [keeper.getsockname()[1] for keeper in keepers]


@contextmanager
def served(folder: Path, ports: list[int]) -> Iterator[tuple[RunningGateway, Path]]:
    """Run a gateway that its proxy is known to; it comes with its configuration."""
    inner, tls_port, _, _ = ports
    (folder / "home").mkdir()
    config = folder / "gatewright.toml"
    config.write_text(
        f'[gateway]\nlisten = "127.0.0.1:{inner}"\nstate = "state"\n'
        f'url = "https://localhost:{tls_port}"\n'
        'trusted_proxies = ["127.0.0.1"]\n[identity]\nowner = "ada"\n'
        '[[systems]]\nname = "local"\nhome = "home"\nroot = "home"\n'
    )
    command_here(
        "user", "add", "--config", str(config), "ada", "--password-stdin",
        "--role", "owner", stdin=PASSWORD,
    )  # fmt: skip
    certify(folder)
    with running(["serve", "--config", str(config)], folder / "state") as gateway:
        yield gateway, config


def certify(folder: Path) -> None:
    subprocess.run(
        [
            needs.program("openssl", "openssl"),
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"),
        ],
        check=True,
        capture_output=True,
    )


def nginx_settings(folder: Path, ports: list[int]) -> str:
    """Return the page's file with this test's ports, name and certificate."""
    inner, tls_port, plain_port, http_port = ports
    snippet, _ = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)
    changes = {
        "server 127.0.0.1:8000": f"server 127.0.0.1:{inner}",
        "listen 80;": f"listen 127.0.0.1:{http_port};",
        "listen 443 ssl": f"listen 127.0.0.1:{tls_port} ssl",
        "gateway.example.org;": "localhost;",
        "/etc/letsencrypt/live/gateway.example.org": str(folder),
    }
    for old, new in changes.items():
        assert old in snippet, old
        snippet = snippet.replace(old, new)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
    )
    plain = (
        f"server {{ listen 127.0.0.1:{plain_port}; "
        f"location / {{ proxy_pass http://127.0.0.1:{inner}; }} }}"
    )
    return (
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid;\n"
        f"error_log {folder}/nginx.log;\nevents {{}}\n"
        f"http {{ access_log off;\n{temporary}{snippet}{plain} }}\n"
    )


@contextmanager
def proxy(nginx: str, folder: Path, settings: str, port: int) -> Iterator[None]:
    path = folder / "nginx.conf"
    path.write_text(settings)
    log = str(folder / "nginx.log")
    arguments = [nginx, "-p", str(folder), "-e", log, "-c", str(path)]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + SECONDS
        while not listens(port):
            assert process.poll() is None, (folder / "nginx.log").read_text()
            assert time.monotonic() < until, "nginx does not listen"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(SECONDS)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_large_file_goes_up_and_comes_down_in_ranges(published: Published) -> None:
    content = os.urandom(1 << 20) * 12
    with published.owner() as client:
        name = "/api/v1/files/local/a%20file%25%ff.bin"
        assert client.put(name, content=content).status_code == 201
        whole = client.get(name)
        assert (
            hashlib.sha256(whole.content).digest() == hashlib.sha256(content).digest()
        )
        part = client.get(name, headers={"Range": "bytes=-100"})
        assert (part.status_code, part.content) == (206, content[-100:])
        assert part.headers["etag"] == whole.headers["etag"]
        long = client.get(f"/api/v1?{'a=b&' * 5000}")
        assert "There is no parameter “a” here" in long.json()["detail"]


def test_an_upload_is_not_held_back(published: Published) -> None:
    with published.owner() as client, published.owner() as other:

        def in_two_parts() -> Iterator[bytes]:
            yield b"first"
            until = time.monotonic() + 20
            while running_requests(other) < 2:  # the upload's and the question
                assert time.monotonic() < until, "nginx keeps it"
            yield b" second"

        name = "/api/v1/files/local/parts"
        assert client.put(name, content=in_two_parts()).status_code == 201
        assert client.get(name).content == b"first second"


def running_requests(client: httpx.Client) -> float:
    (line,) = re.findall(
        r"^gatewright_requests_running (.*)", client.get("/metrics").text, re.MULTILINE
    )
    return float(line)


def test_events_arrive_as_they_happen(published: Published) -> None:
    with (
        published.owner() as client,
        client.stream("GET", "/api/v1/events?subject=jobs/local") as events,
    ):
        job = {"executable": "/bin/true"}
        with published.owner() as other:
            made = other.post("/api/v1/jobs/local", json=job)
            assert made.status_code in {201, 202}, made.text
        began = time.monotonic()
        lines = (line for line in events.iter_lines() if line.startswith("data:"))
        assert made.json()["id"] in next(lines)
        # What is held back comes with what follows it, if it comes at all.
        assert time.monotonic() - began < HEARTBEAT_SECONDS


def test_a_browser_signs_in_from_the_gateway_s_own_address(
    published: Published,
) -> None:
    browser = {"Origin": published.url, "Sec-Fetch-Site": "same-origin"}
    with published.client(**browser) as client:
        answer = sign_in(client, PASSWORD)
        assert answer.status_code == 201, answer.text
        assert re.match("__Host-gw_session=.*; Secure", answer.headers["set-cookie"])
        assert client.get("/api/v1/session").json()["user"] == "ada"
        hidden = {"X-Requested-With": "test"}
        assert client.delete("/api/v1/session", headers=hidden).status_code == 204
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    with published.client(**(browser | forged)) as client:
        assert client.get("/api/v1").headers["strict-transport-security"]
        assert "evil.example" not in client.get("/api/v1").text


def sign_in(client: httpx.Client, password: str) -> httpx.Response:
    body = {"user": "ada", "password": password}
    return client.post("/api/v1/session", json=body)


def test_who_guesses_is_banned_alone(published: Published) -> None:
    with published.client("127.0.0.2") as guesser:
        for number in range(3):
            lie = {"X-Forwarded-For": f"192.0.2.{number}"}
            guesser.headers.update(lie)
            assert sign_in(guesser, "a wrong password").status_code == 401
        assert sign_in(guesser, PASSWORD).status_code == 429
    with published.client("127.0.0.3") as other:
        assert sign_in(other, PASSWORD).status_code == 201
    guessed = [("127.0.0.2", 401)] * 3 + [("127.0.0.2", 429)]
    # An answer is logged when all of it has been sent, which its client may see before.
    wait_until(lambda: sign_ins(published)[-1:] == [("127.0.0.3", 201)], SECONDS)
    assert sign_ins(published)[-5:-1] == guessed


def sign_ins(published: Published) -> list[tuple[str, int]]:
    """Return address and status of each sign-in that was logged, in their order."""
    *whole, _ = published.gateway.log.read_text().split("\n")
    logged = [json.loads(line) for line in whole if line.startswith("{")]
    tried = [line for line in logged if line.get("path") == "/api/v1/session"]
    return [(line["address"], line["status"]) for line in tried]


def test_metrics_are_not_open_through_any_proxy(published: Published) -> None:
    with published.client() as client:
        assert client.get("/metrics").status_code == 401
    assert (
        httpx.get(f"{published.plain_url}/metrics", timeout=SECONDS).status_code == 401
    )
    with published.owner() as owner:
        assert "gatewright_requests_total" in owner.get("/metrics").text


def test_a_redirect_does_not_lead_from_https(published: Published) -> None:
    """A password that is sent to an address with a slash too many stays covered."""
    with published.client() as client:
        led = client.post("/api/v1/session/", json={"user": "ada", "password": "x"})
        assert (led.status_code, led.headers["location"]) == (307, "/api/v1/session")
        page = client.get("/docs/", follow_redirects=True)
        assert (page.status_code, page.url.scheme) == (200, "https")
