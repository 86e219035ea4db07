"""What Slurm hides from the account that reads the queue is said in the log."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.commands import Slurm
from gatewright.backends.slurm.hidden import HiddenJobs
from gatewright.backends.worker import OneWorker, Worker

ACCOUNT = "gw-slurm"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    worker = Worker()
    client = Client(OneWorker(worker), Slurm(str(tmp_path)))
    client._accounts["service"] = ACCOUNT
    yield client
    await worker.close()


def level(folder: Path, told: str) -> None:
    """Make a sacctmgr that tells an administrative level of the service account."""
    program = folder / "sacctmgr"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *{ACCOUNT}*) printf "{told}\\n";; esac\n'
    )
    program.chmod(0o755)


async def test_hidden_jobs_are_logged_once_each_time_they_become_hidden(
    client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "gatewright.backends.slurm.hidden")
    hidden = HiddenJobs(client, "service")
    await hidden.look({"jobs"})  # there is no sacctmgr, so nobody knows
    assert f"the account {ACCOUNT} sees none of other accounts" in caplog.text
    assert f"modify user {ACCOUNT} set AdminLevel=Operator" in caplog.text
    level(tmp_path, "None")
    await hidden.look({"all"})
    assert len(caplog.records) == 1
    level(tmp_path, "Operator")
    await hidden.look({"jobs"})
    level(tmp_path, "None")
    await hidden.look({"jobs", "nodes"})
    assert len(caplog.records) == 2


async def test_what_is_public_or_seen_is_no_fault(
    client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    level(tmp_path, "Administrator")
    for private in ({""}, {"reservations"}, {"jobs"}):
        await HiddenJobs(client, "service").look(private)
    client._accounts["service"] = "root"
    level(tmp_path, "None")
    await HiddenJobs(client, "service").look({"jobs"})
    assert not caplog.records
