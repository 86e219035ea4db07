"""Sign-in by identity providers: begun in a browser, and finished in the same one.

The browser is sent to the provider with a ``state``, and keeps a secret in a cookie.
Nonce and PKCE verifier are made of both, so that an answer is of no use to any other
browser, and only the digests of both are stored. A sign-in is good once, for ten
minutes, and for the provider with which it was begun.
"""

import base64
import hashlib
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from gatewright.core.addresses import network_of
from gatewright.core.caller import Caller, Role
from gatewright.core.clock import LEEWAY_SECONDS, Clock
from gatewright.core.errors import (
    GatewayError,
    InvalidRequest,
    NotAllowed,
    NotFound,
    Unavailable,
)
from gatewright.core.ids import new_secret
from gatewright.domains.identity.attempts import AttemptGuard
from gatewright.domains.identity.credentials import digest, is_name, is_secret
from gatewright.domains.identity.directories import Directories
from gatewright.domains.identity.model import LOCAL, NewSession, User
from gatewright.domains.identity.provider_ports import (
    AccountMap,
    BegunSignIn,
    BegunStore,
    Provider,
    ProviderIdentity,
)
from gatewright.domains.identity.sessions import Sessions

BEGUN_SECONDS = 600.0
"""Time that a person has at the provider."""
MOST_BEGUN = 500
"""Sign-ins of one network address that may be at providers at the same time."""
ROOT = "root"

