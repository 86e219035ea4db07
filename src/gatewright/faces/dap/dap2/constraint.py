"""Parses and applies DAP2 constraint expressions (ESE-RFC-004, section 6.1).

::

    CE        = [ clause { "," clause } ] { "&" selection }
    clause    = name { "[" start [ ":" [ stride ":" ] stop ] "]" }

Indices count from 0 and the stop is inclusive; ``*`` as stop is the last index. Members
of a Grid, such as ``v.v`` and ``v.lat``, are accepted as names of the arrays
themselves, since old scripts and bookmarks contain them.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote, unquote_to_bytes

from gatewright.core.errors import InvalidRequest
from gatewright.faces.dap.dap2.model import Array, Dataset, Leaf, Projection, Slab
from gatewright.faces.dap.dap2.wire import escaped

MAXIMUM_CLAUSES = 4096
_CLAUSE = re.compile(r"(?P<path>[^\[\]]+)(?P<slabs>(?:\[[^\[\]]*\])*)")
_SLAB = re.compile(r"\[([^\[\]]*)\]")
_INDEX = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Clause:
    """A requested variable with its index ranges."""

    path: str
    """Name of the variable."""
    ranges: tuple[tuple[int, int, int | None], ...]
    """Start, stride and inclusive stop (None: the last index) of each dimension."""


def parse(query: str) -> tuple[Clause, ...]:
    """Return the clauses of a raw query string; no clause means all variables.

    Raises
    ------
    InvalidRequest
        The text is not a constraint expression, or it has selections or functions.
        Those apply to sequences, which no data set here has.
    """
    text, _, selections = query.partition("&")
    if selections.strip("&"):
        raise InvalidRequest(
            "Selections (“&…”) apply to sequences, and this data set has none. Ask for "
            "parts of arrays by index: name[start:stride:stop]."
        )
    try:
        text = unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("The constraint is not UTF-8 text.") from error
    parts = text.split(",") if text else []
    if len(parts) > MAXIMUM_CLAUSES:
        raise InvalidRequest(f"At most {MAXIMUM_CLAUSES} clauses in one request.")
    clauses: list[Clause] = []
    for part in parts:
        match = _CLAUSE.fullmatch(part)
        if match is None:
            raise InvalidRequest(
                f"“{part[:100]}” is not a clause: name[start:stride:stop] is one."
            )
        path = match["path"]
        if "(" in path:
            raise InvalidRequest(f"There is no server function “{path[:100]}”.")
        clauses.append(Clause(path, tuple(map(_range, _SLAB.findall(match["slabs"])))))
    return tuple(clauses)


def _range(text: str) -> tuple[int, int, int | None]:
    parts = text.split(":")
    if len(parts) == 1:
        start = _index(parts[0])
        return start, 1, start
    if len(parts) > 3:
        raise InvalidRequest(f"“[{text[:60]}]” has more than start:stride:stop.")
    start, last = _index(parts[0]), parts[-1].strip()
    stride = _index(parts[1]) if len(parts) == 3 else 1
    if stride < 1:
        raise InvalidRequest(f"“[{text[:60]}]” has a stride below 1.")
    return start, stride, None if last == "*" else _index(last)


def _index(text: str) -> int:
    if _INDEX.fullmatch(text.strip()) is None:
        raise InvalidRequest(f"“{text[:60]}” is not an index: whole numbers from 0.")
    return int(text)


def project(dataset: Dataset, clauses: tuple[Clause, ...]) -> Projection:
    """Return the projection that the clauses select, in the order of the request.

    Raises
    ------
    InvalidRequest
        A variable does not exist or is requested twice, the number of its hyperslabs is
        wrong, or an index is outside the variable.
    """
    # Clients may send a name escaped as in the DDS, and escape that for the URL again
    # or not: then the underscore in front of a foreign letter is all that is left.
    by_name = {unquote(escaped(array.name)): array for array in dataset.arrays}
    by_name |= {escaped(array.name): array for array in dataset.arrays}
    by_name |= {array.name: array for array in dataset.arrays}
    leaves: list[Leaf] = []
    taken: set[str] = set()
    for clause in clauses:
        path = clause.path
        found = by_name.get(path) or _member_of_grid(by_name, path)
        if found is None:
            raise InvalidRequest(
                f"There is no variable “{path[:100]}”. The .dds of this data set names "
                "those there are."
            )
        if found.name in taken:
            raise InvalidRequest(f"“{found.name}” is requested twice. Name it once.")
        taken.add(found.name)
        leaves.append(_cut(found, clause.ranges))
    if not clauses:
        leaves = [_cut(array, ()) for array in dataset.arrays]
    arrays = tuple(leaf.array for leaf in leaves)
    return Projection(Dataset(dataset.name, arrays), tuple(leaves))


def _member_of_grid(by_name: dict[str, Array], path: str) -> Array | None:
    """Return the array or map that a path names as a member of a Grid, or None."""
    for dot in (match.start() for match in re.finditer(r"\.", path)):
        grid, member = by_name.get(path[:dot]), by_name.get(path[dot + 1 :])
        if grid is None or member is None:
            continue
        maps = [name for name, _ in grid.dimensions]
        if maps and grid.name not in maps and member.name in {grid.name, *maps}:
            return member
    return None


def _cut(array: Array, ranges: tuple[tuple[int, int, int | None], ...]) -> Leaf:
    """Return the part of an array within ranges; without ranges the whole array."""
    if not ranges:
        return Leaf(array, tuple(Slab(0, 1, size) for _, size in array.dimensions))
    if len(ranges) != len(array.dimensions):
        raise InvalidRequest(
            f"“{array.name}” has {len(array.dimensions)} dimensions and the request "
            f"has {len(ranges)} hyperslabs for it."
        )
    slabs: list[Slab] = []
    for (_, size), (start, stride, stop) in zip(array.dimensions, ranges, strict=True):
        last = size - 1 if stop is None else stop
        if not start <= last < size:
            raise InvalidRequest(
                f"[{start}:{stride}:{last}] is outside “{array.name}”, whose indices "
                f"here go from 0 to {size - 1}."
            )
        slabs.append(Slab(start, stride, (last - start) // stride + 1))
    sizes = tuple(
        (name, slab.count)
        for (name, _), slab in zip(array.dimensions, slabs, strict=True)
    )
    return Leaf(Array(array.name, array.kind, sizes), tuple(slabs))
