"""Versions of references: the coadds whose images the gateway chose by rule."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gatewright.core.caller import Caller
from gatewright.core.clock import timestamp
from gatewright.core.pages import Page, page_limit
from gatewright.domains.processing import Product
from gatewright.domains.sky import mjd_text
from gatewright.faces.api.image_parameters import SurveyNames
from gatewright.faces.api.product_answers import BASE, ProductLinks
from gatewright.web.context import Context
from gatewright.web.listing import Cursor, Limit, listing

router = APIRouter(tags=["sky"])


class ReferenceFrame(BaseModel):
    """An image of a reference."""

    image: str = Field(description="Id of the image.")
    seeing: float | None = Field(description="FWHM of its stars, arcsec, as measured.")
    relative_depth: float | None = Field(
        description="Its 5 sigma flux, divided by that of the deepest."
    )
    t_min: float | None = Field(description="Beginning of the exposure, MJD UTC.")
    t_max: float | None = Field(description="End of the exposure, MJD UTC.")


class ReferenceAnswer(BaseModel):
    """A version of a reference."""

    id: str = Field(
        description="Id of the coadd, which differences and candidates name."
    )
    survey: str = Field(description="Survey of its images.")
    band: str | None = Field(
        description="Band of its images; null for versions that did not tell it yet."
    )
    rule: dict[str, float] = Field(
        description="The numbers of the rule that chose its images."
    )
    asked_by: str | None = Field(
        description="Account whose difference needed it first; null for visitors."
    )
    created_at: str = Field(description="When it was made, RFC 3339.")
    ra: float = Field(description="Right ascension of its middle, ICRS degrees.")
    dec: float = Field(description="Declination of its middle, ICRS degrees.")
    radius: float = Field(description="Radius of the circle that holds it, degrees.")
    depth: float | None = Field(
        description="Flux of a point source at 5 sigma, in units of the first image."
    )
    seeing: float | None = Field(description="FWHM of its stars, arcsec.")
    started_at: str | None = Field(
        description="Beginning of the first exposure, RFC 3339."
    )
    ended_at: str | None = Field(description="End of the last exposure, RFC 3339.")
    time_assumed: bool | None = Field(
        description="Whether a time comes from the survey's table, not the header."
    )
    images: list[ReferenceFrame] = Field(description="Its images, the deepest first.")
    links: ProductLinks = Field(description="URLs of the coadd.")


class ReferenceList(BaseModel):
    """A page of versions of references."""

    references: list[ReferenceAnswer] = Field(description="Versions, newest first.")
    next: str | None = Field(description="Cursor of the next page, null on the last.")


@router.get(
    "/references",
    operation_id="listReferences",
    response_model=ReferenceList,
    summary="Versions of references",
)
async def list_references(
    request: Request,
    context: Context,
    survey: SurveyNames = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """List the references that the gateway chose, with their images and the rule.

    A difference and its candidates tell by “reference” which version they were found
    by. The same images and rule are the same version.
    """
    found = await context.services.images.processing.references(
        context.caller, survey or (), page_limit(limit), cursor
    )
    prefix = context.services.config.prefix
    answers = [reference_answer(one, context.caller, prefix) for one in found.items]
    return listing(request, "references", Page(answers, found.next))


def reference_answer(
    product: Product, caller: Caller, prefix: str
) -> dict[str, object]:
    """Return a version of a reference as JSON values."""
    report: dict[str, Any] = dict(product.report)
    request: dict[str, Any] = dict(product.request)
    choice = report.get("choice", {})
    images = choice.get("frames") or [
        {"image": name, **dict.fromkeys(("seeing", "relative_depth", "t_min", "t_max"))}
        for name in request.get("images", ())
    ]
    starts = [one["t_min"] for one in images if one["t_min"] is not None]
    ends = [one["t_max"] for one in images if one["t_max"] is not None]
    place = f"{prefix}{BASE}/coadds/{quote(product.id)}"
    return {
        "id": product.id,
        "survey": product.reference_of,
        "band": choice.get("band"),
        "rule": request.get("rule", {}),
        "asked_by": product.owner if caller.signed_in else None,
        "created_at": timestamp(product.created_at),
        **{name: report.get(name) for name in ("ra", "dec", "radius", "depth")},
        "seeing": report.get("psf", {}).get("seeing"),
        "started_at": mjd_text(min(starts)) if starts else None,
        "ended_at": mjd_text(max(ends)) if ends else None,
        "time_assumed": choice.get("time_assumed"),
        "images": images,
        "links": {"self": place, "image": f"{place}/image"},
    }
