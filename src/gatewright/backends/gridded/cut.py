"""A subset, block by block: what all forms of the answer are made of."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.formats import GriddedFile
from gatewright.domains.arrays import (
    Axis,
    Description,
    Hyperslab,
    Range,
    Selected,
    Statistic,
    SubsetOrder,
    Variable,
    apply_statistic,
    axes,
    counted_from,
    everything,
    is_long,
    member_axis,
    output_sizes,
    packing,
    positions,
    unpack,
    whole_numbers,
)

_BLOCK_BYTES = 8 << 20
Numbers = npt.NDArray[np.number]


@dataclass(frozen=True, slots=True)
class Series:
    """One variable of the answer: a stored one, or a statistic of one."""

    name: str
    """Name in the answer."""
    variable: Variable
    """The stored variable."""
    statistic: Statistic | None
    """The statistic over the members."""
    sizes: Mapping[str, int]
    """Dimensions of the answer and their sizes, slowest first."""

    @property
    def title(self) -> str:
        """A title for people."""
        long = self.variable.text("long_name") or self.variable.text("standard_name")
        own = long.replace("_", " ") if long else self.variable.name
        return own if self.statistic is None else f"{own}, {self.statistic.name}"


class Cut:
    """An order applied to an open file."""

    def __init__(self, file: GriddedFile, order: SubsetOrder) -> None:
        self._file = file
        self.order = order
        self.axes: Mapping[str, Axis] = axes(file.description)

    @property
    def description(self) -> Description:
        """What the file says."""
        return self._file.description

    def with_order(self, order: SubsetOrder) -> "Cut":
        """Return another order applied to the same file."""
        return Cut(self._file, order)

    def series(self) -> list[Series]:
        """Return the variables of the answer."""
        found = []
        for name in self.order.variables:
            variable = self.description.variable(name)
            sizes = output_sizes(variable, self.axes, self.order)
            if not self.order.statistics:
                found.append(Series(name, variable, None, sizes))
            found += [
                Series(f"{name}_{how.name}".replace(".", "_"), variable, how, sizes)
                for how in self.order.statistics
            ]
        return found

    def scalars(self, series: Sequence[Series]) -> list[str]:
        """Return the scalar coordinates that the variables name as theirs (CF 5.7)."""
        named = {w for s in series for w in s.variable.text("coordinates").split()}
        return [n for n, a in self.axes.items() if a.dimension is None and n in named]

    def selected(self, dimension: str) -> Selected:
        """Return the indices of a dimension that the order means."""
        chosen = self.order.selected.get(dimension)
        return chosen or everything(self.description.dimensions[dimension].size)

    def stored(self, variable: Variable) -> Numbers:
        """Return the selected part of a variable as it is stored."""
        sizes = [self.selected(name).count for name in variable.dimensions]
        return self.block(variable, [range(size) for size in sizes])

    def block(self, variable: Variable, positions: Sequence[range]) -> Numbers:
        """Return a part of the selected part; ``positions`` count within that."""
        pieces = [
            _ranges(self.selected(name), wanted)
            for name, wanted in zip(variable.dimensions, positions, strict=True)
        ]
        dtype = np.dtype(variable.type.value if variable.type.numeric else "S1")
        result = np.empty([len(wanted) for wanted in positions], dtype)
        for corner in itertools.product(*pieces):
            slab: Hyperslab = tuple(part for _, part in corner)
            target = result[tuple(slice(at, at + p.count) for at, p in corner)]
            if corner:
                self._read(variable, slab, target)
            else:
                self._file.read(variable.name, (), result)
        return result

    def _read(
        self, variable: Variable, slab: Hyperslab, target: npt.NDArray[np.generic]
    ) -> None:
        if target.flags.c_contiguous:
            self._file.read(variable.name, slab, target)
            return
        whole = np.empty(target.shape, target.dtype)
        self._file.read(variable.name, slab, whole)
        target[...] = whole

    def unpacked(self, variable: Variable) -> Numbers:
        """Return the selected part unpacked; as it is stored where that is the same."""
        stored = self.stored(variable)
        numbers = unpack(stored, packing(variable))
        return stored if np.array_equal(stored, numbers) else numbers

    def coordinate(self, variable: Variable, dimension: str) -> Numbers:
        """Return the selected values of a coordinate variable, in the request's frame.

        They are unpacked. Longitudes are counted from the west of the request, so that
        they rise.
        """
        values = self.unpacked(variable)
        west = self.selected(dimension).west
        if west is None:
            return values
        counted = counted_from(values.astype(np.float64), west)
        kept = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
        return counted.astype(kept)

    def blocks(
        self, series: Series
    ) -> Iterator[tuple[tuple[range, ...], npt.NDArray[np.generic]]]:
        """Yield positions in the answer and values, in row-major order.

        Values without a statistic are as stored; :meth:`numbers` unpacks them.
        """
        variable = series.variable
        member = None
        if series.statistic is not None:
            member = member_axis(variable, self.axes)
        for place in self._positions(series):
            wanted = list(place)
            if member is not None:
                count = self.selected(variable.dimensions[member]).count
                wanted.insert(member, range(count))
            yield place, self._made(series, self.block(variable, wanted), member)

    def digits(self, series: Series) -> Iterator[tuple[tuple[range, ...], Numbers]]:
        """Yield the same as :meth:`numbers`, for text.

        Whole numbers that float64 may not have are masked arrays of integers.
        """
        how = packing(series.variable)
        if series.statistic is not None or not is_long(series.variable, how):
            yield from self.numbers(series)
            return
        for place, values in self.blocks(series):
            yield place, whole_numbers(values, how)  # type: ignore[arg-type]  # stored numbers

    def numbers(
        self, series: Series
    ) -> Iterator[tuple[tuple[range, ...], npt.NDArray[np.floating]]]:
        """Yield the same with unpacked values, NaN where there is none."""
        how = packing(series.variable)
        for place, values in self.blocks(series):
            if series.statistic is None:
                yield place, unpack(values, how)  # type: ignore[arg-type]  # stored numbers
            else:
                yield place, values  # type: ignore[misc]  # unpacked by _made

    def _made(
        self, series: Series, stored: Numbers, member: int | None
    ) -> npt.NDArray[np.generic]:
        if series.statistic is None or member is None:
            return stored
        values = unpack(stored, packing(series.variable))
        return apply_statistic(values, series.statistic, member)

    def _positions(self, series: Series) -> Iterator[tuple[range, ...]]:
        sizes = list(series.sizes.values())
        if not math.prod(sizes):
            return
        item = series.variable.type.size
        if series.statistic is not None:
            member = member_axis(series.variable, self.axes)
            assert member is not None  # noqa: S101  # checked with the request
            count = self.selected(series.variable.dimensions[member]).count
            item = 8 * max(1, count)
        yield from _row_major(sizes, max(1, _BLOCK_BYTES // item))


def _row_major(sizes: list[int], elements: int) -> Iterator[tuple[range, ...]]:
    """Yield blocks of at most so many elements that make up an array, in order."""
    axis = len(sizes)
    row = 1
    while axis and row * sizes[axis - 1] <= elements:
        axis -= 1
        row *= sizes[axis]
    behind = tuple(range(size) for size in sizes[axis:])
    if not axis:
        yield behind
        return
    rows = max(1, elements // row)
    for outer in positions(sizes[: axis - 1]):
        fixed = tuple(range(index, index + 1) for index in outer)
        for first in range(0, sizes[axis - 1], rows):
            last = min(first + rows, sizes[axis - 1])
            yield (*fixed, range(first, last), *behind)


def _ranges(selected: Selected, wanted: range) -> list[tuple[int, Range]]:
    """Return the pieces of an axis behind positions, and where each one goes."""
    found, begin = [], 0
    for part in selected.ranges:
        first = max(wanted.start, begin)
        last = min(wanted.stop, begin + part.count)
        if first < last:
            place = first - wanted.start
            found.append((place, part.part(first - begin, last - first)))
        begin += part.count
    return found
