"""Accounts, shares and usage: parsed, made into projects, and on every recording."""

import csv
import json
import re
import threading
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.backends.slurm.made import NONCE, sacct
from tests.backends.slurm.test_recordings import documents, folder, moment
from typing_extensions import override

from gatewright.backends.slurm import account_rows, values
from gatewright.backends.slurm.account_commands import (
    ASSOCIATION_FIELDS,
    AccountQueries,
)
from gatewright.backends.slurm.accounting import (
    SlurmAccounting,
    projects_of,
    uses_of,
)
from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.commands import Call, Slurm
from gatewright.core.errors import BackendFailed
from gatewright.domains.accounting import Allocation, Amount, Member
from gatewright.domains.files import Outcome

ASSOCIATIONS = """\
root|||||||||||normal
optics||||cpu=1000,gres/gpu=60,mem=10G|cpu=8,node=2,gres/gpu:a100=3|10|20|||01:00:00|normal,long
optics|ann|||||||5|7|1-00:00:00|normal
optics|bob|debug|||||||||
"""
SHARES = """\
root||||0.000000|500|1.000000|||cpu=8
 root|root||1|0.5|0|0.0|1.0|inf|cpu=0
 optics|||parent|0.25|480|0.96||0.52|cpu=8,node=4,gres/gpu=2
  optics|ann||3|0.75|480|1.0|0.25|0.75|cpu=8
"""
ACCOUNTS = """\
optics|ann,cara|uni|light | of all kinds
root||root|default root account
"""


def test_accounts_become_projects() -> None:
    projects = projects_of(
        "cluster",
        account_rows.accounts(ACCOUNTS),
        account_rows.associations(ASSOCIATIONS),
        account_rows.shares(SHARES),
    )
    root, optics = projects
    assert (root.name, root.allocation, root.title) == (
        "root",
        None,
        "default root account",
    )
    assert (optics.title, optics.organization) == ("light | of all kinds", "uni")
    used = Amount(480.0, 240.0, 120.0)
    assert optics.allocation == Allocation(60_000.0, None, 3600.0, used)
    limits = optics.limits
    assert (limits.jobs, limits.submitted, limits.duration) == (10, 20, 3600.0)
    assert (limits.cores, limits.nodes, limits.gpus) == (8, 2, 3)
    assert limits.qos == ("normal", "long")
    share = optics.fair_share
    assert share is not None
    assert (share.shares, share.factor, share.level) == (None, None, 0.52)
    ann, bob, cara = optics.members
    assert (ann.coordinator, ann.limits.jobs, ann.limits.duration) == (True, 5, 86_400)
    assert ann.fair_share is not None
    assert (ann.fair_share.shares, ann.fair_share.factor) == (3, 0.25)
    assert bob == Member("bob", "debug")
    assert cara == Member("cara", belongs=False, coordinator=True)


def test_a_limit_for_each_user_is_none_of_all_together() -> None:
    """``MaxJobs`` of an account is what each of its users may have (sacctmgr(1))."""
    text = "optics||||||10||5|7||\noptics|ann|||||8|9|5|7||\n"
    account, member = account_rows.associations(text)
    assert (account.jobs, account.submitted) == (10, None)
    assert (member.jobs, member.submitted) == (5, 7)


class Told(Client):
    """A cluster that answers with the texts above, and nothing but them."""

    def __init__(self, enforced: str) -> None:
        self.slurm = Slurm()
        self._enforced = enforced

    @override
    async def settings(self, user: str) -> dict[str, str]:
        return {
            "PriorityType": "priority/multifactor",
            "AccountingStorageEnforce": self._enforced,
        }

    @override
    async def run(self, user: str, call: Call, seconds: float = 0.0) -> Outcome:
        answers = {"sshare": SHARES, "sacct": "", "assoc": ASSOCIATIONS}
        answers |= {"account": ACCOUNTS, "configuration": ""}
        (text,) = (answers[word] for word in call.argv if word in answers)
        return Outcome(0, text.encode(), b"")


