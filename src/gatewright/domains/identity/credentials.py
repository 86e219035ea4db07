"""Secrets: how they look, and the digests that are stored in their place.

Session secrets, token secrets and sign-in codes are 256 random bits, so a plain SHA-256
is enough: there is nothing to guess. Passwords are another matter (``PasswordHasher``).
"""

import hashlib
import hmac
import re

PROGRAM = "program."
"""Beginning of the secret of a program's session; what is stored is a digest of all."""

_SECRET = re.compile(rf"({re.escape(PROGRAM)})?[A-Za-z0-9_-]{{43}}", re.ASCII)
_TOKEN = re.compile(r"gw_([0-9a-z]{26})\.([A-Za-z0-9_-]{43})", re.ASCII)
_KEY = re.compile(r"[0-9a-z]{26}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret, hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def same_digest(left: str, right: str) -> bool:
    """Return whether two digests are equal, in a time that does not depend on them."""
    return hmac.compare_digest(left.encode(), right.encode())


def token_text(key: str, secret: str) -> str:
    """Return a whole token; the fixed beginning lets scanners of leaks find it."""
    return f"gw_{key}.{secret}"


def split_token(text: str) -> tuple[str, str] | None:
    """Return the key and the secret of a token, None for any other text."""
    match = _TOKEN.fullmatch(text)
    return (match[1], match[2]) if match else None


def is_secret(text: str) -> bool:
    """Return whether the text has the form of a session's secret or a code."""
    return _SECRET.fullmatch(text) is not None


def is_program_secret(text: str) -> bool:
    """Return whether the text has the form of the secret of a program's session."""
    return is_secret(text) and text.startswith(PROGRAM)


def is_key(text: str) -> bool:
    """Return whether the text has the form of a token's or session's key."""
    return _KEY.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Return whether an account or a group may have this name."""
    return _NAME.fullmatch(text) is not None
