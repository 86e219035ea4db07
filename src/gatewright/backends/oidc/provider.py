"""An identity provider of OpenID Connect."""

import base64
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit, urlunsplit

from gatewright.backends.oidc.http import Http
from gatewright.backends.oidc.id_token import Expected, checked_claims
from gatewright.backends.oidc.kept import Kept, steady_clock
from gatewright.backends.oidc.keys import Keys, read_keys
from gatewright.backends.oidc.logout_token import checked_logout
from gatewright.backends.oidc.metadata import DISCOVERY, Metadata, metadata_of
from gatewright.backends.oidc.signed import Untrusted
from gatewright.core.clock import Clock
from gatewright.core.errors import GatewayError, InvalidRequest
from gatewright.domains.identity import LoggedOut, ProviderIdentity

_LONGEST_ID_TOKEN = 4096
"""A longer ID token does not fit into an address."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Client:
    """The gateway as a provider knows it, and what it wants of the provider."""

    issuer: str
    """Address of the provider."""
    client_id: str
    """Name of the gateway there."""
    secret: str = field(repr=False)
    """Its secret; empty for a public client."""
    return_address: str
    """Where the provider sends browsers back to."""
    sign_out_return_address: str
    """Where it sends those who signed out there."""
    scopes: Sequence[str]
    """Scopes to ask for."""
    algorithms: Collection[str]
    """Algorithms with which the provider may sign."""
    userinfo: bool = True
    """Whether to ask for claims that are not in the ID token."""


class OidcProvider:
    """Implements :class:`gatewright.domains.identity.Provider`.

    Parameters
    ----------
    client
        The gateway as the provider knows it.
    http
        Asks the provider.
    clock
        Gives the time in seconds since 1970 UTC.
    now
        Gives the time in seconds of a clock that is never set.
    """

    def __init__(
        self,
        client: Client,
        http: Http,
        clock: Clock,
        now: Callable[[], float] = steady_clock,
    ) -> None:
        self._client = client
        self._http = http
        self._clock = clock
        self._metadata: Kept[Metadata] = Kept(self._fetch_metadata, now)
        self._keys = Keys(self._fetch_keys, now)

    async def sign_in_address(self, *, state: str, nonce: str, challenge: str) -> str:
        metadata = await self._metadata.get()
        return _with_query(
            metadata.authorization,
            {
                "response_type": "code",
                "client_id": self._client.client_id,
                "redirect_uri": self._client.return_address,
                "scope": " ".join(self._client.scopes),
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            },
        )

    async def check_issuer(self, issuer: str | None) -> None:
        metadata = await self._metadata.get()
        missing = issuer is None and metadata.sends_issuer
        if missing or issuer not in {None, self._client.issuer}:
            _log.warning("%s: the answer is of %r", self._http.title, issuer)
            raise InvalidRequest(
                f"This answer is not of {self._http.title}, with which the sign-in was "
                "begun. Begin it again."
            )

    async def exchange_code(
        self, code: str, *, nonce: str, verifier: str
    ) -> ProviderIdentity:
        metadata = await self._metadata.get()
        tokens = await self._exchanged(metadata, code, verifier)
        id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise self._http.unusable("no ID token for a code")
        if not access_token.isascii():
            raise self._http.unusable("an access token with other characters")
        expected = Expected(
            self._client.issuer, self._client.client_id, nonce, access_token
        )
        try:
            claims = await checked_claims(
                id_token,
                expected,
                self._client.algorithms,
                self._keys.fitting,
                self._clock,
            )
        except Untrusted as error:
            raise self._http.unusable(f"an ID token to distrust: {error}") from error
        if metadata.userinfo and self._client.userinfo:
            more = await self._userinfo(metadata.userinfo, access_token)
            if more.get("sub") != claims["sub"]:
                raise self._http.unusable("userinfo of another person")
            claims = {**more, **claims}
        kept = id_token if len(id_token) <= _LONGEST_ID_TOKEN else ""
        sid = claims.get("sid")
        return ProviderIdentity(
            claims["sub"], claims, kept, sid if isinstance(sid, str) else ""
        )

    async def logged_out(self, token: str) -> LoggedOut:
        client = self._client
        try:
            return await checked_logout(
                token,
                client.issuer,
                client.client_id,
                client.algorithms,
                self._keys.fitting,
                self._clock,
            )
        except Untrusted as error:
            _log.warning("%s: a logout token is refused: %s", self._http.title, error)
            raise InvalidRequest("The logout token is not valid.") from error

    async def sign_out_address(self, id_token: str) -> str:
        try:
            metadata = await self._metadata.get()
        except GatewayError:
            return ""  # the session here has ended, and the person wanted that
        if not metadata.end_session:
            return ""
        query = {
            "client_id": self._client.client_id,
            "post_logout_redirect_uri": self._client.sign_out_return_address,
        }
        if id_token:
            query["id_token_hint"] = id_token
        return _with_query(metadata.end_session, query)

    async def _exchanged(
        self, metadata: Metadata, code: str, verifier: str
    ) -> Mapping[str, Any]:
        """Return the tokens that the provider gives for a code."""
        client = self._client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.return_address,
            "code_verifier": verifier,
        }
        headers = {}
        if client.secret and metadata.takes_basic:
            # RFC 6749, section 2.3.1, has both parts encoded as in a form.
            pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret)}"
            encoded = base64.b64encode(pair.encode()).decode()
            headers["Authorization"] = f"Basic {encoded}"
        else:
            form["client_id"] = client.client_id
            if client.secret:
                form["client_secret"] = client.secret
        status, tokens = await self._http.ask(
            metadata.token, form=form, headers=headers
        )
        if status == 200:
            return tokens
        if tokens.get("error") == "invalid_grant":
            raise InvalidRequest(
                f"{self._http.title} does not take the code that the browser brought. "
                "Begin the sign-in again."
            )
        raise self._http.unusable(f"for a code {status}, {tokens.get('error')!r}")

    async def _userinfo(self, url: str, access_token: str) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}"}
        status, found = await self._http.ask(url, headers=headers)
        if status != 200:
            raise self._http.unusable(f"the status {status} for userinfo")
        return found

    async def _fetch_metadata(self) -> Metadata:
        issuer = self._client.issuer
        url = f"{issuer.rstrip('/')}{DISCOVERY}"
        status, document = await self._http.ask(url)
        if status != 200:
            raise self._http.unusable(f"the status {status} for {url}")
        return metadata_of(document, issuer, self._http)

    async def _fetch_keys(self) -> Sequence[Any]:
        metadata = await self._metadata.get()
        status, document = await self._http.ask(metadata.keys)
        if status != 200:
            raise self._http.unusable(f"the status {status} for its keys")
        return read_keys(document.get("keys"))


def _with_query(address: str, more: Mapping[str, str]) -> str:
    """Return an address with more parameters; those that it has stay."""
    parts = urlsplit(address)
    query = "&".join(filter(None, (parts.query, urlencode(more))))
    return urlunsplit(parts._replace(query=query, fragment=""))
