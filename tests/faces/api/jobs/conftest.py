"""A gateway with a scheduler, and its client."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.support.app import caller, client
from tests.support.jobs import config, job_services

from gatewright.backends.processes import scheduler
from gatewright.composition import Services
from gatewright.faces.api import build


@pytest.fixture
async def services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Services]:
    # What is asked of a job is waited for, however long the disk and the leader take.
    monkeypatch.setattr(scheduler, "_ANSWER_SECONDS", 60.0)
    async with job_services(config(tmp_path, jobs_in_flight_per_user=30)) as opened:
        yield opened


@pytest.fixture
async def ada(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client(build(services), services, caller("ada")) as opened:
        yield opened


async def submit(ada: httpx.AsyncClient, **spec: object) -> str:
    answer = await ada.post("/jobs/local", json=spec)
    assert answer.status_code == 201, answer.text
    job_id: str = answer.json()["id"]
    return job_id
