"""Contract tests of ``UserStore``."""

import asyncio
from dataclasses import replace

from gatewright.core.caller import Role
from gatewright.testing.identity.samples import (
    DAY,
    NOW,
    Pair,
    session,
    token,
    user,
)


class UserStoreContract:
    """Tests that every ``UserStore`` passes; provide the fixture ``stores``."""

    async def test_an_account_comes_back(self, stores: Pair) -> None:
        one, two = stores
        assert await one.users.get("ada") is None
        assert await one.users.add(user(), "hash")
        assert await two.users.get("ada") == replace(user(), has_password=True)
        assert await two.users.password_hash("ada") == "hash"
        assert await two.users.get("Ada") is None

    async def test_a_name_is_taken_once(self, stores: Pair) -> None:
        one, two = stores
        wins = await asyncio.gather(
            *(stores[n % 2].users.add(user(), f"hash{n}") for n in range(8))
        )
        assert wins.count(True) == 1
        kept = await one.users.password_hash("ada")
        assert kept == f"hash{wins.index(True)}"
        assert await two.users.password_hash("ben") is None

    async def test_an_account_without_a_password(self, stores: Pair) -> None:
        one, _ = stores
        await one.users.add(user(role=Role.OWNER), None)
        found = await one.users.get("ada")
        assert found is not None
        assert (found.role, found.has_password) == (Role.OWNER, False)
        assert await one.users.password_hash("ada") is None

    async def test_a_new_password_ends_sessions_if_it_should(
        self, stores: Pair
    ) -> None:
        one, two = stores
        await one.users.add(user(), "old")
        await one.sessions.add(session(), "digest", instead_of="", keep=9)
        assert await one.users.set_password_hash("ada", "new", end_sessions=False)
        assert await two.sessions.find("digest") is not None
        assert await one.users.set_password_hash("ada", "newer", end_sessions=True)
        assert await two.sessions.find("digest") is None
        assert await two.users.password_hash("ada") == "newer"
        assert not await one.users.set_password_hash("ben", "x", end_sessions=True)

    async def test_a_new_password_ends_sign_in_links(self, stores: Pair) -> None:
        one, two = stores
        await one.users.add(user(), "old")
        for code in ("first", "second"):
            await one.sessions.add_link(code, "ada", NOW + 9, now=NOW)
        await one.users.set_password_hash("ada", "rehashed", end_sessions=False)
        assert await two.sessions.take_link("first", NOW, NOW + DAY) == "ada"
        await one.users.set_password_hash("ada", "new", end_sessions=True)
        assert await two.sessions.take_link("second", NOW, NOW + DAY) is None

    async def test_only_the_hash_that_is_named_is_replaced(self, stores: Pair) -> None:
        one, two = stores
        await one.users.add(user(), "old")

        async def replace_by(new: str, instead_of: str) -> bool:
            return await one.users.set_password_hash(
                "ada", new, end_sessions=False, instead_of=instead_of
            )

        assert not await replace_by("rehashed", "another")
        assert await two.users.password_hash("ada") == "old"
        assert await replace_by("rehashed", "old")
        assert await two.users.password_hash("ada") == "rehashed"

    async def test_another_role_ends_sessions(self, stores: Pair) -> None:
        one, two = stores
        await one.users.add(user(), None)
        await one.sessions.add(session(), "digest", instead_of="", keep=9)
        await one.users.set_role("ada", Role.OWNER)
        found = await two.users.get("ada")
        assert found is not None
        assert found.role is Role.OWNER
        assert await two.sessions.find("digest") is None

    async def test_groups(self, stores: Pair) -> None:
        one, two = stores
        await one.users.add(user(), None)
        await one.users.add(user("ben"), None)
        for group in ("sky", "climate", "sky"):
            await one.users.join("ada", group)
        found = await two.users.get("ada")
        assert found is not None
        assert found.groups == {"sky", "climate"}
        assert await two.users.group_exists("sky")
        assert not await two.users.group_exists("ada")
        assert await one.users.leave("ada", "sky")
        assert not await two.users.group_exists("sky")
        assert not await one.users.leave("ada", "sky")
        names = {u.name: u.groups for u in await two.users.page("", 10)}
        assert names == {"ada": {"climate"}, "ben": frozenset()}

    async def test_an_account_is_written_as_its_directory_knows_it(
        self, stores: Pair
    ) -> None:
        one, two = stores
        known = replace(user(), source="roster", groups=frozenset({"sky", "climate"}))
        assert await one.users.mirror(known)
        assert await two.users.get("ada") == known
        await one.sessions.add(session(), "digest", instead_of="", keep=9)
        moved = replace(known, groups=frozenset({"sea"}), created_at=NOW + DAY)
        assert await two.users.mirror(moved)
        seen = replace(moved, created_at=NOW, seen_at=NOW)
        assert await one.users.get("ada") == seen
        assert await one.sessions.find("digest") is not None
        assert await two.users.mirror(replace(moved, role=Role.OWNER))
        assert await one.sessions.find("digest") is None

    async def test_an_account_of_another_source_is_left_alone(
        self, stores: Pair
    ) -> None:
        one, two = stores
        await one.users.add(user(), "hash")
        await one.users.join("ada", "sky")
        for source in ("roster", "other"):
            assert not await two.users.mirror(replace(user(), source=source))
        mine = replace(user(), has_password=True, groups=frozenset({"sky"}))
        assert await one.users.get("ada") == mine

    async def test_disabling_ends_sessions_and_links(self, stores: Pair) -> None:
        one, two = stores
        assert not await one.users.set_disabled("ada", NOW)
        assert not await one.users.set_disabled("ada", None)
        await one.users.add(user(), "hash")
        made = session()
        await one.sessions.add(made, "digest", instead_of="", keep=9)
        await one.sessions.add_link("code", "ada", NOW + DAY, now=NOW)
        await one.tokens.add(token(), "digest", most=9)
        for _ in range(2):
            assert await two.users.set_disabled("ada", NOW + 1)
        assert await two.users.set_disabled("ada", NOW + 2)  # keeps the first time
        found = await one.users.get("ada")
        assert found is not None
        assert (found.disabled, found.disabled_at) == (True, NOW + 1)
        assert await one.sessions.of_user("ada") == []
        assert await one.sessions.take_link("code", NOW, NOW + DAY) is None
        assert not await one.sessions.add(session(), "other", instead_of="", keep=9)
        assert len(await one.tokens.page("ada", "", 9)) == 1
        await one.users.mirror(replace(found, role=Role.OWNER))
        assert await two.users.set_disabled("ada", None)
        found = await one.users.get("ada")
        assert found is not None
        assert not found.disabled
        assert await one.sessions.add(session(), "other", instead_of="", keep=9)

    async def test_an_account_is_seen_when_it_is_used(self, stores: Pair) -> None:
        one, two = stores
        await one.users.add(user(), "hash")

        async def seen() -> float | None:
            found = await two.users.get("ada")
            assert found is not None
            return found.seen_at

        assert await seen() is None
        made, key = session(), token()
        await one.sessions.add(made, "digest", instead_of="", keep=9)
        assert await seen() == NOW
        await one.sessions.touch(made.key, NOW + 60)
        assert await seen() == NOW + 60
        await one.tokens.add(key, "digest", most=9)
        await one.tokens.touch(key.key, NOW + 50, "192.0.2.1")
        assert await seen() == NOW + 60
        await one.tokens.touch(key.key, NOW + 120, "192.0.2.1")
        assert await seen() == NOW + 120
        await one.sessions.remove(made.key, "ada")
        assert await seen() == NOW + 120

    async def test_pages_by_name(self, stores: Pair) -> None:
        one, _ = stores
        for name in ("cy", "ada", "ben"):
            await one.users.add(user(name), None)
            await one.users.join(name, "g1")
            await one.users.join(name, "g2")
        first = await one.users.page("", 2)
        rest = await one.users.page(first[-1].name, 2)
        assert [u.name for u in (*first, *rest)] == ["ada", "ben", "cy"]

    async def test_what_goes_with_an_account(self, stores: Pair) -> None:
        one, two = stores
        await one.users.add(user(), None)
        await one.users.join("ada", "sky")
        await one.sessions.add(session(), "digest", instead_of="", keep=9)
        await one.sessions.add_link("link", "ada", NOW + 9, now=NOW)
        made = token()
        await one.tokens.add(made, "d", most=9)
        assert await one.users.remove("ada", NOW)
        assert not await one.users.remove("ada", NOW)
        assert await two.sessions.find("digest") is None
        assert await two.sessions.take_link("link", NOW, NOW + DAY) is None
        assert await two.tokens.find(made.key) is None
        await one.users.add(user(), None)
        again = await two.users.get("ada")
        assert again is not None
        assert again.groups == frozenset()
        assert await two.sessions.of_user("ada") == []
