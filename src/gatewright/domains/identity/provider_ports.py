"""Ports of sign-in by an identity provider, and what passes through them."""

from dataclasses import dataclass, field
from typing import Protocol

from gatewright.domains.identity.claims import Claims, Mapped


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """A person whom a provider has just signed in."""

    subject: str
    """The provider's own, unchanging name for the person (claim ``sub``)."""
    claims: Claims
    """All that the provider says of the person."""
    id_token: str = field(repr=False)
    """ID token, which tells the provider at sign-out who signs out; empty if it is too
    long for an address."""
    sid: str = ""
    """The provider's name for its own session (claim ``sid``); empty if not told."""


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What a logout token says: who has signed out of the provider."""

    id: str
    """Unique id of the token (claim ``jti``)."""
    until: float
    """Time at which the token expires, seconds since 1970-01-01 UTC."""
    subject: str = ""
    """The provider's name for the person; empty if the token names only a session."""
    sid: str = ""
    """The provider's name for its session; empty if all sessions of the person end."""


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """A sign-in that waits for the person to come back from the provider.

    It is stored without its secrets, as digests.
    """

    state: str
    """Digest of the parameter ``state``, by which it is found."""
    browser: str
    """Digest of the secret in the browser's cookie."""
    provider: str
    """Name of the provider."""
    path: str
    """Path on the gateway to go to in the end."""
    network: str
    """Network address that began it, as for limits."""
    expires_at: float
    """Time at which it expires, seconds since 1970-01-01 UTC."""


class BegunStore(Protocol):
    """The store of sign-ins that were begun; all processes share it."""

    async def add(self, begun: BegunSignIn, *, now: float, keep: int) -> None:
        """Store a sign-in, and remove those that have expired.

        Of those of one network only the newest ``keep`` are kept.
        """
        ...

    async def take(
        self, state: str, browser: str, provider: str, *, now: float, latest: float
    ) -> str | None:
        """Remove a sign-in of this browser and provider, and return its path.

        None if there is none. Of several concurrent callers one gets it. It is valid if
        it expires after ``now`` and not after ``latest``: a later expiry was set before
        the clock was set back.
        """
        ...


class Provider(Protocol):
    """An identity provider (OpenID Connect Core 1.0, authorization code flow).

    The text of its errors is for the person who signs in.
    """

    async def sign_in_address(self, *, state: str, nonce: str, challenge: str) -> str:
        """Return the address to send a browser to.

        Raises
        ------
        Unavailable
            The provider does not answer.
        BackendFailed
            Its discovery document or keys cannot be used.
        """
        ...

    async def check_issuer(self, issuer: str | None) -> None:
        """Refuse an answer that another provider made (RFC 9207, section 2.4).

        ``issuer`` is the parameter ``iss`` of the answer; None without it.

        Raises
        ------
        InvalidRequest
            It names another provider, or is missing although this one always sends it.
        """
        ...

    async def exchange_code(
        self, code: str, *, nonce: str, verifier: str
    ) -> ProviderIdentity:
        """Return the person for whom the provider gave a code.

        Raises
        ------
        InvalidRequest
            The provider does not take the code, or not from this browser.
        Unavailable
            The provider does not answer.
        BackendFailed
            Its answer cannot be understood or trusted.
        """
        ...

    async def logged_out(self, token: str) -> LoggedOut:
        """Check a logout token and return what it says; it may have been used before.

        Raises
        ------
        InvalidRequest
            It is not a logout token of this provider for this gateway, or too old.
        Unavailable
            The provider does not answer.
        BackendFailed
            Its discovery document or keys cannot be used.
        """
        ...

    async def sign_out_address(self, id_token: str) -> str:
        """Return the address at which a person signs out of the provider too.

        ``id_token`` is that of the sign-in. The address is empty if the provider has
        none, or does not answer.
        """
        ...


class AccountMap(Protocol):
    """Says which account a person has."""

    async def account(self, claims: Claims) -> Mapped | None:
        """Return the account of a person; None if they have none.

        Raises
        ------
        Unavailable
            It cannot be found out now.
        """
        ...
