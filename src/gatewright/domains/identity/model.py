"""The data model of accounts, sessions, tokens and audit records."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gatewright.core.caller import Role

LOCAL: Final = "local"
"""Source of the accounts that the gateway itself keeps."""


@dataclass(frozen=True, slots=True)
class User:
    """An account of the gateway."""

    name: str
    """Unique name."""
    role: Role
    """Role, which limits what the account may do."""
    created_at: float
    """Time of creation, seconds since 1970-01-01 UTC."""
    groups: frozenset[str] = frozenset()
    """Names of its groups."""
    has_password: bool = False
    """Whether the gateway stores a password for the account."""
    source: str = LOCAL
    """Directory that the account comes from; ``local`` is the gateway itself."""
    seen_at: float | None = None
    """Time of the last sign-in or use, seconds since 1970-01-01 UTC, accurate to a
    minute; None for never."""
    disabled_at: float | None = None
    """Time at which an administrator disabled the account, seconds since 1970-01-01
    UTC; None if it is not disabled."""
    subject: str = ""
    """Who the person is in the directory, as :attr:`Person.subject`."""

    @property
    def uid(self) -> int | None:
        """Number of its Unix account, which a directory gives as ``uid 1000``.

        None for an account that is none of the machine.
        """
        kind, _, number = self.subject.partition(" ")
        return int(number) if kind == "uid" and number.isdecimal() else None

    @property
    def disabled(self) -> bool:
        """Whether nobody can sign in to the account, nor use its tokens."""
        return self.disabled_at is not None


@dataclass(frozen=True, slots=True)
class Person:
    """A person as a directory describes them."""

    name: str
    """Name of the account, unique in the directory."""
    groups: frozenset[str] = frozenset()
    """Names of the groups that they belong to."""
    role: Role = Role.GUEST
    """Role of the account."""
    subject: str = ""
    """Who the person is in the directory, whatever their name: a uid, for example. Two
    people who have one name after the other differ in it. Empty if the directory does
    not say."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A successful check of a name and password."""

    person: Person
    """The person with this name and password."""
    password_hash: str | None = None
    """The hash that the password matched, if the gateway stores it itself; else None.
    """


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a browser or program that has signed in."""

    key: str
    """Public identifier; the secret is only in the cookie."""
    user: str
    """Account name."""
    created_at: float
    """Time of the sign-in, seconds since 1970-01-01 UTC."""
    used_at: float
    """Time of the last request, seconds since 1970-01-01 UTC, accurate to a minute."""
    expires_at: float
    """Time at which the session ends even if it is in use, seconds since 1970-01-01
    UTC."""
    address: str
    """Network address from which the user signed in."""
    made_by: str = ""
    """What it was begun by: ``password``, ``link``, or ``provider:NAME`` for an
    identity provider; empty if it was begun before this was noted."""
    id_token: str = field(default="", repr=False)
    """ID token of the identity provider, which tells it who signs out; empty without
    a provider."""
    subject: str = ""
    """The provider's name for the person; empty without a provider."""
    sid: str = ""
    """The provider's name for its own session; empty if it told none."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A new session with its secret, which is not stored."""

    secret: str = field(repr=False)
    """Value of the cookie: 256 random bits as 43 characters, for a program after the
    prefix ``program.``."""
    session: Session
    """The session."""
    user: User
    """The account that signed in."""


