"""The whole application in the test's process, with its owner and a guest."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from tests.support.identity import cheap_hasher, own_identity
from tests.support.made_once import made_once
from tests.support.migrated import put_tables

from gatewright.app import Application, create_app
from gatewright.composition import Services
from gatewright.core.caller import Role
from gatewright.core.config import Config
from gatewright.domains.identity import operator

OWNER, GUEST, OTHER = "ada", "bob", "eve"
PASSWORD = "a long enough password"
URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Whole:
    """An application with its services open."""

    app: Application
    """The application."""
    services: Services
    """Its services."""
    home: Path
    """Folder that is the root of the system's files."""
    stack: AsyncExitStack
    """Closes the clients."""

    async def client(self, user: str = "", **headers: str) -> httpx.AsyncClient:
        """Return a client that sends a user's token, or nothing for a visitor."""
        if user:
            token = await self.token(user)
            headers["Authorization"] = f"Bearer {token}"
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=URL, headers=headers)
        return await self.stack.enter_async_context(client)

    async def token(self, user: str) -> str:
        """Return a new token with all that a user may do."""
        made = await self.services.identity.tokens.issue(
            operator(OWNER), user=user, label="test"
        )
        return made.text


@asynccontextmanager
async def whole(
    folder: Path, settings: Mapping[str, Any] | None = None
) -> AsyncIterator[Whole]:
    """Open the application of a small configuration with three accounts."""
    home = folder / "home"
    home.mkdir()
    config = Config.model_validate(
        {
            "gateway": {"state": str(folder / "state")},
            "identity": {"owner": OWNER},
            "systems": [{"name": "local", "home": str(home), "root": str(home)}],
            **(settings or {}),
        }
    )
    if config.gateway.database == "sqlite":
        await put_tables(config.gateway.state / "gateway.sqlite")
    app = create_app(config)
    cheap = patch("gatewright.composition.identity.Argon2Hasher", cheap_hasher)
    with cheap, made_once():
        async with app.opened() as services, AsyncExitStack() as stack:
            await _add_accounts(services)
            yield Whole(app, services, home, stack)


async def _add_accounts(services: Services) -> None:
    users = own_identity(services).users
    roles = {OWNER: Role.OWNER, GUEST: Role.GUEST, OTHER: Role.GUEST}
    for name, role in roles.items():
        await users.add(operator(OWNER), name, PASSWORD, role)
