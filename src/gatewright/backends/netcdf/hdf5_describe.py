"""What a NetCDF-4 or plain HDF5 file says, by the rules of netCDF-4.

Source: "The NetCDF-4 File Format" (NetCDF Users' Guide, appendix C): dimensions are
HDF5 dimension scales, variables refer to them by DIMENSION_LIST.
"""

from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from gatewright.domains.arrays import (
    Attribute,
    Description,
    Dimension,
    ElementType,
    FileIdentity,
    Variable,
)

_HIDDEN = frozenset(
    {
        *("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "DIMENSION_LABELS"),
        *("_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties", "_nc3_strict"),
    }
)
_NOT_A_VARIABLE = b"This is a netCDF dimension but not a netCDF variable"
_NOT_A_COORDINATE = "_nc4_non_coord_"
_LARGEST_ATTRIBUTE = 1 << 20


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
    """HDF5 path of each variable."""
    warnings: list[str] = field(default_factory=list)
    """What was left out."""
    netcdf: bool = False
    """Whether the netCDF library wrote it."""

    def description(self, identity: FileIdentity) -> Description:
        """Return the description of the file that has this identity."""
        return Description(
            identity,
            "NetCDF-4" if self.netcdf else "HDF5",
            self.dimensions,
            self.variables,
            self.attributes,
            tuple(self.warnings),
        )


def read(file: Any) -> Hdf5Map:
    """Return what an open ``h5py.File`` says; groups below the root are left out."""
    found = Hdf5Map(netcdf="_NCProperties" in file.attrs)
    datasets = {}
    for name in _names(file):
        item = file.get(name)
        if isinstance(item, h5py.Dataset):
            datasets[name] = item
        elif isinstance(item, h5py.Group):
            found.warnings.append(f"The group “{name}” is left out.")
    found.attributes = _attributes(file, "", found.warnings)
    _find_dimensions(datasets, found)
    for name, dataset in datasets.items():
        if not _is_bare_dimension(dataset):
            _add_variable(name, dataset, found)
    _grow_dimensions(found)
    return found


def _names(file: Any) -> list[str]:
    """Return the names of the root group in the order they were made, if it is known.

    NetCDF-4 numbers its links; for others the order is that of the names.
    """
    names = [name for name in file if isinstance(name, str)]
    order: list[tuple[int, str]] = []
    for name in names:
        info = file.id.links.get_info(name.encode("utf-8", "surrogateescape"))
        order.append((info.corder if info.corder_valid else 0, name))
    return [name for _, name in sorted(order)]


def _is_scale(dataset: Any) -> bool:
    return bool(h5py.h5ds.is_scale(dataset.id))


def _is_bare_dimension(dataset: Any) -> bool:
    label = dataset.attrs.get("NAME", b"")
    label = label.encode() if isinstance(label, str) else bytes(label)
    return _is_scale(dataset) and label.startswith(_NOT_A_VARIABLE)


def _find_dimensions(datasets: dict[str, Any], found: Hdf5Map) -> None:
    for name, dataset in datasets.items():
        if _is_scale(dataset) and dataset.shape:
            plain = name.removeprefix(_NOT_A_COORDINATE)
            unlimited = dataset.maxshape[0] is None
            found.dimensions[plain] = Dimension(plain, dataset.shape[0], unlimited)


def _add_variable(name: str, dataset: Any, found: Hdf5Map) -> None:
    kind = element_type(dataset.dtype)
    if kind is None or dataset.shape is None:
        found.warnings.append(
            f"The variable “{name}” is left out: its type is not read here."
        )
        return
    plain = name.removeprefix(_NOT_A_COORDINATE)
    names = _dimension_names(name, dataset, found)
    found.paths[plain] = name
    found.variables[plain] = Variable(
        plain,
        kind,
        names,
        tuple(dataset.shape),
        _attributes(dataset, plain, found.warnings),
        dataset.chunks,
    )


def element_type(dtype: Any) -> ElementType | None:
    """Return the type of the elements, or None for one that is not read."""
    if h5py.check_enum_dtype(dtype) is not None or dtype.subdtype is not None:
        return None
    if dtype.kind in "iuf" and dtype.itemsize in {1, 2, 4, 8} and dtype != np.float16:
        return ElementType(dtype.newbyteorder("=").name)
    if dtype.kind == "S" and dtype.itemsize == 1:
        return ElementType.CHAR
    if dtype.kind == "S" or h5py.check_string_dtype(dtype) is not None:
        return ElementType.STRING
    return None


def _dimension_names(name: str, dataset: Any, found: Hdf5Map) -> tuple[str, ...]:
    names = []
    for axis, size in enumerate(dataset.shape):
        label = _scale_of(dataset, axis) or (
            name if _is_scale(dataset) and axis == 0 else ""
        )
        names.append(label.removeprefix(_NOT_A_COORDINATE))
        if names[-1] not in found.dimensions:
            names[-1] = _phony(size, dataset.maxshape[axis] is None, names, found)
    return tuple(names)


def _scale_of(dataset: Any, axis: int) -> str:
    """Return the name of the dimension scale of an axis; empty where there is none."""
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
    return _scale_with_number(dataset.file, int(numbers[axis]))


def _scale_with_number(file: Any, number: int) -> str:
    for name, item in file.items():
        if (
            isinstance(item, h5py.Dataset)
            and _is_scale(item)
            and int(item.attrs.get("_Netcdf4Dimid", -1)) == number
        ):
            return str(name)
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


def _attributes(item: Any, owner: str, warnings: list[str]) -> dict[str, Attribute]:
    found = {}
    for name in item.attrs:
        if name in _HIDDEN:
            continue
        try:
            value = _attribute(item, name)
        except (OSError, TypeError, ValueError, KeyError, RuntimeError):
            value = None
        if value is None:
            of = f" of “{owner}”" if owner else ""
            warnings.append(f"The attribute “{name}”{of} is left out: it is not read.")
        else:
            found[name] = value
    return found


def _attribute(item: Any, name: str) -> Attribute | None:
    if item.attrs.get_id(name).get_storage_size() > _LARGEST_ATTRIBUTE:
        return None
    value = item.attrs[name]
    if isinstance(value, h5py.Empty):
        return Attribute(ElementType.CHAR, ("",))
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        kind = ElementType.CHAR if array.dtype.kind == "S" else ElementType.STRING
        texts = tuple(_text(element) for element in array.reshape(-1))
        return Attribute(kind if len(texts) == 1 else ElementType.STRING, texts)
    numeric = element_type(array.dtype)
    if numeric is None:
        return None
    return Attribute(numeric, tuple(array.reshape(-1).tolist()))


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").rstrip("\0")
    return str(value).encode("utf-8", "replace").decode()
