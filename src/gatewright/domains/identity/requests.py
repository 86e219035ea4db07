"""What requests need of identity: the port that the faces use.

:class:`~gatewright.domains.identity.Identity` implements it in the gateway's process;
in multi-user mode a process of its own account does (``backends.authn``). There the
:attr:`Caller.proof` of each call is checked again, and nothing else that the gateway
says of the caller counts.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from gatewright.core.caller import Caller
from gatewright.core.pages import Page
from gatewright.domains.identity.model import (
    AuditEntry,
    AuditRecord,
    AuditSearch,
    NewSession,
    NewToken,
    Session,
    Token,
    User,
)
from gatewright.domains.identity.providers import (
    FinishedSignIn,
    ProviderAnswer,
    SignInRedirect,
)


class RequestedUsers(Protocol):
    """The accounts, as :class:`~gatewright.domains.identity.Users` describes them."""

    async def get(self, caller: Caller, name: str) -> User: ...

    async def exists(self, name: str) -> bool: ...

    async def created_at(self, name: str) -> float | None: ...

    async def group_exists(self, name: str) -> bool: ...

    async def page(
        self, caller: Caller, limit: int | None = None, cursor: str | None = None
    ) -> Page[User]: ...

    async def set_disabled(
        self, caller: Caller, name: str, *, disabled: bool
    ) -> User: ...


class RequestedSessions(Protocol):
    """Sessions, as :class:`~gatewright.domains.identity.Sessions` describes them."""

    async def sign_in(
        self, caller: Caller, name: str, password: str, *, program: bool = False
    ) -> NewSession: ...

    async def sign_in_by_link(self, caller: Caller, code: str) -> NewSession: ...

    async def caller(
        self, secret: str, *, address: str = "", request_id: str = ""
    ) -> Caller | None: ...

    async def of(
        self, caller: Caller, user: str | None = None
    ) -> Sequence[Session]: ...

    async def current(self, caller: Caller) -> Session | None: ...

    async def sign_out(self, caller: Caller) -> None: ...

    async def end(self, caller: Caller, key: str, user: str | None = None) -> None: ...


class RequestedTokens(Protocol):
    """Tokens, as :class:`~gatewright.domains.identity.Tokens` describes them."""

    async def caller(
        self, text: str, *, address: str = "", request_id: str = ""
    ) -> Caller: ...

    async def issue(
        self,
        caller: Caller,
        *,
        user: str | None = None,
        label: str = "",
        scopes: Collection[str] | None = None,
        seconds: float | None = None,
    ) -> NewToken: ...

    async def delegate(
        self,
        caller: Caller,
        *,
        label: str,
        scopes: Collection[str],
        seconds: float | None = None,
    ) -> NewToken: ...

    async def end_delegated(self, keys: Collection[str]) -> None: ...

    async def page(
        self,
        caller: Caller,
        limit: int | None = None,
        cursor: str | None = None,
        *,
        everyone: bool = False,
        user: str | None = None,
    ) -> Page[Token]: ...

    async def get(self, caller: Caller, key: str) -> Token: ...

    async def end_of(self, caller: Caller) -> float | None: ...

    async def revoke(
        self, caller: Caller, key: str, *, anyone: bool = False
    ) -> int: ...


class RequestedProviders(Protocol):
    """Providers, as :class:`gatewright.domains.identity.Providers` describes them."""

    @property
    def titles(self) -> Mapping[str, str]:
        """Names for people, by name in URLs."""
        ...

    async def begin(self, caller: Caller, name: str, path: str) -> SignInRedirect: ...

    async def finish(
        self, caller: Caller, name: str, secret: str, answer: ProviderAnswer
    ) -> FinishedSignIn: ...

    async def log_out(self, name: str, token: str) -> int: ...

    async def sign_out_address(self, caller: Caller) -> tuple[str, str] | None: ...


class RequestedAudit(Protocol):
    """The log, as :class:`~gatewright.domains.identity.AuditTrail` describes it."""

    async def begin(self, entry: AuditEntry) -> str: ...

    async def record(self, entry: AuditEntry, *, intent: str = "") -> None: ...

    async def search(
        self,
        caller: Caller,
        wanted: AuditSearch,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[AuditRecord]: ...


class RequestedIdentity(Protocol):
    """Accounts, sessions and tokens for the requests, and the audit log."""

    @property
    def users(self) -> RequestedUsers:
        """Accounts and groups."""
        ...

    @property
    def sessions(self) -> RequestedSessions:
        """Sign-in, sign-out and sessions."""
        ...

    @property
    def providers(self) -> RequestedProviders:
        """Sign-in by identity providers."""
        ...

    @property
    def tokens(self) -> RequestedTokens:
        """Personal tokens."""
        ...

    @property
    def audit(self) -> RequestedAudit:
        """The audit log of the requests."""
        ...

    async def is_still(self, caller: Caller) -> bool:
        """Return whether the caller would still be authenticated in the same way."""
        ...

    def asking(self, caller: Caller) -> AbstractContextManager[None]:
        """Return a context that lasts as long as the caller's request.

        While it lasts, calls that act for the caller may send their secret again.
        """
        ...
