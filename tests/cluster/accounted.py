"""Projects and jobs of other days on the test cluster, and what its database states."""

import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.cluster.conftest import Cluster
from tests.cluster.test_gateway import SECONDS

SETTINGS = """
PriorityType=priority/multifactor
PriorityDecayHalfLife=0
PriorityUsageResetPeriod=YEARLY
PriorityCalcPeriod=1
PriorityWeightFairshare=1000
PriorityWeightAge=1000
AccountingStorageTRES=gres/gpu
GresTypes=gpu
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=first Nodes=localhost MaxTime=10 State=UP PriorityTier=10
"""
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
FIRST = TODAY - timedelta(days=3)
DAYS = [FIRST + timedelta(days=number) for number in range(3)]
BEFORE = FIRST - timedelta(days=3)
"""Day on which jobs are put back into the queue, which go on the day after."""

Sums = dict[tuple[str, str, str], float]
"""Seconds by account, user and resource."""


def make_accounts(cluster: Cluster) -> None:
    ann, bob = cluster.users
    for words in (
        "add account physics Organization=uni",
        "add account optics parent=physics Description=optics Organization=uni",
        f"add user {ann} Account=optics Fairshare=3",
        f"add user {bob} Account=optics partition=debug",
        f"add coordinator account=physics names={bob}",
        "modify account optics set GrpTRESMins=cpu=1000,gres/gpu=60 GrpTRES=cpu=8",
        "modify account optics set GrpJobs=10 MaxWall=01:00:00",
    ):
        cluster.run("sacctmgr", "--quiet", "--immediate", *words.split())
    cluster.run(
        "sacctmgr", "--quiet", "--immediate", "modify", "account", "physics", "set",
        "Description=all of it | really",
    )  # fmt: skip


def run_jobs(cluster: Cluster) -> None:
    ann, bob = cluster.users

    def submit(user: str, *options: str) -> None:
        cluster.run(
            "sbatch",
            "--output=/dev/null",
            "--time=5",
            "--wrap=sleep 1",
            *options,
            user=user,
        )

    for account in ("science", "optics"):
        for partition in ("batch", "debug"):
            for cores in ("1", "2"):
                submit(ann, "-A", account, "-p", partition, "-c", cores)
    submit(bob, "-A", "optics", "-p", "debug", "-c", "3")
    until(lambda: not cluster.run("squeue", "--noheader"), "the end of the jobs")
    until(lambda: in_database(cluster, PENDING) == "0", "the end in the database")
    # Each begins some hours after the one before, runs for hours, some past midnight.
    in_database(
        cluster,
        f"""
        UPDATE testbed_job_table SET
            time_submit = {FIRST.timestamp():.0f},
            time_eligible = {FIRST.timestamp():.0f},
            time_start = {FIRST.timestamp():.0f} + (id_job - 1) * 23017,
            time_end = {FIRST.timestamp():.0f} + (id_job - 1) * 23017 + id_job * 3001,
            tres_alloc = IF(id_job = 9, CONCAT(tres_alloc, ',1001=2'), tres_alloc);
        UPDATE testbed_event_table SET time_start = {FIRST.timestamp():.0f} - 86400
            WHERE time_end = 0;
        DELETE FROM testbed_usage_hour_table;
        DELETE FROM testbed_assoc_usage_hour_table;
        UPDATE testbed_last_ran_table SET hourly_rollup = {FIRST.timestamp():.0f},
            daily_rollup = {FIRST.timestamp():.0f},
            monthly_rollup = {FIRST.timestamp():.0f};
        """,
    )
    cluster.run("sacctmgr", "--immediate", "rollup")
    until(lambda: bool(reported(cluster, FIRST, TODAY)), "a report")


COMPLETED, NODE_FAIL, PREEMPTED = 3, 7, 8
"""Numbers of states in Slurm's database."""
PENDING = "SELECT COUNT(*) FROM testbed_job_table WHERE time_end = 0"


def in_database(cluster: Cluster, statements: str) -> str:
    done = subprocess.run(
        ["mariadb", "--no-defaults", "-u", "root", "-N", "-B",
         f"--socket={cluster.folder}/mariadb/socket", "slurm"],
        check=False, capture_output=True, text=True, input=statements, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def reported(cluster: Cluster, first: datetime, end: datetime) -> Sums:
    """Return what ``sreport`` states of the users."""
    told = cluster.run(
        "env", "TZ=UTC0", "sreport", "--noheader", "--parsable2", "-t", "seconds",
        "-T", "cpu,node,gres/gpu", "cluster", "AccountUtilizationByUser",
        f"start={first:%Y-%m-%d}", f"end={end:%Y-%m-%d}",
        "format=Account,Login,TresName,Used",
    )  # fmt: skip
    rows = [line.split("|") for line in told.splitlines()]
    return {
        (account.strip(), user, tres): float(used)
        for account, user, tres, used in rows
        if user and float(used)
    }


def until(condition: Callable[[], bool], missing: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {missing}"
        time.sleep(0.2)


def submitted(cluster: Cluster, *options: str) -> str:
    common = ("--parsable", "--output=/dev/null", "--time=5", "--requeue")
    user = cluster.users[0]
    return cluster.run("sbatch", *common, *options, user=user).strip()


def put_back(cluster: Cluster) -> tuple[str, str]:
    """Return a job that made room for another, and one whose node failed, after both
    have run a second time.
    """

    def in_state(number: str, state: str) -> bool:
        return state in cluster.run("squeue", "-h", "-o", "%T", "-j", number)

    preempted = submitted(cluster, "-c", "4", "--wrap=sleep 5")
    until(lambda: in_state(preempted, "RUNNING"), "the first run")
    submitted(cluster, "-p", "first", "-c", "4", "--wrap=true")
    until(lambda: in_state(preempted, "PENDING"), "the job that makes room")
    until(lambda: not cluster.run("squeue", "--noheader"), "the second run")
    failed = submitted(cluster, "-p", "first", "--wrap=sleep 5")
    until(lambda: in_state(failed, "RUNNING"), "the job whose node fails")
    order = ("scontrol", "update", "NodeName=localhost", "State=DOWN", "Reason=test")
    cluster.run(*order)
    until(lambda: in_state(failed, "PENDING"), "the job whose node has failed")

    def is_idle() -> bool:
        cluster.resume()
        return not cluster.run("squeue", "--noheader")

    until(is_idle, "the end of the jobs")
    until(lambda: in_database(cluster, PENDING) == "0", "the end in the database")
    return preempted, failed
