"""The catalogue of published data sets, and reading from them.

For a face that sends arrays::

    published = await datasets.open(caller, dataset_id)
    variable = published.description.variable("prmsl")
    slab = (Range(0, 3, 4), Range(45, 1), Range(90, 1))
    size = encoded_size(check(variable, slab), encoding)  # known before any read
    datasets.check_size(size)
    async for view in datasets.read(published, variable, slab, xdr(variable.type)):
        ...  # write the view; it is valid until the next one is asked for

Ask for the first window before the header of the answer is sent: a damaged file is an
HTTP error then. An error after that must end the connection short of its length.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, system_clock, timestamp
from gatewright.core.errors import GatewayError, NotFound, TooLarge
from gatewright.core.pages import Page, decode_cursor, encode_cursor, page_limit
from gatewright.domains.arrays.axes import Axis, axes
from gatewright.domains.arrays.hyperslab import encoded_size, whole
from gatewright.domains.arrays.model import (
    Dataset,
    Description,
    ElementType,
    Encoding,
    Hyperslab,
    Published,
    Source,
    Variable,
    Version,
)
from gatewright.domains.arrays.packing import packing, unpack
from gatewright.domains.arrays.ports import ArrayReader
from gatewright.domains.arrays.selection import Values, select
from gatewright.domains.arrays.subset import (
    Prepared,
    SubsetFile,
    SubsetOrder,
    SubsetRequest,
    check_form,
    check_statistics,
    chosen_variables,
    estimate,
    narrowed,
)

_EXTENSION = ".nc"
_KEPT_COORDINATES = 256
_LARGEST_COORDINATE = 64 << 20
_LOOKS_AT_ONCE = 8
_LOOK_SECONDS = 3.0
_LESS = "Ask for a smaller piece, or a coarser one with a stride."
_LESS_OF_A_SUBSET = (
    "Ask for a smaller box, fewer times, levels or members, or fewer variables."
)


@dataclass(frozen=True, slots=True)
class AxisValues:
    """An axis and where it is."""

    axis: Axis
    """What it means."""
    values: Values
    """Its values as float64, NaN where there is none."""


class Datasets:
    """Published data sets, as a caller may see them.

    Parameters
    ----------
    sources
        What is published.
    reader
        Reads the files.
    response_bytes
        Largest answer.
    clock
        Time, for the line of provenance.
    """

    def __init__(
        self,
        sources: Sequence[Dataset],
        reader: ArrayReader,
        response_bytes: int,
        clock: Clock = system_clock,
    ) -> None:
        self._datasets = {d.id: d for d in sorted(sources, key=lambda d: d.id)}
        self._reader = reader
        self._response_bytes = response_bytes
        self._clock = clock
        self._descriptions: dict[Source, Description] = {}
        self._coordinates: dict[tuple[Version, str], Values] = {}

    def page(
        self, caller: Caller, limit: int | None = None, cursor: str | None = None
    ) -> Page[Dataset]:
        """Return a page of the data sets that the caller may see, by id."""
        caller.require(Scope.DATA_READ)
        count = page_limit(limit)
        after = str(decode_cursor(cursor, str)[0]) if cursor else ""
        seen = [
            dataset
            for dataset in self._datasets.values()
            if dataset.id > after and dataset.access.admits(caller)
        ]
        more = len(seen) > count
        return Page(seen[:count], encode_cursor(seen[count - 1].id) if more else None)

    def find(self, caller: Caller, dataset_id: str) -> Dataset:
        """Return the data set of an id, with or without ``.nc`` at its end.

        Raises
        ------
        NotFound
            There is none that the caller may see.
        """
        caller.require(Scope.DATA_READ)
        for name in (dataset_id, dataset_id.removesuffix(_EXTENSION)):
            dataset = self._datasets.get(name)
            if dataset is not None and dataset.access.admits(caller):
                return dataset
        raise NotFound("There is no such data set. The catalogue is at /datasets.")

    async def open(self, caller: Caller, dataset_id: str) -> Published:
        """Return a data set with the description of its file as it is now.

        Raises
        ------
        NotFound
            There is none that the caller may see, or its file is away.
        BackendFailed
            The file is damaged or of no known kind.
        """
        dataset = self.find(caller, dataset_id)
        known = self._descriptions.get(dataset.source)
        if known is not None:
            now = await self._reader.version(dataset.source)
            if known.version == now:
                return Published(dataset, known)
        description = await self._reader.describe(dataset.source)
        self._descriptions[dataset.source] = description
        return Published(dataset, description)

    def read(
        self,
        published: Published,
        variable: Variable,
        slab: Hyperslab,
        encoding: Encoding,
    ) -> AsyncIterator[memoryview]:
        """Yield the bytes of a piece of an array; see ``ArrayReader.read``."""
        source, version = published.dataset.source, published.description.version
        return self._reader.read(source, version, variable, slab, encoding)

    async def strings(
        self, published: Published, variable: Variable, slab: Hyperslab
    ) -> list[str]:
        """Return a piece of an array of text; see ``ArrayReader.strings``."""
        source, version = published.dataset.source, published.description.version
        return await self._reader.strings(source, version, variable, slab)

    @property
    def limit_bytes(self) -> int:
        """Largest answer."""
        return self._response_bytes

    async def look(self, datasets: Sequence[Dataset]) -> list[Published | None]:
        """Return what is known of data sets, for a listing.

        Files that were not read before are read now, for a few seconds together; None
        stands for one that takes longer or is damaged.
        """
        new = [d for d in datasets if d.source not in self._descriptions]
        if new:
            gate = asyncio.Semaphore(_LOOKS_AT_ONCE)
            tasks = [asyncio.create_task(self._look(d, gate)) for d in new]
            _, late = await asyncio.wait(tasks, timeout=_LOOK_SECONDS)
            for task in late:
                task.cancel()
        known = [self._descriptions.get(dataset.source) for dataset in datasets]
        return [
            None if description is None else Published(dataset, description)
            for dataset, description in zip(datasets, known, strict=True)
        ]

    async def _look(self, dataset: Dataset, gate: asyncio.Semaphore) -> None:
        async with gate:
            with contextlib.suppress(GatewayError):
                described = await self._reader.describe(dataset.source)
                self._descriptions[dataset.source] = described

    async def axes(self, published: Published) -> Mapping[str, AxisValues]:
        """Return the axes of a data set with their values, by dimension.

        Scalar coordinates stand under the name of their variable.
        """
        found = {}
        for name, axis in axes(published.description).items():
            found[name] = AxisValues(axis, await self._values(published, name, axis))
        return found

    async def prepare(
        self, caller: Caller, dataset_id: str, request: SubsetRequest
    ) -> Prepared:
        """Return what a subset comes to; nothing but coordinates is read.

        Raises
        ------
        NotFound
            There is no such data set that the caller may see.
        InvalidRequest
            The request does not fit the data set.
        """
        published = await self.open(caller, dataset_id)
        known = axes(published.description)
        variables = chosen_variables(published.description, request)
        check_statistics(variables, known, request)
        selected = {
            name: select(axis, await self._values(published, name, axis), text)
            for name, axis, text in narrowed(variables, known, request)
        }
        order = SubsetOrder(
            tuple(variable.name for variable in variables),
            {n: s for n, s in selected.items() if known[n].dimension is not None},
            request.statistics,
            request.format,
            published.title,
            self._history(published, request),
        )
        check_form(variables, known, order)
        return Prepared(published, order, estimate(variables, known, order))

    async def make(self, prepared: Prepared) -> SubsetFile:
        """Return a prepared subset as a file.

        Raises
        ------
        TooLarge
            It is above the limit; the details have the estimate.
        Conflict
            The file has changed since.
        """
        cost, order = prepared.estimate, prepared.order
        self.check_size(max(cost.bytes, cost.read_bytes), _LESS_OF_A_SUBSET)
        published = prepared.published
        descriptor, size = await self._reader.subset(
            published.dataset.source, published.description.version, order
        )
        return SubsetFile(
            descriptor,
            size,
            order.format.media_type,
            _filename(published.dataset.id, order),
        )

    async def _values(self, published: Published, name: str, axis: Axis) -> Values:
        """Return the values of an axis as float64, missing ones as NaN."""
        if axis.coordinate is None:
            size = published.description.dimensions[name].size
            return np.arange(size, dtype=np.float64)
        key = (published.description.version, axis.coordinate)
        found = self._coordinates.get(key)
        if found is None:
            found = await self._read_values(published, axis.coordinate)
            self._coordinates[key] = found
            if len(self._coordinates) > _KEPT_COORDINATES:
                self._coordinates.pop(next(iter(self._coordinates)))
        return found

    async def _read_values(self, published: Published, name: str) -> Values:
        variable = published.description.variable(name)
        encoding = Encoding(variable.type, "little")
        slab = whole(variable.shape)
        if encoded_size(slab, encoding) > _LARGEST_COORDINATE:
            raise TooLarge(f"The axis “{name}” has too many values to search.")
        windows = self.read(published, variable, slab, encoding)
        data = b"".join([bytes(window) async for window in windows])
        how = replace(packing(variable), type=ElementType.FLOAT64)
        return unpack(np.frombuffer(data, encoding.dtype), how).astype(np.float64)

    def _history(self, published: Published, request: SubsetRequest) -> str:
        asked = [f"var={','.join(request.variables)}"] if request.variables else []
        asked += [f"{kind}={text}" for kind, text in request.bounds.items()]
        if request.statistics:
            asked.append("stat=" + ",".join(how.name for how in request.statistics))
        what = "&".join(asked) or "everything"
        # To the day: the same request has the same bytes, and so one entity tag.
        today = timestamp(self._clock())[:10]
        return f"{today}: Gatewright subset of {published.dataset.id}: {what}"

    def check_size(self, size: int, advice: str = _LESS) -> None:
        """Refuse an answer above the limit, with advice how it becomes smaller.

        Raises
        ------
        TooLarge
            ``size`` bytes are more than one answer may have; the details say both.
        """
        if size > self._response_bytes:
            raise TooLarge(
                f"The answer would have {size} bytes, and {self._response_bytes} is "
                f"the most that is sent at once. {advice}",
                estimated_bytes=size,
                limit_bytes=self._response_bytes,
            )


def _filename(dataset_id: str, order: SubsetOrder) -> str:
    words = [dataset_id, *order.variables[:3], *(how.name for how in order.statistics)]
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", "_".join(words[:8]))
    return f"{plain[:150]}.{order.format.extension}"
