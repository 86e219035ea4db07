"""Accounts: creation, roles, groups and passwords."""

from gatewright.core.caller import Caller, Role, Scope
from gatewright.core.clock import Clock
from gatewright.core.errors import (
    AlreadyExists,
    Conflict,
    InvalidContent,
    NotAllowed,
    NotFound,
)
from gatewright.core.pages import Page, decode_cursor, encode_cursor, page_limit
from gatewright.domains.identity.credentials import is_name
from gatewright.domains.identity.model import LOCAL, User
from gatewright.domains.identity.ports import PasswordHasher, UserStore

LONGEST_PASSWORD = 1024
_PAGE = 500


class Users:
    """The accounts of the gateway.

    With ``sole_owner``, only the gateway owner's account may have the role of owner:
    another local account with this role would act as the Unix account of its name,
    which has a password elsewhere.
    """

    def __init__(
        self,
        store: UserStore,
        hasher: PasswordHasher,
        clock: Clock,
        owner: str,
        *,
        sole_owner: bool = False,
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self.owner = owner
        """Name of the gateway owner's account, which cannot be removed."""
        self._sole_owner = sole_owner

    async def ensure_owner(self) -> None:
        """Create the owner's account if it is missing, and set its role to owner."""
        user = await self._store.get(self.owner)
        if user is None:
            new = User(self.owner, Role.OWNER, self._clock())
            await self._store.add(new, None)
        elif user.role is not Role.OWNER:
            await self._store.set_role(self.owner, Role.OWNER)

    async def check_owners(self) -> None:
        """Refuse owners among the local accounts that may not have this role.

        Raises
        ------
        Conflict
            A local account has the role of owner, which it may not have.
        """
        after = ""
        while self._sole_owner and (users := await self._store.page(after, _PAGE)):
            for user in users:
                if user.source == LOCAL and self._is_refused(user.name, user.role):
                    raise Conflict(
                        f"The local account “{user.name}” is an owner from single-user "
                        "mode, and would act as the Unix account of that name. Remove "
                        f"it: gatewright user remove {user.name}"
                    )
            after = users[-1].name

    def _is_refused(self, name: str, role: Role) -> bool:
        return self._sole_owner and role is Role.OWNER and name != self.owner

    async def get(self, caller: Caller, name: str) -> User:
        """Return the caller's own account, or any account with the scope ``admin``.

        Raises
        ------
        NotFound
            There is no such account, or the caller may not see it.
        """
        caller.require(Scope.ACCOUNT_READ)
        if name != caller.require_user() and not caller.may(Scope.ADMIN):
            raise _no_user(name)
        return await self._existing(name)

    async def of(self, caller: Caller) -> User | None:
        """Return the caller's account as it is now; None if it was removed."""
        return await self._store.get(caller.user)

    async def exists(self, name: str) -> bool:
        """Return whether there is an account of this name."""
        return is_name(name) and await self._store.get(name) is not None

    async def created_at(self, name: str) -> float | None:
        """Return when the account of this name was created; None if there is none."""
        user = await self._store.get(name) if is_name(name) else None
        return None if user is None else user.created_at

    async def group_exists(self, name: str) -> bool:
        """Return whether the group has any member."""
        return is_name(name) and await self._store.group_exists(name)

    async def page(
        self, caller: Caller, limit: int | None = None, cursor: str | None = None
    ) -> Page[User]:
        """Return a page of all accounts by name; requires the scope ``admin``."""
        caller.require(Scope.ADMIN)
        count = page_limit(limit)
        after = str(decode_cursor(cursor, str)[0]) if cursor else ""
        users = await self._store.page(after, count + 1)
        more = len(users) > count
        return Page(
            users[:count], encode_cursor(users[count - 1].name) if more else None
        )

    async def add(
        self, caller: Caller, name: str, password: str, role: Role = Role.GUEST
    ) -> User:
        """Create an account.

        The gateway creates the owner's account by itself, without a password. Adding
        this account once more sets its password.

        Raises
        ------
        AlreadyExists
            The name is taken.
        InvalidContent
            The name or the password is not valid.
        NotAllowed
            The account may not have the role of owner.
        """
        caller.require(Scope.ADMIN)
        if self._is_refused(name, role):
            raise NotAllowed(
                "In multi-user mode no local account is an owner: it would act as the "
                "Unix account of its name. People sign in as their Unix accounts, and "
                "those of the group “admins” of [identity.pam] administer the gateway."
            )
        _check_name(name, "An account's name")
        hashed = await self._hash(password)
        role = Role.OWNER if name == self.owner else role
        user = User(name, role, self._clock(), has_password=True)
        if not await self._store.add(user, hashed):
            # The owner is there from the beginning, without a password.
            if name != self.owner or await self._store.password_hash(name):
                raise AlreadyExists(
                    f"There is an account “{name}” already. Change its password with "
                    "“gatewright user password”."
                )
            await self._store.set_password_hash(name, hashed, end_sessions=True)
        return await self._existing(name)

    async def remove(self, caller: Caller, name: str) -> None:
        """Remove an account with its sessions, tokens and the rights granted to it.

        Its documents and jobs are kept under its name. What the person said about
        candidates (votes, comments, labels, filters, changes of objects) is kept under
        a name that no account can have, such as “ada (removed 2026-11-30)”.

        Raises
        ------
        NotFound
            There is no such account.
        Conflict
            It is the owner's account.
        """
        caller.require(Scope.ADMIN)
        if name == self.owner:
            raise Conflict("The account of the gateway's owner cannot be removed.")
        if not (is_name(name) and await self._store.remove(name, self._clock())):
            raise _no_user(name)

    async def set_disabled(self, caller: Caller, name: str, *, disabled: bool) -> User:
        """Disable an account, or enable it again, and return it.

        Nobody can sign in to a disabled account, its sessions end, and its tokens are
        refused until it is enabled again. Jobs that it has submitted go on.

        Raises
        ------
        NotFound
            There is no such account.
        Conflict
            It is the owner's account or the caller's own, which stay enabled so that
            somebody can administer the gateway.
        """
        caller.require(Scope.ADMIN)
        if disabled and name in {self.owner, caller.user}:
            whose = "your own" if name == caller.user else "that of the gateway's owner"
            raise Conflict(f"This account is {whose}, which cannot be disabled.")
        at = self._clock() if disabled else None
        if not (is_name(name) and await self._store.set_disabled(name, at)):
            raise _no_user(name)
        return await self._existing(name)

    async def set_password(self, caller: Caller, name: str, password: str) -> None:
        """Set an account's password, and end its sessions.

        Raises
        ------
        NotFound
            There is no such account.
        Conflict
            The account belongs to another directory, which keeps its password.
        InvalidContent
            The password is empty or too long.
        """
        caller.require(Scope.ADMIN)
        user = await self._existing(name)
        if user.source != LOCAL:
            raise Conflict(
                f"The account “{name}” is one of “{user.source}”: its password is "
                "changed there."
            )
        hashed = await self._hash(password)
        await self._store.set_password_hash(name, hashed, end_sessions=True)

    async def join(self, caller: Caller, name: str, group: str) -> None:
        """Add an account to a group, which exists as soon as it has a member."""
        caller.require(Scope.ADMIN)
        _check_name(group, "A group's name")
        await self._existing(name)
        await self._store.join(name, group)

    async def leave(self, caller: Caller, name: str, group: str) -> None:
        """Remove an account from a group.

        Raises
        ------
        NotFound
            The account is not in the group.
        """
        caller.require(Scope.ADMIN)
        if not (is_name(group) and await self._store.leave(name, group)):
            raise NotFound(f"The account “{name[:128]}” is not in that group.")

    async def _existing(self, name: str) -> User:
        user = await self._store.get(name) if is_name(name) else None
        if user is None:
            raise _no_user(name)
        return user

    async def _hash(self, password: str) -> str:
        if not 1 <= len(password) <= LONGEST_PASSWORD:
            raise InvalidContent(f"A password has 1 to {LONGEST_PASSWORD} characters.")
        return await self._hasher.hash(password)


def _check_name(name: str, what: str) -> None:
    if not is_name(name):
        raise InvalidContent(
            f"{what} begins with a letter or digit, goes on with letters, digits, "
            "“.”, “_” and “-”, and has at most 128 characters."
        )


def _no_user(name: str) -> NotFound:
    return NotFound(f"There is no user “{name[:128]}”.")
