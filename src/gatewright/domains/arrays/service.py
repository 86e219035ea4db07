"""The catalogue of published data sets, and how their arrays are read.

A face sends an array like this::

    published = await datasets.open(caller, dataset_id)
    variable = published.description.variable("prmsl")
    slab = (Range(0, 3, 4), Range(45, 1), Range(90, 1))
    size = encoded_size(check(variable, slab), encoding)  # known before any read
    datasets.check_size(size)
    async for view in datasets.read(published, variable, slab, xdr(variable.type)):
        ...  # write the view; it is valid until the next one is asked for

Read the first window before sending the response header, so that a damaged file gives
an HTTP error. After an error later on, close the connection before the promised length
is reached.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, system_clock, timestamp
from gatewright.core.errors import GatewayError, NotFound, TooLarge
from gatewright.core.pages import Page, decode_cursor, encode_cursor, page_limit
from gatewright.domains.arrays.axes import axes, data_variables
from gatewright.domains.arrays.coordinates import AxisValues, Coordinates
from gatewright.domains.arrays.cost import is_small
from gatewright.domains.arrays.grids import Grids, Horizontal
from gatewright.domains.arrays.model import (
    Dataset,
    Description,
    Encoding,
    Hyperslab,
    Published,
    Source,
    Variable,
)
from gatewright.domains.arrays.narrowing import check_free, narrowed, places
from gatewright.domains.arrays.ports import ArrayReader
from gatewright.domains.arrays.selection import Values
from gatewright.domains.arrays.subset import (
    Prepared,
    SubsetFile,
    SubsetOrder,
    SubsetRequest,
    check_form,
    check_statistics,
    chosen_variables,
    estimate,
)

_EXTENSION = ".nc"
_LOOKS_AT_ONCE = 8
_LOOK_SECONDS = 3.0
_LESS = "Ask for a smaller piece, or a coarser one with a stride."
_LESS_OF_A_SUBSET = (
    "Ask for a smaller box, fewer times, levels or members, or fewer variables."
)


class Datasets:
    """The published data sets, limited to what each caller may see.

    All methods that take a caller raise NotAllowed, or NotSignedIn for a visitor,
    without the scope ``data:read``.

    Parameters
    ----------
    sources
        The data sets that are published.
    reader
        Reads their arrays.
    response_bytes
        Largest answer in bytes.
    clock
        Gives the date for the line that is added to ``history``.
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
        self._absent: set[str] = set()
        self._coordinates = Coordinates(self)

    def page(
        self, caller: Caller, limit: int | None = None, cursor: str | None = None
    ) -> Page[Dataset]:
        """Return a page of the data sets that the caller may see, ordered by id."""
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
        """Return the data set of an id; a trailing ``.nc`` is ignored.

        Raises
        ------
        NotFound
            The caller can see no data set of this id.
        """
        caller.require(Scope.DATA_READ)
        for name in (dataset_id, dataset_id.removesuffix(_EXTENSION)):
            dataset = self._datasets.get(name)
            if dataset is not None and dataset.access.admits(caller):
                return dataset
        raise NotFound("There is no such data set. The catalogue is at /datasets.")

    async def open(self, caller: Caller, dataset_id: str) -> Published:
        """Return a data set with its current description.

        Raises
        ------
        NotFound
            The caller can see no data set of this id, or its source is gone.
        BackendFailed
            The source is damaged or of an unknown format.
        """
        dataset = self.find(caller, dataset_id)
        known = self._descriptions.get(dataset.source)
        try:
            if known is not None:
                now = await self._reader.version(dataset.source)
                if known.version == now:
                    return Published(dataset, known)
            known = await self._reader.describe(dataset.source)
        except NotFound:
            self._descriptions.pop(dataset.source, None)
            self._absent.add(dataset.id)
            raise
        self._descriptions[dataset.source] = known
        self._absent.discard(dataset.id)
        return Published(dataset, known)

    def read(
        self,
        published: Published,
        variable: Variable,
        slab: Hyperslab,
        encoding: Encoding,
    ) -> AsyncIterator[memoryview]:
        """Yield the bytes of a hyperslab; see ``ArrayReader.read``."""
        source, version = published.dataset.source, published.description.version
        return self._reader.read(source, version, variable, slab, encoding)

    async def strings(
        self, published: Published, variable: Variable, slab: Hyperslab
    ) -> list[str]:
        """Return a hyperslab of text; see ``ArrayReader.strings``."""
        source, version = published.dataset.source, published.description.version
        return await self._reader.strings(source, version, variable, slab)

    @property
    def limit_bytes(self) -> int:
        """Largest answer in bytes."""
        return self._response_bytes

    async def look(self, datasets: Sequence[Dataset]) -> list[Published | None]:
        """Return the descriptions of data sets in the same order, for a listing.

        Sources without a cached description are read now, for at most three seconds in
        all. The description is None for a source that takes longer, is damaged or is
        gone (see :meth:`is_there`).
        """
        new = [d for d in datasets if d.source not in self._descriptions]
        if new:
            gate = asyncio.Semaphore(_LOOKS_AT_ONCE)

            async def describe(dataset: Dataset) -> None:
                async with gate:
                    try:
                        described = await self._reader.describe(dataset.source)
                    except NotFound:
                        self._absent.add(dataset.id)
                    except GatewayError:
                        return  # damaged, or slow: the listing says no more of it
                    else:
                        self._absent.discard(dataset.id)
                        self._descriptions[dataset.source] = described

            tasks = [asyncio.create_task(describe(dataset)) for dataset in new]
            _, late = await asyncio.wait(tasks, timeout=_LOOK_SECONDS)
            for task in late:
                task.cancel()
        known = [self._descriptions.get(dataset.source) for dataset in datasets]
        return [
            None if description is None else Published(dataset, description)
            for dataset, description in zip(datasets, known, strict=True)
        ]

    def is_there(self, dataset: Dataset) -> bool:
        """Return whether a data set's source existed when it was last looked at."""
        return dataset.id not in self._absent

    async def axes(self, published: Published) -> Mapping[str, AxisValues]:
        """Return the axes of a data set with their values, by dimension.

        Scalar coordinates are listed by the name of their variable.
        """
        return await self._coordinates.axes(published)

    async def grids(
        self, published: Published
    ) -> list[tuple[Horizontal, Values, Values]]:
        """Return the curved grids of a data set, with their latitudes and longitudes.

        Grids that are too large to search are left out.
        """
        description = published.description
        of_data = map(Grids(description).of, data_variables(description))
        found = []
        for at in dict.fromkeys(filter(None, of_data)):
            with contextlib.suppress(TooLarge):
                latitudes, longitudes = await self._coordinates.arrays(published, at)
                found.append((at, latitudes, longitudes))
        return found

    async def prepare(self, published: Published, request: SubsetRequest) -> Prepared:
        """Return the indices and estimated size of a subset; only coordinates are read.

        Raises
        ------
        InvalidRequest
            The request does not fit the data set.
        TooLarge
            A coordinate has more values than can be searched.
        """
        description = published.description
        known = axes(description)
        variables = chosen_variables(description, request)
        check_statistics(variables, known, request)
        selected, nearest = {}, {}
        for name, axis, text in narrowed(description, variables, known, request):
            one = await self._coordinates.selected(published, name, axis, text)
            selected[name] = one
            if one.nearest:
                nearest[axis.name] = (text, one.nearest)
        boxes = []
        for at, wanted in places(description, variables, known, request).items():
            cells, box = await self._coordinates.place(published, at, dict(wanted))
            check_free(selected, cells)
            selected |= cells
            boxes += [box] if box else []
            given = next(iter(cells.values())).nearest
            if given:
                nearest |= {
                    kind.value: (text, part)
                    for (kind, text), part in zip(wanted, given.split(), strict=True)
                }
        order = SubsetOrder(
            tuple(variable.name for variable in variables),
            {n: s for n, s in selected.items() if n in description.dimensions},
            request.statistics,
            request.format,
            published.title,
            self._history(published, request, nearest),
            tuple(boxes),
        )
        check_form(variables, known, order)
        cost = estimate(description, variables, known, order)
        return Prepared(published, order, cost, nearest)

    async def make(self, prepared: Prepared, person: str = "") -> SubsetFile:
        """Return a prepared subset as a file.

        ``person`` is an account or a network address. Of several people who wait for
        large subsets, each gets one before anyone gets a second.

        Raises
        ------
        TooLarge
            The subset is above the limit; the details of the error have the estimate.
        Conflict
            The source has changed since the subset was prepared.
        """
        cost, order = prepared.estimate, prepared.order
        self.check_size(max(cost.bytes, cost.read_bytes), _LESS_OF_A_SUBSET)
        published = prepared.published
        description = published.description
        descriptor, size = await self._reader.subset(
            *(published.dataset.source, description.version, order),
            small=is_small(description, order, cost),
            person=person,
        )
        statistics = (how.name for how in order.statistics)
        words = [published.dataset.id, *order.variables[:3], *statistics]
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", "_".join(words[:8]))
        return SubsetFile(
            descriptor,
            size,
            order.format.media_type,
            f"{plain[:150]}.{order.format.extension}",
        )

    def _history(
        self,
        published: Published,
        request: SubsetRequest,
        nearest: Mapping[str, tuple[str, str]],
    ) -> str:
        asked = [f"var={','.join(request.variables)}"] if request.variables else []
        asked += [f"{kind}={text}" for kind, text in request.bounds.items()]
        asked += [f"{name}={text}" for name, text in request.dimensions.items()]
        if request.statistics:
            asked.append("stat=" + ",".join(how.name for how in request.statistics))
        what = "&".join(asked) or "everything"
        # To the day: the same request has the same bytes, and so one entity tag.
        today = timestamp(self._clock())[:10]
        given = ", ".join(f"{name} {value}" for name, (_, value) in nearest.items())
        line = f"{today}: Gatewright subset of {published.dataset.id}: {what}"
        return f"{line} (nearest: {given})" if given else line

    def check_size(self, size: int, advice: str = _LESS) -> None:
        """Refuse an answer above the limit, with advice on how to make it smaller.

        Raises
        ------
        TooLarge
            ``size`` bytes are above the limit; the details of the error have both
            numbers.
        """
        if size > self._response_bytes:
            raise TooLarge(
                f"The answer would have {size} bytes, and {self._response_bytes} is "
                f"the most that is sent at once. {advice}",
                estimated_bytes=size,
                limit_bytes=self._response_bytes,
            )
