"""What a NetCDF-4 or plain HDF5 file says, by the rules of netCDF-4.

Source: "The NetCDF-4 File Format" (NetCDF Users' Guide, appendix C): dimensions are
HDF5 dimension scales, variables refer to them by DIMENSION_LIST.
"""

import os
from dataclasses import dataclass, field
from typing import Any

import h5py

from gatewright.backends.gridded.formats import version_of
from gatewright.backends.netcdf import hdf5_groups
from gatewright.backends.netcdf.hdf5_groups import Tree
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
    """Dimensions, variables and where the variables stand in the file."""

    dimensions: dict[str, Dimension] = field(default_factory=dict)
    """Dimensions by name."""
    variables: dict[str, Variable] = field(default_factory=dict)
    """Variables by name."""
    attributes: dict[str, Attribute] = field(default_factory=dict)
    """Attributes of the file."""
    paths: dict[str, str] = field(default_factory=dict)
    """HDF5 path of each variable, without the first slash."""
    warnings: list[str] = field(default_factory=list)
    """What was left out."""
    netcdf: bool = False
    """Whether the netCDF library wrote it."""

    def description(self, status: os.stat_result) -> Description:
        """Return the description of the file, which has this status."""
        return Description(
            version_of(status),
            "NetCDF-4" if self.netcdf else "HDF5",
            self.dimensions,
            self.variables,
            self.attributes,
            tuple(self.warnings),
            status.st_size,
            status.st_mtime,
        )


def read(file: Any) -> Hdf5Map:
    """Return what an open ``h5py.File`` says, with its groups flattened."""
    found = Hdf5Map(netcdf="_NCProperties" in file.attrs)
    tree = hdf5_groups.read(file, found.warnings)
    found.attributes = tree.attributes
    _find_dimensions(tree, found)
    for path, dataset in tree.datasets.items():
        if not _is_bare_dimension(dataset):
            _add_variable(path, dataset, tree, found)
    _grow_dimensions(found)
    return found


def _is_scale(dataset: Any) -> bool:
    return bool(h5py.h5ds.is_scale(dataset.id))


def _is_bare_dimension(dataset: Any) -> bool:
    label = dataset.attrs.get("NAME", b"")
    label = label.encode() if isinstance(label, str) else bytes(label)
    return _is_scale(dataset) and label.startswith(_NOT_A_VARIABLE)


def _find_dimensions(tree: Tree, found: Hdf5Map) -> None:
    for path, dataset in tree.datasets.items():
        if _is_scale(dataset) and dataset.shape:
            name = tree.names[path]
            unlimited = dataset.maxshape[0] is None
            found.dimensions[name] = Dimension(name, dataset.shape[0], unlimited)


def _add_variable(path: str, dataset: Any, tree: Tree, found: Hdf5Map) -> None:
    why = refusal(dataset)
    kind = element_type(dataset.dtype)
    if why or kind is None:
        found.warnings.append(f"The variable “{path}” is left out: {why}.")
        return
    name = tree.names[path]
    found.paths[name] = path
    found.variables[name] = Variable(
        name,
        kind,
        _dimension_names(path, dataset, tree, found),
        tuple(dataset.shape),
        _variable_attributes(path, dataset, tree, found),
        dataset.chunks,
    )


def _variable_attributes(
    path: str, dataset: Any, tree: Tree, found: Hdf5Map
) -> Attributes:
    own: Attributes = attributes(dataset, path, found.warnings)
    where = {}
    if "/" in path:
        where["fullnamepath"] = Attribute(ElementType.CHAR, (f"/{path}",))
    if tree.grouped:
        group = path.rpartition("/")[0]
        own = renamed(own, lambda word: tree.name_from(group, word))
    return {**flags(dataset.dtype), **own, **where}


def _dimension_names(
    path: str, dataset: Any, tree: Tree, found: Hdf5Map
) -> tuple[str, ...]:
    names: list[str] = []
    for axis, size in enumerate(dataset.shape):
        scale = _scale_of(dataset, axis, tree) or (
            path if _is_scale(dataset) and axis == 0 else ""
        )
        names.append(tree.names.get(scale, ""))
        if names[-1] not in found.dimensions:
            names[-1] = _phony(size, dataset.maxshape[axis] is None, names, found)
    return tuple(names)


def _scale_of(dataset: Any, axis: int, tree: Tree) -> str:
    """Return the path of the dimension scale of an axis; empty where there is none."""
    if "DIMENSION_LIST" in dataset.attrs:
        references = dataset.attrs["DIMENSION_LIST"][axis]
        if len(references):
            return str(dataset.file[references[0]].name).lstrip("/")
        return ""
    # A coordinate variable of several dimensions is a scale, which may not refer to
    # other scales: netCDF-4 keeps the numbers of its dimensions instead.
    numbers = dataset.attrs.get("_Netcdf4Coordinates")
    if numbers is None or axis >= len(numbers):
        return ""
    return _scale_with_number(tree, int(numbers[axis]))


def _scale_with_number(tree: Tree, number: int) -> str:
    for path, dataset in tree.datasets.items():
        if _is_scale(dataset) and int(dataset.attrs.get("_Netcdf4Dimid", -1)) == number:
            return path
    return ""


def _phony(size: int, unlimited: bool, taken: list[str], found: Hdf5Map) -> str:  # noqa: FBT001  # as Dimension has it
    """Return a made-up dimension of a size, each once in a variable, as netCDF does."""
    for dimension in found.dimensions.values():
        if (
            dimension.name.startswith("phony_dim_")
            and dimension.size == size
            and dimension.name not in taken
        ):
            return dimension.name
    name = f"phony_dim_{len(found.dimensions)}"
    found.dimensions[name] = Dimension(name, size, unlimited)
    return name


def _grow_dimensions(found: Hdf5Map) -> None:
    """Give unlimited dimensions the size of the longest variable along them."""
    for dimension in [d for d in found.dimensions.values() if d.unlimited]:
        sizes = [
            size
            for variable in found.variables.values()
            for name, size in zip(variable.dimensions, variable.shape, strict=True)
            if name == dimension.name
        ]
        longest = max([dimension.size, *sizes])
        found.dimensions[dimension.name] = Dimension(dimension.name, longest, True)  # noqa: FBT003  # unlimited
    for name, variable in found.variables.items():
        shape = tuple(found.dimensions[d].size for d in variable.dimensions)
        if shape != variable.shape:
            found.variables[name] = _reshaped(variable, shape)


def _reshaped(variable: Variable, shape: tuple[int, ...]) -> Variable:
    return Variable(
        variable.name,
        variable.type,
        variable.dimensions,
        shape,
        variable.attributes,
        variable.chunks,
    )
