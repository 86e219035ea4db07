"""The places that know people: asked one after another, and followed.

The gateway keeps an account for each person who signs in by a directory, so that
sessions, tokens and rights have something to stand on; its groups and role are the
directory's. A name belongs to the directory whose person had it first, so that nobody
signs in as an account of another.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

from gatewright.core.clock import Clock
from gatewright.core.errors import GatewayError, NotSignedIn
from gatewright.domains.identity.credentials import is_name
from gatewright.domains.identity.model import LOCAL, Person, User
from gatewright.domains.identity.ports import Directory, UserStore

REFRESH_SECONDS = 60.0
_PAGE = 500

_log = logging.getLogger(__name__)


class Directories:
    """All configured directories.

    Parameters
    ----------
    places
        The directories by the name of their plug-in, in the order to ask them.
    users
        The accounts.
    clock
        Seconds since 1970 UTC.
    """

    def __init__(
        self, places: Mapping[str, Directory], users: UserStore, clock: Clock
    ) -> None:
        self._places = dict(places)
        self._users = users
        self._clock = clock

    async def check(self, name: str, password: str) -> tuple[User, str | None] | None:
        """Return the account whose password was given, and the hash that it fits.

        None if no directory knows the name and the password.

        Raises
        ------
        NotSignedIn
            The password is right, and the account of that name is of another directory.
        """
        other = None
        for source, place in self._places.items():
            proof = await place.check(name, password)
            if proof is None:
                continue
            if source == LOCAL:
                user = await self._users.get(proof.person.name)
            else:
                user = await self._mirrored(proof.person, source)
            if user is not None:
                return user, proof.password_hash
            other = await self._users.get(name) if is_name(name) else None
        if other is not None:
            raise NotSignedIn(
                f"Your password is right, but another account of the gateway has your "
                f"name, one of “{other.source}”. Ask the gateway's operator to remove "
                "it, if it is nobody else's."
            )
        return None

    async def refresh(self) -> float:
        """Bring the accounts up to date with their directories; return when again.

        An account that its directory no longer knows is removed, with its sessions
        and tokens. What is of a directory that is away stays as it is.
        """
        after = ""
        while users := await self._users.page(after, _PAGE):
            for user in users:
                if user.source != LOCAL:
                    await self._follow(user)
            after = users[-1].name
        return REFRESH_SECONDS

    async def _follow(self, user: User) -> None:
        place = self._places.get(user.source)
        try:
            person = None if place is None else await place.find(user.name)
        except GatewayError as error:
            _log.warning("The directory %s is away: %s", user.source, error.text)
            return
        if person is None:
            await self._users.remove(user.name)
            _log.info("%s is no longer known to %s.", user.name, user.source)
        elif (person.groups, person.role) != (user.groups, user.role):
            await self._mirrored(person, user.source)

    async def _mirrored(self, person: Person, source: str) -> User | None:
        """Make or update a person's account from the directory, and return it."""
        if not is_name(person.name) or not all(map(is_name, person.groups)):
            _log.warning("A name of the directory %s is none here.", source)
            return None
        user = User(person.name, person.role, self._clock(), person.groups)
        if not await self._users.mirror(replace(user, source=source)):
            _log.warning("%s of %s is another's name here.", person.name, source)
            return None
        return await self._users.get(person.name)
