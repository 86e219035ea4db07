"""Forced photometry: the flux at one place in every image that covers it."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from xml.sax.saxutils import escape, quoteattr

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gatewright.core.errors import InvalidContent, InvalidRequest
from gatewright.domains.processing import LightCurve, curve_picture
from gatewright.faces.api.image_parameters import (
    NO_PARQUET,
    PARQUET,
    Band,
    Degrees,
    Place,
    SurveyNames,
    Time,
)
from gatewright.faces.api.image_query import image_query, place_text
from gatewright.faces.api.product_answers import (
    LightCurveAnswer,
    LightPointAnswer,
    light_curve_answer,
    point_answer,
)
from gatewright.faces.api.product_bodies import circle
from gatewright.web.context import Context, RequestContext
from gatewright.web.json_model import BINARY
from gatewright.web.listing import json_response
from gatewright.web.parquet_table import parquet_response
from gatewright.web.user_content import content_disposition

router = APIRouter(tags=["sky"])

_COLUMNS = (
    ("image", "", "char", "meta.id"),
    ("mjd", "d", "double", "time.epoch"),
    ("time", "", "char", "time.epoch"),
    ("time_assumed", "", "boolean", "meta.code"),
    ("band", "", "char", "instr.bandpass"),
    ("flux", "", "double", "phot.count"),
    ("flux_error", "", "double", "stat.error;phot.count"),
    ("upper_limit", "", "double", "phot.count;stat.max"),
    ("scale", "", "double", "arith.factor"),
    ("scale_error", "", "double", "stat.error"),
    ("magnitude", "mag", "double", "phot.mag"),
    ("magnitude_error", "mag", "double", "stat.error;phot.mag"),
    ("magnitude_limit", "mag", "double", "phot.mag;stat.min"),
    ("zero_point", "mag", "double", "phot.mag;arith.zp"),
    ("zero_point_error", "mag", "double", "stat.error;phot.mag;arith.zp"),
    ("zero_point_scatter", "mag", "double", "stat.stdev;phot.mag;arith.zp"),
    ("zero_point_stars", "", "int", "meta.number"),
    ("zero_point_rejected", "", "int", "meta.number"),
    ("zero_point_reason", "", "char", "meta.note"),
    ("system", "", "char", "meta.code;phot"),
    ("catalogue", "", "char", "meta.id;meta.table"),
    ("catalogue_sha256", "", "char", "meta.checksum"),
    ("catalogue_damaged_rows", "", "int", "meta.number"),
    ("version", "", "char", "meta.version;meta.software"),
    ("reason", "", "char", "meta.note"),
)
_VOTABLE = "application/x-votable+xml"
_SVG = "image/svg+xml"

_PICTURES = {"png": "image/png", "svg": _SVG}


@dataclass(frozen=True, slots=True)
class CurveLook:
    """How a light curve is sent."""

    form: str
    """``json``, ``csv``, ``votable``, ``parquet``, ``png`` or ``svg``."""
    axis: str | None
    """What a picture shows: ``flux`` or ``magnitude``; None for the usual."""


CURVES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "application/json": {},
            "text/csv": {},
            _VOTABLE: {},
            **PARQUET,
            "image/png": {"schema": BINARY},
            _SVG: {"schema": BINARY},
        },
        "description": "The light curve.",
    },
    401: {"description": "You are not signed in."},
    404: {"description": "No image covers the place, or none can be measured."},
    413: {"description": "Too many images; restrict them by time or band."},
    **NO_PARQUET,
}
"""Descriptions of the responses with a light curve, by status."""

CurveForm = Annotated[
    Literal["json", "csv", "votable", "parquet", "png", "svg"],
    Query(
        alias="format",
        title="Form",
        description="Format of the response; png and svg: a picture with its axes. "
        "Parquet needs the gateway's extra “parquet” (pyarrow).",
    ),
]
CurveAxis = Annotated[
    Literal["flux", "magnitude"] | None,
    Query(
        title="Axis",
        description="What a picture shows over time. By default the magnitude, where "
        "an image has a zero point, and the flux elsewhere.",
    ),
]


@router.get(
    "/lightcurve",
    operation_id="getLightCurve",
    response_model=LightCurveAnswer,
    summary="Flux at a place over time",
    responses=CURVES,
)
async def light_curve(
    request: Request,
    context: Context,
    pos: Place = None,
    ra: Degrees = None,
    dec: Degrees = None,
    survey: SurveyNames = None,
    time: Time = None,
    band: Band = None,
    form: CurveForm = "json",
    axis: CurveAxis = None,
) -> Response:
    """Measure the flux at a place in each image, whether or not a star is visible.

    The place is the middle of the circle, whatever its radius.

    The point-spread function of each image is fitted at the place. All fluxes are
    scaled to the first image by the stars that the images share, and are in its
    units. Where the flux is below 3 sigma, an upper limit of 5 sigma is given.

    An image whose survey has a catalogue of stars has a zero point, measured from the
    stars within 0.1 degrees of the place, and so a magnitude in the catalogue's
    photometric system. No colour term is fitted. Other fluxes stay “instrumental”.

    A picture has bright above, and arrows below upper limits.
    """
    look = curve_look(form, axis)
    place = circle(place_text(context.services.images.sky.places, pos, ra, dec))
    if place is None:
        raise InvalidContent("Give a place: pos=CIRCLE ra dec radius, in degrees.")
    query = image_query(time=time, band=band, survey=survey)
    curve = await context.services.images.processing.light_curve(
        context.caller, place.ra, place.dec, query
    )
    text = f"RA {place.ra:.6f}°, Dec {place.dec:+.6f}° (ICRS)"
    return await light_curve_response(context, curve, look, text)


def curve_look(form: str, axis: str | None) -> CurveLook:
    """Return how a light curve is sent.

    Raises
    ------
    InvalidRequest
        A table is asked for with the axis of a picture.
    """
    if axis is not None and form not in _PICTURES:
        raise InvalidRequest(
            "“axis” changes pictures, and other formats have all columns: leave it "
            "out, or ask for a picture, such as format=png."
        )
    return CurveLook(form, axis)


async def light_curve_response(
    context: RequestContext, curve: LightCurve, look: CurveLook, title: str
) -> Response:
    """Return a response with a light curve.

    ``title`` is what a picture shows the light curve of.

    Raises
    ------
    NotImplementedHere
        Parquet is asked for, and pyarrow is not installed.
    NotFound
        A picture of magnitudes is asked for, and there are none.
    """
    form = look.form
    if form in _PICTURES:
        images = context.services.images
        titles = {one.id: one.title for one in await images.sky.surveys(context.caller)}
        names = sorted({point.image.partition("~")[0] for point in curve.points})
        # A title says what an id may not: that a survey is simulated.
        told = ", ".join(titles.get(name) or name for name in names)
        shown = curve_picture(curve, f"Light curve at {title}", told, look.axis)
        data = await images.curve_painter.draw(shown, look.form)
        name = f"lightcurve.{look.form}".encode()
        # A survey's title is text of the operator: an SVG is no page of this host.
        how = "inline" if look.form == "png" else "attachment"
        headers = {
            "Cache-Control": "private, no-cache",
            "Content-Disposition": content_disposition(how, name),
        }
        return Response(data, headers=headers, media_type=_PICTURES[look.form])
    if form == "json":
        return json_response(light_curve_answer(curve))
    if form == "csv":
        names = [name for name, *_ in _COLUMNS]
        text = io.StringIO()
        table = csv.DictWriter(text, names, lineterminator="\r\n")
        table.writeheader()
        # Unknown values are empty.
        table.writerows(point_answer(point) for point in curve.points)
        return Response(text.getvalue(), media_type="text/csv; charset=utf-8")
    if form == "parquet":
        points = list(map(point_answer, curve.points))
        return await parquet_response(
            LightPointAnswer,
            {name: unit for name, unit, *_ in _COLUMNS if unit},
            {name: [point[name] for point in points] for name, *_ in _COLUMNS},
            "lightcurve",
            {"units_of": curve.units_of},
        )
    return Response(votable_text(curve), media_type=_VOTABLE)


def votable_text(curve: LightCurve) -> str:
    """Return a light curve as a VOTable 1.4, with empty cells for unknown values."""
    fields = "".join(
        f'<FIELD name="{name}" datatype="{kind}" ucd="{ucd}"'
        + (' arraysize="*"' if kind == "char" else "")
        + (f' unit="{unit}"' if unit else "")
        + "/>"
        for name, unit, kind, ucd in _COLUMNS
    )
    rows = "".join(
        f"<TR>{''.join(_cells(point_answer(point).values()))}</TR>"
        for point in curve.points
    )
    units = quoteattr(curve.units_of)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        '<RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/>'
        f'<TABLE name="lightcurve"><PARAM name="units_of" datatype="char" '
        f'arraysize="*" value={units}/>'
        f"{fields}<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE>"
        "</RESOURCE></VOTABLE>\n"
    )


def _cells(values: Iterable[object]) -> Iterable[str]:
    for value in values:
        if value is None:
            yield "<TD/>"
        elif isinstance(value, bool):
            yield f"<TD>{'true' if value else 'false'}</TD>"
        else:
            yield f"<TD>{escape(str(value))}</TD>"
