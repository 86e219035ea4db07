"""Contract tests of the stores of accounts, sessions, tokens and audit records."""

from gatewright.testing.identity.attempts import AttemptStoreContract
from gatewright.testing.identity.audit import AuditLogContract
from gatewright.testing.identity.begun import BegunStoreContract
from gatewright.testing.identity.directory import DirectoryContract, Known
from gatewright.testing.identity.requests import RequestedIdentityContract
from gatewright.testing.identity.samples import Pair, Stores, entry
from gatewright.testing.identity.sessions import SessionStoreContract
from gatewright.testing.identity.tokens import TokenStoreContract
from gatewright.testing.identity.users import UserStoreContract

__all__ = [
    "AttemptStoreContract",
    "AuditLogContract",
    "BegunStoreContract",
    "DirectoryContract",
    "Known",
    "Pair",
    "RequestedIdentityContract",
    "SessionStoreContract",
    "Stores",
    "TokenStoreContract",
    "UserStoreContract",
    "entry",
]
