"""Ports of the identity domain: directories, password hashes, and stores."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from gatewright.core.caller import Role
from gatewright.core.pages import Page
from gatewright.domains.identity.model import (
    Attempts,
    AuditEntry,
    AuditRecord,
    AuditSearch,
    Person,
    Proof,
    Session,
    Token,
    User,
)


class PasswordHasher(Protocol):
    """Computes slow password hashes, outside of the event loop."""

    async def hash(self, password: str) -> str:
        """Return the hash of a password, which includes its salt and parameters.

        Raises
        ------
        Unavailable
            Too many passwords are being hashed already.
        """
        ...

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Return whether a password matches a hash.

        For ``None`` (no such account, or one without a password) the result is False
        after the same time, so that timing does not reveal which accounts exist.

        Raises
        ------
        Unavailable
            Too many passwords are being hashed already.
        """
        ...

    def outdated(self, hashed: str) -> bool:
        """Return whether a hash was made with parameters that have changed since."""
        ...


class Directory(Protocol):
    """A directory that authenticates people by name and password."""

    async def check(self, name: str, password: str) -> Proof | None:
        """Return the person with this name and password; None if either is wrong.

        Both can be any text. An unknown name takes as long as a known one, so that
        timing does not reveal which names exist.

        Raises
        ------
        Unavailable
            The directory does not answer, or too many passwords are being checked.
        """
        ...

    async def find(self, name: str) -> Person | None:
        """Return the current data of a person, without a password; None if unknown.

        Raises
        ------
        Unavailable
            The directory does not answer.
        """
        ...


@runtime_checkable
class AdmittingDirectory(Protocol):
    """A directory that knows of accounts that may not be used now.

    It is asked at a sign-in without a password of the directory, by an identity
    provider.
    """

    async def admit(self, name: str) -> None:
        """Refuse a person whose account is closed or has expired.

        Raises
        ------
        NotAllowed
            The account may not be used now.
        Unavailable
            The directory does not answer.
        """
        ...


class UserStore(Protocol):
    """The store of accounts and their groups."""

    async def mirror(self, user: User) -> bool:
        """Create or update an account, with its groups, from its directory.

        Returns False if an account of another source has the name. A changed role ends
        the account's sessions. An existing account keeps its time of creation, unless
        its subject is another: then it was another person's, is removed as by
        :meth:`remove`, and is made anew. If it was disabled, it stays so.
        """
        ...

    async def add(self, user: User, password_hash: str | None) -> bool:
        """Store a new account; return False if the name is taken."""
        ...

    async def get(self, name: str) -> User | None:
        """Return an account with its groups; None if there is none of this name."""
        ...

    async def password_hash(self, name: str) -> str | None:
        """Return the password hash of an account; None without a password."""
        ...

    async def set_password_hash(
        self,
        name: str,
        password_hash: str,
        *,
        end_sessions: bool,
        instead_of: str | None = None,
    ) -> bool:
        """Set the password hash; return False if there is no such account.

        ``end_sessions`` ends the account's sessions and sign-in links. With
        ``instead_of``, the hash is only set if the current one equals it, so that a
        password that was changed meanwhile stays.
        """
        ...

    async def set_role(self, name: str, role: Role) -> None:
        """Set an account's role; a changed role ends its sessions."""
        ...

    async def set_disabled(self, name: str, at: float | None) -> bool:
        """Disable an account from a time on, or enable it again with None.

        An account that is disabled already stays so since its first time. Disabling
        ends its sessions and sign-in links. Returns False if there is no such account.
        """
        ...

    async def remove(self, name: str, at: float) -> bool:
        """Remove an account with its groups, sessions, tokens and sign-in links.

        ``at`` is the time of the removal, seconds since 1970 UTC. What the person has
        said of candidates is kept under a name that no account can have. Returns False
        if there is no such account.
        """
        ...

    async def page(self, after: str, limit: int) -> Sequence[User]:
        """Return up to ``limit`` accounts, sorted by name, that follow ``after``."""
        ...

    async def join(self, name: str, group: str) -> None:
        """Add an account to a group."""
        ...

    async def group_exists(self, group: str) -> bool:
        """Return whether the group has any member."""
        ...

    async def leave(self, name: str, group: str) -> bool:
        """Remove an account from a group; return False if it was not a member."""
        ...


