"""Coordinates and names as places on the sky: ``/place``."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from gatewright.core.caller import Scope
from gatewright.web.context import Context
from gatewright.web.listing import json_response

router = APIRouter(tags=["sky"])


class PlaceAnswer(BaseModel):
    """A direction, with a radius if one is known."""

    ra: float = Field(description="Right ascension, ICRS degrees.")
    dec: float = Field(description="Declination, ICRS degrees.")
    radius: float | None = Field(description="Radius in degrees; null without one.")
    pos: str = Field(description="The place as a region: “CIRCLE ra dec radius”.")


@router.get(
    "/place",
    operation_id="findPlace",
    response_model=PlaceAnswer,
    summary="Where a place is",
    responses={400: {"description": "The text is no place; the answer says why."}},
)
async def find_place(
    context: Context,
    name: Annotated[
        str,
        Query(
            title="Place",
            description="Coordinates (“ra,dec” or “ra,dec,radius” in ICRS degrees, "
            "21:12:26.0 -66:00:56, 21h12m26.0s -66d00m56s), or a name of the gateway's "
            "table of places, whose case and spaces do not count.",
            max_length=200,
            examples=["21:12:26.0 -66:00:56"],
        ),
    ],
) -> Response:
    """Return the place of coordinates, or of a name that the operator's table has."""
    context.caller.require(Scope.SKY_READ)
    place = context.services.images.sky.places.find(name)
    body = {"ra": place.ra, "dec": place.dec, "radius": place.radius}
    return json_response({**body, "pos": place.region})
