"""A way to know people of somebody else: a file with a line for each person.

A line is ``name:hash:groups``; the groups are separated by commas, and the hash is
what the gateway's hasher makes of the password. The file is read at each question.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from gatewright.backends.plugin import IdentityPlugin, IdentitySetting
from gatewright.core.config import Section
from gatewright.core.errors import Unavailable
from gatewright.domains.identity import PasswordHasher, Person, Proof


class RosterOptions(Section):
    """People in a file."""

    file: Path
    """A line ``name:hash:groups`` for each person."""


class Roster:
    """Implements :class:`gatewright.domains.identity.Directory`."""

    def __init__(self, file: Path, hasher: PasswordHasher) -> None:
        self._file = file
        self._hasher = hasher

    async def check(self, name: str, password: str) -> Proof | None:
        person, hashed = (await self._people()).get(name, (None, None))
        right = await self._hasher.verify(password, hashed)
        return Proof(person) if person is not None and right else None

    async def find(self, name: str) -> Person | None:
        return (await self._people()).get(name, (None, None))[0]

    async def _people(self) -> Mapping[str, tuple[Person, str]]:
        try:
            text = await asyncio.to_thread(self._file.read_text, encoding="utf-8")
        except OSError as error:
            raise Unavailable("The list of people cannot be read.") from error
        people = {}
        for line in text.splitlines():
            name, hashed, groups = line.split(":")
            people[name] = (Person(name, frozenset(groups.split(",")) - {""}), hashed)
        return people


@asynccontextmanager
async def open_roster(setting: IdentitySetting[RosterOptions]) -> AsyncIterator[Roster]:
    yield Roster(setting.options.file, setting.hasher)


plugin = IdentityPlugin(RosterOptions, open_roster)
