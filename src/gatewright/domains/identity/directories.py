"""Combines the directories that authenticate people, and copies their accounts.

The gateway keeps an account for each person who signs in through a directory, to which
sessions, tokens and rights refer. Its groups and role are copied from the directory. A
name belongs to the directory whose person used it first, so that a person of another
directory cannot sign in to the same account.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

from gatewright.core.clock import Clock
from gatewright.core.errors import GatewayError, NotAllowed
from gatewright.domains.identity.credentials import is_name
from gatewright.domains.identity.model import LOCAL, Person, User
from gatewright.domains.identity.ports import AdmittingDirectory, Directory, UserStore

REFRESH_SECONDS = 60.0
_PAGE = 500

_log = logging.getLogger(__name__)


class Directories:
    """All configured directories.

    Parameters
    ----------
    places
        The directories by the name of their plug-in, in the order in which they are
        asked.
    users
        The store of accounts.
    clock
        Gives the time in seconds since 1970 UTC.
    local_people
        Whether the gateway's own accounts are people's, to whom identity providers may
        lead; in multi-user mode people have Unix accounts.
    """

    def __init__(
        self,
        places: Mapping[str, Directory],
        users: UserStore,
        clock: Clock,
        *,
        local_people: bool = True,
    ) -> None:
        self._places = dict(places)
        self._local_people = local_people
        self._users = users
        self._clock = clock

    async def check(self, name: str, password: str) -> tuple[User, str | None] | None:
        """Return the account with this name and password, and the stored hash.

        The hash is that of the gateway's own accounts; None for others. The result is
        None if no directory accepts the name and password.

        Raises
        ------
        NotAllowed
            The password is right, but the account of this name belongs to another
            directory.
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
            raise NotAllowed(
                f"Your password is right, but another account of the gateway has your "
                f"name, one of “{other.source}”. Ask the gateway's operator to remove "
                "it, if it is nobody else's."
            )
        return None

    async def known(self, name: str) -> User | None:
        """Return the account of a person whom an identity provider has signed in.

        The account must be in a directory, and is copied from it as at a sign-in by
        password. None if no directory has it.

        Raises
        ------
        NotAllowed
            The account is closed or has expired, as its directory says.
        Unavailable
            A directory does not answer.
        """
        for source, place in self._places.items():
            if source == LOCAL:
                user = await self._users.get(name) if self._local_people else None
                user = user if user is not None and user.source == LOCAL else None
            else:
                user = await self._admitted(name, source, place)
            if user is not None:
                return user
        return None

    async def _admitted(self, name: str, source: str, place: Directory) -> User | None:
        person = await place.find(name)
        if person is None:
            return None
        if isinstance(place, AdmittingDirectory):
            await place.admit(name)
        return await self._mirrored(person, source)

    async def refresh(self) -> float:
        """Update the accounts from their directories.

        An account that its directory no longer has is removed, with its sessions and
        tokens, and so is one whose name the directory has given to another person.
        Accounts of a directory that does not answer stay as they are. Returns the
        seconds until the next update.
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
            _log.warning(
                "The directory %s does not answer: %s", user.source, error.text
            )
            return
        if person is None:
            await self._users.remove(user.name, self._clock())
            _log.info("%s is no longer known to %s.", user.name, user.source)
        elif (person.groups, person.role) != (user.groups, user.role) or (
            person.subject and person.subject != user.subject
        ):
            await self._mirrored(person, user.source)

    async def _mirrored(self, person: Person, source: str) -> User | None:
        """Create or update a person's account, and return it.

        None if that is refused.
        """
        if not is_name(person.name) or not all(map(is_name, person.groups)):
            _log.warning("The directory %s gave a name that is not valid here.", source)
            return None
        user = User(person.name, person.role, self._clock(), person.groups)
        user = replace(user, source=source, subject=person.subject)
        if not await self._users.mirror(user):
            _log.warning(
                "The account %s belongs to another directory than %s.",
                person.name,
                source,
            )
            return None
        return await self._users.get(person.name)