@pytest.mark.parametrize(
    ("enforced", "used"),
    [("associations,limits", Amount(480.0, 240.0, 120.0)), ("", None)],
)
async def test_a_report_is_made_beside_the_requests(
    monkeypatch: pytest.MonkeyPatch, enforced: str, used: Amount | None
) -> None:
    """Fifty thousand associations take a second, in which all would wait."""
    threads = []

    def noted(parse: Any) -> Any:
        def parsed(*told: str) -> Any:
            threads.append(threading.get_ident())
            return parse(*told)

        return parsed

    for name in ("accounts", "associations", "shares", "uses"):
        monkeypatch.setattr(account_rows, name, noted(getattr(account_rows, name)))
    source = SlurmAccounting("far", Told(enforced), "us", interval=300.0, days=1)
    report = await source.report()
    assert [project.name for project in report.projects] == ["root", "optics"]
    allocation = report.projects[1].allocation
    assert allocation is not None
    assert allocation.used == used
    assert await source.usage(0.0, 1.0) == []
    assert len(threads) == 4
    assert threading.get_ident() not in threads


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (account_rows.accounts, "optics|ann\n"),
        (account_rows.associations, "optics|ann|||\n"),
        (account_rows.associations, "sacctmgr: error: something\n"),
        (account_rows.shares, "optics|ann\n"),
        (lambda text: account_rows.uses(text, NONCE), "ann@5f1optics\n"),
    ],
)
def test_other_answers_are_failures(parse: Any, text: str) -> None:
    assert parse("") == []
    with pytest.raises(BackendFailed):
        parse(text)


def test_what_the_database_keeps_private() -> None:
    ours = "PrivateData            = jobs\n"
    theirs = "\nSlurmDBD configuration:\nX = 1\nPrivateData            = {}\n"
    for told, hidden in (
        ("none", set()),
        ("(null)", set()),
        ("accounts,usage", {"accounts", "usage"}),
    ):
        assert account_rows.hides(ours + theirs.format(told)) == hidden
    assert account_rows.hides(ours) == set()


def test_nothing_is_interpreted_by_a_shell() -> None:
    queries = AccountQueries(Slurm("/opt/slurm/bin", "/etc/slurm.conf"))
    call = queries.usage(NONCE, 1_795_910_400.0, 1_795_996_800.0)
    assert call.argv[0] == "/opt/slurm/bin/sacct"
    assert "--starttime=2026-11-29T00:00:00" in call.argv
    assert "--endtime=2026-11-30T00:00:00" in call.argv
    assert call.environment["TZ"] == "UTC0"
    assert queries.level("ann").argv[-2:] == ("ann", "format=AdminLevel")
    assert "cluster=a b" in queries.associations("a b").argv


def number(found: Mapping[str, Any]) -> str:
    return str(found["number"]) if found["set"] else ""


def tres(found: list[Mapping[str, Any]]) -> str:
    names = (
        (one["type"] + ("/" + one["name"] if one["name"] else ""), one) for one in found
    )
    return ",".join(f"{name}={one['count']}" for name, one in names)


def association_line(found: Mapping[str, Any]) -> str:
    most = found["max"]
    told = {
        "Account": found["account"],
        "User": found["user"],
        "Partition": found["partition"] or "",
        "ParentName": found["parent_account"] or "",
        "GrpTRESMins": tres(most["tres"]["group"]["minutes"]),
        "GrpTRES": tres(most["tres"]["total"]),
        "GrpJobs": number(most["jobs"]["total"]),
        "MaxJobs": number(most["jobs"]["active"]),
        "QOS": ",".join(found["qos"]),
    }
    return "|".join(told.get(name, "") for name in ASSOCIATION_FIELDS.split(","))


def test_associations_of_the_recordings() -> None:
    seen = 0
    for path, document in documents():
        found = document.get("associations", [])
        if not found or "parent_account" not in found[0]:
            continue
        seen += 1
        text = "\n".join(association_line(one) for one in found)
        read = account_rows.associations(text)
        assert [row.user for row in read] == [one["user"] for one in found], path
        projects = projects_of("hpc", [], read, [])
        names = {project.name for project in projects}
        assert names == {one["account"] for one in found}
        for project in projects:
            assert project.parent in {"", *names}
            people = [one["user"] for one in found if one["account"] == project.name]
            named = [member.person for member in project.members]
            assert named == [*filter(None, people)]
            (own,) = [
                one
                for one in found
                if one["account"] == project.name and not one["user"]
            ]
            assert project.limits.qos == tuple(own["qos"])
    assert seen == 3
    path = folder() / "rivos_exporter" / "sacctmgr.txt"
    lines = []
    for line in path.read_text().splitlines():
        user, account, cpus, memory, jobs, submitted = line.split("|")
        at_once = f"cpu={cpus},mem={memory}"
        lines.append(f"{account}|{user}||||{at_once}|{jobs}|{submitted}||||")
    rows = account_rows.associations("\n".join(lines))
    of = {project.name: project for project in projects_of("x", [], rows, [])}
    assert (of["account4"].limits.cores, of["account4"].limits.jobs) == (7948, 8000)
    assert of["account3"].limits.cores is None
    owens = (folder() / "ood_core" / "sacctmgr_show_accts_owens.txt").read_text()
    accounts = [line.split("|") for line in owens.split()]
    text = "\n".join(f"{name}||||||||||{'|'}{qos}" for name, qos in accounts)
    read = account_rows.associations(text)
    assert [row.account for row in read] == [name for name, _ in accounts]
    assert [",".join(row.qos) for row in read] == [qos for _, qos in accounts]


