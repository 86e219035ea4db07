"""Sessions: sign-in, sign-out, and finding the caller of a session cookie."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import LEEWAY_SECONDS, Clock
from gatewright.core.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from gatewright.core.ids import new_id, new_secret
from gatewright.domains.identity.attempts import AttemptGuard
from gatewright.domains.identity.credentials import (
    PROGRAM,
    digest,
    is_key,
    is_name,
    is_program_secret,
    is_secret,
)
from gatewright.domains.identity.directories import Directories
from gatewright.domains.identity.last_use import TOUCH_SECONDS, LastUse
from gatewright.domains.identity.model import NewSession, Session, User
from gatewright.domains.identity.ports import SessionStore, UserStore
from gatewright.domains.identity.provider_ports import LoggedOut, ProviderIdentity
from gatewright.domains.identity.scopes import role_scopes
from gatewright.domains.identity.users import LONGEST_PASSWORD

SESSIONS_PER_USER = 100
LINK_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long sessions last."""

    idle_seconds: float
    """Longest time between two requests, seconds."""
    seconds: float
    """Longest time since the sign-in, seconds."""


class Sessions:
    """The sessions of all users."""

    def __init__(
        self,
        store: SessionStore,
        users: UserStore,
        directories: Directories,
        guard: AttemptGuard,
        limits: SessionLimits,
        clock: Clock,
        last_use: LastUse,
    ) -> None:
        self._store = store
        self._users = users
        self._directories = directories
        self._guard = guard
        self._limits = limits
        self._clock = clock
        self._last_use = last_use

    async def sign_in(
        self, caller: Caller, name: str, password: str, *, program: bool = False
    ) -> NewSession:
        """Begin a session with a name and password; the caller's own session ends.

        Parameters
        ----------
        program
            Whether the session is for a program and not for a browser. Its secret then
            has a prefix, and ``web.authentication`` refuses it in requests that a
            browser may have sent.

        Raises
        ------
        NotSignedIn
            The name or the password is wrong; the message does not say which.
        TooManyRequests
            There were too many failures for this name from this address.
        Unavailable
            Too many sign-ins are being checked.
        """
        async with self._guard.attempt(name, caller.address) as attempt:
            known = await self._directories.check(name, password[:LONGEST_PASSWORD])
            if known is None:
                await attempt.failed()
                raise _wrong()
            await attempt.succeeded()
            user, hashed = known
            new = await self._begin(
                caller, user, hashed, program=program, made_by="password"
            )
            if new is None:
                raise _wrong()
            return new

    async def make_sign_in_link(self, user: str, seconds: float = LINK_SECONDS) -> str:
        """Return a code with which a user can sign in once within ``seconds``.

        It is valid for a day at most.

        Raises
        ------
        NotFound
            There is no such account.
        """
        if await self._users.get(user) is None:
            raise NotFound(f"There is no user “{user}”.")
        code, now = new_secret(), self._clock()
        end = now + min(seconds, LINK_SECONDS)
        await self._store.add_link(digest(code), user, end, now=now)
        return code

    async def sign_in_by_link(self, caller: Caller, code: str) -> NewSession:
        """Begin a session with a one-time code, which then is no longer valid.

        Raises
        ------
        NotSignedIn
            The code is unknown, was used, or has expired.
        """
        name = None
        if is_secret(code):
            now = self._clock()
            latest = now + LINK_SECONDS + LEEWAY_SECONDS
            name = await self._store.take_link(digest(code), now, latest)
        user = await self._users.get(name) if name else None
        new = await self._begin(caller, user, made_by="link") if user else None
        if new is None:
            raise NotSignedIn(
                "This sign-in link was used already or has ended. Ask the gateway's "
                "operator for another, or sign in with your password."
            )
        return new

    async def sign_in_by_provider(
        self, caller: Caller, user: User, *, made_by: str, person: ProviderIdentity
    ) -> NewSession | None:
        """Begin a session for a person whom an identity provider has signed in.

        The caller's own session ends.

        Parameters
        ----------
        made_by
            The provider, as ``provider:NAME``.
        person
            What the provider says of the person and of its own session.

        Returns
        -------
        NewSession or None
            None if the account was removed meanwhile.
        """
        return await self._begin(caller, user, made_by=made_by, person=person)

    async def end_by_provider(
        self, made_by: str, logout: LoggedOut, once: str
    ) -> int | None:
        """End the sessions of a person who has signed out of their identity provider.

        Returns how many have ended; None if the logout token with the digest ``once``
        was used before.
        """
        return await self._store.end_by_provider(
            made_by, logout.subject, logout.sid, once=once, until=logout.until,
            now=self._clock(),
        )  # fmt: skip

    async def _begin(
        self,
        caller: Caller,
        user: User,
        hashed: str | None = None,
        *,
        made_by: str,
        person: ProviderIdentity | None = None,
        program: bool = False,
    ) -> NewSession | None:
        """Begin a session; None if the account or its password changed meanwhile.

        Checking a password takes long enough that it can be changed during the check; a
        session begun with the old password must not start then.

        Raises
        ------
        NotAllowed
            The account is disabled.
        """
        if user.disabled:
            raise NotAllowed(
                f"The account “{user.name}” is disabled. Ask an administrator of the "
                "gateway."
            )
        now, secret = self._clock(), new_secret()
        if program:
            secret = f"{PROGRAM}{secret}"
        session = Session(
            key=new_id(),
            user=user.name,
            created_at=now,
            used_at=now,
            expires_at=now + self._limits.seconds,
            address=caller.address,
            made_by=made_by,
            id_token=person.id_token if person else "",
            subject=person.subject if person else "",
            sid=person.sid if person else "",
        )
        added = await self._store.add(
            session,
            digest(secret),
            instead_of=caller.session,
            keep=SESSIONS_PER_USER,
            password_hash=hashed,
        )
        return NewSession(secret, session, user) if added else None

    async def caller(
        self,
        secret: str,
        *,
        address: str = "",
        request_id: str = "",
        is_use: bool = True,
    ) -> Caller | None:
        """Return the caller of a session cookie; None if there is no such session.

        If ``is_use`` is false, this does not count as a use of the session.
        """
        found = await self._store.find(digest(secret)) if is_secret(secret) else None
        if found is None:
            return None
        session, user = found
        now = self._clock()
        if user.disabled or not self._is_alive(session, now):
            return None
        if is_use and now - session.used_at >= min(TOUCH_SECONDS, self._idle / 4):
            self._last_use.note(session.key, self._store.touch(session.key, now))
        return Caller(
            user=user.name,
            scopes=role_scopes(user.role),
            groups=user.groups,
            role=user.role,
            session=session.key,
            app="program" if is_program_secret(secret) else "browser",
            address=address,
            request_id=request_id,
        )

    @property
    def _idle(self) -> float:
        return self._limits.idle_seconds

    async def of(self, caller: Caller, user: str | None = None) -> Sequence[Session]:
        """Return sessions that have not ended, oldest first.

        They are the caller's, or those of another account, which requires the scope
        ``admin``.

        Raises
        ------
        NotFound
            There is no such account.
        """
        caller.require(Scope.ACCOUNT_READ if user is None else Scope.ADMIN)
        if user is None:
            return await self._alive(caller.require_user())
        if not is_name(user) or await self._users.get(user) is None:
            raise NotFound(f"There is no user “{user[:128]}”.")
        return await self._alive(user)

    async def _alive(self, user: str) -> Sequence[Session]:
        now = self._clock()
        return [
            session
            for session in await self._store.of_user(user)
            if self._is_alive(session, now)
        ]

    def _is_alive(self, session: Session, now: float) -> bool:
        """Return whether a session has not ended.

        A session that begins in the future, because the clock was set back, has.
        """
        end = min(session.expires_at, session.used_at + self._idle)
        return session.created_at - LEEWAY_SECONDS <= now < end

    async def is_still(self, caller: Caller) -> bool:
        """Return whether the caller's session has not ended."""
        return await self.lasts(caller.user, caller.session)

    async def lasts(self, user: str, key: str) -> bool:
        """Return whether an account's session with this key has not ended."""
        return key in [session.key for session in await self._alive(user)]

    async def current(self, caller: Caller) -> Session | None:
        """Return the caller's session; None without one."""
        for session in await self._store.of_user(caller.user):
            if session.key == caller.session:
                return session
        return None

    async def sign_out(self, caller: Caller) -> None:
        """End the caller's session, if there is one.

        Raises
        ------
        Conflict
            The caller uses a token, which has no session.
        """
        if caller.token:
            raise Conflict(
                "A token has no session to end; revoke it with DELETE "
                f"/api/v1/tokens/{caller.token}."
            )
        if caller.session:
            await self._store.remove(caller.session, caller.user)

    async def end(self, caller: Caller, key: str, user: str | None = None) -> None:
        """End one of the caller's sessions, or of another account's as ``admin``.

        Raises
        ------
        NotFound
            The account has no session with this key.
        """
        caller.require(Scope.ACCOUNT_MANAGE if user is None else Scope.ADMIN)
        whose = caller.require_user() if user is None else user
        known = is_key(key) and is_name(whose)
        if not (known and await self._store.remove(key, whose)):
            raise NotFound(
                "You have no such session."
                if user is None
                else "The account has no such session."
            )


def _wrong() -> NotSignedIn:
    return NotSignedIn("The user name or the password is not right.")
