"""Parses the parameters of an SIA 2.0 query."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky import (
    ImageKind,
    ImageQuery,
    Interval,
    parse_interval,
    parse_region,
)
from gatewright.faces.vo.obscore import MEDIA_TYPES, image_of_did
from gatewright.faces.vo.votable.wire import Parameter

T = TypeVar("T")

STANDARD = "ivo://ivoa.net/std/SIA#query-2.0"
DEFAULT_RECORDS = 1000
MAXIMUM_RECORDS = 50_000
_VALUES = 64
_NUMBERS = {"FOV": "fov", "SPATRES": "seeing", "EXPTIME": "exposure"}
_WORDS = {"FACILITY": "facility", "INSTRUMENT": "instrument", "TARGET": "target"}
# Parameters whose columns are null for every image; a constraint on one finds none.
_NULL = ("SPECRP", "TIMERES", "RELEASEDATE")
_PLANES = {"image": Interval(1, 1), "cube": Interval(2, math.inf)}
_LIGHT = (ImageKind.SCIENCE, ImageKind.REFERENCE, ImageKind.DIFFERENCE)
_STATES = frozenset(
    ["I", "Q", "U", "V", "RR", "LL", "RL", "LR", "XX", "YY", "XY", "YX"]
)
_FORMATS = {
    "votable": "votable",
    "application/x-votable+xml": "votable",
    "text/xml": "votable",
    "csv": "csv",
    "text/csv": "csv",
    "tsv": "tsv",
    "text/tab-separated-values": "tsv",
    "parquet": "parquet",
    "application/vnd.apache.parquet": "parquet",
}

PARAMETERS = (
    Parameter("POS", "CIRCLE, RANGE or POLYGON in ICRS", "deg", "pos.outline;obs"),
    Parameter("BAND", "Wavelength interval", "m", "em.wl;stat.interval"),
    Parameter("TIME", "Interval of MJD in UTC", "d", "time.interval;obs.exposure"),
    Parameter("POL", "Polarization state", "", "meta.code;phys.polarization"),
    Parameter("FOV", "Range of fields of view", "deg", "phys.angSize;instr.fov"),
    Parameter("SPATRES", "Range of resolutions", "arcsec", "pos.angResolution"),
    Parameter("SPECRP", "Range of resolving powers", "", "spect.resolution"),
    Parameter("EXPTIME", "Range of exposure times", "s", "time.duration;obs.exposure"),
    Parameter("TIMERES", "Range of resolutions in time", "s", "time.resolution"),
    Parameter("ID", "Identifier of an image", "", "meta.ref.ivoid"),
    Parameter("COLLECTION", "Name of a survey", "", "meta.id"),
    Parameter("FACILITY", "Name of a telescope", "", "meta.id;instr.tel"),
    Parameter("INSTRUMENT", "Name of a camera", "", "meta.id;instr"),
    Parameter("TARGET", "Name of an object or field", "", "meta.id;src"),
    Parameter("DPTYPE", "image or cube", "", "meta.code.class"),
    Parameter("CALIB", "Level of calibration", "", "meta.code;obs.calib"),
    Parameter(
        "KIND",
        f"{', '.join(ImageKind)}, any; science if neither this nor CALIB is given",
        "",
        "meta.id",
    ),
    Parameter("FORMAT", "Media type of the data", "", "meta.code.mime"),
    Parameter("MAXREC", "Most rows of the answer"),
    Parameter("RESPONSEFORMAT", "votable, csv, tsv or parquet"),
)


@dataclass(frozen=True, slots=True)
class SiaRequest:
    """A parsed SIA 2.0 query."""

    query: ImageQuery
    """Query for the images."""
    records: int
    """Most rows of the response (MAXREC)."""
    form: str
    """Format of the response: ``votable``, ``csv``, ``tsv`` or ``parquet``."""


def collect(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    """Return the values of each parameter by its upper-case name (DALI 1.1, 3)."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if value.strip():
            values.setdefault(name.upper(), []).append(value.strip())
    return values


