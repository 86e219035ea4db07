"""The open sources of a reader process, and the formats that open them."""

import importlib
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from gatewright.backends.gridded.formats import Format, GriddedFile
from gatewright.core.errors import BackendFailed, Conflict, NotFound
from gatewright.domains.arrays import Version

_OPEN_SOURCES = 8
_KNOWN_FORMATS = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """A source as a reader process knows it."""

    handle: str
    """Handle by which calls refer to it."""
    places: Sequence[bytes]
    """Paths of its files or folders."""
    formats: Sequence[str]
    """Possible formats as ``module:name``. Of several, the first that recognises the
    source is used."""

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Self:
        """Return the source of a call."""
        found = arguments["source"]
        return cls(found["handle"], found["places"], found["formats"])


class Sources:
    """Open sources; above the limit, the least recently used one is closed."""

    def __init__(self, most: int = _OPEN_SOURCES) -> None:
        self._most = most
        self._open: OrderedDict[str, GriddedFile] = OrderedDict()
        self._formats: OrderedDict[str, Format] = OrderedDict()

    def version(self, place: Place) -> Version:
        """Return the current version of a source.

        Raises
        ------
        NotFound
            The source is gone.
        BackendFailed
            The source is of an unknown format.
        """
        return self._format(place).version(place.places)

    def get(self, place: Place) -> GriddedFile:
        """Return the source in its current version, open.

        Raises
        ------
        NotFound
            The source is gone.
        BackendFailed
            The source is damaged or of an unknown format.
        """
        found = self._open.get(place.handle)
        version = self.version(place)
        if found is not None and found.description.version == version:
            self._open.move_to_end(place.handle)
            return found
        if found is not None:
            self._open.pop(place.handle).close()
            del self._formats[place.handle]  # it may be of another format now
        self._open[place.handle] = opened = self._format(place).open(place.places)
        if len(self._open) > self._most:
            self._open.popitem(last=False)[1].close()
        return opened

    def expected(self, place: Place, version: Version) -> GriddedFile:
        """Return the source, open, if it has the expected version.

        Raises
        ------
        Conflict
            The source has another version now.
        """
        file = self.get(place)
        if file.description.version != version:
            raise Conflict("The file of this data set changed while it was read.")
        return file

    def require(self, place: Place, file: GriddedFile) -> None:
        """Check that a source has not changed since it was opened.

        Raises
        ------
        Conflict
            The open file has changed, or another one was put in its place.
        """
        if not self.version(place) == file.version() == file.description.version:
            raise Conflict("The file of this data set changed while it was read.")

    def close(self) -> None:
        """Close all sources."""
        while self._open:
            self._open.popitem()[1].close()

    def _format(self, place: Place) -> Format:
        """Return the format of a source; it is cached.

        Raises
        ------
        NotFound, BackendFailed
            No format recognises the source.
        """
        if place.handle in self._formats:
            return self._formats[place.handle]
        known: list[Format] = []
        for name in place.formats:
            module, _, attribute = name.partition(":")
            known.append(getattr(importlib.import_module(module), attribute))
        matching = (one for one in known if one.recognises(place.places))
        found = known[0] if len(known) == 1 else next(matching, None)
        if found is None and all(map(os.path.isdir, place.places)):
            raise NotFound("The source of this data set is a folder of no known kind.")
        if found is None:
            raise BackendFailed("This file is of no kind that is read here.")
        self._formats[place.handle] = found
        if len(self._formats) > _KNOWN_FORMATS:
            self._formats.popitem(last=False)
        return found
