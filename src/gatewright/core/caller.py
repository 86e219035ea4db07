"""Who makes a request, and what that lets them do.

A request becomes a :class:`Caller` once, at the door (``gatewright.web``); every
service takes the caller and asks it for the scope of the action. What a role may
never do is not in its scopes, so a role needs no check of its own.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from gatewright.core.errors import NotAllowed, NotSignedIn
from gatewright.core.scopes import covers, folders


class Role(StrEnum):
    """What a local account is in single-user mode."""

    OWNER = "owner"
    """The person who runs the gateway: files, commands and jobs run as them."""
    GUEST = "guest"
    """A collaborator: documents, data, images and votes, nothing that runs."""


class Scope(StrEnum):
    """What a session or token may do.

    ``store`` may be narrowed to a collection, the scopes of files to a folder.
    """

    FILES_READ = "files:read"
    FILES_WRITE = "files:write"
    JOBS_READ = "jobs:read"
    JOBS_SUBMIT = "jobs:submit"
    JOBS_CANCEL = "jobs:cancel"
    EXEC = "exec"
    STORE = "store"
    DATA_READ = "data:read"
    SKY_READ = "sky:read"
    SKY_VOTE = "sky:vote"
    ACCOUNT_READ = "account:read"
    ACCOUNT_MANAGE = "account:manage"
    ADMIN = "admin"


ANONYMOUS_SCOPES = frozenset({Scope.DATA_READ, Scope.SKY_READ})
GUEST_SCOPES = ANONYMOUS_SCOPES | {
    Scope.STORE,
    Scope.SKY_VOTE,
    Scope.ACCOUNT_READ,
    Scope.ACCOUNT_MANAGE,
}
OWNER_SCOPES = frozenset(Scope)
ROLE_SCOPES = {Role.OWNER: OWNER_SCOPES, Role.GUEST: GUEST_SCOPES}


@dataclass(frozen=True, slots=True)
class Caller:
    """The user behind one request."""

    user: str
    """Account name; empty for a visitor who has not signed in."""
    scopes: frozenset[str]
    """Scopes of the role, narrowed to those of the token."""
    groups: frozenset[str] = field(default_factory=frozenset)
    """Groups that the account belongs to."""
    role: Role | None = None
    """Role of the account; None for a visitor."""
    token: str = ""
    """Key of the personal token that was sent, if one was."""
    session: str = ""
    """Key of the session whose cookie was sent, if one was."""
    address: str = ""
    """Network address of the client, for the audit record."""
    request_id: str = ""
    """Id of the request, for the audit record."""

    @property
    def signed_in(self) -> bool:
        """Whether there is an account behind the request."""
        return bool(self.user)

    def may(self, scope: str) -> bool:
        """Return whether the scope, or the whole of which it is a part, is there.

        ``store:observations`` is a part of ``store``, ``files:read:/data`` one of
        ``files:read``, which itself stands alone. No folder is a part of another.
        """
        return covers(self.scopes, scope)

    def folders(self, scope: str) -> list[bytes]:
        """Return the folders to which a scope of files is narrowed.

        Empty if the caller has the whole scope, or nothing of it.
        """
        return [] if scope in self.scopes else folders(self.scopes, scope)

    def require(self, scope: str) -> None:
        """Refuse the request if it lacks the scope.

        Raises
        ------
        NotSignedIn
            A visitor asks for what needs an account.
        NotAllowed
            The account or the token does not reach so far.
        """
        if self.may(scope):
            return
        if not self.signed_in:
            raise NotSignedIn("Sign in, or send a token, to do this.")
        if self.role is Role.GUEST and scope not in GUEST_SCOPES:
            raise NotAllowed(
                "A guest account has no files, commands or jobs here, since they would "
                "run as the owner of this gateway.",
                scope=scope,
            )
        raise NotAllowed(f"This needs the scope “{scope}”.", scope=scope)

    def require_user(self) -> str:
        """Return the account's name.

        Raises
        ------
        NotSignedIn
            There is no account behind the request.
        """
        if not self.user:
            raise NotSignedIn("Sign in, or send a token, to do this.")
        return self.user


def visitor(*, address: str = "", request_id: str = "") -> Caller:
    """Return the caller of a request that carries no credentials."""
    return Caller(
        user="",
        scopes=frozenset(ANONYMOUS_SCOPES),
        address=address,
        request_id=request_id,
    )