def sia_request(values: Mapping[str, Sequence[str]]) -> SiaRequest:
    """Return the request that the parameters describe; unknown ones are ignored (DALI).

    Raises
    ------
    InvalidRequest
        A parameter is malformed, or has more than 64 values.
    """
    for name, several in values.items():
        if len(several) > _VALUES:
            raise InvalidRequest(f"{name} has more than {_VALUES} values.")
    if "UPLOAD" in values:
        raise InvalidRequest("UPLOAD is not supported.")
    planes = [_PLANES[kind] for kind in values.get("DPTYPE", ()) if kind in _PLANES]
    if not set(values.get("CALIB", ())) <= {"0", "1", "2", "3", "4"}:
        raise InvalidRequest("CALIB has to be a number from 0 to 4.")
    levels = [Interval(float(v), float(v)) for v in values.get("CALIB", ())]
    words: dict[str, Sequence[str]] = {
        field: values[name] for name, field in _WORDS.items() if name in values
    }
    if "ID" in values:
        words["id"] = [image_of_did(did) or "" for did in values["ID"]]
    query = ImageQuery(
        regions=_each(values, "POS", parse_region),
        times=_intervals(values, "TIME"),
        wavelengths=_intervals(values, "BAND"),
        numbers={
            field: _intervals(values, name)
            for name, field in _NUMBERS.items()
            if name in values
        }
        | ({"planes": planes} if planes else {})
        | ({"calib_level": levels} if levels else {}),
        words=words,
        polarizations=tuple(p for p in values.get("POL", ()) if p in _STATES),
        packings=_packings(values),
        kinds=_kinds(values),
        surveys=tuple(values.get("COLLECTION", ())),
        nothing=_finds_nothing(values),
    )
    records = _single(values, "MAXREC") or str(DEFAULT_RECORDS)
    if not (records.isascii() and records.isdigit() and len(records) < 16):
        raise InvalidRequest("MAXREC has to be a number of rows.")
    text = _single(values, "RESPONSEFORMAT") or "votable"
    form = _FORMATS.get(text.partition(";")[0].strip().lower())
    if form is None:
        raise InvalidRequest("RESPONSEFORMAT has to be votable, csv, tsv or parquet.")
    return SiaRequest(query, min(int(records), MAXIMUM_RECORDS), form)


def _each(
    values: Mapping[str, Sequence[str]], name: str, parse: Callable[[str], T]
) -> tuple[T, ...]:
    return tuple(map(parse, values.get(name, ())))


def _intervals(values: Mapping[str, Sequence[str]], name: str) -> tuple[Interval, ...]:
    return _each(values, name, lambda text: parse_interval(text, name))


def _finds_nothing(values: Mapping[str, Sequence[str]]) -> bool:
    """Return whether a parameter excludes every image that the gateway can have."""
    return (
        any(name in values for name in _NULL)
        or _PLANES.keys().isdisjoint(values.get("DPTYPE", ["image"]))
        or _STATES.isdisjoint(values.get("POL", ["I"]))
        or ("FORMAT" in values and not _packings(values))
    )


def _packings(values: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the compressions whose media types match FORMAT."""
    formats = {value.lower() for value in values.get("FORMAT", ())}
    return tuple(p for p, media in MEDIA_TYPES.items() if media in formats)


def _kinds(values: Mapping[str, Sequence[str]]) -> tuple[ImageKind, ...]:
    """Return the requested kinds of images, by default science images.

    With CALIB, references and differences are included, since their level is 3.
    """
    asked = values.get("KIND", ())
    if "any" in asked:
        return ()
    if not asked:
        return _LIGHT if "CALIB" in values else (ImageKind.SCIENCE,)
    try:
        return tuple(map(ImageKind, asked))
    except ValueError as error:
        names = ", ".join(ImageKind)
        raise InvalidRequest(f"KIND has to be one of {names}, any.") from error


def _single(values: Mapping[str, Sequence[str]], name: str) -> str | None:
    several = values.get(name, ())
    if len(several) > 1:
        raise InvalidRequest(f"{name} is given more than once.")
    return several[0] if several else None
