"""Who may hear an event, and how often the rules of the surveys are read for it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.support.app import caller

from gatewright.core.access import PUBLIC, USERS, Access
from gatewright.core.caller import visitor
from gatewright.core.events import Event
from gatewright.domains.discovery import CHANNEL, Hearing

ADA, EVE = caller("ada"), caller("eve")


@dataclass
class World:
    """Surveys with their rules, and two clocks."""

    rules: dict[str, Access] = field(default_factory=lambda: {"night": PUBLIC})
    now: float = 1000.0
    uptime: float = 5.0
    reads: int = 0

    async def read(self) -> Mapping[str, Access]:
        self.reads += 1
        await asyncio.sleep(0)
        return dict(self.rules)

    def hearing(self) -> Hearing:
        return Hearing(self.read, lambda: self.now, lambda: self.uptime)


def event(number: int, at: float, *surveys: str) -> Event:
    data = {"surveys": list(surveys)}
    return Event(number, at, "candidate.voted", "candidates/d-1.1", CHANNEL, data)


async def test_all_surveys_of_an_event_must_be_seen() -> None:
    world = World({"night": PUBLIC, "team": Access(names=frozenset({"ada"}))})
    hearing = world.hearing()
    both = event(1, 999.0, "night", "team")
    assert await hearing.may_hear(ADA, both)
    assert not await hearing.may_hear(EVE, both)
    assert await hearing.may_hear(EVE, event(2, 999.0, "night"))
    assert not await hearing.may_hear(ADA, event(3, 999.0, "night", "gone"))
    damaged = Event(4, 999.0, "candidate.voted", "candidates/d-1.1", CHANNEL, {})
    assert not await hearing.may_hear(ADA, damaged)
    narrow = replace(ADA, scopes=frozenset({"data:read"}))
    assert not await hearing.may_hear(narrow, both)


async def test_a_thousand_followers_of_a_hundred_events_cost_one_read() -> None:
    world = World()
    hearing = world.hearing()
    heard = await asyncio.gather(
        *(
            hearing.may_hear(ADA, event(number, 999.0, "night"))
            for number in range(100)
            for _ in range(1000)
        )
    )
    assert all(heard)
    assert world.reads == 1


async def test_a_survey_as_new_as_its_event_is_known() -> None:
    world = World()
    hearing = world.hearing()
    assert await hearing.may_hear(ADA, event(1, 999.0, "night"))
    world.rules["new"] = USERS
    world.now += 0.1
    assert await hearing.may_hear(ADA, event(2, 1000.05, "new"))
    assert not await hearing.may_hear(visitor(), event(2, 1000.05, "new"))
    assert world.reads == 2


async def test_an_event_of_a_machine_whose_clock_is_ahead_costs_one_read() -> None:
    world = World()
    hearing = world.hearing()
    for _ in range(10):
        assert await hearing.may_hear(ADA, event(7, 2000.0, "night"))
    assert world.reads == 1


async def test_rules_that_change_count_within_a_second() -> None:
    world = World()
    hearing = world.hearing()
    assert await hearing.may_hear(EVE, event(1, 999.0, "night"))
    world.rules["night"] = Access(names=frozenset({"ada"}))
    world.uptime += 1.0
    assert not await hearing.may_hear(EVE, event(1, 999.0, "night"))
    assert await hearing.may_hear(ADA, event(1, 999.0, "night"))
    assert world.reads == 2
