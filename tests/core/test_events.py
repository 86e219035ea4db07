"""The hub tells every reader of a process what is in the log, once and in order."""

import asyncio
import random
from collections.abc import Mapping, Sequence

import pytest
from typing_extensions import override

from gatewright.core.errors import Unavailable
from gatewright.core.events import Event, EventHub


class ListLog:
    """An event log in memory, which may be away for some looks."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.away = 0
        self.looks = 0

    async def append(
        self, kind: str, subject: str, owner: str, data: Mapping[str, object]
    ) -> int:
        number = len(self.events) + 1
        self.events.append(Event(number, 0.0, kind, subject, owner, data))
        return number

    async def after(
        self, number: int, *, owner: str, subject: str = "", limit: int = 500
    ) -> Sequence[Event]:
        if self.away:
            self.away -= 1
            raise Unavailable("The gateway's database is away.")
        found = [e for e in self.events if e.number > number and e.owner == owner]
        below = f"{subject}/"
        return [e for e in found if f"{e.subject}/".startswith(below) or not subject][
            :limit
        ]

    async def since(self, number: int, limit: int = 500) -> Sequence[Event]:
        self.looks += 1
        if self.away:
            self.away -= 1
            raise Unavailable("The gateway's database is away.")
        return [e for e in self.events if e.number > number][:limit]

    async def latest(self) -> int:
        return len(self.events)


async def numbers(hub: EventHub, count: int, after: int | None) -> list[int]:
    found: list[int] = []
    start = await hub.start(after)
    async for event in hub.follow(owner="ada", after=start):
        if event is not None:
            found.append(event.number)
        if len(found) == count:
            break
    return found


async def test_a_reader_goes_on_after_the_last_number_that_it_saw() -> None:
    hub = EventHub(ListLog())
    for state in ("queued", "active", "completed"):
        await hub.publish(f"job.{state}", "jobs/local/1", "ada", {})
    assert await numbers(hub, 2, after=1) == [2, 3]


async def test_a_new_reader_hears_what_happens_from_now_on() -> None:
    hub = EventHub(ListLog(), interval=600)
    await hub.publish("old", "x", "ada", {})
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        reader = group.create_task(numbers(hub, 1, after=None))
        while not hub._news._waiters:
            await asyncio.sleep(0.001)
        await hub.publish("of another", "x", "bob", {})
        await hub.publish("new", "x", "ada", {})
    assert reader.result() == [3]


async def test_many_readers_cost_the_log_one_look() -> None:
    log = ListLog()
    hub = EventHub(log, interval=600)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        readers = [group.create_task(numbers(hub, 3, after=0)) for _ in range(500)]
        while not hub._news._waiters:
            await asyncio.sleep(0.001)
        for _ in range(3):
            await hub.publish("new", "x", "ada", {})
            await asyncio.sleep(0)
    assert all(reader.result() == [1, 2, 3] for reader in readers)
    assert 1 <= log.looks <= 5


async def test_the_log_is_not_read_without_followers() -> None:
    log = ListLog()
    hub = EventHub(log, interval=0.001)
    await hub.publish("a", "x", "ada", {})
    async with asyncio.timeout(60):
        assert await numbers(hub, 1, after=0) == [1]
    while hub._looking is not None:  # the generators' ends have their turn
        await asyncio.sleep(0.001)
    looks = log.looks
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert log.looks == looks


async def test_a_reader_that_does_not_keep_up_reads_the_log_and_misses_nothing() -> (
    None
):
    hub = EventHub(ListLog(), interval=0.01)
    slow = hub.follow(owner="ada", after=0)
    async with asyncio.timeout(60):
        assert await anext(slow) is None
        for _ in range(2000):
            await hub.publish("new", "x", "ada", {})
        quick = await numbers(hub, 2000, after=0)
        found: list[int] = []
        while len(found) < 2000:
            event = await anext(slow)
            if event is not None:
                found.append(event.number)
    assert quick == found == list(range(1, 2001))


@pytest.mark.parametrize("seed", range(4))
async def test_readers_that_come_and_go_see_each_event_once(seed: int) -> None:
    """Whatever is written while they begin, catch up and are handed events."""
    chance = random.Random(seed)
    log = ListLog()
    hubs = [EventHub(log, interval=0.002) for _ in range(2)]

    async def write() -> None:
        for number in range(900):
            owner = "ada" if number % 3 else "bob"
            await chance.choice(hubs).publish("new", "x", owner, {})
            await asyncio.sleep(0)

    async def read(hub: EventHub) -> None:
        after = 0
        found: list[int] = []
        while len(found) < 600:
            wanted = min(chance.randrange(1, 90), 600 - len(found))
            found += await numbers(hub, wanted, after=after)
            after = found[-1]
        assert found == [e.number for e in log.events if e.owner == "ada"][:600]

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(write())
        for hub in hubs * 3:
            group.create_task(read(hub))


@pytest.mark.parametrize("seed", range(4))
async def test_a_reader_of_several_owners_sees_all_in_order(seed: int) -> None:
    """However many were written before it, and while it reads."""
    chance = random.Random(seed)
    log = ListLog()
    hub = EventHub(log, interval=0.002)
    before = chance.randrange(0, 1800)
    owners = [chance.choice("abc") for _ in range(2400)]
    for owner in owners[:before]:
        await log.append("new", "x", owner, {})

    async def write() -> None:
        for owner in owners[before:]:
            await hub.publish("new", "x", owner, {})
            await asyncio.sleep(0)

    wanted = [number for number, owner in enumerate(owners, 1) if owner != "c"]
    found: list[int] = []
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(write())
        async for event in hub.follow(owner="a", others=["b"], after=0):
            if event is not None:
                found.append(event.number)
            if len(found) == len(wanted):
                break
    assert found == wanted


async def test_only_of_a_resource_and_what_is_below_it() -> None:
    hub = EventHub(ListLog(), interval=0.01)
    follow = hub.follow(owner="ada", subject="jobs/local/1", after=0)
    async with asyncio.timeout(60):
        assert await anext(follow) is None
        for subject in ("jobs/local/17", "jobs/local/1", "jobs/local/1/output", "x"):
            await hub.publish("new", subject, "ada", {})
        events = [await anext(follow), await anext(follow)]
    assert [event and event.subject for event in events] == [
        "jobs/local/1",
        "jobs/local/1/output",
    ]


async def test_what_another_process_wrote_is_found_at_the_next_look() -> None:
    log = ListLog()
    hub = EventHub(log, interval=0.01)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        reader = group.create_task(numbers(hub, 1, after=0))
        await asyncio.sleep(0)
        await log.append("elsewhere", "x", "ada", {})
    assert reader.result() == [1]


async def test_events_during_an_outage_of_the_log_come_later() -> None:
    log = ListLog()
    hub = EventHub(log, interval=0.01)
    await hub.publish("a", "x", "ada", {})
    log.away = 3
    async with asyncio.timeout(60):
        assert await numbers(hub, 1, after=0) == [1]
    assert log.away == 0


async def test_a_number_that_is_yet_to_come_is_now() -> None:
    hub = EventHub(ListLog(), interval=0.01)
    await hub.publish("a", "x", "ada", {})
    assert await hub.start(9_000) == 1


class SlowLog(ListLog):
    """A log whose newest number is read when the test lets it, and counted."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.begun = 0
        self.read = 0

    @override
    async def latest(self) -> int:
        self.begun += 1
        await self.go.wait()
        return len(self.events)

    @override
    async def after(
        self, number: int, *, owner: str, subject: str = "", limit: int = 500
    ) -> Sequence[Event]:
        self.read += 1
        return await super().after(number, owner=owner, subject=subject, limit=limit)


