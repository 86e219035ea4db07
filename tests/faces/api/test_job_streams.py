"""Events and output of jobs as they come, over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from tests.support.app import AsCaller, caller, client
from tests.support.go import WAIT_FOR_GO
from tests.support.jobs import config, job_services, until_ended, until_state
from tests.support.over_http import SECONDS, over_http

from gatewright.composition import Services
from gatewright.core.caller import visitor
from gatewright.faces.api import build
from gatewright.web.disconnect import STOPPING, Stopping


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with job_services(config(tmp_path)) as opened:
        yield opened


@pytest.fixture
async def ada(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    app = AsCaller(build(services), services, caller("ada"))
    async with over_http(app) as opened:
        yield opened


async def submit(ada: httpx.AsyncClient, **spec: object) -> str:
    answer = await ada.post("/jobs/local", json=spec)
    assert answer.status_code == 201, answer.text
    job_id: str = answer.json()["id"]
    return job_id


async def told(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    assert answer.headers["content-type"].startswith("text/event-stream")
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


async def test_a_jobs_events_come_until_its_end(
    ada: httpx.AsyncClient, tmp_path: Path
) -> None:
    other = await submit(ada, executable="true", hold=True)
    job_id = await submit(ada, script=WAIT_FOR_GO, hold=True)
    kinds: list[str] = []
    async with (
        asyncio.timeout(SECONDS),
        ada.stream("GET", f"/jobs/local/{job_id}/events") as answer,
    ):
        await ada.delete(f"/jobs/local/{other}")
        await ada.post(f"/jobs/local/{job_id}/release")
        async for event in told(answer):
            assert event["subject"] == f"jobs/local/{job_id}"
            kinds.append(event["kind"])
            if event["kind"] == "job.active":
                (tmp_path / "home" / "go").touch()
    assert kinds[-2:] == ["job.active", "job.completed"]


async def test_the_events_of_an_ended_job_end(ada: httpx.AsyncClient) -> None:
    """A browser that comes back to an ended stream asks no more after a 204."""
    job_id = await submit(ada, executable="true", array="0-1")
    await until_ended(ada, job_id)
    path = f"/jobs/local/{job_id}/events"
    numbers = []
    async with (
        asyncio.timeout(SECONDS),
        ada.stream("GET", path, headers={"Last-Event-ID": "0"}) as answer,
    ):
        numbers = [event["id"] async for event in told(answer)]
    assert numbers == sorted(set(numbers))
    status = 200
    async with asyncio.timeout(SECONDS):
        while status != 204:  # at first the end has only just been
            last = {"Last-Event-ID": str(numbers[-1])}
            again = await ada.get(path, headers=last)
            status = again.status_code
            assert again.content == b""
    assert (await ada.get(path)).status_code == 204


async def test_a_request_waits_for_the_end_of_a_job(
    ada: httpx.AsyncClient, tmp_path: Path
) -> None:
    job_id = await submit(ada, script=WAIT_FOR_GO)
    path = f"/jobs/local/{job_id}"
    early = await ada.get(path, params={"wait": "0.01"})
    assert early.json()["ended_at"] is None
    waiting = asyncio.create_task(ada.get(path, params={"wait": "30"}))
    (tmp_path / "home" / "go").touch()
    job = (await waiting).json()
    while job["ended_at"] is None:  # on a machine that stalls for half a minute
        job = (await ada.get(path, params={"wait": "30"})).json()
    assert job["state"] == "completed"
    for wrong in ("-1", "31", "nan", "long"):
        answer = await ada.get(path, params={"wait": wrong})
        assert (answer.status_code, wrong) == (422, wrong)
    assert (await ada.get("/jobs/local/999?wait=30")).status_code == 404


def counted_looks(services: Services, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that gets an entry each time a job is looked at."""
    looks: list[Any] = []
    get = services.jobs.get

    async def counted(*arguments: Any) -> Any:
        looks.append(arguments)
        return await get(*arguments)

    monkeypatch.setattr(services.jobs, "get", counted)
    return looks


async def test_a_wait_looks_at_the_job_only_when_it_may_have_ended(
    ada: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await submit(ada, executable="true", hold=True)
    looks = counted_looks(services, monkeypatch)
    waiting = asyncio.create_task(ada.get(f"/jobs/local/{job_id}?wait=30"))
    async with asyncio.timeout(SECONDS):
        while len(looks) < 2:
            await asyncio.sleep(0.01)
    for _ in range(20):
        subject = f"jobs/local/{job_id}"
        await services.events.publish("job.told", subject, "ada", {"state": "held"})
    await ada.delete(f"/jobs/local/{job_id}")
    assert (await waiting).json()["state"] == "canceled"
    assert len(looks) == 4  # before, at the wait's begin, at its end, and after


async def test_a_wait_ends_when_the_server_stops(services: Services) -> None:
    stopping = Stopping()
    app = build(services)

    async def serving(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {STOPPING: stopping}}, receive, send)

    async with client(serving, services, caller("ada")) as ada:
        job_id = await submit(ada, executable="true", hold=True)
        waiting = asyncio.create_task(ada.get(f"/jobs/local/{job_id}?wait=30"))
        await asyncio.sleep(0.05)
        stopping.set()
        async with asyncio.timeout(20):
            assert (await waiting).json()["state"] == "held"
        await ada.delete(f"/jobs/local/{job_id}")


