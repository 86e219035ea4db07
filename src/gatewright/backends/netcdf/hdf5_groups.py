"""The tree of an HDF5 file as one flat list of names.

A variable in a group has the names of its groups before its own, with underscores
between, as Hyrax's CF option has it: DAP2 has no groups, and netCDF-C does not take a
slash in a name.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import h5py

from gatewright.backends.netcdf.hdf5_types import attributes
from gatewright.domains.arrays import Attribute, readable

_NOT_A_COORDINATE = "_nc4_non_coord_"
_MOST_OBJECTS = 20_000
_MOST_LEVELS = 32


@dataclass(slots=True)
class Tree:
    """What stands in a file, by path (without the first slash)."""

    datasets: dict[str, Any] = field(default_factory=dict)
    """The h5py data sets; those of the root first, then group by group."""
    names: dict[str, str] = field(default_factory=dict)
    """The name that each is shown by, unlike any other."""
    attributes: dict[str, Attribute] = field(default_factory=dict)
    """Attributes of the file, and of groups as ``group.attribute``."""

    grouped: bool = False
    """Whether a data set stands in a group."""

    def name_from(self, group: str, word: str) -> str:
        """Return the flat name of what an attribute of a variable in a group names.

        A path is from the root, or from the group; a mere name is sought in the group
        and then in those that hold it. Source: CF 1.11, section 2.7.
        """
        if word.startswith("/"):
            return self.names.get(word.strip("/"), word)
        if "/" in word:
            path = posixpath.normpath(f"/{group}/{word}").strip("/")
            return self.names.get(path, word)
        while group:
            found = self.names.get(f"{group}/{word}")
            if found is not None:
                return found
            group = group.rpartition("/")[0]
        return self.names.get(word, word)


def read(file: Any, warnings: list[str]) -> Tree:
    """Return the tree of an open ``h5py.File``; links to other files are left out."""
    tree = Tree(attributes=attributes(file, "", warnings))
    waiting: list[tuple[str, Any]] = [("", file)]
    seen = {_address(file)}
    names = _Names()
    while waiting:
        path, group = waiting.pop(0)
        for name in _names(group, path, warnings):
            item = group.get(name)
            below = f"{path}/{name}".lstrip("/")
            if len(tree.datasets) + len(seen) > _MOST_OBJECTS:
                warnings.append("The file has too many objects: the rest is left out.")
                return tree
            if isinstance(item, h5py.Dataset):
                tree.datasets[below] = item
                tree.grouped = tree.grouped or "/" in below
                tree.names[below] = names.of(below)
            elif isinstance(item, h5py.Group) and _address(item) not in seen:
                seen.add(_address(item))
                _add_group(tree, below, item, waiting, warnings)
    return tree


def _add_group(
    tree: Tree,
    path: str,
    group: Any,
    waiting: list[tuple[str, Any]],
    warnings: list[str],
) -> None:
    if path.count("/") >= _MOST_LEVELS:
        warnings.append(f"The group “{path[:100]}” is left out: it lies too deep.")
        return
    prefix = path.replace("/", ".")
    for name, value in attributes(group, path, warnings).items():
        tree.attributes[f"{prefix}.{name}"] = value
    waiting.append((path, group))


def _address(group: Any) -> tuple[int, int]:
    info = h5py.h5o.get_info(group.id)
    return int(info.fileno), int(info.addr)


def _names(group: Any, path: str, warnings: list[str]) -> Iterator[str]:
    """Yield the names in a group in the order they were made, if it is known.

    NetCDF-4 numbers its links; for others the order is that of the names.
    """
    order: list[tuple[int, str]] = []
    for name in [name for name in group if isinstance(name, str)]:
        info = group.id.links.get_info(name.encode("utf-8", "surrogateescape"))
        if info.type == h5py.h5l.TYPE_EXTERNAL or _leads_out(group, name, info):
            where = f"{path}/{name}".lstrip("/")
            warnings.append(f"“{where}” is left out: it is a link to another file.")
        else:
            order.append((info.corder if info.corder_valid else 0, name))
    return (name for _, name in sorted(order))


def _leads_out(group: Any, name: str, link: Any) -> bool:
    """Return whether a link by path goes through another file."""
    if link.type != h5py.h5l.TYPE_SOFT:
        return False
    item = group.get(name)
    return item is not None and bool(_address(item)[0] != _address(group)[0])


class _Names:
    """Flat names, each for one path."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._by_path: dict[str, str] = {}

    def of(self, path: str) -> str:
        """Return the name of a path.

        A dimension, and a variable of its name that is not its coordinate, are one
        path apart and have one name.
        """
        *groups, name = path.split("/")
        words = [*groups, name.removeprefix(_NOT_A_COORDINATE)]
        plain = "/".join(words)
        if plain not in self._by_path:
            self._by_path[plain] = self._unlike(readable("_".join(words)))
        return self._by_path[plain]

    def _unlike(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name
