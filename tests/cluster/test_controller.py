"""A controller that is killed or away, on a cluster of its own.

``make soak`` does the same with more jobs and rounds, and a longer absence.
"""

import asyncio
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from tests.broker import centre as centres
from tests.broker.centre import Centre, workers_of
from tests.broker.conftest import (
    Account,
    accounts,
    acting_as,
    ada,
    admins,
    bob,
    gateway,
    group,
)
from tests.cluster.conftest import Cluster, started
from tests.cluster.test_gateway import (
    INTERVAL,
    configure,
    ended,
    owner,
    served,
    submit,
    until,
    until_true,
)

from gatewright.backends.authn import AuthnClient
from gatewright.backends.worker import Ticket
from gatewright.core.errors import PersonAbsent

__all__ = ["accounts", "ada", "admins", "bob", "gateway", "group"]
ROUNDS = int(os.environ.get("GATEWRIGHT_SOAK_FORGETTING_ROUNDS", "2"))
JOBS = int(os.environ.get("GATEWRIGHT_SOAK_FORGOTTEN_JOBS", "60"))
"""Jobs of one round that a killed controller has acknowledged."""
QUEUED = int(os.environ.get("GATEWRIGHT_SOAK_QUEUED", "2"))
"""Jobs in the queue while the controller is away."""
AWAY_SECONDS = float(os.environ.get("GATEWRIGHT_SOAK_AWAY_SECONDS", "0"))
LEFT_BEHIND = 20


@pytest.fixture(scope="module")
def spare() -> Iterator[Cluster]:
    """Yield a cluster whose daemons may be killed."""
    with started() as one:
        yield one


def test_what_a_killed_controller_forgets_is_done_once(
    spare: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It loses acknowledged jobs and gives their ids to others' jobs."""
    settings = configure(tmp_path, spare)
    home, user = tmp_path / "home", spare.users[0]
    with served(settings) as gateway, owner(gateway) as client:
        jobs: list[str] = []
        for _ in range(ROUNDS):
            partition(spare, "DOWN")
            jobs += many(client, len(jobs))
            numbers = numbers_of(spare)
            spare.end("slurmctld", "KILL")
            spare.begin("slurmctld")
            until_answers(spare)
            partition(spare, "UP")
            lost = numbers - numbers_of(spare)
            others = [
                spare.run("sbatch", "--parsable", "--output=/dev/null", "--wrap=true",
                          user=user).strip()
                for _ in range(20)
            ]  # fmt: skip
            again = lost & set(others)
            with capsys.disabled():
                print(  # noqa: T201  # what this machine's Slurm did is worth knowing
                    f"{len(numbers)} acknowledged, {len(lost)} forgotten, "
                    f"{len(again)} ids given again"
                )
        for job in jobs:
            record = until(client, job, ended)
            assert record["state"] == "completed", record
            assert record["user"] != user
    done = Counter((home / "log").read_text().split())
    assert len(jobs) == len(done) == ROUNDS * JOBS
    assert set(done.values()) == {1}


def many(
    client: httpx.Client, first: int, count: int = JOBS, *, hold: bool = False
) -> list[str]:
    """Submit jobs each of which writes its number, and return their ids."""
    specs = [
        {"script": f"#!/bin/sh\necho {number} >>log\n", "hold": hold}
        for number in range(first, first + count)
    ]
    answer = client.post("/api/v1/jobs/cluster/bulk", json={"jobs": specs})
    assert answer.status_code in {200, 201, 207}, answer.text
    return [outcome["job"]["id"] for outcome in answer.json()["jobs"]]


def partition(cluster: Cluster, state: str) -> None:
    cluster.run("scontrol", "update", "PartitionName=batch", f"State={state}")


def numbers_of(cluster: Cluster) -> set[str]:
    return set(cluster.run("squeue", "-h", "-t", "all", "-o", "%A").split())


def until_answers(cluster: Cluster) -> None:
    deadline = time.monotonic() + 60
    while not cluster.answers():
        assert time.monotonic() < deadline, "the controller does not come back"
        time.sleep(0.1)


def test_while_the_controller_is_stopped_lists_have_their_age(
    spare: Cluster, tmp_path: Path
) -> None:
    settings = configure(tmp_path, spare)
    home = tmp_path / "home"
    with served(settings) as gateway, owner(gateway) as client:
        held = many(client, 0, QUEUED, hold=True)
        for job in held:
            until(client, job, lambda record: record["state"] == "held")
        spare.end("slurmctld", "KILL")
        until_true(
            lambda: client.get("/api/v1/queue/cluster").json()["failure"],
            "nobody notices that the controller is away",
        )
        queue = client.get("/api/v1/queue/cluster").json()
        assert {row["id"] for row in queue["jobs"]} >= set(held)
        attempts = tmp_path / "state" / "jobs" / "cluster" / "attempts"
        tried = {path.name for path in attempts.iterdir()}
        stays_away_until = time.monotonic() + AWAY_SECONDS
        while_it_is_away(client, queue["as_of"])
        while time.monotonic() < stays_away_until:
            while_it_is_away(client, queue["as_of"])
        assert {path.name for path in attempts.iterdir()} == tried  # nobody waited
        spare.begin("slurmctld")
        until_answers(spare)
        # A job that was lost is submitted again, held as it was, before it is released.
        for job in held:
            until_true(partial(releases, client, job), f"{job} is not released")
        for job in held:
            assert until(client, job, ended)["state"] == "completed"
        assert client.get("/api/v1/queue/cluster").json()["failure"] == ""
        names = {
            row["name"] for row in client.get("/api/v1/jobs/cluster").json()["jobs"]
        }
        assert names == {"script"}
    done = Counter((home / "log").read_text().split())
    assert done == {str(number): 1 for number in range(QUEUED)}


def while_it_is_away(client: httpx.Client, as_of: str) -> None:
    """Lists have their age, and what is submitted is refused for a while."""
    assert client.get("/api/v1/queue/cluster").json()["as_of"] == as_of
    assert client.get("/api/v1/nodes/cluster").json()["as_of"] == as_of
    spec = {"executable": "true"}
    for url, body in (("", spec), ("/bulk", {"jobs": [spec, spec]})):
        answer = client.post(f"/api/v1/jobs/cluster{url}", json=body)
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) >= 1
    assert client.get("/api/v1/status/cluster").json()["status"] == "degraded"


