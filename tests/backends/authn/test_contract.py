"""The contract of identity for requests: in this process, and over a socket."""

import pytest
from tests.backends.authn.conftest import ADMIN, KNOWN, Kept
from tests.support.identity import World

from gatewright.core.caller import visitor
from gatewright.core.errors import InvalidRequest, NotAllowed, NotFound
from gatewright.domains.identity import ProviderAnswer, RequestedIdentity
from gatewright.testing.identity import Known, RequestedIdentityContract


class WithAccounts(RequestedIdentityContract):
    @pytest.fixture
    def known(self) -> Known:
        return KNOWN

    @pytest.fixture
    def admin(self) -> Known:
        return ADMIN

    async def test_a_sign_in_by_a_provider(self, requested: RequestedIdentity) -> None:
        providers, caller = requested.providers, visitor(address="192.0.2.7")
        assert providers.titles == {"somewhere": "Somewhere"}
        redirect = await providers.begin(caller, "somewhere", "/next")
        assert f"state={redirect.state}" in redirect.address
        answer = ProviderAnswer(redirect.state, KNOWN.person.name)
        finished = await providers.finish(caller, "somewhere", redirect.secret, answer)
        assert finished.path == "/next"
        assert finished.session.user.name == KNOWN.person.name
        signed_in = await requested.sessions.caller(finished.session.secret)
        assert signed_in is not None
        assert await providers.sign_out_address(signed_in) == (
            "Somewhere",
            f"https://somewhere.example/out?hint=token of {KNOWN.person.name}",
        )
        with pytest.raises(InvalidRequest, match="Begin it again"):
            await providers.finish(caller, "somewhere", redirect.secret, answer)
        with pytest.raises(NotFound, match="no such provider"):
            await providers.begin(caller, "elsewhere", "/")
        redirect = await providers.begin(caller, "somewhere", "/")
        stranger = ProviderAnswer(redirect.state, "stranger")
        with pytest.raises(NotAllowed) as caught:
            await providers.finish(caller, "somewhere", redirect.secret, stranger)
        assert caught.value.details == {"subject": "stranger"}
        assert await providers.sign_out_address(caller) is None
        assert await providers.log_out("somewhere", KNOWN.person.name) == 1
        assert await requested.sessions.caller(finished.session.secret) is None
        with pytest.raises(InvalidRequest, match="used before"):
            await providers.log_out("somewhere", KNOWN.person.name)


class TestInTheGateway(WithAccounts):
    @pytest.fixture
    def requested(self, own: World) -> RequestedIdentity:
        return own.identity


class TestByAuthn(WithAccounts):
    @pytest.fixture
    def requested(self, kept: Kept) -> RequestedIdentity:
        return kept.remote
