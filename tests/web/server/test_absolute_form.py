"""Requests whose target is a whole URL, as a proxy gets them (RFC 9112, 3.2.2)."""

import json
import socket
from collections.abc import Iterator

import pytest
from tests.support.serving import Serving, serving


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("absolute")
    with serving(folder, "gatewright.app:create_app") as running:
        yield running


def answer(gateway: Serving, target: str, *hosts: str) -> tuple[int, bytes, bytes]:
    """Return the status, head and body of a request as it stands on the wire."""
    fields = "".join(f"Host: {host}\r\n" for host in hosts)
    request = f"GET {target} HTTP/1.1\r\n{fields}Connection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), 60) as sock:
        sock.sendall(request.encode())
        with sock.makefile("rb") as file:
            head, _, body = file.read().partition(b"\r\n\r\n")
    return int(head.split()[1]), head, body


@pytest.mark.parametrize(
    "target",
    [
        "http://elsewhere.example/api/v1/session",
        "https://elsewhere.example:8443/api/v1/session",
        "HTTP://elsewhere.example/health/live",
        "http://elsewhere.example",
        "http://elsewhere.example?a=b",
        "http://ada@127.0.0.1/api/v1/session",
        "ws://[2001:db8::1]/api/v1/session",
    ],
)
def test_what_is_asked_of_another_host_is_refused(
    gateway: Serving, target: str
) -> None:
    status, head, body = answer(gateway, target, "127.0.0.1")
    assert status == 400
    assert b"application/problem+json" in head
    problem = json.loads(body)
    assert problem["status"] == 400
    assert "host" in problem["detail"].lower()


def test_a_face_refuses_it_in_its_own_form(gateway: Serving) -> None:
    target = "http://elsewhere.example/vo/sia?POS=CIRCLE+0+0+1"
    status, head, body = answer(gateway, target, "127.0.0.1")
    assert status == 400
    assert b"application/x-votable+xml" in head
    assert b"does not answer to that host name" in body


@pytest.mark.parametrize("hosts", [("127.0.0.1",), ("elsewhere.example",)])
def test_its_own_host_counts_whatever_the_field_says(
    gateway: Serving, hosts: tuple[str, ...]
) -> None:
    target = f"http://127.0.0.1:{gateway.port}/api/v1/session?"
    status, _, body = answer(gateway, target, *hosts)
    assert status == 200
    assert json.loads(body)["user"] is None


def test_two_fields_stay_an_error(gateway: Serving) -> None:
    target = "http://127.0.0.1/api/v1/session"
    assert answer(gateway, target, "127.0.0.1", "127.0.0.1")[0] == 400


def test_a_proxy_s_other_requests_are_refused(gateway: Serving) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), 60) as sock:
        sock.sendall(b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: h\r\n\r\n")
        with sock.makefile("rb") as file:
            assert file.readline().split()[1] == b"400"
    # Two slashes begin a path here, no host.
    assert answer(gateway, "//elsewhere.example/x", "127.0.0.1")[0] == 404
