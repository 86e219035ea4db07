"""``authn``: a process that keeps sessions and tokens apart from the gateway.

The gateway shows it the secret of each request, and gets the caller; only while
somebody's requests come in does it let the gateway act for them.
"""

from gatewright.backends.authn.audit import KeptAudit
from gatewright.backends.authn.client import AuthnClient, AuthnGranter
from gatewright.backends.authn.intents import EndedIntents, GrantedIntent
from gatewright.backends.authn.listening import listening
from gatewright.backends.authn.remote import RemoteIdentity, RemoteIntents
from gatewright.backends.authn.server import Authority

__all__ = [
    "AuthnClient",
    "AuthnGranter",
    "Authority",
    "EndedIntents",
    "GrantedIntent",
    "KeptAudit",
    "RemoteIdentity",
    "RemoteIntents",
    "listening",
]
