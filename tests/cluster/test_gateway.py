"""A gateway and its jobs on a real Slurm, from submission to what they wrote."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from getpass import getuser
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cluster.conftest import Cluster
from tests.support.gateway import RunningGateway, command, running
from tests.support.go import WAIT_FOR_GO

SECONDS = 120.0
INTERVAL = 0.5
"""Seconds between two looks of the gateway at the cluster."""
A_LOOK = {
    "REQUEST_JOB_INFO": 1,
    "REQUEST_NODE_INFO": 2,
    "REQUEST_PARTITION_INFO": 3,
    "REQUEST_RESERVATION_INFO": 3,
}
"""How often one look asks the controller: by ``squeue`` once, and ``sinfo`` twice."""


def configure(folder: Path, cluster: Cluster) -> Path:
    """Write the configuration of a gateway whose one system is the cluster."""
    (folder / "home").mkdir(exist_ok=True)
    path = folder / "gatewright.toml"
    path.write_text(
        f"""
[gateway]
listen = "127.0.0.1:0"
state = "{folder}/state"

[[systems]]
name = "cluster"
scheduler = "slurm"
conf = "{cluster.conf}"
interval = {INTERVAL}
home = "{folder}/home"
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def settings(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return configure(tmp_path_factory.mktemp("gateway"), cluster)


@pytest.fixture(scope="module")
def serving(settings: Path) -> Iterator[RunningGateway]:
    with served(settings) as opened:
        yield opened


@pytest.fixture
def gateway(
    serving: RunningGateway, settings: Path, cluster: Cluster
) -> Iterator[RunningGateway]:
    """Yield the gateway of all tests; no job runs then, and the home has no file."""
    yield serving
    cluster.clear()
    for file in filter(Path.is_file, (settings.parent / "home").iterdir()):
        file.unlink()


def served(settings: Path) -> Any:
    return running(["serve", "--config", str(settings)], settings.parent / "state")


def owner(gateway: RunningGateway) -> httpx.Client:
    """Return a client of the person whom the gateway acts for."""
    return gateway.client(token_of(gateway.state.parent / "gatewright.toml"))


@cache
def token_of(settings: Path) -> str:
    asked = ("token", "create", "--config", str(settings), "--user", getuser())
    return command(*asked).strip()


def until(
    client: httpx.Client, job: str, wanted: Callable[[Mapping[str, Any]], bool]
) -> dict[str, Any]:
    """Return a job's record once it is as wanted."""
    deadline = time.monotonic() + SECONDS
    while True:
        answer = client.get(f"/api/v1/jobs/cluster/{job}")
        assert answer.status_code == 200, answer.text
        record: dict[str, Any] = answer.json()
        if wanted(record):
            return record
        assert time.monotonic() < deadline, f"still not as wanted: {record}"
        time.sleep(0.1)


def until_true(condition: Callable[[], bool], missing: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, missing
        time.sleep(0.1)


def submit(client: httpx.Client, **spec: Any) -> str:
    answer = client.post("/api/v1/jobs/cluster", json=spec)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def active(record: Mapping[str, Any]) -> bool:
    return bool(record["state"] == "active")


def ended(record: Mapping[str, Any]) -> bool:
    return record["ended_at"] is not None


def test_output_is_followed_while_the_job_runs(
    gateway: RunningGateway, settings: Path
) -> None:
    home = settings.parent / "home"
    with owner(gateway) as client:
        script = f"#!/bin/sh\necho first\n{WAIT_FOR_GO}echo last\n"
        job = submit(client, script=script, name="followed")
        url = f"/api/v1/jobs/cluster/{job}/output"
        until_true(lambda: client.get(url).text == "first\n", "nothing was written")
        until(client, job, lambda record: record["state"] == "active")
        part = client.get(url, headers={"Range": "bytes=2-3"})
        assert (part.status_code, part.content) == (206, b"rs")
        seen = b""
        with client.stream("GET", url, params={"follow": "true"}) as live:
            for block in live.iter_raw():
                seen += block
                if seen.endswith(b"first\n"):
                    (home / "go").touch()
        assert seen == b"first\nlast\n"
        record = until(client, job, ended)
        assert (record["state"], record["exit_code"]) == ("completed", 0)
        with client.stream(
            "GET", "/api/v1/events", headers={"Last-Event-ID": "0"}
        ) as e:
            kinds = []
            for line in e.iter_lines():
                if line.startswith("data:") and f"jobs/cluster/{job}" in line:
                    kinds.append(json.loads(line[5:])["data"]["state"])
                    if kinds[-1] == "completed":
                        break
        order = ["queued", "active", "completed"]
        assert [kind for kind in order if kind in kinds] == list(dict.fromkeys(kinds))


def test_newt_submits_shows_and_cancels(
    gateway: RunningGateway, cluster: Cluster
) -> None:
    with owner(gateway) as client:
        script = "#!/bin/sh\n#SBATCH --time=5\n#SBATCH --partition=debug\nsleep 300\n"
        answer = client.post("/newt/queue/cluster", data={"jobscript": script}).json()
        job = answer["jobid"]
        until(client, job, lambda record: record["state"] == "active")
        rows = client.get("/newt/queue/cluster").json()
        assert [row["status"] for row in rows if row["jobid"] == job] == ["R"]
        assert cluster.run("squeue", "-h", "-o", "%P %l").split() == ["debug", "5:00"]
        assert client.get("/newt/status/cluster").json()["status"] == "up"
        gone = client.delete(f"/newt/queue/cluster/{job}").json()
        assert gone["status"] == "OK"
        assert until(client, job, ended)["state"] == "canceled"
        until_true(lambda: cluster.run("squeue", "-h") == "", "it is still there")


def test_an_array_waits_for_another_job(
    gateway: RunningGateway, settings: Path
) -> None:
    home = settings.parent / "home"
    with owner(gateway) as client:
        first = submit(client, script=f"#!/bin/sh\n{WAIT_FOR_GO}")
        array = submit(
            client,
            script="#!/bin/sh\necho $GATEWRIGHT_JOB_ID $SLURM_ARRAY_TASK_ID\n",
            array="1-3%2",
            stdout_path="out-{index}.txt",
            dependencies=[{"job": first}],
        )
        waiting = until(
            client, array, lambda one: one["reason"] == f"Waits for job {first} to end."
        )
        assert waiting["tasks"] == {"queued": 3}
        (home / "go").touch()
        done = until(client, array, ended)
        assert (done["state"], done["tasks"]) == ("completed", {"completed": 3})
        for index in (1, 2, 3):
            text = (home / f"out-{index}.txt").read_text()
            assert text == f"{array}_{index} {index}\n"


def test_jobs_from_elsewhere_are_in_the_queue(
    gateway: RunningGateway, cluster: Cluster
) -> None:
    user = cluster.users[0]
    number = cluster.run(
        "sbatch", "--parsable", "--job-name=a\nb", "--output=/dev/null", "--nodes=1",
        "--comment=gw:01m8k7f253hj0wz53dfgzrffrn:root", "--cpus-per-task=4",
        "--wrap=sleep 300", user=user,
    ).strip()  # fmt: skip
    try:
        with owner(gateway) as client:
            own = submit(client, executable="true")

            def theirs() -> list[dict[str, Any]]:
                answer = client.get("/api/v1/queue/cluster", params={"user": user})
                assert answer.status_code == 200, answer.text
                return list(answer.json()["everyone"])

            until_true(
                lambda: [row["state"] for row in theirs()] == ["active"], "not seen"
            )
            (row,) = theirs()
            assert (row["number"], row["name"], row["id"]) == (number, "a\nb", None)
            assert row["cores"] == 4
            rows = client.get("/newt/queue/cluster", params={"user": user}).json()
            assert [row["jobid"] for row in rows] == [f"cluster:{number}"]
            url = f"/newt/queue/cluster/cluster:{number}"
            assert client.delete(url).status_code == 404
            waits = until(client, own, lambda job: "next" in job["reason"])
            assert waits["state"] == "queued"
            until(client, own, lambda job: job["expected_start_at"] is not None)
            (node,) = client.get("/api/v1/nodes/cluster").json()["nodes"]
            assert (node["cores"], node["cores_in_use"]) == (4, 4)
            answer = client.get("/api/v1/partitions/cluster").json()
            named = {one["name"]: one for one in answer["partitions"]}
            assert named["batch"]["default"]
            assert named["debug"]["duration"] == 600
            assert answer["as_of"]
            cluster.run("scancel", number, user=user)
            assert until(client, own, ended)["state"] == "completed"
    finally:
        cluster.run("scancel", f"--user={user}")


@pytest.mark.parametrize("clients", [1, 64])
def test_the_controller_is_asked_once_for_everyone(
    gateway: RunningGateway,
    cluster: Cluster,
    capsys: pytest.CaptureFixture[str],
    clients: int,
) -> None:
    """In an interval it is asked once for each kind, by however many clients."""
    urls = [f"/api/v1/{kind}/cluster" for kind in ("queue", "nodes", "partitions")]
    with ExitStack() as opened, ThreadPoolExecutor(clients) as threads:
        first = opened.enter_context(owner(gateway))
        token = first.headers["Authorization"].removeprefix("Bearer ")
        # Each has connections of its own: threads that share one client's may close
        # each other's.
        people = [first] + [
            opened.enter_context(gateway.client(token)) for _ in range(clients - 1)
        ]

        def look(client: httpx.Client) -> list[int]:
            # One person has only so many requests at once: 429 is an answer too.
            return [client.get(url).status_code for url in urls]

        before, began, looks = asked_of(cluster), time.monotonic(), 0
        # It is asked again in each interval of this, so that there is one to compare.
        while looks < 600 or time.monotonic() - began < 10 * INTERVAL:
            answers = [one for told in threads.map(look, people) for one in told]
            assert set(answers) <= {200, 429}
            looks += answers.count(200)
        after, intervals = asked_of(cluster), (time.monotonic() - began) / INTERVAL
    needed = {kind: after[kind] - before[kind] for kind in after}
    with capsys.disabled():
        print(  # noqa: T201  # counts that are worth knowing
            f"{clients} clients: {looks} looks, {intervals:.0f} intervals, {needed}"
        )
    assert needed["REQUEST_JOB_INFO"] > 0
    for kind, count in needed.items():
        assert count <= A_LOOK[kind] * (intervals + 2), kind


def asked_of(cluster: Cluster) -> dict[str, int]:
    """Return how often the controller was asked for each kind that a look needs."""
    told = cluster.run("sdiag")
    found = {kind: re.search(rf"{kind}\s.*?count:(\d+)", told) for kind in A_LOOK}
    return {kind: int(match[1]) if match else 0 for kind, match in found.items()}


def test_a_job_asks_for_more_than_cores(
    gateway: RunningGateway, cluster: Cluster
) -> None:
    asked = {
        "qos": "normal", "constraint": "fast", "licenses": "matlab:2",
        "project_name": "science",
    }  # fmt: skip
    with owner(gateway) as client:
        hold = {"executable": "true", "hold": True, "attributes": asked}
        job = submit(client, **hold)
        shown = cluster.run("squeue", "-h", "-o", "%q %f %W %a").split()
        assert shown == ["normal", "fast", "matlab:2", "science"]
        spec = client.get(f"/api/v1/jobs/cluster/{job}").json()["spec"]
        assert asked.items() <= spec["attributes"].items()


def test_how_well_a_job_used_what_it_had(gateway: RunningGateway) -> None:
    """What its script asks for of Slurm counts, which the gateway does not read."""
    with owner(gateway) as client:
        script = "#!/bin/sh\n#SBATCH --cpus-per-task=3 --mem=2000M\nsleep 11\n"
        record = until(client, submit(client, script=script), ended)
        assert record["usage"]["wall_seconds"] >= 11
        assert record["usage"]["cores"] >= 3
        assert record["efficiency"]["cpu"] < 0.5
        assert "would do" in record["efficiency"]["advice"]
        most = record["usage"]["memory_limit_bytes"]
        assert most in {0, 2000 << 20}
        assert (record["efficiency"]["memory"] is None) == (most == 0)


def ids_of(client: httpx.Client) -> set[str]:
    return {one["id"] for one in client.get("/api/v1/jobs/cluster").json()["jobs"]}


def test_what_slurm_does_not_accept_is_reported(gateway: RunningGateway) -> None:
    with owner(gateway) as client:
        before = ids_of(client)
        for spec in (
            {"script": "#!/bin/sh\n#SBATCH --array=0-3\ntrue\n"},
            {"script": "#!/bin/sh\n#SBATCH -Wa 0-3\ntrue\n"},
            {"executable": "true", "attributes": {"queue_name": "none"}},
            {"executable": "true", "attributes": {"project_name": "nobody"}},
            {"executable": "true", "attributes": {"duration": 7200}},
            {"executable": "true", "attributes": {"constraint": "none"}},
            {"executable": "true", "attributes": {"licenses": "none:1"}},
            {"executable": "true", "attributes": {"reservation": "none"}},
            {"executable": "true", "resources": {"gpu_cores_per_process": 1}},
            {"executable": "true", "resources": {"process_count": 100}},
        ):
            answer = client.post("/api/v1/jobs/cluster", json=spec)
            assert answer.status_code == 422, answer.text
        assert ids_of(client) == before


def test_a_refusal_says_what_to_change(gateway: RunningGateway) -> None:
    """Beside it stand Slurm's own words."""
    with owner(gateway) as client:
        before = ids_of(client)
        for line, why, words in (
            ("--account=nosuch", "one of your accounts", "Invalid account"),
            ("--partition=nosuch", "no such partition", "Invalid partition name"),
            ("--constraint=nosuch", "has the features", "Invalid feature"),
            ("--dependency=nonsense", "dependencies that are over", "Job dependency"),
            ("--licenses=nosuch", "no such licence", "Invalid license"),
            ("--reservation=nosuch", "no such reservation", "reservation is invalid"),
            ("--time=nonsense", "cannot be read", "Invalid --time specification"),
            ("--nosuch=1", "does not know", "unrecognized option '--nosuch=1'"),
        ):
            script = f"#!/bin/sh\n#SBATCH {line}\ntrue\n"
            for params in ({}, {"dry_run": "true"}):
                url, spec = "/api/v1/jobs/cluster", {"script": script}
                answer = client.post(url, json=spec, params=params)
                assert answer.status_code == 422, answer.text
                told = answer.json()["detail"]
                assert "Slurm does not take the job. " in told
                assert why in told
                assert words in told.partition("Its words: ")[2]
        assert ids_of(client) == before


def test_a_gateway_that_is_killed_loses_no_job(
    tmp_path: Path, cluster: Cluster
) -> None:
    settings = configure(tmp_path, cluster)
    home = settings.parent / "home"
    with served(settings) as first:
        with owner(first) as client:
            script = f"#!/bin/sh\necho began >>log\n{WAIT_FOR_GO}echo ended >>log\n"
            jobs = [submit(client, script=script) for _ in range(3)]
            until(client, jobs[0], lambda record: record["state"] == "active")
        first.kill()
    (home / "go").touch()
    with served(settings) as second, owner(second) as client:
        for job in jobs:
            record = until(client, job, ended)
            assert (record["state"], record["exit_code"]) == ("completed", 0)
    lines = (home / "log").read_text().split()
    assert (lines.count("began"), lines.count("ended")) == (3, 3)
