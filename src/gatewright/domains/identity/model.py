"""People, their sessions and tokens, and the record of what they did."""

from dataclasses import dataclass, field
from typing import Final

from gatewright.core.caller import Role

LOCAL: Final = "local"
"""Source of the accounts that the gateway itself keeps."""


@dataclass(frozen=True, slots=True)
class User:
    """A local account."""

    name: str
    """Account name, unique."""
    role: Role
    """What the account may do at most."""
    created_at: float
    """Seconds since 1970-01-01 UTC."""
    groups: frozenset[str] = frozenset()
    """Groups that the account belongs to."""
    has_password: bool = False
    """Whether the account has a password of the gateway's own."""
    source: str = LOCAL
    """The directory that knows the account; the gateway's own is ``local``."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a directory knows them."""

    name: str
    """Name of their account, unique in the directory."""
    groups: frozenset[str] = frozenset()
    """Groups that they belong to."""
    role: Role = Role.GUEST
    """What their account may do at most."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The account whose password was given."""

    person: Person
    """The person."""
    password_hash: str | None = None
    """The hash that it fits, where the gateway keeps that itself."""


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that has signed in."""

    key: str
    """Public identifier; the secret is in the cookie alone."""
    user: str
    """Account name."""
    created_at: float
    """When the user signed in, seconds since 1970-01-01 UTC."""
    used_at: float
    """Last request, to about a minute."""
    expires_at: float
    """When the session ends in any case."""
    address: str
    """Network address that signed in."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session at the one moment when its secret is known."""

    secret: str = field(repr=False)
    """What the cookie carries; 256 random bits as 43 characters."""
    session: Session
    """The session."""
    user: User
    """Who signed in."""


@dataclass(frozen=True, slots=True)
class Token:
    """A personal token for scripts and programs."""

    key: str
    """Public identifier, the part of the token before the dot."""
    user: str
    """Account that the token acts for."""
    label: str
    """What the user calls it."""
    scopes: frozenset[str]
    """What it may do, as long as the account may."""
    created_at: float
    """Seconds since 1970-01-01 UTC."""
    expires_at: float
    """When it ends, seconds since 1970-01-01 UTC."""
    parent: str = ""
    """Key of the token that made it, with which it is revoked; or empty."""
    used_at: float | None = None
    """Last use, to about a minute."""
    used_from: str = ""
    """Network address of the last use."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new token with its secret, which is not stored and shown only once."""

    text: str = field(repr=False)
    """The whole token, ``gw_<key>.<secret>``."""
    token: Token
    """The token without its secret."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failed sign-ins of one name from one address."""

    failures: int
    """Failures since ``since``."""
    since: float
    """When the first of them was, seconds since 1970-01-01 UTC."""
    bans: int = 0
    """Bans so far; each is twice as long as the one before."""
    banned_until: float = 0.0
    """When the last ban ends."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change that was asked for."""

    at: float
    """When it was answered, seconds since 1970-01-01 UTC."""
    user: str
    """Account that asked; empty for a visitor."""
    token: str
    """Key of the personal token that was used, or empty."""
    method: str
    """HTTP method; ``CLI`` for a command of the operator."""
    path: str
    """Path of the request as it was sent, without its query."""
    status: int
    """HTTP status of the answer; 0 when it is not known."""
    request_id: str
    """Id of the request."""
    address: str
    """Network address of the client."""
    note: str = ""
    """What the rest does not say, such as the name of a refused sign-in."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry in its place in the chain."""

    number: int
    """Place in the log: 1, 2, 3, without gaps."""
    entry: AuditEntry
    """What was recorded."""
    hash: str
    """SHA-256 over the record before and this one, hexadecimal."""


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What a check of the audit log found."""

    records: int
    """Records that were read and found whole."""
    head: str
    """Hash of the last whole record; keep it elsewhere to notice a cut tail."""
    fault: str = ""
    """What is wrong and where; empty when the chain is whole."""
