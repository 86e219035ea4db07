"""The hub tells every reader of a process what is in the log, once and in order."""

import asyncio
from collections.abc import Mapping, Sequence

from gatewright.core.errors import Unavailable
from gatewright.core.events import Event, EventHub


class ListLog:
    """An event log in memory, which may be away for some looks."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.away = 0

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
        return [e for e in found if e.subject.startswith(subject)][:limit]

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


async def test_what_another_process_wrote_is_found_at_the_next_look() -> None:
    log = ListLog()
    hub = EventHub(log, interval=0.01)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        reader = group.create_task(numbers(hub, 1, after=0))
        await asyncio.sleep(0)
        await log.append("elsewhere", "x", "ada", {})
    assert reader.result() == [1]


async def test_a_reader_hears_later_what_happened_while_the_log_was_away() -> None:
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