async def test_many_that_begin_together_share_a_read_that_began_after_them() -> None:
    log = SlowLog()
    hub = EventHub(log)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        first = group.create_task(hub.start(None))
        while not log.begun:
            await asyncio.sleep(0.001)
        leaves = asyncio.create_task(hub.start(None))
        later = [group.create_task(hub.start(None)) for _ in range(100)]
        await asyncio.sleep(0)
        leaves.cancel()
        await log.append("before they asked", "x", "ada", {})
        log.go.set()
    assert first.result() == 1
    assert [one.result() for one in later] == [1] * 100
    assert log.begun == 2


async def test_who_begins_now_reads_nothing_of_what_was_before() -> None:
    log = SlowLog()
    log.go.set()
    hub = EventHub(log, interval=0.01)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        readers = [group.create_task(numbers(hub, 1, after=None))]
        while hub._seen is None:
            await asyncio.sleep(0.001)
        while not hub._news._waiters:
            await asyncio.sleep(0.001)
        read = log.read
        readers += [group.create_task(numbers(hub, 1, after=None)) for _ in range(50)]
        while len(hub._followers["ada"]) < 51:
            await asyncio.sleep(0.001)
        assert log.read == read
        await hub.publish("new", "x", "ada", {})
    assert [one.result() for one in readers] == [[1]] * 51
