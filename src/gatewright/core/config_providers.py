"""Settings of identity providers: ``[[identity.providers]]``."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)

from gatewright.core.account_template import parse_template
from gatewright.core.config_base import TABLE, Name

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
]  # fmt: skip
"""Algorithms of signatures by a private key that only the provider has (RFC 7518,
section 3.1; RFC 8037; RFC 9864). With ``HS256`` the gateway could sign as well, and
``none`` is no signature."""

Wanted = StrictBool | StrictInt | StrictStr
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


class AccountRule(BaseModel):
    """A rule that says which account a person has; the first one that fits decides."""

    model_config = TABLE

    account: str
    """Name of the account. ``{claim}`` stands for what the provider says, such as
    ``{preferred_username}``, and ``{claim%@example.org}`` for that without this ending,
    which it has to have."""
    where: dict[str, Wanted | list[Wanted]] = {}
    """What claims have to be, or have among their values: ``where = {groups =
    "astronomy"}``. Of a list, one is enough. Dots lead into objects."""

    @field_validator("account")
    @classmethod
    def _is_a_template(cls, text: str) -> str:
        parse_template(text)
        return text


class IdentityProvider(BaseModel):
    """A provider of OpenID Connect by which people sign in, beside ``login``."""

    model_config = TABLE

    name: Name
    """Name in URLs."""
    title: str = ""
    """Name on the sign-in page (“Sign in with TITLE”); by default ``name``."""
    issuer: str
    """The provider's address; ``/.well-known/openid-configuration`` is read below it.
    """
    client_id: str
    """Name under which the gateway is registered there."""
    client_secret_file: Path | None = None
    """File with the secret that the provider gave for ``client_id``, closed to others
    (0600); leave it out for a public client."""
    scopes: list[str] = ["openid", "profile", "email"]
    """Scopes to ask the provider for."""
    hosts: list[str] = []
    """Hosts that the provider has beside that of ``issuer``, each with its port if that
    is not 443; addresses at any other host are refused."""
    algorithms: Annotated[list[Algorithm], Field(min_length=1)] = [
        "RS256", "PS256", "ES256", "EdDSA",
    ]  # fmt: skip
    """Algorithms with which the provider may sign."""
    userinfo: bool = True
    """Whether to ask the provider's userinfo address, if it has one, for claims that
    are not in the ID token."""
    accounts: list[AccountRule] = []
    """Rules that say which account a person has. Without one that fits, a person is
    refused."""
    program: list[str] = []
    """Program that says it in place of rules, with its arguments: it reads the claims
    as JSON and prints the name of the account; a non-zero exit status refuses."""
    program_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    """Time within which the program has to end."""

    @property
    def shown(self) -> str:
        """Name for people."""
        return self.title or self.name

    @field_validator("issuer")
    @classmethod
    def _is_an_issuer(cls, text: str) -> str:
        parts = urlsplit(text)
        known = parts.scheme == "https" or parts.hostname in _LOOPBACK
        if parts.scheme not in {"http", "https"} or not parts.hostname or not known:
            raise ValueError("it has to begin with https:// and name a host")
        if parts.query or parts.fragment or "@" in parts.netloc or " " in text:
            raise ValueError("it has no user name, query or fragment")
        return text

    @field_validator("scopes")
    @classmethod
    def _has_openid(cls, scopes: list[str]) -> list[str]:
        if "openid" not in scopes or not all(map(_SCOPE.fullmatch, scopes)):
            raise ValueError("it has to be a list of scopes with “openid” among them")
        return scopes

    @field_validator("hosts")
    @classmethod
    def _are_hosts(cls, hosts: list[str]) -> list[str]:
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise ValueError(f"“{host}” is no host, such as keys.example.org:8443")
        return hosts

    @field_validator("program")
    @classmethod
    def _is_absolute(cls, program: list[str]) -> list[str]:
        if program and not program[0].startswith("/"):
            raise ValueError("it has to begin with the whole path of the program")
        return program

    @model_validator(mode="after")
    def _says_who_people_are(self) -> "IdentityProvider":
        if bool(self.accounts) == bool(self.program):
            raise ValueError(
                "it needs either “accounts” (rules) or a “program” that says which "
                "account a person has; nobody has one otherwise"
            )
        return self
