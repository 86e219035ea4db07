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

from collections.abc import AsyncIterator, Sequence

from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import NotFound, TooLarge
from gatewright.core.pages import Page, decode_cursor, encode_cursor, page_limit
from gatewright.domains.arrays.model import (
    Dataset,
    Description,
    Encoding,
    Hyperslab,
    Published,
    Variable,
)
from gatewright.domains.arrays.ports import ArrayReader

_EXTENSION = ".nc"


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
    """

    def __init__(
        self, sources: Sequence[Dataset], reader: ArrayReader, response_bytes: int
    ) -> None:
        self._datasets = {d.id: d for d in sorted(sources, key=lambda d: d.id)}
        self._reader = reader
        self._response_bytes = response_bytes
        self._descriptions: dict[bytes, Description] = {}

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
            if dataset.id > after and may_see(caller, dataset)
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
            if dataset is not None and may_see(caller, dataset):
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
            now = await self._reader.identify(dataset.source)
            if known.identity == now:
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
        source, identity = published.dataset.source, published.description.identity
        return self._reader.read(source, identity, variable, slab, encoding)

    async def strings(
        self, published: Published, variable: Variable, slab: Hyperslab
    ) -> list[str]:
        """Return a piece of an array of text; see ``ArrayReader.strings``."""
        source, identity = published.dataset.source, published.description.identity
        return await self._reader.strings(source, identity, variable, slab)

    def check_size(self, size: int) -> None:
        """Refuse an answer above the limit.

        Raises
        ------
        TooLarge
            ``size`` bytes are more than one answer may have; the details say both.
        """
        if size > self._response_bytes:
            raise TooLarge(
                f"The answer would have {size} bytes, and {self._response_bytes} is "
                "the most that is sent at once. Ask for a smaller piece, or a coarser "
                "one with a stride.",
                estimated_bytes=size,
                limit_bytes=self._response_bytes,
            )


def may_see(caller: Caller, dataset: Dataset) -> bool:
    """Return whether the access rule of a data set admits the caller."""
    if dataset.access == "public":
        return True
    if dataset.access == "users":
        return caller.signed_in
    return caller.user in dataset.access or bool(caller.groups & set(dataset.access))
