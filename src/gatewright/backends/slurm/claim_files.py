"""Finds the claim files of jobs, which tell whether the work of a job has begun."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.marks import NativeId
from gatewright.backends.slurm.rows import QueueRow
from gatewright.backends.slurm.script import Claim, claim_name, done_name
from gatewright.core.errors import Conflict
from gatewright.core.homes import Homes

FOLDER = ".gatewright/slurm"
"""Folder of the claim files, relative to a user's home."""
_LISTED_FROM = 20
"""Elements of an array from which on their claim files are listed."""


class ClaimFiles:
    """The claim files in the homes of users.

    Parameters
    ----------
    client
        Reads them as their users.
    home
        Returns the home directories of users, which their jobs see too.
    grants
        Returns the grants, at most one each, by which a user's jobs of these names go
        on without the user.
    """

    def __init__(
        self,
        client: Client,
        home: Homes,
        grants: Callable[[str, Sequence[str]], Sequence[str]],
    ) -> None:
        self._client = client
        self._home = home
        self._grants = grants

    async def folder(self, user: str) -> str:
        """Return the folder of a user's claim files."""
        return f"{await self._home(user)}/{FOLDER}"

    async def read(self, native: NativeId) -> Claim | None:
        """Return what a job's claim file says; None if its work has not begun."""
        path = await self._path(native)
        grants = await asyncio.to_thread(self._grants, native.user, [native.name])
        grant = "".join(grants)
        client = self._client.granted(grant) if grant else self._client
        return await client.claim(native.user, path)

    async def unbegun(
        self, user: str, natives: Sequence[NativeId]
    ) -> AbstractSet[NativeId]:
        """Return those of many elements of an array that surely have no claim file.

        So the files of an array that waited are listed once, instead of each opened.
        """
        arrays: defaultdict[str, list[NativeId]] = defaultdict(list)
        for native in natives:
            if native.index:
                arrays[native.name].append(native)
        found: set[NativeId] = set()
        for name, elements in arrays.items():
            if len(elements) < _LISTED_FROM:
                continue
            there = await self._client.claims_of(user, await self.folder(user), name)
            if there is not None:
                found.update(
                    one for one in elements if claim_name(name, one.index) not in there
                )
        return found

    async def done_before(self, row: QueueRow, native: NativeId) -> str:
        """Return the file that forbids the next start of a held job; "" for none.

        The machine refused to start the job. If the job was started before under the
        same id, and the controller has forgotten that start, its work is done already.

        Raises
        ------
        Conflict
            The earlier start may still go on.
        """
        claim = await self.read(native)
        if (
            claim is None
            or claim.number != row.number
            or claim.restarts + 1 != row.restarts
        ):
            return ""
        if claim.exit_code is None:
            raise Conflict(
                "This job has begun before, and its machine has not told yet that it "
                "has ended. Release it after that; if the machine failed meanwhile, "
                "cancel the job and submit it again."
            )
        return done_name(await self._path(native), row.restarts)

    async def _path(self, native: NativeId) -> str:
        folder = await self.folder(native.user)
        return f"{folder}/{claim_name(native.name, native.index)}"
