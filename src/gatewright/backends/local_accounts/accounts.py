"""The gateway's own accounts as a directory of people."""

from gatewright.domains.identity import (
    PasswordHasher,
    Person,
    Proof,
    UserStore,
    is_name,
)


class LocalAccounts:
    """Implements :class:`gatewright.domains.identity.Directory` with own accounts.

    These are the accounts that the gateway itself stores.

    Parameters
    ----------
    users
        The accounts, with the hashes of their passwords.
    hasher
        Checks passwords.
    """

    def __init__(self, users: UserStore, hasher: PasswordHasher) -> None:
        self._users = users
        self._hasher = hasher

    async def check(self, name: str, password: str) -> Proof | None:
        hashed = await self._users.password_hash(name) if is_name(name) else None
        right = await self._hasher.verify(password, hashed)
        if hashed is None or not right:
            return None
        if self._hasher.outdated(hashed):
            again = await self._hasher.hash(password)
            await self._users.set_password_hash(
                name, again, end_sessions=False, instead_of=hashed
            )
            hashed = again
        person = await self.find(name)
        return None if person is None else Proof(person, hashed)

    async def find(self, name: str) -> Person | None:
        user = await self._users.get(name) if is_name(name) else None
        return None if user is None else Person(user.name, user.groups, user.role)
