"""Which worker acts for whom, and when workers end; as children of the test."""

import math
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


async def test_one_that_never_began_is_let_be(own: Worker) -> None:
    people = workers(own, 0.0, 0.0)
    people.of("ada")
    await people.rest()
    assert people.running == 0
    await people.close()
