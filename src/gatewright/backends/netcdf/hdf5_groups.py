"""Flattens the groups of an HDF5 file into one list of names.

The name of a variable in a group is preceded by the names of its groups, joined by
underscores, as by the CF option of Hyrax: DAP2 has no groups, and netCDF-C allows no
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
    """The data sets of a file, by path without the leading slash."""

    datasets: dict[str, Any] = field(default_factory=dict)
    """The h5py data sets; those of the root first, then group by group."""
    names: dict[str, str] = field(default_factory=dict)
    """Unique flat name of each data set."""
    paths: dict[tuple[int, int], str] = field(default_factory=dict)
    """Path of each data set by its address; of several links, the first."""
    attributes: dict[str, Attribute] = field(default_factory=dict)
    """Global attributes; those of groups are named ``group.attribute``."""
    grouped: bool = False
    """Whether any data set is in a group."""

    def name_from(self, group: str, word: str) -> str:
        """Return the flat name of a variable that an attribute in a group refers to.

        A path is relative to the root or to the group. A plain name is searched in the
        group and then in the groups above it. Source: CF 1.11, section 2.7.
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

    def scale_of(self, path: str, axis: int) -> str:
        """Return the path of the dimension scale of an axis; empty without one.

        Source: "The NetCDF-4 File Format" (NetCDF Users' Guide, appendix C).
        """
        dataset = self.datasets[path]
        if "DIMENSION_LIST" in dataset.attrs:
            references = dataset.attrs["DIMENSION_LIST"][axis]
            if len(references):
                # HDF5 would search the whole file for the scale's name.
                return self.paths.get(_address(dataset.file[references[0]]), "")
        elif "_Netcdf4Coordinates" in dataset.attrs:
            # A coordinate variable of several dimensions is a scale, which may not
            # refer to other scales: netCDF-4 keeps the numbers of its dimensions.
            numbers = dataset.attrs["_Netcdf4Coordinates"]
            for other, scale in self.datasets.items() if axis < len(numbers) else ():
                if (
                    is_scale(scale)
                    and scale.attrs.get("_Netcdf4Dimid") == numbers[axis]
                ):
                    return other
        return path if is_scale(dataset) and axis == 0 else ""


def is_scale(dataset: Any) -> bool:
    """Return whether an h5py data set is a dimension scale."""
    return bool(h5py.h5ds.is_scale(dataset.id))


def read(file: Any, warnings: list[str]) -> Tree:
    """Return the data sets of an open ``h5py.File``, without links to other files."""
    tree = Tree(attributes=attributes(file, "", warnings))
    waiting: list[tuple[str, Any]] = [("", file)]
    seen = {_address(file)}
    names = _FlatNames()
    while waiting:
        path, group = waiting.pop(0)
        for name in _members(group, path, warnings):
            item = group.get(name)
            below = f"{path}/{name}".lstrip("/")
            if len(tree.datasets) + len(seen) > _MOST_OBJECTS:
                warnings.append("The file has too many objects: the rest is left out.")
                return tree
            if isinstance(item, h5py.Dataset):
                tree.datasets[below] = item
                tree.grouped = tree.grouped or "/" in below
                tree.names[below] = names.of(below)
                tree.paths.setdefault(_address(item), below)
            elif isinstance(item, h5py.Group) and _address(item) not in seen:
                seen.add(_address(item))
                if below.count("/") >= _MOST_LEVELS:
                    warnings.append(
                        f"The group “{below[:100]}” is left out: it lies too deep."
                    )
                    continue
                waiting.append((below, item))
                prefix = below.replace("/", ".")
                for word, value in attributes(item, below, warnings).items():
                    tree.attributes[f"{prefix}.{word}"] = value
    return tree


def _address(group: Any) -> tuple[int, int]:
    """Return the file number and address of an object, which identify it."""
    info = h5py.h5o.get_info(group.id)
    return int(info.fileno), int(info.addr)


def _members(group: Any, path: str, warnings: list[str]) -> Iterator[str]:
    """Yield the names in a group in order of creation, if that is recorded.

    NetCDF-4 records it; other files give names in alphabetical order. Links to other
    files are left out with a warning.
    """
    order: list[tuple[int, str]] = []
    for name in [name for name in group if isinstance(name, str)]:
        link = group.id.links.get_info(name.encode("utf-8", "surrogateescape"))
        elsewhere = link.type == h5py.h5l.TYPE_EXTERNAL
        if link.type == h5py.h5l.TYPE_SOFT:
            item = group.get(name)
            elsewhere = item is not None and _address(item)[0] != _address(group)[0]
        if elsewhere:
            where = f"{path}/{name}".lstrip("/")
            warnings.append(f"“{where}” is left out: it is a link to another file.")
        else:
            order.append((link.corder if link.corder_valid else 0, name))
    return (name for _, name in sorted(order))


class _FlatNames:
    """Assigns a unique name without slashes to each path."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._by_path: dict[str, str] = {}

    def of(self, path: str) -> str:
        """Return the name of a path; underscores are appended if it is taken.

        NetCDF-4 stores a variable that has the name of a dimension, but is not its
        coordinate, under a prefix: both get the same name here.
        """
        *groups, last = path.split("/")
        words = [*groups, last.removeprefix(_NOT_A_COORDINATE)]
        plain = "/".join(words)
        if plain not in self._by_path:
            name = readable("_".join(words))
            while name in self._taken:
                name += "_"
            self._taken.add(name)
            self._by_path[plain] = name
        return self._by_path[plain]
