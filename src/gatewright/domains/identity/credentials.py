"""The form of secrets, and the digests that are stored in their place.

Session secrets, token secrets and sign-in codes are 256 random bits. They cannot be
guessed, so a plain SHA-256 is enough to store them. Passwords can be guessed and need a
slow hash (``PasswordHasher``).
"""

import hashlib
import hmac
import re

PROGRAM = "program."
"""Prefix of the secret of a program's session. The stored digest includes it."""

_SECRET = re.compile(rf"({re.escape(PROGRAM)})?[A-Za-z0-9_-]{{43}}", re.ASCII)
_TOKEN = re.compile(r"gw_([0-9a-z]{26})\.([A-Za-z0-9_-]{43})", re.ASCII)
_TOKEN_IN_URL = re.compile(r"(gw_[0-9a-z]{26})(?:\.|%2[Ee])[A-Za-z0-9_%-]+", re.ASCII)
_KEY = re.compile(r"[0-9a-z]{26}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def same_digest(left: str, right: str) -> bool:
    """Compare two digests in a time that does not depend on their content."""
    return hmac.compare_digest(left.encode(), right.encode())


def token_text(key: str, secret: str) -> str:
    """Return a whole token; its fixed prefix lets secret scanners find it."""
    return f"gw_{key}.{secret}"


def split_token(text: str) -> tuple[str, str] | None:
    """Return the key and the secret of a token; None for any other text."""
    match = _TOKEN.fullmatch(text)
    return (match[1], match[2]) if match else None


def without_token_secrets(url: str) -> str:
    """Return a URL, or a part of one, with the keys alone of the tokens in it.

    Some clients send a token in a URL, where it does not belong. What is written down
    of a request must not contain the secret.
    """
    return _TOKEN_IN_URL.sub(r"\1...", url) if "gw_" in url else url


def is_secret(text: str) -> bool:
    """Return whether the text has the form of a session secret or a sign-in code."""
    return _SECRET.fullmatch(text) is not None


def is_program_secret(text: str) -> bool:
    """Return whether the text has the form of a program's session secret."""
    return is_secret(text) and text.startswith(PROGRAM)


def is_key(text: str) -> bool:
    """Return whether the text has the form of a token's or a session's key."""
    return _KEY.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Return whether the text is a valid name of an account or a group."""
    return _NAME.fullmatch(text) is not None