@dataclass(frozen=True, slots=True)
class Token:
    """A personal token for scripts and programs."""

    key: str
    """Public identifier: the part of the token between ``gw_`` and the dot."""
    user: str
    """Account for which the token acts."""
    label: str
    """Description that the user gave it."""
    scopes: frozenset[str]
    """Scopes; those that the account loses do not count any more."""
    created_at: float
    """Time of creation, seconds since 1970-01-01 UTC."""
    expires_at: float
    """Time at which it expires, seconds since 1970-01-01 UTC."""
    parent: str = ""
    """Key of the token with which it was created, and with which it is revoked; empty
    if it was created in a session."""
    session: str = ""
    """Key of the session with which the token of a job ends; empty for other tokens."""
    delegated: bool = False
    """Whether it is the token of a job, which ends with the job."""
    used_at: float | None = None
    """Time of the last use, seconds since 1970-01-01 UTC, accurate to a minute; None
    for never."""
    used_from: str = ""
    """Network address of the last use."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new token with its secret, which is not stored and is shown only once."""

    text: str = field(repr=False)
    """The whole token, ``gw_<key>.<secret>``."""
    token: Token
    """The stored part of the token, without the secret."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failed sign-ins of one name from one network address."""

    failures: int
    """Number of failures since ``since``."""
    since: float
    """Time of the first of these failures, seconds since 1970-01-01 UTC."""
    bans: int = 0
    """Number of bans so far; each is twice as long as the one before."""
    banned_until: float = 0.0
    """Time at which the last ban ends, seconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One requested change and its outcome."""

    at: float
    """Time of the entry, seconds since 1970-01-01 UTC."""
    user: str
    """Account that sent the request; empty for a visitor."""
    token: str
    """Key of the personal token that was used; empty without one."""
    method: str
    """HTTP method, or ``CLI`` for a command of the operator."""
    path: str
    """Path of the request as sent, without the query."""
    status: int
    """HTTP status of the answer; 0 if the outcome is unknown."""
    request_id: str
    """Request id, as in the log and the answer."""
    address: str
    """Network address of the client."""
    note: str = ""
    """Further information, such as the name in a refused sign-in."""
    route: str = ""
    """Template of the path, such as ``/api/v1/jobs/{system}/{job_id}``; ``/api/v1/*``
    for a path that the protocol does not have. Empty for commands, outside of all
    protocols, and in records that were made before this was recorded."""
    app: str = ""
    """What the request was sent with, as :attr:`gatewright.core.caller.Caller.app`, or
    ``cli`` for a command; empty for a visitor, and in records that were made before
    this was recorded."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry with its number and hash in the chain."""

    number: int
    """Position in the log: 1, 2, 3, ... without gaps."""
    entry: AuditEntry
    """The recorded entry."""
    hash: str
    """SHA-256 of the previous hash and this record, in hexadecimal."""


class Outcome(StrEnum):
    """What became of a requested change."""

    DONE = "done"
    """It was done: the status is below 400."""
    REFUSED = "refused"
    """The request was refused with a status from 400 to 499."""
    FAILED = "failed"
    """It failed with a status of 500 or above."""
    UNKNOWN = "unknown"
    """It is not known: the gateway or the client went away."""

    @property
    def statuses(self) -> tuple[int, int]:
        """The lowest and the highest status that mean this."""
        return _STATUSES[self]

    @classmethod
    def of(cls, status: int) -> "Outcome":
        """Return what a status of an audit record means."""
        return next(one for one, (_, most) in _STATUSES.items() if status <= most)


_STATUSES: Final = {
    Outcome.UNKNOWN: (0, 0),
    Outcome.DONE: (1, 399),
    Outcome.REFUSED: (400, 499),
    Outcome.FAILED: (500, 999),
}


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """Which records of the audit log are wanted; the default is all."""

    user: str | None = None
    """Account that sent the request; empty for visitors, None for all."""
    method: str | None = None
    """HTTP method, or ``CLI``; None for all."""
    path: str = ""
    """Beginning of the path, as sent."""
    since: float | None = None
    """Earliest time, seconds since 1970 UTC."""
    until: float | None = None
    """Time that the records are before, seconds since 1970 UTC."""
    outcome: Outcome | None = None
    """What became of it; None for all."""
    route: str | None = None
    """Template of the path, whole; None for all."""
    app: str = ""
    """Beginning of what the request was sent with: ``job`` finds all jobs' tokens."""

    def finds(self, entry: AuditEntry) -> bool:
        """Return whether an entry is among those that are wanted."""
        least, most = self.outcome.statuses if self.outcome else (0, entry.status)
        return (
            self.user in {None, entry.user}
            and self.method in {None, entry.method}
            and self.route in {None, entry.route}
            and entry.path.startswith(self.path)
            and entry.app.startswith(self.app)
            and least <= entry.status <= most
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
        )


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """Result of a check of the audit log."""

    records: int
    """Number of records from the start of the log that are intact."""
    head: str
    """Hash of the last intact record. Stored elsewhere, it later shows whether records
    were cut off at the end."""
    fault: str = ""
    """What is wrong and where; empty if the chain is intact."""
