"""Which worker acts for whom, and when workers end; as children of the test."""

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator

import pytest

from gatewright.backends.broker import BrokerWorkers
from gatewright.backends.worker import ChildStarter, Worker, open_worker


def workers(own: Worker, idle: float, oldest: float) -> BrokerWorkers:
    return BrokerWorkers(lambda _: ChildStarter(), ":service", own, idle, oldest)


@pytest.fixture
async def own() -> AsyncIterator[Worker]:
    async with open_worker() as worker:
        yield worker


async def ping(worker: Worker) -> int:
    await worker.call("ping", {}, type(None), seconds=60)
    assert worker.pid is not None
    return worker.pid


async def test_everyone_has_one_and_the_service_another(own: Worker) -> None:
    people = workers(own, math.inf, math.inf)
    assert people.of(":service") is own
    assert people.of("ada") is people.of("ada")
    assert people.of("ada") is not people.of("bob")
    assert people.running == 0
    first = await ping(people.of("ada"))
    assert await ping(people.of("bob")) != first
    assert people.running == 2
    await people.rest()
    assert await ping(people.of("ada")) == first
    await people.close()
    assert people.running == 0


@pytest.mark.parametrize(("idle", "oldest"), [(0.0, math.inf), (math.inf, 0.0)])
async def test_one_that_is_idle_or_old_is_begun_anew(
    own: Worker, idle: float, oldest: float
) -> None:
    people = workers(own, idle, oldest)
    first = await ping(people.of("ada"))
    assert await people.rest() <= 10
    assert people.running == 0
    assert await ping(people.of("ada")) != first
    await people.close()


def _threads() -> set[threading.Thread]:
    """Return the threads in which files are read and written."""
    return {one for one in threading.enumerate() if one.name.startswith("files")}


async def test_the_threads_of_who_came_end_with_their_workers(own: Worker) -> None:
    people = workers(own, 0.0, math.inf)
    before = _threads()
    names = [f"user{number}" for number in range(5)]
    for name in names:
        await ping(people.of(name))
        people.of(name).threads.submit(int).result(60)
    assert len(_threads() - before) == len(names)
    await people.rest()
    deadline = time.monotonic() + 60
    while _threads() - before:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    await people.close()


async def test_a_file_is_read_to_its_end_when_its_worker_has_ended(
    own: Worker,
) -> None:
    people = workers(own, 0.0, math.inf)
    await ping(people.of("ada"))
    threads = people.of("ada").threads
    before = threads.submit(time.sleep, 0.2)
    await people.rest()
    assert people.running == 0
    assert threads.submit(int, "7").result(60) == 7
    assert before.result(60) is None
    await people.rest()
    assert threads.submit(int, "8").result(60) == 8
    await people.close()
    with pytest.raises(RuntimeError, match="shut down"):
        threads.submit(int)


async def test_one_that_never_began_is_let_be(own: Worker) -> None:
    people = workers(own, 0.0, 0.0)
    people.of("ada")
    await people.rest()
    assert people.running == 0
    await people.close()
