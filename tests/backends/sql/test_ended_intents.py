"""Intents that have ended, on both databases."""

from gatewright.backends.authn import GrantedIntent
from gatewright.backends.sql import Database
from gatewright.backends.sql.ended_intents import SqlEndedIntents


def of(name: str, user: str = "ada", until: int = 100) -> GrantedIntent:
    return GrantedIntent(name, user, until, ())


async def test_each_is_kept_until_its_grant_ends(
    databases: tuple[Database, Database],
) -> None:
    here, elsewhere = map(SqlEndedIntents, databases)
    await here.add([of("a"), of("b", until=50), of("a", until=10)], 1.0)
    await here.add([of("a", until=20)], 2.0)
    assert await elsewhere.has(of("a"))
    assert await elsewhere.has(of("b"))
    assert not await elsewhere.has(of("c"))
    assert not await elsewhere.has(of("a", "bob"))
    await elsewhere.add([], 60.0)
    assert await here.has(of("a"))
    assert not await here.has(of("b"))
