"""Projects, fair share and usage of a real Slurm, as its own commands state them.

It has a cluster of its own: the database is told that jobs ran on other days.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cluster.accounted import (
    BEFORE,
    COMPLETED,
    DAYS,
    FIRST,
    NODE_FAIL,
    PREEMPTED,
    SETTINGS,
    TODAY,
    Sums,
    in_database,
    make_accounts,
    put_back,
    reported,
    run_jobs,
    until,
)
from tests.cluster.conftest import Cluster, started
from tests.cluster.test_gateway import owner, served
from tests.support.gateway import RunningGateway, command

from gatewright.backends.slurm import parse
from gatewright.backends.slurm.checks import mark_column
from gatewright.backends.slurm.commands import COMMENT, SUBMIT_LINE, Slurm
from gatewright.backends.slurm.marks import Mark, mark_in, mark_of
from gatewright.backends.slurm.plugin import SlurmOptions, accounting_of
from gatewright.domains.accounting import AccountingSource
from gatewright.domains.compute import JobSpec, Resources, Submission
from gatewright.testing.accounting_source import AccountingSourceContract
from gatewright.testing.plugins import setting_for


@pytest.fixture(scope="module")
def accounted() -> Iterator[Cluster]:
    """Yield a cluster with a tree of accounts, and jobs on the three days before."""
    with started() as cluster:
        cluster.end("slurmctld", "TERM")
        text = cluster.conf.read_text()
        old = "AccountingStorageEnforce=associations"
        assert old in text
        text = text.replace(old, f"{old},limits")
        flags = "AccountingStoreFlags=job_comment"
        assert flags in text
        text = text.replace(flags, "").replace(" Feature=", " Gres=gpu:1 Feature=")
        cluster.conf.write_text(text + SETTINGS)
        gpus = "NodeName=localhost Name=gpu File=/dev/null\n"  # any device will do
        cluster.conf.with_name("gres.conf").write_text(gpus)
        cluster.begin("slurmctld")
        until(cluster.answers, "the controller")
        cluster.end("slurmd", "TERM")
        cluster.begin("slurmd")

        def is_idle() -> bool:
            cluster.resume()  # until slurmd has told of its GPU, it is drained
            return "idle" in cluster.run("sinfo", "-h", "-o", "%T")

        until(is_idle, "the machine with its GPU")
        make_accounts(cluster)
        run_jobs(cluster)
        yield cluster


@pytest.fixture(scope="module")
def gateway(
    accounted: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("gateway")
    path = folder / "gatewright.toml"
    path.write_text(
        f"""
[gateway]
listen = "127.0.0.1:0"
state = "{folder}/state"