def releases(client: httpx.Client, job: str) -> bool:
    """Try to release a job, and return whether it was done."""
    answer = client.post(f"/api/v1/jobs/cluster/{job}/release")
    return answer.status_code == 200


def test_a_job_goes_on_while_its_user_is_signed_out(
    spare: Cluster, gateway: Account, group: str, admins: str, ada: Account
) -> None:
    """She submits two while the controller hangs, and signs out; then all but authn and
    the broker are killed. The grant of one was lost: that is the control, and waits.
    """
    with of_people(spare, gateway, group, admins, ada) as centre:
        attempts = centre.folder / "state" / "jobs" / "cluster" / "attempts"
        lost = leave_two_behind(spare, centre, ada, attempts)
        with centre.restarted(gateway) as again:
            until_true(lambda: log_of(ada) == ["kept"], "it is not done")
            # It began when nobody had asked for her for long, and has ended with it.
            until_true(lambda: not workers_of(ada), "her worker stays")
            until_true(
                lambda: [one.name for one in attempts.iterdir()] == [lost.name],
                "the grant of what has ended is kept",
            )
            assert whose(spare, ada) == ["COMPLETED"]
            with again.signed_in(ada) as client:
                told = client.get("/api/v1/jobs/cluster").json()["jobs"]
                record = min(told, key=lambda job: int(job["id"]))
                assert until(client, record["id"], ended)["state"] == "completed"
                assert len(told) == 2
    assert log_of(ada).count("kept") == 1


@contextmanager
def of_people(
    cluster: Cluster,
    gateway: Account,
    group: str,
    admins: str,
    person: Account,
    asked_seconds: float = 2.0,
) -> Iterator[Centre]:
    """Yield a gateway on the cluster, on which a person has an account.

    It acts for the person until ``asked_seconds`` after the last request.
    """
    asked = ("sacctmgr", "--noheader", "show", "associations", f"user={person.name}")
    if not cluster.run(*asked).strip():
        add = ("sacctmgr", "-Q", "-i", "add", "user", person.name, "Account=science")
        cluster.run(*add)
    more = f"""
[[systems]]
name = "cluster"
scheduler = "slurm"
conf = "{cluster.conf}"
interval = {INTERVAL}
"""
    with centres.started(
        gateway, group, admins, asked_seconds=asked_seconds, more=more
    ) as centre:
        yield centre


def test_what_a_controller_forgets_is_done_while_its_users_are_signed_out(
    spare: Cluster, gateway: Account, group: str, admins: str, bob: Account
) -> None:
    """It forgets all that it had acknowledged.

    It gives the ids to others' jobs, and to some that he submits past the gateway. Of
    one job the grant is lost: that is the control, and waits for its person.
    """
    saved = spare.folder / "state"
    spare.end("slurmctld", "TERM")
    shutil.copytree(saved, copy := spare.folder / "before")
    spare.begin("slurmctld")
    until_answers(spare)
    partition(spare, "DOWN")
    with of_people(spare, gateway, group, admins, bob) as centre:
        attempts = centre.folder / "state" / "jobs" / "cluster" / "attempts"
        with centre.signed_in(bob) as client:
            until_true(
                lambda: client.get("/api/v1/queue/cluster").status_code == 200,
                "no look",
            )
            control = submit(client, script="#!/bin/sh\necho waited >>log\n")
            (its_grant,) = attempts.iterdir()
            jobs = many(client, 0, LEFT_BEHIND)
            numbers = numbers_of(spare)
            assert client.delete("/api/v1/session").status_code == 204
        until_true(lambda: is_absent(centre, gateway, bob), "he still counts as asking")
        its_grant.write_text("")
        spare.end("slurmctld", "KILL")
        shutil.rmtree(saved)
        copy.rename(saved)
        spare.begin("slurmctld")
        until_answers(spare)
        partition(spare, "UP")
        others = {
            spare.run("sbatch", "--parsable", "--output=/dev/null", "--wrap=true",
                      user=(spare.users[0], bob.name)[number % 2]).strip()
            for number in range(20)
        }  # fmt: skip
        assert others & numbers, "the ids are not given again"
        until_true(lambda: len(log_of(bob)) >= LEFT_BEHIND, "they are not done")
        until_true(
            lambda: [one.name for one in attempts.iterdir()] == [its_grant.name],
            "grants of what has ended are kept",
        )
        assert is_absent(centre, gateway, bob)
        assert "waited" not in log_of(bob)
        with centre.signed_in(bob) as client:
            for job in [*jobs, control]:
                record = until(client, job, ended)
                assert (record["state"], record["user"]) == ("completed", bob.name)
    done = Counter(log_of(bob))
    assert done == dict.fromkeys([*map(str, range(LEFT_BEHIND)), "waited"], 1)


