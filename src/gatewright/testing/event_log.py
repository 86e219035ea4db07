"""Contract tests of the ``EventLog`` port."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gatewright.core.errors import InvalidContent
from gatewright.core.events import EventHub, EventLog

Maker = Callable[..., Awaitable[EventLog]]


class EventLogContract:
    """Tests that every event log passes.

    The fixture ``make_log`` returns a further log on the same storage; it takes
    ``seconds`` and ``events`` (how much is kept) and ``clock``.
    """

    @pytest.fixture
    async def log(self, make_log: Maker) -> EventLog:
        return await make_log()

    async def test_an_empty_log(self, log: EventLog) -> None:
        assert await log.latest() == 0
        assert list(await log.after(0, owner="ada")) == []

    async def test_an_event_comes_back_whole(
        self, log: EventLog, make_log: Maker
    ) -> None:
        data = {"text": "é😀", "number": 0.1, "list": [1, None, True], "big": 2**53}
        number = await log.append("job.completed", "jobs/local/17", "ada", data)
        (event,) = await (await make_log()).after(0, owner="ada")
        assert (event.number, event.kind) == (number, "job.completed")
        assert (event.subject, event.owner) == ("jobs/local/17", "ada")
        assert event.data == data
        assert event.at > 1e9
        assert await log.latest() == number

    async def test_only_the_owners(self, log: EventLog) -> None:
        await log.append("a", "x", "ada", {})
        await log.append("b", "x", "ben", {})
        assert [e.kind for e in await log.after(0, owner="ben")] == ["b"]
        assert [e.kind for e in await log.after(0, owner="Ben")] == []

    async def test_a_subject_and_what_is_below_it(self, log: EventLog) -> None:
        subjects = [
            "jobs/local/1",
            "jobs/local/1/output",
            "jobs/local/17",
            "jobs/local",
        ]
        for subject in [*subjects, "jobs/local/1%"]:
            await log.append("a", subject, "ada", {})
        found = await log.after(0, owner="ada", subject="jobs/local/1")
        assert [event.subject for event in found] == subjects[:2]
        found = await log.after(0, owner="ada", subject="jobs/local")
        assert len(found) == 5

    async def test_those_of_all_owners(self, log: EventLog, make_log: Maker) -> None:
        owners = ["ada", "ben", "ada", "eve"]
        numbers = [await log.append("a", "x", owner, {}) for owner in owners]
        other = await make_log()
        found = await other.since(0)
        assert [(e.number, e.owner) for e in found] == list(
            zip(numbers, owners, strict=True)
        )
        assert [e.owner for e in await other.since(numbers[0], 2)] == ["ben", "ada"]
        assert list(await other.since(numbers[-1])) == []

    async def test_pages(self, log: EventLog) -> None:
        numbers = [await log.append("a", "x", "ada", {"n": n}) for n in range(7)]
        assert numbers == sorted(set(numbers))
        first = await log.after(0, owner="ada", limit=3)
        rest = await log.after(first[-1].number, owner="ada", limit=30)
        assert [e.data["n"] for e in (*first, *rest)] == list(range(7))

    async def test_no_reader_misses_one(self, log: EventLog, make_log: Maker) -> None:
        other = await make_log()
        seen: list[int] = []

        async def watch() -> None:
            while len(seen) < 60:
                events = await other.after(seen[-1] if seen else 0, owner="ada")
                seen.extend(event.number for event in events)
                await asyncio.sleep(0)

        watcher = asyncio.create_task(watch())
        logs = (log, other)
        numbers = await asyncio.gather(
            *(logs[n % 2].append("a", "x", "ada", {}) for n in range(60))
        )
        await watcher
        assert seen == sorted(numbers)

    async def test_old_events_are_forgotten(self, make_log: Maker) -> None:
        now = [1e9]
        log = await make_log(seconds=100, clock=lambda: now[0])
        for _ in range(300):
            await log.append("a", "x", "ada", {})
        now[0] += 1000
        last = 0
        for _ in range(300):
            last = await log.append("b", "x", "ada", {})
        kinds = {e.kind for e in await log.after(0, owner="ada", limit=1000)}
        assert kinds == {"b"}
        assert await log.latest() == last == 600

    async def test_so_many_are_kept(self, make_log: Maker) -> None:
        log = await make_log(events=100)
        for _ in range(520):
            await log.append("a", "x", "ada", {})
        kept = await log.after(0, owner="ada", limit=1000)
        assert 100 <= len(kept) < 400

    async def test_text_that_is_none(self, log: EventLog) -> None:
        with pytest.raises(InvalidContent):
            await log.append("a", "x", "ada", {"text": "\ud800"})
        with pytest.raises(InvalidContent):
            await log.append("a", "\ud800", "ada", {})
        assert await log.latest() == 0

    async def test_a_reader_that_comes_back(
        self, log: EventLog, make_log: Maker
    ) -> None:
        hub = EventHub(log, interval=0.02)
        elsewhere = EventHub(await make_log())
        seen = await hub.publish("a", "x", "ada", {"n": 0})
        await elsewhere.publish("a", "x", "ada", {"n": 1})
        told = []
        async with asyncio.timeout(60):
            async for event in hub.follow(owner="ada", after=seen):
                if event is None:
                    await elsewhere.publish("a", "x", "ada", {"n": 2})
                else:
                    told.append(event.data["n"])
                if told == [1, 2]:
                    break
        assert told == [1, 2]
