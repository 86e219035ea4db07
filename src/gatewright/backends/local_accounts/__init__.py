"""Passwords of local accounts, hashed with Argon2id."""

from gatewright.backends.local_accounts.hasher import Argon2Hasher

__all__ = ["Argon2Hasher"]
