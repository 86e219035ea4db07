"""Identity for the gateway's requests, which ``authn`` keeps."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from gatewright.backends.authn.audit import RemoteAudit
from gatewright.backends.authn.client import AuthnClient
from gatewright.backends.authn.users import RemoteUsers
from gatewright.backends.worker import IntentTicket, Ticket
from gatewright.core.caller import Caller, visitor
from gatewright.core.errors import NotSignedIn, PersonAbsent
from gatewright.core.pages import Page
from gatewright.domains.identity import (
    LONGEST_PASSWORD,
    FinishedSignIn,
    NewSession,
    NewToken,
    ProviderAnswer,
    Session,
    SignInRedirect,
    Token,
    is_secret,
    split_token,
)

_ENDED_TOGETHER = 50
"""Grants that are ended by one call, whose length is bounded."""


@dataclass(frozen=True, slots=True)
class RemoteSessions:
    """Implements :class:`gatewright.domains.identity.RequestedSessions`."""

    client: AuthnClient
    """Calls ``authn``."""

    async def sign_in(
        self, caller: Caller, name: str, password: str, *, program: bool = False
    ) -> NewSession:
        arguments = {
            "name": name[:LONGEST_PASSWORD],
            "password": password[:LONGEST_PASSWORD],
            "program": program,
        }
        new: NewSession = await self.client.call(
            "sessions.sign_in", NewSession, arguments, caller=caller
        )
        return new

    async def sign_in_by_link(self, caller: Caller, code: str) -> NewSession:
        new: NewSession = await self.client.call(
            "sessions.sign_in_by_link", NewSession, {"code": code}, caller=caller
        )
        return new

    async def caller(
        self, secret: str, *, address: str = "", request_id: str = ""
    ) -> Caller | None:
        if not is_secret(secret):
            return None
        sender = visitor(address=address, request_id=request_id)
        return await _caller(self.client, secret, sender)

    async def of(self, caller: Caller, user: str | None = None) -> Sequence[Session]:
        found: Sequence[Session] = await self.client.call(
            "sessions.of", list[Session], {"user": user}, caller=caller
        )
        return found

    async def current(self, caller: Caller) -> Session | None:
        found: Session | None = await self.client.call(
            "sessions.current", Session | None, caller=caller
        )
        return found

    async def sign_out(self, caller: Caller) -> None:
        await self.client.call("sessions.sign_out", type(None), caller=caller)

    async def end(self, caller: Caller, key: str, user: str | None = None) -> None:
        arguments = {"key": key, "user": user}
        await self.client.call("sessions.end", type(None), arguments, caller=caller)


@dataclass(frozen=True, slots=True)
class RemoteProviders:
    """Implements :class:`gatewright.domains.identity.RequestedProviders`."""

    client: AuthnClient
    """Calls ``authn``."""
    titles: Mapping[str, str]
    """Names for people, by name in URLs."""

    async def begin(self, caller: Caller, name: str, path: str) -> SignInRedirect:
        arguments = {"name": name, "path": path}
        begun: SignInRedirect = await self.client.call(
            "providers.begin", SignInRedirect, arguments, caller=caller
        )
        return begun

    async def finish(
        self, caller: Caller, name: str, secret: str, answer: ProviderAnswer
    ) -> FinishedSignIn:
        arguments = {"name": name, "secret": secret, "answer": asdict(answer)}
        finished: FinishedSignIn = await self.client.call(
            "providers.finish", FinishedSignIn, arguments, caller=caller
        )
        return finished

    async def log_out(self, name: str, token: str) -> int:
        arguments = {"name": name, "token": token}
        return int(await self.client.call("providers.log_out", int, arguments))

    async def sign_out_address(self, caller: Caller) -> tuple[str, str] | None:
        found: tuple[str, str] | None = await self.client.call(
            "providers.sign_out_address", tuple[str, str] | None, caller=caller
        )
        return found


@dataclass(frozen=True, slots=True)
class RemoteTokens:
    """Implements :class:`gatewright.domains.identity.RequestedTokens`."""

    client: AuthnClient
    """Calls ``authn``."""

    async def caller(
        self, text: str, *, address: str = "", request_id: str = ""
    ) -> Caller:
        sender = visitor(address=address, request_id=request_id)
        found = await _caller(self.client, text, sender) if split_token(text) else None
        if found is None:
            raise NotSignedIn(
                "The token is not valid: it is mistyped, was revoked or has ended."
            )
        return found

    async def issue(
        self,
        caller: Caller,
        *,
        user: str | None = None,
        label: str = "",
        scopes: Collection[str] | None = None,
        seconds: float | None = None,
    ) -> NewToken:
        arguments = {
            "user": user,
            "label": label,
            "scopes": None if scopes is None else sorted(scopes),
            "seconds": seconds,
        }
        new: NewToken = await self.client.call(
            "tokens.issue", NewToken, arguments, caller=caller
        )
        return new

    async def delegate(
        self,
        caller: Caller,
        *,
        label: str,
        scopes: Collection[str],
        seconds: float | None = None,
    ) -> NewToken:
        arguments = {"label": label, "scopes": sorted(scopes), "seconds": seconds}
        new: NewToken = await self.client.call(
            "tokens.delegate", NewToken, arguments, caller=caller
        )
        return new

    async def end_delegated(self, keys: Collection[str]) -> None:
        arguments = {"keys": sorted(keys)}
        await self.client.call("tokens.end_delegated", type(None), arguments)

    async def page(
        self,
        caller: Caller,
        limit: int | None = None,
        cursor: str | None = None,
        *,
        everyone: bool = False,
        user: str | None = None,
    ) -> Page[Token]:
        arguments = {
            "limit": limit,
            "cursor": cursor,
            "everyone": everyone,
            "user": user,
        }
        found: Page[Token] = await self.client.call(
            "tokens.page", Page[Token], arguments, caller=caller
        )
        return found

    async def get(self, caller: Caller, key: str) -> Token:
        found: Token = await self.client.call(
            "tokens.get", Token, {"key": key}, caller=caller
        )
        return found

    async def end_of(self, caller: Caller) -> float | None:
        found: float | None = await self.client.call(
            "tokens.end_of", float | None, caller=caller
        )
        return found

    async def revoke(self, caller: Caller, key: str, *, anyone: bool = False) -> int:
        arguments = {"key": key, "anyone": anyone}
        return int(
            await self.client.call("tokens.revoke", int, arguments, caller=caller)
        )


async def _caller(client: AuthnClient, secret: str, sender: Caller) -> Caller | None:
    found: Caller | None = await client.call(
        "caller", Caller | None, caller=sender, proof=secret
    )
    return None if found is None else replace(found, proof=secret)


@dataclass(frozen=True, slots=True)
class RemoteIdentity:
    """Implements :class:`~gatewright.domains.identity.RequestedIdentity`."""

    client: AuthnClient
    """Calls ``authn``."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Names of the identity providers for people, by name in URLs."""
    asked: dict[str, Counter[Caller]] = field(default_factory=dict, repr=False)
    """The callers of the requests under way, by account, each with their number."""

    @property
    def users(self) -> RemoteUsers:
        """Accounts and groups."""
        return RemoteUsers(self.client)

    @property
    def sessions(self) -> RemoteSessions:
        """Sign-in, sign-out and sessions."""
        return RemoteSessions(self.client)

    @property
    def providers(self) -> RemoteProviders:
        """Sign-in by identity providers."""
        return RemoteProviders(self.client, self.titles)

    @property
    def tokens(self) -> RemoteTokens:
        """Personal tokens."""
        return RemoteTokens(self.client)

    @property
    def audit(self) -> RemoteAudit:
        """The audit log of the requests."""
        return RemoteAudit(self.client)

    async def is_still(self, caller: Caller) -> bool:
        try:
            found: Caller | None = await self.client.call(
                "caller_again", Caller | None, caller=caller
            )
        except NotSignedIn:
            return False
        return found is not None and (found.role, found.groups) == (
            caller.role,
            caller.groups,
        )

    @contextmanager
    def asking(self, caller: Caller) -> Iterator[None]:
        """Show the caller's proof again, if it is needed, until the block ends."""
        if not caller.proof:
            yield
            return
        callers = self.asked.setdefault(caller.user, Counter())
        callers[caller] += 1
        try:
            yield
        finally:
            callers[caller] -= 1
            if callers[caller] == 0:
                del callers[caller]
            if not callers:
                self.asked.pop(caller.user, None)

    async def ticket(self, user: str) -> Ticket:
        """Return a ticket for a person's worker, while they ask or have just asked.

        Raises
        ------
        PersonAbsent
            The person has not asked for some time.
        Unavailable
            ``authn`` does not run.
        """
        ticket: Ticket = await self.while_asking("ticket", user, Ticket, {})
        return ticket

    async def service_ticket(self) -> Ticket:
        """Return a ticket for the worker of the service account."""
        ticket: Ticket = await self.client.call("service.ticket", Ticket)
        return ticket

    async def while_asking(
        self, method: str, user: str, kind: Any, arguments: Mapping[str, object]
    ) -> Any:
        """Return the result of a method of ``authn`` for a person who asks.

        If the person has not asked for some time, the proofs of the requests under way
        are shown again.
        """
        given = {"user": user, **arguments}
        try:
            return await self.client.call(method, kind, given)
        except PersonAbsent:
            for caller in list(self.asked.get(user, ())):
                if await self.is_still(caller):
                    # Not every token allows this: another request's may.
                    with suppress(PersonAbsent):
                        return await self.client.call(method, kind, given)
            raise


@dataclass(frozen=True, slots=True)
class RemoteIntents:
    """Implements :class:`gatewright.backends.worker.Intents` for one person."""

    identity: RemoteIdentity
    """Identity as ``authn`` keeps it."""
    user: str
    """Account of the person."""

    async def sign(self, name: str, frames: Sequence[str]) -> str:
        arguments = {"name": name, "frames": list(frames)}
        made: str = await self.identity.while_asking(
            "intents.sign", self.user, str, arguments
        )
        return made

    async def ticket(self, grant: str) -> IntentTicket:
        ticket: IntentTicket = await self.identity.client.call(
            "intents.ticket", IntentTicket, {"grant": grant}
        )
        return ticket

    async def end(self, grants: Sequence[str]) -> None:
        for start in range(0, len(grants), _ENDED_TOGETHER):
            some = list(grants[start : start + _ENDED_TOGETHER])
            await self.identity.client.call("intents.end", type(None), {"grants": some})
