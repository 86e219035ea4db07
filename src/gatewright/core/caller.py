"""The user behind a request, and the scopes that say what they may do.

The web floor makes a :class:`Caller` once for each request; every service takes the
caller and asks it for the scope of the action. A role is a set of scopes, so services
check scopes and never roles.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from gatewright.core.errors import NotAllowed, NotSignedIn
from gatewright.core.scopes import covers, folders


class Role(StrEnum):
    """Role of an account."""

    OWNER = "owner"
    """The person who runs the gateway; in single-user mode their files, commands and
    jobs run under its uid."""
    USER = "user"
    """A person in multi-user mode; their files, commands and jobs run under their own
    uid."""
    GUEST = "guest"
    """A collaborator: may use documents, data, images and votes, but neither run
    anything nor train classifiers."""


class Scope(StrEnum):
    """What a session or token may do.

    ``store`` can be narrowed to one collection, and the scopes of files to one folder
    (:mod:`gatewright.core.scopes`).
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
    SKY_TRAIN = "sky:train"
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
ROLE_SCOPES = {
    Role.OWNER: OWNER_SCOPES,
    Role.USER: OWNER_SCOPES - {Scope.ADMIN},
    Role.GUEST: GUEST_SCOPES,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The user behind one request."""

    user: str
    """Account name; empty for a visitor who has not signed in."""
    scopes: frozenset[str]
    """Scopes of the account's role, narrowed to those of the token if one was sent."""
    groups: frozenset[str] = field(default_factory=frozenset)
    """Groups that the account belongs to."""
    role: Role | None = None
    """Role of the account; None for a visitor."""
    token: str = ""
    """Id of the personal token that was sent; empty if none was."""
    session: str = ""
    """Id of the session whose cookie was sent; empty if none was."""
    app: str = ""
    """What the request was sent with, for the audit record: ``browser`` or ``program``
    for a session, ``token:LABEL`` for a personal token, ``job:LABEL`` for the token of
    a job; empty for a visitor."""
    address: str = ""
    """IP address of the client, for the audit record."""
    request_id: str = ""
    """Id of the request, for the audit record."""
    proof: str = field(default="", repr=False, compare=False)
    """The secret that the request came with, where a process other than the gateway
    checks it (multi-user mode); empty otherwise."""

    @property
    def signed_in(self) -> bool:
        """Whether the request comes from an account."""
        return bool(self.user)

    def may(self, scope: str) -> bool:
        """Return whether the caller has a scope, or a wider scope that includes it.

        ``store`` includes ``store:observations``, and ``files:read`` includes
        ``files:read:/data``. One folder's scope never includes another's, even that of
        a folder below it.
        """
        return covers(self.scopes, scope)

    def folders(self, scope: str) -> list[bytes]:
        """Return the folders to which the caller's scope of files is narrowed.

        The list is empty if the caller has the whole scope, or no part of it.
        """
        return [] if scope in self.scopes else folders(self.scopes, scope)

    def require(self, scope: str) -> None:
        """Raise an error unless the caller has a scope.

        Raises
        ------
        NotSignedIn
            The request comes from a visitor, and the scope needs an account.
        NotAllowed
            The account or the token does not have the scope.
        """
        if self.may(scope):
            return
        if not self.signed_in:
            raise NotSignedIn("Sign in, or send a token, to do this.")
        if scope == Scope.ADMIN and self.role is not Role.OWNER:
            raise NotAllowed("Only administrators may do this.", scope=scope)
        if self.role is Role.GUEST and scope not in GUEST_SCOPES:
            raise NotAllowed(
                "A guest account has no files, commands or jobs here, since they would "
                "run as the owner of this gateway, and trains no classifiers, which "
                "judge for all.",
                scope=scope,
            )
        raise NotAllowed(f"This needs the scope “{scope}”.", scope=scope)

    def require_user(self) -> str:
        """Return the caller's account name.

        Raises
        ------
        NotSignedIn
            The request comes from a visitor without an account.
        """
        if not self.user:
            raise NotSignedIn("Sign in, or send a token, to do this.")
        return self.user


def visitor(*, address: str = "", request_id: str = "") -> Caller:
    """Return the caller of a request without credentials."""
    return Caller(
        user="",
        scopes=frozenset(ANONYMOUS_SCOPES),
        address=address,
        request_id=request_id,
    )
