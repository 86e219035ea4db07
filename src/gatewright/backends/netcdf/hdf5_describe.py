"""Reads the metadata of a NetCDF-4 or plain HDF5 file, by the rules of netCDF-4.

Source: "The NetCDF-4 File Format" (NetCDF Users' Guide, appendix C): dimensions are
HDF5 dimension scales, to which variables refer by DIMENSION_LIST.
"""

import os
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from gatewright.backends.gridded.formats import version_of
from gatewright.backends.netcdf import hdf5_groups
from gatewright.backends.netcdf.hdf5_groups import Tree, is_scale
from gatewright.backends.netcdf.hdf5_types import (
    attributes,
    element_type,
    flags,
    refusal,
)
from gatewright.domains.arrays import (
    Attribute,
    Attributes,
    Description,
    Dimension,
    ElementType,
    Variable,
    renamed,
)

_NOT_A_VARIABLE = b"This is a netCDF dimension but not a netCDF variable"


@dataclass(slots=True)
class Hdf5Map:
    """Metadata of a file, and the HDF5 paths of its variables."""

    dimensions: dict[str, Dimension] = field(default_factory=dict)
    """Dimensions by name."""
    variables: dict[str, Variable] = field(default_factory=dict)
    """Variables by name."""
    attributes: dict[str, Attribute] = field(default_factory=dict)
    """Global attributes."""
    paths: dict[str, str] = field(default_factory=dict)
    """HDF5 path of each variable, without the leading slash."""
    warnings: list[str] = field(default_factory=list)
    """A sentence for each object that is left out."""
    netcdf: bool = False
    """Whether the netCDF library wrote the file."""

    def description(self, status: os.stat_result) -> Description:
        """Return the metadata of the file with this status.

        An unlimited dimension gets the length of the longest variable along it, and so
        do all other variables along it.
        """
        dimensions = dict(self.dimensions)
        for variable in self.variables.values():
            for name, size in zip(variable.dimensions, variable.shape, strict=True):
                dimension = dimensions[name]
                if dimension.unlimited and dimension.size < size:
                    dimensions[name] = replace(dimension, size=size)
        return Description(
            version_of(status),
            "NetCDF-4" if self.netcdf else "HDF5",
            dimensions,
            {
                name: replace(v, shape=tuple(dimensions[d].size for d in v.dimensions))
                for name, v in self.variables.items()
            },
            self.attributes,
            tuple(self.warnings),
            status.st_size,
            status.st_mtime,
        )


def read(file: Any) -> Hdf5Map:
    """Return the metadata of an open ``h5py.File``, with its groups flattened."""
    found = Hdf5Map(netcdf="_NCProperties" in file.attrs)
    tree = hdf5_groups.read(file, found.warnings)
    found.attributes = tree.attributes
    for path, dataset in tree.datasets.items():
        if is_scale(dataset) and dataset.shape:
            name, unlimited = tree.names[path], dataset.maxshape[0] is None
            found.dimensions[name] = Dimension(name, dataset.shape[0], unlimited)
    for path, dataset in tree.datasets.items():
        label = dataset.attrs.get("NAME", b"")
        label = label.encode() if isinstance(label, str) else bytes(label)
        if is_scale(dataset) and label.startswith(_NOT_A_VARIABLE):
            continue
        why, kind = refusal(dataset), element_type(dataset.dtype)
        if why or kind is None:
            found.warnings.append(f"The variable “{path}” is left out: {why}.")
            continue
        own: Attributes = attributes(dataset, path, found.warnings)
        where = {}
        if "/" in path:
            where["fullnamepath"] = Attribute(ElementType.CHAR, (f"/{path}",))
        if tree.grouped:
            group = path.rpartition("/")[0]
            own = renamed(own, partial(tree.name_from, group))
        name = tree.names[path]
        found.paths[name] = path
        found.variables[name] = Variable(
            name,
            kind,
            _dimension_names(path, dataset, tree, found),
            tuple(dataset.shape),
            {**flags(dataset.dtype), **own, **where},
            dataset.chunks,
        )
    return found


def _dimension_names(
    path: str, dataset: Any, tree: Tree, found: Hdf5Map
) -> tuple[str, ...]:
    """Return the dimensions of a variable; axes without a scale get new names.

    As in the netCDF library, there is one new dimension for each length, unless a
    variable has that length along two axes.
    """
    names: list[str] = []
    for axis, (size, longest) in enumerate(
        zip(dataset.shape, dataset.maxshape, strict=True)
    ):
        name = tree.names.get(tree.scale_of(path, axis), "")
        if name not in found.dimensions:
            for made_up in found.dimensions.values():
                name = made_up.name
                fits = name.startswith("phony_dim_") and made_up.size == size
                if fits and name not in names:
                    break
            else:
                name = f"phony_dim_{len(found.dimensions)}"
                found.dimensions[name] = Dimension(name, size, longest is None)
        names.append(name)
    return tuple(names)
