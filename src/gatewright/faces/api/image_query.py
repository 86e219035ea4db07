"""Parses the query parameters of image searches and cut-outs."""

import math
import re
from collections.abc import Sequence

from gatewright.core.errors import InvalidContent, InvalidRequest
from gatewright.domains.sky import (
    ColourMap,
    CutoutFormat,
    CutoutRequest,
    ImageKind,
    ImageQuery,
    Limits,
    Orientation,
    Places,
    Stretch,
    parse_interval,
    parse_region,
    parse_times,
)

MAXIMUM_CHOICES = 64
_NUMERIC = re.compile(r"[-+]?(\d|\.\d|inf)", re.IGNORECASE)


def image_query(
    *,
    pos: Sequence[str] | None = None,
    time: Sequence[str] | None = None,
    band: Sequence[str] | None = None,
    survey: Sequence[str] | None = None,
    kind: str = "science",
    seeing: str | None = None,
    exposure: str | None = None,
) -> ImageQuery:
    """Return the image query that the parameters describe.

    Values of one parameter are alternatives; different parameters must all match.

    Raises
    ------
    InvalidRequest
        A parameter is malformed, or is given more than 64 times.
    """
    pos, time, band, survey = pos or (), time or (), band or (), survey or ()
    for choices in (pos, time, band, survey):
        if len(choices) > MAXIMUM_CHOICES:
            raise InvalidRequest(f"Give at most {MAXIMUM_CHOICES} values of a kind.")
    if kind not in {*ImageKind, "any"}:
        raise InvalidRequest(f"“kind” is one of {', '.join(ImageKind)}, any.")
    numbers = {"seeing": seeing, "exposure": exposure}
    return ImageQuery(
        regions=tuple(map(parse_region, pos)),
        times=tuple(map(parse_times, time)),
        wavelengths=tuple(
            parse_interval(b, "band") for b in band if _NUMERIC.match(b.strip())
        ),
        bands=tuple(b.strip() for b in band if not _NUMERIC.match(b.strip())),
        numbers={k: (parse_interval(v, k),) for k, v in numbers.items() if v},
        kinds=() if kind == "any" else (ImageKind(kind),),
        surveys=tuple(survey),
    )


def place_text(
    places: Places,
    pos: str | None,
    ra: float | None = None,
    dec: float | None = None,
    radius: float | None = None,
) -> str | None:
    """Return a place as region text: ``pos``, or a circle of the three numbers.

    ``pos`` may be coordinates or a name that ``places`` has. The numbers are ICRS
    degrees; without a radius the circle is a point. Returns None if no place is given.

    Raises
    ------
    InvalidContent
        ``ra`` or ``dec`` is missing, or ``pos`` is given as well.
    InvalidRequest
        ``pos`` is no place.
    """
    if ra is None and dec is None and radius is None:
        return None if pos is None else places.region_text(pos)
    if ra is None or dec is None or pos is not None:
        raise InvalidContent(
            "Give a place as pos=CIRCLE ra dec radius, or as ra, dec and radius in "
            "degrees, but not as both."
        )
    return f"CIRCLE {ra!r} {dec!r} {radius or 0.0!r}"


def cutout_request(
    *,
    pos: str,
    form: str,
    stretch: str | None,
    limits: str | None,
    size: int | None,
    orientation: str | None,
    plane: int | None,
    padded: bool = False,
    pixels: int | None = None,
    arcsec: float | None = None,
    marks: bool = False,
    cmap: ColourMap | None = None,
) -> CutoutRequest:
    """Return the cut-out request that the parameters describe.

    Raises
    ------
    InvalidRequest
        A parameter is malformed, or FITS pixels are asked for with the look of a
        picture.
    InvalidContent
        The size is given twice.
    """
    check_one_size(pixels, arcsec)
    if form == "fits":
        refuse_looks(
            stretch=stretch,
            limits=limits,
            cmap=cmap,
            size=size,
            orientation=orientation,
            marks=marks,
        )
    return CutoutRequest(
        region=parse_region(pos),
        format=CutoutFormat(form),
        stretch=stretch_of(stretch, limits, cmap),
        size=size,
        orientation=Orientation(orientation or "north"),
        plane=plane,
        padded=padded or pixels is not None or arcsec is not None,
        pixels=pixels,
        arcsec=arcsec,
        marks=marks,
    )


def check_one_size(pixels: int | None, arcsec: float | None) -> None:
    """Raise InvalidContent if the size of a cut-out is given twice."""
    if pixels is not None and arcsec is not None:
        raise InvalidContent("Say the size as “pixels” or as “arcsec”, not as both.")


def refuse_looks(**looks: object) -> None:
    """Raise InvalidRequest if FITS pixels are asked for with the look of a picture.

    ``looks`` are the parameters of the look by name; those that are not given are None
    or false.
    """
    named = [f"“{name}”" for name, value in looks.items() if value]
    if named:
        raise InvalidRequest(
            f"{' and '.join(named)} change pictures, and FITS has the pixels as they "
            "are: leave them out, or ask for a picture, such as format=png."
        )


def stretch_of(
    name: str | None, limits: str | None, cmap: ColourMap | None = None
) -> Stretch:
    """Return the stretch of a name, of limits that become black and white, and a map.

    Without them it is ``asinh``, of the usual percentiles, in grey.

    Raises
    ------
    InvalidRequest
        ``limits`` are not two increasing percentiles, two increasing values after the
        word ``value``, or ``zscale``.
    """
    name, cmap = name or "asinh", cmap or "gray"
    if limits is None:
        return Stretch(name, colours=cmap)
    kind, _, rest = limits.strip().partition(" ")
    if limits.strip() == "zscale":
        return Stretch(name, limits=Limits.ZSCALE, colours=cmap)
    if kind == "value":
        values = parse_interval(rest.replace(",", " "), "limits")
        if not -math.inf < values.low < values.high < math.inf:
            raise InvalidRequest("“limits” are two values, such as value -5 300.")
        return Stretch(name, values.low, values.high, Limits.VALUE, cmap)
    percentiles = parse_interval(limits.replace(",", " "), "limits")
    if not 0.0 <= percentiles.low < percentiles.high <= 100.0:
        raise InvalidRequest(
            "“limits” are two percentiles, such as 0.5 99.5, or “value low high”, or "
            "“zscale”."
        )
    return Stretch(name, percentiles.low, percentiles.high, colours=cmap)
