"""Jobs on this machine for tests: the real scheduler, tables, processes and faces."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
from tests.support.identity import cheap_hasher
from tests.support.migrated import put_tables

from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.leases import SqlLeases
from gatewright.backends.worker import OneWorker
from gatewright.composition import Services
from gatewright.composition.compute import open_compute
from gatewright.composition.files import open_files, open_owner_worker
from gatewright.composition.identity import open_identity
from gatewright.composition.state import open_database, open_event_hub
from gatewright.composition.systems import BackendResources
from gatewright.core.access import Access
from gatewright.core.caller import Caller
from gatewright.core.concurrency import ConcurrencyLimit
from gatewright.core.config import Config
from gatewright.domains.discovery import Discovery, Hearing

SECONDS = 60.0


def config(folder: Path, **limits: Any) -> Config:
    """Return a configuration with the system ``local``, of two cores."""
    (folder / "home").mkdir(exist_ok=True)
    return Config.model_validate(
        {
            "gateway": {"state": str(folder / "state")},
            "systems": [
                {
                    "name": "local",
                    "home": str(folder / "home"),
                    "cores": 2,
                    "memory_bytes": 1 << 30,
                }
            ],
            "limits": limits,
        }
    )


@asynccontextmanager
async def job_services(
    settings: Config,
) -> AsyncIterator[Services]:
    """Yield the services of jobs, files and commands, and no others."""
    async with AsyncExitStack() as stack:
        await put_tables(settings.gateway.state / "gateway.sqlite")
        database = await open_database(settings, stack)
        events = open_event_hub(database)
        workers = OneWorker(await open_owner_worker(stack))
        resources = BackendResources(workers, SqlLeases(database).lease, "ada")
        files, commands = await open_files(settings, resources, stack)
        hasher = cheap_hasher()
        stack.callback(hasher.close)
        identity = await open_identity(settings, database, stack, hasher=hasher)
        compute = await open_compute(
            settings, database, events, resources, identity, stack
        )

        async def no_survey(_: Caller) -> Collection[str]:
            return ()

        async def no_rules() -> Mapping[str, Access]:
            return {}

        candidates, hearing = SqlCandidates(database), Hearing(no_rules)
        services = SimpleNamespace(
            config=settings,
            events=events,
            images=SimpleNamespace(
                discovery=Discovery(candidates, no_survey, events, hearing)
            ),
            identity=identity,
            jobs=compute.jobs,
            job_tokens=compute.tokens,
            files=files,
            commands=commands,
            streams=ConcurrencyLimit(100, "streams"),
        )
        yield cast("Services", services)


async def until_ended(
    client: httpx.AsyncClient,
    job_id: str,
    seconds: float = SECONDS,
    system: str = "local",
) -> dict[str, Any]:
    """Return a job's record once it has ended."""
    return await until(
        client, job_id, lambda job: job["ended_at"] is not None, seconds, system
    )


async def until_state(
    client: httpx.AsyncClient, job_id: str, state: str
) -> dict[str, Any]:
    """Return a job's record once it is in a state."""
    return await until(client, job_id, lambda job: job["state"] == state)


async def until(
    client: httpx.AsyncClient,
    job_id: str,
    wanted: Callable[[Mapping[str, Any]], bool],
    seconds: float = SECONDS,
    system: str = "local",
) -> dict[str, Any]:
    """Return a job's record once it is as wanted."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await client.get(f"/jobs/{system}/{job_id}")
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        if wanted(job):
            return job
        assert time.monotonic() < deadline, f"still not as wanted: {job}"
        await asyncio.sleep(0.02)
