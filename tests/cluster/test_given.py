"""What Slurm gave a job, shown after the job has ended."""

from getpass import getuser
from typing import Any

from tests.cluster.conftest import Cluster
from tests.cluster.test_gateway import (
    active,
    ended,
    gateway,
    owner,
    serving,
    settings,
    submit,
    until,
)
from tests.support.gateway import RunningGateway

__all__ = ["gateway", "serving", "settings"]


def test_what_the_script_and_the_site_decided_is_kept(
    gateway: RunningGateway, cluster: Cluster
) -> None:
    """The request names none of it: neither partition and limit, nor the account."""
    script = "#!/bin/sh\n#SBATCH --partition=debug --time=5 --ntasks=2\nsleep 1\n"
    account = cluster.run(
        "sacctmgr", "-n", "-P", "show", "user", getuser(), "format=DefaultAccount"
    ).strip()
    with owner(gateway) as client:
        job = submit(client, script=script)
        record = until(client, job, ended)
        assert record["state"] == "completed"
        usage = record["usage"]
        given = {"nodes": 1, "partition": "debug", "project": account}
        assert usage.items() >= {**given, "cores": 2, "limit_seconds": 300.0}.items()
        row: dict[str, Any] = client.get(f"/newt/queue/cluster/{job}").json()
        assert row["status"] == "C"
        shown = [row[name] for name in ("queue", "repo", "timereq", "nodes", "procs")]
        assert shown == ["debug", account, "00:05:00", "1", "2"]
        row = client.get(f"/newt/queue/cluster/{job}/sacct").json()
        shown = [row[name] for name in ("partition", "account", "nnodes", "alloccpus")]
        assert shown == ["debug", account, "1", "2"]


def test_it_is_kept_of_a_job_that_is_canceled_while_it_runs(
    gateway: RunningGateway,
) -> None:
    with owner(gateway) as client:
        job = submit(client, script="#!/bin/sh\n#SBATCH --time=7\nsleep 600\n")
        until(client, job, active)
        assert client.delete(f"/api/v1/jobs/cluster/{job}").status_code in {202, 204}
        usage = until(client, job, ended)["usage"]
        assert (usage["partition"], usage["limit_seconds"]) == ("batch", 420.0)
