"""Identity as one thing: accounts, sessions, tokens and the audit log."""

from dataclasses import dataclass

from gatewright.core.caller import Caller, Role
from gatewright.domains.identity.audit import AuditTrail
from gatewright.domains.identity.directories import Directories
from gatewright.domains.identity.last_use import LastUse
from gatewright.domains.identity.scopes import role_scopes
from gatewright.domains.identity.sessions import LINK_SECONDS, Sessions
from gatewright.domains.identity.tokens import Tokens
from gatewright.domains.identity.users import Users


@dataclass(frozen=True, slots=True)
class Identity:
    """Who people are, and the record of what they did."""

    users: Users
    """Accounts, roles, groups and passwords."""
    directories: Directories
    """The places that know people by name and password."""
    sessions: Sessions
    """Signing in and out of browsers."""
    tokens: Tokens
    """Personal tokens."""
    audit: AuditTrail
    """The record of every change."""
    last_use: LastUse
    """Writes the last use of sessions and tokens."""

    async def make_sign_in_link(self, user: str, seconds: float = LINK_SECONDS) -> str:
        """Return a single-use code that signs a user in within ``seconds``."""
        return await self.sessions.make_sign_in_link(user, seconds)

    async def is_still(self, caller: Caller) -> bool:
        """Return whether all that let a caller in is as it was."""
        user = await self.users.of(caller)
        if user is None or (user.role, user.groups) != (caller.role, caller.groups):
            return False
        if caller.token:
            return await self.tokens.is_still(caller)
        return await self.sessions.is_still(caller)

    async def close(self) -> None:
        """Finish what was begun."""
        await self.last_use.settle()


def operator(owner: str) -> Caller:
    """Return the caller for commands that the operator of the gateway runs."""
    return Caller(owner, role_scopes(Role.OWNER), role=Role.OWNER, address="console")
