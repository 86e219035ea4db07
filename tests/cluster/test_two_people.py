"""Two Unix users of one gateway on a real Slurm, each with jobs of their own."""

import os
import pwd
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.broker.centre import workers_of
from tests.broker.conftest import PASSWORD, Account, Accounts
from tests.browser.conftest import OpenPage, axe, chromium, open_page
from tests.browser.gate import Gate
from tests.cluster.conftest import Cluster
from tests.cluster.test_gateway import ended, until, until_true
from tests.support.go import WAIT_FOR_GO
from tests.support.leftovers import new_name

LIMITS = "ulimit -Sa; ulimit -Ha"
__all__ = ["axe", "chromium", "open_page"]
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "multi-user-testbed.sh"


@dataclass(frozen=True, slots=True)
class Centre:
    """A gateway that ``scripts/multi-user-testbed.sh`` started."""

    url: str
    cluster: Cluster
    people: tuple[Account, Account]
    folder: Path

    @contextmanager
    def signed_in(self, account: Account) -> Iterator[httpx.Client]:
        page = {"Sec-Fetch-Site": "same-origin", "X-Requested-With": "test"}
        with httpx.Client(base_url=self.url, headers=page, timeout=120) as client:
            given = {"user": account.name, "password": PASSWORD}
            answer = client.post("/api/v1/session", json=given)
            assert answer.status_code == 201, answer.text
            yield client


def run_script(verb: str, folder: Path, *more: str, **variables: str) -> str:
    done = subprocess.run(
        [SCRIPT, verb, folder, *more],
        check=False, capture_output=True, text=True, timeout=390,
        env={**os.environ, **variables},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-8000:]
    return done.stdout


@pytest.fixture(scope="module")
def centre(cluster: Cluster) -> Iterator[Centre]:
    accounts = Accounts()
    parent = Path("/tmp") / new_name()
    parent.mkdir(0o755)
    try:
        ada = accounts.user(None, password=PASSWORD)
        bob = accounts.user(None, password=PASSWORD)
        told = run_script(
            "start", parent / "c", ada.name, bob.name, SLURM_TESTBED=str(cluster.folder)
        )
        line = told.strip().splitlines()[-1]
        assert line.startswith("Gatewright is ready at ")
        yield Centre(line.split()[-1], cluster, (ada, bob), parent / "c")
        run_script("stop", parent / "c")
        assert not (parent / "c").exists()
    finally:
        accounts.remove()
        shutil.rmtree(parent)


def submit(client: httpx.Client, script: str) -> str:
    answer = client.post(
        "/api/v1/jobs/cluster",
        content=script,
        headers={"Content-Type": "text/x-shellscript"},
    )
    assert answer.status_code in {200, 201, 202}, answer.text
    return str(answer.json()["id"])


def test_jobs_run_as_who_submitted_them(centre: Centre) -> None:
    for account in centre.people:
        with centre.signed_in(account) as client:
            word = secrets.token_hex(4)
            job = submit(client, f"#!/bin/sh\nid -un\necho {word}\npwd\n")
            record = until(client, job, ended)
            assert record["state"] == "completed", record
            output = client.get(f"/api/v1/jobs/cluster/{job}/output").text
            assert output.split() == [account.name, word, str(account.home)]
            file = account.home / f"job-{job}.out"
            assert file.stat().st_uid == account.uid


def test_a_job_whose_output_cannot_be_written_says_so(centre: Centre) -> None:
    """Slurm tells it as signal 53, by which nothing was ended."""
    with centre.signed_in(centre.people[0]) as client:
        script = {"script": "#!/bin/sh\n#SBATCH --job-name 'in /'\ntrue\n"}
        answer = client.post("/api/v1/jobs/cluster", json={**script, "directory": "/"})
        assert answer.json()["name"] == "in /", answer.text
        record = until(client, answer.json()["id"], ended)
        assert record["state"] == "failed"
        assert "output file cannot be written" in record["reason"]
        assert (record["exit_code"], record["signal"]) == (None, None)


def test_what_an_administrator_holds_is_not_released(centre: Centre) -> None:
    with centre.signed_in(centre.people[0]) as client:
        later = {"script": "#!/bin/sh\n#SBATCH --begin=now+1hour\ntrue\n", "hold": True}
        answer = client.post("/api/v1/jobs/cluster", json=later)
        url = f"/api/v1/jobs/cluster/{answer.json()['id']}"
        number = centre.cluster.run("squeue", "-h", "-t", "PD", "-o", "%A").strip()
        # The person's own hold is replaced by the administrator's.
        centre.cluster.run("scontrol", "release", number)
        centre.cluster.run("scontrol", "hold", number)
        for order in ("release", "requeue"):
            told = client.post(f"{url}/{order}")
            assert told.status_code == 403, told.text
            assert "administrator" in told.json()["detail"]
        assert client.delete(url).status_code in {202, 204}


