"""Identity providers of OpenID Connect, and programs that say who has which account."""

from gatewright.backends.oidc.http import Http
from gatewright.backends.oidc.program import AccountProgram
from gatewright.backends.oidc.provider import Client, OidcProvider
from gatewright.backends.oidc.secret import read_secret

__all__ = ["AccountProgram", "Client", "Http", "OidcProvider", "read_secret"]
