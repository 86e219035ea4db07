"""Reads tokens and session cookies from requests, and writes the cookies."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers

from gatewright.core.config import Config
from gatewright.core.errors import NotSignedIn
from gatewright.domains.identity import split_token

_LONGEST = 4096
_MOST_SECRETS = 4
_STATE_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """A session cookie that a face's protocol defines, beside the gateway's own."""

    name: str
    """Name of the cookie."""
    path: str
    """The face's prefix; the cookie is sent and read only below it."""
    seconds: int
    """Longest lifetime in seconds; the session may end earlier."""

    def is_read_at(self, path: str) -> bool:
        """Return whether the cookie is read for requests to a path."""
        return f"{path}/".startswith(f"{self.path}/")

    def lifetime(self, config: Config) -> int:
        """Return the cookie's ``Max-Age`` in seconds: at most the longest session."""
        return min(self.seconds, config.identity.session_seconds)


def session_cookie(config: Config) -> str:
    """Return the name of the gateway's own session cookie.

    With https it begins with ``__Host-``: browsers accept such a cookie only from this
    exact host, over https and for the path ``/`` (RFC 6265bis, section 4.1.3.2). If the
    gateway's public URL has a path it begins with ``__Secure-``, and the cookie is for
    that path.
    """
    if not _secure(config):
        return "gw_session"
    return "__Secure-gw_session" if config.prefix else "__Host-gw_session"


def cookie_fields(
    config: Config, secret: str, own: SessionCookie | None = None
) -> Mapping[str, str]:
    """Return the ``Set-Cookie`` header that sets a session's cookie.

    ``own`` is the cookie of a face; without it, the gateway's own cookie is set.
    """
    age = own.lifetime(config) if own else config.identity.session_seconds
    return {"Set-Cookie": _cookie(config, secret, age, own)}


def no_cookie_fields(
    config: Config, own: SessionCookie | None = None
) -> Mapping[str, str]:
    """Return the ``Set-Cookie`` header that deletes a session's cookie."""
    return {"Set-Cookie": _cookie(config, "", 0, own)}


def begun_cookie(config: Config, state: str) -> str:
    """Return the name of the cookie of a sign-in that was begun with a provider.

    Each sign-in has its own, so that one can be begun in each of several tabs.
    """
    name = session_cookie(config).replace("session", "sign_in")
    return f"{name}_{state[:_STATE_CHARACTERS]}"


def begun_cookie_field(config: Config, state: str, secret: str, age: int) -> str:
    """Return the ``Set-Cookie`` header of a sign-in, which deletes it with an age of 0.

    ``age`` is its lifetime in seconds. Browsers send it along when the provider leads
    back here, which is why it is not ``SameSite=Strict``.
    """
    return _field(config, begun_cookie(config, state), secret, age, config.prefix)


def _cookie(config: Config, value: str, age: int, own: SessionCookie | None) -> str:
    name = own.name if own else session_cookie(config)
    return _field(config, name, value, age, config.prefix + (own.path if own else ""))


def _field(config: Config, name: str, value: str, age: int, path: str) -> str:
    """Return a ``Set-Cookie`` header; an empty path stands for ``/``."""
    secure = "; Secure" if _secure(config) else ""
    return (
        f"{name}={value if age else ''}; Path={path or '/'}; Max-Age={age}; HttpOnly; "
        f"SameSite=Lax{secure}"
    )


def _secure(config: Config) -> bool:
    return config.url.startswith("https://")


def session_secrets(
    headers: Headers, name: str, path: str, own: Iterable[SessionCookie] = ()
) -> list[str]:
    """Return the values of the session cookies for a path, those of a face first.

    ``own`` are the cookies of faces. Each value is looked up in the database, so at
    most four are returned; a browser sends one for each name.
    """
    names = [cookie.name for cookie in own if cookie.is_read_at(path)]
    names.append(name)
    cookies: list[tuple[str, str]] = []
    for field in headers.getlist("cookie"):
        for pair in field.split(";"):
            got, equals, value = pair.strip().partition("=")
            if equals:
                cookies.append((got.strip(), value.strip().strip('"')))
    found = [value for want in names for got, value in cookies if got == want and value]
    return found[:_MOST_SECRETS]


def sent_token(headers: Headers) -> str | None:
    """Return the token in the ``Authorization`` header, or None without the header.

    The token is sent as ``Bearer <token>``, or as the password of ``Basic`` with any
    user name, or as the user name of ``Basic``.

    Raises
    ------
    NotSignedIn
        The header has no token, or is sent more than once.
    """
    fields = headers.getlist("authorization")
    if not fields:
        return None
    scheme, _, value = fields[0].strip().partition(" ")
    if len(fields) > 1 or len(value) > _LONGEST:
        raise NotSignedIn("Send one “Authorization” header with one token.")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        return _basic(value.strip())
    raise NotSignedIn("“Authorization” is “Bearer <token>”, or “Basic” with a token.")


def _basic(value: str) -> str:
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise NotSignedIn(
            "“Authorization: Basic” is the base64 of “name:token”, in UTF-8."
        ) from error
    name, _, password = text.partition(":")
    if split_token(password):
        return password
    if split_token(name):
        return name
    raise NotSignedIn(
        "Send a personal token as the password; an account's password signs in at "
        "/api/v1/session only."
    )
