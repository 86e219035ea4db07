"""What every implementation of identity's stores keeps to."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from gatewright.core.caller import Role
from gatewright.core.errors import NotSignedIn
from gatewright.core.ids import new_id
from gatewright.domains.identity import (
    START,
    Attempts,
    AttemptStore,
    AuditEntry,
    AuditLog,
    Session,
    SessionStore,
    Token,
    TokenStore,
    User,
    UserStore,
    chained,
)

NOW = 1_800_000_000.25
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Stores:
    """All stores of one gateway process."""

    users: UserStore
    sessions: SessionStore
    tokens: TokenStore
    attempts: AttemptStore
    audit: AuditLog


Pair = tuple[Stores, Stores]
"""The stores of two processes on one database; ``attempts`` keeps 50 subjects."""


def user(name: str = "ada", role: Role = Role.GUEST) -> User:
    return User(name, role, NOW)


def session(name: str = "ada", *, created_at: float = NOW) -> Session:
    return Session(
        new_id(), name, created_at, created_at, created_at + DAY, "192.0.2.1"
    )


def token(name: str = "ada", *, parent: str = "", created_at: float = NOW) -> Token:
    scopes = frozenset({"data:read", "store:notes"})
    end = created_at + DAY
    return Token(new_id(), name, "laptop é", scopes, created_at, end, parent)


def entry(number: int = 0) -> AuditEntry:
    return AuditEntry(
        NOW + number / 3, "ada", "", "PUT", f"/x/{number}", 201, "r", "192.0.2.1", "é"
    )


class UserStoreContract:
    """Tests of a ``UserStore``; give the fixture ``stores``."""

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
        assert await two.sessions.take_link("first", NOW) == "ada"
        await one.users.set_password_hash("ada", "new", end_sessions=True)
        assert await two.sessions.take_link("second", NOW) is None

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
        assert await one.users.leave("ada", "sky")
        assert not await one.users.leave("ada", "sky")
        names = {u.name: u.groups for u in await two.users.page("", 10)}
        assert names == {"ada": {"climate"}, "ben": frozenset()}

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
        assert await one.users.remove("ada")
        assert not await one.users.remove("ada")
        assert await two.sessions.find("digest") is None
        assert await two.sessions.take_link("link", NOW) is None
        assert await two.tokens.find(made.key) is None
        await one.users.add(user(), None)
        again = await two.users.get("ada")
        assert again is not None
        assert again.groups == frozenset()
        assert await two.sessions.of_user("ada") == []


class SessionStoreContract:
    """Tests of a ``SessionStore``; give the fixture ``stores``."""

    @pytest.fixture(autouse=True)
    async def accounts(self, stores: Pair) -> None:
        await stores[0].users.add(user(), "hash")
        await stores[0].users.join("ada", "sky")
        await stores[0].users.join("ada", "climate")
        await stores[0].users.add(user("ben"), None)

    async def test_a_session_comes_back_with_its_account(self, stores: Pair) -> None:
        one, two = stores
        made = session()
        await one.sessions.add(made, "digest", instead_of="", keep=9)
        found = await two.sessions.find("digest")
        groups = frozenset({"sky", "climate"})
        account = replace(user(), has_password=True, groups=groups)
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

    async def test_a_link_is_used_once(self, stores: Pair) -> None:
        one, two = stores
        await one.sessions.add_link("code", "ada", NOW + 10, now=NOW)
        users = await asyncio.gather(
            *(stores[n % 2].sessions.take_link("code", NOW + 9) for n in range(8))
        )
        assert sorted(users, key=str) == [None] * 7 + ["ada"]
        assert await two.sessions.take_link("code", NOW) is None

    async def test_a_link_that_has_ended(self, stores: Pair) -> None:
        one, two = stores
        await one.sessions.add_link("code", "ada", NOW + 10, now=NOW)
        assert await two.sessions.take_link("code", NOW + 10) is None
        await one.sessions.add_link("other", "ada", NOW + 90, now=NOW + 11)
        assert await two.sessions.take_link("code", NOW) is None


class TokenStoreContract:
    """Tests of a ``TokenStore``; give the fixture ``stores``."""

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


class AttemptStoreContract:
    """Tests of an ``AttemptStore``; give the fixture ``stores``."""

    async def test_no_failure_is_lost(self, stores: Pair) -> None:
        def more(past: Attempts | None) -> Attempts:
            return Attempts((past.failures if past else 0) + 1, NOW, 2, NOW + 5)

        assert await stores[0].attempts.get("x") is None
        await asyncio.gather(
            *(stores[n % 2].attempts.update("x", more, now=NOW) for n in range(20))
        )
        assert await stores[1].attempts.get("x") == Attempts(20, NOW, 2, NOW + 5)
        await stores[0].attempts.clear("x")
        assert await stores[1].attempts.get("x") is None

    async def test_the_number_is_bounded(self, stores: Pair) -> None:
        store = stores[0].attempts
        for n in range(60):
            at = NOW + n
            await store.update(f"s{n}", lambda _: Attempts(1, NOW), now=at)
        assert await store.get("s9") is None
        assert await store.get("s10") is not None
        assert await store.get("s59") is not None

    async def test_old_ones_go(self, stores: Pair) -> None:
        store = stores[0].attempts
        await store.update("old", lambda _: Attempts(1, NOW), now=NOW)
        await store.update("new", lambda _: Attempts(1, NOW), now=NOW + 9 * DAY)
        assert await store.get("old") is None


class AuditLogContract:
    """Tests of an ``AuditLog``; give the fixture ``stores``."""

    async def test_one_chain_of_all_processes(self, stores: Pair) -> None:
        await asyncio.gather(*(stores[n % 2].audit.append(entry(n)) for n in range(40)))
        records = await stores[0].audit.after(0, 100)
        assert [r.number for r in records] == list(range(1, 41))
        assert {r.entry for r in records} == {entry(n) for n in range(40)}
        before = START
        for record in records:
            assert record == chained(before, record.number, record.entry)
            before = record.hash

    async def test_pages(self, stores: Pair) -> None:
        one, two = stores
        assert await one.audit.after(0, 5) == []
        for n in range(5):
            await one.audit.append(entry(n))
        assert [r.number for r in await two.audit.after(1, 2)] == [2, 3]

    async def test_an_intent_goes_with_its_record(self, stores: Pair) -> None:
        one, two = stores
        await asyncio.gather(*(one.audit.begin(f"i{n}", entry(n)) for n in range(3)))
        lost = await two.audit.intents(NOW + 9)
        assert lost == [(f"i{n}", entry(n)) for n in range(3)]
        assert [i for i, _ in await two.audit.intents(NOW + 0.5)] == ["i0", "i1"]
        await one.audit.append(entry(1), intent="i1")
        assert [i for i, _ in await two.audit.intents(NOW + 9)] == ["i0", "i2"]
        assert len(await two.audit.after(0, 9)) == 1
