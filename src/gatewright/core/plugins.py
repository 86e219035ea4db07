"""Finds plug-ins by their entry points and loads them when they are needed."""

import logging
import sys
from functools import lru_cache
from importlib import metadata
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any, Final, TypeVar

from gatewright.core.errors import InvalidRequest

FACES: Final = "gatewright.faces"
"""Entry point group of the protocols."""
IDENTITY: Final = "gatewright.identity"
"""Entry point group of the ways to sign in."""
STORES: Final = "gatewright.stores"
"""Entry point group of the places where documents are kept."""
ARRAY_READERS: Final = "gatewright.array_readers"
"""Entry point group of the formats of gridded data."""
IMAGE_READERS: Final = "gatewright.image_readers"
"""Entry point group of the formats of images."""

Kind = TypeVar("Kind")

_log = logging.getLogger(__name__)


def entry_points(group: str, **wanted: Any) -> EntryPoints:
    """Return a group's entry points with these attributes, such as ``name``.

    The packages are looked through once for each group, which takes 10 ms for a hundred
    of them, and again when Python's path has changed.
    """
    return _of_group(group, tuple(sys.path)).select(**wanted)


@lru_cache(maxsize=32)
def _of_group(group: str, path: tuple[str, ...]) -> EntryPoints:
    return metadata.entry_points(group=group)


def installed(group: str) -> list[str]:
    """Return the sorted names of a group's entry points."""
    return sorted({point.name for point in entry_points(group=group)})


def load(group: str, name: str) -> object:
    """Return the object that an entry point names.

    Raises
    ------
    InvalidRequest
        No entry point has that name, in which case the text lists the names that exist,
        or its package cannot be imported.
    """
    for point in entry_points(group=group, name=name):
        return _load(point)
    names = ", ".join(installed(group)) or "none"
    raise InvalidRequest(f"There is no {group} plug-in “{name}”. Installed: {names}.")


def load_all(group: str, kind: type[Kind]) -> dict[str, Kind]:
    """Return the plug-ins of a group by name, those of other packages first.

    A plug-in that cannot be imported, or is no instance of ``kind``, is logged and left
    out.
    """
    points = sorted(
        entry_points(group=group),
        key=lambda point: (point.value.startswith("gatewright."), point.name),
    )
    found = {}
    for point in points:
        try:
            plugin = _load(point)
        except InvalidRequest:
            continue
        if isinstance(plugin, kind):
            found[point.name] = plugin
        else:
            _log.warning("The plug-in %s is no %s.", point.name, kind.__name__)
    return found


def _load(point: EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:  # another's package may fail in any way
        _log.warning("The plug-in %s (%s) does not import.", point.name, point.value)
        raise InvalidRequest(
            f"The plug-in “{point.name}” does not import: {error}"
        ) from error
