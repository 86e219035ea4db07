"""What identity needs of the world."""

from collections.abc import Callable, Sequence
from typing import Protocol

from gatewright.core.caller import Role
from gatewright.domains.identity.model import (
    Attempts,
    AuditEntry,
    AuditRecord,
    Person,
    Proof,
    Session,
    Token,
    User,
)


class PasswordHasher(Protocol):
    """Turns passwords into hashes that are slow to guess; never on the event loop."""

    async def hash(self, password: str) -> str:
        """Return the hash of a password, with its salt and parameters.

        Raises
        ------
        Unavailable
            Too many passwords are being hashed already.
        """
        ...

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Return whether the password fits the hash.

        ``None`` (no such account, or one without a password) takes the same time and
        is never right.

        Raises
        ------
        Unavailable
            Too many passwords are being hashed already.
        """
        ...

    def outdated(self, hashed: str) -> bool:
        """Return whether a hash was made with other parameters than today's."""
        ...


class Directory(Protocol):
    """A place that knows people by name and password."""

    async def check(self, name: str, password: str) -> Proof | None:
        """Return who somebody is; None if the name or the password is not right.

        Any text may come as either. It takes as long for a name that is not known.

        Raises
        ------
        Unavailable
            The directory is away, or too many passwords are being checked.
        """
        ...

    async def find(self, name: str) -> Person | None:
        """Return somebody as they are now, without a password; None if not known.

        Raises
        ------
        Unavailable
            The directory is away.
        """
        ...


class UserStore(Protocol):
    """The accounts and their groups."""

    async def mirror(self, user: User) -> bool:
        """Write an account as its directory knows it, with its groups.

        False if an account of another source has the name. Another role ends its
        sessions. One that is there keeps the time when it was made.
        """
        ...

    async def add(self, user: User, password_hash: str | None) -> bool:
        """Write a new account; False if the name is taken."""
        ...

    async def get(self, name: str) -> User | None:
        """Return an account with its groups."""
        ...

    async def password_hash(self, name: str) -> str | None:
        """Return the hash of an account's password, None if there is none."""
        ...

    async def set_password_hash(
        self,
        name: str,
        password_hash: str,
        *,
        end_sessions: bool,
        instead_of: str | None = None,
    ) -> bool:
        """Change the hash; False if there is no such account.

        With its sessions an account's sign-in links end. With ``instead_of`` only that
        hash is replaced, and no other that was set meanwhile.
        """
        ...

    async def set_role(self, name: str, role: Role) -> None:
        """Change an account's role; another role ends its sessions."""
        ...

    async def remove(self, name: str) -> bool:
        """Remove an account with its groups, sessions, tokens and sign-in links."""
        ...

    async def page(self, after: str, limit: int) -> Sequence[User]:
        """Return accounts by name, those after ``after``."""
        ...

    async def join(self, name: str, group: str) -> None:
        """Put an account into a group."""
        ...

    async def group_exists(self, group: str) -> bool:
        """Return whether an account is in a group of this name."""
        ...

    async def leave(self, name: str, group: str) -> bool:
        """Take an account out of a group; False if it was not in it."""
        ...


class SessionStore(Protocol):
    """Sessions by the digest of their secret, and sign-in links."""

    async def add(
        self,
        session: Session,
        digest: str,
        *,
        instead_of: str,
        keep: int,
        password_hash: str | None = None,
    ) -> bool:
        """Write a new session; False if its account is not as it was when it began.

        The account has to be there, with the password of ``password_hash`` if that is
        given. In the same transaction the session of key ``instead_of`` goes, and
        those that have ended, and the user's oldest above ``keep``.
        """
        ...

    async def find(self, digest: str) -> tuple[Session, User] | None:
        """Return the session with this digest and its account."""
        ...

    async def touch(self, key: str, at: float) -> None:
        """Note the last use of a session."""
        ...

    async def of_user(self, user: str) -> Sequence[Session]:
        """Return a user's sessions, oldest first."""
        ...

    async def remove(self, key: str, user: str) -> bool:
        """End a user's session; False if there is none of that key."""
        ...

    async def add_link(
        self, digest: str, user: str, expires_at: float, *, now: float
    ) -> None:
        """Write the digest of a sign-in code; those that have ended go."""
        ...

    async def take_link(self, digest: str, now: float, latest: float) -> str | None:
        """Use a sign-in code up and return its user; one of several callers wins.

        It is good if it ends after ``now``, and by ``latest``: one that ends later was
        made by a clock that was set back since.
        """
        ...


class TokenStore(Protocol):
    """Personal tokens by key."""

    async def add(self, token: Token, digest: str, *, most: int) -> bool:
        """Write a new token; False if the user has ``most`` already.

        The account, and the token that makes it, have to be there still.

        Tokens of the user that ended a month before ``token.created_at`` go.

        Raises
        ------
        NotSignedIn
            The account was removed, or the parent revoked, meanwhile.
        """
        ...

    async def find(self, key: str) -> tuple[Token, str, User] | None:
        """Return a token, the digest of its secret, and its account."""
        ...

    async def touch(self, key: str, at: float, address: str) -> None:
        """Note the last use of a token."""
        ...

    async def page(self, user: str | None, after: str, limit: int) -> Sequence[Token]:
        """Return tokens by key, those after ``after``; None means of all users."""
        ...

    async def remove(self, key: str, user: str | None) -> int:
        """Remove a token and those made with it; return how many went."""
        ...


class AttemptStore(Protocol):
    """Failed sign-ins, shared by all gateway processes, bounded in number."""

    async def get(self, subject: str) -> Attempts | None:
        """Return what is remembered of a subject."""
        ...

    async def update(
        self, subject: str, rule: Callable[[Attempts | None], Attempts], *, now: float
    ) -> Attempts:
        """Replace what is remembered by what the rule makes of it, atomically."""
        ...

    async def clear(self, subject: str) -> None:
        """Forget a subject."""
        ...


class AuditLog(Protocol):
    """An append-only list of records; a call returns when its record is on disk."""

    async def begin(self, intent: str, entry: AuditEntry) -> None:
        """Write down that something is about to be done.

        Raises
        ------
        GatewayError
            The log cannot be written.
        """
        ...

    async def append(self, entry: AuditEntry, *, intent: str = "") -> None:
        """Add a record to the end of the chain; its intent goes with the same write.

        Raises
        ------
        GatewayError
            The log cannot be written.
        """
        ...

    async def after(self, number: int, limit: int) -> Sequence[AuditRecord]:
        """Return the records above a number, in order."""
        ...

    async def intents(self, before: float) -> Sequence[tuple[str, AuditEntry]]:
        """Return audit intents older than ``before`` that have no record."""
        ...
