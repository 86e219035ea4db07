"""Personal tokens: made, found by key, narrowed to the account, revoked."""

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

TOKENS_PER_USER = 1000
DEFAULT_SECONDS = 90 * 86_400.0
LONGEST_SECONDS = 366 * 86_400.0
LONGEST_LABEL = 200


class Tokens:
    """The personal tokens of all users."""

    def __init__(
        self, store: TokenStore, users: UserStore, clock: Clock, last_use: LastUse
    ) -> None:
        self._store = store
        self._users = users
        self._clock = clock
        self._last_use = last_use

    async def issue(
        self,
        caller: Caller,
        *,
        user: str | None = None,
        label: str = "",
        scopes: Collection[str] | None = None,
        seconds: float | None = None,
    ) -> NewToken:
        """Make a token; its secret is in the answer and nowhere else.

        Parameters
        ----------
        caller
            Who asks; a token of theirs may neither be widened nor outlived so.
        user
            Account that the token acts for, by default the caller's; any other needs
            the scope ``admin``.
        label
            What the user calls it.
        scopes
            What it may do; by default all that the caller may.
        seconds
            How long it lasts; by default 90 days, or what is left of the caller's
            token.

        Raises
        ------
        NotAllowed
            More is asked for than the caller has, in scope or in time.
        InvalidContent
            A scope, the label or the time is not one that a token may have.
        Conflict
            The user has very many tokens already.
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
        self, text: str, *, address: str = "", request_id: str = ""
    ) -> Caller:
        """Return the caller that a token stands for.

        Raises
        ------
        NotSignedIn
            It is not a token, or it was revoked, or it has ended.
        """
        token, user = await self._valid(text)
        now = self._clock()
        if token.used_at is None or now - token.used_at >= TOUCH_SECONDS:
            self._last_use.note(token.key, self._store.touch(token.key, now, address))
        return Caller(
            user=user.name,
            scopes=narrowed(token.scopes, user.role),
            groups=user.groups,
            role=user.role,
            token=token.key,
            address=address,
            request_id=request_id,
        )

    async def _valid(self, text: str) -> tuple[Token, User]:
        parts = split_token(text)
        found = await self._store.find(parts[0]) if parts else None
        if parts and found and same_digest(digest(parts[1]), found[1]):
            token, _, user = found
            if self._is_valid(token):
                return token, user
        raise NotSignedIn(
            "The token is not valid: it is mistyped, was revoked or has ended."
        )

    async def page(
        self,
        caller: Caller,
        limit: int | None = None,
        cursor: str | None = None,
        *,
        everyone: bool = False,
    ) -> Page[Token]:
        """Return the caller's tokens, oldest first; an operator may see all."""
        caller.require(Scope.ADMIN if everyone else Scope.ACCOUNT_READ)
        count = page_limit(limit)
        after = str(decode_cursor(cursor, str)[0]) if cursor else ""
        user = None if everyone else caller.require_user()
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
            The caller has no token of this key.
        """
        caller.require(Scope.ACCOUNT_READ)
        found = await self._store.find(key) if is_key(key) else None
        if found is None or found[0].user != caller.require_user():
            raise _no_token()
        return found[0]

    async def is_still(self, caller: Caller) -> bool:
        """Return whether the token that the caller came with has not ended since."""
        found = await self._store.find(caller.token)
        return found is not None and self._is_valid(found[0])

    def _is_valid(self, token: Token) -> bool:
        """Return whether a token lasts still, by a clock that was not set back.

        A token of a time to come would last longer than it was made for.
        """
        now = self._clock()
        return token.created_at - LEEWAY_SECONDS <= now < token.expires_at

    async def end_of(self, caller: Caller) -> float | None:
        """Return when the token that the caller came with ends."""
        found = await self._store.find(caller.token)
        return found[0].expires_at if found else None

    async def revoke(self, caller: Caller, key: str, *, anyone: bool = False) -> int:
        """End a token and those made with it; return how many ended.

        ``anyone`` ends a token of whatever user, for those with the scope ``admin``.

        Raises
        ------
        NotFound
            The caller has no token of this key.
        """
        caller.require(Scope.ADMIN if anyone else Scope.ACCOUNT_MANAGE)
        user = None if anyone else caller.require_user()
        ended = await self._store.remove(key, user) if is_key(key) else 0
        if not ended:
            raise _no_token()
        return ended


def _no_token() -> NotFound:
    return NotFound("You have no such token.")
