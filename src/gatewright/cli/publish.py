"""Finds the NetCDF and FITS files under a folder, and names what to publish."""

import re
from collections.abc import Iterable, Iterator
from glob import escape
from pathlib import Path

from gatewright.core.config import DatasetSource, SurveySource

NETCDF = (".nc", ".nc4", ".cdf", ".netcdf")
FITS = (".fits", ".fit", ".fts")
COMPRESSIONS = ("", ".fz", ".gz", ".bz2")

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def datasets_under(folder: Path) -> list[DatasetSource]:
    """Return a data set for each NetCDF file, named by the file's stem."""
    files = [path for path in _files(folder) if path.suffix.lower() in NETCDF]
    names = _unique((path.stem, path.parent.name) for path in files)
    return [
        DatasetSource(id=name, source=path)
        for name, path in zip(names, files, strict=True)
    ]


def surveys_under(folder: Path) -> list[SurveySource]:
    """Return a survey for each folder with FITS files, named by the folder."""
    folders = sorted({path.parent for path in _files(folder) if is_fits(path.name)})
    names = _unique((path.name, path.parent.name) for path in folders)
    return [
        SurveySource(id=name, images=f"{escape(str(path))}/*.[fF]*", title=path.name)
        for name, path in zip(names, folders, strict=True)
    ]


def is_fits(name: str) -> bool:
    """Return whether a file name is a FITS file's, compressed or not."""
    return name.lower().endswith(
        tuple(fits + compression for fits in FITS for compression in COMPRESSIONS)
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _unique(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a unique name for each (name, folder); add folder or number if needed."""
    taken: set[str] = set()
    for name, folder in pairs:
        plain = _named(name)
        choices = [plain, f"{_named(folder)}.{plain}"]
        choices += [f"{plain}-{number}" for number in range(2, 2 + len(taken))]
        chosen = next(choice for choice in choices if choice not in taken)
        taken.add(chosen)
        yield chosen


def _named(text: str) -> str:
    return _NOT_IN_NAMES.sub("-", text).lstrip("._-")[:128] or "data"
