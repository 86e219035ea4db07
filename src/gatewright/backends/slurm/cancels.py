"""Keeps orders to cancel jobs that could not be given to Slurm, until it is back."""

import asyncio
import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.marks import NativeId, native_id
from gatewright.backends.slurm.numbers import each, together
from gatewright.backends.slurm.statuses import has_ended, own_id
from gatewright.core.clock import Clock
from gatewright.core.errors import GatewayError
from gatewright.domains.compute import JobState, JobStatus

_AT_ONCE = 8
_GIVEN = "-"
"""Stands in place of the grant of an order that was given to Slurm."""


@dataclass(frozen=True, slots=True)
class _Order:
    """An order to cancel a job, or elements of an array by one command."""

    native: NativeId
    """The job; of elements, the number has all of them."""
    grant: str
    """Grant by which it is carried out; empty where none is needed."""
    left: frozenset[NativeId]
    """Those of its jobs whose end is not recorded yet."""

    @classmethod
    def of(cls, native: NativeId, grant: str) -> "_Order":
        """Return an order of which nothing has been carried out."""
        jobs = (replace(native, number=number) for number in each(native.number))
        return cls(native, grant, frozenset(jobs))

    @property
    def name(self) -> str:
        """Name of its file, and of its intent: another one for other elements."""
        array, several, _ = self.native.number.partition("_[")
        if not several:
            return self.native.number
        digest = hashlib.blake2b(self.native.number.encode(), digest_size=8)
        return f"{array}_{digest.hexdigest()}"


class Cancels:
    """The orders that are left, in a folder that the gateway's processes share.

    Each is a file with the id of the job, the grant by which it is carried out without
    its person, and, of several elements of an array, those that are left.

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
        orders: list[_Order] = []
        try:
            for order in _orders(natives, ""):
                native = order.native
                intents = self._client.intents(native.user)
                grant = ""
                if intents is not None:
                    # An intent of its own: that of the submission may end before.
                    name = f"c{order.name.replace('_', 'x')}{native.name}"
                    digests = self._client.digests_to_cancel(native)
                    grant = await intents.sign(name, digests)
                orders.append(replace(order, grant=grant))
            await asyncio.to_thread(self._write, orders)
        except (GatewayError, OSError):
            return False
        return True

    async def note(self, natives: Sequence[NativeId]) -> None:
        """Note that orders to cancel jobs are being given, until these jobs end.

        Slurm forgets an element of an array that waits when it is canceled, and it is
        not to be submitted again as one that was lost.
        """
        if natives:
            await asyncio.to_thread(self._write, _orders(natives, _GIVEN))

    async def retract(self, natives: Sequence[NativeId]) -> None:
        """Discard what was noted of jobs whose cancellation Slurm refuses."""
        await asyncio.to_thread(self._remove, natives, noted=True)

    async def carry_out(self) -> float:
        """Cancel the jobs of these orders; the people who gave them may have left.

        Returns the seconds to wait before the next call.
        """
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(order: _Order) -> None:
            native, grant = order.native, order.grant
            client = self._client.granted(grant) if grant else self._client
            async with slots:
                with suppress(GatewayError):  # until the next call
                    rows = await client.marked(native.user, native.account, native.mark)
                    if any(own_id(r) in order.left and not has_ended(r) for r in rows):
                        await client.cancel(native.user, [native.number])

        left = await asyncio.to_thread(self._left)
        await asyncio.gather(*(one(order) for order in left if order.grant != _GIVEN))
        return self._interval

    async def settled(self, found: Mapping[str, JobStatus]) -> Mapping[str, JobStatus]:
        """Return statuses of jobs, in which none is to be submitted again against them.

        Slurm has lost such a job before it could be canceled.
        """
        lost = [text for text, one in found.items() if one.state is JobState.NEW]
        left = await asyncio.to_thread(self._left) if lost else ()
        ordered = {str(native) for one in left for native in one.left}
        now = self._clock()
        return {
            text: JobStatus(
                text,
                JobState.CANCELED,
                "CANCELLED",
                "Canceled before it began.",
                ended_at=now,
            )
            if status.state is JobState.NEW and text in ordered
            else status
            for text, status in found.items()
        }

    async def forget(self, user: str, natives: Sequence[NativeId]) -> None:
        """End the orders for jobs of a user that have ended, with their grants."""
        # A job that was submitted again meanwhile has ended under another number.
        grants = await asyncio.to_thread(self._remove, natives)
        intents = self._client.intents(user)
        if grants and intents is not None:
            with suppress(GatewayError):  # there is nothing left that it could cancel
                await intents.end(grants)

    def _write(self, orders: Iterable[_Order]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for order in orders:
            path = self._path(order)
            new = path.with_name(f"{path.name}.{os.getpid()}")
            (left,) = together(one.number for one in order.left)
            lines = [str(order.native), order.grant]
            if left != order.native.number:
                lines.append(left)
            new.write_text("\n".join(lines), "utf-8", "surrogateescape")
            new.replace(path)

    def _left(self) -> Sequence[_Order]:
        found = []
        for path in sorted(self._folder.glob("*")):
            order = _read(path)
            if order is not None and path == self._path(order):
                found.append(order)
        return found

    def _remove(
        self, natives: Sequence[NativeId], *, noted: bool = False
    ) -> Sequence[str]:
        """Remove jobs from orders, and return the grants of those that are over."""
        done = {_anywhere(native) for native in natives}
        grants = []
        for order in self._left():
            if noted and order.grant != _GIVEN:
                continue
            left = frozenset(one for one in order.left if _anywhere(one) not in done)
            if not left:
                grants.append(order.grant.removeprefix(_GIVEN))
                self._path(order).unlink(missing_ok=True)
            elif left != order.left:
                self._write([replace(order, left=left)])
        return list(filter(None, grants))

    def _path(self, order: _Order) -> Path:
        return self._folder / f"{order.native.name}-{order.name}"


def _orders(natives: Sequence[NativeId], grant: str) -> Sequence[_Order]:
    """Return the orders to cancel jobs, one for the elements of an array."""
    of_array: defaultdict[NativeId, list[str]] = defaultdict(list)
    for native in natives:
        array = native.number.partition("_")[0]
        of_array[replace(native, number=array)].append(native.number)
    return [
        _Order.of(replace(array, number=number), grant)
        for array, numbers in of_array.items()
        for number in together(numbers)
    ]


def _anywhere(native: NativeId) -> NativeId:
    """Return a job's id without its number, which changes when it is submitted again.

    Its index in the array stays.
    """
    return replace(native, number=native.index)


def _read(path: Path) -> _Order | None:
    """Return the order in a file; None if there is none."""
    try:
        text = path.read_text("utf-8", "surrogateescape")
        whole, grant, numbers = [*text.split("\n"), "", ""][:3]
        native = native_id(whole)
        if native is None:
            return None
        order = _Order.of(native, grant)
        left = _Order.of(replace(native, number=numbers), grant).left
    except (OSError, ValueError):
        return None
    return replace(order, left=left) if numbers else order
