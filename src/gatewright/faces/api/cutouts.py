"""Cut-outs of one place in all its images, in one answer."""

import asyncio
from contextlib import ExitStack
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from gatewright.core.errors import InvalidContent, InvalidRequest, NotFound
from gatewright.domains.sky import (
    Circle,
    CutoutFormat,
    CutoutRequest,
    Image,
    animated_png,
    mjd_text,
)
from gatewright.faces.api.cutout_files import LEFT_OUT, archive, left_out, one_file
from gatewright.faces.api.image_parameters import (
    CENTRE,
    Arcsec,
    Band,
    ColourMapName,
    Degrees,
    Marks,
    Percentiles,
    Place,
    StretchName,
    SurveyNames,
    Time,
    WithPartners,
)
from gatewright.faces.api.image_query import (
    check_one_size,
    image_query,
    place_text,
    refuse_looks,
    stretch_of,
)
from gatewright.faces.api.product_bodies import circle
from gatewright.operations.stamps import MOST_SIDE, StampsRequest, stamps
from gatewright.web.concurrency import Counted, slot_of
from gatewright.web.context import Context
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.json_model import BINARY

router = APIRouter(tags=["sky"])

_PIXELS = 63
_SECONDS = 0.5
_TAR, _FITS = "application/x-tar", "application/fits"
_APNG = "image/apng"


@router.get(
    "/cutouts",
    operation_id="cutOutImages",
    summary="Cut-outs of a place in all its images",
    response_class=Response,
    responses={
        200: {
            "content": {
                _TAR: {"schema": BINARY},
                _FITS: {"schema": BINARY},
                _APNG: {"schema": BINARY},
            },
            "description": "The cut-outs, and a table with their times and bands; or "
            "an animated picture.",
        },
        404: {"description": "No image that you may see has the place."},
        413: {
            "description": "More than 200 images have it, or the archive is too large."
        },
        422: {"description": "No place is given."},
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
        Annotated[int, Field(ge=1, le=MOST_SIDE)] | None,
        EMPTY_IS_NONE,
        Query(
            title="Pixels",
            description="Pixels on a side of each cut-out; 63, if no size is said. "
            f"{CENTRE}",
            examples=[63],
        ),
    ] = None,
    arcsec: Arcsec = None,
    form: Annotated[
        Literal["fits", "mef", "png", "apng"],
        Query(
            alias="format",
            title="Form",
            description="fits and png: an archive of such cut-outs; mef: one "
            "multi-extension FITS file with all of them; apng: one animated picture of "
            "all epochs.",
        ),
    ] = "fits",
    stretch: StretchName = None,
    limits: Percentiles = None,
    cmap: ColourMapName = None,
    marks: Marks = False,
    seconds: Annotated[
        Annotated[float, Field(ge=0.02, le=60)] | None,
        EMPTY_IS_NONE,
        Query(
            title="Seconds",
            description="How long each epoch is shown (apng); 0.5, if not said.",
            examples=[0.5],
        ),
    ] = None,
    radius: Degrees = None,
    partners: WithPartners = False,
) -> Response:
    """Send a tar archive of squares of one size, padded beyond each image.

    Their middle is that of the place, whatever its radius, so the stamps of all epochs
    align to a pixel. The size is given in pixels or in arcseconds; a side has at most
    256 pixels. ``index.csv`` comes first, in order of time, and says why where an
    image has none.

    With ``format=mef`` the cut-outs are extensions of one FITS file; EXTVER counts the
    images in order of time. Its last extension, INDEX, is the same table, with the
    EXTVER of each image, or 0 where there is none.

    With ``format=apng`` the answer is an animated PNG that blinks through the epochs in
    order of time, each with its date and band. They are resampled to the tangent plane
    at the place, north up and as wide as the circle, so that they align exactly.
    The text “Left out” of the PNG (an iTXt chunk) lists as JSON the images that cannot
    be shown, and why.

    The header Gatewright-Left-Out says how many images have no cut-out.
    """
    blink = form == "apng"
    if form in {"fits", "mef"}:
        refuse_looks(stretch=stretch, limits=limits, cmap=cmap, marks=marks)
    elif partners:
        raise InvalidContent("“partners” come with format=fits or mef.")
    if seconds is not None and not blink:
        raise InvalidRequest("“seconds” come with format=apng, which shows one by one.")
    place = circle(place_text(context.services.images.sky.places, pos, ra, dec, radius))
    if place is None:
        raise InvalidContent("Say which place: pos=CIRCLE ra dec radius, in degrees.")
    query = image_query(time=time, band=band, survey=survey)
    check_one_size(pixels, arcsec)
    radius = place.radius if blink else 0.0
    if blink and arcsec is not None:
        if radius:
            raise InvalidContent(
                "Say the size as “arcsec” or as a radius, not as both."
            )
        radius = arcsec / 7200.0
    cutout = CutoutRequest(
        Circle(place.ra, place.dec, radius),
        format=CutoutFormat.PNG if form in {"png", "apng"} else CutoutFormat.FITS,
        stretch=stretch_of(stretch, limits, cmap),
        padded=True,
        pixels=_PIXELS if pixels is None and arcsec is None else pixels,
        arcsec=arcsec,
        marks=marks,
        aligned=blink,
    )
    services = context.services
    with ExitStack() as held:
        held.enter_context(slot_of(request, services.cutouts))
        asked = StampsRequest(
            query,
            cutout,
            services.config.limits.cutouts_bytes,
            caption=date_and_band if blink else None,
            partners=partners,
            one_file=form == "mef",
        )
        found = await stamps(services.images.sky, context.caller, asked)
        if blink:
            pictures = [one.data for one in found if one.data]
            if not pictures:
                raise NotFound(f"No image can be shown: {found[0].reason}")
            text = {LEFT_OUT: left_out(found)}
            packed = await asyncio.to_thread(
                animated_png, pictures, seconds or _SECONDS, text
            )
            how, media_type = 'inline; filename="epochs.png"', _APNG
        elif form == "mef":
            packed = await asyncio.to_thread(one_file, found)
            how, media_type = 'attachment; filename="cutouts.fits"', _FITS
        else:
            packed = await asyncio.to_thread(archive, found, form)
            how, media_type = 'attachment; filename="cutouts.tar"', _TAR
        missing = len(found) - sum(bool(one.data) for one in found)
        headers = {"Content-Disposition": how, "Gatewright-Left-Out": str(missing)}
        answer = Response(packed, media_type=media_type, headers=headers)
        return Counted(answer, held.pop_all())


def date_and_band(image: Image) -> str:
    """Return the words on the picture of an epoch."""
    date = "no date" if image.t_min is None else mjd_text(image.t_min)[:10]
    assumed = "(assumed)" if image.time_assumed else ""
    return " ".join(filter(None, [date, assumed, image.band]))
