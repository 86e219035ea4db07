"""Sign-in by a provider that says anything, with a clock of the test's."""

import asyncio

import pytest
from tests.support.identity import NOW, World

from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.errors import (
    GatewayError,
    InvalidRequest,
    NotAllowed,
    NotFound,
    TooManyRequests,
)
from gatewright.domains.identity import (
    Claims,
    LoggedOut,
    Mapped,
    OfferedProvider,
    Person,
    Proof,
    ProviderAnswer,
    ProviderIdentity,
    SignInRedirect,
)


class Anything:
    """A provider that knows whom its code names, and says where it was asked."""

    def __init__(self) -> None:
        self.end = "https://provider.example/end?hint={}"
        self.removed: World | None = None
        self.sid = ""
        self.until = NOW + 600

    async def sign_in_address(self, *, state: str, nonce: str, challenge: str) -> str:
        return f"https://provider.example/?{state}&{nonce}&{challenge}"

    async def check_issuer(self, issuer: str | None) -> None:
        if issuer == "another":
            raise InvalidRequest("another")

    async def exchange_code(
        self, code: str, *, nonce: str, verifier: str
    ) -> ProviderIdentity:
        if code == "wrong":
            raise InvalidRequest("wrong code")
        claims = {"name": code, "nonce": nonce}
        return ProviderIdentity(code, claims, f"token of {code}", self.sid)

    async def logged_out(self, token: str) -> LoggedOut:
        name, subject, sid = token.split(" ")
        return LoggedOut(name, self.until, subject=subject, sid=sid)

    async def sign_out_address(self, id_token: str) -> str:
        return self.end.format(id_token) if self.end else ""


class ByName:
    """Everybody has the account of their name."""

    def __init__(self, *, exact: bool = False) -> None:
        self.exact = exact
        self.world: World | None = None

    async def account(self, claims: Claims) -> Mapped | None:
        name = str(claims["name"])
        if self.world is not None:  # as if the operator removed it in this moment
            await self.world.identity.users.remove(self.world.owner, name)
        return None if name == "stranger" else Mapped(name, exact=self.exact)


class Town:
    """A directory in which everybody is who begins with a capital letter."""

    async def check(self, name: str, password: str) -> Proof | None:
        return None

    async def find(self, name: str) -> Person | None:
        return Person(name) if name[0].isupper() else None


class WalledTown(Town):
    """One that has closed Dee's account."""

    async def admit(self, name: str) -> None:
        if name == "Dee":
            raise NotAllowed("closed")


@pytest.fixture
def provider() -> Anything:
    return Anything()


@pytest.fixture
def accounts() -> ByName:
    return ByName()


@pytest.fixture(autouse=True)
async def offered(world: World, provider: Anything, accounts: ByName) -> None:
    providers = world.identity.providers._offered
    providers["centre"] = OfferedProvider("Centre", provider, accounts)
    providers["campus"] = OfferedProvider("Campus", provider, accounts)
    await world.identity.users.add(world.owner, "bob", "a password")
    world.identity.directories._places["town"] = Town()


async def begin(world: World, path: str = "/jobs") -> SignInRedirect:
    return await world.identity.providers.begin(visitor(address="::1"), "centre", path)


async def finish(
    world: World,
    begun: SignInRedirect,
    code: str = "bob",
    provider: str = "centre",
    secret: str | None = None,
    **more: str,
) -> tuple[str, str, Caller]:
    """Return account, path, and the caller of the new session."""
    answer = ProviderAnswer(begun.state, code, **more)
    finished = await world.identity.providers.finish(
        visitor(address="::1"),
        provider,
        begun.secret if secret is None else secret,
        answer,
    )
    caller = await world.identity.sessions.caller(finished.session.secret)
    assert caller is not None
    return finished.session.user.name, finished.path, caller


async def test_a_session_begins_for_who_has_an_account(world: World) -> None:
    name, path, caller = await finish(world, await begin(world))
    assert (name, path, caller.user) == ("bob", "/jobs", "bob")
    session = await world.identity.sessions.current(caller)
    assert session is not None
    assert session.made_by == "provider:centre"
    assert session.id_token == "token of bob"
    assert "token of bob" not in repr(session)


