"""Keeps orders to cancel jobs that could not be given to Slurm, until it is back."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.marks import NativeId, native_id
from gatewright.backends.slurm.statuses import has_ended, own_id
from gatewright.core.clock import Clock
from gatewright.core.errors import GatewayError
from gatewright.domains.compute import JobState, JobStatus

_AT_ONCE = 8
_GIVEN = "-"
"""Stands in place of the grant of an order that was given to Slurm."""


class Cancels:
    """The orders that are left, in a folder that the gateway's processes share.

    Each is a file with the id of the job, and the grant by which it is carried out
    without its person.

    Parameters
    ----------
    client
        Gives the orders.
    folder
        Folder of what the gateway's processes share.
    interval
        Seconds after which they are given again, as long as the jobs go on.
    clock
        Gives the time in seconds since 1970 UTC.
    """

    def __init__(
        self, client: Client, folder: Path, interval: float, clock: Clock
    ) -> None:
        self._interval = interval
        self._client = client
        self._folder = folder / "cancels"
        self._clock = clock

    async def keep(self, natives: Sequence[NativeId]) -> bool:
        """Keep the orders to cancel jobs, while their person asks, until they end.

        Returns whether that was possible. All grants are made before an order is kept,
        so that none is left of orders that are reported as failed.
        """
        orders: list[tuple[NativeId, str]] = []
        try:
            for native in natives:
                intents = self._client.intents(native.user)
                grant = ""
                if intents is not None:
                    # An intent of its own: that of the submission may end before.
                    name = f"c{native.number.replace('_', 'x')}{native.name}"
                    digests = self._client.digests_to_cancel(native)
                    grant = await intents.sign(name, digests)
                orders.append((native, grant))
            for native, grant in orders:
                await asyncio.to_thread(self._write, native, grant)
        except (GatewayError, OSError):
            return False
        return True

    async def note(self, natives: Sequence[NativeId]) -> None:
        """Note that orders to cancel jobs are being given, until these jobs end.

        Slurm forgets an element of an array that waits when it is canceled, and it is
        not to be submitted again as one that was lost.
        """
        for native in natives:
            await asyncio.to_thread(self._write, native, _GIVEN)

    async def carry_out(self) -> float:
        """Cancel the jobs of these orders; the people who gave them may have left.

        Returns the seconds to wait before the next call.
        """
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(native: NativeId, grant: str) -> None:
            client = self._client.granted(grant) if grant else self._client
            async with slots:
                with suppress(GatewayError):  # until the next call
                    rows = await client.marked(native.user, native.account, native.mark)
                    if any(own_id(r) == native and not has_ended(r) for r in rows):
                        await client.cancel(native.user, [native.number])

        left = await asyncio.to_thread(self._left)
        await asyncio.gather(*(one(*order) for order in left if order[1] != _GIVEN))
        return self._interval

    async def settled(self, found: Mapping[str, JobStatus]) -> Mapping[str, JobStatus]:
        """Return statuses of jobs, in which none is to be submitted again against them.

        Slurm has lost such a job before it could be canceled.
        """
        lost = [text for text, one in found.items() if one.state is JobState.NEW]
        left = await asyncio.to_thread(self._left) if lost else ()
        ordered = {str(native) for native, _ in left}.intersection(lost)
        now = self._clock()
        return {
            text: JobStatus(
                text,
                JobState.CANCELED,
                "CANCELLED",
                "Canceled before it began.",
                ended_at=now,
            )
            if text in ordered
            else status
            for text, status in found.items()
        }

    async def forget(self, user: str, natives: Sequence[NativeId]) -> None:
        """End the orders for jobs of a user that have ended, with their grants."""
        grants = await asyncio.to_thread(self._remove, natives)
        intents = self._client.intents(user)
        if grants and intents is not None:
            with suppress(GatewayError):  # there is nothing left that it could cancel
                await intents.end(grants)

    def _write(self, native: NativeId, grant: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(native)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.write_text(f"{native}\n{grant}", "utf-8", "surrogateescape")
        new.replace(path)

    def _left(self) -> Sequence[tuple[NativeId, str]]:
        found = []
        for path in sorted(self._folder.glob("*")):
            text, grant = _read(path)
            native = native_id(text)
            if native is not None and path == self._path(native):
                found.append((native, grant))
        return found

    def _remove(self, natives: Sequence[NativeId]) -> Sequence[str]:
        # A job that was submitted again meanwhile has ended under another number.
        ended = {replace(native, number=native.index) for native in natives}
        grants = []
        for native, grant in self._left():
            if replace(native, number=native.index) in ended:
                grants.append(grant.removeprefix(_GIVEN))
                self._path(native).unlink(missing_ok=True)
        return list(filter(None, grants))

    def _path(self, native: NativeId) -> Path:
        return self._folder / f"{native.name}-{native.number}"


def _read(path: Path) -> tuple[str, str]:
    """Return the id and the grant in a file; empty if there is none."""
    try:
        text, _, grant = path.read_text("utf-8", "surrogateescape").partition("\n")
    except OSError:
        return "", ""
    return text, grant
