"""The gateway's own accounts, with passwords hashed by Argon2id."""

from gatewright.backends.local_accounts.accounts import LocalAccounts
from gatewright.backends.local_accounts.hasher import Argon2Hasher
from gatewright.backends.local_accounts.plugin import plugin

__all__ = ["Argon2Hasher", "LocalAccounts", "plugin"]
