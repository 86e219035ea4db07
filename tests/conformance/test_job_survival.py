"""A job outlives a gateway that is killed, and ends once with its record whole."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from tests.support.gateway import demo
from tests.support.go import WAIT_FOR_GO

SCRIPT = f"""\
#!/bin/sh
echo started >> runs
for i in $(seq 1 15); do echo step $i; sleep 0.2; done
{WAIT_FOR_GO}
for i in $(seq 16 30); do echo step $i; sleep 0.2; done
echo done
exit 7
"""


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.05)


def follow(client: httpx.Client, url: str, lines: list[str]) -> None:
    try:
        with client.stream("GET", url, params={"follow": "true"}) as answer:
            lines.extend(answer.iter_lines())
    except httpx.HTTPError:
        lines.append("connection lost")


def test_a_followed_job_outlives_the_gateway(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with demo(state) as gateway:
        token = gateway.token()
        client = gateway.client(token)
        before = time.monotonic()
        answer = client.post(
            "/api/v1/jobs/local",
            content=SCRIPT,
            headers={"Content-Type": "text/x-shellscript"},
        )
        assert answer.status_code == 201, answer.text
        url = answer.headers["location"]
        assert set(answer.json()) >= {
            "id", "name", "state", "native_state", "user", "exit_code",
            "submitted_at", "started_at", "ended_at", "usage",
        }  # fmt: skip
        lines: list[str] = []
        reader = threading.Thread(target=follow, args=(client, f"{url}/output", lines))
        reader.start()
        wait_for(lambda: client.get(url).json()["state"] == "active")
        active = time.monotonic()
        wait_for(lambda: "step 2" in client.get(f"{url}/output").text.splitlines())
        wait_for(lambda: "step 1" in lines)
        gateway.kill()
        reader.join(60)
    assert "connection lost" in lines
    with demo(state) as gateway, gateway.client(token) as client:
        found = client.get(url).json()
        assert found["state"] == "active", found
        with client.stream("GET", f"{url}/output?follow=true") as live:
            came = live.iter_lines()
            rest = [next(came) for _ in range(15)]
            least = time.monotonic() - active
            (state / "home" / "go").touch()
            rest += came
        assert rest == [*(f"step {i}" for i in range(1, 31)), "done"]
        wait_for(lambda: client.get(url).json()["state"] == "failed")
        job = client.get(url).json()
        assert job["exit_code"] == 7
        assert job["started_at"] < job["ended_at"]
        assert least < job["usage"]["wall_seconds"] < time.monotonic() - before
        assert job["usage"]["peak_memory_bytes"] > 0
        assert (state / "home" / "runs").read_text() == "started\n"
        told = kinds(client, url, "job.failed")
        assert list(dict.fromkeys(told)) == ["job.queued", "job.active", "job.failed"]
        assert told.count("job.active") == 1


def kinds(client: httpx.Client, url: str, last: str) -> list[str]:
    """Return the kinds of a job's events, from its first to the last that is named."""
    found: list[str] = []
    headers = {"Last-Event-ID": "0"}
    with client.stream("GET", f"{url}/events", headers=headers) as answer:
        for line in answer.iter_lines():
            if line.startswith("event: "):
                found.append(line.removeprefix("event: "))
            if last in found:
                break
    return found
