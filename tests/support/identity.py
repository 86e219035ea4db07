"""Real identity over a real database, with a clock of the test's and cheap hashes."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from argon2 import PasswordHasher
from starlette.types import ASGIApp
from tests.support.migrated import put_tables

from gatewright.backends.local_accounts import Argon2Hasher
from gatewright.backends.sql import Database
from gatewright.composition import Services
from gatewright.composition.identity import open_identity
from gatewright.composition.state import open_database, open_event_hub
from gatewright.core.caller import Caller
from gatewright.core.concurrency import ConcurrencyLimit
from gatewright.core.config import Config, Gateway
from gatewright.core.config import Identity as IdentityConfig
from gatewright.domains.identity import Identity, operator
from gatewright.faces.api import face
from gatewright.faces.newt.authentication import COOKIE
from gatewright.web.audit import AuditGate, AuditTrail
from gatewright.web.authentication import Authentication, offer_basic
from gatewright.web.dispatch import Dispatch
from gatewright.web.middleware.answers import Answers, add_request_id
from gatewright.web.templates import Templates

NOW = 1_800_000_000.0
URL = "http://gateway.example"
OWNER = "olga"


class TestClock:
    """A clock that goes when it is told to."""

    __test__ = False

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now

    def go(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass(frozen=True, slots=True)
class World:
    """Identity, opened, and what is around it."""

    identity: Identity
    """The domain."""
    services: Services
    """Services of which only identity, events and the configuration are there."""
    database: Database
    """Where it is kept."""
    clock: TestClock
    """Its clock."""
    owner: Caller
    """The operator."""
    state: Path
    """The state folder."""

    def app(self, *more: Callable[[ASGIApp], ASGIApp], **faces: ASGIApp) -> ASGIApp:
        """Return the native API (and other faces) behind the identity middleware."""
        apps = {"/api/v1": face.build(self.services)}
        apps |= {f"/{name}": app for name, app in faces.items()}
        app: ASGIApp = AuditGate(Dispatch(apps), self.services)
        templates = Templates(apps)
        for wrap in more:
            app = wrap(app)
        app = Authentication(app, self.services, cookies=[COOKIE])
        fields = (offer_basic, add_request_id)
        return Answers(AuditTrail(app, self.services, templates), fields=fields)

    def client(
        self, app: ASGIApp | None = None, *, address: str = "192.0.2.1", **headers: str
    ) -> httpx.AsyncClient:
        """Return a client; ``_`` in a header's name stands for ``-``."""
        transport = httpx.ASGITransport(
            self.app() if app is None else app,
            raise_app_exceptions=False,
            client=(address, 40000),
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.AsyncClient(transport=transport, base_url=URL, headers=named)

    async def cookie(self, user: str = OWNER) -> str:
        """Sign a user in and return the cookie's value."""
        code = await self.identity.make_sign_in_link(user)
        caller = operator(OWNER)
        return (await self.identity.sessions.sign_in_by_link(caller, code)).secret

    async def token(self, user: str = OWNER, *scopes: str) -> str:
        """Return a new token of a user."""
        new = await self.identity.tokens.issue(
            self.owner, user=user, scopes=scopes or None
        )
        return new.text

    async def records(self) -> list[tuple[str, str, int, str]]:
        """Return user, method and path, status and note of each audit record."""
        rows = await self.database.read("SELECT * FROM audit_record ORDER BY number")
        return [
            (r["account"], f"{r['method']} {r['path']}", r["status"], r["note"])
            for r in rows
        ]


def own_identity(services: Services) -> Identity:
    """Return identity as the gateway itself keeps it, in single-user mode."""
    assert isinstance(services.identity, Identity)
    return services.identity


def cheap_hasher() -> Argon2Hasher:
    """Return Argon2id with the least work that it takes."""
    return Argon2Hasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class NoJobTokens:
    """Knows the job of no token."""

    async def jobs_of(self, user: str, keys: object) -> Mapping[str, tuple[str, str]]:
        return {}


@asynccontextmanager
async def world(state: Path, url: str = URL, **identity: Any) -> AsyncIterator[World]:
    """Open identity over SQLite in a state folder."""
    config = Config(
        gateway=Gateway(state=state, url=url),
        identity=IdentityConfig(owner=OWNER, **identity),
    )
    clock = TestClock()
    async with AsyncExitStack() as stack:
        await put_tables(state / "gateway.sqlite")
        database = await open_database(config, stack)
        hasher = cheap_hasher()
        stack.callback(hasher.close)
        opened = await open_identity(
            config, database, stack, clock=clock, hasher=hasher
        )
        there: dict[str, Any] = dict.fromkeys(f.name for f in fields(Services))
        there["config"], there["identity"] = config, opened
        there["events"] = open_event_hub(database)
        there["images"] = SimpleNamespace(discovery=None)
        there["streams"] = ConcurrencyLimit(100, "streams")
        there["job_tokens"] = NoJobTokens()
        services = Services(**there)
        yield World(opened, services, database, clock, operator(OWNER), state)