[[systems]]
name = "cluster"
scheduler = "slurm"
conf = "{accounted.conf}"
accounting_interval = 0.5
accounting_days = 20
""",
        encoding="utf-8",
    )
    with served(path) as opened:
        for user in accounted.users:
            named = ("--config", str(path), user, "--password-stdin")
            command("user", "add", *named, stdin="a long enough password")
        with owner(opened) as client:
            since = (TODAY - timedelta(days=19)).date().isoformat()

            def known() -> bool:
                (of,) = client.get("/api/v1/usage").json()["systems"]
                return bool(of["since"] == since)

            until(known, "the usage of twenty days")
        yield opened


def person(gateway: RunningGateway, user: str) -> httpx.Client:
    settings = gateway.state.parent / "gatewright.toml"
    asked = ("token", "create", "--config", str(settings), "--user", user)
    return gateway.client(command(*asked).strip())


def usage(client: httpx.Client, *by: str, **chosen: str) -> list[dict[str, Any]]:
    dates = {"from": f"{FIRST:%Y-%m-%d}", "to": f"{DAYS[-1]:%Y-%m-%d}"}
    answer = client.get("/api/v1/usage", params={"by": by, **dates, **chosen})
    assert answer.status_code == 200, answer.text
    assert answer.json()["as_of"]
    assert [one["failure"] for one in answer.json()["systems"]] == [""]
    lines: list[dict[str, Any]] = answer.json()["usage"]
    return lines


def sums(lines: list[dict[str, Any]]) -> Sums:
    kinds = {"cpu": "cpu_seconds", "node": "node_seconds", "gres/gpu": "gpu_seconds"}
    found: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    for line in lines:
        for tres, name in kinds.items():
            found[line["project"], line["person"], tres] += line[name]
    return {key: value for key, value in found.items() if value}


def test_usage_equals_that_of_sreport(
    gateway: RunningGateway, accounted: Cluster
) -> None:
    with owner(gateway) as client:
        told = reported(accounted, FIRST, TODAY)
        ann, bob = accounted.users
        assert {("science", ann, "cpu"), ("optics", bob, "node")} <= told.keys()
        assert told["optics", ann, "gres/gpu"] == 9 * 3001 * 2
        assert sums(usage(client, "project", "person")) == told
        assert sums(usage(client, "project", "person", "partition")) == told
        for day in DAYS:
            date = f"{day:%Y-%m-%d}"
            one = usage(client, "project", "person", **{"from": date, "to": date})
            assert sums(one) == reported(accounted, day, day + timedelta(days=1))
        by_day = usage(client, "day")
        assert [line["day"] for line in by_day] == [f"{day:%Y-%m-%d}" for day in DAYS]
        assert sum(line["jobs"] for line in by_day) == 10
        (debug,) = [
            one for one in usage(client, "partition") if one["partition"] == "debug"
        ]
        # Jobs 4, 5, 8, 9 and 10, of which each ran for 3001 s times its number.
        assert debug["wall_seconds"] == 3001 * (4 + 5 + 8 + 9 + 10)


def test_fair_share_equals_that_of_sshare(
    gateway: RunningGateway, accounted: Cluster
) -> None:
    fields = "Account,User,RawShares,NormShares,RawUsage,EffectvUsage,FairShare,LevelFS"

    def stated() -> dict[tuple[str, str], list[str]]:
        told = accounted.run("sshare", "-anP", f"--format={fields}")
        rows = [[cell.strip() for cell in row.split("|")] for row in told.splitlines()]
        return {(row[0], row[1]): row[2:] for row in rows}

    def written(share: dict[str, Any]) -> list[str]:
        """Return a fair share as ``sshare`` prints it."""
        whole = ("shares", "usage")
        names = (
            "shares",
            "normal_shares",
            "usage",
            "effective_usage",
            "factor",
            "level",
        )
        return [
            "" if share[name] is None
            else f"{share[name]:.0f}" if name in whole
            else f"{share[name]:.6f}"
            for name in names
        ]  # fmt: skip

    told: dict[tuple[str, str], list[str]] = {}
    found: dict[tuple[str, str], list[str]] = {}
    with owner(gateway) as client:

        def same() -> bool:
            told.clear()
            for key, cells in stated().items():
                told[key] = ["" if cell == "inf" else cell for cell in cells]
            weighed = any(float(cells[2] or 0) for cells in told.values())
            found.clear()
            for project in client.get("/api/v1/projects").json()["projects"]:
                found[project["name"], ""] = written(project["fair_share"])
                for member in project["members"]:
                    if member["belongs"]:
                        key = project["name"], member["person"]
                        found[key] = written(member["fair_share"])
            return weighed and found == told

        # Slurm weighs usage once a minute.
        until(same, "the fair share of all accounts")
    assert found == told


def test_a_project_is_shown_with_its_limits(
    gateway: RunningGateway, accounted: Cluster
) -> None:
    ann, bob = accounted.users
    with owner(gateway) as client:
        found = client.get("/api/v1/projects/cluster/optics").json()
        assert (found["parent"], found["organization"]) == ("physics", "uni")
        assert found["allocation"]["cpu_seconds"] == 60_000
        assert found["allocation"]["gpu_seconds"] == 3600
        assert found["allocation"]["node_seconds"] is None
        assert (found["limits"]["jobs"], found["limits"]["cores"]) == (10, 8)
        assert found["limits"]["duration"] == 3600
        people = {one["person"]: one for one in found["members"]}
        assert people.keys() == {ann, bob}
        assert people[ann]["fair_share"]["shares"] == 3
        assert (people[bob]["partition"], people[bob]["coordinator"]) == ("debug", True)
        above = client.get("/api/v1/projects/cluster/physics").json()
        assert above["title"] == "all of it | really"
        assert [one["belongs"] for one in above["members"]] == [False]
        assert client.get("/api/v1/projects/cluster/none").status_code == 404


def test_people_see_their_own_usage_and_that_of_their_projects(
    gateway: RunningGateway, accounted: Cluster
) -> None:
    ann, bob = accounted.users
    told = reported(accounted, FIRST, TODAY)
    with person(gateway, ann) as client:
        names = [
            one["name"] for one in client.get("/api/v1/projects").json()["projects"]
        ]
        assert names == ["optics", "science"]
        mine = {key: value for key, value in told.items() if key[1] == ann}
        assert sums(usage(client, "project", "person")) == mine
        assert usage(client, "project", person=bob) == []
        (optics,) = usage(client, "project", project="optics")
        both = sum(told["optics", user, "cpu"] for user in (ann, bob))
        assert optics["cpu_seconds"] == both
        assert client.get("/api/v1/projects/cluster/physics").status_code == 404
    with person(gateway, bob) as client:  # coordinates physics and optics
        seen = {key: value for key, value in told.items() if key[0] == "optics"}
        assert sums(usage(client, "project", "person")) == seen
        names = [
            one["name"] for one in client.get("/api/v1/projects").json()["projects"]
        ]
        assert names == ["optics", "physics", "science"]


async def test_all_runs_of_a_job_count_as_in_sreport_and_the_job_once(
    accounted: Cluster, tmp_path: Path
) -> None:
    """Of jobs that Slurm put back shortly before midnight, and that ran on after it."""
    numbers = put_back(accounted)
    day, midnight = (BEFORE + timedelta(days=more) for more in range(2))
    at = int(midnight.timestamp())
    runs = (
        (f"state IN ({PREEMPTED}, {NODE_FAIL})", (at - 9000, at - 8000, at - 30)),
        (f"state = {COMPLETED}", (at - 30, at + 90, at + 3600)),
    )
    moved = "".join(
        f"""
        UPDATE testbed_job_table SET time_submit = {submit}, time_eligible = {start},
            time_start = {start}, time_end = {end}
            WHERE {which} AND id_job IN ({", ".join(numbers)});
        """
        for which, (submit, start, end) in runs
    )
    rolled = f"{BEFORE.timestamp():.0f}"
    in_database(
        accounted,
        f"""
        {moved}
        UPDATE testbed_event_table SET time_start = {rolled} - 86400
            WHERE node_name = '' AND time_end = 0;
        DELETE FROM testbed_usage_hour_table;
        DELETE FROM testbed_assoc_usage_hour_table;
        UPDATE testbed_last_ran_table SET hourly_rollup = {rolled},
            daily_rollup = {rolled}, monthly_rollup = {rolled};
        """,
    )
    accounted.run("sacctmgr", "--immediate", "rollup")
    days = [(day, midnight), (midnight, midnight + timedelta(days=1))]
    until(lambda: all(reported(accounted, *one) for one in days), "a report")
    conf = str(accounted.conf)
    async with setting_for(SlurmOptions, tmp_path, conf=conf) as setting:
        source = accounting_of(setting)
        counted = []
        for one in days:
            uses = await source.usage(*(moment.timestamp() for moment in one))
            told = reported(accounted, *one)
            found: defaultdict[tuple[str, str, str], float] = defaultdict(float)
            for use in uses:
                found[use.project, use.person, "cpu"] += use.amount.cpu_seconds
            assert found == {key: v for key, v in told.items() if key[2] == "cpu"}
            counted.append(sum(use.amount.jobs for use in uses))
    assert counted == [0, len(numbers)]


def test_a_job_is_recognised_where_accounting_keeps_no_comments(
    accounted: Cluster,
) -> None:
    """By the command that submitted it, which every Slurm since 21.08 keeps."""
    user, slurm = accounted.users[0], Slurm()
    one = Resources(process_count=1, gpu_cores_per_process=1)
    spec = JobSpec(script="#!/bin/sh\n", resources=one)
    mine = Submission(
        uuid="01hv", id="7", system="cluster", user=user, name="a --comment=gw:2:b",
        spec=spec, directory="/", stdout_path="/dev/null", stderr_path="/dev/null",
        submitted_at=5.0,
    )  # fmt: skip
    mark = mark_of(mine)
    call = slurm.submit(mine, mark, spec.script or "", [])
    stdin = call.stdin.decode()
    number = accounted.run(*call.argv, user=user, stdin=stdin).strip()
    until(lambda: not accounted.run("squeue", "--noheader"), "the end of the job")
    settings = parse.settings(accounted.run("scontrol", "show", "config"))
    assert mark_column(settings) == SUBMIT_LINE

    def told(column: str) -> tuple[Mark | None, int] | None:
        text = accounted.run(*slurm.accounting("@1", [number], column).argv)
        jobs = [row for row in parse.accounting(text, "@1", column) if not row.step]
        return (mark_in(jobs[0].comment), jobs[0].gpus) if jobs else None

    # The database is told some time after the job has ended.
    until(lambda: told(SUBMIT_LINE) == (mark, 1), "the job with a GPU in the database")
    assert told(COMMENT) == (None, 1)
    (node, *_) = parse.nodes(accounted.run(*slurm.nodes("@1").argv), "@1")
    assert node.gpus == 1


class TestSource(AccountingSourceContract):
    @pytest.fixture
    async def source(
        self, accounted: Cluster, tmp_path: Path
    ) -> AsyncIterator[AccountingSource]:
        conf = str(accounted.conf)
        async with setting_for(SlurmOptions, tmp_path, conf=conf) as setting:
            yield accounting_of(setting)

    @pytest.fixture
    def ran(self) -> tuple[float, float]:
        return DAYS[1].timestamp(), DAYS[2].timestamp()


def test_what_was_read_is_shown_while_the_database_is_stopped(
    gateway: RunningGateway, accounted: Cluster
) -> None:
    """While it is away, people still get what was read, with its age and why."""
    accounted.end("slurmdbd", "TERM")
    try:
        with owner(gateway) as client:

            def told() -> bool:
                (of,) = client.get("/api/v1/projects").json()["systems"]
                return "accounting database does not answer" in of["failure"]

            until(told, "that the database is away")
            answer = client.get("/api/v1/usage", params={"by": "day"})
            assert answer.json()["usage"]
            assert answer.json()["as_of"]
    finally:
        accounted.begin("slurmdbd")
        until(accounted.counts, "that the database is back")
