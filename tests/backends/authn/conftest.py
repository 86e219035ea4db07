"""An authn in the process of the test, and the gateway's client of it."""

import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.identity import World, world

from gatewright.backends.authn import (
    AuthnClient,
    Authority,
    RemoteIdentity,
    listening,
)
from gatewright.backends.broker import KeyGranter
from gatewright.backends.sql.ended_intents import SqlEndedIntents
from gatewright.core.caller import Role
from gatewright.domains.identity import (
    LoggedOut,
    OfferedProvider,
    Person,
    ProviderIdentity,
)
from gatewright.domains.identity.claims import Claims, Mapped
from gatewright.testing.identity import Known

PASSWORD = "a long enough password"
KNOWN = Known(Person("ada", frozenset({"observers"}), Role.GUEST), PASSWORD)
ADMIN = Known(Person("root-of-it", role=Role.OWNER), PASSWORD)


class Somewhere:
    """An identity provider whose codes are the names of people."""

    async def sign_in_address(self, *, state: str, nonce: str, challenge: str) -> str:
        return f"https://somewhere.example/?state={state}&nonce={nonce}"

    async def check_issuer(self, issuer: str | None) -> None:
        return

    async def exchange_code(
        self, code: str, *, nonce: str, verifier: str
    ) -> ProviderIdentity:
        return ProviderIdentity(code, {"sub": code}, f"token of {code}")

    async def logged_out(self, token: str) -> LoggedOut:
        return LoggedOut(f"of {token}", time.time() + 2e9, subject=token)

    async def sign_out_address(self, id_token: str) -> str:
        return f"https://somewhere.example/out?hint={id_token}"

    async def account(self, claims: Claims) -> Mapped | None:
        return Mapped(str(claims["sub"]), exact=True)


@dataclass(frozen=True, slots=True)
class Kept:
    """What authn keeps, and the gateway's side of it."""

    world: World
    authority: Authority
    remote: RemoteIdentity
    socket: Path


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[World]:
    """Yield identity in the test's own process, with the accounts of the contract."""
    async with world(tmp_path / "state") as opened:
        for one in (KNOWN, ADMIN):
            person = one.person
            await opened.identity.users.add(
                opened.owner, person.name, one.password, person.role
            )
            for group in person.groups:
                await opened.identity.users.join(opened.owner, person.name, group)
        somewhere = Somewhere()
        offered = OfferedProvider("Somewhere", somewhere, somewhere)
        opened.identity.providers._offered["somewhere"] = offered
        yield opened


@asynccontextmanager
async def keeping(own: World, seconds: float = 60.0) -> AsyncIterator[Kept]:
    """Yield what is kept, with an authn that answers this process at a socket."""
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "key"
        key.write_bytes(b"k" * 32)
        socket = Path(folder) / "socket"
        ended = SqlEndedIntents(own.database)
        granter = KeyGranter(key)
        authority = Authority(own.identity, granter, ended, seconds, own.clock)
        client = AuthnClient(socket)
        async with listening(authority, socket, os.geteuid()):
            titles = own.identity.providers.titles
            remote = RemoteIdentity(client, titles)
            yield Kept(own, authority, remote, socket)
            await client.close()


@pytest.fixture
async def kept(own: World) -> AsyncIterator[Kept]:
    async with keeping(own) as kept:
        yield kept
