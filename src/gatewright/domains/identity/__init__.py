"""Accounts, sessions, personal tokens, and the audit log."""

from gatewright.domains.identity.attempts import AttemptGuard
from gatewright.domains.identity.audit import START, AuditTrail, chained, plain_entry
from gatewright.domains.identity.claims import Claims, Mapped, Rule, Rules
from gatewright.domains.identity.credentials import (
    is_name,
    is_program_secret,
    is_secret,
    split_token,
    without_token_secrets,
)
from gatewright.domains.identity.directories import Directories
from gatewright.domains.identity.last_use import LastUse
from gatewright.domains.identity.model import (
    LOCAL,
    Attempts,
    AuditEntry,
    AuditRecord,
    AuditSearch,
    AuditVerdict,
    NewSession,
    NewToken,
    Outcome,
    Person,
    Proof,
    Session,
    Token,
    User,
)
from gatewright.domains.identity.ports import (
    AdmittingDirectory,
    AttemptStore,
    AuditLog,
    Directory,
    PasswordHasher,
    SessionStore,
    TokenStore,
    UserStore,
)
from gatewright.domains.identity.provider_ports import (
    AccountMap,
    BegunSignIn,
    BegunStore,
    LoggedOut,
    Provider,
    ProviderIdentity,
)
from gatewright.domains.identity.providers import (
    FinishedSignIn,
    OfferedProvider,
    ProviderAnswer,
    Providers,
    SignInRedirect,
)
from gatewright.domains.identity.requests import (
    RequestedIdentity,
    RequestedProviders,
    RequestedSessions,
    RequestedTokens,
    RequestedUsers,
)
from gatewright.domains.identity.service import Identity, operator
from gatewright.domains.identity.sessions import SessionLimits, Sessions
from gatewright.domains.identity.tokens import Tokens
from gatewright.domains.identity.users import LONGEST_PASSWORD, Users

__all__ = [
    "LOCAL",
    "LONGEST_PASSWORD",
    "START",
    "AccountMap",
    "AdmittingDirectory",
    "AttemptGuard",
    "AttemptStore",
    "Attempts",
    "AuditEntry",
    "AuditLog",
    "AuditRecord",
    "AuditSearch",
    "AuditTrail",
    "AuditVerdict",
    "BegunSignIn",
    "BegunStore",
    "Claims",
    "Directories",
    "Directory",
    "FinishedSignIn",
    "Identity",
    "LastUse",
    "LoggedOut",
    "Mapped",
    "NewSession",
    "NewToken",
    "OfferedProvider",
    "Outcome",
    "PasswordHasher",
    "Person",
    "Proof",
    "Provider",
    "ProviderAnswer",
    "ProviderIdentity",
    "Providers",
    "RequestedIdentity",
    "RequestedProviders",
    "RequestedSessions",
    "RequestedTokens",
    "RequestedUsers",
    "Rule",
    "Rules",
    "Session",
    "SessionLimits",
    "SessionStore",
    "Sessions",
    "SignInRedirect",
    "Token",
    "TokenStore",
    "Tokens",
    "User",
    "UserStore",
    "Users",
    "chained",
    "is_name",
    "is_program_secret",
    "is_secret",
    "operator",
    "plain_entry",
    "split_token",
    "without_token_secrets",
]
