"""Dependencies of every kind by a request's own words, on a real Slurm."""

from pathlib import Path

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
    until_true,
)
from tests.support.gateway import RunningGateway
from tests.support.go import WAIT_FOR_GO

__all__ = ["gateway", "serving", "settings"]
OWN_GO = WAIT_FOR_GO.replace(" go ", " go$GATEWRIGHT_ARRAY_INDEX ")


def test_a_job_begins_once_another_has_begun(
    gateway: RunningGateway, settings: Path, cluster: Cluster
) -> None:
    with owner(gateway) as client:
        first = submit(client, script=f"#!/bin/sh\n{WAIT_FOR_GO}", hold=True)
        second = submit(
            client,
            executable="true",
            dependencies=[{"job": first, "condition": "after"}],
        )
        words = f"Waits for job {first} to begin."
        until(client, second, lambda one: one["reason"] == words)
        assert client.post(f"/api/v1/jobs/cluster/{first}/release").status_code == 200
        assert until(client, second, ended)["state"] == "completed"
        assert until(client, first, active)["ended_at"] is None
        (settings.parent / "home" / "go").touch()
        assert until(client, first, ended)["state"] == "completed"


def test_only_one_job_of_a_name_runs(
    gateway: RunningGateway, settings: Path, cluster: Cluster
) -> None:
    with owner(gateway) as client:
        first = submit(client, script=f"#!/bin/sh\n{WAIT_FOR_GO}", name="alone")
        until(client, first, active)
        singleton = [{"condition": "singleton"}]
        second, other = (
            submit(client, executable="true", name=name, dependencies=singleton)
            for name in ("alone", "not-alone")
        )
        assert until(client, other, ended)["state"] == "completed"
        words = "Waits for your earlier jobs of the same name to end."
        until(client, second, lambda one: one["reason"] == words)
        spec = client.get(f"/api/v1/jobs/cluster/{second}").json()["spec"]
        assert spec["dependencies"] == [{"job": "", "condition": "singleton"}]
        (settings.parent / "home" / "go").touch()
        assert until(client, second, ended)["state"] == "completed"
        before = until(client, first, ended)
        assert before["ended_at"] <= until(client, second, ended)["started_at"]


def test_elements_wait_for_those_of_their_index_in_another_array(
    gateway: RunningGateway, settings: Path, cluster: Cluster
) -> None:
    home = settings.parent / "home"
    with owner(gateway) as client:
        script = f"#!/bin/sh\n{OWN_GO}exit $GATEWRIGHT_ARRAY_INDEX\n"
        first = submit(client, script=script, array="0-1")
        for index in range(2):
            until(client, f"{first}_{index}", active)
        second = submit(
            client,
            script="#!/bin/sh\ntouch followed$GATEWRIGHT_ARRAY_INDEX\n",
            array="0-1",
            dependencies=[{"job": first, "condition": "after_corr"}],
        )
        words = f"Waits for its element of job {first} to end."
        for index in range(2):
            until(client, f"{second}_{index}", lambda one: one["reason"] == words)
        (home / "go0").touch()
        assert until(client, f"{second}_0", ended)["state"] == "completed"
        assert until(client, f"{second}_1", lambda _: True)["state"] == "queued"
        # An element that fails never lets the one of its index run.
        (home / "go1").touch()
        assert until(client, f"{first}_1", ended)["state"] == "failed"
        until(client, f"{second}_1", lambda one: "did not end as" in one["reason"])
        assert client.delete(f"/api/v1/jobs/cluster/{second}_1").status_code == 204
        assert until(client, f"{second}_1", ended)["state"] == "canceled"
        until_true((home / "followed0").exists, "it has not run")
        assert sorted(home.glob("followed*")) == [home / "followed0"]
