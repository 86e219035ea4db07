"""Cut-outs of one place in all its images, in one answer."""

import asyncio
import csv
import io
import tarfile
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gatewright.core.errors import InvalidContent
from gatewright.domains.sky import Circle, CutoutFormat, CutoutRequest, mjd_text
from gatewright.faces.api.image_parameters import (
    Band,
    Degrees,
    Percentiles,
    Place,
    StretchName,
    SurveyNames,
    Time,
)
from gatewright.faces.api.image_query import image_query, place_text, stretch_of
from gatewright.faces.api.product_bodies import circle
from gatewright.operations.stamps import Stamp, stamps
from gatewright.web.context import Context
from gatewright.web.turns import Counted, turn_of

router = APIRouter(tags=["sky"])

_TAR = "application/x-tar"


@router.get(
    "/cutouts",
    operation_id="cutOutImages",
    summary="Cut-outs of a place in all its images",
    response_class=Response,
    responses={
        200: {
            "content": {_TAR: {"schema": {"type": "string", "format": "binary"}}},
            "description": "The cut-outs, and index.csv with their times and bands.",
        },
        404: {"description": "No image that you may see has the place."},
        413: {
            "description": "More than 200 images have it, or the archive is too large."
        },
        422: {"description": "No place is said."},
        429: {"description": "You have as many archives under way as allowed."},
    },
)
async def cut_outs(
    request: Request,
    context: Context,
    pos: Place = None,
    ra: Degrees = None,
    dec: Degrees = None,
    survey: SurveyNames = None,
    time: Time = None,
    band: Band = None,
    pixels: Annotated[
        int,
        Query(
            title="Pixels",
            description="Pixels on a side of each cut-out.",
            ge=1,
            le=256,
            examples=[63],
        ),
    ] = 63,
    form: Annotated[
        Literal["fits", "png"],
        Query(alias="format", title="Form", description="Form of each cut-out."),
    ] = "fits",
    stretch: StretchName = "asinh",
    limits: Percentiles = None,
) -> Response:
    """Send a tar archive of squares of one size, padded beyond each image.

    Their middle is that of the place, whatever its radius, so the stamps of all epochs
    align. ``index.csv`` comes first, in order of time, and says why where an image has
    none.
    """
    place = circle(place_text(context.services.sky.places, pos, ra, dec))
    if place is None:
        raise InvalidContent("Say which place: pos=CIRCLE ra dec radius, in degrees.")
    query = image_query(
        pos=(),
        time=time or (),
        band=band or (),
        survey=survey or (),
        kind="science",
        seeing=None,
        exposure=None,
    )
    asked = CutoutRequest(
        Circle(place.ra, place.dec, 0.0),
        format=CutoutFormat(form),
        stretch=stretch_of(stretch, limits),
        padded=True,
        pixels=pixels,
    )
    services = context.services
    with ExitStack() as held:
        held.enter_context(turn_of(request, services.cutouts))
        most = services.config.limits.cutouts_bytes
        found = await stamps(services.sky, context.caller, query, asked, most)
        packed = await asyncio.to_thread(archive, found, form)
        headers = {"Content-Disposition": 'attachment; filename="cutouts.tar"'}
        answer = Response(packed, media_type=_TAR, headers=headers)
        return Counted(answer, held.pop_all())


def archive(found: Sequence[Stamp], form: str) -> bytes:
    """Return cut-outs as a tar archive, with a table of what they are."""
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\r\n")
    rows.writerow(["file", "image", "survey", "band", "time", "time_assumed", "reason"])
    for one in found:
        image = one.image
        name = f"{image.id}.{form}" if one.data else ""
        time = "" if image.t_min is None else mjd_text(image.t_min)
        assumed = "true" if image.time_assumed else "false"
        rows.writerow(
            [name, image.id, image.survey, image.band or "", time, assumed, one.reason]
        )
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        files = [("index.csv", table.getvalue().encode())]
        files += [(f"{one.image.id}.{form}", one.data) for one in found if one.data]
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
