"""Personal tokens: creation, look-up, and revocation."""

from collections.abc import Collection

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import LEEWAY_SECONDS, Clock, timestamp
from gatewright.core.errors import (
    Conflict,
    InvalidContent,
    NotAllowed,
    NotFound,
    NotSignedIn,
)
from gatewright.core.ids import new_id, new_secret
from gatewright.core.pages import Page, decode_cursor, encode_cursor, page_limit
from gatewright.domains.identity.credentials import (
    digest,
    is_key,
    is_name,
    same_digest,
    split_token,
    token_text,
)
from gatewright.domains.identity.last_use import TOUCH_SECONDS, LastUse
from gatewright.domains.identity.model import NewToken, Token, User
from gatewright.domains.identity.ports import TokenStore, UserStore
from gatewright.domains.identity.scopes import grantable, narrowed
from gatewright.domains.identity.sessions import Sessions

TOKENS_PER_USER = 1000
JOB_TOKENS_PER_USER = 5000
DEFAULT_SECONDS = 90 * 86_400.0
LONGEST_SECONDS = 366 * 86_400.0
LONGEST_LABEL = 200
_NOT_FOR_JOBS = frozenset({Scope.ACCOUNT_MANAGE, Scope.ADMIN})


class Tokens:
    """The personal tokens of all users, and those of their jobs.

    Parameters
    ----------
    store, users
        The tokens and the accounts.
    sessions
        The sessions, with which tokens of jobs end.
    clock
        Gives the time in seconds since 1970 UTC.
    last_use
        Stores the last use of tokens.
    job_seconds
        Longest lifetime of the token of a job, seconds.
    """

    def __init__(
        self,
        store: TokenStore,
        users: UserStore,
        sessions: Sessions,
        clock: Clock,
        last_use: LastUse,
        job_seconds: float,
    ) -> None:
        self._store = store
        self._users = users
        self._sessions = sessions
        self._clock = clock
        self._last_use = last_use
        self._job_seconds = job_seconds

    async def issue(
        self,
        caller: Caller,
        *,
        user: str | None = None,
        label: str = "",
        scopes: Collection[str] | None = None,
        seconds: float | None = None,
    ) -> NewToken:
        """Create a token; its secret is in the result and is not stored.

        Parameters
        ----------
        caller
            Who requests it. If they use a token, the new one can have neither more
            scopes nor a later expiry.
        user
            Account for which the token acts, by default the caller's; any other
            requires the scope ``admin``.
        label
            Description of the token.
        scopes
            Scopes; by default all that the caller has.
        seconds
            Lifetime in seconds; by default 90 days, or the rest of the lifetime of the
            caller's token.

        Raises
        ------
        NotAllowed
            The caller does not have a scope, or their token expires earlier.
        NotFound
            The caller can see no account of this name.
        InvalidContent
            A scope, the label or the lifetime is invalid.
        Conflict
            The user has 1,000 tokens already.
        """
        caller.require(Scope.ACCOUNT_MANAGE)
        account = await self._account(caller, user)
        granted = grantable(scopes, caller, account.role)
        if len(label) > LONGEST_LABEL or not label.isprintable():
            raise InvalidContent(
                f"A label has at most {LONGEST_LABEL} characters, all of them "
                "printable."
            )
        now = self._clock()
        token = Token(
            key=new_id(),
            user=account.name,
            label=label,
            scopes=granted,
            created_at=now,
            expires_at=await self._end(caller, now, seconds),
            parent=caller.token,
        )
        secret = new_secret()
        if not await self._store.add(token, digest(secret), most=TOKENS_PER_USER):
            raise Conflict(
                f"There are {TOKENS_PER_USER} tokens already. Revoke some of them."
            )
        return NewToken(token_text(token.key, secret), token)

    async def delegate(
        self,
        caller: Caller,
        *,
        label: str,
        scopes: Collection[str],
        seconds: float | None = None,
    ) -> NewToken:
        """Create a token for a job of the caller; its secret is only in the result.

        It is revoked with the token that the caller uses, and is not valid any more
        when the session has ended that the caller uses, or that their token was
        delegated in. Who has submitted the job ends it with the job
        (:meth:`end_delegated`).

        Parameters
        ----------
        caller
            Who submits the job.
        label
            Name of the job.
        scopes
            Scopes, all of which the caller has.
        seconds
            Lifetime in seconds; by default as long as the caller's token or session
            and the configuration allow.

        Raises
        ------
        NotAllowed
            The caller does not have a scope, or what they use ends earlier.
        InvalidContent
            A scope or the lifetime is invalid.
        Conflict
            The user's jobs have 5,000 tokens already.
        """
        caller.require(Scope.JOBS_SUBMIT)
        account = await self._account(caller, None)
        granted = grantable(scopes, caller, account.role)
        for scope in sorted(granted & _NOT_FOR_JOBS):
            raise NotAllowed(
                f"The token of a job cannot have the scope “{scope}”: it makes no "
                "tokens and manages no accounts.",
                scope=scope,
            )
        longest = self._job_seconds
        if seconds is not None and not 1 <= seconds <= longest:
            raise InvalidContent(
                f"The token of a job lasts from one second to {longest:.0f} seconds."
            )
        now, latest, session = self._clock(), float("inf"), caller.session
        if caller.token:
            parent = await self._store.find(caller.token)
            latest = parent[0].expires_at if parent else now
            session = parent[0].session if parent else ""
        elif session:
            current = await self._sessions.current(caller)
            latest = current.expires_at if current else now
        wanted = now + (longest if seconds is None else seconds)
        if seconds is not None and wanted > latest:
            raise NotAllowed(
                "The token of a job cannot last longer than what it was submitted "
                f"with, which ends at {timestamp(latest)}."
            )
        token = Token(
            key=new_id(),
            user=account.name,
            label=label,
            scopes=granted,
            created_at=now,
            expires_at=min(wanted, latest),
            parent=caller.token,
            session=session,
            delegated=True,
        )
        secret = new_secret()
        if not await self._store.add(token, digest(secret), most=JOB_TOKENS_PER_USER):
            raise Conflict(
                f"Your jobs have {JOB_TOKENS_PER_USER} tokens already. Try again when "
                "some of them have ended."
            )
        return NewToken(token_text(token.key, secret), token)

    async def end_delegated(self, keys: Collection[str]) -> None:
        """End tokens of jobs, with all made with them; other tokens are left alone."""
        for key in keys:
            found = await self._store.find(key) if is_key(key) else None
            if found is not None and found[0].delegated:
                await self._store.remove(key, None)

    async def _account(self, caller: Caller, name: str | None) -> User:
        name = caller.require_user() if name is None else name
        seen = is_name(name) and (name == caller.user or caller.may(Scope.ADMIN))
        user = await self._users.get(name) if seen else None
        if user is None:
            raise NotFound(f"There is no user “{name[:128]}”.")
        return user

    async def _end(self, caller: Caller, now: float, seconds: float | None) -> float:
        if seconds is not None and not 1 <= seconds <= LONGEST_SECONDS:
            raise InvalidContent("A token lasts from one second to 366 days.")
        wanted = now + (DEFAULT_SECONDS if seconds is None else seconds)
        if not caller.token:
            return wanted
        parent = await self._store.find(caller.token)
        latest = parent[0].expires_at if parent else now
        if seconds is not None and wanted > latest:
            raise NotAllowed(
                "A token cannot make one that lasts longer than itself; this one ends "
                f"at {timestamp(latest)}."
            )
        return min(wanted, latest)

    async def caller(
        self,
        text: str,
        *,
        address: str = "",
        request_id: str = "",
        is_use: bool = True,
    ) -> Caller:
        """Return the caller that a token stands for.

        If ``is_use`` is false, this does not count as a use of the token.

        Raises
        ------
        NotSignedIn
            The text is not a token, or the token was revoked or has expired.
        """
        parts = split_token(text)
        found = await self._store.find(parts[0]) if parts else None
        if not (
            parts
            and found
            and same_digest(digest(parts[1]), found[1])
            and await self._is_valid(found[0])
            and not found[2].disabled
        ):
            raise NotSignedIn(
                "The token is not valid: it is mistyped, was revoked or has ended."
            )
        token, _, user = found
        now = self._clock()
        used_at = float("-inf") if token.used_at is None else token.used_at
        if is_use and now - used_at >= TOUCH_SECONDS:
            self._last_use.note(token.key, self._store.touch(token.key, now, address))
        return Caller(
            user=user.name,
            scopes=narrowed(token.scopes, user.role),
            groups=user.groups,
            role=user.role,
            token=token.key,
            app=f"{'job' if token.delegated else 'token'}:{token.label}",
            address=address,
            request_id=request_id,
        )

    async def page(
        self,
        caller: Caller,
        limit: int | None = None,
        cursor: str | None = None,
        *,
        everyone: bool = False,
        user: str | None = None,
    ) -> Page[Token]:
        """Return a page of the caller's tokens, or of all tokens, oldest first.

        ``everyone`` returns those of all accounts, or of the account ``user`` alone,
        and requires the scope ``admin``.
        """
        caller.require(Scope.ADMIN if everyone else Scope.ACCOUNT_READ)
        count = page_limit(limit)
        after = str(decode_cursor(cursor, str)[0]) if cursor else ""
        user = user if everyone else caller.require_user()
        if user is not None and not is_name(user):
            return Page([])
        tokens = await self._store.page(user, after, count + 1)
        more = len(tokens) > count
        return Page(
            tokens[:count], encode_cursor(tokens[count - 1].key) if more else None
        )

    async def get(self, caller: Caller, key: str) -> Token:
        """Return one of the caller's tokens.

        Raises
        ------
        NotFound
            The caller has no token with this key.
        """
        caller.require(Scope.ACCOUNT_READ)
        found = await self._store.find(key) if is_key(key) else None
        if found is None or found[0].user != caller.require_user():
            raise _no_token()
        return found[0]

    async def is_still(self, caller: Caller) -> bool:
        """Return whether the caller's token has neither expired nor been revoked."""
        found = await self._store.find(caller.token)
        return found is not None and await self._is_valid(found[0])

    async def _is_valid(self, token: Token) -> bool:
        """Return whether a token, and the session with which it ends, have not ended.

        A token that begins in the future, because the clock was set back, is refused:
        it would last longer than intended.
        """
        now = self._clock()
        if not token.created_at - LEEWAY_SECONDS <= now < token.expires_at:
            return False
        return not token.session or await self._sessions.lasts(
            token.user, token.session
        )

    async def end_of(self, caller: Caller) -> float | None:
        """Return when the caller's token expires, seconds since 1970 UTC, or None."""
        found = await self._store.find(caller.token)
        return found[0].expires_at if found else None

    async def revoke(self, caller: Caller, key: str, *, anyone: bool = False) -> int:
        """Revoke a token and all made with it; return how many were revoked.

        ``anyone`` allows tokens of all accounts and requires the scope ``admin``.

        Raises
        ------
        NotFound
            The caller has no token with this key.
        """
        caller.require(Scope.ADMIN if anyone else Scope.ACCOUNT_MANAGE)
        user = None if anyone else caller.require_user()
        ended = await self._store.remove(key, user) if is_key(key) else 0
        if not ended:
            raise _no_token()
        return ended


def _no_token() -> NotFound:
    return NotFound("You have no such token.")
