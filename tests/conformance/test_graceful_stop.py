"""A stop lets uploads, downloads and streams end well, and jobs go on."""

import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.gateway import RunningGateway, command_here, running
from tests.support.go import WAIT_FOR_GO
from tests.support.workers import wait_until

from gatewright.web.server.patience import DRAIN_SECONDS

BLOCK = b"x" * 65_536
LARGE = 48 << 20
"""More than the buffers between a server and a client that waits."""
SCRIPT = f"#!/bin/sh\necho begun\n{WAIT_FOR_GO}echo ended\n"
SECONDS = 60.0


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    with (tmp_path / "home" / "large").open("wb") as file:
        file.truncate(LARGE)
    config = tmp_path / "gatewright.toml"
    config.write_text(
        '[gateway]\nlisten = "127.0.0.1:0"\nstate = "state"\nfaces = ["api"]\n'
        '[identity]\nowner = "ada"\n[limits]\nbody_stall_seconds = 300\n'
        '[[systems]]\nname = "local"\nhome = "home"\nroot = "home"\n'
    )
    return config


@pytest.fixture
def token(config: Path) -> str:
    return command_here(
        "token", "create", "--config", str(config), "--user", "ada"
    ).strip()


class Under:
    """A request that is under way in a thread, and what became of it."""

    def __init__(self, work: Callable[["Under"], Any]) -> None:
        self.begun = threading.Event()
        self.stopped = threading.Event()
        self.result: Any = None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[["Under"], Any]) -> None:
        try:
            self.result = work(self)
        except httpx.HTTPError as error:
            self.result = error

    def end(self) -> Any:
        self.stopped.set()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        return self.result


def uploading(client: httpx.Client) -> Callable[[Under], Any]:
    def content(under: Under) -> Iterator[bytes]:
        yield BLOCK
        under.begun.set()
        assert under.stopped.wait(SECONDS)
        yield BLOCK

    return lambda under: client.put("/api/v1/files/local/up", content=content(under))


def reading(client: httpx.Client, path: str) -> Callable[[Under], Any]:
    """Read an answer's first bytes, and the rest once the server stops."""

    def work(under: Under) -> bytes:
        with client.stream("GET", path) as answer:
            assert answer.status_code == 200
            pieces = answer.iter_raw()
            found = next(pieces)
            under.begun.set()
            assert under.stopped.wait(SECONDS)
            return found + b"".join(pieces)

    return work


def test_a_stop_lets_everything_end_well(config: Path, token: str) -> None:
    arguments = ["serve", "--config", str(config)]
    state = config.parent / "state"
    with running(arguments, state) as gateway, gateway.client(token) as client:
        job = stop_amid(gateway, client)
    with running(arguments, state) as again, again.client(token) as client:
        (config.parent / "home" / "go").touch()
        check_the_job(client, job)


def stop_amid(gateway: RunningGateway, client: httpx.Client) -> str:
    headers = {"Content-Type": "text/x-shellscript"}
    made = client.post("/api/v1/jobs/local", content=SCRIPT, headers=headers)
    job = str(made.json()["id"])
    output = f"/api/v1/jobs/local/{job}/output?follow=true"
    upload = Under(uploading(client))
    download = Under(reading(client, "/api/v1/files/local/large"))
    events = Under(reading(client, "/api/v1/events"))
    followed = Under(reading(client, output))
    everything = (upload, download, events, followed)
    for under in everything:
        assert under.begun.wait(SECONDS), under.result
    # With this question: what a server has not taken up yet its stop cuts off.
    wait_until(lambda: requests_running(client) > len(everything), SECONDS)
    began = time.monotonic()
    gateway.process.send_signal(signal.SIGTERM)
    until_refused(gateway)
    results = [under.end() for under in everything]
    assert gateway.process.wait(SECONDS) == 0
    assert time.monotonic() - began < DRAIN_SECONDS, "something had to be cut off"
    assert results[0].status_code == 201
    assert len(results[1]) == LARGE
    assert results[2].endswith(b"\n\n")
    # It broke: what came is not the whole output, and nobody shall think so.
    assert isinstance(results[3], httpx.RemoteProtocolError)
    assert "Traceback" not in gateway.log.read_text()
    return job


def until_refused(gateway: RunningGateway) -> None:
    """Wait until nobody new is let in."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{gateway.url}/health/live")
        except httpx.ConnectError:
            return
        except httpx.TransportError:
            pass  # it came just before, and was not taken up any more
        time.sleep(0.05)
    raise AssertionError("it still listens")


def requests_running(client: httpx.Client) -> float:
    (line,) = re.findall(
        r"^gatewright_requests_running (.*)", client.get("/metrics").text, re.MULTILINE
    )
    return float(line)


def check_the_job(client: httpx.Client, job: str) -> None:
    output = client.get(f"/api/v1/jobs/local/{job}/output?follow=true")
    assert output.text == "begun\nended\n"
    assert client.get(f"/api/v1/jobs/local/{job}").json()["state"] == "completed"
    uploaded = client.get("/api/v1/files/local/up")
    assert uploaded.content == 2 * BLOCK