async def test_nonce_and_verifier_are_of_this_browser_and_sign_in(world: World) -> None:
    one, two = await begin(world), await begin(world)
    parts = [redirect.address.split("?")[1].split("&") for redirect in (one, two)]
    assert len({*parts[0], *parts[1], one.secret, two.secret}) == 8
    assert all(len(part) == 43 for part in (*parts[0], *parts[1]))
    assert one.secret not in repr(one)


@pytest.mark.parametrize(
    "fault",
    [
        {"provider": "campus"},
        {"secret": ""},
        {"secret": "x" * 43},
        {"secret": "short"},
    ],
)
async def test_an_answer_of_another_browser_or_provider(
    world: World, fault: dict[str, str]
) -> None:
    begun = await begin(world)
    with pytest.raises(InvalidRequest, match="not begun in this browser"):
        await finish(world, begun, **fault)
    assert (await finish(world, begun))[0] == "bob"


async def test_a_sign_in_is_good_for_ten_minutes_and_once(world: World) -> None:
    for seconds in (599, 601, -700):
        begun = await begin(world)
        world.clock.go(seconds)
        if seconds == 599:
            await finish(world, begun)
        with pytest.raises(InvalidRequest, match="Begin it again"):
            await finish(world, begun)
        world.clock.go(-seconds)


async def test_only_the_newest_of_one_address_are_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatewright.domains.identity.providers.MOST_BEGUN", 2)
    begun = [await begin(world) for _ in range(3)]
    with pytest.raises(InvalidRequest):
        await finish(world, begun[0])
    for one in begun[1:]:
        await finish(world, one)


@pytest.mark.parametrize(
    ("error", "status"),
    [("access_denied", 403), ("server_error", 503), ("invalid_scope", 400), ("", 400)],
)
async def test_what_a_provider_says_instead_of_a_code(
    world: World, error: str, status: int
) -> None:
    with pytest.raises(GatewayError, match="Centre") as refused:
        await finish(world, await begin(world), code="", error=error)
    assert refused.value.status == status


async def test_an_answer_of_another_issuer(world: World) -> None:
    with pytest.raises(InvalidRequest, match="another"):
        await finish(world, await begin(world), issuer="another")


@pytest.mark.parametrize(
    "who", ["stranger", "root", "nobody", "olga", "no name", "a/b", ""]
)
async def test_who_has_no_account(world: World, who: str) -> None:
    """Among them who would be the owner, olga, by what the provider says."""
    with pytest.raises(NotAllowed, match="no account of this gateway") as refused:
        await finish(world, await begin(world), code=who or " ")
    assert refused.value.details["subject"] == who or " "


async def test_the_owner_by_the_operator_s_word(world: World, accounts: ByName) -> None:
    accounts.exact = True
    assert (await finish(world, await begin(world), "olga"))[2].role is Role.OWNER


async def test_an_account_that_is_removed_meanwhile(
    world: World, accounts: ByName
) -> None:
    accounts.world = world
    with pytest.raises(NotAllowed):
        await finish(world, await begin(world))


async def test_a_session_does_not_begin_for_an_account_just_removed(
    world: World,
) -> None:
    bob = await world.identity.directories.known("bob")
    assert bob is not None
    await world.identity.users.remove(world.owner, "bob")
    new = await world.identity.sessions.sign_in_by_provider(
        visitor(), bob, made_by="test", person=ProviderIdentity("bob", {}, "")
    )
    assert new is None


async def test_people_of_a_directory_have_accounts(world: World) -> None:
    assert (await finish(world, await begin(world), "Cy"))[0] == "Cy"
    user = await world.identity.directories.known("Cy")
    assert user is not None
    assert user.source == "town"


async def test_an_account_that_its_directory_has_closed(world: World) -> None:
    world.identity.directories._places["town"] = WalledTown()
    with pytest.raises(NotAllowed, match="closed"):
        await finish(world, await begin(world), "Dee")
    assert not await world.identity.users.exists("Dee")
    assert (await finish(world, await begin(world), "Cy"))[0] == "Cy"


async def test_no_provider_leads_to_own_accounts_in_multi_user_mode(
    world: World,
) -> None:
    world.identity.directories._local_people = False
    with pytest.raises(NotAllowed):
        await finish(world, await begin(world))
    assert (await finish(world, await begin(world), "Cy"))[0] == "Cy"


async def test_wrong_codes_do_not_ban_their_address(world: World) -> None:
    """An office may have one address; whoever makes codes up has a new browser each."""
    for _ in range(20):
        with pytest.raises(InvalidRequest, match="wrong code"):
            await finish(world, await begin(world), "wrong")
    assert (await finish(world, await begin(world)))[0] == "bob"


