"""The stores of one gateway process, and sample records."""

from dataclasses import dataclass

from gatewright.core.caller import Role
from gatewright.core.ids import new_id
from gatewright.domains.identity import (
    AttemptStore,
    AuditEntry,
    AuditLog,
    BegunSignIn,
    BegunStore,
    Session,
    SessionStore,
    Token,
    TokenStore,
    User,
    UserStore,
)

NOW = 1_800_000_000.25
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Stores:
    """All stores of one gateway process."""

    users: UserStore
    sessions: SessionStore
    tokens: TokenStore
    attempts: AttemptStore
    audit: AuditLog
    begun: BegunStore


Pair = tuple[Stores, Stores]
"""The stores of two processes on one database; ``attempts`` is limited to 50 subjects.
"""


def user(name: str = "ada", role: Role = Role.GUEST) -> User:
    return User(name, role, NOW)


def session(name: str = "ada", *, created_at: float = NOW) -> Session:
    return Session(
        new_id(), name, created_at, created_at, created_at + DAY, "192.0.2.1"
    )


def begun(
    state: str, *, expires_at: float = NOW + 600, network: str = "192.0.2.1"
) -> BegunSignIn:
    return BegunSignIn(state, "browser", "centre", "/jobs", network, expires_at)


def token(
    name: str = "ada", *, parent: str = "", session: str = "", created_at: float = NOW
) -> Token:
    """Return a token, which is that of a job if it ends with a session."""
    scopes = frozenset({"data:read", "store:notes"})
    return Token(
        key=new_id(),
        user=name,
        label="laptop é",
        scopes=scopes,
        created_at=created_at,
        expires_at=created_at + DAY,
        parent=parent,
        session=session,
        delegated=bool(session),
    )


def entry(number: int = 0) -> AuditEntry:
    return AuditEntry(
        NOW + number / 3, "ada", "", "PUT", f"/x/{number}", 201, "r", "192.0.2.1", "é"
    )