_MADE_BY = "provider:"
_DENIED = frozenset({"access_denied", "login_required", "consent_required"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OfferedProvider:
    """A provider as the gateway offers it."""

    title: str
    """Name for people."""
    provider: Provider
    """The provider."""
    accounts: AccountMap
    """Says which account a person has."""


@dataclass(frozen=True, slots=True)
class SignInRedirect:
    """Where to send a browser to sign in, and what to keep in its cookie."""

    address: str
    """Address at the provider."""
    state: str
    """Parameter ``state`` of that address, which the answer repeats."""
    secret: str = field(repr=False)
    """Secret for a cookie of the browser."""


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """What a browser brings back from a provider (RFC 6749, 4.1.2; RFC 9207)."""

    state: str
    """Parameter ``state``; empty if it is missing, as the next two."""
    code: str = ""
    """Parameter ``code``."""
    error: str = ""
    """Parameter ``error``."""
    issuer: str | None = None
    """Parameter ``iss``; None if it is missing."""


@dataclass(frozen=True, slots=True)
class FinishedSignIn:
    """A finished sign-in."""

    session: NewSession
    """The session."""
    path: str
    """Path on the gateway to go to."""


class Providers:
    """The identity providers, and sign-in and sign-out by them.

    Parameters
    ----------
    offered
        Providers by their name in URLs, in the order of the sign-in page.
    begun
        The store of sign-ins that were begun.
    sessions
        Begins the session of a person who has an account.
    directories
        Knows the accounts that people can have.
    guard
        Limits failed attempts.
    clock
        Gives the time in seconds since 1970 UTC.
    """

    def __init__(
        self,
        offered: Mapping[str, OfferedProvider],
        begun: BegunStore,
        sessions: Sessions,
        directories: Directories,
        guard: AttemptGuard,
        clock: Clock,
    ) -> None:
        self._offered = dict(offered)
        self._begun = begun
        self._sessions = sessions
        self._directories = directories
        self._guard = guard
        self._clock = clock

    @property
    def titles(self) -> Mapping[str, str]:
        """Names for people, by name in URLs."""
        return {name: offered.title for name, offered in self._offered.items()}

    async def begin(self, caller: Caller, name: str, path: str) -> SignInRedirect:
        """Begin a sign-in with a provider, after which ``path`` is shown.

        Raises
        ------
        NotFound
            There is no such provider.
        Unavailable
            The provider does not answer.
        BackendFailed
            Its discovery document cannot be used.
        """
        provider = self._existing(name).provider
        state, secret, now = new_secret(), new_secret(), self._clock()
        address = await provider.sign_in_address(
            state=state,
            nonce=_derived(secret, state, "nonce"),
            challenge=_challenge(_derived(secret, state, "verifier")),
        )
        begun = BegunSignIn(
            state=digest(state),
            browser=digest(secret),
            provider=name,
            path=path,
            network=network_of(caller.address),
            expires_at=now + BEGUN_SECONDS,
        )
        await self._begun.add(begun, now=now, keep=MOST_BEGUN)
        return SignInRedirect(address, state, secret)

    async def finish(
        self, caller: Caller, name: str, secret: str, answer: ProviderAnswer
    ) -> FinishedSignIn:
        """Begin a session for a person whom a provider has sent back.

        ``secret`` is that of the browser's cookie; empty without one. The session of
        the caller ends.

        Raises
        ------
        NotFound
            There is no such provider.
        InvalidRequest
            This browser has not begun the sign-in with this provider, or too long ago,
            or has used the answer, or the provider does not take its code.
        NotAllowed
            The provider did not sign the person in, or they have no account here.
        TooManyRequests
            The person was refused too often from this address, or very many sign-ins of
            the address wait for the provider.
        Unavailable
            The provider, or what says which account a person has, does not answer.
        BackendFailed
            The provider's answer cannot be understood or trusted.
        """
        offered = self._existing(name)
        path = await self._path_of(name, secret, answer.state)
        await offered.provider.check_issuer(answer.issuer)
        if answer.error or not answer.code:
            raise _not_signed_in(offered.title, answer.error)
        async with self._guard.code_check(caller.address):
            person = await offered.provider.exchange_code(
                answer.code,
                nonce=_derived(secret, answer.state, "nonce"),
                verifier=_derived(secret, answer.state, "verifier"),
            )
        return FinishedSignIn(await self._session(caller, name, offered, person), path)

    async def log_out(self, name: str, token: str) -> int:
        """End sessions of a person who has signed out of a provider.

        ``token`` is the logout token that the provider sends. Returns how many sessions
        were ended, with the tokens of jobs that were submitted in them.

        Raises
        ------
        NotFound
            There is no such provider.
        InvalidRequest
            The token is not valid, or was used before.
        Unavailable
            The provider does not answer.
        """
        logout = await self._existing(name).provider.logged_out(token)
        once = digest(f"{name} {logout.id}")
        ended = await self._sessions.end_by_provider(f"{_MADE_BY}{name}", logout, once)
        if ended is None:
            raise InvalidRequest("This logout token was used before.")
        return ended

    async def sign_out_address(self, caller: Caller) -> tuple[str, str] | None:
        """Return a provider's title and the address at which to sign out of it too.

        None if the caller's session was not begun by a provider that is still
        configured, or if the provider has no such address or does not answer.
        """
        session = await self._sessions.current(caller) if caller.session else None
        if session is None or not session.made_by.startswith(_MADE_BY):
            return None
        offered = self._offered.get(session.made_by.removeprefix(_MADE_BY))
        if offered is None:
            return None
        address = await offered.provider.sign_out_address(session.id_token)
        return (offered.title, address) if address else None

    def _existing(self, name: str) -> OfferedProvider:
        offered = self._offered.get(name)
        if offered is None:
            raise NotFound("There is no such provider to sign in with.")
        return offered

    async def _path_of(self, name: str, secret: str, state: str) -> str:
        """Use up a sign-in that was begun, and return the path to go to."""
        path = None
        if is_secret(secret) and is_secret(state):
            now = self._clock()
            path = await self._begun.take(
                digest(state),
                digest(secret),
                name,
                now=now,
                latest=now + BEGUN_SECONDS + LEEWAY_SECONDS,
            )
        if path is None:
            raise InvalidRequest(
                "This sign-in was not begun in this browser, was finished already, or "
                "was begun more than ten minutes ago. Begin it again."
            )
        return path

    async def _session(
        self,
        caller: Caller,
        name: str,
        offered: OfferedProvider,
        person: ProviderIdentity,
    ) -> NewSession:
        who = f"{person.subject} of {name}"
        await self._guard.refuse_banned(who, caller.address)
        user = await self._user(name, offered, person)
        new = None
        if user is not None:
            new = await self._sessions.sign_in_by_provider(
                caller, user, made_by=f"{_MADE_BY}{name}", person=person
            )
        if new is None:
            await self._guard.failed(who, caller.address)
            raise NotAllowed(
                f"{offered.title} knows who you are, but you have no account of this "
                "gateway. Ask its operator to give you one, and say that there you are "
                f"“{person.subject[:128]}”.",
                subject=person.subject[:128],
            )
        return new

    async def _user(
        self, name: str, offered: OfferedProvider, person: ProviderIdentity
    ) -> User | None:
        """Return the account of a person; None, with a line in the log, without one."""
        mapped = await offered.accounts.account(person.claims)
        if mapped is None:
            _log.info("%r of %s has no account by the rules", person.subject, name)
            return None
        user = None
        if mapped.name != ROOT and is_name(mapped.name):
            user = await self._directories.known(mapped.name)
        if user is None:
            _log.warning(
                "%r of %s would be %s, who may not sign in here or is nobody",
                person.subject, name, mapped.name,
            )  # fmt: skip
            return None
        if user.source == LOCAL and user.role is Role.OWNER and not mapped.exact:
            _log.warning(
                "%r of %s would be the owner %s by a program or a rule with a claim in "
                "it; only a rule that names the owner makes one",
                person.subject, name, mapped.name,
            )  # fmt: skip
            return None
        return user


def _derived(secret: str, state: str, purpose: str) -> str:
    """Return 256 bits that only the browser with this secret leads to, as text."""
    text = f"{purpose} {state}".encode()
    return _base64(hmac.digest(secret.encode(), text, "sha256"))


def _challenge(verifier: str) -> str:
    """Return the PKCE challenge of a verifier by ``S256`` (RFC 7636, section 4.2)."""
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _not_signed_in(title: str, error: str) -> GatewayError:
    if error in _DENIED:
        return NotAllowed(
            f"{title} did not sign you in: you or it said no. Nothing has changed here."
        )
    if error in {"temporarily_unavailable", "server_error"}:
        return Unavailable(
            f"{title} cannot sign anybody in now. Try again later.", retry_after=30
        )
    return InvalidRequest(
        f"{title} sent you back without having signed you in. Begin again; if it "
        "happens again, the gateway is not registered there as it should be."
    )
