"""Combines the parts of identity: accounts, sessions, tokens and the audit log."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from gatewright.core.caller import Caller, Role
from gatewright.domains.identity.audit import AuditTrail
from gatewright.domains.identity.directories import Directories
from gatewright.domains.identity.last_use import LastUse
from gatewright.domains.identity.providers import Providers
from gatewright.domains.identity.scopes import role_scopes
from gatewright.domains.identity.sessions import LINK_SECONDS, Sessions
from gatewright.domains.identity.tokens import Tokens
from gatewright.domains.identity.users import Users


@dataclass(frozen=True, slots=True)
class Identity:
    """Accounts, sessions, tokens and the audit log."""

    users: Users
    """Accounts, roles, groups and passwords."""
    directories: Directories
    """The directories that authenticate people."""
    sessions: Sessions
    """Sign-in, sign-out and sessions."""
    providers: Providers
    """Sign-in by identity providers."""
    tokens: Tokens
    """Personal tokens."""
    audit: AuditTrail
    """The audit log."""
    last_use: LastUse
    """Stores the last use of sessions and tokens."""

    async def make_sign_in_link(self, user: str, seconds: float = LINK_SECONDS) -> str:
        """Return a code with which a user can sign in once within ``seconds``."""
        return await self.sessions.make_sign_in_link(user, seconds)

    async def is_still(self, caller: Caller) -> bool:
        """Return whether the caller would still be authenticated in the same way.

        The account must exist with the same role and groups and not be disabled, and
        the token or session must not have ended.
        """
        user = await self.users.of(caller)
        if user is None or user.disabled:
            return False
        if (user.role, user.groups) != (caller.role, caller.groups):
            return False
        if caller.token:
            return await self.tokens.is_still(caller)
        return await self.sessions.is_still(caller)

    def asking(self, caller: Caller) -> AbstractContextManager[None]:
        """Return a context that does nothing: no proof has to be shown again here."""
        return nullcontext()

    async def close(self) -> None:
        """Wait for the writes in progress."""
        await self.last_use.settle()


def operator(owner: str) -> Caller:
    """Return the caller for commands that the operator runs on the machine itself."""
    return Caller(owner, role_scopes(Role.OWNER), role=Role.OWNER, address="console")
