"""Pictures in colour: three images of one place on one grid."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from gatewright.core.errors import InvalidContent
from gatewright.domains.sky import (
    Circle,
    ColourRequest,
    Colours,
    CutoutFormat,
    Limits,
    parse_region,
)
from gatewright.faces.api.image_content import content_response
from gatewright.faces.api.image_parameters import (
    Degrees,
    Marks,
    Percentiles,
    Place,
    SurveyNames,
    Time,
)
from gatewright.faces.api.image_query import image_query, place_text, stretch_of
from gatewright.faces.api.images import cutout_etag
from gatewright.operations.colour import colour_image
from gatewright.web.conditional import check_preconditions, not_modified
from gatewright.web.context import Context
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.json_model import BINARY

router = APIRouter(tags=["sky"])

Chosen = Annotated[
    str,
    Query(
        title="Image or band",
        description="Id of an image, or name of a band. Of a band the image is taken "
        "whose centre is nearest to the place, and of several the first in time; the "
        "PNG's text chunks “Red”, “Green” and “Blue” name the files.",
        max_length=2000,
    ),
]
Values = Annotated[
    str | None,
    EMPTY_IS_NONE,
    Query(
        title="Values",
        description="Three numbers for red, green and blue, in the units of the "
        "images. black: values that are drawn black; unit: differences from black that "
        "count as 1. By default both follow “limits”.",
        examples=["0 0 0"],
    ),
]
PictureForm = Annotated[
    Literal["png", "jpeg", "webp"],
    Query(
        alias="format",
        title="Form",
        description="png and webp keep every level; jpeg has small errors.",
    ),
]
Positive = Annotated[float, Field(gt=0, le=1e10, allow_inf_nan=False)]


@router.get(
    "/colour",
    operation_id="colourPicture",
    summary="Picture of a place in colour",
    response_class=Response,
    responses={
        200: {
            "content": {
                "image/png": {"schema": BINARY},
                "image/jpeg": {"schema": BINARY},
                "image/webp": {"schema": BINARY},
            },
            "description": "The picture.",
        },
        304: {"description": "The picture has not changed."},
        404: {"description": "No such image, or the place is outside of it."},
        413: {"description": "The place has too many pixels."},
        422: {"description": "No place is given, or a parameter is wrong."},
    },
)
async def colour_picture(
    request: Request,
    context: Context,
    red: Chosen,
    green: Chosen,
    blue: Chosen,
    pos: Place = None,
    ra: Degrees = None,
    dec: Degrees = None,
    radius: Degrees = None,
    survey: SurveyNames = None,
    time: Time = None,
    pixels: Annotated[
        int | None,
        Query(
            title="Pixels",
            description="Pixels on a side. By default as many as the finest of the "
            "images has there, at most 1024.",
            ge=1,
            le=1024,
            examples=[256],
        ),
    ] = None,
    limits: Percentiles = None,
    black: Values = None,
    unit: Values = None,
    stretch: Annotated[
        Positive,
        Query(
            title="Stretch",
            description="Intensity up to which brightness grows about linearly, where "
            "1 is the upper one of “limits”, or “unit”.",
        ),
    ] = 0.05,
    softening: Annotated[
        Positive,
        Query(
            title="Softening",
            description="Lupton's Q: how much less brightness grows above “stretch”.",
        ),
    ] = 8.0,
    form: PictureForm = "png",
    marks: Marks = False,
) -> Response:
    """Draw three images of a place as red, green and blue (Lupton et al. 2004).

    The images are resampled to one grid: the tangent plane at the place, north up and
    east left. A pixel that one of the images does not have is black.
    """
    text = place_text(context.services.images.sky.places, pos, ra, dec, radius)
    place = None if text is None else parse_region(text)
    if not isinstance(place, Circle) or place.radius == 0:
        raise InvalidContent(
            "Say which place, and how large: pos=CIRCLE ra dec radius, in degrees."
        )
    query = image_query(time=time, survey=survey)
    percentiles = stretch_of("asinh", limits)
    if percentiles.limits is not Limits.PERCENTILE:
        raise InvalidContent(
            "“limits” of a picture in colour are two percentiles; give values as "
            "“black” and “unit”."
        )
    asked = ColourRequest(
        place,
        pixels,
        Colours(
            percentiles.low,
            percentiles.high,
            three_numbers(black, "black"),
            three_numbers(unit, "unit", positive=True),
            stretch,
            softening,
        ),
        CutoutFormat(form),
        marks,
    )
    sky, caller = context.services.images.sky, context.caller
    one, two, three = await asyncio.gather(
        *(
            colour_image(sky, caller, chosen, query, place)
            for chosen in (red, green, blue)
        )
    )
    images = (one, two, three)
    named = " ".join(f"{image.identity} {image.hdu}" for image in images)
    etag = cutout_etag(named, 0, repr(asked))
    if check_preconditions(request, etag):
        return not_modified(etag)
    content = await sky.colour(caller, images, asked)
    return content_response(content, request, etag, inline=True)


def three_numbers(
    text: str | None, name: str, *, positive: bool = False
) -> tuple[float, float, float] | None:
    """Return the numbers for red, green and blue of a text, None for no text.

    Raises
    ------
    InvalidContent
        There are not three finite numbers, or one is not positive though it must.
    """
    if text is None:
        return None
    try:
        red, green, blue = (float(word) for word in text.replace(",", " ").split())
    except ValueError as error:
        raise InvalidContent(
            f"“{name}” takes three numbers, for red, green and blue."
        ) from error
    least = 0.0 if positive else -1e300
    if not all(least < number < 1e300 for number in (red, green, blue)):
        raise InvalidContent(
            f"“{name}” takes three {'positive ' * positive}numbers, not larger."
        )
    return red, green, blue
