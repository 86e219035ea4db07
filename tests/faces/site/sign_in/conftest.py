"""The whole application with real identity providers, and one that tests bend."""

import itertools
import queue
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import httpx
import pytest
import pytest_asyncio
from tests.support.bent_provider import CLIENT, BentProvider, bent_provider
from tests.support.oidc_provider import RealProvider, told_of_logout
from tests.support.whole import URL, Whole, whole

Logouts = tuple[str, "queue.Queue[bytes]"]
Browser = Callable[[], httpx.AsyncClient]
"""Returns a client with cookies and a network address of its own."""

BY_NAME = {"account": "{preferred_username}"}
_addresses = itertools.count(1)


@pytest.fixture(scope="module")
def bent_one() -> Iterator[BentProvider]:
    with bent_provider() as found:
        yield found


@pytest.fixture
def bent(bent_one: BentProvider) -> BentProvider:
    """A provider that is straight until the test bends it."""
    bent_one.straighten()
    return bent_one


@pytest.fixture(scope="module")
def logouts() -> Iterator[Logouts]:
    """Where the real providers tell of a logout, and what they say."""
    with told_of_logout() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(
    providers: Mapping[str, RealProvider],
    bent_one: BentProvider,
    logouts: Logouts,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Whole]:
    """The whole application, whose accounts are ada (its owner), bob and eve."""
    folder = tmp_path_factory.mktemp("providers")
    centre, campus = providers["centre"], providers["campus"]
    users = {"groups": "users"}
    told = {"backchannel_logout_uri": logouts[0]}
    public, _ = campus.register(URL, public=True, **told)
    settings = [
        centre.settings(
            URL,
            folder,
            told | {"backchannel_logout_session_required": True},
            accounts=[
                {"account": "eve", "where": {"sub": "sub-of-eve"}},
                {"account": "ada", "where": {"sub": "sub-of-the boss"}},
                {"account": "root", "where": {"sub": "sub-of-superman"}},
                {"account": "nobody-here", "where": {"sub": "sub-of-gone"}},
                {**BY_NAME, "where": users},
            ],
        ),
        {
            "name": "campus",
            "issuer": campus.issuer,
            "client_id": public,
            "accounts": [{"account": "{email%@example.org}"}, BY_NAME],
        },
        {
            "name": "bent",
            "issuer": bent_one.issuer,
            "client_id": CLIENT,
            "accounts": [BY_NAME],
        },
    ]
    identity = {"owner": "ada", "providers": settings}
    async with whole(folder, {"identity": identity}) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def browser(gateway: Whole) -> AsyncIterator[Browser]:
    opened: list[httpx.AsyncClient] = []

    def new() -> httpx.AsyncClient:
        number = next(_addresses)
        transport = httpx.ASGITransport(
            gateway.app,
            raise_app_exceptions=False,
            client=(f"192.0.2.{number % 256}", 40_000),
        )
        opened.append(httpx.AsyncClient(transport=transport, base_url=URL))
        return opened[-1]

    yield new
    for client in opened:
        await client.aclose()
