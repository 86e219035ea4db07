"""Reads catalogues of stars, and measures the zero points of frames against them."""

import csv
import hashlib
import io
import json
import warnings
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits, votable
from astropy.table import Table

from gatewright import __version__
from gatewright.core.errors import InvalidContent
from gatewright.domains.processing import Calibration
from gatewright.domains.processing.frames import Numbers
from gatewright.domains.processing.prepared import Prepared
from gatewright.domains.processing.zeropoint import Stars, measure_zero_point

MOST_BYTES = 128 << 20
"""Largest file of a catalogue."""
MOST_ROWS = 1_000_000
"""Most rows of a catalogue."""
_FAINTEST = 40.0
_BRIGHTEST = -30.0
_WORST = 1.0
"""Magnitudes outside these limits, and larger errors, stand for unknown values."""
_DEGREES = frozenset(["", "deg", "degree", "degrees"])


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The rows of a catalogue that could be read."""

    columns: Mapping[str, Numbers]
    """Numbers by name of column; NaN where a row has none."""
    digest: str
    """SHA-256 of the file, hexadecimal."""
    damaged: int
    """Number of rows that were left out, because they could not be read."""


def calibrate(
    frame: Prepared, band: str | None, told: Mapping[str, Any] | None
) -> Calibration | str | None:
    """Return the zero point of a frame, or why it has none.

    ``told`` is a serialised ``StarCatalogue``; without one, the result is None.
    """
    if told is None:
        return None
    if band is None or band not in told["bands"]:
        return (
            f"The catalogue “{told['name']}” has no magnitudes of the band "
            f"{band or 'of this image, which is unknown'}."
        )
    try:
        catalogue = read_catalogue(told)
        zero = measure_zero_point(frame, _stars(catalogue, told, band))
    except InvalidContent as error:
        return error.text
    return Calibration(
        system=told["system"],
        zero_point=zero.value,
        zero_point_error=zero.error,
        scatter=zero.scatter,
        stars=zero.stars,
        rejected=zero.rejected,
        catalogue=told["name"],
        digest=catalogue.digest,
        damaged=catalogue.damaged,
        version=__version__,
    )


def read_catalogue(told: Mapping[str, Any]) -> Catalogue:
    """Return the columns of a serialised ``StarCatalogue``; the last two are kept.

    Raises
    ------
    InvalidContent
        The file is missing, too large, damaged as a whole, or has not these columns.
    """
    path = Path(told["path"])
    what = f"The catalogue “{told['name']}”"
    try:
        status = path.stat()
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        return _read(path, identity, json.dumps(told, sort_keys=True))
    except InvalidContent:
        raise
    except OSError as error:
        raise InvalidContent(f"{what} cannot be read: {error.strerror}.") from error
    except Exception as error:
        # astropy raises errors of many kinds on a damaged table.
        raise InvalidContent(f"{what} is damaged: its table cannot be read.") from error


@lru_cache(maxsize=2)
def _read(path: Path, identity: tuple[int, ...], text: str) -> Catalogue:
    told = json.loads(text)
    what = f"The catalogue “{told['name']}”"
    if identity[2] > MOST_BYTES:
        raise InvalidContent(
            f"{what} is larger than {MOST_BYTES >> 20} MiB. Give one with the survey's "
            "part of the sky, or fewer columns."
        )
    names = [
        told["ra"],
        told["dec"],
        *(n for pair in told["bands"].values() for n in pair),
    ]
    names = list(dict.fromkeys(names))
    data = path.read_bytes()
    read = _csv if path.name.lower().endswith(".csv") else _table
    columns, damaged = read(data, path, names, what)
    ra, dec = columns[told["ra"]], columns[told["dec"]]
    # A comparison with NaN is false.
    good = (ra >= 0.0) & (ra <= 360.0) & (np.abs(dec) <= 90.0)
    kept = {name: values[good] for name, values in columns.items()}
    damaged += int(np.count_nonzero(~good))
    return Catalogue(kept, hashlib.sha256(data).hexdigest(), damaged)


def _csv(
    data: bytes, _path: Path, names: Sequence[str], what: str
) -> tuple[dict[str, Numbers], int]:
    """Return columns of a CSV file, and the number of rows that are damaged."""
    # A byte that is not UTF-8 costs its row alone, and so does a quote without an end.
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", "replace")
    rows = (next(csv.reader([line]), []) for line in text)
    header = [name.strip() for name in next(rows, [])]
    places = [_place(name, header, what) for name in names]
    columns = [array("d") for _ in names]
    damaged = 0
    for row in rows:
        if not row:
            continue
        try:
            values = [float(row[place].strip() or "nan") for place in places]
        except (ValueError, IndexError):
            values = []
        # In a row of another length, the numbers may be those of other columns.
        if not values or len(row) != len(header):
            damaged += 1
            continue
        for column, value in zip(columns, values, strict=True):
            column.append(value)
        _check_rows(len(columns[0]), what)
    found = {n: np.array(c, float) for n, c in zip(names, columns, strict=True)}
    return found, damaged


def _table(
    data: bytes, path: Path, names: Sequence[str], what: str
) -> tuple[dict[str, Numbers], int]:
    """Return columns of a FITS or VOTable file; damaged cells are NaN."""
    file = io.BytesIO(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.name.lower().endswith((".fits", ".fit")):
            with fits.open(file) as hdus:
                tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU)]
                if not tables:
                    raise InvalidContent(f"{what} has no binary table.")
                _check_rows(int(tables[0].header["NAXIS2"]), what)
                table = Table.read(tables[0])
        else:
            one = votable.parse(file, invalid="mask", verify="ignore")
            table = one.get_first_table().to_table(use_names_over_ids=True)
    _check_rows(len(table), what)
    found: dict[str, Numbers] = {}
    for number, name in enumerate(names):
        column = table[table.colnames[_place(name, table.colnames, what)]]
        unit = str(column.unit or "")
        if number < 2 and unit not in _DEGREES:  # ra and dec
            raise InvalidContent(f"{what} has “{name}” in {unit}, not in degrees.")
        found[name] = np.ma.filled(np.ma.asarray(column).astype(float), np.nan)
    return found, 0


def _place(name: str, header: Sequence[str], what: str) -> int:
    """Return the number of a column; names differ in more than upper and lower case."""
    lower = [one.lower() for one in header]
    if name.lower() not in lower:
        shown = ", ".join(header[:40])
        raise InvalidContent(f"{what} has no column “{name}”. It has {shown}.")
    return header.index(name) if name in header else lower.index(name.lower())


def _check_rows(number: int, what: str) -> None:
    if number > MOST_ROWS:
        raise InvalidContent(
            f"{what} has more than {MOST_ROWS:,} rows. Give one with the survey's "
            "part of the sky, or brighter stars."
        )


def _stars(catalogue: Catalogue, told: Mapping[str, Any], band: str) -> Stars:
    """Return the stars that have a magnitude and its error in a band."""
    magnitude, error = (catalogue.columns[name] for name in told["bands"][band])
    known = (magnitude > _BRIGHTEST) & (magnitude < _FAINTEST)
    known &= (error >= 0.0) & (error < _WORST)
    ra, dec = catalogue.columns[told["ra"]], catalogue.columns[told["dec"]]
    return Stars(ra[known], dec[known], magnitude[known], error[known])


def calibration_answer(found: Calibration | str | None) -> dict[str, object] | None:
    """Return a zero point as JSON values, or the reason why there is none."""
    if isinstance(found, str):
        return {"reason": found}
    return None if found is None else asdict(found)
