"""Contract tests of ``RequestedIdentity``, which the requests use."""

from dataclasses import replace

import pytest

from gatewright.core.caller import Caller, Role, Scope, visitor
from gatewright.core.errors import (
    Conflict,
    InvalidContent,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooManyRequests,
)
from gatewright.domains.identity import (
    AuditEntry,
    AuditSearch,
    Outcome,
    RequestedIdentity,
)
from gatewright.testing.identity.directory import Known

_VISITOR = visitor(address="192.0.2.7", request_id="r1")


class RequestedIdentityContract:
    """Tests that every ``RequestedIdentity`` passes.

    Provide ``requested``, with ``known``, an account that has a password and a group,
    and ``admin``, one with the role of owner.
    """

    async def test_a_session_from_its_beginning_to_its_end(
        self, requested: RequestedIdentity, known: Known
    ) -> None:
        caller, secret = await self._signed_in(requested, known)
        name = known.person.name
        assert (caller.user, caller.role, caller.token) == (name, Role.GUEST, "")
        assert (caller.address, caller.request_id) == ("192.0.2.8", "r2")
        assert caller.app == "browser"
        assert await requested.is_still(caller)
        with requested.asking(caller):
            current = await requested.sessions.current(caller)
        assert current is not None
        assert (current.key, current.user) == (caller.session, name)
        assert [one.key for one in await requested.sessions.of(caller)] == [current.key]
        other, _ = await self._signed_in(requested, known)
        await requested.sessions.end(caller, other.session)
        assert not await requested.is_still(other)
        with pytest.raises(NotFound, match="no such session"):
            await requested.sessions.end(caller, other.session)
        await requested.sessions.sign_out(caller)
        assert await requested.sessions.caller(secret) is None
        assert not await requested.is_still(caller)

    async def test_a_sign_in_ends_the_session_that_it_comes_with(
        self, requested: RequestedIdentity, known: Known
    ) -> None:
        caller, _ = await self._signed_in(requested, known)
        await requested.sessions.sign_in(caller, known.person.name, known.password)
        assert not await requested.is_still(caller)

    async def test_the_audit_log(
        self, requested: RequestedIdentity, known: Known, admin: Known
    ) -> None:
        """It takes records from the gateway, and only administrators search it."""
        audit = requested.audit
        begun = AuditEntry(
            0.0, "ada", "k", "PUT", "/x/1", 0, "r1", "192.0.2.7",
            route="/x/{number}", app="token:laptop",
        )  # fmt: skip
        intent = await audit.begin(begun)
        await audit.record(replace(begun, status=201, note="n"), intent=intent)
        await audit.record(replace(begun, method="POST", path="/y", status=403))
        who, _ = await self._signed_in(requested, admin)
        found = await audit.search(who, AuditSearch(user="ada"), 1)
        (record,) = found.items
        assert (record.number, record.entry.path, record.entry.status) == (2, "/y", 403)
        wanted = AuditSearch(
            user="ada", outcome=Outcome.DONE, route="/x/{number}", app="token"
        )
        page = await audit.search(who, wanted, 5)
        (first,) = page.items
        assert page.next is None
        assert first.entry.at > 0
        assert replace(first.entry, at=0.0) == replace(begun, status=201, note="n")
        assert (await audit.search(who, AuditSearch(), 9, found.next)).items == [first]
        other, _ = await self._signed_in(requested, known)
        with pytest.raises(NotAllowed):
            await audit.search(other, AuditSearch())

    async def test_a_session_of_a_program(
        self, requested: RequestedIdentity, known: Known
    ) -> None:
        new = await requested.sessions.sign_in(
            _VISITOR, known.person.name, known.password, program=True
        )
        assert new.secret.startswith("program.")
        assert new.user.name == known.person.name
        caller = await requested.sessions.caller(new.secret)
        assert caller is not None
        assert caller.app == "program"

    @pytest.mark.parametrize("password", ["", "wrong", "\ud800", "x" * 5000])
    async def test_a_wrong_password(
        self, requested: RequestedIdentity, known: Known, password: str
    ) -> None:
        with pytest.raises(NotSignedIn, match="user name or the password"):
            await requested.sessions.sign_in(_VISITOR, known.person.name, password)

    async def test_many_wrong_passwords_are_waited_for(
        self, requested: RequestedIdentity, known: Known
    ) -> None:
        for _ in range(3):
            with pytest.raises(NotSignedIn):
                await requested.sessions.sign_in(_VISITOR, known.person.name, "x")
        with pytest.raises(TooManyRequests) as caught:
            await requested.sessions.sign_in(
                _VISITOR, known.person.name, known.password
            )
        assert caught.value.retry_after
        elsewhere = replace(_VISITOR, address="192.0.2.99")
        name, password = known.person.name, known.password
        new = await requested.sessions.sign_in(elsewhere, name, password)
        assert new.user.name == name

    @pytest.mark.parametrize("secret", ["", "x", "\ud800", "A" * 43, "x" * 100_000])
    async def test_what_is_no_secret_is_nobody(
        self, requested: RequestedIdentity, secret: str
    ) -> None:
        assert await requested.sessions.caller(secret) is None
        with pytest.raises(NotSignedIn, match="token is not valid"):
            await requested.tokens.caller(f"gw_{'0' * 26}.{secret}")
        with pytest.raises(NotSignedIn, match="link was used"):
            await requested.sessions.sign_in_by_link(_VISITOR, secret[:100])

    async def test_a_token_from_its_beginning_to_its_end(
        self, requested: RequestedIdentity, known: Known
    ) -> None:
        caller, _ = await self._signed_in(requested, known)
        tokens = requested.tokens
        scopes = [Scope.ACCOUNT_READ, Scope.ACCOUNT_MANAGE]
        new = await tokens.issue(caller, label="é", scopes=scopes, seconds=60)
        by_token = await tokens.caller(new.text, address="192.0.2.9", request_id="r3")
        assert (by_token.user, by_token.token) == (known.person.name, new.token.key)
        assert (by_token.scopes, by_token.app) == (frozenset(scopes), "token:é")
        assert await tokens.end_of(by_token) == new.token.expires_at
        assert await tokens.end_of(caller) is None
        assert await tokens.get(by_token, new.token.key) in {
            new.token,
            await tokens.get(caller, new.token.key),
        }
        child = await tokens.issue(by_token)
        assert child.token.parent == new.token.key
        assert child.token.expires_at <= new.token.expires_at
        first = await tokens.page(caller, 1)
        rest = await tokens.page(caller, 1, first.next)
        keys = {token.key for token in (*first.items, *rest.items)}
        assert keys == {new.token.key, child.token.key}
        assert rest.next is None
        with pytest.raises(Conflict, match="revoke it"):
            await requested.sessions.sign_out(by_token)
        assert await requested.is_still(by_token)
        assert await tokens.revoke(caller, new.token.key) == 2
        assert not await requested.is_still(by_token)
        for text in (new.text, child.text):
            with pytest.raises(NotSignedIn):
                await tokens.caller(text)
        with pytest.raises(NotFound):
            await tokens.get(caller, new.token.key)

    async def test_a_token_of_a_job(
        self, requested: RequestedIdentity, admin: Known
    ) -> None:
        caller, _ = await self._signed_in(requested, admin)
        tokens = requested.tokens
        new = await tokens.delegate(
            caller, label="a job", scopes=["store"], seconds=60.0
        )
        who = await tokens.caller(new.text, address="192.0.2.9", request_id="r4")
        assert (who.user, who.scopes) == (admin.person.name, frozenset({"store"}))
        assert who.app == "job:a job"
        listed = await tokens.get(caller, new.token.key)
        assert (listed.delegated, listed.session) == (True, caller.session)
        personal = await tokens.issue(caller)
        await tokens.end_delegated([new.token.key, personal.token.key, "nonsense"])
        with pytest.raises(NotSignedIn):
            await tokens.caller(new.text)
        await tokens.caller(personal.text)
        with pytest.raises(NotAllowed):
            await tokens.delegate(caller, label="", scopes=["account:manage"])
        last = await tokens.delegate(caller, label="", scopes=["store"])
        await requested.sessions.sign_out(caller)
        with pytest.raises(NotSignedIn):
            await tokens.caller(last.text)

    async def test_what_a_caller_may_not(
        self, requested: RequestedIdentity, known: Known, admin: Known
    ) -> None:
        caller, _ = await self._signed_in(requested, known)
        with pytest.raises(NotAllowed) as caught:
            await requested.users.page(caller)
        assert caught.value.details == {"scope": "admin"}
        with pytest.raises(NotFound):
            await requested.users.get(caller, admin.person.name)
        with pytest.raises(NotFound):
            await requested.tokens.issue(caller, user=admin.person.name)
        with pytest.raises(NotAllowed):
            await requested.tokens.issue(caller, scopes=["admin"])
        with pytest.raises(InvalidContent):
            await requested.tokens.issue(caller, label="\n")
        with pytest.raises(NotSignedIn):
            await requested.tokens.issue(_VISITOR)

    async def test_administrators_end_what_is_others(
        self, requested: RequestedIdentity, known: Known, admin: Known
    ) -> None:
        name = known.person.name
        caller, secret = await self._signed_in(requested, known)
        owner, _ = await self._signed_in(requested, admin)
        new = await requested.tokens.issue(caller, scopes=[Scope.ACCOUNT_READ])
        other = await requested.tokens.issue(caller, scopes=[Scope.ACCOUNT_READ])
        for refused in (
            requested.sessions.of(caller, name),
            requested.sessions.end(caller, caller.session, name),
            requested.tokens.page(caller, everyone=True),
            requested.tokens.revoke(caller, new.token.key, anyone=True),
            requested.users.set_disabled(caller, name, disabled=True),
        ):
            with pytest.raises(NotAllowed):
                await refused
        hers = await requested.tokens.page(owner, everyone=True, user=name)
        keys = {token.key for token in hers.items}
        assert keys == {new.token.key, other.token.key}
        assert await requested.tokens.revoke(owner, new.token.key, anyone=True) == 1
        (session,) = await requested.sessions.of(owner, name)
        assert session.key == caller.session
        found = await requested.users.set_disabled(owner, name, disabled=True)
        assert found.disabled
        assert not await requested.is_still(caller)
        with pytest.raises(NotSignedIn):
            await requested.tokens.caller(other.text)
        with pytest.raises(NotAllowed, match="disabled"):
            await self._signed_in(requested, known)
        await requested.users.set_disabled(owner, name, disabled=False)
        again, secret = await self._signed_in(requested, known)
        await requested.sessions.end(owner, again.session, name)
        assert await requested.sessions.caller(secret) is None

    async def test_accounts(
        self, requested: RequestedIdentity, known: Known, admin: Known
    ) -> None:
        name = known.person.name
        caller, _ = await self._signed_in(requested, known)
        assert (await requested.users.get(caller, name)).name == name
        owner, _ = await self._signed_in(requested, admin)
        found = await requested.users.get(owner, name)
        assert (found.name, found.role, found.has_password) == (name, Role.GUEST, True)
        assert found.groups == known.person.groups
        first = await requested.users.page(owner, 1)
        rest = await requested.users.page(owner, 10, first.next)
        names = [user.name for user in (*first.items, *rest.items)]
        assert {name, admin.person.name} <= set(names)
        assert names == sorted(names)
        assert await requested.users.exists(name)
        assert await requested.users.group_exists(*known.person.groups)
        for other in ("", "nobody-here", "\ud800", "x" * 200):
            assert not await requested.users.exists(other)
            assert not await requested.users.group_exists(other)

    async def _signed_in(
        self, requested: RequestedIdentity, who: Known
    ) -> tuple[Caller, str]:
        new = await requested.sessions.sign_in(_VISITOR, who.person.name, who.password)
        caller = await requested.sessions.caller(
            new.secret, address="192.0.2.8", request_id="r2"
        )
        assert caller is not None
        return caller, new.secret
