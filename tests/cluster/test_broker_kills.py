"""Kills of the broker and of authn in the middle of a person's submissions.

What counts is what the jobs wrote. ``make soak`` does the same with more jobs and
rounds. ``test_kills.py`` kills what a gateway without them has.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from tests.broker.centre import Centre, begin, workers_of
from tests.broker.conftest import (
    PYTHON,
    Account,
    accounts,
    ada,
    admins,
    gateway,
    group,
)
from tests.cluster.conftest import Cluster
from tests.cluster.test_controller import of_people
from tests.cluster.test_gateway import until_true

__all__ = ["accounts", "ada", "admins", "gateway", "group"]
ROUNDS = int(os.environ.get("GATEWRIGHT_SOAK_ROUNDS", "2"))
JOBS = int(os.environ.get("GATEWRIGHT_SOAK_JOBS", "12"))
"""Jobs of one round."""
SUBMITTERS = 4
OPEN = "state=new&state=queued&state=held&state=active"


@dataclass
class Killing:
    """A centre on a cluster, a person who submits, and daemons that are killed."""

    centre: Centre
    person: Account
    client: httpx.Client
    taken: dict[str, str] = field(default_factory=dict)
    tries: Counter[int] = field(default_factory=Counter)
    begun: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def submit(self, number: str, log: str) -> None:
        """Submit a job under a key until it is taken, as a careful script does.

        The gateway itself is not killed, so each request has an answer.
        """
        spec = {"script": f"#!/bin/sh\necho {number} >>{log}\n", "name": number}
        deadline = time.monotonic() + 300
        while number not in self.taken:
            assert time.monotonic() < deadline, f"job {number} is never taken"
            answer = self.client.post(
                "/api/v1/jobs/cluster",
                json=spec,
                headers={"Idempotency-Key": number},
            )
            self.tries[answer.status_code] += 1
            if answer.status_code == 201:
                self.taken[number] = answer.json()["id"]
            else:
                assert answer.status_code in {409, 429, 503, 504}, answer.text
                time.sleep(0.2)

    def until_taken(self, count: int) -> None:
        until_true(lambda: len(self.taken) >= count, "none is taken")

    def kill(self, daemon: str) -> None:
        """Kill the broker or authn; a worker goes on without the broker, so end it."""
        process = self.begun[-1] if self.begun else getattr(self.centre, daemon)
        process.kill()
        process.wait(60)
        for pid in workers_of(self.person) if daemon == "broker" else ():
            with suppress(OSError):
                if b"backends/worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)

    def begin(self, daemon: str, most: int) -> None:
        """Start it again, once somebody was refused for the want of it.

        Or once all are taken: a worker that was just begun may have been left alone.
        """
        before = self.tries[503] + self.tries[504]
        until_true(
            lambda: (
                self.tries[503] + self.tries[504] > before or len(self.taken) == most
            ),
            "nobody has noticed",
        )
        centre = self.centre
        python, account = (
            (sys.executable, None) if daemon == "broker" else (PYTHON, centre.keeper)
        )
        log = centre.folder / f"{daemon}-{len(self.begun)}.log"
        self.begun.append(begin(log, centre.config, daemon, python, account))

    def all_ended(self) -> bool:
        answer = self.client.get(f"/api/v1/jobs/cluster?{OPEN}")
        return answer.status_code == 200 and not answer.json()["jobs"]


@pytest.fixture
def killing(
    cluster: Cluster, gateway: Account, group: str, admins: str, ada: Account
) -> Iterator[Killing]:
    with (
        of_people(cluster, gateway, group, admins, ada, asked_seconds=60.0) as centre,
        centre.signed_in(ada) as client,
    ):
        made = Killing(centre, ada, client)
        until_true(
            lambda: client.get("/api/v1/queue/cluster").status_code == 200, "no look"
        )
        yield made
        for process in made.begun:
            process.terminate()
            process.wait(60)


@pytest.mark.parametrize("daemon", ["broker", "authn"])
def test_each_job_is_done_once(
    killing: Killing, daemon: str, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = [f"{turn}-{n}" for turn in range(ROUNDS) for n in range(JOBS)]
    log = f"log-{daemon}"
    with ThreadPoolExecutor(SUBMITTERS) as threads:
        for turn in range(ROUNDS):
            mine = numbers[turn * JOBS : (turn + 1) * JOBS]
            last = JOBS - SUBMITTERS
            going = [threads.submit(killing.submit, one, log) for one in mine[:last]]
            killing.until_taken(turn * JOBS + JOBS // 3)
            killing.kill(daemon)
            # At least these come while it is away.
            going += [threads.submit(killing.submit, one, log) for one in mine[last:]]
            killing.begin(daemon, (turn + 1) * JOBS)
            for one in going:
                one.result()
    until_true(killing.all_ended, "jobs do not end")
    done = Counter((killing.person.home / log).read_text().split())
    with capsys.disabled():
        print(  # noqa: T201  # counts that are worth knowing
            f"{daemon}: {len(numbers)} jobs, {ROUNDS} kills, {dict(killing.tries)}, "
            f"{len(numbers) - len(done)} lost, {sum(done.values()) - len(done)} double"
        )
    assert done == dict.fromkeys(numbers, 1)
    assert len(set(killing.taken.values())) == len(numbers)
