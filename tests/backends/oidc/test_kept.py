"""What a provider publishes is kept, by a clock of the test's."""

import asyncio

import pytest

from gatewright.backends.oidc.kept import Kept
from gatewright.core.errors import Unavailable


class Published:
    """A value that counts how often it was fetched."""

    def __init__(self) -> None:
        self.fetched = 0
        self.away = False
        self.now = 1000.0
        self.kept = Kept(self.fetch, lambda: self.now)

    async def fetch(self) -> int:
        await asyncio.sleep(0)
        self.fetched += 1
        if self.away:
            raise Unavailable("away")
        return self.fetched


async def test_it_is_fetched_once_an_hour_for_all() -> None:
    one = Published()
    assert await asyncio.gather(*(one.kept.get() for _ in range(5))) == [1] * 5
    one.now += 3599
    assert await one.kept.get() == 1
    one.now += 1
    assert await one.kept.get() == 2
    assert await one.kept.refresh_now() == 3


async def test_an_old_answer_is_used_for_a_day_while_the_provider_does_not_answer() -> (
    None
):
    one = Published()
    await one.kept.get()
    one.away = True
    one.now += 3600
    for _ in range(3):
        assert await one.kept.get() == 1
    assert one.fetched == 2  # not asked again at once
    one.now += 5
    assert await one.kept.refresh_now() == 1
    assert one.fetched == 3
    one.now += 86_400
    with pytest.raises(Unavailable):
        await one.kept.get()
    one.away = False
    with pytest.raises(Unavailable):
        await one.kept.get()
    one.now += 5
    assert await one.kept.get() == 5