def test_an_array_as_large_as_slurm_takes(centre: Centre) -> None:
    """Its 2,000 indices, one by one, are more text than Slurm takes."""
    with centre.signed_in(centre.people[0]) as client:
        spec = {"executable": "true", "array": "1-2000", "hold": True}
        answer = client.post("/api/v1/jobs/cluster", json=spec)
        assert answer.status_code == 201, answer.text
        assert answer.json()["tasks"] == {"held": 2000}
    centre.cluster.run("scancel", f"--user={centre.people[0].name}")


def test_neither_sees_follows_or_ends_the_other_s_job(centre: Centre) -> None:
    ada, bob = centre.people
    with centre.signed_in(ada) as hers, centre.signed_in(bob) as his:
        job = submit(hers, "#!/bin/sh\nsleep 600\n")
        path = f"/api/v1/jobs/cluster/{job}"
        until(hers, job, lambda record: record["state"] == "active")
        assert his.get(path).status_code == 404
        assert his.get(f"{path}/output").status_code == 404
        assert his.delete(path).status_code == 404
        assert ada.name in hers.get("/api/v1/jobs/cluster").text
        assert ada.name not in his.get("/api/v1/jobs/cluster").text
        assert hers.get(path).json()["state"] == "active"
        assert at_work(centre, bob.name) == [ada.name]
        assert hers.delete(path).status_code in {200, 202, 204}
        assert until(hers, job, ended)["state"] == "canceled"


def test_the_queue_is_read_by_the_service_account(centre: Centre) -> None:
    """The broker starts its worker; the gateway's account asks Slurm nothing."""
    name = (centre.folder / "name").read_text().strip()
    with centre.signed_in(centre.people[0]) as client:
        before = client.get("/api/v1/queue/cluster").json()["as_of"]
        until_true(
            lambda: client.get("/api/v1/queue/cluster").json()["as_of"] > before,
            "the queue is not read",
        )
    service = Account(f"{name}-s", pwd.getpwnam(f"{name}-s").pw_uid, 0, Path("/"))
    assert len(workers_of(service)) >= 1
    asked = centre.cluster.run("sdiag").partition("statistics by user")[2]
    users = re.findall(r"^\s+(\S+)\s*\(\s*\d+\) count:", asked, re.MULTILINE)
    assert service.name in users
    assert name not in users


def at_work(centre: Centre, user: str | None = None) -> list[str]:
    """Return whose jobs wait and run, as a user of Slurm sees it."""
    asked = ("squeue", "--noheader", "--states=PENDING,RUNNING", "--format=%u")
    return centre.cluster.run(*asked, user=user).split()


def test_a_batch_job_has_no_limit_of_the_worker_s(centre: Centre) -> None:
    """It has those of a job that the person submits by hand, soft and hard."""
    with centre.signed_in(centre.people[0]) as client:
        job = submit(client, f"#!/bin/bash\n{LIMITS}\n")
        assert until(client, job, ended)["state"] == "completed"
        output = client.get(f"/api/v1/jobs/cluster/{job}/output").text
    account = centre.people[0]
    path = account.home / "limits"
    centre.cluster.run(
        "sbatch", "--wait", f"--chdir={account.home}", f"--output={path}",
        stdin=f"#!/bin/bash\n{LIMITS}\n", user=account.name,
    )  # fmt: skip
    assert "open files" in output
    assert output == path.read_text()


def test_a_job_in_a_home_that_is_missing_is_refused(centre: Centre) -> None:
    account = centre.people[1]
    away = account.home.with_name(f"{account.home.name}-away")
    account.home.rename(away)
    try:
        with centre.signed_in(account) as client:
            answer = client.post("/api/v1/jobs/cluster", json={"executable": "true"})
            assert answer.status_code == 422, answer.text
            assert f"“{account.home}”" in answer.json()["detail"]
            assert "does not exist" in answer.json()["detail"]
    finally:
        away.rename(account.home)


