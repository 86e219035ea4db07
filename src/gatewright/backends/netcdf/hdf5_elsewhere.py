"""Checks HDF5 data sets whose values are in other files (virtual, external).

If such a file is missing, the HDF5 library returns fill values (for a virtual data set
whose sources were moved or are out of a reader's reach) or zeros (for a raw file that
is too short). Here each case is an error. Source: "HDF5 Virtual Dataset" (RFC, The HDF
Group) and the library's ``H5Dvirtual.c`` and ``H5Defl.c``.
"""

import operator
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from gatewright.backends.gridded.formats import file_version
from gatewright.core.errors import BackendFailed, Conflict, NotFound
from gatewright.domains.arrays import Hyperslab, Version

_DEEPEST = 8
"""Largest depth of virtual data sets that refer to virtual data sets."""
_HERE = "."
"""Name by which a virtual data set refers to its own file."""
_NUMBERED = "%b"
"""What stands for a block's number in the name of a file."""
Versions = dict[str, Version]


def is_elsewhere(dataset: Any) -> bool:
    """Return whether values of an h5py data set are in other files."""
    return bool(dataset.is_virtual or dataset.external)


@contextmanager
def required(dataset: Any, slab: Hyperslab) -> Iterator[None]:
    """Check before and after a read that the other files exist and are unchanged.

    Raises
    ------
    BackendFailed
        A file is missing, truncated, or out of the reader's reach.
    Conflict
        A file changed.
    """
    before = _versions(dataset, slab)
    yield
    if _versions(dataset, slab) != before:
        raise Conflict("A file that this data set refers to changed while it was read.")


def _versions(dataset: Any, slab: Hyperslab | None, depth: int = 0) -> Versions:
    """Return the versions of the files that hold a hyperslab, by path.

    ``slab`` is None for the whole data set.
    """
    found = _of_raw_files(dataset) if dataset.external else {}
    folder = Path(os.fsdecode(dataset.file.filename)).parent
    for source in dataset.virtual_sources() if dataset.is_virtual else []:
        if _NUMBERED in source.file_name or _NUMBERED in source.dset_name:
            raise _missing(dataset, "a number of files that is not fixed")
        box = _box(source.vspace)
        if slab is not None and box is not None:
            overlaps = (
                begin < part.stop and part.start <= end
                for begin, end, part in zip(*box, slab, strict=True)
            )
            if not all(overlaps):
                continue
        if depth == _DEEPEST:
            raise _missing(dataset, "data sets within data sets, too many of them,")
        if source.file_name == _HERE:
            found |= _of_source(dataset, dataset.file, source, depth)
            continue
        # The library takes a relative name from the folder of the file; an absolute
        # one as it is, and then its last part beside the file.
        named = Path(source.file_name)
        path, beside = folder / named, folder / named.name
        if named.is_absolute() and not named.exists() and beside.exists():
            path = beside
        try:
            found[str(path)] = file_version(bytes(path))
            with h5py.File(path, "r", locking=False) as file:
                found |= _of_source(dataset, file, source, depth)
        except (OSError, NotFound) as error:
            raise _missing(dataset, f"the file “{path.name}”") from error
    return found


def _of_source(dataset: Any, file: Any, source: Any, depth: int) -> Versions:
    """Return the versions of the files that hold one source of a virtual data set."""
    found = file.get(source.dset_name)
    if not isinstance(found, h5py.Dataset):
        raise _missing(dataset, f"the data set “{source.dset_name}”")
    wanted = _box(source.src_space)
    if wanted is not None:
        last = wanted[1]
        whole = len(last) == found.ndim and all(map(operator.lt, last, found.shape))
    elif _box(source.vspace) is not None:
        whole = found.size == source.vspace.get_select_npoints()
    else:
        whole = True  # what there is of it is wanted, however much that is
    if not whole:
        raise _missing(dataset, f"the end of the data set “{source.dset_name}”")
    return _versions(found, None, depth + 1)


def _box(space: Any) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the first and last index of the bounding box of a selection.

    None for an unlimited selection, and for one of a whole data set of unknown shape.
    """
    try:
        first, last = space.get_select_bounds()
    except (RuntimeError, ValueError):
        return None
    return first, last


def _of_raw_files(dataset: Any) -> Versions:
    """Return the versions of the raw files of an external data set.

    Raises
    ------
    BackendFailed
        A raw file is missing, or shorter than the array requires.
    """
    found = {}
    needed = int(dataset.nbytes)
    for name, offset, size in dataset.external:
        part = min(size, needed)
        path = Path(name)
        try:
            found[name] = file_version(os.fsencode(path))
            long_enough = path.stat().st_size >= offset + part
        except (OSError, NotFound) as error:
            raise _missing(dataset, f"the file “{path.name}”") from error
        if not long_enough:
            raise _missing(dataset, f"the end of the file “{path.name}”")
        needed -= part
    return found


def _missing(dataset: Any, what: str) -> BackendFailed:
    name = str(dataset.name).rpartition("/")[2]
    return BackendFailed(
        f"“{name}” has values in other files, and {what} cannot be read here. Whoever "
        "publishes the data set can put the files beside it, or all values into one."
    )