def test_accounts_of_the_recordings() -> None:
    seen = 0
    for path, document in documents():
        if path.name != "slurm-accounts.json":
            continue
        seen += 1
        found = document["accounts"]
        rows = account_rows.accounts(
            "\n".join(
                f"{one['name']}||{one['organization']}|{one['description']}"
                for one in found
            )
        )
        assert {row.account: row.description for row in rows} == {
            one["name"]: one["description"] for one in found
        }
    assert seen == 3


def test_usage_of_the_recordings() -> None:
    rows, expected = [], defaultdict[str, float](float)
    for _, document in documents():
        for job in document.get("jobs", []):
            if "state_reason" in job or "state" not in job or "tres" not in job:
                continue
            given = {one["type"]: one["count"] for one in job["tres"]["allocated"]}
            gpus = sum(
                one["count"]
                for one in job["tres"]["allocated"]
                if one["type"] == "gres" and one["name"] == "gpu"
            )
            elapsed = job["time"]["elapsed"]
            rows.append(
                (
                    job["user"], job["account"], job["partition"],
                    given.get("cpu", 0), given.get("node", 0),
                    tres(job["tres"]["allocated"]), elapsed,
                    moment(job["time"]["start"]), moment(job["time"]["end"]),
                )
            )  # fmt: skip
            expected["cpu"] += elapsed * given.get("cpu", 0)
            expected["gpu"] += elapsed * gpus
    assert len(rows) > 40
    uses = uses_of(account_rows.uses(sacct(*rows), NONCE), 9e9)
    total = sum((use.amount for use in uses), Amount())
    assert total.cpu_seconds == expected["cpu"] > 0
    assert total.gpu_seconds == expected["gpu"]


def test_usage_of_lines_of_sacct() -> None:
    rows = []
    for line in (folder() / "hb_jobinfo" / "sacct.txt").read_text().splitlines():
        cells = line.split("\N{SNOWMAN}")
        if "." in cells[0]:
            continue
        given = next((c for c in cells[::-1] if "node=" in c), "")
        seconds = values.seconds(cells[13]) or 0
        rows.append(
            (cells[2], "", cells[3], cells[6], cells[5], given, int(seconds),
             cells[10], cells[11])
        )  # fmt: skip
    uses = uses_of(account_rows.uses(sacct(*rows), NONCE), 9e9)
    total = sum((use.amount for use in uses), Amount())
    assert total.cpu_seconds == sum(int(row[3]) * row[6] for row in rows) > 0
    ended = [
        row for row in rows if all(re.match(r"\d{4}-", str(cell)) for cell in row[7:9])
    ]
    assert total.jobs == len(ended) < len(rows)


def test_usage_of_tables_of_sacct() -> None:
    rows = []
    for path in sorted((folder() / "slurm2sql").glob("*.csv")):
        for line in table(path):
            if {"AllocCPUS", "Elapsed"} <= line.keys() and "." not in line["JobID"]:
                seconds = values.seconds(line["Elapsed"]) or 0
                rows.append(
                    (line["User"], line["Account"], line["Partition"],
                     line["AllocCPUS"], line["AllocNodes"], line["AllocTRES"],
                     int(seconds), line["Start"], line["End"])
                )  # fmt: skip
    assert rows
    uses = uses_of(account_rows.uses(sacct(*rows), NONCE), 9e9)
    expected = sum(int(row[3]) * row[6] for row in rows)
    assert sum(use.amount.cpu_seconds for use in uses) == expected
    assert {use.project for use in uses} == {row[1] for row in rows}


def table(path: Path) -> list[dict[str, str]]:
    text = path.read_text()
    delimiter = "|" if "|" in text else ","
    return list(csv.DictReader(text.splitlines(), delimiter=delimiter))


def test_the_recordings_have_no_accounting_that_is_not_looked_at() -> None:
    """A recording with accounts or associations is read by a test above."""
    named = [
        path.name
        for path, document in documents()
        if {"accounts", "associations"} & document.keys()
        and json.dumps(document.get("associations", [])) != "[]"
    ]
    assert set(named) <= {"slurmdb-associations.json", "slurm-accounts.json"}