async def test_nothing_is_missed_from_the_head_of_the_answer_on(
    ada: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads the head and looks then knows all: the place is taken before it."""
    latest = services.events.log.latest

    async def slowly() -> int:
        await asyncio.sleep(0.2)
        return await latest()

    monkeypatch.setattr(services.events.log, "latest", slowly)
    job_id = await submit(ada, executable="true", hold=True)
    for path in ("/events", f"/jobs/local/{job_id}/events"):
        async with asyncio.timeout(SECONDS), ada.stream("GET", path) as answer:
            subject = f"jobs/local/{job_id}"
            number = await services.events.publish("job.told", subject, "ada", {})
            assert (await anext(told(answer)))["id"] == number


async def test_missed_events_come_after_the_last_id(
    ada: httpx.AsyncClient,
) -> None:
    job_id = await submit(ada, executable="true", array="0-1")
    await until_ended(ada, job_id)
    for path in ("/events", f"/jobs/local/{job_id}/events"):
        headers = {"Last-Event-ID": "0"}
        seen = set()
        async with (
            asyncio.timeout(SECONDS),
            ada.stream("GET", path, headers=headers) as answer,
        ):
            async for event in told(answer):
                seen.add((event["subject"], event["kind"]))
                if len({s for s, kind in seen if kind == "job.completed"}) == 2:
                    break
        assert (f"jobs/local/{job_id}_1", "job.queued") in seen


async def test_events_are_for_those_who_are_signed_in(services: Services) -> None:
    async with client(build(services), services, visitor()) as nobody:
        assert (await nobody.get("/events")).status_code == 401


async def test_output_is_followed_as_it_is_written(
    ada: httpx.AsyncClient, tmp_path: Path
) -> None:
    job_id = await submit(ada, script=f"echo one; {WAIT_FOR_GO}echo two")
    async with (
        asyncio.timeout(SECONDS),
        ada.stream(
            "GET", f"/jobs/local/{job_id}/output", params={"follow": "true"}
        ) as answer,
    ):
        assert "content-length" not in answer.headers
        pieces = answer.aiter_text()
        assert await anext(pieces) == "one\n"
        await until_state(ada, job_id, "active")
        (tmp_path / "home" / "go").touch()
        assert "".join([piece async for piece in pieces]) == "two\n"


async def test_an_array_has_no_output_to_follow(ada: httpx.AsyncClient) -> None:
    job = await submit(ada, script="echo one", array="0-1")
    whole = await ada.get(f"/jobs/local/{job}/output")
    live = await ada.get(f"/jobs/local/{job}/output?follow=true")
    assert (whole.status_code, live.status_code) == (404, 404)
    assert live.json()["detail"] == whole.json()["detail"]
    one = await ada.get(f"/jobs/local/{job}_1/output?follow=true")
    assert (one.status_code, one.text) == (200, "one\n")


async def test_following_stops_when_the_client_disconnects(
    ada: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await submit(ada, script="echo one; sleep 60")
    await until_state(ada, job_id, "active")
    looks = counted_looks(services, monkeypatch)
    path = f"/jobs/local/{job_id}/output?follow=true"
    async with asyncio.timeout(SECONDS), ada.stream("GET", path) as answer:
        assert await anext(answer.aiter_text()) == "one\n"
    async with asyncio.timeout(SECONDS):
        before = -1
        while before != len(looks):
            before = len(looks)
            await asyncio.sleep(0.6)
    await ada.delete(f"/jobs/local/{job_id}")


async def test_a_file_that_shrinks_breaks_the_answer(
    ada: httpx.AsyncClient, tmp_path: Path
) -> None:
    job_id = await submit(ada, script="echo one; sleep 60", stdout_path="o")
    path = f"/jobs/local/{job_id}/output?follow=true"
    async with asyncio.timeout(SECONDS), ada.stream("GET", path) as answer:
        pieces = answer.aiter_text()
        assert await anext(pieces) == "one\n"
        (tmp_path / "home" / "o").write_text("")
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(pieces)
    await ada.delete(f"/jobs/local/{job_id}")