def test_a_job_is_canceled_though_its_user_has_signed_out(
    spare: Cluster, gateway: Account, group: str, admins: str, bob: Account
) -> None:
    """The order comes while the controller is away. A second job, without, is done."""
    partition(spare, "DOWN")
    with of_people(spare, gateway, group, admins, bob) as centre:
        orders = centre.folder / "state" / "jobs" / "cluster" / "cancels"
        with centre.signed_in(bob) as client:
            until_true(
                lambda: client.get("/api/v1/queue/cluster").status_code == 200,
                "no look",
            )
            canceled, kept = (
                submit(client, script=f"#!/bin/sh\necho {word} >>orders\n", name=word)
                for word in ("canceled", "kept")
            )
            spare.end("slurmctld", "TERM")
            answer = client.delete(f"/api/v1/jobs/cluster/{canceled}")
            assert answer.status_code in {503, 504}, answer.text
            assert "The order is kept" in answer.json()["detail"]
            assert client.delete("/api/v1/session").status_code == 204
        until_true(lambda: is_absent(centre, gateway, bob), "he still counts as asking")
        spare.begin("slurmctld")
        until_answers(spare)
        until_true(lambda: "CANCELLED" in whose(spare, bob), "it is not canceled")
        assert is_absent(centre, gateway, bob)
        partition(spare, "UP")
        until_true(lambda: not list(orders.iterdir()), "the order is kept for ever")
        with centre.signed_in(bob) as client:
            assert until(client, kept, ended)["state"] == "completed"
            assert until(client, canceled, ended)["state"] == "canceled"
    assert (bob.home / "orders").read_text() == "kept\n"


def is_absent(centre: Centre, gateway: Account, person: Account) -> bool:
    """Return whether the gateway, as whose account this asks, may not act for them."""

    async def ask() -> bool:
        client = AuthnClient(centre.folder / "authn" / "socket")
        try:
            await client.call("ticket", Ticket, {"user": person.name})
        except PersonAbsent:
            return True
        finally:
            await client.close()
        return False

    with acting_as(gateway):
        return asyncio.run(ask())


def leave_two_behind(
    cluster: Cluster, centre: Centre, person: Account, attempts: Path
) -> Path:
    """Have a person submit two jobs and sign out, while the controller hangs.

    Then the controller forgets what it had not read, and the gateway is killed. Returns
    the record of the second, of which the grant is lost.
    """
    pid = int((cluster.folder / "slurmctld.pid").read_text())
    grants: list[Path] = []

    def is_granted() -> bool:
        grants.extend(one for one in granted(attempts) if one not in grants)
        return len(grants) == len(names)

    with ThreadPoolExecutor(2) as threads, centre.signed_in(person) as client:
        # What the first look has found is there, so that each is checked.
        until_true(
            lambda: client.get("/api/v1/queue/cluster").status_code == 200, "no look"
        )
        os.kill(pid, signal.SIGSTOP)
        names: list[str] = []
        for name in ("kept", "lost"):
            names.append(name)
            script = f"#!/bin/sh\necho {name} >>log\n"
            threads.submit(client.post, "/api/v1/jobs/cluster", json={"script": script})
            until_true(is_granted, "no grant is made")
        assert client.delete("/api/v1/session").status_code == 204
        centre.serve.kill()
        centre.serve.wait(60)
    grants[1].write_text("")
    cluster.end("slurmctld", "KILL")
    cluster.begin("slurmctld")
    until_answers(cluster)
    assert whose(cluster, person) == []
    return grants[1]


def granted(attempts: Path) -> list[Path]:
    """Return the records of jobs that have a grant."""
    return [one for one in attempts.glob("*") if one.suffix == "" and one.read_text()]


def log_of(person: Account) -> list[str]:
    path = person.home / "log"
    return path.read_text().split() if path.exists() else []


def whose(cluster: Cluster, person: Account) -> list[str]:
    """Return the states of a person's jobs that the controller knows."""
    asked = ("squeue", "--noheader", "--states=all", f"--user={person.name}")
    return cluster.run(*asked, "--format=%T").split()
