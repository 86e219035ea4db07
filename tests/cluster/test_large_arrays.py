"""Orders for a large array on a real Slurm: each is one request to the controller."""

import re
from pathlib import Path

from tests.cluster.conftest import Cluster
from tests.cluster.test_gateway import (
    ended,
    gateway,
    owner,
    serving,
    settings,
    submit,
    until,
    until_true,
)
from tests.support.gateway import RunningGateway

__all__ = ["gateway", "serving", "settings"]
SIZE = 1000
LATER = "#!/bin/sh\n#SBATCH --begin=now+1hour\necho $GATEWRIGHT_ARRAY_INDEX >>ran\n"


def orders(cluster: Cluster) -> int:
    """Return how many orders for jobs the controller was given."""
    told = cluster.run("sdiag").partition("statistics by user")[0]
    kinds = r"REQUEST_(?:KILL_JOB|UPDATE_JOB)\s.*?count:(\d+)"
    return sum(map(int, re.findall(kinds, told)))


def test_an_order_for_a_large_array_is_one_request(
    gateway: RunningGateway, settings: Path, cluster: Cluster
) -> None:
    with owner(gateway) as client:
        client.timeout = 120.0
        job = submit(client, script=LATER, array=f"1-{SIZE}", hold=True)
        url = f"/api/v1/jobs/cluster/{job}"
        (number,) = cluster.run("squeue", "-h", "-o", "%F").split()
        given = orders(cluster)
        answer = client.patch(url, json={"attributes": {"duration": 290}})
        assert answer.status_code == 200, answer.text
        for verb, state in (("release", "queued"), ("hold", "held")):
            answer = client.post(f"{url}/{verb}")
            assert answer.status_code == 200, answer.text
            until(client, job, lambda one: one["tasks"] == {state: SIZE})  # noqa: B023
        # The array is one record of Slurm still.
        shown = cluster.run("squeue", "-h", "-o", "%i %r %l").split()
        assert shown == [f"{number}_[1-{SIZE}]", "JobHeldUser", "5:00"]
        # One is canceled past the gateway, two with it, and then all that are left.
        cluster.run("scancel", f"{number}_7")
        for element in (3, 5):
            assert client.delete(f"{url}_{element}").status_code in {202, 204}
        assert orders(cluster) == given + 6
        left = {"held": SIZE - 3, "canceled": 3}
        until(client, job, lambda one: one["tasks"] == left)
        assert client.delete(url).status_code in {202, 204}
        assert orders(cluster) == given + 7
        assert cluster.run("squeue", "-h") == ""
        assert until(client, job, ended)["tasks"] == {"canceled": SIZE}
        assert list((settings.parent / "state").rglob("cancels/*")) == []
    assert not (settings.parent / "home" / "ran").exists()


def test_elements_that_run_or_have_ended_are_told_from_those_that_wait(
    gateway: RunningGateway, settings: Path, cluster: Cluster
) -> None:
    """An order for the array is for those to which it applies, and for no others."""
    home = settings.parent / "home"
    script = (
        "#!/bin/sh\necho $GATEWRIGHT_ARRAY_INDEX >>ran\n"
        "[ $GATEWRIGHT_ARRAY_INDEX -lt 2 ] || sleep 600\n"
    )
    with owner(gateway) as client:
        job = submit(client, script=script, array="0-39%2")
        url = f"/api/v1/jobs/cluster/{job}"

        for index in (0, 1):
            until(client, f"{job}_{index}", ended)
        for index in (2, 3):
            until(client, f"{job}_{index}", lambda one: one["state"] == "active")
        ran = home / "ran"
        until_true(lambda: ran.read_text().count("\n") == 4, "they do not run")
        assert client.post(f"{url}/hold").status_code == 200
        held = {"completed": 2, "active": 2, "held": 36}
        until(client, job, lambda one: one["tasks"] == held)
        answer = client.patch(url, json={"attributes": {"duration": 290}})
        assert answer.status_code == 200, answer.text
        shown = cluster.run("squeue", "-h", "-r", "-o", "%l").split()
        assert shown == ["5:00"] * 38
        assert client.delete(url).status_code in {202, 204}
        done = until(client, job, ended)
        assert done["tasks"] == {"completed": 2, "canceled": 38}
    assert sorted(ran.read_text().split()) == ["0", "1", "2", "3"]