def test_old_pages_submit_and_cancel_as_the_person(centre: Centre) -> None:
    """NEWT's addresses: a session, a job, its row in the queue, and its end."""
    ada, _ = centre.people
    with httpx.Client(base_url=f"{centre.url}/newt", timeout=120) as client:
        given = {"username": ada.name, "password": PASSWORD}
        told = client.post("/auth", data=given).json()
        assert told["auth"] is True, told
        script = "#!/bin/sh\n#SBATCH -J old -t 7 -p debug -n 2\nsleep 600\n"
        done = client.post("/queue/cluster", data={"jobscript": script}).json()
        assert done["status"] == "OK", done
        rows = client.get("/queue/cluster", params={"user": ada.name}).json()
        assert done["jobid"] in {row["jobid"] for row in rows}
        assert at_work(centre) == [ada.name]
        columns = ("name", "queue", "repo", "timereq", "procs", "nodes")
        asked = (
            "squeue", "--noheader", "--name=old", "--format=%j|%P|%a|%l|%C|%D"
        )  # fmt: skip
        url = f"/queue/cluster/{done['jobid']}"
        given_by_slurm = centre.cluster.run(*asked).strip().split("|")

        def shown(row: dict[str, str]) -> bool:
            # The gateway shows what Slurm gave the job once it has looked at the queue.
            return [row[one].removeprefix("00:0") for one in columns] == given_by_slurm

        until_true(lambda: shown(client.get(url).json()), "it has other columns")
        assert any(map(shown, client.get("/queue/cluster").json()))
        record = client.get(f"{url}/sacct").json()
        assert (record["account"], record["partition"]) == ("science", "debug")
        ended_ = client.delete(f"/queue/cluster/{done['jobid']}").json()
        assert ended_["status"] == "OK", ended_


async def arrive(gate: Gate, centre: Centre, account: Account) -> Page:
    """Sign an account in by its password, and open the page of jobs."""
    page = gate.page
    await page.goto(f"{centre.url}/sign-in")
    await page.get_by_label("User name").fill(account.name)
    await page.get_by_label("Password").fill(PASSWORD)
    async with page.expect_event("load"):
        await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator(".top gw-login .person")).to_contain_text(account.name)
    return page


async def submit_in(page: Page, name: str) -> str:
    """Submit a job in a page, and return its id; its output is followed then."""
    await page.get_by_role("navigation", name="Places").get_by_text("Jobs").click()
    await page.get_by_role("link", name="New job").click()
    await page.get_by_label("Script", exact=True).fill(
        f"#!/bin/sh\nid -un\n{WAIT_FOR_GO}echo the end\n"
    )
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_role("button", name="Submit").click()
    await page.wait_for_url(re.compile(r"/jobs/cluster/\d+"))
    return page.url.rpartition("/")[2]


@pytest.mark.asyncio(loop_scope="session")
async def test_two_people_in_chromium(
    centre: Centre, open_page: OpenPage, tmp_path: Path
) -> None:
    """Each submits, follows, cancels; the queue has both, the rest is one's own."""
    ada, bob = centre.people
    hers, his = await open_page(), await open_page()
    for gate in (hers, his):
        gate.expected = ("401", "403", "404")
    her_page = await arrive(hers, centre, ada)
    his_page = await arrive(his, centre, bob)
    her_job = await submit_in(her_page, "of ada")
    his_job = await submit_in(his_page, "of bob")
    for page, account, own, other in (
        (her_page, ada, "of ada", "of bob"),
        (his_page, bob, "of bob", "of ada"),
    ):
        await expect(page.locator("gw-log pre")).to_contain_text(account.name)
        await page.goto(f"{centre.url}/jobs")
        await expect(page.locator("gw-jobs")).to_contain_text(own)
        await expect(page.locator("gw-jobs")).not_to_contain_text(other)
        await page.get_by_role("link", name="Everybody's queue").click()
        queue = page.locator("gw-queue tbody")
        await expect(queue).to_contain_text("of ada")
        await expect(queue).to_contain_text("of bob")
        await expect(queue.locator("tr", has_text="of ada")).to_contain_text(ada.name)
    await her_page.screenshot(path=tmp_path / "queue.png", full_page=True)
    # Neither the other's job nor the other's files are there for a page.
    await her_page.goto(f"{centre.url}/jobs/cluster/{his_job}")
    await expect(her_page.get_by_role("alert").first).to_contain_text("You have no job")
    await expect(her_page.locator("gw-log pre")).to_have_count(0)
    bob.home.chmod(0o700)
    await her_page.goto(f"{centre.url}/files/cluster{bob.home}")
    await expect(her_page.get_by_role("alert").first).to_contain_text("permissions")
    await her_page.goto(f"{centre.url}/files")
    await expect(her_page.locator("gw-files")).to_contain_text(f"job-{her_job}.out")
    # One's own job is followed to its end, and canceled.
    await her_page.goto(f"{centre.url}/jobs/cluster/{her_job}")
    await expect(her_page.locator("gw-log pre")).to_contain_text(ada.name)
    (ada.home / "go").touch()
    await expect(her_page.locator("gw-log pre")).to_contain_text("the end")
    await his_page.goto(f"{centre.url}/jobs/cluster/{his_job}")
    await his_page.get_by_role("button", name="Cancel of bob").click()
    await his_page.get_by_role("button", name="Cancel the job").click()
    row = his_page.locator("gw-jobs tr.row", has_text="of bob")
    await expect(row.locator(".word")).to_have_text("Canceled")
    for gate in (hers, his):
        await gate.check()