class SessionStore(Protocol):
    """The store of sessions, by the digest of their secret, and of sign-in links."""

    async def add(
        self,
        session: Session,
        digest: str,
        *,
        instead_of: str,
        keep: int,
        password_hash: str | None = None,
    ) -> bool:
        """Store a new session; return False if its account was changed meanwhile.

        The account must still exist and not be disabled, with the password hash
        ``password_hash`` if that is given. It counts as seen at ``created_at``. The
        same transaction removes the session with the key ``instead_of``, sessions that
        have ended, and the user's oldest sessions above the number ``keep``.
        """
        ...

    async def find(self, digest: str) -> tuple[Session, User] | None:
        """Return the session with this digest, and its account; None without one."""
        ...

    async def touch(self, key: str, at: float) -> None:
        """Store the time of a session's and its account's last use.

        The time is in seconds since 1970 UTC.
        """
        ...

    async def of_user(self, user: str) -> Sequence[Session]:
        """Return a user's sessions, oldest first."""
        ...

    async def remove(self, key: str, user: str) -> bool:
        """End a user's session, with the tokens of jobs that end with it.

        Returns False if there is none with this key.
        """
        ...

    async def end_by_provider(
        self,
        made_by: str,
        subject: str,
        sid: str,
        *,
        once: str,
        until: float,
        now: float,
    ) -> int | None:
        """End the sessions that a provider began and has ended, with tokens of jobs.

        These are the sessions of ``made_by`` with this ``sid``, and those of this
        ``subject`` of which no ``sid`` is known, or all of the subject's if ``sid`` is
        empty. Returns their number; None, and ends none, if there was a call with the
        same ``once`` whose ``until`` is after ``now`` (seconds since 1970 UTC).
        """
        ...

    async def add_link(
        self, digest: str, user: str, expires_at: float, *, now: float
    ) -> None:
        """Store the digest of a sign-in code, and remove those that have expired."""
        ...

    async def take_link(self, digest: str, now: float, latest: float) -> str | None:
        """Remove a sign-in code and return its user; None if it is not valid.

        Of several concurrent callers one gets the user. The code is valid if it expires
        after ``now`` and not after ``latest``: a later expiry was set before the clock
        was set back.
        """
        ...


class TokenStore(Protocol):
    """The store of personal tokens, by key."""

    async def add(self, token: Token, digest: str, *, most: int) -> bool:
        """Store a new token; return False if the user has ``most`` tokens already.

        Tokens of jobs and other tokens are counted apart.

        The user's tokens that expired a month or more before ``token.created_at`` are
        removed.

        Raises
        ------
        NotSignedIn
            The account was removed, or the parent token revoked, meanwhile.
        """
        ...

    async def find(self, key: str) -> tuple[Token, str, User] | None:
        """Return a token, the digest of its secret, and its account.

        None without it.
        """
        ...

    async def touch(self, key: str, at: float, address: str) -> None:
        """Store the time (seconds since 1970 UTC) and address of a token's last use.

        The time is also that of its account's last use.
        """
        ...

    async def page(self, user: str | None, after: str, limit: int) -> Sequence[Token]:
        """Return up to ``limit`` tokens, sorted by key, that follow ``after``.

        ``user`` limits them to those of one account; None returns those of all.
        """
        ...

    async def remove(self, key: str, user: str | None) -> int:
        """Remove a token and all made with it; return the number removed.

        ``user`` is the account that must own the token; None for any.
        """
        ...


class AttemptStore(Protocol):
    """The store of failed sign-ins; it is bounded and shared by all processes."""

    async def get(self, subject: str) -> Attempts | None:
        """Return the attempts stored for a subject; None without any."""
        ...

    async def update(
        self, subject: str, rule: Callable[[Attempts | None], Attempts], *, now: float
    ) -> Attempts:
        """Replace the attempts of a subject by the result of ``rule``, atomically."""
        ...

    async def clear(self, subject: str) -> None:
        """Delete the attempts of a subject."""
        ...


class AuditLog(Protocol):
    """An append-only log; a record is durable when the call that writes it returns."""

    async def begin(self, intent: str, entry: AuditEntry) -> None:
        """Store the intent of a change.

        Raises
        ------
        GatewayError
            The log cannot be written.
        """
        ...

    async def append(self, entry: AuditEntry, *, intent: str = "") -> None:
        """Append a record to the chain, and remove its intent in the same transaction.

        If the intent is still there, the record has its fields, with the time, the
        status and the note of ``entry``.

        Raises
        ------
        GatewayError
            The log cannot be written.
        """
        ...

    async def after(self, number: int, limit: int) -> Sequence[AuditRecord]:
        """Return up to ``limit`` records with numbers above ``number``, in order."""
        ...

    async def search(
        self, wanted: AuditSearch, limit: int, cursor: str | None
    ) -> Page[AuditRecord]:
        """Return a page of records, newest first.

        A page looks at a limited number of records, so it may have fewer than
        ``limit``, and even none, before the last page.

        Raises
        ------
        InvalidRequest
            The cursor is none of this listing.
        """
        ...

    async def intents(self, before: float) -> Sequence[tuple[str, AuditEntry]]:
        """Return audit intents older than ``before`` that have no record."""
        ...
