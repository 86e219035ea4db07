"""Kills in the middle of submissions: what counts is what the jobs wrote.

``make soak`` does the same with more jobs and rounds.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from getpass import getuser
from pathlib import Path

import httpx
import pytest
from tests.cluster.conftest import Cluster, started
from tests.cluster.test_gateway import configure, served, until_true
from tests.support.gateway import RunningGateway, command
from tests.support.worker_kills import kill_workers_below

ROUNDS = int(os.environ.get("GATEWRIGHT_SOAK_ROUNDS", "1"))
JOBS = int(os.environ.get("GATEWRIGHT_SOAK_JOBS", "24"))
"""Jobs of one round."""
SUBMITTERS = 4
OPEN = ("new", "queued", "held", "active")


@pytest.fixture(scope="module")
def spare() -> Iterator[Cluster]:
    """Yield a cluster whose daemons may be killed."""
    with started() as one:
        yield one


class Killed:
    """A gateway that is killed and started again, and clients that try again."""

    def __init__(self, settings: Path, cluster: Cluster) -> None:
        self.settings = settings
        self.cluster = cluster
        self.taken: dict[str, str] = {}
        self.tries: Counter[int | str] = Counter()
        self._opened = ExitStack()
        self.gateway = self._start()
        asked = ("token", "create", "--config", str(settings), "--user", getuser())
        self.token = command(*asked).strip()

    def _start(self) -> RunningGateway:
        gateway: RunningGateway = self._opened.enter_context(served(self.settings))
        return gateway

    def close(self) -> None:
        self._opened.close()

    def client(self) -> httpx.Client:
        return self.gateway.client(self.token)

    def submit(self, number: str) -> None:
        """Submit a job under a key until it is taken, as a careful script does.

        Its work takes a second, so that some jobs run while something is killed.
        """
        spec = {"script": f"#!/bin/sh\nsleep 1\necho {number} >>log\n", "name": number}
        deadline = time.monotonic() + 300
        while number not in self.taken:
            assert time.monotonic() < deadline, f"job {number} is never taken"
            try:
                with self.client() as client:
                    answer = client.post(
                        "/api/v1/jobs/cluster",
                        json=spec,
                        headers={"Idempotency-Key": number},
                    )
            except httpx.TransportError as error:
                self.tries[type(error).__name__] += 1
                time.sleep(0.2)
                continue
            self.tries[answer.status_code] += 1
            if answer.status_code == 201:
                self.taken[number] = answer.json()["id"]
            else:
                assert answer.status_code in {409, 429, 503, 504}, answer.text
                time.sleep(0.2)

    def all_ended(self) -> bool:
        """Return whether no job is left; do what people do about those that are stuck.

        Slurm holds a job, and drains its node, if an earlier job of the same id still
        runs there.
        """
        self.cluster.resume()
        states = "&".join(f"state={one}" for one in OPEN)
        with self.client() as client:
            answer = client.get(f"/api/v1/jobs/cluster?{states}")
            left = answer.json()["jobs"] if answer.status_code == 200 else [{}]
            for job in left:
                if job.get("state") == "held":
                    client.post(f"/api/v1/jobs/cluster/{job['id']}/release")
        return not left

    def until_taken(self, count: int) -> None:
        until_true(lambda: len(self.taken) >= count, "no job is taken")

    def kill_gateway(self) -> None:
        self.gateway.kill()
        self.gateway = self._start()

    def kill_workers(self) -> None:
        kill_workers_below(self.gateway.process.pid)

    def kill_controller(self) -> None:
        self.cluster.end("slurmctld", "KILL")
        self.cluster.begin("slurmctld")
        until_true(self.cluster.answers, "the controller does not come back")


@pytest.fixture
def killed(spare: Cluster, tmp_path: Path) -> Iterator[Killed]:
    made = Killed(configure(tmp_path, spare), spare)
    yield made
    made.close()


@pytest.mark.parametrize("whom", ["kill_gateway", "kill_workers", "kill_controller"])
def test_each_job_is_done_once(
    killed: Killed, tmp_path: Path, capsys: pytest.CaptureFixture[str], whom: str
) -> None:
    kill: Callable[[], None] = getattr(killed, whom)
    numbers = [f"{turn}-{n}" for turn in range(ROUNDS) for n in range(JOBS)]
    with ThreadPoolExecutor(SUBMITTERS) as threads:
        for turn in range(ROUNDS):
            mine = numbers[turn * JOBS : (turn + 1) * JOBS]
            going = [threads.submit(killed.submit, number) for number in mine]
            killed.until_taken(turn * JOBS + JOBS // 3)
            kill()
            for one in going:
                one.result()
    log = tmp_path / "home" / "log"

    until_true(killed.all_ended, "jobs do not end")
    done = Counter(log.read_text().split())
    with capsys.disabled():
        print(  # noqa: T201  # counts that are worth knowing
            f"{whom}: {len(numbers)} jobs, {ROUNDS} kills, {dict(killed.tries)}, "
            f"{len(numbers) - len(done)} lost, {sum(done.values()) - len(done)} double"
        )
    assert done == dict.fromkeys(numbers, 1)
    assert len(set(killed.taken.values())) == len(numbers)
