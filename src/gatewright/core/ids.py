"""Identifiers that sort by time and cannot be guessed."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def _base32(number: int, length: int) -> str:
    return "".join(_ALPHABET[(number >> (5 * i)) & 31] for i in reversed(range(length)))


def new_id() -> str:
    """Return 26 characters of Crockford base 32: 48 bits of time, 80 random bits.

    The layout is that of ULID (github.com/ulid/spec), in lower case: ids made later
    sort later, to the millisecond.
    """
    milliseconds = time.time_ns() // 1_000_000
    return _base32(milliseconds & (1 << 48) - 1, 10) + _base32(secrets.randbits(80), 16)


def new_secret() -> str:
    """Return 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)
