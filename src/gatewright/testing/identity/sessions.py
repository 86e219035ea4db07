"""Contract tests of ``SessionStore``."""

import asyncio
from dataclasses import replace

import pytest

from gatewright.testing.identity.samples import (
    DAY,
    NOW,
    Pair,
    session,
    token,
    user,
)


class SessionStoreContract:
    """Tests that every ``SessionStore`` passes; provide the fixture ``stores``."""

    @pytest.fixture(autouse=True)
    async def accounts(self, stores: Pair) -> None:
        await stores[0].users.add(user(), "hash")
        await stores[0].users.join("ada", "sky")
        await stores[0].users.join("ada", "climate")
        await stores[0].users.add(user("ben"), None)

    async def test_a_session_comes_back_with_its_account(self, stores: Pair) -> None:
        one, two = stores
        made = replace(session(), made_by="provider:centre", id_token="a.b.c")  # noqa: S106
        await one.sessions.add(made, "digest", instead_of="", keep=9)
        assert await two.sessions.of_user("ada") == [made]
        found = await two.sessions.find("digest")
        groups = frozenset({"sky", "climate"})
        account = replace(user(), has_password=True, groups=groups, seen_at=NOW)
        assert found == (made, account)
        assert await two.sessions.find("Digest") is None

    async def test_one_instead_of_another(self, stores: Pair) -> None:
        one, two = stores
        old, new = session(), session()
        await one.sessions.add(old, "old", instead_of="", keep=9)
        await one.sessions.add(new, "new", instead_of=old.key, keep=9)
        assert await two.sessions.of_user("ada") == [new]

    async def test_none_for_an_account_that_changed(self, stores: Pair) -> None:
        one, two = stores

        async def add(name: str, password_hash: str | None) -> bool:
            return await one.sessions.add(
                session(name),
                f"digest of {name}",
                instead_of="",
                keep=9,
                password_hash=password_hash,
            )

        assert not await add("nobody", None)
        assert not await add("ada", "an old hash")
        assert not await add("ben", "a hash of none")
        assert await two.sessions.of_user("ada") == []
        assert await add("ada", "hash")
        assert await add("ben", None)

    async def test_only_the_newest_are_kept(self, stores: Pair) -> None:
        one, two = stores
        made = [session() for _ in range(5)]
        made.sort(key=lambda s: s.key)
        for n, s in enumerate(made):
            await one.sessions.add(s, f"d{n}", instead_of="", keep=3)
        await one.sessions.add(session("ben"), "ben", instead_of="", keep=3)
        assert await two.sessions.of_user("ada") == made[-3:]

    async def test_the_new_one_is_kept_after_the_clock_was_set_back(
        self, stores: Pair
    ) -> None:
        one, two = stores
        later = [replace(session(), key=f"zz{n}") for n in range(3)]
        for s in later:
            await one.sessions.add(s, s.key, instead_of="", keep=3)
        new = session()
        await one.sessions.add(new, "new", instead_of="", keep=3)
        assert await two.sessions.of_user("ada") == [new, *later[1:]]

    async def test_ended_ones_go(self, stores: Pair) -> None:
        one, two = stores
        await one.sessions.add(session("ben"), "old", instead_of="", keep=9)
        late = session(created_at=NOW + 2 * DAY)
        await one.sessions.add(late, "new", instead_of="", keep=9)
        assert await two.sessions.of_user("ben") == []

    async def test_last_use_never_goes_back(self, stores: Pair) -> None:
        one, two = stores
        made = session()
        await one.sessions.add(made, "digest", instead_of="", keep=9)
        await one.sessions.touch(made.key, NOW + 100)
        await two.sessions.touch(made.key, NOW + 50)
        found = await two.sessions.find("digest")
        assert found is not None
        assert found[0].used_at == NOW + 100

    async def test_only_ones_own_is_removed(self, stores: Pair) -> None:
        one, two = stores
        made = session()
        await one.sessions.add(made, "digest", instead_of="", keep=9)
        assert not await two.sessions.remove(made.key, "ben")
        assert await two.sessions.remove(made.key, "ada")
        assert not await two.sessions.remove(made.key, "ada")

    async def test_what_a_provider_has_ended(self, stores: Pair) -> None:
        one, two = stores
        centre, campus = "provider:centre", "provider:campus"
        made = [
            replace(session(), made_by=by, subject=subject, sid=sid)
            for by, subject, sid in (
                (centre, "sub", "first"),
                (centre, "sub", "second"),
                (centre, "sub", ""),
                (centre, "other", "third"),
                (campus, "sub", "first"),
                ("password", "", ""),
            )
        ]
        for n, which in enumerate(made):
            await one.sessions.add(which, str(n), instead_of="", keep=9)
            await one.tokens.add(token(which.user, session=which.key), "d", most=9)

        async def ended(once: str, subject: str, sid: str, now: float = NOW) -> object:
            return await two.sessions.end_by_provider(
                centre, subject, sid, once=once, until=now + 10, now=now
            )

        async def left() -> list[int]:
            found = [await one.sessions.find(str(n)) for n in range(len(made))]
            kept = [n for n, pair in enumerate(found) if pair is not None]
            assert [pair[0] for pair in found if pair] == [made[n] for n in kept]
            tokens = {t.session for t in await one.tokens.page(None, "", 9)}
            assert tokens == {made[n].key for n in kept}
            return kept

        assert await ended("a", "nobody", "") == 0
        assert await ended("b", "", "") == 0
        assert await ended("c", "nobody", "unknown") == 0
        assert await left() == [0, 1, 2, 3, 4, 5]
        assert await ended("d", "sub", "first") == 2
        assert await left() == [1, 3, 4, 5]
        assert await ended("d", "sub", "") is None
        assert await left() == [1, 3, 4, 5]
        assert await ended("d", "sub", "", NOW + 10) == 1
        assert await ended("e", "", "third") == 1
        assert await left() == [4, 5]

    async def test_a_link_is_used_once(self, stores: Pair) -> None:
        one, two = stores
        await one.sessions.add_link("code", "ada", NOW + 10, now=NOW)
        users = await asyncio.gather(
            *(
                stores[n % 2].sessions.take_link("code", NOW + 9, NOW + DAY)
                for n in range(8)
            )
        )
        assert sorted(users, key=str) == [None] * 7 + ["ada"]
        assert await two.sessions.take_link("code", NOW, NOW + DAY) is None

    async def test_a_link_that_has_ended(self, stores: Pair) -> None:
        one, two = stores
        await one.sessions.add_link("code", "ada", NOW + 10, now=NOW)
        assert await two.sessions.take_link("code", NOW + 10, NOW + DAY) is None
        await one.sessions.add_link("other", "ada", NOW + 90, now=NOW + 11)
        assert await two.sessions.take_link("code", NOW, NOW + DAY) is None

    async def test_a_link_of_a_clock_that_was_set_back(self, stores: Pair) -> None:
        one, two = stores
        await one.sessions.add_link("code", "ada", NOW + DAY, now=NOW)
        assert await two.sessions.take_link("code", NOW - DAY, NOW - 1) is None
        assert await two.sessions.take_link("code", NOW, NOW + DAY) == "ada"