async def test_codes_of_one_address_take_turns(
    world: World, provider: Anything, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, asked = asyncio.Event(), asyncio.Semaphore(0)
    most, now = 0, 0

    async def slow(code: str, *, nonce: str, verifier: str) -> ProviderIdentity:
        nonlocal most, now
        now += 1
        most = max(most, now)
        asked.release()
        await go.wait()
        now -= 1
        raise InvalidRequest("wrong code")

    waiting = "gatewright.domains.identity.attempts.MOST_CODES_WAITING"
    monkeypatch.setattr(waiting, 10)
    with monkeypatch.context() as context:
        context.setattr(provider, "exchange_code", slow)
        begun = [await begin(world) for _ in range(11)]
        trying = [
            asyncio.ensure_future(finish(world, one, "wrong")) for one in begun[:10]
        ]
        for _ in range(6):
            await asked.acquire()
        with pytest.raises(TooManyRequests, match="in a moment"):
            await finish(world, begun[10], "wrong")
        go.set()
        found = await asyncio.gather(*trying, return_exceptions=True)
    assert [type(error) for error in found] == [InvalidRequest] * 10
    assert most == 6
    assert (await finish(world, await begin(world)))[0] == "bob"
    assert world.identity.providers._guard._code_checks == {}


async def test_strangers_are_limited_each_alone(world: World) -> None:
    statuses = []
    for _ in range(4):
        with pytest.raises(GatewayError) as refused:
            await finish(world, await begin(world), "stranger")
        statuses.append(refused.value.status)
    assert statuses == [403, 403, 403, 429]
    assert (await finish(world, await begin(world)))[0] == "bob"


async def test_where_to_sign_out_elsewhere(world: World, provider: Anything) -> None:
    providers = world.identity.providers
    caller = (await finish(world, await begin(world)))[2]
    address = "https://provider.example/end?hint=token of bob"
    assert await providers.sign_out_address(caller) == ("Centre", address)
    provider.end = ""
    assert await providers.sign_out_address(caller) is None
    del providers._offered["centre"]
    assert await providers.sign_out_address(caller) is None
    assert await providers.sign_out_address(visitor()) is None
    linked = await world.identity.sessions.caller(await world.cookie())
    assert linked is not None
    assert await providers.sign_out_address(linked) is None


async def test_a_provider_ends_the_sessions_that_it_has_ended(
    world: World, provider: Anything
) -> None:
    sessions, tokens = world.identity.sessions, world.identity.tokens
    callers = []
    for provider.sid in ("one", "two", ""):
        callers.append((await finish(world, await begin(world)))[2])
    campus = await world.identity.providers.begin(visitor(), "campus", "/")
    callers.append((await finish(world, campus, provider="campus"))[2])
    linked = await sessions.caller(await world.cookie("bob"))
    assert linked is not None
    callers.append(linked)

    async def left() -> list[bool]:
        return [await sessions.is_still(caller) for caller in callers]

    log_out = world.identity.providers.log_out
    assert await log_out("centre", "a bob other") == 1
    assert await left() == [True, True, False, True, True]
    assert await log_out("centre", "b  one") == 1
    assert await left() == [False, True, False, True, True]
    assert await log_out("centre", "c eve ") == 0
    with pytest.raises(InvalidRequest, match="used before"):
        await log_out("centre", "c bob ")
    assert await log_out("campus", "c eve ") == 0
    assert await log_out("centre", "d bob ") == 1
    assert await left() == [False, False, False, True, True]
    world.clock.go(601)
    provider.until += 700
    assert await log_out("centre", "c bob ") == 0
    with pytest.raises(NotFound):
        await log_out("nowhere", "e bob ")
    assert (await tokens.page(world.owner)).items == []


async def test_a_provider_that_there_is_not(world: World) -> None:
    with pytest.raises(NotFound):
        await world.identity.providers.begin(visitor(), "nobody", "/")
    assert list(world.identity.providers.titles.values()) == ["Centre", "Campus"]


async def test_a_directory_s_account_is_not_a_local_one(world: World) -> None:
    """An account that another directory brought does not count as the gateway's own."""
    await finish(world, await begin(world), "Cy")
    del world.identity.directories._places["town"]
    with pytest.raises(NotAllowed):
        await finish(world, await begin(world), "Cy")
