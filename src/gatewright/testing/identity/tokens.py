"""Contract tests of ``TokenStore``."""

import asyncio
from dataclasses import replace

import pytest

from gatewright.core.caller import Role
from gatewright.core.errors import NotSignedIn
from gatewright.testing.identity.samples import (
    DAY,
    NOW,
    Pair,
    session,
    token,
    user,
)


class TokenStoreContract:
    """Tests that every ``TokenStore`` passes; provide the fixture ``stores``."""

    @pytest.fixture(autouse=True)
    async def accounts(self, stores: Pair) -> None:
        await stores[0].users.add(user(), None)
        await stores[0].users.join("ada", "sky")
        await stores[0].users.add(user("ben"), None)

    async def test_a_token_comes_back_with_its_account(self, stores: Pair) -> None:
        one, two = stores
        made = token()
        assert await one.tokens.add(made, "digest", most=9)
        account = replace(user(), groups=frozenset({"sky"}))
        assert await two.tokens.find(made.key) == (made, "digest", account)
        assert await two.tokens.find("nothing") is None

    async def test_each_look_finds_what_the_account_is_now(self, stores: Pair) -> None:
        one, two = stores
        made = token()
        await one.tokens.add(made, "digest", most=9)
        account = replace(user(), groups=frozenset({"sky"}))
        for _ in range(2):
            assert await two.tokens.find(made.key) == (made, "digest", account)
        await one.users.set_role("ada", Role.GUEST)
        await one.users.leave("ada", "sky")
        await one.users.set_disabled("ada", NOW + 5)
        account = replace(user(), role=Role.GUEST, disabled_at=NOW + 5)
        for _ in range(2):
            assert await two.tokens.find(made.key) == (made, "digest", account)
        await one.tokens.remove(made.key, None)
        assert await two.tokens.find(made.key) is None

    async def test_last_use(self, stores: Pair) -> None:
        one, two = stores
        made = token()
        await one.tokens.add(made, "digest", most=9)
        await one.tokens.touch(made.key, NOW + 100, "192.0.2.7")
        await two.tokens.touch(made.key, NOW + 50, "192.0.2.8")
        found = await two.tokens.find(made.key)
        assert found is not None
        assert (found[0].used_at, found[0].used_from) == (NOW + 100, "192.0.2.7")

    async def test_so_many_at_most(self, stores: Pair) -> None:
        one, _ = stores
        added = await asyncio.gather(
            *(stores[n % 2].tokens.add(token(), "d", most=3) for n in range(6))
        )
        assert added.count(True) == 3
        assert await one.tokens.add(token("ben"), "d", most=3)

    async def test_tokens_of_jobs_are_counted_apart(self, stores: Pair) -> None:
        one, two = stores
        of_job = token(session="s")
        assert await one.tokens.add(token(), "d", most=1)
        assert await one.tokens.add(of_job, "d", most=1)
        assert not await one.tokens.add(token(session="s"), "d", most=1)
        assert not await one.tokens.add(token(), "d", most=1)
        found = await two.tokens.find(of_job.key)
        assert found is not None
        assert found[0] == of_job

    async def test_tokens_of_jobs_go_with_their_session(self, stores: Pair) -> None:
        one, two = stores
        mine, other = session(), session()
        for which in (mine, other):
            await one.sessions.add(which, which.key, instead_of="", keep=9)
        made = [token(), token(session=mine.key), token(session=other.key)]
        for t in made:
            await one.tokens.add(t, "d", most=9)
        assert not await two.sessions.remove(mine.key, "ben")
        assert len(await one.tokens.page("ada", "", 9)) == 3
        assert await two.sessions.remove(mine.key, "ada")
        left = {t.key for t in await one.tokens.page("ada", "", 9)}
        assert left == {made[0].key, made[2].key}

    async def test_none_of_what_is_gone(self, stores: Pair) -> None:
        one, two = stores
        parent = token()
        for made in (token("nobody"), token(parent=parent.key)):
            with pytest.raises(NotSignedIn):
                await one.tokens.add(made, "d", most=9)
            assert await two.tokens.page(None, "", 9) == []
        await one.tokens.add(parent, "d", most=9)
        assert await one.tokens.add(token(parent=parent.key), "d", most=9)

    async def test_ended_ones_go_after_a_month(self, stores: Pair) -> None:
        one, _ = stores
        old = token()
        await one.tokens.add(old, "d", most=1)
        soon = token(created_at=NOW + 20 * DAY)
        assert not await one.tokens.add(soon, "d", most=1)
        late = token(created_at=NOW + 32 * DAY)
        assert await one.tokens.add(late, "d", most=1)
        assert await one.tokens.find(old.key) is None

    async def test_pages_of_one_and_of_all(self, stores: Pair) -> None:
        one, two = stores
        made = [token(name) for name in ("ada", "ben", "ada", "ada")]
        for t in made:
            await one.tokens.add(t, "d", most=9)
        made.sort(key=lambda t: t.key)
        mine = [t for t in made if t.user == "ada"]
        assert await two.tokens.page("ada", "", 2) == mine[:2]
        assert await two.tokens.page("ada", mine[1].key, 2) == mine[2:]
        assert await two.tokens.page(None, "", 10) == made
        assert await two.tokens.page(None, made[0].key, 1) == made[1:2]

    async def test_a_token_goes_with_those_made_with_it(self, stores: Pair) -> None:
        one, two = stores
        first = token()
        second = token(parent=first.key)
        third = token(parent=second.key)
        other = token()
        for t in (first, second, third, other):
            await one.tokens.add(t, "d", most=9)
        assert await two.tokens.remove(first.key, "ben") == 0
        assert await two.tokens.remove(second.key, None) == 2
        assert await one.tokens.find(third.key) is None
        assert await two.tokens.remove(first.key, "ada") == 1
        assert await one.tokens.find(other.key) is not None
