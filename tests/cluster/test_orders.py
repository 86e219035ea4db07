"""Orders for jobs on a real Slurm, dry runs, and what others have in its queue."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from tests.cluster.conftest import Cluster
from tests.cluster.test_gateway import (
    active,
    ended,
    gateway,
    ids_of,
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


def test_a_job_is_sent_a_signal_and_its_limit_is_changed(
    gateway: RunningGateway, settings: Path, cluster: Cluster
) -> None:
    home = settings.parent / "home"
    with owner(gateway) as client:
        script = "#!/bin/sh\ntrap 'echo got >>got' USR1\necho on >>on\n" + WAIT_FOR_GO
        limits = {"duration": 600, "queue_name": "debug"}
        job = submit(client, script=script, attributes=limits)
        url = f"/api/v1/jobs/cluster/{job}"
        until_true((home / "on").exists, "it does not run")
        until(client, job, lambda record: record["state"] == "active")
        answer = client.post(f"{url}/signal", json={"signal": "USR1"})
        assert answer.status_code == 200, answer.text
        until_true((home / "got").exists, "the signal did not come")
        answer = client.patch(url, json={"attributes": {"duration": 290}})
        assert answer.status_code == 200, answer.text
        assert cluster.run("squeue", "-h", "-o", "%l").strip() == "5:00"
        (home / "go").touch()
        assert until(client, job, ended)["state"] == "completed"
        for answer in (
            client.post(f"{url}/signal", json={"signal": "USR1"}),
            client.patch(url, json={"attributes": {"duration": 60}}),
        ):
            assert answer.status_code == 409, answer.text


def test_a_job_is_put_back_and_runs_again_under_its_id(
    gateway: RunningGateway, settings: Path, cluster: Cluster
) -> None:
    home = settings.parent / "home"
    with owner(gateway) as client:
        script = "#!/bin/sh\necho run >>runs\n" + WAIT_FOR_GO
        job = submit(client, script=script)
        url = f"/api/v1/jobs/cluster/{job}"
        until_true((home / "runs").exists, "it does not run")
        assert until(client, job, active)["attempts"] == 1
        answer = client.post(f"{url}/requeue")
        assert answer.status_code == 200, answer.text
        until(client, job, lambda record: record["attempts"] == 2)
        (home / "go").touch()
        done = until(client, job, ended)
        assert (done["id"], done["state"], done["attempts"]) == (job, "completed", 2)
        assert (home / "runs").read_text() == "run\nrun\n"
        assert client.post(f"{url}/requeue").status_code == 409
        kept = "#!/bin/sh\n#SBATCH --no-requeue\nsleep 300\n"
        other = submit(client, script=kept)
        until(client, other, active)
        answer = client.post(f"/api/v1/jobs/cluster/{other}/requeue")
        assert answer.status_code == 422, answer.text
        assert until(client, other, active)["attempts"] == 1


def test_the_limit_of_an_array_is_changed(
    gateway: RunningGateway, cluster: Cluster
) -> None:
    with owner(gateway) as client:
        job = submit(client, executable="true", array="0-9%1", hold=True)
        url = f"/api/v1/jobs/cluster/{job}"
        for limit, shown in ((4, "[0-9%4]"), (None, "[0-9]")):
            answer = client.patch(url, json={"array_limit": limit})
            assert answer.status_code == 200, answer.text
            assert cluster.run("squeue", "-h", "-o", "%K").strip("\n") in {
                shown,
                shown.strip("[]"),
            }
        # So it is when some of its elements have ended.
        assert client.post(f"{url}_0/release").status_code == 200
        until(client, f"{job}_0", ended)
        answer = client.patch(url, json={"array_limit": 3})
        assert answer.status_code == 200, answer.text
        shown = cluster.run("squeue", "-h", "-o", "%K").strip("[]\n")
        assert shown == "1-9%3"
        # A limit is of the whole array, and so is not given to one element.
        assert client.patch(f"{url}_1", json={"array_limit": 2}).status_code == 409
        for body in ({}, {"array_limit": 2, "attributes": {"duration": 60}}):
            assert client.patch(url, json=body).status_code == 422


def test_an_element_that_is_canceled_while_it_waits_never_runs(
    gateway: RunningGateway, settings: Path, cluster: Cluster
) -> None:
    """Slurm forgets it at once, and it was submitted again as if it had been lost."""
    with owner(gateway) as client:
        script = "#!/bin/sh\necho $GATEWRIGHT_ARRAY_INDEX >>ran\n"
        job = submit(client, script=script, array="0-3", hold=True)
        (number,) = cluster.run("squeue", "-h", "-o", "%A").split()
        cluster.run("scancel", f"{number}_3")
        url = f"/api/v1/jobs/cluster/{job}"
        assert client.delete(f"{url}_0").status_code in {202, 204}
        for element in (f"{job}_0", f"{job}_3"):
            assert until(client, element, ended)["state"] == "canceled"
        assert client.post(f"{url}/release").status_code == 200
        assert until(client, job, ended)["tasks"] == {"canceled": 2, "completed": 2}
        ran = (settings.parent / "home" / "ran").read_text()
        assert sorted(ran.split()) == ["1", "2"]


def test_a_dry_run_says_where_and_when(
    gateway: RunningGateway, cluster: Cluster
) -> None:
    with owner(gateway) as client:
        before = ids_of(client)

        def tried(**spec: Any) -> httpx.Response:
            params = {"dry_run": "true"}
            return client.post("/api/v1/jobs/cluster", json=spec, params=params)

        cores = {"process_count": 3}
        answer = tried(executable="true", resources=cores)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["expected_start_at"].endswith("Z")
        assert (told["cores"], told["nodes"]) == (3, "localhost")
        assert told["partition"] == "batch"
        for spec, words in (
            ({"attributes": {"project_name": "nobody"}}, "account"),
            ({"attributes": {"constraint": "none"}}, "feature"),
        ):
            answer = tried(executable="true", **spec)
            assert answer.status_code == 422, answer.text
            assert words in answer.json()["detail"].lower()
        answer = client.post(
            "/api/v1/jobs/cluster",
            content="#!/bin/sh\n#SBATCH -n2 -p debug\n",
            headers={"Content-Type": "text/x-shellscript"},
            params={"dry_run": "true"},
        )
        assert (answer.json()["cores"], answer.json()["partition"]) == (2, "debug")
        assert ids_of(client) == before
        assert cluster.run("squeue", "-h") == ""


def test_a_heterogeneous_job_is_one_with_its_parts(
    gateway: RunningGateway, cluster: Cluster
) -> None:
    user = cluster.users[0]
    script = "#!/bin/sh\n#SBATCH -n1\n#SBATCH hetjob\n#SBATCH -n2 -p debug\nsleep 300\n"
    number = cluster.run(
        "sbatch", "--parsable", "--output=/dev/null", user=user, stdin=script
    ).strip()
    try:
        with owner(gateway) as client:

            def whole() -> list[dict[str, Any]]:
                answer = client.get("/api/v1/queue/cluster", params={"user": user})
                return list(answer.json()["everyone"])

            until_true(lambda: bool(whole()), "it is not in the queue")
            (job,) = whole()
            assert (job["number"], job["cores"]) == (number, 3)
            assert job["partition"] == "batch,debug"
            parts = [(p["number"], p["cores"]) for p in job["components"]]
            assert parts == [(f"{number}+0", 1), (f"{number}+1", 2)]
    finally:
        cluster.run("scancel", f"--user={user}")


def test_slurm_s_own_kinds_of_dependencies_are_waited_for(
    gateway: RunningGateway, settings: Path, cluster: Cluster
) -> None:
    """Those that a script asks for of Slurm, and the gateway has no word for."""
    home = settings.parent / "home"

    def after(kind: str) -> str:
        return f"#!/bin/sh\n#SBATCH --dependency={kind}\necho {kind[:6]} >>order\n"

    with owner(gateway) as client:
        script = f"#!/bin/sh\n{WAIT_FOR_GO}echo first >>order\n"
        first = submit(client, script=script, name="alone")
        until(client, first, active)
        number = cluster.run("squeue", "-h", "-o", "%A", "--name=alone").strip()
        single = submit(client, script=after("singleton"), name="alone")
        started = submit(client, script=after(f"after:{number}"))
        either = submit(client, script=after(f"afterok:{number}?afternotok:{number}"))
        for job in (single, either):
            until(client, job, lambda one: one["reason"].startswith("Waits for "))
        # "after" is of its start, so that this one does not wait for its end.
        assert until(client, started, ended)["state"] == "completed"
        (home / "go").touch()
        for job in (single, either):
            assert until(client, job, ended)["state"] == "completed"
        order = (home / "order").read_text().split()
        assert (order[:2], sorted(order[2:])) == (
            ["after:", "first"],
            ["aftero", "single"],
        )


def test_elements_of_an_array_wait_each_for_its_own_element_of_another(
    gateway: RunningGateway, settings: Path, cluster: Cluster
) -> None:
    """The dependency ``aftercorr``, which a script asks for of Slurm."""
    home = settings.parent / "home"
    own_go = WAIT_FOR_GO.replace(" go ", " go$SLURM_ARRAY_TASK_ID ")
    waits = f"#!/bin/sh\n{own_go}exit $SLURM_ARRAY_TASK_ID\n"
    with owner(gateway) as client:
        first = submit(client, script=waits, array="0-1", name="corresponds")
        for index in range(2):
            until(client, f"{first}_{index}", active)
        (number,) = set(
            cluster.run("squeue", "-h", "-o", "%F", "--name=corresponds").split()
        )
        after = (
            f"#!/bin/sh\n#SBATCH --dependency=aftercorr:{number}\n"
            "touch followed$SLURM_ARRAY_TASK_ID\n"
        )
        second = submit(client, script=after, array="0-1")
        for index in range(2):
            waiting = until(client, f"{second}_{index}", lambda one: one["reason"])
            assert waiting["state"] == "queued"
        (home / "go0").touch()
        assert until(client, f"{second}_0", ended)["state"] == "completed"
        assert until(client, f"{first}_1", active)
        assert until(client, f"{second}_1", lambda _: True)["state"] == "queued"
        # Only an element that ends with exit code 0 lets the one of its index run.
        (home / "go1").touch()
        assert until(client, f"{first}_1", ended)["state"] == "failed"
        until(client, f"{second}_1", lambda one: "did not end as" in one["reason"])
        assert client.delete(f"/api/v1/jobs/cluster/{second}_1").status_code == 204
        assert until(client, f"{second}_1", ended)["state"] == "canceled"
        assert sorted(home.glob("followed*")) == [home / "followed0"]


def test_reservations_are_listed(gateway: RunningGateway, cluster: Cluster) -> None:
    with owner(gateway) as client:

        def shown() -> list[dict[str, Any]]:
            answer = client.get("/api/v1/reservations/cluster")
            assert answer.status_code in {200, 503}, answer.text
            return list(answer.json().get("reservations", []))

        cluster.run(
            "scontrol", "create", "reservation", "reservationname=course",
            "starttime=now+2hours", "duration=60", f"users={cluster.users[0]},root",
            "nodes=ALL",
        )  # fmt: skip
        try:
            until_true(lambda: bool(shown()), "it is not listed")
            (one,) = shown()
            assert (one["name"], one["nodes"], one["cores"]) == (
                "course", "localhost", 4,
            )  # fmt: skip
            assert one["users"] == [cluster.users[0], "root"]
            begins = datetime.fromisoformat(one["starts_at"]).timestamp()
            assert abs(begins - time.time() - 7200) < 600
            named = {"reservation": "course"}
            job = submit(client, executable="true", attributes=named)
            until(client, job, lambda one: "reservation to begin" in one["reason"])
            assert cluster.run("squeue", "-h", "-o", "%v").split() == ["course"]
            assert client.delete(f"/api/v1/jobs/cluster/{job}").status_code == 204
            until(client, job, ended)
        finally:
            cluster.run("scontrol", "delete", "reservationname=course")
        until_true(lambda: not shown(), "it is still listed")


def test_many_are_canceled_by_a_filter(
    gateway: RunningGateway, cluster: Cluster
) -> None:
    with owner(gateway) as client:
        hold = {"executable": "true", "hold": True}
        gone = [submit(client, **hold, name="gone") for _ in range(3)]
        kept = submit(client, **hold, name="kept")
        answer = client.delete("/api/v1/jobs/cluster", params={"name": "gone"})
        assert answer.json() == {"jobs": gone, "left": []}
        for job in gone:
            assert until(client, job, ended)["state"] == "canceled"
        assert cluster.run("squeue", "-h", "-o", "%j").split() == ["kept"]
        assert until(client, kept, lambda _: True)["state"] == "held"
