"""Reads a subset block by block, for all output formats."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.blocks import Blocks, blocks
from gatewright.backends.gridded.formats import GriddedFile
from gatewright.domains.arrays import (
    Axis,
    Box,
    Description,
    ElementType,
    Grids,
    Hyperslab,
    Selected,
    Statistic,
    SubsetOrder,
    Variable,
    apply_statistics,
    axes,
    counted_from,
    everything,
    extent,
    is_long,
    member_axis,
    output_sizes,
    packing,
    readable,
    unpack,
    whole_numbers,
)

Numbers = npt.NDArray[np.number]
Values = npt.NDArray[np.generic]
Place = tuple[range, ...]
_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Series:
    """One output variable: a stored variable, or a statistic of it."""

    name: str
    """Name in the output."""
    variable: Variable
    """The stored variable."""
    statistic: Statistic | None
    """Statistic over the ensemble members; None for the stored values."""
    dimensions: tuple[str, ...]
    """Dimensions in the output, slowest first; a dimension may occur twice."""
    shape: tuple[int, ...]
    """Lengths of these dimensions."""

    @property
    def title(self) -> str:
        """Long name, standard name or name of the variable, for display."""
        long = self.variable.text("long_name") or self.variable.text("standard_name")
        own = long.replace("_", " ") if long else self.variable.name
        return own if self.statistic is None else f"{own}, {self.statistic.name}"


class Cut:
    """A subset of an open file."""

    def __init__(self, file: GriddedFile, order: SubsetOrder) -> None:
        self._file = file
        self._in_boxes: list[tuple[Box, npt.NDArray[np.bool_]]] | None = None
        self.order = order
        self.axes: Mapping[str, Axis] = axes(file.description)

    @property
    def description(self) -> Description:
        """Metadata of the file."""
        return self._file.description

    def with_order(self, order: SubsetOrder) -> "Cut":
        """Return another subset of the same file."""
        return Cut(self._file, order)

    def series(self) -> list[Series]:
        """Return the output variables."""
        found = []
        for name in self.order.variables:
            variable = self.description.variable(name)
            sizes = output_sizes(variable, self.axes, self.order)
            here = tuple(n for n, _ in sizes), tuple(size for _, size in sizes)
            if not self.order.statistics:
                found.append(Series(name, variable, None, *here))
            found += [
                Series(f"{name}_{how.name}".replace(".", "_"), variable, how, *here)
                for how in self.order.statistics
            ]
        return found

    def scalars(self, series: Sequence[Series]) -> list[str]:
        """Return the scalar coordinates that the variables refer to (CF 5.7)."""
        named = {w for s in series for w in s.variable.text("coordinates").split()}
        return [n for n, a in self.axes.items() if a.dimension is None and n in named]

    def selected(self, dimension: str) -> Selected:
        """Return the selected indices of a dimension."""
        chosen = self.order.selected.get(dimension)
        return chosen or everything(self.description.dimensions[dimension].size)

    def stored(self, variable: Variable) -> Numbers:
        """Return the stored values of a variable's selected part."""
        sizes = [self.selected(name).count for name in variable.dimensions]
        return self.block(variable, [range(size) for size in sizes])

    def block(self, variable: Variable, positions: Sequence[range]) -> Numbers:
        """Return stored values; ``positions`` count within the selected part."""
        dtype = np.dtype(variable.type.value if variable.type.numeric else "S1")
        result = np.empty([len(wanted) for wanted in positions], dtype)
        for slab, where in self._pieces(variable, positions):
            target = result[where]
            # The file fills arrays that are one run of memory.
            run = target.flags.c_contiguous
            read = target if run else np.empty(target.shape, target.dtype)
            self._file.read(variable.name, slab, read)
            if not run:
                target[...] = read
        return result

    def _pieces(
        self, variable: Variable, positions: Sequence[range]
    ) -> Iterator[tuple[Hyperslab, tuple[Any, ...]]]:
        """Yield the hyperslabs to read, each with its place in the result."""
        axes = []
        for name, wanted in zip(variable.dimensions, positions, strict=True):
            parts, begin = [], 0
            for part in self.selected(name).ranges:
                first = max(wanted.start, begin)
                last = min(wanted.stop, begin + part.count)
                if first < last:
                    at = first - wanted.start
                    stored = part.part(first - begin, last - first)
                    parts.append((stored, slice(at, at + last - first)))
                begin += part.count
            axes.append(parts)
        for corner in itertools.product(*axes):
            # The dots keep a place in a scalar an array.
            yield tuple(part for part, _ in corner), (..., *(at for _, at in corner))

    def unpacked(self, variable: Variable) -> Numbers:
        """Return the unpacked values of a variable's selected part.

        If unpacking changes no value, the stored ones are returned in their own type.
        """
        stored = self.stored(variable)
        numbers = unpack(stored, packing(variable))
        return stored if np.array_equal(stored, numbers) else numbers

    def coordinate(self, variable: Variable, dimension: str) -> Numbers:
        """Return the selected, unpacked values of a coordinate variable.

        Longitudes of a range are counted from its western end, so that they increase.
        """
        values = self.unpacked(variable)
        west = self.selected(dimension).west
        if west is None:
            return values
        counted = counted_from(values.astype(np.float64), west)
        kept = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
        return counted.astype(kept)

    def turned(self, variable: Variable) -> Numbers | None:
        """Return longitudes, or their bounds, counted from the west of the request.

        None for all other variables.
        """
        name = variable.dimensions[0] if variable.dimensions else ""
        known = self.axes.get(name)
        axis = self.description.variables.get((known and known.coordinate) or "")
        if axis is None or self.selected(name).west is None:
            return None
        turned = self.coordinate(axis, name)
        if variable.name == axis.name:
            return turned
        if axis.text("bounds") != variable.name:
            return None
        by = turned.astype(float) - self.unpacked(axis).astype(float)
        bounds = self.unpacked(variable)
        moved = bounds.astype(float) + by.reshape(-1, *[1] * (bounds.ndim - 1))
        return np.asarray(moved, bounds.dtype)

    def groups(self, series: Sequence[Series]) -> list[list[Series]]:
        """Return the output variables, grouped by the stored variable they come from.

        The variables of a group have the same dimensions and are made together.
        """
        grouped = itertools.groupby(series, lambda one: one.variable.name)
        return [list(group) for _, group in grouped]

    def plan(self, group: Sequence[Series]) -> Blocks:
        """Return the blocks of the stored variable in which a group is made."""
        variable = group[0].variable
        return blocks(
            variable,
            [self.selected(name) for name in variable.dimensions],
            item=max(variable.type.size, packing(variable).type.size),
            whole=self._member_axis(group),
        )

    def made(self, group: Sequence[Series]) -> Iterator[tuple[Place, list[Values]]]:
        """Yield positions in the output, with the values of each variable of the group.

        Every chunk is read once. Values without a statistic are as stored;
        :meth:`numbers` and :meth:`digits` convert them.
        """
        members = self._member_axis(group)
        variable = group[0].variable
        for place in self.plan(group):
            stored = self.block(variable, place)
            if members is None:
                yield place, [stored]
                continue
            values = unpack(stored, packing(variable))
            hows = [one.statistic for one in group if one.statistic is not None]
            left = place[:members] + place[members + 1 :]
            yield left, [*apply_statistics(values, hows, members)]

    def digits(self, series: Series, place: Place, values: Values) -> Numbers:
        """Return output values as numbers for text formats.

        Missing values are NaN. 64-bit integers, which float64 cannot represent, are a
        masked array of integers.
        """
        how = packing(series.variable)
        if series.statistic is not None or not is_long(series.variable, how):
            return self.numbers(series, place, values)
        numbers = whole_numbers(values, how)  # type: ignore[arg-type]  # stored numbers
        if self.is_masked(series):
            numbers[self.outside(series, place)] = np.ma.masked
        return numbers

    def numbers(
        self, series: Series, place: Place, values: Values
    ) -> npt.NDArray[np.floating]:
        """Return output values unpacked, with NaN for missing ones."""
        numbers = values
        if series.statistic is None:
            numbers = unpack(values, packing(series.variable))  # type: ignore[arg-type]  # stored numbers
        if self.is_masked(series):
            numbers = np.where(self.outside(series, place), np.nan, numbers)
        return numbers  # type: ignore[return-value]  # statistics are unpacked

    def _member_axis(self, group: Sequence[Series]) -> int | None:
        """Return the index of the dimension over which statistics are made, or None."""
        if group[0].statistic is None:
            return None
        return member_axis(group[0].variable, self.axes)

    def outside(
        self, series: Series, positions: Sequence[range]
    ) -> npt.NDArray[np.bool_]:
        """Return for each cell of a block whether it is outside of the requested boxes.

        The result has the shape of the block.
        """
        found = np.zeros([1] * len(series.shape), bool)
        if self._in_boxes is None:
            self._in_boxes = [
                (box, box.holds(*map(self._degrees, (at.latitude, at.longitude))))
                for box in self.order.boxes
                for at in [box.at]
            ]
        for box, held in self._in_boxes:
            names = box.at.dimensions
            own = {box.at.latitude, box.at.longitude}
            if not set(names) <= set(series.dimensions) or series.name in own:
                continue
            part = _repeated(held, names, series)
            here = part[tuple(slice(p.start, p.stop) for p in positions)]
            found = found | ~here
        return np.broadcast_to(found, [len(wanted) for wanted in positions])

    def places(
        self, series: Series, *, repeated: bool = True
    ) -> list[tuple[Variable, npt.NDArray[np.float64]]]:
        """Return latitude and longitude arrays of a variable's cells on a curved grid.

        With ``repeated`` they have the shape of the variable, otherwise that of their
        own dimensions. The result is empty if latitude and longitude are axes.
        """
        at = Grids(self.description).of(series.variable)
        if at is None or not set(at.dimensions) <= set(series.dimensions):
            return []
        found = []
        for name in (at.latitude, at.longitude):
            where = self._degrees(name)
            if repeated:
                where = _repeated(where, at.dimensions, series)
            found.append((self.description.variable(name), where))
        return found

    def is_masked(self, series: Series) -> bool:
        """Return whether cells of a variable may be outside of a requested box."""
        return any(
            set(box.at.dimensions) <= set(series.dimensions)
            and series.name not in {box.at.latitude, box.at.longitude}
            for box in self.order.boxes
        )

    def members(self, variable: Variable) -> int:
        """Return the number of members that enter a statistic of a variable."""
        member = member_axis(variable, self.axes)
        assert member is not None  # noqa: S101  # checked with the request
        return self.selected(variable.dimensions[member]).count

    def _degrees(self, name: str) -> npt.NDArray[np.float64]:
        """Return the selected part of a coordinate in degrees, NaN where missing."""
        variable = self.description.variable(name)
        numbers = unpack(self.stored(variable), packing(variable))
        return numbers.astype(np.float64)

    def texts(self, variable: Variable) -> npt.NDArray[np.object_]:
        """Return the selected part of a variable of text as an array of ``str``."""
        names = extent(variable)
        shape = [self.selected(name).count for name in names]
        if variable.type is ElementType.CHAR:
            letters = self.stored(variable)
            rows = letters.reshape(math.prod(shape), -1)
            found = [row.tobytes() for row in rows]
        else:
            values = np.empty(shape, object)
            for slab, where in self._pieces(variable, [range(n) for n in shape]):
                piece = values[where]
                piece.reshape(-1)[:] = self._file.strings(variable.name, slab)
                values[where] = piece
            found = values.reshape(-1).tolist()
        texts = np.empty(len(found), object)
        texts[:] = [
            readable(text.decode("utf-8", "surrogateescape")).rstrip("\0 ")
            for text in found
        ]
        return texts.reshape(shape)


def _repeated(
    values: npt.NDArray[_T], names: Sequence[str], series: Series
) -> npt.NDArray[_T]:
    """Return values along some dimensions of a variable, broadcast to its shape."""
    places = [series.dimensions.index(name) for name in names]
    shape = [1] * len(series.shape)
    for place in places:
        shape[place] = series.shape[place]
    order = sorted(range(len(names)), key=places.__getitem__)
    return np.broadcast_to(values.transpose(order).reshape(shape), series.shape)
