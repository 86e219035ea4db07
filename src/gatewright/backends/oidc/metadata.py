"""What a provider says of itself (OpenID Connect Discovery 1.0, section 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatewright.backends.oidc.http import Http

DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Metadata:
    """Addresses and abilities of a provider."""

    authorization: str
    """Where browsers are sent to."""
    token: str
    """Where codes are exchanged."""
    keys: str
    """Where its keys are."""
    userinfo: str = ""
    """Where more is said of a person; empty if nowhere."""
    end_session: str = ""
    """Where people sign out; empty if nowhere."""
    sends_issuer: bool = False
    """Whether its answers always have the parameter ``iss`` (RFC 9207)."""
    takes_basic: bool = True
    """Whether the gateway may show itself there by ``Authorization: Basic``."""


def metadata_of(document: Mapping[str, Any], issuer: str, http: Http) -> Metadata:
    """Return what a discovery document says.

    Raises
    ------
    BackendFailed
        It is another issuer's, leaves out what is needed, leads to other hosts, or the
        provider cannot do PKCE by ``S256``.
    """
    if document.get("issuer") != issuer:
        raise http.unusable(f"the issuer {document.get('issuer')!r}, not {issuer!r}")
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    for name in (*needed, "userinfo_endpoint"):
        if (name in needed or name in document) and not http.is_own(document.get(name)):
            raise http.unusable(
                f"as {name} {document.get(name)!r}, which is not at a host of its own "
                "(“hosts” names more)"
            )
    challenges = document.get("code_challenge_methods_supported", ["S256"])
    if not isinstance(challenges, list) or "S256" not in challenges:
        raise http.unusable(f"as ways of PKCE {challenges!r}, without S256")
    end = document.get("end_session_endpoint", "")
    basic = "client_secret_basic"
    methods = document.get("token_endpoint_auth_methods_supported", [basic])
    return Metadata(
        authorization=document["authorization_endpoint"],
        token=document["token_endpoint"],
        keys=document["jwks_uri"],
        userinfo=document.get("userinfo_endpoint", ""),
        end_session=end if http.is_own(end) else "",
        sends_issuer=(
            document.get("authorization_response_iss_parameter_supported") is True
        ),
        takes_basic=not isinstance(methods, list) or basic in methods,
    )
